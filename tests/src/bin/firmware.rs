//! Runs the serial echo: `cargo run -p handroll-tests --bin firmware [-- PROGRAM [BOARD]]`. Type; leave with Ctrl-A X.
//!
//! `PROGRAM` is one of `fixtures/serial-echo/src/bin`: `lowered` unless it is given, or `two`, `by_hand`, `native` .. `BOARD` is `m3`
//! unless it is given, or `m0`, which has no program with two tasks.

use handroll_tests::firmware::{M0, M3, build, emulator};
use std::process::ExitCode;

fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or("lowered".to_owned());
    let features = match &*program {
        "attribute" | "lilos" | "embassy" => &*program,
        _ => "",
    };
    let board = match std::env::args().nth(2).as_deref() {
        None | Some("m3") => M3,
        Some("m0") => M0,
        Some(other) => {
            eprintln!("no board `{other}`: m3 or m0");
            return ExitCode::FAILURE;
        }
    };
    let ran = build(&program, features, board).and_then(|elf| {
        eprintln!("Type; each byte comes back between > and <. Leave with Ctrl-A X.");
        let mut qemu = emulator::qemu(board)?;
        qemu.args(["-nographic", "-serial", "mon:stdio", "-kernel"])
            .arg(elf);
        qemu.status()
    });
    match ran {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("QEMU ended with {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
