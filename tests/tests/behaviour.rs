//! Every fixture, lowered, behaves like the compiler's own future, in each of its editions; with `HANDROLL_RELEASE=1` also optimised.

use handroll_lowering::Edition;
use handroll_tests::fixture;
use handroll_tests::lower::lower;
use handroll_tests::program::{Pair, Program};
use std::env;
use std::error::Error;

fn compare(edition: Edition) -> Result<(), Box<dyn Error>> {
    let mut refused = String::new();
    let mut pairs = Vec::new();
    for fixture in fixture::all()?
        .iter()
        .filter(|fixture| fixture.editions.contains(&edition))
    {
        match lower(fixture, edition) {
            Ok(lowered) => pairs.push(Pair::new(fixture, lowered)),
            Err(error) => refused.push_str(&error),
        }
    }
    let verdict = Program {
        name: "behaviour".into(),
        edition,
        release: env::var_os("HANDROLL_RELEASE").is_some(),
        features: &[],
    }
    .check(pairs)?;
    let runs: usize = verdict.outcomes.iter().map(|outcome| outcome.runs).sum();
    println!("{} cases, {runs} pairs of runs", verdict.outcomes.len());
    let problems = refused + &verdict.problems();
    assert!(problems.is_empty(), "\n{problems}");
    Ok(())
}

#[test]
fn edition_2018() -> Result<(), Box<dyn Error>> {
    compare(Edition::E2018)
}

#[test]
fn edition_2021() -> Result<(), Box<dyn Error>> {
    compare(Edition::E2021)
}

#[test]
fn edition_2024() -> Result<(), Box<dyn Error>> {
    compare(Edition::E2024)
}

/// A file that was lowered stays as it is when it is lowered again.
#[test]
fn lowering_again_changes_nothing() -> Result<(), Box<dyn std::error::Error>> {
    let mut changed = Vec::new();
    for mut fixture in fixture::all()? {
        for edition in fixture.editions.clone() {
            let once = lower(&fixture, edition)?;
            let before = std::mem::replace(&mut fixture.text, once.text.clone());
            let twice = lower(&fixture, edition)?;
            if twice.text != once.text {
                changed.push(format!(
                    "{}, edition {}",
                    fixture.name,
                    fixture::year(edition)
                ));
            }
            fixture.text = before;
        }
    }
    assert!(changed.is_empty(), "{changed:#?}");
    Ok(())
}

/// Fixtures with much of the runtime's `unsafe` behind them, under AddressSanitizer; `HANDROLL_ASAN=1` before `try --all` has all of them.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn address_sanitizer_finds_nothing() -> Result<(), Box<dyn Error>> {
    let fixtures = [
        "alignment",
        "drop_order",
        "forgotten",
        "held_expressions",
        "shared_places",
        "temporaries_in_place",
    ];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_try"))
        .args(fixtures)
        .env("HANDROLL_ASAN", "1")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // Refused functions make the status a failure.
    assert!(
        said.contains(" 0 different; 0 other failures"),
        "{said}\n{errors}"
    );
    Ok(())
}
