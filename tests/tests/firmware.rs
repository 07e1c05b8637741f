//! The serial echo of `fixtures/serial-echo`, on a chip that QEMU emulates.
//!
//! What that needs and is missing is installed or unpacked, see `handroll_tests::firmware::tools`; these tests are never skipped.
//!
//! `HANDROLL_BLESS=1 cargo test -p handroll-tests --test firmware` writes the lowered files anew; then review the diff.
#![cfg(unix)]

use handroll_lowering::{Options, lower_file};
use handroll_tests::firmware::elf::Elf;
use handroll_tests::firmware::emulator::Chip;
use handroll_tests::firmware::figures::{Costs, measure};
use handroll_tests::firmware::{Board, M0, M3, build, package};
use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

type Result = std::result::Result<(), Box<dyn Error>>;

/// The programs that echo, with their features and boards.
const ECHOES: [(&str, &str, Board); 13] = [
    ("lowered", "", M3),
    ("attribute", "attribute", M3),
    ("native", "", M3),
    ("by_hand", "", M3),
    ("no_executor", "", M3),
    ("two", "", M3),
    ("two_dyn", "", M3),
    ("two_in_an_array", "", M3),
    ("lowered", "", M0),
    ("attribute", "attribute", M0),
    ("native", "", M0),
    ("by_hand", "", M0),
    ("no_executor", "", M0),
];

/// The programs with two tasks.
const TWO: [&str; 6] = [
    "two",
    "two_native",
    "two_dyn",
    "two_dyn_native",
    "two_in_an_array",
    "two_in_an_array_native",
];

/// What comes back for bytes.
fn echo(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| [b'>', *byte, b'<']).collect()
}

#[test]
fn the_lowered_files_are_what_the_command_writes() -> Result {
    for name in ["echo", "blink"] {
        let source = fs::read_to_string(package().join("src").join(name).with_extension("rs"))?;
        let lowered =
            lower_file(&source, &Options::default()).map_err(|errors| format!("{errors:?}"))?;
        assert!(
            lowered
                .functions
                .iter()
                .all(|function| function.outcome.is_ok())
        );
        assert!(!lowered.functions.is_empty());
        let path = package()
            .join("src/lowered")
            .join(name)
            .with_extension("rs");
        if std::env::var_os("HANDROLL_BLESS").is_some() {
            assert!(
                std::env::var_os("CI").is_none(),
                "lowered files are reviewed"
            );
            fs::write(path, lowered.text)?;
            continue;
        }
        let present = fs::read_to_string(&path)?;
        let diff = similar::TextDiff::from_lines(&present, &lowered.text);
        let diff = diff
            .unified_diff()
            .header("as it is", "as it should be")
            .to_string();
        assert!(diff.is_empty(), "{}:\n{diff}", path.display());
    }
    Ok(())
}

/// The attribute stands on the same function: a module's file cannot be under one.
#[test]
fn the_attribute_has_the_same_source() -> Result {
    let source = fs::read_to_string(package().join("src/echo.rs"))?;
    let attribute = fs::read_to_string(package().join("src/bin/attribute.rs"))?;
    let function = &source[source.find("/// Sends").ok_or("no function")?..];
    let indented: String = function
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    assert!(
        attribute.contains(&indented.replace("    \n", "\n")),
        "{indented}"
    );
    Ok(())
}

#[test]
fn every_byte_comes_back_between_brackets() -> Result {
    for (program, features, board) in ECHOES {
        let mut chip = Chip::start(board, &build(program, features, board)?)?;
        for byte in *b"he" {
            chip.send(&[byte])?;
            assert_eq!(chip.receive(3), echo(&[byte]), "{program}");
        }
        let all: Vec<u8> = (0..=255).collect();
        chip.send(&all)?;
        assert!(chip.receive(3 * 256) == echo(&all), "{program}");
        assert_eq!(chip.rest(), b"", "{program}");
    }
    Ok(())
}

/// Waits until the chip answers: what comes before its port is set up is lost, on a real one too.
fn ready(chip: &mut Chip) -> Result {
    for _ in 0..100 {
        chip.send(b"?")?;
        if !chip.rest().is_empty() {
            while !chip.rest().is_empty() {}
            return Ok(());
        }
    }
    Err("the chip does not answer".into())
}

#[test]
fn a_burst_loses_nothing() -> Result {
    for (program, features, board) in ECHOES {
        let mut chip = Chip::start(board, &build(program, features, board)?)?;
        ready(&mut chip)?;
        // No period that is one of the ring's.
        let burst: Vec<u8> = (0..5_000_u32).map(|i| (i * 31 % 251) as u8).collect();
        chip.send(&burst)?;
        let (came, expected) = (chip.receive(3 * burst.len()), echo(&burst));
        let same = came
            .iter()
            .zip(&expected)
            .take_while(|(came, expected)| came == expected);
        assert_eq!(
            (came.len(), same.count()),
            (expected.len(), expected.len()),
            "{program}"
        );
        assert_eq!(chip.rest(), b"", "{program}");
    }
    Ok(())
}

