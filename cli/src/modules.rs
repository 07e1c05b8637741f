//! Finding a function by its module path inside a package: `cargo handroll show net::Echo::run`.
//!
//! From the crate roots that Cargo.toml names (or implies), every `mod` declaration is followed as rustc does it, all `cfg`s taken
//! for true: a function under a `cfg` of another platform can be shown as well.

use crate::failure::Failure;
use crate::manifest::{Content, Manifest};
use crate::outline::{self, Declaration};
use crate::select::{list, segments};
use crate::{input, nesting};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A function of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its path inside the crate.
    pub(crate) path: Vec<String>,
    pub(crate) file: PathBuf,
    /// The line of its name.
    pub(crate) line: usize,
}

/// The function that a path means in the package around the current folder.
pub(crate) fn find(wanted: &[String]) -> Result<Found, Failure> {
    let asked = wanted.join("::");
    let manifest = Manifest::nearest(Path::new("."))?.ok_or_else(|| {
        Failure::unusable(format!(
            "`{asked}` is no file, and there is no Cargo.toml here to look it up as an item"
        ))
        .help("name a file, as in `src/lib.rs::item`, or run this inside a package")
    })?;
    let roots = crate_roots(&manifest);
    if roots.is_empty() {
        let what = format!(
            "`{asked}` is no file, and `{}` has no crate root to look it up in",
            manifest.path.display()
        );
        return Err(Failure::unusable(what).help(
            "run this inside the package that holds the item, or name a file: `src/lib.rs::item`",
        ));
    }
    let functions = functions(&roots);
    let fitting = fitting(&functions, wanted, &names(&manifest.content));
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let last = wanted
                .last()
                .map(|last| last.to_lowercase())
                .unwrap_or_default();
            let mut near: Vec<&Found> = functions.iter().collect();
            near.sort_by_key(|found| !found.path.join("::").to_lowercase().contains(&last));
            let failure = Failure::unusable(format!(
                "no async function `{asked}` in the package of `{}`",
                manifest.path.display()
            ));
            Err(match near.is_empty() {
                true => failure.help("its modules hold no async function at all; name a file if it is not a module of the package"),
                false => failure.help(list("these are there:", &mut near.into_iter().map(describe))),
            })
        }
        several => Err(Failure::unusable(format!(
            "{} async functions fit `{asked}`, and one is needed",
            several.len()
        ))
        .help(list(
            "name one of them by its file:",
            &mut several.iter().copied().map(describe),
        ))),
    }
}

fn describe(found: &Found) -> String {
    format!(
        "{}  ({}:{})",
        found.path.join("::"),
        relative(&found.file).display(),
        found.line
    )
}

/// The path as seen from the current folder, where it is below it.
fn relative(path: &Path) -> &Path {
    let here = std::env::current_dir()
        .and_then(fs::canonicalize)
        .unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}

/// Those that fit, the whole path before its end; with or without `crate::` or the crate's name before it.
fn fitting<'a>(
    functions: &'a [Found],
    wanted: &[String],
    names: &HashSet<String>,
) -> Vec<&'a Found> {
    let joined = wanted.join("::");
    let plain = segments(&joined);
    let named = plain
        .first()
        .filter(|first| names.contains(**first))
        .map(|_| &plain[1..]);
    let fits = |exact: bool, wanted: &[&str]| -> Vec<&Found> {
        let fits = |found: &&Found| {
            let path: Vec<&str> = found.path.iter().map(String::as_str).collect();
            if exact {
                path == wanted
            } else {
                path.ends_with(wanted)
            }
        };
        functions.iter().filter(fits).collect()
    };
    let ways = [
        (true, Some(&plain[..])),
        (true, named),
        (false, Some(&plain[..])),
        (false, named),
    ];
    let mut found = ways.into_iter().filter_map(|(exact, wanted)| {
        Some(fits(exact, wanted.filter(|wanted| !wanted.is_empty())?))
    });
    found.find(|found| !found.is_empty()).unwrap_or_default()
}

