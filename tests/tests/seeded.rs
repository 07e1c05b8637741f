//! Bugs on purpose: the fuzzer finds each of them. What it compares would otherwise prove little.

use handroll_lowering::Edition;
use handroll_lowering::seeded::Bug;
use handroll_tests::fuzz::{Program, check_seeded, generate, lowered_text};
use std::error::Error;

/// How many programs in which a bug shows are compared.
const PROGRAMS: usize = 10;

/// How many programs are looked at for that.
const SEEDS: u64 = 1_500;

/// The edition in which a bug can show.
fn edition(bug: Bug) -> Edition {
    match bug {
        Bug::ElseHoldsScrutinee => Edition::E2024,
        _ => Edition::E2021,
    }
}

#[test]
fn seeded_bugs_are_found() -> Result<(), Box<dyn Error>> {
    let mut missed = Vec::new();
    for year in [Edition::E2021, Edition::E2024] {
        let bugs: Vec<Bug> = Bug::ALL
            .iter()
            .copied()
            .filter(|&bug| edition(bug) == year)
            .collect();
        let mut programs = (400_000..400_000 + SEEDS)
            .map(|seed| generate(seed, year))
            .filter_map(|program| {
                let text = lowered_text(&program, year, None)?;
                Some((program, text))
            });
        let mut accepted: Vec<(Program, String)> = Vec::new();
        let mut subjects: Vec<(Program, Option<Bug>)> = Vec::new();
        for &bug in &bugs {
            let mut touched = 0;
            for i in 0.. {
                if i == accepted.len() {
                    let Some(next) = programs.next() else { break };
                    accepted.push(next);
                }
                let (program, right) = &accepted[i];
                if lowered_text(program, year, Some(bug)).is_some_and(|wrong| wrong != *right) {
                    subjects.push((program.clone(), Some(bug)));
                    touched += 1;
                }
                if touched == PROGRAMS {
                    break;
                }
            }
        }
        let findings = check_seeded("fuzz-seeded", &subjects, year)?;
        for bug in bugs {
            let found: Vec<_> = subjects
                .iter()
                .zip(&findings)
                .filter(|((_, seeded), _)| *seeded == Some(bug))
                .map(|(_, finding)| finding)
                .collect();
            let kinds: Vec<String> = found.iter().map(|finding| finding.kind()).collect();
            println!("{bug:?}: {}", kinds.join(", "));
            if !found.iter().any(|finding| finding.is_defect()) {
                missed.push(bug);
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
    Ok(())
}
