//! Instruction counts by valgrind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

/// The function inside which instructions count.
pub const COUNTED: &str = "handroll_poll";
/// The function at whose entry a count ends and the next one starts.
pub const MARK: &str = "handroll_mark";

/// Whether valgrind can be run.
///
/// # Errors
/// What to install.
pub fn available() -> io::Result<()> {
    let found = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match found {
        Ok(status) if status.success() => Ok(()),
        _ => Err(io::Error::other(
            "valgrind is missing; on Debian and Ubuntu: apt-get install valgrind",
        )),
    }
}

/// A program's output, and the instructions inside of [`COUNTED`] between each two entries of [`MARK`].
///
/// # Errors
/// When the program fails.
pub fn run(program: &Path, folder: &Path) -> io::Result<(String, Vec<u64>)> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("out").display()
        ))
        .arg(format!("--toggle-collect=*{COUNTED}*"))
        .arg(format!("--dump-before={MARK}"))
        .arg(program)
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "{} under valgrind: {}\n{}",
            program.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    let mut counts = Vec::new();
    // The first dump is what came before the first mark.
    while let Ok(dump) = fs::read_to_string(folder.join(format!("out.{}", counts.len() + 1))) {
        counts.push(total(&dump).unwrap_or(0));
    }
    if !counts.is_empty() {
        counts.remove(0);
    }
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), counts))
}

fn total(dump: &str) -> Option<u64> {
    let line = dump.lines().find_map(|line| {
        line.strip_prefix("summary:")
            .or(line.strip_prefix("totals:"))
    })?;
    line.trim().parse().ok()
}
