//! `fixtures/README.md`: what of the language the fixtures cover. Its statuses follow from the goldens.

use crate::fixture::Fixture;
use crate::place;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{fs, io};

/// The page.
pub fn page() -> PathBuf {
    place::fixtures().join("README.md")
}

/// The page as it should be: each row with the status of its fixtures, and a row for each fixture that has none.
///
/// # Errors
/// When the page cannot be read, or names a fixture that does not exist.
pub fn expected(fixtures: &[Fixture], refused: &str) -> io::Result<String> {
    let page = fs::read_to_string(page())?;
    let known: BTreeSet<&str> = fixtures.iter().map(|fixture| &*fixture.name).collect();
    let codes = codes(refused);
    let mut named = BTreeSet::new();
    let mut text = String::new();
    for line in page.lines() {
        match cells(line) {
            Some([point, of]) => {
                let of_names = names(of);
                if let Some(missing) = of_names.iter().find(|name| !known.contains(*name)) {
                    return Err(io::Error::other(format!(
                        "fixtures/README.md: there is no fixture `{missing}`"
                    )));
                }
                let status = status(&of_names, &codes);
                text.push_str(&format!("| {point} | {of} | {status} |\n"));
                named.extend(of_names.into_iter().map(str::to_owned));
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    for fixture in fixtures {
        if !named.contains(&fixture.name) {
            let point = first_comment(&fixture.text).replace('|', "\\|");
            let status = status(&[&fixture.name], &codes);
            text.push_str(&format!("| {point} | `{}` | {status} |\n", fixture.name));
        }
    }
    Ok(text)
}

/// The point and the fixtures of a row; none for what is no row, and for a row that says in words which fixtures it means.
fn cells(line: &str) -> Option<[&str; 2]> {
    let line = line.strip_prefix("| ")?.strip_suffix('|')?;
    let (rest, _status) = line.rsplit_once(" |")?;
    let (point, of) = rest.rsplit_once(" | ")?;
    of.starts_with('`').then_some([point, of])
}

/// The names in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// How many functions of each fixture are refused, by code.
fn codes(refused: &str) -> BTreeMap<&str, BTreeMap<&str, usize>> {
    let mut codes: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for line in refused.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let fixture = words.next().unwrap_or_default();
        let list = words.find(|word| word.starts_with("HR"));
        for code in list.unwrap_or_default().split(',') {
            *codes.entry(fixture).or_default().entry(code).or_default() += 1;
        }
    }
    codes
}

fn status(fixtures: &[&str], codes: &BTreeMap<&str, BTreeMap<&str, usize>>) -> String {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for (code, count) in fixtures.iter().filter_map(|name| codes.get(name)).flatten() {
        *all.entry(code).or_default() += count;
    }
    if all.is_empty() {
        return "lowered".to_owned();
    }
    let list: Vec<String> = all
        .iter()
        .map(|(code, count)| match count {
            1 => (*code).to_owned(),
            count => format!("{code} ({count})"),
        })
        .collect();
    format!("but for {}", list.join(", "))
}

/// What the head of a fixture says it is about.
fn first_comment(text: &str) -> &str {
    text.lines()
        .find_map(|line| line.strip_prefix("// "))
        .unwrap_or("?")
        .trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::{cells, codes, status};

    #[test]
    fn reads_rows() {
        assert_eq!(
            cells("| a \\| b | `x`, `y` | lowered |"),
            Some(["a \\| b", "`x`, `y`"])
        );
        assert_eq!(cells("| a | `x` | |"), Some(["a", "`x`"]));
        assert_eq!(cells("| a | every | |"), None);
        assert_eq!(cells("| --- | --- | --- |"), None);
    }

    #[test]
    fn says_what_is_refused() {
        let codes = codes("# head\nx f HR0012,HR0020 2021\nx g HR0012\n");
        assert_eq!(status(&["x"], &codes), "but for HR0012 (2), HR0020");
        assert_eq!(status(&["y"], &codes), "lowered");
    }
}
