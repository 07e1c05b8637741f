//! Which edition a source is written in: it decides when some temporaries drop, so it is never guessed silently.

use crate::failure::Failure;
use crate::input::Source;
use crate::manifest::Manifest;
use clap::ValueEnum;
use handroll_lowering::Edition;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The editions that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EditionArg {
    #[value(name = "2018")]
    E2018,
    #[value(name = "2021")]
    E2021,
    #[value(name = "2024")]
    E2024,
}

impl From<EditionArg> for Edition {
    fn from(edition: EditionArg) -> Edition {
        match edition {
            EditionArg::E2018 => Edition::E2018,
            EditionArg::E2021 => Edition::E2021,
            EditionArg::E2024 => Edition::E2024,
        }
    }
}

/// The edition's number.
pub(crate) fn number(edition: Edition) -> &'static str {
    match edition {
        Edition::E2018 => "2018",
        Edition::E2021 => "2021",
        Edition::E2024 => "2024",
    }
}

/// Finds editions, each manifest once; shared between threads.
#[derive(Debug)]
pub(crate) struct Editions {
    given: Option<Edition>,
    folders: Mutex<HashMap<PathBuf, Edition>>,
    notes: Mutex<HashSet<String>>,
}

impl Editions {
    /// With an edition from the command line, nothing is looked up.
    pub(crate) fn new(given: Option<EditionArg>) -> Editions {
        Editions {
            given: given.map(Edition::from),
            folders: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// The edition of a source: as given, or as the nearest Cargo.toml says, or the newest without one.
    pub(crate) fn of(&self, source: &Source) -> Result<Edition, Failure> {
        if let Some(edition) = self.given {
            return Ok(edition);
        }
        let folder = match source.path.as_deref().and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if let Some(edition) = self
            .folders
            .lock()
            .ok()
            .and_then(|known| known.get(folder).copied())
        {
            return Ok(edition);
        }
        let edition = self.look_up(folder)?;
        if let Ok(mut known) = self.folders.lock() {
            known.insert(folder.to_owned(), edition);
        }
        Ok(edition)
    }

    fn look_up(&self, folder: &Path) -> Result<Edition, Failure> {
        let Some(manifest) = Manifest::nearest(folder)? else {
            return Ok(Edition::default());
        };
        let (edition, note) = match manifest.edition()?.as_deref() {
            Some("2024") => return Ok(Edition::E2024),
            Some("2021") => return Ok(Edition::E2021),
            Some("2018") => return Ok(Edition::E2018),
            // A manifest of a workspace alone has no edition of its own, and no source of its own either.
            None if manifest.content.package.is_none() => return Ok(Edition::default()),
            Some("2015") => (Edition::E2018, "says edition 2015, which has no `async`: taken as 2018".to_owned()),
            None => (Edition::E2018, "names no edition, which cargo takes as 2015, where there is no `async`: taken as 2018".to_owned()),
            Some(other) => (Edition::E2024, format!("says edition {other}, which is not known here: taken as 2024")),
        };
        if let Ok(mut notes) = self.notes.lock() {
            notes.insert(format!(
                "`{}` {note}; pass `--edition` to say otherwise",
                manifest.path.display()
            ));
        }
        Ok(edition)
    }

    /// What the user should know about the editions found, in a stable order.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self
            .notes
            .lock()
            .map(|mut notes| notes.drain().collect())
            .unwrap_or_default();
        notes.sort();
        notes
    }
}
