//! The firmware of `fixtures/serial-echo`: built for the chip, run by QEMU, measured.
//!
//! - [`tools`] finds what that needs, or gets it.
//! - [`emulator`] is a running chip with its serial line.
//! - [`elf`] reads sizes and symbols, [`count`] counts instructions, [`figures`] is the table of both.

pub mod count;
pub mod elf;
pub mod emulator;
pub mod figures;
pub mod tools;

use crate::place;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, io};
use tools::Tools;

/// A board that QEMU emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// The target of its chip.
    pub target: &'static str,
    /// Its name in QEMU.
    pub machine: &'static str,
    /// The number of its serial line's interrupt.
    pub interrupt: u32,
}

/// A Cortex-M3.
pub const M3: Board = Board {
    target: "thumbv7m-none-eabi",
    machine: "lm3s6965evb",
    interrupt: 5,
};
/// A Cortex-M0, which has no compare-and-swap.
pub const M0: Board = Board {
    target: "thumbv6m-none-eabi",
    machine: "microbit",
    interrupt: 2,
};

/// The package.
pub fn package() -> PathBuf {
    place::fixtures().join("serial-echo")
}

/// Where its programs are built: cargo's own folder is locked while tests run.
fn target() -> PathBuf {
    place::programs().with_file_name("handroll-firmware")
}

/// Builds a program of the package, with its features; the path of its ELF.
///
/// # Errors
/// What cargo says, or what to install.
pub fn build(program: &str, features: &str, board: Board) -> io::Result<PathBuf> {
    // Programs with other features are other builds of the same library: one at a time.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let tools = Tools::find()?;
    let mut cargo = tools.cargo();
    cargo
        .args(["build", "--quiet", "--release", "--locked", "--color=never"])
        .args([
            "--bin",
            program,
            "--features",
            features,
            "--target",
            board.target,
        ])
        .current_dir(package())
        .env("CARGO_TARGET_DIR", target());
    let output = cargo.output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{program}: {errors}")));
    }
    let built = target().join(board.target).join("release").join(program);
    // Another set of features would write over it.
    let kept = target().join(format!("{program}-{}-{features}.elf", board.target));
    // A chip may be starting from the last copy: it stays whole.
    let new = kept.with_extension("new");
    fs::copy(built, &new)?;
    fs::rename(new, &kept)?;
    Ok(kept)
}

/// The name of a program's file without its folder.
pub fn name(program: &Path) -> String {
    program
        .file_name()
        .unwrap_or(OsStr::new("program"))
        .to_string_lossy()
        .into_owned()
}
