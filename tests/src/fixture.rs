//! Fixtures and their headers.

use crate::place;
use handroll_lowering::Edition;
use std::path::Path;
use std::{fs, io};

/// A file of `fixtures/`.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The file's name without its extension.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// The editions it is for, oldest first.
    pub editions: Vec<Edition>,
    /// Its async blocks are lowered too: it has a line `// nested`.
    pub nested: bool,
}

/// All editions, oldest first.
pub const EDITIONS: [Edition; 3] = [Edition::E2018, Edition::E2021, Edition::E2024];

/// The edition's year, as cargo and rustc take it.
pub fn year(edition: Edition) -> &'static str {
    match edition {
        Edition::E2018 => "2018",
        Edition::E2021 => "2021",
        Edition::E2024 => "2024",
    }
}

/// The edition of a year.
pub fn edition(text: &str) -> Option<Edition> {
    EDITIONS.into_iter().find(|&edition| year(edition) == text)
}

const HEADER: &str = "// editions:";
const NESTED: &str = "// nested";

impl Fixture {
    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read, or its header names no edition.
    pub fn read(path: &Path) -> io::Result<Self> {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(path)?;
        let years = text
            .lines()
            .find_map(|line| line.strip_prefix(HEADER))
            .unwrap_or("2021 2024");
        let editions: Option<Vec<_>> = years.split_whitespace().map(edition).collect();
        let mut editions = editions
            .filter(|list| !list.is_empty())
            .ok_or_else(|| io::Error::other(format!("{name}: which edition is `{years}`?")))?;
        editions.sort_unstable();
        let nested = text.lines().any(|line| line == NESTED);
        Ok(Fixture {
            name,
            text,
            nested,
            editions,
        })
    }

    /// The newest edition it is for.
    pub fn newest(&self) -> Edition {
        self.editions.last().copied().unwrap_or_default()
    }
}

/// All fixtures, by name.
///
/// # Errors
/// When one cannot be read.
pub fn all() -> io::Result<Vec<Fixture>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place::fixtures())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(Fixture::read(&path)?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
