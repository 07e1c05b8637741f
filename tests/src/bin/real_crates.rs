//! Lowers widely used crates: counts what is lowered and refused, and compiles crates from their lowered text.
//!
//! `real_crates [CRATE..] [--why] [--check CRATE].. [--report FILE]`: without `--check`, all async functions of the crates (all five when none is
//! named) are lowered in memory; with `--why`, refusals are listed by message, with their places. `--check CRATE` (or `--check all`) also runs `cargo check` on the lowered crate, and leaves out functions until
//! it compiles; `--report` writes these, grouped by rustc's errors, to a file. The exit status is 1 on a panic, an internal error,
//! output that does not parse, or a crate that could not be brought to compile.

use handroll_tests::real::fetch::{self, Source};
use handroll_tests::real::survey::{Reasons, Tally, survey};
use handroll_tests::real::{check, report, roster};
use std::process::ExitCode;
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: real_crates [CRATE..] [--why] [--check CRATE|all].. [--report FILE]";

#[derive(Default)]
struct Args {
    survey: Vec<String>,
    why: bool,
    check: Vec<String>,
    report: Option<String>,
}

/// Sources nest deeper than a small stack allows.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    let work = || {
        args()
            .and_then(|args| work(&args))
            .map_err(|error| error.to_string())
    };
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(true))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

fn args() -> Result<Args, Error> {
    let mut found = Args::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--why" => found.why = true,
            "--check" => found.check.push(args.next().ok_or(USAGE)?),
            "--report" => found.report = Some(args.next().ok_or(USAGE)?),
            flag if flag.starts_with('-') => return Err(USAGE.into()),
            _ => found.survey.push(arg),
        }
    }
    if found.check.iter().any(|name| name == "all") {
        found.check = roster::ROSTER
            .iter()
            .map(|entry| entry.name.to_owned())
            .collect();
    }
    for name in found.survey.iter().chain(&found.check) {
        if roster::find(name).is_none() {
            let known: Vec<_> = roster::ROSTER.iter().map(|entry| entry.name).collect();
            return Err(format!("`{name}` is none of {}", known.join(", ")).into());
        }
    }
    Ok(found)
}

/// Whether all is well.
fn work(args: &Args) -> Result<bool, Error> {
    let sources = fetch::fetch()?;
    let mut well = true;
    if args.check.is_empty() || !args.survey.is_empty() {
        let wanted = |source: &&Source| {
            args.survey.is_empty() || args.survey.iter().any(|name| name == source.entry.name)
        };
        well &= survey_all(sources.iter().filter(wanted), args.why)?;
    }
    let mut full = String::new();
    for source in sources
        .iter()
        .filter(|source| args.check.iter().any(|name| name == source.entry.name))
    {
        let name = source.entry.name;
        let started = Instant::now();
        let checked = check::check(source, |what| {
            eprintln!("{name}, {:.0} s: {what}", started.elapsed().as_secs_f32());
        })?;
        well &= checked.unblamed.is_empty();
        let text = report::checked(source, &checked);
        println!(
            "{}",
            if args.report.is_some() {
                text.lines().next().unwrap_or_default()
            } else {
                &text
            }
        );
        full.push_str(&text);
        full.push('\n');
        if let Some(path) = &args.report {
            std::fs::write(path, &full)?;
        }
    }
    Ok(well)
}

fn survey_all<'a>(sources: impl Iterator<Item = &'a Source>, why: bool) -> Result<bool, Error> {
    // A panic is told with the file that it came from.
    std::panic::set_hook(Box::new(|_| {}));
    let mut total = Tally::default();
    let mut reasons = Reasons::new();
    let mut well = true;
    for source in sources {
        let survey = survey(source, "")?;
        let tally = survey.tally();
        print!(
            "{}",
            report::tally(
                &format!("{} {}", source.entry.name, source.entry.version),
                &tally
            )
        );
        total.add(&tally);
        survey.reasons(source, &mut reasons);
        for defect in &survey.defects {
            well = false;
            println!("  DEFECT {defect}");
        }
    }
    print!("{}", report::tally("all", &total));
    if why {
        print!("{}", report::reasons(&reasons));
    }
    drop(std::panic::take_hook());
    Ok(well)
}