/// The names that may stand for the crate at the head of a path.
fn names(content: &Content) -> HashSet<String> {
    let package = content
        .package
        .iter()
        .filter_map(|package| package.name.as_ref());
    let targets = content
        .lib
        .iter()
        .chain(&content.bin)
        .filter_map(|root| root.name.as_ref());
    package
        .chain(targets)
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// The root files of the package's crates: the library first.
fn crate_roots(manifest: &Manifest) -> Vec<PathBuf> {
    let content = &manifest.content;
    if content.package.is_none() {
        return Vec::new();
    }
    let lib = content
        .lib
        .as_ref()
        .and_then(|lib| lib.path.clone())
        .unwrap_or_else(|| "src/lib.rs".into());
    let bins = content.bin.iter().filter_map(|bin| bin.path.clone());
    let mut roots: Vec<PathBuf> = [lib]
        .into_iter()
        .chain(bins)
        .chain(["src/main.rs".into()])
        .collect();
    let mut found: Vec<PathBuf> = fs::read_dir(manifest.folder().join("src/bin"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    found.sort();
    roots.extend(found.into_iter().map(|path| {
        if path.is_dir() {
            path.join("main.rs")
        } else {
            path
        }
    }));
    let mut seen = HashSet::new();
    let roots = roots.into_iter().map(|root| manifest.folder().join(root));
    roots
        .filter(|root| {
            root.is_file()
                && root.extension().is_some_and(|e| e == "rs")
                && seen.insert(root.clone())
        })
        .collect()
}

/// The async functions of the crates, in the order of their modules. Files that cannot be read or parsed are passed over: they may
/// belong to a `cfg` that is never true.
fn functions(roots: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for root in roots {
        follow(
            &Module {
                file: root.clone(),
                path: Vec::new(),
                owns_folder: true,
            },
            &mut found,
            &mut seen,
        );
    }
    found
}

/// A file and the module it holds.
struct Module {
    file: PathBuf,
    path: Vec<String>,
    /// Whether its submodules stand beside it (a crate root, `mod.rs`, a `#[path]` file) or in a folder named after it.
    owns_folder: bool,
}

fn follow(module: &Module, found: &mut Vec<Found>, seen: &mut HashSet<(PathBuf, Vec<String>)>) {
    let file = module
        .file
        .canonicalize()
        .unwrap_or_else(|_| module.file.clone());
    // A file may be two modules, but a module that contains itself through `#[path]` would never end.
    let cyclic = module.path.len() > 64;
    if cyclic || !seen.insert((file.clone(), module.path.clone())) {
        return;
    }
    let Ok(source) = input::read(&file) else {
        return;
    };
    let Some(outline) = nesting::check(&source)
        .ok()
        .and_then(|()| outline::outline(&source.text))
    else {
        return;
    };
    for function in outline.functions {
        let inner = function.path.split("::").map(str::to_owned);
        found.push(Found {
            path: module.path.iter().cloned().chain(inner).collect(),
            file: file.clone(),
            line: function.line,
        });
    }
    for declaration in outline.modules {
        let inside = declaration.inside.iter().map(|inline| inline.name.clone());
        let path: Vec<String> = module
            .path
            .iter()
            .cloned()
            .chain(inside)
            .chain([declaration.name.clone()])
            .collect();
        for (file, owns_folder) in places(module, &declaration) {
            follow(
                &Module {
                    file,
                    path: path.clone(),
                    owns_folder,
                },
                found,
                seen,
            );
        }
    }
}

/// The existing files that a `mod name;` may mean.
///
/// `name.rs` or `name/mod.rs` in the folder of the module that declares it; `#[path]` is relative to the folder of the file, or, in
/// an inline module, to the folder which that module stands for.
fn places(module: &Module, declaration: &Declaration) -> Vec<(PathBuf, bool)> {
    let beside = module.file.parent().unwrap_or(Path::new("."));
    let own = match module.file.file_stem() {
        Some(stem) if !module.owns_folder => beside.join(stem),
        _ => beside.to_owned(),
    };
    let mut nested = own;
    for (depth, inline) in declaration.inside.iter().enumerate() {
        nested = match &inline.path {
            Some(path) if depth == 0 => beside.join(path),
            Some(path) => nested.join(path),
            None => nested.join(&inline.name),
        };
    }
    let explicit_base = if declaration.inside.is_empty() {
        beside
    } else {
        &nested
    };
    let explicit = declaration
        .paths
        .iter()
        .map(|path| (explicit_base.join(path), true));
    let usual = [
        (nested.join(format!("{}.rs", declaration.name)), false),
        (nested.join(&declaration.name).join("mod.rs"), true),
    ];
    explicit
        .chain(usual)
        .filter(|(file, _)| file.is_file())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Found {
        Found {
            path: path.split("::").map(str::to_owned).collect(),
            file: "src/lib.rs".into(),
            line: 1,
        }
    }

    fn fits(all: &[Found], wanted: &str) -> Vec<String> {
        let wanted: Vec<String> = wanted.split("::").map(str::to_owned).collect();
        fitting(all, &wanted, &HashSet::from(["demo".to_owned()]))
            .into_iter()
            .map(|found| found.path.join("::"))
            .collect()
    }

    #[test]
    fn the_whole_path_goes_before_its_end() {
        let all = [
            found("run"),
            found("net::run"),
            found("net::Echo::run"),
            found("other::Echo::run"),
        ];
        assert_eq!(fits(&all, "run"), ["run"]);
        assert_eq!(fits(&all, "crate::net::run"), ["net::run"]);
        assert_eq!(fits(&all, "demo::net::run"), ["net::run"]);
        assert_eq!(
            fits(&all, "Echo::run"),
            ["net::Echo::run", "other::Echo::run"]
        );
        assert_eq!(fits(&all, "demo"), [""; 0]);
        assert_eq!(fits(&all, "absent"), [""; 0]);
    }
}
