//! Instructions from an interrupt to sleep, counted by QEMU.

use super::Board;
use super::elf::Elf;
use super::emulator::Chip;
use crate::place;
use std::path::Path;
use std::time::Duration;
use std::{fs, io, thread};

/// `wfi` and `wfe`.
const SLEEP: [[u8; 2]; 2] = [[0x30, 0xBF], [0x20, 0xBF]];

/// The instructions from the entry of the serial line's interrupt to the next sleep, that included, when one byte arrives: the median
/// of several bytes.
///
/// QEMU executes one instruction at a time and logs it. It logs an access to a device twice, because it executes it anew with the clock
/// set; that is one instruction.
///
/// # Errors
/// When the program does not answer, or most bytes do not cost the same.
pub fn instructions(board: Board, program: &Path) -> io::Result<usize> {
    let elf = Elf::read(program)?;
    let handler = elf
        .handler(board.interrupt)
        .ok_or_else(|| io::Error::other("no vectors"))?;
    let log = place::programs()
        .with_file_name("handroll-firmware")
        .join(format!("{}.log", super::name(program)));
    let arguments = [
        "-icount",
        "shift=0",
        "-singlestep",
        "-d",
        "exec,nochain",
        "-D",
    ];
    let mut all = arguments.to_vec();
    let path = log.to_string_lossy().into_owned();
    all.push(&path);
    let mut chip = Chip::start_with(board, program, &all)?;
    const BYTES: &[u8] = b"handroll >echo<";
    for byte in BYTES {
        chip.send(&[*byte])?;
        let answer = chip.receive(3);
        if answer != [b'>', *byte, b'<'] {
            return Err(io::Error::other(format!(
                "{}: answered {answer:?}",
                program.display()
            )));
        }
        // It is asleep again soon after its answer.
        thread::sleep(Duration::from_millis(60));
    }
    drop(chip);
    let mut counts = counts(&fs::read_to_string(&log)?, &elf, handler);
    fs::remove_file(log)?;
    // An interrupt of a timer may fall into one. An executor that sleeps by `wfe` may pass that by once on its way to the task.
    counts.sort_unstable();
    let longest = counts.last().copied().unwrap_or(0);
    counts.retain(|count| count * 3 >= longest * 2);
    let median = counts.get(counts.len() / 2).copied().unwrap_or(0);
    let near = |count: &&usize| count.abs_diff(median) * 20 <= median;
    if counts.len() < BYTES.len() / 3 || counts.iter().filter(near).count() <= counts.len() / 2 {
        return Err(io::Error::other(format!(
            "{}: {counts:?}",
            program.display()
        )));
    }
    Ok(median)
}

/// The counts for all interrupts that end a sleep.
fn counts(log: &str, elf: &Elf, handler: u32) -> Vec<usize> {
    let mut counts = Vec::new();
    let mut counting = None;
    let mut last = None;
    // Instructions since the last sleep: interrupts are unmasked after it.
    let mut since = usize::MAX;
    for line in log.lines() {
        // `Trace 0: 0x7f2b40000240 [00800400/00000160/00000110/ff020201] name`
        let address = line
            .split_once('[')
            .and_then(|(_, rest)| rest.split('/').nth(1))
            .and_then(|address| u32::from_str_radix(address, 16).ok());
        let Some(address) = address else { continue };
        if last == Some(address) {
            continue;
        }
        last = Some(address);
        if address == handler && since <= 6 {
            counting = Some(0);
        }
        let code = elf.at(address).unwrap_or_default();
        let asleep = SLEEP.iter().any(|sleep| code.starts_with(sleep));
        since = if asleep { 0 } else { since.saturating_add(1) };
        if let Some(count) = &mut counting {
            *count += 1;
            if asleep {
                counts.extend(counting.take());
            }
        }
    }
    counts
}
