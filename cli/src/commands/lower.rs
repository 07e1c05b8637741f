//! `handroll lower`: whole files.

use crate::args::LowerArgs;
use crate::edition::Editions;
use crate::engine;
use crate::failure::{Failure, Failures};
use crate::input::{self, STDIN, Source};
use crate::output::{Console, atomic, diff};
use crate::package::Packages;
use crate::select;
use crate::status::Status;
use crate::target::Query;
use handroll_lowering::{LoweredFile, Options};
use std::path::Path;

/// Where the lowered files go.
enum Mode<'a> {
    Print,
    File(&'a Path),
    InPlace,
    Check,
    Diff,
}

impl Mode<'_> {
    fn of(arguments: &LowerArgs) -> Mode<'_> {
        match &arguments.output {
            Some(path) if is_stdout(path) => Mode::Print,
            Some(path) => Mode::File(path),
            None if arguments.write => Mode::InPlace,
            None if arguments.check => Mode::Check,
            None if arguments.diff => Mode::Diff,
            None => Mode::Print,
        }
    }
}

/// Opening `/dev/stdout` anew could replace the file that the shell redirects to.
fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == STDIN || path == Path::new("/dev/stdout")
}

pub(crate) fn run(arguments: &LowerArgs, console: &mut Console) -> Result<Status, Failures> {
    let mode = Mode::of(arguments);
    usage(arguments, &mode)?;
    let editions = Editions::new(arguments.edition);
    let packages = Packages::default();
    let mut status = Status::Done;
    let mut functions = 0;
    for path in &arguments.paths {
        let (source, mut options) = match open(path, &editions, &packages, console) {
            Ok(opened) => opened,
            Err(failure) => {
                status.worsen(Failures::from(failure).report(console));
                continue;
            }
        };
        options.nested = arguments.nested;
        match lower(&source, options, arguments)
            .and_then(|file| put(&file, &source, &mode, console))
        {
            Ok(ended) => {
                functions += ended.functions;
                status.worsen(ended.status);
            }
            Err(failures) => status.worsen(failures.report(console)),
        }
    }
    if functions == 0 && status == Status::Done {
        console.note("there is no async function: nothing was changed");
    }
    Ok(status)
}

/// What the definition of the arguments cannot say.
fn usage(arguments: &LowerArgs, mode: &Mode<'_>) -> Result<(), Failure> {
    let one_file = "name one file, or run the command once for each";
    match mode {
        _ if arguments.paths.len() == 1 && !matches!(mode, Mode::InPlace) => Ok(()),
        Mode::File(_) => Err(Failure::unusable(format!(
            "-o takes one file, and {} are given",
            arguments.paths.len()
        ))
        .help(one_file)),
        Mode::InPlace if arguments.paths.iter().any(|path| path.as_os_str() == STDIN) => Err(
            Failure::unusable("the standard input cannot be written in place")
                .help("leave `--write` out: the result is printed"),
        ),
        _ if arguments.paths.len() > 1
            && (arguments.item.is_some() || arguments.name.is_some()) =>
        {
            Err(Failure::unusable(
                "`--item` and `--name` are about one function, and several files are given",
            )
            .help(one_file))
        }
        _ => Ok(()),
    }
}

fn open(
    path: &Path,
    editions: &Editions,
    packages: &Packages,
    console: &mut Console,
) -> Result<(Source, Options), Failure> {
    let source = input::read(path)?;
    let mut options = Options::default();
    let edition = editions.of(&source);
    console.notes(editions.notes());
    options.edition = edition?;
    packages.tell(&source, &mut options);
    Ok((source, options))
}

/// Lowers a file, or the one function in it that is asked for.
fn lower(
    source: &Source,
    mut options: Options,
    arguments: &LowerArgs,
) -> Result<LoweredFile, Failures> {
    let file = engine::lower(source, &options)?;
    if arguments.item.is_none() && arguments.name.is_none() {
        return Ok(file);
    }
    let query = Query::parse(arguments.item.as_deref())?;
    let chosen = select::choose(file, source, &query)?;
    let function = select::the_one(&chosen, source)?;
    options.only = Some(function.path.clone());
    options.name.clone_from(&arguments.name);
    engine::lower(source, &options)
}

/// What became of a file.
struct Ended {
    functions: usize,
    status: Status,
}

fn put(
    file: &LoweredFile,
    source: &Source,
    mode: &Mode<'_>,
    console: &mut Console,
) -> Result<Ended, Failures> {
    let changed = *file.text != *source.text;
    if changed {
        engine::verify(&file.text, source)?;
    }
    let mut ended = Ended {
        functions: file.functions.len(),
        status: Status::Done,
    };
    for function in &file.functions {
        if let Err(diagnostics) = &function.outcome {
            ended
                .status
                .worsen(Failures::diagnosed(diagnostics, source).report(console));
        }
    }
    for block in &file.native_blocks {
        console.note(&format!(
            "`{}` of `{}` is left to the compiler: {}",
            block.path, source.name, block.why
        ));
    }
    let lowered = file
        .functions
        .iter()
        .filter(|function| function.outcome.is_ok())
        .count();
    match mode {
        Mode::Print => console.print(&file.text)?,
        Mode::File(path) => write(path, &file.text)?,
        Mode::InPlace => {
            if let Some(path) = source.path.as_deref().filter(|_| changed) {
                unchanged_since(source, path)?;
                write(path, &file.text)?;
                console.note(&format!(
                    "`{}`: {lowered} of {} async functions lowered",
                    source.name, ended.functions
                ));
            }
        }
        Mode::Check if changed => {
            console.print(&format!(
                "{}: {lowered} of {} async functions would be lowered\n",
                source.name, ended.functions
            ))?;
            ended.status.worsen(Status::Refused);
        }
        Mode::Check => {}
        Mode::Diff => {
            let style = console.style();
            console.print(&diff::unified(
                &source.name,
                &source.text,
                &file.text,
                style,
            ))?;
        }
    }
    Ok(ended)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    atomic::replace(path, text).map_err(|error| {
        Failure::unusable(format!(
            "cannot write `{}`: {}",
            path.display(),
            input::reason(&error)
        ))
        .help("nothing was changed; check that the folder exists and that you may write to it")
    })
}

/// Lowering takes a moment, and what an editor saved meanwhile must not be lost.
fn unchanged_since(source: &Source, path: &Path) -> Result<(), Failure> {
    match input::read_bytes(path) {
        Ok(bytes) if bytes == source.text.as_bytes() => Ok(()),
        _ => Err(Failure::unusable(format!(
            "`{}` changed while it was being lowered",
            source.name
        ))
        .help("nothing was written; run the command again")),
    }
}
