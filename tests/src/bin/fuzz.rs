//! The fuzzer.
//!
//! `fuzz run [--seed N] [--programs N] [--batch N] [--edition YEAR] [--keep] [--table]` makes programs from seeds N, N+1, .., compares each with the
//! compiler's own, shrinks those that fail (not with `--keep`), and writes them as fixtures into `target/handroll-runner/found`.
//! `fuzz show SEED [--edition YEAR]` prints a program; `fuzz shrink SEED` makes it small.
//!
//! `fuzz refused [--seed N] [--programs N] [--edition YEAR]` lowers programs in memory, and groups those that are refused by what is said of them.
//!
//! `fuzz seeded [--programs N] [--seed N]` puts bugs into the lowering, and says in how many programs each was found.
//!
//! `fuzz text [--seconds N] [--seed N]` lowers mutated sources and arbitrary text, in memory; `fuzz text-show NUMBER` prints one.

use handroll_lowering::Edition;
use handroll_tests::fixture::{self, year};
use handroll_tests::fuzz::{self, Finding, Program, Tally, check, generate, shrink};
use handroll_tests::place;
use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: fuzz run [--seed N] [--programs N] [--batch N] [--edition YEAR] [--keep] [--table] [--name NAME]\n       fuzz show|shrink SEED [--edition YEAR]\n       fuzz refused [--seed N] [--programs N] [--edition YEAR]\n       fuzz seeded [--programs N] [--seed N]\n       fuzz text [--seconds N] [--seed N]\n       fuzz text-show NUMBER";

