//! Everything that is shown or written.

pub(crate) mod atomic;
pub(crate) mod diff;
pub(crate) mod dot;
pub(crate) mod drawing;
pub(crate) mod highlight;
pub(crate) mod json;
pub(crate) mod mermaid;
pub(crate) mod style;
pub(crate) mod table;

use crate::failure::Failure;
use crate::input;
use clap::ValueEnum;
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::io::{self, IsTerminal, Write};
use style::Style;

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On terminals, unless `NO_COLOR` is set; also elsewhere when `CLICOLOR_FORCE` is
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The width of a report that does not go to a terminal.
const PLAIN_WIDTH: usize = 120;

/// The two streams, and how each wants its text.
#[derive(Debug)]
pub(crate) struct Console {
    out: Style,
    err: Style,
    /// The reader of the standard output went away (`| head`): there is nobody to print for.
    closed: bool,
    /// Whether the terminal shows more than ASCII.
    unicode: bool,
}

impl Console {
    pub(crate) fn new(color: ColorWhen) -> Console {
        let style =
            |is_terminal: bool, size: Option<(terminal_size::Width, terminal_size::Height)>| {
                Style {
                    color: wants_color(color, is_terminal, |name| std::env::var(name).ok()),
                    width: size
                        .filter(|_| is_terminal)
                        .map(|(width, _)| usize::from(width.0)),
                }
            };
        Console {
            out: style(
                io::stdout().is_terminal(),
                terminal_size::terminal_size_of(io::stdout()),
            ),
            err: style(
                io::stderr().is_terminal(),
                terminal_size::terminal_size_of(io::stderr()),
            ),
            closed: false,
            unicode: is_unicode(|name| std::env::var(name).ok()),
        }
    }

    /// How the standard output wants its text.
    pub(crate) fn style(&self) -> Style {
        self.out
    }

    /// Whether standard output and standard error are colored.
    pub(crate) fn is_colored(&self) -> (bool, bool) {
        (self.out.color, self.err.color)
    }

    /// Prints to the standard output. A closed pipe is no failure: the reader has seen enough.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::unusable(format!(
                "cannot write to the standard output: {}",
                input::reason(&error)
            ))
            .help("check where it is redirected to, and that the disk is not full")),
            Ok(()) => Ok(()),
        }
    }

    /// Prints a failure to the standard error: with color and lines on a terminal, in plain ASCII elsewhere.
    pub(crate) fn report(&mut self, failure: &Failure) {
        let mut text = String::new();
        let theme = match (self.err.color, self.err.width) {
            (true, _) if self.unicode => GraphicalTheme::unicode(),
            (true, _) => GraphicalTheme::ascii(),
            (false, Some(_)) if self.unicode => GraphicalTheme::unicode_nocolor(),
            (false, _) => GraphicalTheme::none(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_links(false)
            .with_wrap_lines(self.err.width.is_some())
            .with_width(self.err.width.unwrap_or(PLAIN_WIDTH));
        if handler.render_report(&mut text, failure).is_err() {
            text = format!("error: {failure}\n");
        }
        self.tell(&text);
    }

    /// Prints a remark to the standard error.
    pub(crate) fn note(&mut self, text: &str) {
        let mark = self.err.paint(style::NOTE, "note");
        self.tell(&format!("{mark}: {text}\n"));
    }

    /// Prints remarks to the standard error.
    pub(crate) fn notes(&mut self, notes: Vec<String>) {
        for note in notes {
            self.note(&note);
        }
    }

    fn tell(&mut self, text: &str) {
        // When the standard error is gone there is nowhere left to say so; the exit status still tells.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// The command line first, then <https://no-color.org>, then <https://bixense.com/clicolors>, then the stream.
fn wants_color(
    when: ColorWhen,
    is_terminal: bool,
    variable: impl Fn(&str) -> Option<String>,
) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let on = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if on("CLICOLOR_FORCE") => true,
        ColorWhen::Auto if variable("CLICOLOR").as_deref() == Some("0") => false,
        ColorWhen::Auto => is_terminal && variable("TERM").as_deref() != Some("dumb"),
    }
}

/// Whether the locale is UTF-8, as far as the environment tells.
fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    locale.is_some_and(|locale| locale.to_lowercase().replace('-', "").contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_follows_flag_then_environment_then_terminal() {
        let color = |when, terminal, variables: &[(&str, &str)]| {
            wants_color(when, terminal, |name| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(color(ColorWhen::Auto, true, &[]));
        assert!(!color(ColorWhen::Auto, false, &[]));
        assert!(!color(ColorWhen::Auto, true, &[("TERM", "dumb")]));
        assert!(!color(
            ColorWhen::Auto,
            true,
            &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]
        ));
        assert!(color(ColorWhen::Auto, true, &[("NO_COLOR", "")]));
        assert!(color(ColorWhen::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!color(ColorWhen::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(color(ColorWhen::Always, false, &[("NO_COLOR", "1")]));
        assert!(!color(ColorWhen::Never, true, &[("CLICOLOR_FORCE", "1")]));
    }

    #[test]
    fn the_first_locale_that_is_set_tells_about_unicode() {
        let unicode = |variables: &[(&str, &str)]| {
            is_unicode(|name| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(unicode(&[("LANG", "en_GB.UTF-8")]));
        assert!(unicode(&[("LC_ALL", ""), ("LANG", "C.utf8")]));
        assert!(!unicode(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(!unicode(&[]));
    }
}
