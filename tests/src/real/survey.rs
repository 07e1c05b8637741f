//! Lowers every file of a crate, in memory, and counts.

use super::fetch::{Source, rust_files};
use handroll_lowering::{
    Code, Edition, LoweredFile, MacroRules, Options, PackageTypes, lower_file, macro_rules,
};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// A file of a crate, lowered.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path below the package's folder.
    pub path: PathBuf,
    /// The text as it was.
    pub source: String,
    /// What became of it.
    pub lowered: LoweredFile,
}

/// What came of a crate.
#[derive(Debug, Default)]
pub struct Survey {
    /// The files that are Rust.
    pub files: Vec<File>,
    /// Files that syn does not parse either: test data, templates.
    pub not_rust: usize,
    /// Panics, internal errors, output that does not parse: each is a defect.
    pub defects: Vec<String>,
}

/// What the library writes in place of an item that it could not print.
const NOT_RUST: &str = "handroll wrote something that is not Rust";

/// Lowers one text; the message of a panic if there was one.
fn lower(
    source: &str,
    edition: Edition,
    macros: Vec<MacroRules>,
    types: Option<Arc<PackageTypes>>,
) -> Result<Option<LoweredFile>, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.macros = macros;
    options.types = types;
    match catch_unwind(AssertUnwindSafe(|| lower_file(source, &options))) {
        Ok(outcome) => Ok(outcome.ok()),
        Err(payload) => Err(payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a message")
            .to_owned()),
    }
}

/// Lowers all `.rs` files of a package, or those of one folder of it.
///
/// # Errors
/// When a file cannot be read.
pub fn survey(source: &Source, below: &str) -> io::Result<Survey> {
    let mut survey = Survey::default();
    let defined = definitions(source)?;
    let types = types(source)?;
    for path in rust_files(&source.folder.join(below))? {
        let Ok(text) = String::from_utf8(fs::read(&path)?) else {
            survey.not_rust += 1;
            continue;
        };
        let path = path
            .strip_prefix(&source.folder)
            .unwrap_or(&path)
            .to_owned();
        let others = defined
            .iter()
            .filter(|(other, _)| *other != path && top(other) == top(&path));
        let macros = others.flat_map(|(_, macros)| macros.iter().cloned());
        let types = top(&path).and_then(|top| types.get(top.as_os_str()).cloned());
        match lower(&text, source.edition, macros.collect(), types) {
            Ok(Some(lowered)) => survey.take(path, text, lowered),
            Ok(None) if syn::parse_file(&text).is_err() => survey.not_rust += 1,
            Ok(None) => survey.defect(&path, "refused as a whole, though syn parses it"),
            Err(panic) => survey.defect(&path, &format!("panicked: {panic}")),
        }
    }
    Ok(survey)
}

/// The macros of each file of a package.
fn definitions(source: &Source) -> io::Result<Vec<(PathBuf, Vec<MacroRules>)>> {
    let mut found = Vec::new();
    for path in rust_files(&source.folder)? {
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let path = path.strip_prefix(&source.folder).unwrap_or(&path);
        let macros = catch_unwind(|| macro_rules(&text)).unwrap_or_default();
        if !macros.is_empty() {
            found.push((path.to_owned(), macros));
        }
    }
    Ok(found)
}

/// What the files of each folder of a package say about its types.
fn types(source: &Source) -> io::Result<HashMap<OsString, Arc<PackageTypes>>> {
    let mut found: HashMap<OsString, PackageTypes> = HashMap::new();
    for path in rust_files(&source.folder)? {
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let path = path.strip_prefix(&source.folder).unwrap_or(&path);
        if let Some(top) = top(path) {
            let types = found.entry(top.as_os_str().to_owned()).or_default();
            let _ = catch_unwind(AssertUnwindSafe(|| types.add(&text)));
        }
    }
    let shared = found.into_iter();
    Ok(shared.map(|(top, types)| (top, Arc::new(types))).collect())
}

/// The folder of a package that a file is in: `src`, `tests`.
fn top(path: &Path) -> Option<std::path::Component<'_>> {
    path.components().next()
}

impl Survey {
    fn defect(&mut self, path: &Path, what: &str) {
        self.defects.push(format!("{}: {what}", path.display()));
    }

