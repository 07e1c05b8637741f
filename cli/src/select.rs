//! From a target to functions: reading, lowering, choosing, and listing candidates when the choice is not clear.

use crate::args::{ItemArgs, NamedArgs};
use crate::edition::Editions;
use crate::failure::{Failure, Failures};
use crate::input::{self, Source};
use crate::output::Console;
use crate::package::Packages;
use crate::target::{Place, Query, Target};
use crate::{engine, modules};
use handroll_lowering::{Function, LoweredFile, Options};

/// How many candidates are listed.
const LISTED: usize = 20;

/// A lowered file and the functions in it that were asked for; never none.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) source: Source,
    pub(crate) options: Options,
    pub(crate) functions: Vec<Function>,
}

/// The functions that the arguments ask for.
pub(crate) fn select(arguments: &ItemArgs, console: &mut Console) -> Result<Selection, Failures> {
    let target = Target::parse(&arguments.target)?;
    let (source, query) = match target.place {
        Place::File(path) => (input::read(&path)?, target.query),
        Place::Package(segments) => {
            let found = modules::find(&segments)?;
            (
                input::read(&found.file)?,
                Query {
                    item: None,
                    line: Some(target.query.line.unwrap_or(found.line)),
                },
            )
        }
    };
    let editions = Editions::new(arguments.edition);
    let mut options = Options::default();
    options.edition = editions.of(&source)?;
    Packages::default().tell(&source, &mut options);
    options.nested = arguments.nested;
    console.notes(editions.notes());
    let functions = choose(engine::lower(&source, &options)?, &source, &query)?;
    Ok(Selection {
        source,
        options,
        functions,
    })
}

/// The one function that the arguments ask for.
pub(crate) fn select_one(
    arguments: &ItemArgs,
    console: &mut Console,
) -> Result<(Selection, Function), Failures> {
    let mut selection = select(arguments, console)?;
    the_one(&selection.functions, &selection.source)?;
    let function = selection.functions.remove(0);
    Ok((selection, function))
}

/// Like [`select`], in the named form when a name is given.
pub(crate) fn select_named(
    arguments: &NamedArgs,
    console: &mut Console,
) -> Result<Selection, Failures> {
    let Some(name) = &arguments.name else {
        return select(&arguments.item, console);
    };
    let (mut selection, function) = select_one(&arguments.item, console)?;
    selection.options.name = Some(name.clone());
    selection.options.only = Some(function.path.clone());
    let file = engine::lower(&selection.source, &selection.options)?;
    // Two functions may have one path (under different `cfg`s); the place tells them apart.
    selection.functions = file
        .functions
        .into_iter()
        .filter(|found| found.bytes.start == function.bytes.start)
        .collect();
    if selection.functions.is_empty() {
        let place = format!("`{}` of `{}`", function.path, selection.source.name);
        return Err(Failure::internal("the function is lost when a name is given", &place).into());
    }
    Ok(selection)
}

/// The functions of a file that fit a query.
pub(crate) fn choose(
    file: LoweredFile,
    source: &Source,
    query: &Query,
) -> Result<Vec<Function>, Failure> {
    let heads: Vec<Head<'_>> = file.functions.iter().map(Head::of).collect();
    let chosen = matching(&heads, query);
    if file.functions.is_empty() {
        return Err(
            Failure::unusable(format!("`{}` holds no async function", source.name)).help(
                "there is nothing to lower: handroll works on `async fn`s and, with `--nested`, on async blocks, outside of macros",
            ),
        );
    }
    if chosen.is_empty() {
        return Err(none(source, &file.functions, query));
    }
    if query.item.is_some() && chosen.len() > 1 {
        return Err(several(
            source,
            chosen.iter().map(|index| &file.functions[*index]),
        ));
    }
    let mut index = 0..;
    Ok(file
        .functions
        .into_iter()
        .filter(|_| index.next().is_some_and(|index| chosen.contains(&index)))
        .collect())
}

/// The only function of a choice.
pub(crate) fn the_one<'a>(
    chosen: &'a [Function],
    source: &Source,
) -> Result<&'a Function, Failure> {
    match chosen {
        [one] => Ok(one),
        _ => Err(several(source, chosen.iter())),
    }
}

/// What is looked at when functions are chosen.
struct Head<'a> {
    path: &'a str,
    lines: (usize, usize),
}

impl Head<'_> {
    fn of(function: &Function) -> Head<'_> {
        Head {
            path: &function.path,
            lines: function.lines,
        }
    }
}

