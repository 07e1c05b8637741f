//! Bugs on purpose: the comparison finds each of them. What it checks would otherwise prove little.

use handroll_lowering::Edition;
use handroll_lowering::seeded::{self, Bug};
use handroll_tests::fixture::{self, Fixture};
use handroll_tests::fuzz::{edition, hunt};
use handroll_tests::lower::lower;
use handroll_tests::program::{Pair, Program};
use std::collections::BTreeMap;
use std::error::Error;

/// Where most of what can go wrong is in sight.
const FIXTURES: &[&str] = &[
    "fuzzed",
    "regressions",
    "drop_order",
    "temporaries_if_let",
    "temporaries_operand",
    "await_operands",
    "labels",
    "parameters_patterns",
    "conditional_moves",
];

/// In how many fixtures a bug that shows is looked for.
const TRIES: usize = 3;

#[test]
fn seeded_bugs_are_found() -> Result<(), Box<dyn Error>> {
    let fixtures: Vec<Fixture> = fixture::all()?
        .into_iter()
        .filter(|fixture| FIXTURES.contains(&&*fixture.name))
        .collect();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for year in [Edition::E2021, Edition::E2024] {
        let mut pairs = Vec::new();
        for (number, &bug) in Bug::ALL.iter().enumerate() {
            let mut tries = 0;
            for fixture in fixtures
                .iter()
                .filter(|fixture| edition(bug) == year && fixture.editions.contains(&year))
            {
                let right = lower(fixture, year)?;
                let wrong = seeded::with(bug, || lower(fixture, year))?;
                if right.text != wrong.text && tries < TRIES {
                    tries += 1;
                    let name = format!("bug{number}_{tries}");
                    pairs.push(Pair::with_text(
                        &Fixture {
                            nested: false,
                            name,
                            ..fixture.clone()
                        },
                        &wrong.text,
                    ));
                }
            }
        }
        let verdict = Program {
            name: "seeded".into(),
            edition: year,
            release: false,
            features: &[],
        }
        .check(pairs)?;
        let different = verdict
            .outcomes
            .iter()
            .filter(|outcome| outcome.differing > 0)
            .map(|outcome| outcome.fixture.clone());
        let failed = verdict
            .failures
            .iter()
            .filter_map(|failure| failure.fixture.clone());
        for name in different.chain(failed) {
            let bug = name.split('_').next().unwrap_or_default().to_owned();
            *found.entry(bug).or_default() += 1;
        }
    }
    let missed: Vec<&Bug> = Bug::ALL
        .iter()
        .enumerate()
        .filter(|(number, _)| !found.contains_key(&format!("bug{number}")))
        .map(|(_, bug)| bug)
        .collect();
    println!("{found:?}");
    assert!(missed.is_empty(), "not found: {missed:?}");
    Ok(())
}

/// Random programs find such bugs too. Those that need a rare program show in longer runs only: `fuzz seeded --programs 5000`.
#[test]
fn the_fuzzer_finds_seeded_bugs() -> Result<(), Box<dyn Error>> {
    let hunts = hunt(1, 250, 8)?;
    println!("{hunts:#?}");
    let found = hunts.values().filter(|hunt| hunt.caught > 0).count();
    assert!(
        found >= COMMON,
        "of {} bugs only {found} are found: {hunts:#?}",
        hunts.len()
    );
    Ok(())
}

/// How many of the bugs show in a few hundred programs.
const COMMON: usize = 5;
