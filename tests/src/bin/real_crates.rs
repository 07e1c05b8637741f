//! Lowers widely used crates: counts what is lowered and refused, and compiles crates from their lowered text.
//!
//! `real_crates [CRATE..] [--why] [--check CRATE].. [--report FILE]`: without `--check`, all async functions of the crates (all five when none is
//! named) are lowered in memory; with `--why`, refusals are listed by message, with their places. A crate is one of the five, or any of the registry as `name@version:feature,feature`. `--check CRATE` (or `--check all`) also runs `cargo check` on the lowered crate, and leaves out functions until
//! it compiles; `--report` writes these, grouped by rustc's errors, to a file. The exit status is 1 on a panic, an internal error,
//! output that does not parse, or a crate that could not be brought to compile.

use handroll_tests::real::fetch::{self, Source};
use handroll_tests::real::roster::Entry;
use handroll_tests::real::survey::{Reasons, Tally, survey};
use handroll_tests::real::{check, report, roster};
use std::process::ExitCode;
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: real_crates [CRATE..] [--why] [--check CRATE|all].. [--report FILE]";

#[derive(Default)]
struct Args {
    survey: Vec<Entry>,
    why: bool,
    check: Vec<Entry>,
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
            "--check" => match args.next().ok_or(USAGE)?.as_str() {
                "all" => found.check.extend(roster::ROSTER),
                name => found.check.push(entry(name)?),
            },
            "--report" => found.report = Some(args.next().ok_or(USAGE)?),
            flag if flag.starts_with('-') => return Err(USAGE.into()),
            name => found.survey.push(entry(name)?),
        }
    }
    Ok(found)
}

fn entry(name: &str) -> Result<Entry, Error> {
    roster::find(name).ok_or_else(|| {
        let known: Vec<_> = roster::ROSTER.iter().map(|entry| entry.name).collect();
        format!(
            "`{name}` is none of {}, and not written as `name@version`",
            known.join(", ")
        )
        .into()
    })
}

/// Whether all is well.
fn work(args: &Args) -> Result<bool, Error> {
    let mut well = true;
    let all = args.check.is_empty() && args.survey.is_empty();
    let surveyed = if all {
        &roster::ROSTER[..]
    } else {
        &args.survey
    };
    if !surveyed.is_empty() {
        well &= survey_all(fetch::fetch(surveyed)?.iter(), args.why)?;
    }
    let mut full = String::new();
    for source in &fetch::fetch(&args.check)? {
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
