//! Builds a crate from its lowered text, and leaves out functions until it compiles.

use super::compose::{Composed, compose};
use super::fetch::Source;
use super::messages::{self, Message};
use super::package::Package;
use super::survey::{File, survey};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

/// A function: the index of its file, and its own in there.
pub type Id = (usize, usize);

/// What came of a crate.
#[derive(Debug)]
pub struct Checked {
    /// The copy of the crate, with all functions lowered that compile so.
    pub package: Package,
    /// The files of `src/`.
    pub files: Vec<File>,
    /// How many functions of them were lowered.
    pub lowered: usize,
    /// The functions whose lowering does not compile, with what rustc says about each.
    pub failures: BTreeMap<Id, Failure>,
    /// Warnings about lowered functions when all the others compiled.
    pub warnings: Vec<(Id, Message)>,
    /// Warnings about other places that the crate as published does not have.
    pub elsewhere: Vec<Message>,
    /// Errors that no lowered function could be blamed for. The crate compiles if there are none.
    pub unblamed: Vec<Message>,
    /// How often it was compiled.
    pub rounds: usize,
}

/// Why a function was left out.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The errors, of the round in which it was left out.
    pub errors: Vec<Message>,
    /// What leads from the error to this function.
    pub blame: Blame,
}

/// What leads from an error to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// The error is inside of it.
    Inside,
    /// A label or note of an error elsewhere points into it.
    Note,
    /// An error elsewhere names it, or calls it.
    Named,
    /// An error elsewhere is gone without it.
    Tried,
}

/// More rounds than this, and something is wrong with the blame.
const MOST_ROUNDS: usize = 40;

/// Compiles a crate with all its lowered functions, then without those that rustc's errors are about, and so on.
///
/// # Errors
/// When the crate does not even compile as published, or files cannot be written.
pub fn check(source: &Source, mut tell: impl FnMut(&str)) -> io::Result<Checked> {
    let files = survey(source, "src")?.files;
    let package = Package::copy(source)?;
    let folder = package.folder.display().to_string();
    tell("as published");
    let published = messages::read(&package.check()?, &folder);
    let known: BTreeSet<String> = published.iter().map(Message::says).collect();
    if let Some(error) = published.into_iter().find(|message| message.error) {
        return Err(io::Error::other(format!(
            "{} does not compile as published:\n{}",
            source.entry.name, error.rendered
        )));
    }
    let mut checked = Checked {
        lowered: files
            .iter()
            .flat_map(|file| &file.lowered.functions)
            .filter(|function| function.outcome.is_ok())
            .count(),
        package,
        files,
        failures: BTreeMap::new(),
        warnings: Vec::new(),
        elsewhere: Vec::new(),
        unblamed: Vec::new(),
        rounds: 0,
    };
    while checked.rounds < MOST_ROUNDS {
        checked.rounds += 1;
        let composed = checked.compose();
        for (file, composed) in checked.files.iter().zip(&composed) {
            checked.package.write(&file.path, &composed.text)?;
        }
        let said = messages::read(&checked.package.check()?, &folder);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            said.into_iter().partition(|message| message.error);
        tell(&format!(
            "round {}: {} errors, {} functions left out so far",
            checked.rounds,
            errors.len(),
            checked.failures.len()
        ));
        if errors.is_empty() {
            for warning in warnings {
                let inside = checked.blame(&composed, &warning);
                match inside.filter(|(_, blame)| *blame != Blame::Named) {
                    Some((id, _)) => checked.warnings.push((id, warning)),
                    None if known.contains(&warning.says()) => {}
                    None => checked.elsewhere.push(warning),
                }
            }
            checked.unblamed.clear();
            break;
        }
        if !checked.leave_out(&composed, errors) && !checked.leave_out_by_trial(&folder)? {
            break;
        }
    }
    Ok(checked)
}

