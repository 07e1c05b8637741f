//! What the attribute costs those who build a crate with it.

use super::{against_goal, best_of};
use crate::place;
use crate::real::fetch::{cargo_ok, work_folder};
use std::fmt::Write;
use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

/// A build may take this many times what it takes with the compiler's own futures.
const GOAL: f64 = 1.5;
const TIMES: usize = 3;
const FUNCTIONS: usize = 1_000;
/// As many as a long file has.
const IN_A_FILE: usize = 25;

/// Prints the times of `cargo check` and `cargo build` for a crate of many functions, as they are and under the attribute. The attribute
/// is built as cargo builds it for others who say nothing of its profile.
///
/// Then the same for functions beside which stands the smallest machine that a person could write for them: what the goal leaves when
/// the compiler is to check the original as well.
///
/// # Errors
/// When the crate cannot be written or does not build.
pub fn run() -> io::Result<()> {
    for command in ["check", "build"] {
        let empty = time(command, "empty", 0, &function)?;
        let native = time(command, "native", FUNCTIONS, &function)?;
        let lowered = time(command, "lowered", FUNCTIONS, &|n| {
            format!("#[handroll_rt::lower]\n{}", function(n))
        })?;
        println!(
            "cargo {command}, {FUNCTIONS} functions: {native:.2} s, under the attribute {lowered:.2} s (an empty crate {empty:.2} s): {}",
            against_goal(lowered / native, GOAL)
        );
        let alone = time(command, "alone", FUNCTIONS, &sequence)?;
        let beside = time(command, "by-hand", FUNCTIONS, &|n| {
            format!("{}\n{}", sequence(n), by_hand(n))
        })?;
        println!(
            "  of one shape: {alone:.2} s, beside the smallest machines by hand {beside:.2} s: {:.2}x",
            beside / alone
        );
    }
    Ok(())
}

/// Seconds that a command takes for a crate of functions.
fn time(
    command: &str,
    name: &str,
    functions: usize,
    function: &dyn Fn(usize) -> String,
) -> io::Result<f64> {
    let folder = work_folder().join("attribute").join(name);
    write(&folder, name, functions, function)?;
    // The dependencies come first.
    cargo_ok(&folder, &[command, "--quiet", "--offline"])?;
    let mut failed = Ok(());
    let time = best_of(TIMES, || {
        let built =
            touch(&folder).and_then(|()| cargo_ok(&folder, &[command, "--quiet", "--offline"]));
        if let Err(error) = built {
            failed = Err(error);
        }
    });
    failed.map(|()| time.as_secs_f64())
}

fn touch(folder: &Path) -> io::Result<()> {
    let file = fs::File::options()
        .append(true)
        .open(folder.join("src/lib.rs"))?;
    file.set_modified(SystemTime::now())
}

fn write(
    folder: &Path,
    name: &str,
    functions: usize,
    function: &dyn Fn(usize) -> String,
) -> io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    let runtime = place::workspace().join("runtime-min");
    let manifest = format!(
        "[package]\nname = \"attribute-{name}\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nhandroll-rt = {{ path = {runtime:?} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(
        place::workspace().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )?;
    let mut modules = "pub mod port;\n".to_owned();
    for (file, first) in (0..functions).step_by(IN_A_FILE).enumerate() {
        let _ = writeln!(modules, "pub mod file_{file};");
        let mut text = "use crate::port::{Kept, Port, step};\n".to_owned();
        for n in first..(first + IN_A_FILE).min(functions) {
            let _ = writeln!(text, "{}", function(n));
        }
        fs::write(folder.join(format!("src/file_{file}.rs")), text)?;
    }
    fs::write(folder.join("src/port.rs"), PORT)?;
    fs::write(folder.join("src/lib.rs"), modules)
}

/// What the functions call.
const PORT: &str = "pub struct Kept(pub u32);
impl Drop for Kept { fn drop(&mut self) {} }
pub struct Port { pub n: u8 }
impl Port {
    pub async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ()> { std::future::ready(()).await; buf[0] = self.n; Ok(1) }
    pub async fn write(&mut self, buf: &[u8]) -> Result<(), ()> { std::future::ready(()).await; self.n = buf[0]; Ok(()) }
}
pub async fn step(n: u32) -> Result<u32, ()> { std::future::ready(Ok(n)).await }
";

/// One of four ordinary shapes: a loop with a borrowed buffer, a sequence, a branch beside a value with a drop, a `match` in a `for`.
fn function(n: usize) -> String {
    match n % 4 {
        0 => format!(
            "pub async fn echo_{n}(port: &mut Port) -> Result<usize, ()> {{\n    let mut buf = [0; 16];\n    let mut total = 0;\n    while total < {n} {{\n        let n = port.read(&mut buf).await?;\n        total += n;\n        port.write(&buf[..n]).await?;\n    }}\n    Ok(total)\n}}"
        ),
        1 => sequence(n),
        2 => format!(
            "pub async fn name_{n}(name: String, on: bool) -> String {{\n    let kept = Kept({n});\n    if on {{\n        let n = step(kept.0).await.unwrap_or(0);\n        return format!(\"{{name}} {{n}}\");\n    }}\n    name\n}}"
        ),
        _ => format!(
            "pub async fn sum_{n}(items: Vec<u32>) -> Result<u32, ()> {{\n    let mut sum = 0;\n    for item in items {{\n        match step(item).await {{\n            Ok(n) => sum += n,\n            Err(()) => return Err(()),\n        }}\n    }}\n    Ok(sum + {n})\n}}"
        ),
    }
}

fn sequence(n: usize) -> String {
    format!(
        "pub async fn add_{n}(a: u32, b: u32) -> Result<u32, ()> {{\n    let x = step(a).await?;\n    let y = step(b + x).await?;\n    Ok(x * y + {n})\n}}"
    )
}

/// The machine of a [`sequence`] as a closure: it has no name, tells nothing and does not drop in the order of the original.
fn by_hand(n: usize) -> String {
    BY_HAND.replace("NUMBER", &n.to_string())
}

const BY_HAND: &str =
    "pub fn add_by_hand_NUMBER(a: u32, b: u32) -> impl Future<Output = Result<u32, ()>> {
    use std::task::Poll;
    enum State<First, Second> {
        Start,
        First { child: First },
        Second { child: Second, x: u32 },
        Returned,
    }
    let mut state = State::Start;
    std::future::poll_fn(move |cx| {
        if let State::Start = state {
            state = State::First { child: step(a) };
        }
        if let State::First { child } = &mut state {
            // The closure owns the state and is never moved once it was polled.
            let Poll::Ready(x) = unsafe { std::pin::Pin::new_unchecked(child) }.poll(cx) else {
                return Poll::Pending;
            };
            state = State::Returned;
            let x = x?;
            state = State::Second { child: step(b + x), x };
        }
        if let State::Second { child, x } = &mut state {
            let Poll::Ready(y) = unsafe { std::pin::Pin::new_unchecked(child) }.poll(cx) else {
                return Poll::Pending;
            };
            let x = *x;
            state = State::Returned;
            return Poll::Ready(Ok(x * y? + NUMBER));
        }
        panic!(\"polled after completion\")
    })
}";
