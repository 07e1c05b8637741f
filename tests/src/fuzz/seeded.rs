//! Whether random programs find bugs that are there on purpose.

use super::batch::{Finding, check_seeded, lowered_text};
use super::function::{Program, generate};
use handroll_lowering::Edition;
use handroll_lowering::seeded::Bug;
use std::collections::BTreeMap;
use std::io;

/// How far a bug was hunted.
#[derive(Clone, Debug, Default)]
pub struct Hunt {
    /// Programs whose lowered text shows the bug.
    pub shown: usize,
    /// Those of them that behave differently, crash or do not compile.
    pub caught: usize,
}

/// The edition in which a bug can show.
pub fn edition(bug: Bug) -> Edition {
    match bug {
        Bug::ElseHoldsScrutinee => Edition::E2024,
        _ => Edition::E2021,
    }
}

/// Puts each bug into the lowering of random programs, of `programs` seeds from `first` on; at most `most` of those in which it shows
/// are compiled and compared.
///
/// # Errors
/// When cargo cannot be run or a file not be written.
pub fn hunt(first: u64, programs: u64, most: usize) -> io::Result<BTreeMap<String, Hunt>> {
    let mut hunts: BTreeMap<String, Hunt> = BTreeMap::new();
    for year in [Edition::E2021, Edition::E2024] {
        let bugs: Vec<Bug> = Bug::ALL
            .iter()
            .copied()
            .filter(|&bug| edition(bug) == year)
            .collect();
        let mut subjects: Vec<(Program, Option<Bug>)> = Vec::new();
        let mut shown = vec![0; bugs.len()];
        for seed in first..first + programs {
            if shown.iter().all(|&count| count >= most) {
                break;
            }
            let program = generate(seed, year);
            let Some(right) = lowered_text(&program, year, None) else {
                continue;
            };
            for (&bug, shown) in bugs.iter().zip(&mut shown) {
                if *shown < most
                    && lowered_text(&program, year, Some(bug)).is_some_and(|wrong| wrong != right)
                {
                    *shown += 1;
                    subjects.push((program.clone(), Some(bug)));
                }
            }
        }
        for bug in &bugs {
            hunts.entry(format!("{bug:?}")).or_default();
        }
        let findings = check_seeded("fuzz-seeded", &subjects, year)?;
        for ((_, bug), finding) in subjects.iter().zip(findings) {
            let Some(bug) = bug else { continue };
            // What is not accepted natively says nothing.
            if !matches!(finding, Finding::Rejected(_)) {
                let hunt = hunts.entry(format!("{bug:?}")).or_default();
                hunt.shown += 1;
                hunt.caught += usize::from(finding.is_defect());
            }
        }
    }
    Ok(hunts)
}