impl Checked {
    /// Puts the functions that compile into their lowered form, or all as they were.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, lowered: bool) -> io::Result<()> {
        for (file, composed) in self.files.iter().zip(self.compose()) {
            let text = if lowered {
                &composed.text
            } else {
                &file.source
            };
            self.package.write(&file.path, text)?;
        }
        Ok(())
    }

    fn compose(&self) -> Vec<Composed> {
        self.compose_without(&[])
    }

    fn compose_without(&self, out: &[Id]) -> Vec<Composed> {
        let keep = |at: usize| {
            move |index: usize| {
                !self.failures.contains_key(&(at, index)) && !out.contains(&(at, index))
            }
        };
        self.files
            .iter()
            .enumerate()
            .map(|(at, file)| compose(file, keep(at)))
            .collect()
    }

    /// Takes note of the errors; whether that leaves out any function more.
    fn leave_out(&mut self, composed: &[Composed], errors: Vec<Message>) -> bool {
        let mut found: BTreeMap<Id, Failure> = BTreeMap::new();
        self.unblamed.clear();
        for error in errors {
            match self.blame(composed, &error) {
                Some((id, blame)) => {
                    let failure = found.entry(id).or_insert(Failure {
                        errors: Vec::new(),
                        blame,
                    });
                    failure.blame = failure.blame.min(blame);
                    failure.errors.push(error);
                }
                None => self.unblamed.push(error),
            }
        }
        // An error inside of a function may be the cause of one elsewhere: those first.
        if found.values().any(|failure| failure.blame == Blame::Inside) {
            found.retain(|_, failure| failure.blame == Blame::Inside);
        }
        let any = !found.is_empty();
        self.failures.extend(found);
        any
    }

    /// Finds one function without which the crate compiles, if those before it are left out as well: a culprit. By halving.
    fn leave_out_by_trial(&mut self, folder: &str) -> io::Result<bool> {
        let all: Vec<Id> = self.ids(&self.compose()).collect();
        // Leaving out the first `fails` is not enough, leaving out the first `works` is.
        let (mut fails, mut works) = (0, all.len());
        while works - fails > 1 {
            let middle = usize::midpoint(fails, works);
            let composed = self.compose_without(&all[..middle]);
            for (file, composed) in self.files.iter().zip(&composed) {
                self.package.write(&file.path, &composed.text)?;
            }
            let said = messages::read(&self.package.check()?, folder);
            if said.iter().any(|message| message.error) {
                fails = middle;
            } else {
                works = middle;
            }
        }
        let Some(&culprit) = all.get(fails) else {
            return Ok(false);
        };
        let failure = Failure {
            errors: self.unblamed.clone(),
            blame: Blame::Tried,
        };
        self.failures.insert(culprit, failure);
        Ok(true)
    }

    /// The function that a message is about.
    fn blame(&self, composed: &[Composed], message: &Message) -> Option<(Id, Blame)> {
        for place in &message.places {
            if let Some(id) = self.at(composed, &place.file, &place.bytes) {
                let blame = if place.rank == 0 {
                    Blame::Inside
                } else {
                    Blame::Note
                };
                return Some((id, blame));
            }
        }
        let names = self.named(composed, message);
        self.ids(composed)
            .find(|&(at, index)| {
                let path = &self.files[at].lowered.functions[index].path;
                names.contains(path.rsplit("::").next().unwrap_or(path))
            })
            .map(|id| (id, Blame::Named))
    }

    fn at(
        &self,
        composed: &[Composed],
        file: &PathBuf,
        bytes: &std::ops::Range<usize>,
    ) -> Option<Id> {
        let at = self.files.iter().position(|known| known.path == *file)?;
        Some((at, composed[at].function_at(bytes)?))
    }

    fn ids(&self, composed: &[Composed]) -> impl Iterator<Item = Id> {
        let spots = |(at, composed): (usize, &Composed)| -> Vec<Id> {
            composed
                .spots
                .iter()
                .map(|&(_, index)| (at, index))
                .collect()
        };
        composed
            .iter()
            .enumerate()
            .flat_map(spots)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Identifiers that the message has, or the source it points at.
    fn named(&self, composed: &[Composed], message: &Message) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut add = |text: &str| {
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            names.extend(words.map(str::to_owned));
        };
        add(&message.text);
        for place in &message.places {
            let known = self.files.iter().position(|file| file.path == place.file);
            if let Some(text) = known.and_then(|at| composed[at].text.get(place.bytes.clone())) {
                add(text);
            }
        }
        names
    }
}
