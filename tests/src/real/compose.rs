//! The text of a file in which some of its functions are lowered and the others are as they were.

use super::survey::File;
use std::ops::Range;

/// A composed text.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The text.
    pub text: String,
    /// Where the lowered functions stand in it, with their index in the file's list of functions.
    pub spots: Vec<(Range<usize>, usize)>,
}

/// Lowers the functions that `keep` says.
pub fn compose(file: &File, keep: impl Fn(usize) -> bool) -> Composed {
    let mut text = String::with_capacity(file.lowered.text.len());
    let mut spots = Vec::new();
    let mut copied = 0;
    for (index, function) in file.lowered.functions.iter().enumerate() {
        let Ok(lowered) = &function.outcome else {
            continue;
        };
        if !keep(index) {
            continue;
        }
        text.push_str(&file.source[copied..function.bytes.start]);
        let start = text.len();
        text.push_str(&lowered.text);
        spots.push((start..text.len(), index));
        copied = function.bytes.end;
    }
    text.push_str(&file.source[copied..]);
    Composed { text, spots }
}

impl Composed {
    /// The lowered function that bytes of the text belong to.
    pub fn function_at(&self, bytes: &Range<usize>) -> Option<usize> {
        let spot = self
            .spots
            .iter()
            .find(|(spot, _)| spot.start < bytes.end && bytes.start < spot.end)?;
        Some(spot.1)
    }
}

#[cfg(test)]
mod tests {
    use super::{File, compose};
    use handroll_lowering::{Options, lower_file};

    #[test]
    fn all_lowered_is_the_lowered_text_and_none_the_source() {
        let source = "/// Docs.\nasync fn a() {}\nfn b() {}\nasync fn c() { a().await }\n";
        let file = File {
            path: "lib.rs".into(),
            source: source.to_owned(),
            lowered: lower_file(source, &Options::default()).expect("it is Rust"),
        };
        assert_eq!(compose(&file, |_| true).text, file.lowered.text);
        assert_eq!(compose(&file, |_| false).text, source);
        let second = compose(&file, |index| index == 1);
        let (spot, index) = second.spots[0].clone();
        assert_eq!(index, 1);
        assert!(second.text[spot.clone()].contains("fn c("));
        assert_eq!(
            second.function_at(&(spot.start + 3..spot.start + 4)),
            Some(1)
        );
        assert_eq!(second.function_at(&(0..spot.start)), None);
    }
}
