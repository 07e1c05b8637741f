//! A batch of random programs with fixed seeds, each compared with the compiler's own. `fuzz run` of the binary `fuzz` is the long run.

use handroll_lowering::Edition;
use handroll_tests::fuzz::{Program, Tally, check, generate};
use std::error::Error;

/// The first seed of each edition, and how many programs.
const BATCHES: [(u64, u64, Edition); 3] = [
    (2_000_000, 400, Edition::E2021),
    (3_000_000, 400, Edition::E2024),
    (1_000_000, 150, Edition::E2018),
];

#[test]
fn random_programs_behave_the_same() -> Result<(), Box<dyn Error>> {
    let mut tally = Tally::default();
    let mut defects = String::new();
    for (first, programs, edition) in BATCHES {
        let seeds = first..first + programs;
        let programs: Vec<Program> = seeds.map(|seed| generate(seed, edition)).collect();
        let findings = check("fuzz-fixed", &programs, edition)?;
        for (program, finding) in programs.iter().zip(&findings) {
            tally.add(program, finding);
            if finding.is_defect() {
                let text = format!(
                    "seed {}, edition {edition:?}: {}\n{}\n",
                    program.seed,
                    finding.kind(),
                    finding.text()
                );
                defects.push_str(&text);
            }
        }
    }
    println!("{}", tally.summary());
    assert!(defects.is_empty(), "\n{defects}");
    let same = tally.kinds.get("same").copied().unwrap_or(0);
    assert!(same >= 600, "too few programs are lowered: {same}");
    assert!(
        tally.constructs.len() >= 120,
        "the generator covers too little: {} constructs",
        tally.constructs.len()
    );
    Ok(())
}

/// A seed gives the same program wherever and whenever it is used.
#[test]
fn a_seed_reproduces() {
    let text = |seed| generate(seed, Edition::E2024).print();
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
}

/// What the generator writes is Rust: few programs are rejected, and none for its syntax or names.
#[test]
fn programs_parse() -> Result<(), Box<dyn Error>> {
    for seed in 0..500 {
        let text = generate(seed, Edition::E2024).print();
        syn::parse_file(&text).map_err(|error| format!("seed {seed}: {error}\n{text}"))?;
    }
    Ok(())
}
