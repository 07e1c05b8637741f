//! Every fixture's output equals its reviewed golden.

use handroll_tests::{fixture, golden};
use std::env;

#[test]
fn outputs_equal_their_goldens() -> Result<(), Box<dyn std::error::Error>> {
    let expected = golden::expected(&fixture::all()?)?;
    if env::var_os("HANDROLL_BLESS").is_some() {
        assert!(
            env::var_os("CI").is_none(),
            "goldens are reviewed: they are not updated where CI is set"
        );
        golden::bless(&expected)?;
    }
    let diffs = golden::compare(&expected)?;
    assert!(
        diffs.is_empty(),
        "{diffs}\nTo accept: HANDROLL_BLESS=1 cargo test -p handroll-tests --test golden, then review the diff."
    );
    Ok(())
}
