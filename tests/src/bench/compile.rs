//! What lowered code costs rustc.

use super::generate::{Shape, file};
use super::{against_goal, best_of};
use crate::place;
use crate::real::fetch::{fetch, work_folder};
use crate::real::{check, roster};
use handroll_lowering::{Options, lower_file};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

/// `cargo check` of a real crate may take this many times the original's.
const GOAL_REAL: f64 = 1.5;
/// The same for one function of many awaits: 100 or more.
const GOAL_GENERATED: f64 = 2.0;
const TIMES: usize = 3;

/// Prints the times of `cargo check` for generated functions, and for the named crates.
///
/// # Errors
/// When cargo or rustc cannot be run, or a crate cannot be fetched.
pub fn run(crates: &[String]) -> io::Result<()> {
    generated()?;
    for name in crates {
        real(name)?;
    }
    Ok(())
}

/// The crates to take when none is named: those that build fast.
pub fn default_crates() -> Vec<String> {
    vec!["tokio-postgres".to_owned(), "async-nats".to_owned()]
}

fn real(name: &str) -> io::Result<()> {
    let sources = fetch(&roster::ROSTER)?;
    let source = sources
        .iter()
        .find(|source| source.entry.name == name)
        .ok_or_else(|| {
            let known: Vec<_> = roster::ROSTER.iter().map(|entry| entry.name).collect();
            io::Error::other(format!("`{name}` is none of {}", known.join(", ")))
        })?;
    let checked = check::check(source, |what| eprintln!("{name}: {what}"))?;
    if !checked.unblamed.is_empty() {
        println!("{name}: its lowered text does not compile");
        return Ok(());
    }
    let mut times = [Duration::ZERO; 2];
    for (time, lowered) in times.iter_mut().zip([false, true]) {
        checked.write(lowered)?;
        checked.package.check()?;
        *time = best_of(TIMES, || {
            let touched = checked.package.touch();
            touched.and_then(|()| checked.package.check()).is_ok()
        });
    }
    let [original, lowered] = times.map(|time| time.as_secs_f64());
    println!(
        "{name}: cargo check {original:.2} s, with {} lowered functions {lowered:.2} s: {}",
        checked.lowered - checked.failures.len(),
        against_goal(lowered / original, GOAL_REAL)
    );
    Ok(())
}

/// Times of rustc for one function of many awaits; an empty crate's time is taken off both.
fn generated() -> io::Result<()> {
    let folder = work_folder().join("generated");
    fs::create_dir_all(&folder)?;
    let runtime = folder.join("libhandroll_rt.rmeta");
    let sources = place::workspace().join("runtime-min/src/lib.rs");
    let built = rustc(&sources, &folder, &["--crate-name=handroll_rt"])?.wait()?;
    if !built.success() {
        return Err(io::Error::other("handroll-rt does not compile"));
    }
    let empty = time(&folder, "empty", "", &runtime, None)?.unwrap_or_default();
    println!(
        "rustc, an empty crate: {:.2} s, taken off below",
        empty.as_secs_f64()
    );
    for shape in Shape::ALL {
        for awaits in [10, 100, 1_000] {
            let source = file(shape, awaits);
            let Ok(lowered) = lower_file(&source, &Options::default()) else {
                println!("{shape:?}, {awaits} awaits: refused as a whole");
                continue;
            };
            if lowered
                .functions
                .iter()
                .any(|function| function.outcome.is_err())
            {
                println!("{shape:?}, {awaits} awaits: refused");
                continue;
            }
            let Some(original) = time(&folder, "original", &source, &runtime, None)? else {
                println!("{shape:?}, {awaits} awaits: the original does not compile");
                continue;
            };
            let patience = original * 20 + Duration::from_secs(5);
            let found = time(&folder, "lowered", &lowered.text, &runtime, Some(patience))?;
            let net = |time: Duration| time.saturating_sub(empty).as_secs_f64().max(0.001);
            match found {
                Some(time) => {
                    let ratio = net(time) / net(original);
                    println!(
                        "{shape:?}, {awaits} awaits: rustc {:.2} s, lowered {:.2} s: {}",
                        net(original),
                        net(time),
                        if awaits < 100 {
                            format!("{ratio:.2}x")
                        } else {
                            against_goal(ratio, GOAL_GENERATED)
                        }
                    );
                }
                None => println!(
                    "{shape:?}, {awaits} awaits: rustc {:.2} s; lowered: DOES NOT COMPILE, or takes more than {:.0} s",
                    net(original),
                    patience.as_secs_f64()
                ),
            }
        }
    }
    Ok(())
}

/// The best time of rustc on a text, if it compiles, and within the patience.
fn time(
    folder: &Path,
    name: &str,
    text: &str,
    runtime: &Path,
    patience: Option<Duration>,
) -> io::Result<Option<Duration>> {
    let path = folder.join(name).with_extension("rs");
    fs::write(&path, text)?;
    let mut external = std::ffi::OsString::from("--extern=handroll_rt=");
    external.push(runtime);
    let external = external.to_string_lossy().into_owned();
    let mut best: Option<Duration> = None;
    for _ in 0..TIMES {
        let started = Instant::now();
        let mut child = rustc(&path, folder, &[&external])?;
        loop {
            if let Some(status) = child.try_wait()? {
                if !status.success() {
                    return Ok(None);
                }
                break;
            }
            if patience.is_some_and(|patience| started.elapsed() > patience) {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(1));
        }
        let time = started.elapsed();
        best = Some(best.map_or(time, |best| best.min(time)));
        if time > Duration::from_secs(10) {
            break;
        }
    }
    Ok(best)
}

/// What `cargo check` runs, without cargo.
fn rustc(path: &Path, folder: &Path, args: &[&str]) -> io::Result<Child> {
    let compiler: PathBuf = env::var_os("RUSTC").unwrap_or("rustc".into()).into();
    Command::new(compiler)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "-Awarnings",
            "--out-dir",
        ])
        .arg(folder)
        .args(args)
        .arg(path)
        .stderr(Stdio::null())
        .spawn()
}
