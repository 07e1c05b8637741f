//! Color, by the sixteen names that every terminal theme defines.

use std::borrow::Cow;

/// The codes of a color or weight.
pub(crate) type Paint = &'static str;

pub(crate) const KEYWORD: Paint = "35";
pub(crate) const TYPE: Paint = "36";
pub(crate) const TEXT: Paint = "32";
pub(crate) const NUMBER: Paint = "33";
pub(crate) const CALL: Paint = "34";
pub(crate) const MACRO: Paint = "33";
pub(crate) const LIFETIME: Paint = "33";
pub(crate) const COMMENT: Paint = "2";
pub(crate) const HEAD: Paint = "1";
pub(crate) const GOOD: Paint = "32";
pub(crate) const BAD: Paint = "31";
pub(crate) const NOTE: Paint = "36";

/// How a stream wants its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) color: bool,
    /// The width of the terminal; none when it is not one.
    pub(crate) width: Option<usize>,
}

impl Style {
    /// Plain text for a pipe.
    #[cfg(test)]
    pub(crate) const PLAIN: Style = Style {
        color: false,
        width: None,
    };

    /// The text in a color, if colors are wanted. Each line by itself, so that pagers which cut at lines keep them apart.
    pub(crate) fn paint<'a>(self, paint: Paint, text: &'a str) -> Cow<'a, str> {
        if !self.color || text.is_empty() {
            return text.into();
        }
        let lines: Vec<String> = text
            .split('\n')
            .map(|line| {
                if line.is_empty() {
                    String::new()
                } else {
                    format!("\x1b[{paint}m{line}\x1b[0m")
                }
            })
            .collect();
        lines.join("\n").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_each_line() {
        let style = Style {
            color: true,
            width: None,
        };
        assert_eq!(
            style.paint(BAD, "a\n\nb"),
            "\x1b[31ma\x1b[0m\n\n\x1b[31mb\x1b[0m"
        );
        assert_eq!(Style::PLAIN.paint(BAD, "a"), "a");
    }
}
