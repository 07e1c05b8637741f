//! Measures handroll: `cargo run --release -p handroll-tests --bin bench -- COMMAND`.
//!
//! - `throughput`: lines and functions lowered a second over five real crates, against parsing and printing alone; time an await of
//!   functions with up to 5,000 of them.
//! - `compile [CRATE..]`: time of `cargo check` of lowered code against the original's: generated functions, then crates.
//! - `attribute`: time of `cargo check` and `cargo build` of a crate of 1,000 functions under `#[lower]` against the compiler's own.
//! - `sizes [--opt 3|2|s]`: bytes, and instructions a poll under valgrind, for every fixture.
//! - `firmware`: flash, RAM and instructions of the serial echo, on an emulated Cortex-M3.
//! - `all`: the first three.

use handroll_tests::bench::{attribute, compile, sizes, throughput};
use std::process::ExitCode;

const USAGE: &str = "usage: bench throughput | compile [CRATE..] | attribute | sizes [--opt 3|2|s] | firmware | all";

/// Sources nest deeper than a small stack allows.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let work = move || work(&args).map_err(|error| error.to_string());
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(work);
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}

fn work(args: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["throughput"] => throughput::run()?,
        ["compile"] => compile::run(&compile::default_crates())?,
        ["compile", ref crates @ ..] => {
            compile::run(&crates.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        }
        ["attribute"] => attribute::run()?,
        ["sizes"] => sizes::run("3")?,
        ["sizes", "--opt", level @ ("s" | "z" | "1" | "2" | "3")] => sizes::run(level)?,
        #[cfg(unix)]
        ["firmware"] => handroll_tests::firmware::figures::run()?,
        ["all"] => {
            throughput::run()?;
            compile::run(&compile::default_crates())?;
            sizes::run("3")?;
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
