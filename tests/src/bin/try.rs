//! One fixture, quickly: lowers it, compiles it, compares the traces.
//!
//! `try NAME-OR-PATH [--edition YEAR] [--show] [--release] [--with FILE]`: `--show` prints the lowered text, `--with` takes the
//! lowered text from a file (an edited copy, or the fixture itself).

use handroll_tests::fixture::{self, Fixture, year};
use handroll_tests::lower::{self, LoweredFixture};
use handroll_tests::place;
use handroll_tests::program::{Pair, Program};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: try NAME-OR-PATH [--edition YEAR] [--show] [--release] [--with FILE]";

fn main() -> ExitCode {
    match work() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well.
fn work() -> Result<bool, Box<dyn std::error::Error>> {
    let (mut name, mut edition, mut show, mut release, mut with) = (None, None, false, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--edition" => {
                edition = Some(
                    args.next()
                        .as_deref()
                        .and_then(fixture::edition)
                        .ok_or(USAGE)?,
                )
            }
            "--with" => with = Some(args.next().ok_or(USAGE)?),
            "--show" => show = true,
            "--release" => release = true,
            _ => name = Some(arg),
        }
    }
    let name = name.ok_or(USAGE)?;
    let path = if Path::new(&name).exists() {
        PathBuf::from(name)
    } else {
        place::fixtures().join(name).with_extension("rs")
    };
    let fixture = Fixture::read(&path)?;
    let edition = edition.unwrap_or(fixture.newest());
    let lowered = match with {
        Some(file) => LoweredFixture {
            text: std::fs::read_to_string(file)?,
            functions: Vec::new(),
        },
        None => lower::lower(&fixture, edition)?,
    };
    if show {
        println!("{}", lowered.text);
    }
    let mut refused = false;
    for function in &lowered.functions {
        match &function.outcome {
            Ok(lowered) => println!(
                "{}: {:?}, {} states wait",
                function.path,
                lowered.form,
                lowered.suspensions.len()
            ),
            Err(diagnostics) => {
                refused = true;
                print!("{}: refused\n{}", function.path, lower::list(diagnostics));
            }
        }
    }
    let started = Instant::now();
    let program = Program {
        name: format!("try-{}", fixture.name),
        edition,
        release,
    };
    let verdict = program.check(vec![Pair::new(&fixture, lowered)])?;
    for outcome in &verdict.outcomes {
        let same = if outcome.differing == 0 {
            "the same"
        } else {
            "DIFFERENT"
        };
        println!(
            "{}: {} runs, {same}; {} bytes, lowered {}",
            outcome.case, outcome.runs, outcome.native_bytes, outcome.lowered_bytes
        );
    }
    let problems = verdict.problems();
    print!("{problems}");
    println!(
        "edition {}, {:.1} s",
        year(edition),
        started.elapsed().as_secs_f32()
    );
    Ok(problems.is_empty() && !refused)
}
