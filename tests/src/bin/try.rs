//! A few fixtures, quickly: lowers them, compiles them, compares the traces.
//!
//! `try NAME-OR-PATH.. [--edition YEAR] [--show] [--release] [--attribute] [--nested] [--with FILE]`, or `try --all`: `--show` prints the
//! lowered text, `--attribute` leaves the lowering to the attribute, `--nested` lowers the async blocks of every fixture, `--with` takes the lowered text from a file (an edited copy, or the fixture itself).

use handroll_lowering::Edition;
use handroll_tests::fixture::{self, Fixture, year};
use handroll_tests::lower::{self, LoweredFixture};
use handroll_tests::place;
use handroll_tests::program::{Pair, Program, Verdict};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: try NAME-OR-PATH.. [--edition YEAR] [--show] [--release] [--attribute] [--nested] [--with FILE]\n       try --all [--edition YEAR] [--release] [--attribute] [--nested]";

#[derive(Default)]
struct Args {
    names: Vec<String>,
    all: bool,
    edition: Option<Edition>,
    show: bool,
    release: bool,
    attribute: bool,
    nested: bool,
    with: Option<String>,
}

fn main() -> ExitCode {
    match args().and_then(|args| work(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn args() -> Result<Args, Error> {
    let mut found = Args::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--all" => found.all = true,
            "--edition" => {
                found.edition = Some(
                    args.next()
                        .as_deref()
                        .and_then(fixture::edition)
                        .ok_or(USAGE)?,
                )
            }
            "--with" => found.with = Some(args.next().ok_or(USAGE)?),
            "--show" => found.show = true,
            "--release" => found.release = true,
            "--attribute" => found.attribute = true,
            "--nested" => found.nested = true,
            flag if flag.starts_with('-') => return Err(USAGE.into()),
            _ => found.names.push(arg),
        }
    }
    if found.names.is_empty() && !found.all {
        Err(USAGE.into())
    } else {
        Ok(found)
    }
}

/// Whether all is well.
fn work(args: &Args) -> Result<bool, Error> {
    let mut fixtures = fixtures(args)?;
    for fixture in &mut fixtures {
        fixture.nested |= args.nested;
    }
    let edition = args.edition.unwrap_or(if args.all {
        Edition::E2024
    } else {
        fixtures[0].newest()
    });
    let mut tally = Tally::default();
    let mut pairs = Vec::new();
    for fixture in fixtures
        .iter()
        .filter(|fixture| !args.all || fixture.editions.contains(&edition))
    {
        let lowered = match &args.with {
            Some(file) => LoweredFixture {
                text: std::fs::read_to_string(file)?,
                functions: Vec::new(),
            },
            None if args.attribute => lower::with_attribute(fixture, edition)?,
            None => match lower::lower(fixture, edition) {
                Ok(lowered) => lowered,
                Err(error) => {
                    println!("{error}");
                    tally.whole += 1;
                    continue;
                }
            },
        };
        tally.functions(fixture, &lowered);
        if args.show {
            println!("{}", lowered.text);
        }
        pairs.push(Pair::new(fixture, lowered));
    }
    let started = Instant::now();
    let name = if args.attribute {
        "try-attribute".to_owned()
    } else if let [fixture] = &fixtures[..] {
        format!("try-{}", fixture.name)
    } else {
        "try".to_owned()
    };
    let verdict = Program {
        name,
        edition,
        release: args.release,
        features: if args.attribute { &["macros"] } else { &[] },
    }
    .check(pairs)?;
    if !args.all {
        for o in &verdict.outcomes {
            let same = if o.differing == 0 {
                "the same"
            } else {
                "DIFFERENT"
            };
            println!(
                "{}, {}: {} runs, {same}; {} bytes, lowered {}",
                o.fixture, o.case, o.runs, o.native_bytes, o.lowered_bytes
            );
        }
    }
    print!("{}", verdict.problems());
    println!(
        "edition {}, {:.1} s: {}",
        year(edition),
        started.elapsed().as_secs_f32(),
        tally.with(&verdict)
    );
    Ok(verdict.problems().is_empty() && tally.refused + tally.whole == 0)
}

fn fixtures(args: &Args) -> Result<Vec<Fixture>, Error> {
    if args.all {
        return Ok(fixture::all()?);
    }
    let path = |name: &String| {
        if Path::new(name).is_file() {
            PathBuf::from(name)
        } else {
            place::fixtures().join(name).with_extension("rs")
        }
    };
    args.names
        .iter()
        .map(|name| Fixture::read(&path(name)).map_err(|error| format!("{name}: {error}").into()))
        .collect()
}

/// What became of the functions.
#[derive(Default)]
struct Tally {
    lowered: usize,
    refused: usize,
    /// Files that were refused as a whole.
    whole: usize,
}

impl Tally {
    fn functions(&mut self, fixture: &Fixture, lowered: &LoweredFixture) {
        for function in &lowered.functions {
            match &function.outcome {
                Ok(_) => self.lowered += 1,
                Err(diagnostics) => {
                    self.refused += 1;
                    print!(
                        "{} {}: refused\n{}",
                        fixture.name,
                        function.path,
                        lower::list(diagnostics)
                    );
                }
            }
        }
    }

    fn with(&self, verdict: &Verdict) -> String {
        let different = verdict
            .outcomes
            .iter()
            .filter(|outcome| outcome.differing > 0)
            .count();
        let Tally {
            lowered,
            refused,
            whole,
        } = self;
        format!(
            "{lowered} functions lowered, {refused} refused, {whole} files refused; {} cases the same, {different} different; {} other failures",
            verdict.outcomes.len() - different,
            verdict.failures.len()
        )
    }
}
