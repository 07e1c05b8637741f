//! Tells what came of the crates.

use super::check::{Blame, Checked, Id};
use super::fetch::Source;
use super::messages::{Message, cause};
use super::survey::{Reasons, Tally};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One crate's counts, a line; then the refused by code.
pub fn tally(name: &str, tally: &Tally) -> String {
    let refused = tally.seen - tally.lowered;
    let mut text = format!(
        "{name}: {} files, {} lines; {} async functions with {} awaits: {} lowered, {refused} refused",
        tally.files, tally.lines, tally.seen, tally.awaits, tally.lowered,
    );
    if tally.not_rust > 0 {
        let _ = write!(text, "; {} files that are not Rust", tally.not_rust);
    }
    text.push('\n');
    for (code, count) in &tally.refused {
        let _ = writeln!(text, "  {count:5}  {} {}", code.id(), code.title());
    }
    text
}

/// The refusals by message, the most frequent first, each with its places.
pub fn reasons(reasons: &Reasons) -> String {
    let mut sorted: Vec<_> = reasons.iter().collect();
    sorted.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    let mut text = String::new();
    for ((code, message), places) in sorted {
        let alone = places.iter().filter(|place| place.alone).count();
        let _ = writeln!(
            text,
            "{:5} ({alone} alone)  {} {message}",
            places.len(),
            code.id()
        );
        for place in places {
            let mark = if place.alone { ' ' } else { '+' };
            let file = place.file.display();
            let _ = writeln!(text, "      {mark} {} {file}:{}", place.package, place.line);
        }
    }
    text
}

/// How many errors of one cause are shown in full.
const SHOWN: usize = 3;

/// One crate's functions that do not compile.
pub fn checked(source: &Source, checked: &Checked) -> String {
    let entry = source.entry;
    let mut text = format!(
        "{} {}: {} functions lowered, {} left out until it compiled ({} rounds of cargo check), {} warnings about lowered functions, {} elsewhere\n",
        entry.name,
        entry.version,
        checked.lowered,
        checked.failures.len(),
        checked.rounds,
        checked.warnings.len(),
        checked.elsewhere.len()
    );
    for message in &checked.elsewhere {
        let _ = writeln!(text, "{}", indent(&message.rendered));
    }
    if !checked.unblamed.is_empty() {
        let _ = writeln!(
            text,
            "IT DOES NOT COMPILE: {} errors that no lowered function could be blamed for",
            checked.unblamed.len()
        );
        for message in checked.unblamed.iter().take(SHOWN) {
            let _ = writeln!(text, "{}", indent(&message.rendered));
        }
    }
    let failures = checked
        .failures
        .iter()
        .map(|(&id, failure)| (id, &failure.errors[0], failure.blame));
    text.push_str(&groups(checked, failures));
    let warnings = checked
        .warnings
        .iter()
        .map(|(id, warning)| (*id, warning, Blame::Inside));
    text.push_str(&groups(checked, warnings));
    text
}

/// What is said about a function, and how it came to be the one.
type Finding<'a> = (Id, &'a Message, Blame);

/// Messages by cause, the commonest first.
fn groups<'a>(checked: &Checked, messages: impl Iterator<Item = Finding<'a>>) -> String {
    let mut groups: BTreeMap<(String, String), Vec<Finding<'_>>> = BTreeMap::new();
    for (id, message, blame) in messages {
        groups
            .entry((message.code.clone(), cause(&message.text)))
            .or_default()
            .push((id, message, blame));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    let mut text = String::new();
    for ((code, cause), mut list) in groups {
        // Short ones are the easiest to understand.
        list.sort_by_key(|(id, _, _)| span(checked, *id));
        let _ = writeln!(text, "\n== {} x {code}: {cause}", list.len());
        for (id, _, blame) in &list {
            let _ = writeln!(text, "  {}{}", locate(checked, *id), how(*blame));
        }
        for (id, message, _) in list.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "  -- {}\n{}",
                locate(checked, *id),
                indent(&message.rendered)
            );
        }
    }
    text
}

fn how(blame: Blame) -> &'static str {
    match blame {
        Blame::Inside => "",
        Blame::Note => "  (an error elsewhere points here)",
        Blame::Named => "  (an error elsewhere names it)",
        Blame::Tried => "  (an error elsewhere is gone without it)",
    }
}

fn locate(checked: &Checked, (at, index): Id) -> String {
    let file = &checked.files[at];
    let function = &file.lowered.functions[index];
    format!(
        "{}:{} {}",
        file.path.display(),
        function.lines.0,
        function.path
    )
}

/// How many lines a function has.
fn span(checked: &Checked, (at, index): Id) -> usize {
    let (first, last) = checked.files[at].lowered.functions[index].lines;
    last - first
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("     {line}\n")).collect()
}