/// The indices of the functions that fit: by path, an exact one before those it is only the end of; by line, the innermost.
fn matching(heads: &[Head<'_>], query: &Query) -> Vec<usize> {
    let mut found: Vec<usize> = (0..heads.len()).collect();
    if let Some(line) = query.line {
        found.retain(|index| (heads[*index].lines.0..=heads[*index].lines.1).contains(&line));
    }
    if let Some(item) = &query.item {
        let wanted = segments(item);
        found.retain(|index| segments(heads[*index].path).ends_with(&wanted));
        if found
            .iter()
            .any(|index| segments(heads[*index].path) == wanted)
        {
            found.retain(|index| segments(heads[*index].path) == wanted);
        }
    }
    if query.line.is_some() {
        let extent = |index: &usize| heads[*index].lines.1 - heads[*index].lines.0;
        let smallest = found.iter().map(extent).min();
        found.retain(|index| Some(extent(index)) == smallest);
    }
    found
}

/// The segments of a path, without what a user may leave out or add: `crate::`, `r#` and generic arguments.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    let plain = |segment| -> &str {
        let segment: &str = str::trim(segment);
        let segment = segment.strip_prefix("r#").unwrap_or(segment);
        segment.split('<').next().unwrap_or(segment).trim_end()
    };
    path.split("::")
        .map(plain)
        .filter(|segment| !matches!(*segment, "" | "crate" | "self"))
        .collect()
}

fn none(source: &Source, functions: &[Function], query: &Query) -> Failure {
    let what = match (&query.item, query.line) {
        (Some(item), Some(line)) => format!(
            "no async function `{item}` at line {line} of `{}`",
            source.name
        ),
        (Some(item), None) => format!("no async function `{item}` in `{}`", source.name),
        (None, line) => format!(
            "no async function at line {} of `{}`",
            line.unwrap_or_default(),
            source.name
        ),
    };
    // Those that resemble what was asked for come first; the order is otherwise the source's.
    let last = query
        .item
        .as_deref()
        .and_then(|item| segments(item).last().map(|last| last.to_lowercase()));
    let mut sorted: Vec<&Function> = functions.iter().collect();
    sorted.sort_by_key(|function| {
        !last
            .as_ref()
            .is_some_and(|last| function.path.to_lowercase().contains(last))
    });
    Failure::unusable(what).help(list(
        "these are there:",
        &mut sorted
            .into_iter()
            .map(|function| argument(source, functions, function)),
    ))
}

fn several<'a>(source: &Source, fitting: impl Iterator<Item = &'a Function>) -> Failure {
    let all: Vec<Function> = fitting.cloned().collect();
    Failure::unusable(format!(
        "{} async functions of `{}` fit, and one is needed",
        all.len(),
        source.name
    ))
    .help(list(
        "name one of them:",
        &mut all.iter().map(|function| argument(source, &all, function)),
    ))
}

/// The argument that names exactly this function among `all`.
fn argument(source: &Source, all: &[Function], function: &Function) -> String {
    let file = source.path.as_ref().map_or_else(
        || input::STDIN.to_owned(),
        |path| path.display().to_string(),
    );
    let fits = matching(
        &all.iter().map(Head::of).collect::<Vec<_>>(),
        &Query {
            item: Some(function.path.clone()),
            line: None,
        },
    );
    let line = if fits.len() > 1 {
        format!(":{}", function.lines.0)
    } else {
        String::new()
    };
    format!("{file}::{}{line}", function.path)
}

/// A list of candidates, cut when it is long.
pub(crate) fn list(title: &str, candidates: &mut dyn Iterator<Item = String>) -> String {
    let mut text = title.to_owned();
    for candidate in candidates.take(LISTED) {
        text.push_str("\n  ");
        text.push_str(&candidate);
    }
    match candidates.count() {
        0 => text,
        more => format!("{text}\n  and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [Head<'_>; 4] = [
        Head {
            path: "run",
            lines: (1, 9),
        },
        Head {
            path: "inner::Echo::run",
            lines: (11, 15),
        },
        Head {
            path: "inner::Echo::stop",
            lines: (17, 30),
        },
        Head {
            path: "inner::Echo::stop::nested",
            lines: (20, 22),
        },
    ];

    fn chosen(item: &str, line: Option<usize>) -> Vec<usize> {
        matching(
            &HEADS,
            &Query {
                item: (!item.is_empty()).then(|| item.to_owned()),
                line,
            },
        )
    }

    #[test]
    fn fits_the_end_of_a_path_by_whole_segments() {
        assert_eq!(chosen("Echo::run", None), [1]);
        assert_eq!(chosen("crate::inner::Echo<u8>::r#run", None), [1]);
        assert_eq!(chosen("cho::run", None), [0_usize; 0]);
        assert_eq!(chosen("stop", None), [2]);
    }

    #[test]
    fn an_exact_path_goes_before_longer_ones() {
        assert_eq!(chosen("run", None), [0]);
        assert_eq!(chosen("run", Some(12)), [1]);
    }

    #[test]
    fn a_line_means_the_innermost_function_around_it() {
        assert_eq!(chosen("", Some(21)), [3]);
        assert_eq!(chosen("", Some(25)), [2]);
        assert_eq!(chosen("", Some(16)), [0_usize; 0]);
        assert_eq!(chosen("", None), [0, 1, 2, 3]);
    }

    #[test]
    fn a_long_list_is_cut() {
        let text = list("these:", &mut (0..30).map(|n| n.to_string()));
        assert!(
            text.starts_with("these:\n  0\n") && text.ends_with("\n  19\n  and 10 more"),
            "{text}"
        );
    }
}
