//! How fast files are lowered.

use super::generate::{Shape, file};
use super::{against_goal, best_of};
use crate::real::fetch::{fetch, rust_files};
use crate::real::roster::ROSTER;
use handroll_lowering::{Edition, Options, lower_file};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use std::{fs, io};

/// Lowering may take this many times what parsing and printing take.
const GOAL: f64 = 2.0;
const TIMES: usize = 3;

struct Text {
    text: String,
    edition: Edition,
    functions: usize,
}

/// Prints lines and functions a second over the real crates, the ratio to syn and prettyplease alone, and the time an await for
/// generated functions.
///
/// # Errors
/// When the crates cannot be fetched or read.
pub fn run() -> io::Result<()> {
    let texts = texts()?;
    let all: Vec<&Text> = texts.iter().collect();
    let asynchronous: Vec<&Text> = texts.iter().filter(|text| text.functions > 0).collect();
    measure("all files", &all);
    measure("files with async functions", &asynchronous);
    Shape::ALL.into_iter().for_each(linearity);
    Ok(())
}

/// The files that are Rust, and that the printer can print.
fn texts() -> io::Result<Vec<Text>> {
    let mut texts = Vec::new();
    for source in fetch(&ROSTER)? {
        for path in rust_files(&source.folder)? {
            let Ok(text) = fs::read_to_string(path) else {
                continue;
            };
            let edition = source.edition;
            let known = catch_unwind(AssertUnwindSafe(|| {
                parse_and_print(&text)?;
                Some(lower(&text, edition))
            }));
            if let Ok(Some(functions)) = known {
                texts.push(Text {
                    text,
                    edition,
                    functions,
                });
            }
        }
    }
    Ok(texts)
}

fn parse_and_print(text: &str) -> Option<usize> {
    let file = syn::parse_file(text).ok()?;
    Some(prettyplease::unparse(&file).len())
}

/// Lowers a text; the number of its async functions.
fn lower(text: &str, edition: Edition) -> usize {
    let mut options = Options::default();
    options.edition = edition;
    lower_file(text, &options).map_or(0, |file| file.functions.len())
}

fn measure(what: &str, texts: &[&Text]) {
    let lines: usize = texts.iter().map(|text| text.text.lines().count()).sum();
    let functions: usize = texts.iter().map(|text| text.functions).sum();
    let alone = best_of(TIMES, || {
        texts
            .iter()
            .filter_map(|text| parse_and_print(&text.text))
            .sum::<usize>()
    });
    let lowering = best_of(TIMES, || {
        texts
            .iter()
            .map(|text| lower(&text.text, text.edition))
            .sum::<usize>()
    });
    let seconds = lowering.as_secs_f64();
    println!(
        "{what}: {} files, {lines} lines, {functions} async functions; lowered in {seconds:.2} s: {:.0} lines/s, {:.0} functions/s",
        texts.len(),
        lines as f64 / seconds,
        functions as f64 / seconds
    );
    println!(
        "  syn and prettyplease alone: {:.2} s; {}",
        alone.as_secs_f64(),
        against_goal(seconds / alone.as_secs_f64(), GOAL)
    );
    let outputs: Vec<syn::File> = texts.iter().filter_map(|text| lowered(text)).collect();
    let least = best_of(TIMES, || {
        let parsed = texts
            .iter()
            .filter(|text| syn::parse_file(&text.text).is_ok())
            .count();
        let printed: usize = outputs
            .iter()
            .map(|file| prettyplease::unparse(file).len())
            .sum();
        parsed + printed
    });
    println!(
        "  parsing them with syn and printing no more than their lowered functions with prettyplease: {:.2} s, {:.2}x",
        least.as_secs_f64(),
        least.as_secs_f64() / alone.as_secs_f64()
    );
}

/// The lowered functions of a text, without the rest of it.
fn lowered(text: &Text) -> Option<syn::File> {
    let mut options = Options::default();
    options.edition = text.edition;
    let file = lower_file(&text.text, &options).ok()?;
    let functions = file
        .functions
        .iter()
        .filter_map(|function| function.outcome.as_ref().ok());
    let methods = functions.map(|lowered| format!("impl X {{ {} }}\n", lowered.text));
    syn::parse_file(&methods.collect::<String>()).ok()
}

/// A function that takes longer than this is not lowered with more awaits.
const PATIENCE: Duration = Duration::from_secs(60);

/// Prints times for growing functions.
fn linearity(shape: Shape) {
    let mut first = None;
    for awaits in [10, 100, 1_000, 5_000] {
        let text = file(shape, awaits);
        let started = Instant::now();
        lower(&text, Edition::E2024);
        let once = started.elapsed();
        let times = if once < Duration::from_secs(1) {
            TIMES
        } else {
            0
        };
        let alone = best_of(TIMES, || parse_and_print(&text));
        let time = best_of(times, || lower(&text, Edition::E2024));
        let time = if times == 0 { once } else { time };
        let each = time.as_secs_f64() * 1e6 / awaits as f64;
        let growth = each / *first.get_or_insert(each);
        println!(
            "{shape:?}, {awaits} awaits: {:.3} s, {each:.0} us an await ({growth:.1} times that of 10 awaits), {:.1}x syn and prettyplease",
            time.as_secs_f64(),
            time.as_secs_f64() / alone.as_secs_f64()
        );
        if once > PATIENCE {
            println!("  too slow to go on");
            break;
        }
    }
}