#[test]
fn it_sleeps_while_nothing_comes() -> Result {
    for (program, board) in [("lowered", M3), ("two", M3), ("lowered", M0)] {
        let mut chip = Chip::start(board, &build(program, "", board)?)?;
        chip.send(b"x")?;
        assert_eq!(chip.receive(3), b">x<", "{program}");
        let before = chip.cpu_time()?;
        std::thread::sleep(Duration::from_secs(3));
        let used = chip.cpu_time()? - before;
        assert!(used < Duration::from_millis(100), "{program}: {used:?}");
        chip.send(b"y")?;
        assert_eq!(chip.receive(3), b">y<", "{program}");
    }
    Ok(())
}

#[test]
fn it_starts_anew_after_a_reset() -> Result {
    for board in [M3, M0] {
        let mut chip = Chip::start(board, &build("lowered", "", board)?)?;
        for byte in *b"abc" {
            chip.send(&[byte])?;
            assert_eq!(chip.receive(3), echo(&[byte]), "{board:?}");
            chip.reset()?;
        }
        assert_eq!(chip.rest(), b"", "{board:?}");
    }
    Ok(())
}

#[test]
fn two_tasks_run_at_the_same_time() -> Result {
    for program in TWO {
        let mut chip = Chip::start(M3, &build(program, "", M3)?)?;
        let end = Instant::now() + Duration::from_secs(30);
        let mut sent = 0_u8;
        // The light goes on and off while bytes come back. How fast is the machine's affair.
        let before = chip.led()?.len();
        loop {
            chip.send(&[sent])?;
            assert_eq!(chip.receive(3), echo(&[sent]), "{program}");
            sent = sent.wrapping_add(1);
            let led = chip.led()?;
            assert_eq!(led, "10".repeat(led.len())[..led.len()], "{program}");
            if led.len() >= before + 6 {
                break;
            }
            assert!(Instant::now() < end, "{program}: the light is {led:?}");
        }
    }
    Ok(())
}

/// Names of symbols that only what panics, formats or allocates would have.
fn heavy(elf: &Elf) -> Vec<String> {
    let parts = [
        "panick",
        "3fmt",
        "5alloc",
        "begin_unwind",
        "after_completion",
        "after_panicking",
        "__rust_alloc",
        "slice_index",
    ];
    let mut symbols = elf.symbols();
    symbols.retain(|symbol| parts.iter().any(|part| symbol.contains(part)));
    symbols
}

#[test]
fn nothing_panics_formats_or_allocates() -> Result {
    let echoes = ECHOES.into_iter();
    let two = TWO.into_iter().map(|program| (program, "", M3));
    for (program, features, board) in echoes.chain(two) {
        let elf = Elf::read(&build(program, features, board)?)?;
        let named = elf.symbols().iter().any(|symbol| symbol.contains("main"));
        assert!(named, "{program} has its symbols");
        assert_eq!(heavy(&elf), Vec::<String>::new(), "{program} {board:?}");
    }
    Ok(())
}

fn at_most(what: &str, costs: Costs, flash: usize, ram: usize, instructions: usize) {
    let within = costs.flash <= flash && costs.ram <= ram && costs.instructions <= instructions;
    assert!(
        within,
        "{what}: {costs:?}, at most {flash}, {ram}, {instructions}"
    );
}

/// What the executor itself costs shows in a state machine that is as good as can be: one written by hand, and the compiler's.
#[test]
fn the_executor_costs_little() -> Result {
    at_most("by hand", measure("by_hand", "")?, 456, 28, 78);
    at_most("native", measure("native", "")?, 456, 28, 78);
    at_most("two tasks, native", measure("two_native", "")?, 600, 40, 90);
    let native = measure("two_dyn_native", "")?;
    at_most("a second `dyn` task, native", native, 600, 40, 90);
    Ok(())
}

#[test]
fn the_lowered_echo_costs_no_more_than_the_executor_allows() -> Result {
    let lowered = measure("lowered", "")?;
    at_most("lowered", lowered, 456, 28, 78);
    at_most("two tasks", measure("two", "")?, 600, 40, 90);
    let second = measure("two_dyn", "")?;
    at_most("a second `dyn` task", second, 600, 40, 90);
    assert_eq!(
        lowered,
        measure("attribute", "attribute")?,
        "the attribute's code is the command's"
    );
    Ok(())
}

/// A chip without compare-and-swap.
#[test]
fn it_is_small_without_compare_and_swap() -> Result {
    for program in ["lowered", "native"] {
        let elf = Elf::read(&build(program, "", M0)?)?;
        let (flash, ram) = (elf.flash(), elf.ram());
        assert!((300..=640).contains(&flash), "{program}: {flash} B");
        assert!((20..=64).contains(&ram), "{program}: {ram} B");
    }
    Ok(())
}
