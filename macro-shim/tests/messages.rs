//! What users of the attribute read, as they read it. `TRYBUILD=overwrite` has the reviewed files written anew.

use handroll_lowering::Code;
use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

/// The compiler in whose words `tests/mistakes` was reviewed.
const REVIEWED: &str = "rustc 1.95.";

/// Every refusal, every wrong use of the options, and what cannot be lowered at all.
#[test]
fn refusals() {
    trybuild::TestCases::new().compile_fail("tests/refusals/*.rs");
}

/// Mistakes in lowered functions, in the compiler's own words. That it says the same without the attribute is another test
/// (`tests/tests/attribute/mistakes.rs`), which any version of the compiler passes.
#[test]
fn mistakes() -> Result<(), Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    let version = Command::new(rustc).arg("--version").output()?;
    let version = String::from_utf8(version.stdout)?;
    if version.starts_with(REVIEWED) {
        trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
    } else {
        // Not by `eprintln!`, which a test that passes does not show.
        let left_out =
            format!("tests/mistakes has the words of {REVIEWED}*; left out with {version}");
        io::stderr().write_all(left_out.as_bytes())?;
    }
    Ok(())
}

#[test]
fn every_code_is_shown() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refusals");
    let mut said = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "stderr")
        {
            said.push_str(&fs::read_to_string(path)?);
        }
    }
    // What does not parse, the compiler reports itself; an internal error has no program that we know of.
    let elsewhere = ["HR0001", "HR0002"];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.id())
        .filter(|id| !elsewhere.contains(id) && !said.contains(&format!("[{id}]")))
        .collect();
    assert!(missing.is_empty(), "no file shows {missing:?}");
    Ok(())
}
