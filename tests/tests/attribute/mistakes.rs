//! A mistake in a lowered function is reported as the compiler reports it for the function without the attribute: once, at the
//! same tokens, in the same words. The programs are those of `macro-shim/tests/mistakes`, where the words themselves are reviewed.

use crate::compiler::{cases, messages};
use std::error::Error;

/// The same text without the attribute; everything else stays where it is.
fn without(text: &str) -> String {
    let import = "use handroll_rt::lower;";
    let blank = |found: &str| " ".repeat(found.len());
    text.replace(import, &blank(import))
        .replace("#[lower]", &blank("#[lower]"))
        .replace("#[lower(nested)]", &blank("#[lower(nested)]"))
}

/// Nothing but the trait by which the future tells where it waits.
fn known(text: &str) -> String {
    without(text).replace(" + handroll_rt::Inspect", "")
}

fn trimmed(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn mistakes_are_reported_as_without_the_attribute() -> Result<(), Box<dyn Error>> {
    let lowered = cases()?;
    assert!(lowered.len() >= 12);
    let native = lowered
        .iter()
        .map(|(name, text)| (name.clone(), without(text)))
        .collect();
    let native = messages("attribute-native", &native)?;
    let lowered = messages("attribute-lowered", &lowered)?;
    let mut wrong = String::new();
    for (name, expected) in &native {
        assert!(!expected.is_empty(), "{name}: there is no mistake");
        let (expected, said) = (trimmed(expected), trimmed(&known(&lowered[name])));
        if expected != said {
            let diff = similar::TextDiff::from_lines(&expected, &said);
            wrong.push_str(&format!("{name}\n{}\n", diff.unified_diff()));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    Ok(())
}
