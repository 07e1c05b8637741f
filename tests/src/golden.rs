//! Goldens: the reviewed output of every fixture.
//!
//! `golden/NAME.rs` is the output for the newest edition of the fixture; `golden/NAME.2021.rs` exists only where that edition's
//! output is another. `golden/REFUSED.txt` lists the refused functions: fixture, function, codes, and the editions if not all.

use crate::fixture::{Fixture, year};
use crate::{lower, place};
use handroll_lowering::Edition;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::{fs, io};

/// File names in `golden/` and their texts.
pub type Goldens = BTreeMap<String, String>;

/// The list of the refused functions.
pub const REFUSED: &str = "REFUSED.txt";
const REFUSED_HEAD: &str = "\
# Functions of fixtures that handroll refuses, reviewed like goldens: fixture, function, codes; then the editions, if not all.
# A line less is progress; a line more wants a reason.
";

/// What the goldens should be, by lowering all fixtures now.
///
/// # Errors
/// A message, when a fixture is refused as a whole.
pub fn expected(fixtures: &[Fixture]) -> Result<Goldens, String> {
    let mut goldens = Goldens::new();
    let mut refused = REFUSED_HEAD.to_owned();
    let mut errors = String::new();
    for fixture in fixtures {
        match one(fixture) {
            Ok((texts, lines)) => {
                goldens.extend(texts);
                refused.push_str(&lines);
            }
            Err(error) => errors.push_str(&error),
        }
    }
    goldens.insert(REFUSED.to_owned(), refused);
    if errors.is_empty() {
        Ok(goldens)
    } else {
        Err(errors)
    }
}

/// The goldens of one fixture, and its lines in the list of the refused.
fn one(fixture: &Fixture) -> Result<(Goldens, String), String> {
    let mut goldens = Goldens::new();
    let mut refused: BTreeMap<(usize, String, String), Vec<Edition>> = BTreeMap::new();
    let newest = format!("{}.rs", fixture.name);
    for &edition in fixture.editions.iter().rev() {
        let lowered = lower::lower(fixture, edition)?;
        if goldens.get(&newest) != Some(&lowered.text) {
            let name = if goldens.is_empty() {
                newest.clone()
            } else {
                format!("{}.{}.rs", fixture.name, year(edition))
            };
            goldens.insert(name, lowered.text);
        }
        for function in lowered.functions {
            if let Err(diagnostics) = function.outcome {
                let mut codes: Vec<_> = diagnostics.iter().map(|d| d.code.id()).collect();
                codes.sort_unstable();
                codes.dedup();
                refused
                    .entry((function.lines.0, function.path, codes.join(",")))
                    .or_default()
                    .push(edition);
            }
        }
    }
    let mut lines = String::new();
    for ((_, path, codes), editions) in refused {
        let _ = write!(lines, "{} {path} {codes}", fixture.name);
        if editions.len() < fixture.editions.len() {
            editions
                .into_iter()
                .rev()
                .for_each(|edition| lines.extend([" ", year(edition)]));
        }
        lines.push('\n');
    }
    Ok((goldens, lines))
}

fn folder() -> PathBuf {
    place::fixtures().join("golden")
}

fn stored() -> io::Result<Goldens> {
    if !folder().exists() {
        return Ok(Goldens::new());
    }
    let files = fs::read_dir(folder())?.map(|entry| {
        let entry = entry?;
        Ok((
            entry.file_name().to_string_lossy().into_owned(),
            fs::read_to_string(entry.path())?,
        ))
    });
    files.collect()
}

/// Compares with the stored goldens; a unified diff of what is not equal.
///
/// # Errors
/// When a golden cannot be read.
pub fn compare(expected: &Goldens) -> io::Result<String> {
    let stored = stored()?;
    let mut diffs = String::new();
    let names: std::collections::BTreeSet<_> = stored.keys().chain(expected.keys()).collect();
    for name in names {
        let [old, new] = [&stored, expected].map(|goldens| goldens.get(name));
        if old != new {
            let [old, new] = [old, new].map(|text| text.map_or("", String::as_str));
            let diff = TextDiff::from_lines(old, new);
            let _ = write!(
                diffs,
                "{}",
                diff.unified_diff()
                    .context_radius(4)
                    .header(&format!("golden/{name}"), "lowered now")
            );
        }
    }
    Ok(diffs)
}

/// Makes `expected` the goldens; other files of the folder go.
///
/// # Errors
/// When a file cannot be written.
pub fn bless(expected: &Goldens) -> io::Result<()> {
    fs::create_dir_all(folder())?;
    let stored = stored()?;
    for name in stored.keys().filter(|name| !expected.contains_key(*name)) {
        fs::remove_file(folder().join(name))?;
    }
    for (name, text) in expected
        .iter()
        .filter(|&(name, text)| stored.get(name) != Some(text))
    {
        fs::write(folder().join(name), text)?;
    }
    Ok(())
}
