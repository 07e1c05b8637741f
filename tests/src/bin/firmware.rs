//! Runs the serial echo: `cargo run -p handroll-tests --bin firmware [-- PROGRAM]`. Type; leave with Ctrl-A X.
//!
//! `PROGRAM` is one of `fixtures/serial-echo/src/bin`: `lowered` unless it is given, or `two`, `by_hand`, `native` ..

use handroll_tests::firmware::{M3, build, emulator};
use std::process::ExitCode;

fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or("lowered".to_owned());
    let features = match &*program {
        "attribute" | "lilos" | "embassy" => &*program,
        _ => "",
    };
    let ran = build(&program, features, M3).and_then(|elf| {
        eprintln!("Type; each byte comes back between > and <. Leave with Ctrl-A X.");
        let mut qemu = emulator::qemu();
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
