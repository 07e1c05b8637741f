//! `PATH[::ITEM][:LINE]`: which file, and which function in it.

use crate::failure::Failure;
use crate::input::STDIN;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What the user pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) query: Query,
}

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, or `-`.
    File(PathBuf),
    /// A path of modules in the package around the current folder: its segments.
    Package(Vec<String>),
}

/// Which functions of a file are meant; without either part, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// A full path or its last segments.
    pub(crate) item: Option<String>,
    /// A line of the function.
    pub(crate) line: Option<usize>,
}

impl Target {
    /// Reads an argument.
    pub(crate) fn parse(argument: &OsStr) -> Result<Target, Failure> {
        parse(argument, |path| path.exists(), Path::is_dir)
    }
}

impl Query {
    /// Reads `ITEM[:LINE]`, where the file is given elsewhere.
    pub(crate) fn parse(item: Option<&str>) -> Result<Query, Failure> {
        let Some(text) = item else {
            return Ok(Query::default());
        };
        let (item, line) = split_line(text)?;
        Ok(Query {
            item: Some(item.to_owned()),
            line,
        })
    }
}

/// An argument is a file first (its name may hold `::`), then a file with an item behind it, then a path of modules.
fn parse(
    argument: &OsStr,
    exists: impl Fn(&Path) -> bool,
    is_folder: impl Fn(&Path) -> bool,
) -> Result<Target, Failure> {
    let whole = Path::new(argument);
    let file = |path: &Path, query| {
        Ok(Target {
            place: Place::File(path.to_owned()),
            query,
        })
    };
    if argument == STDIN || exists(whole) {
        return file(whole, Query::default());
    }
    // Only text can have an item behind it.
    let Some(text) = argument.to_str() else {
        return file(whole, Query::default());
    };
    if text.starts_with('-') && !text.starts_with("-:") {
        return Err(
            Failure::unusable(format!("there is no option `{text}`")).help(format!(
                "`--help` lists the options; a file of that name is written `./{text}`"
            )),
        );
    }
    let (text, line) = split_line(text)?;
    for (at, _) in text.match_indices("::") {
        let (path, item) = (Path::new(&text[..at]), &text[at + 2..]);
        let is_file =
            path.as_os_str() == STDIN || is_rust(path) || (exists(path) && !is_folder(path));
        if is_file {
            let item = item.trim();
            let complete =
                !item.is_empty() && item.split("::").all(|segment| !segment.trim().is_empty());
            if !complete {
                return Err(
                    Failure::unusable(format!("`{text}` ends within the path of an item")).help(
                        format!(
                            "write the item behind the file: `{}::name` or `{}::Type::name`",
                            path.display(),
                            path.display()
                        ),
                    ),
                );
            }
            return file(
                path,
                Query {
                    item: Some(item.to_owned()),
                    line,
                },
            );
        }
    }
    let path = Path::new(text);
    let segments: Vec<String> = text
        .split("::")
        .map(|segment| segment.trim().to_owned())
        .collect();
    if path.as_os_str() == STDIN
        || is_rust(path)
        || exists(path)
        || !segments.iter().all(|segment| is_name(segment))
    {
        return file(path, Query { item: None, line });
    }
    Ok(Target {
        place: Place::Package(segments),
        query: Query { item: None, line },
    })
}

/// Splits a trailing `:LINE` off.
fn split_line(text: &str) -> Result<(&str, Option<usize>), Failure> {
    let Some((rest, digits)) = text.rsplit_once(':') else {
        return Ok((text, None));
    };
    if digits.is_empty() || rest.ends_with(':') || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok((text, None));
    }
    match digits.parse() {
        Ok(line) if line > 0 => Ok((rest, Some(line))),
        _ => Err(
            Failure::unusable(format!("`{digits}` in `{text}` is no line"))
                .help("lines are counted from 1"),
        ),
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_name(segment: &str) -> bool {
    let segment = segment.strip_prefix("r#").unwrap_or(segment);
    !segment.starts_with(|c: char| c.is_ascii_digit())
        && !segment.is_empty()
        && segment.chars().all(|c| c == '_' || c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(argument: &str) -> Target {
        let exists = |path: &Path| {
            ["a.rs", "src", "plain", "odd::name.rs"]
                .iter()
                .any(|known| path == Path::new(known))
        };
        parse(OsStr::new(argument), exists, |path| {
            path == Path::new("src")
        })
        .unwrap()
    }

    fn in_file(path: &str, item: Option<&str>, line: Option<usize>) -> Target {
        Target {
            place: Place::File(path.into()),
            query: Query {
                item: item.map(str::to_owned),
                line,
            },
        }
    }

    #[test]
    fn splits_file_item_and_line() {
        assert_eq!(target("a.rs"), in_file("a.rs", None, None));
        assert_eq!(target("a.rs:12"), in_file("a.rs", None, Some(12)));
        assert_eq!(
            target("a.rs::Echo::run"),
            in_file("a.rs", Some("Echo::run"), None)
        );
        assert_eq!(
            target("a.rs::Echo::run:7"),
            in_file("a.rs", Some("Echo::run"), Some(7))
        );
        assert_eq!(
            target("missing/b.rs::f"),
            in_file("missing/b.rs", Some("f"), None)
        );
        assert_eq!(target("plain::f"), in_file("plain", Some("f"), None));
        assert_eq!(target("odd::name.rs"), in_file("odd::name.rs", None, None));
    }

    #[test]
    fn reads_standard_input_with_an_item_too() {
        assert_eq!(target("-"), in_file("-", None, None));
        assert_eq!(target("-::run:3"), in_file("-", Some("run"), Some(3)));
        assert_eq!(target("-:3"), in_file("-", None, Some(3)));
    }

    #[test]
    fn takes_what_is_no_file_for_a_path_of_modules() {
        let package = |segments: &[&str]| {
            Place::Package(
                segments
                    .iter()
                    .map(|segment| (*segment).to_owned())
                    .collect(),
            )
        };
        assert_eq!(
            target("net::Echo::run").place,
            package(&["net", "Echo", "run"])
        );
        assert_eq!(
            target("run:4"),
            Target {
                place: package(&["run"]),
                query: Query {
                    item: None,
                    line: Some(4)
                }
            }
        );
        // A folder of that name is no file to look into, but one that is named alone is meant.
        assert_eq!(target("src::run").place, package(&["src", "run"]));
        assert_eq!(target("src").place, Place::File("src".into()));
        assert_eq!(target("some/where").place, Place::File("some/where".into()));
    }

    #[test]
    fn refuses_what_is_half_written() {
        for argument in [
            "a.rs::",
            "a.rs::Echo::",
            "a.rs:0",
            "a.rs:99999999999999999999999",
        ] {
            assert!(
                parse(
                    OsStr::new(argument),
                    |path| path == Path::new("a.rs"),
                    |_| false
                )
                .is_err(),
                "{argument}"
            );
        }
    }
}
