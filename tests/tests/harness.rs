//! The comparison itself: it finds nothing where nothing is, and what is wrong where something is.

use handroll_lowering::Edition;
use handroll_tests::fixture::{self, EDITIONS, Fixture};
use handroll_tests::place;
use handroll_tests::program::{Pair, Program, Verdict};
use std::error::Error;
use std::{fs, io};

/// Every fixture compiles without warnings in each of its editions, and behaves like itself.
#[test]
fn fixtures_equal_themselves() -> Result<(), Box<dyn Error>> {
    let fixtures = fixture::all()?;
    for edition in EDITIONS {
        let of_edition = fixtures
            .iter()
            .filter(|fixture| fixture.editions.contains(&edition));
        let pairs = of_edition
            .map(|fixture| Pair::with_text(fixture, &fixture.text))
            .collect();
        let verdict = Program {
            name: "itself".into(),
            edition,
            release: false,
            features: &[],
        }
        .check(pairs)?;
        let problems = verdict.problems();
        assert!(problems.is_empty(), "{edition:?}\n{problems}");
        assert!(!verdict.outcomes.is_empty(), "{edition:?} has no cases");
    }
    Ok(())
}

/// Compares `wrong/NAME.rs` with `wrong/NAME.lowered.rs`.
fn check_wrong(name: &str) -> io::Result<Verdict> {
    let folder = place::workspace().join("tests/wrong");
    let fixture = Fixture::read(&folder.join(name).with_extension("rs"))?;
    let lowered = fs::read_to_string(folder.join(name).with_extension("lowered.rs"))?;
    Program {
        name: format!("wrong-{name}"),
        edition: Edition::E2024,
        release: false,
        features: &[],
    }
    .check(vec![Pair::with_text(&fixture, &lowered)])
}

#[test]
fn a_wrong_drop_order_is_found() -> io::Result<()> {
    let verdict = check_wrong("drop_order")?;
    let problems = verdict.problems();
    assert!(problems.contains("drop_order, case `two`"), "{problems}");
    assert!(
        problems.contains(">>   7 drop b           drop a"),
        "{problems}"
    );
    Ok(())
}

#[test]
fn a_moved_child_is_found() -> io::Result<()> {
    let problems = check_wrong("moved_child")?.problems();
    assert!(problems.contains("MOVED wait"), "{problems}");
    Ok(())
}

#[test]
fn a_crash_is_found_and_the_other_cases_are_compared() -> io::Result<()> {
    let verdict = check_wrong("crash")?;
    let problems = verdict.problems();
    assert!(
        problems.contains("crash, case `aborts`: the program ended with"),
        "{problems}"
    );
    assert!(
        verdict
            .outcomes
            .iter()
            .any(|outcome| outcome.case == "harmless"),
        "{problems}"
    );
    Ok(())
}

#[test]
fn code_that_does_not_compile_is_found() -> io::Result<()> {
    let problems = check_wrong("does_not_compile")?.problems();
    assert!(
        problems.contains("does_not_compile: the lowered code does not compile"),
        "{problems}"
    );
    assert!(
        problems.contains("unused variable"),
        "warnings are errors: {problems}"
    );
    Ok(())
}