struct Args {
    command: String,
    seed: u64,
    programs: usize,
    batch: usize,
    edition: Option<Edition>,
    keep: bool,
    table: bool,
    name: String,
    seconds: u64,
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
    let mut args = std::env::args().skip(1);
    let mut found = Args {
        command: args.next().ok_or(USAGE)?,
        seed: 1,
        programs: 400,
        batch: 200,
        edition: None,
        keep: false,
        table: false,
        name: "fuzz".into(),
        seconds: 60,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(USAGE);
        match arg.as_str() {
            "--seed" => found.seed = value()?.parse()?,
            "--programs" => found.programs = value()?.parse()?,
            "--batch" => found.batch = value()?.parse()?,
            "--edition" => found.edition = Some(fixture::edition(&value()?).ok_or(USAGE)?),
            "--name" => found.name = value()?,
            "--seconds" => found.seconds = value()?.parse()?,
            "--keep" => found.keep = true,
            "--table" => found.table = true,
            seed if !seed.starts_with('-') => found.seed = seed.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(found)
}

/// Whether nothing was found.
fn work(args: &Args) -> Result<bool, Error> {
    match args.command.as_str() {
        "run" => run(args),
        "show" => {
            let edition = args.edition.unwrap_or_default();
            print!("{}", generate(args.seed, edition).print());
            Ok(true)
        }
        "shrink" => {
            let edition = args.edition.unwrap_or_default();
            let program = generate(args.seed, edition);
            let finding = check(&args.name, std::slice::from_ref(&program), edition)?.remove(0);
            if finding.is_defect() {
                report(args, program, finding, edition)?;
                return Ok(false);
            }
            println!("{}\n{}", finding.kind(), finding.text());
            Ok(true)
        }
        "refused" => {
            refused(args);
            Ok(true)
        }
        "seeded" => seeded(args),
        "text" => texts(args),
        "text-show" => {
            print!("{}", fuzz::text(&fuzz::sources()?, args.seed));
            Ok(true)
        }
        _ => Err(USAGE.into()),
    }
}

/// How many seeds are named of each refusal.
const NAMED: usize = 8;

fn refused(args: &Args) {
    let edition = args.edition.unwrap_or_default();
    let end = args.seed + args.programs as u64;
    let mut groups: BTreeMap<String, Vec<(u64, usize)>> = BTreeMap::new();
    let mut refused = 0;
    for seed in args.seed..end {
        let said = fuzz::refusals(&generate(seed, edition), edition);
        refused += usize::from(!said.is_empty());
        for (what, line) in said {
            groups.entry(what).or_default().push((seed, line));
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, at)| std::cmp::Reverse(at.len()));
    for (what, at) in groups {
        let named = at.iter().take(NAMED);
        let named: Vec<String> = named.map(|(seed, line)| format!("{seed}:{line}")).collect();
        println!("{:5} {what}\n      {}", at.len(), named.join(" "));
    }
    println!("{refused} of {} programs refused", args.programs);
}

/// How many programs with each bug are compared.
const SEEDED: usize = 40;

fn seeded(args: &Args) -> Result<bool, Error> {
    let hunts = fuzz::hunt(args.seed, args.programs as u64, SEEDED)?;
    for (bug, hunt) in &hunts {
        println!("{bug}: found in {} of {} programs", hunt.caught, hunt.shown);
    }
    Ok(hunts.values().all(|hunt| hunt.caught > 0))
}

fn texts(args: &Args) -> Result<bool, Error> {
    std::panic::set_hook(Box::new(|_| {}));
    let time = Duration::from_secs(args.seconds);
    let found = fuzz::texts(fuzz::sources()?, args.seed, time);
    let folder = place::programs().join("found");
    fs::create_dir_all(&folder)?;
    for (what, (number, text, times)) in &found.defects {
        let path = folder.join(format!("text{number}.rs"));
        fs::write(&path, text)?;
        println!(
            "{times} times, first text {number}: {what}\n  {}",
            path.display()
        );
    }
    println!(
        "{} executions in {} s ({} a second); {} texts parse; {} functions lowered, {} refused; {} defects",
        found.executions,
        args.seconds,
        found.executions / args.seconds.max(1),
        found.parsed,
        found.lowered,
        found.refused,
        found.defects.len()
    );
    Ok(found.defects.is_empty())
}

/// Editions in turns: the two that differ most come most often.
const TURNS: [Edition; 5] = [
    Edition::E2024,
    Edition::E2021,
    Edition::E2024,
    Edition::E2021,
    Edition::E2018,
];

fn run(args: &Args) -> Result<bool, Error> {
    let mut tally = Tally::default();
    let started = Instant::now();
    let mut next = args.seed;
    let end = args.seed + args.programs as u64;
    let mut clean = true;
    let mut turn = 0;
    while next < end {
        let edition = args.edition.unwrap_or(TURNS[turn % TURNS.len()]);
        turn += 1;
        let last = end.min(next + args.batch as u64);
        let programs: Vec<Program> = (next..last).map(|seed| generate(seed, edition)).collect();
        next = last;
        let findings = check(&args.name, &programs, edition)?;
        for (program, finding) in programs.iter().zip(&findings) {
            tally.add(program, finding);
            if matches!(finding, Finding::Rejected(_)) && args.keep {
                println!(
                    "seed {} is rejected natively\n{}",
                    program.seed,
                    finding.text()
                );
            }
        }
        println!(
            "edition {}, seeds to {}, {:.0} s",
            year(edition),
            last - 1,
            started.elapsed().as_secs_f32()
        );
        for (program, finding) in programs.into_iter().zip(findings) {
            if finding.is_defect() {
                clean = false;
                report(args, program, finding, edition)?;
            }
        }
    }
    print!("{}", tally.summary());
    if args.table {
        print!("{}", tally.table());
    }
    Ok(clean)
}

/// How long one program is made smaller.
const SHRINKING: Duration = Duration::from_secs(120);

fn report(args: &Args, program: Program, finding: Finding, edition: Edition) -> Result<(), Error> {
    let (seed, year) = (program.seed, year(edition));
    println!("\n=== seed {seed}, edition {year}: {}", finding.kind());
    let (program, finding) = if args.keep {
        (program, finding)
    } else {
        let name = format!("{}-shrink", args.name);
        shrink(&name, program, finding, edition, SHRINKING)?
    };
    let text = format!(
        "// Found by the fuzzer: seed {seed}.\n// editions: {year}\n{}",
        program.print()
    );
    let folder = place::programs().join("found");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("s{seed}_{year}.rs"));
    fs::write(&path, &text)?;
    println!("{}\n{text}\n{}", path.display(), finding.text());
    Ok(())
}