    fn take(&mut self, path: PathBuf, source: String, lowered: LoweredFile) {
        if let Err(error) = syn::parse_file(&lowered.text) {
            let line = error.span().start().line;
            self.defect(
                &path,
                &format!("the output does not parse, line {line}: {error}"),
            );
        }
        for function in &lowered.functions {
            let diagnostics = match &function.outcome {
                Ok(lowered) if lowered.text.contains(NOT_RUST) => {
                    self.defect(&path, &format!("`{}`: {NOT_RUST}", function.path));
                    continue;
                }
                Ok(_) => continue,
                Err(diagnostics) => diagnostics,
            };
            if diagnostics.is_empty() {
                self.defect(
                    &path,
                    &format!("`{}` is refused without a reason", function.path),
                );
            }
            for diagnostic in diagnostics.iter().filter(|d| d.code == Code::Internal) {
                self.defect(
                    &path,
                    &format!(
                        "`{}`, line {}: {}",
                        function.path,
                        diagnostic.line(),
                        diagnostic.message
                    ),
                );
            }
        }
        self.files.push(File {
            path,
            source,
            lowered,
        });
    }

    /// Adds the reasons of the crate's refusals.
    pub fn reasons(&self, source: &Source, reasons: &mut Reasons) {
        for file in &self.files {
            for function in &file.lowered.functions {
                let Err(diagnostics) = &function.outcome else {
                    continue;
                };
                let mut first: BTreeMap<(Code, String), usize> = BTreeMap::new();
                for diagnostic in diagnostics {
                    first
                        .entry((diagnostic.code, nameless(&diagnostic.message)))
                        .or_insert(diagnostic.line());
                }
                let alone = first.len() == 1;
                for (key, line) in first {
                    let place = Place {
                        package: source.entry.name,
                        file: file.path.clone(),
                        line,
                        alone,
                    };
                    reasons.entry(key).or_default().push(place);
                }
            }
        }
    }

    /// The counts.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally {
            files: self.files.len(),
            not_rust: self.not_rust,
            lines: self
                .files
                .iter()
                .map(|file| file.source.lines().count())
                .sum(),
            ..Tally::default()
        };
        let functions = self.files.iter().flat_map(|file| &file.lowered.functions);
        for function in functions {
            tally.seen += 1;
            tally.awaits += function.awaits;
            match &function.outcome {
                Ok(_) => tally.lowered += 1,
                Err(diagnostics) => {
                    // A function counts once for each of its codes.
                    let mut codes: Vec<_> = diagnostics.iter().map(|d| d.code).collect();
                    codes.sort_unstable();
                    codes.dedup();
                    codes
                        .into_iter()
                        .for_each(|code| *tally.refused.entry(code).or_default() += 1);
                }
            }
        }
        tally
    }
}

/// The places of refused functions, by code and message without the names in it. A function counts once for each message.
pub type Reasons = BTreeMap<(Code, String), Vec<Place>>;

/// Where a function is refused.
#[derive(Clone, Debug)]
pub struct Place {
    /// The crate.
    pub package: &'static str,
    /// The file below the package's folder.
    pub file: PathBuf,
    /// The first line that the message is about.
    pub line: usize,
    /// Whether it is the function's only message.
    pub alone: bool,
}

/// A message with `_` for the names of variables; those of macros and attributes stay.
fn nameless(message: &str) -> String {
    let piece = |(i, piece): (usize, &str)| {
        let name = i % 2 == 1 && piece.chars().all(|c| c.is_alphanumeric() || c == '_');
        if name {
            "_".to_owned()
        } else {
            piece.to_owned()
        }
    };
    let pieces: Vec<String> = message.split('`').enumerate().map(piece).collect();
    pieces.join("`")
}

/// Counts over files.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Files that are Rust.
    pub files: usize,
    /// Files that are not.
    pub not_rust: usize,
    /// Lines of the former.
    pub lines: usize,
    /// Async functions.
    pub seen: usize,
    /// Their awaits.
    pub awaits: usize,
    /// How many of them were lowered.
    pub lowered: usize,
    /// Refused functions by code; one that is refused for two reasons is in both.
    pub refused: BTreeMap<Code, usize>,
}

impl Tally {
    /// Adds another crate's counts.
    pub fn add(&mut self, other: &Tally) {
        self.files += other.files;
        self.not_rust += other.not_rust;
        self.lines += other.lines;
        self.seen += other.seen;
        self.awaits += other.awaits;
        self.lowered += other.lowered;
        for (&code, count) in &other.refused {
            *self.refused.entry(code).or_default() += count;
        }
    }
}
