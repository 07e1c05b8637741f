//! Every fixture's output equals its reviewed golden.

use handroll_tests::{features, fixture, golden};
use std::{env, fs};

#[test]
fn outputs_equal_their_goldens() -> Result<(), Box<dyn std::error::Error>> {
    let fixtures = fixture::all()?;
    let expected = golden::expected(&fixtures)?;
    let table = features::expected(&fixtures, &expected[golden::REFUSED])?;
    if env::var_os("HANDROLL_BLESS").is_some() {
        assert!(
            env::var_os("CI").is_none(),
            "goldens are reviewed: they are not updated where CI is set"
        );
        golden::bless(&expected)?;
        fs::write(features::page(), &table)?;
    }
    let diffs = golden::compare(&expected)?;
    assert!(
        diffs.is_empty(),
        "{diffs}\nTo accept: HANDROLL_BLESS=1 cargo test -p handroll-tests --test golden, then review the diff."
    );
    assert_eq!(
        fs::read_to_string(features::page())?,
        table,
        "the table in fixtures/README.md is not current: accept it in the same way"
    );
    Ok(())
}
