//! Measures the futures of `fixtures/examples`, the compiler's own and the lowered ones, and runs them.

use handroll_lowering::{Options, lower_file};
use handroll_tests::place;
use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// The table's rows: what the function does, and a call of it in the module `side`.
const ROWS: [(&str, &str); 6] = [
    (
        "`echo`: the example above",
        "side::echo::echo(&mut side::echo::Uart::new(&[b\"one\", b\"three\"]))",
    ),
    (
        "`argument`: a 1 KiB argument, used after an await",
        "side::costs::argument([1; 1024])",
    ),
    (
        "`passed_on`: the same behind two functions that pass it on",
        "side::costs::passed_on([1; 1024])",
    ),
    (
        "`moved`: a 1 KiB argument moved through two locals",
        "side::costs::moved([1; 1024])",
    ),
    (
        "`two_buffers`: two 1 KiB buffers in turn, each borrowed",
        "side::costs::two_buffers()",
    ),
    (
        "`two_awaits`: two awaits and a number",
        "side::costs::two_awaits(1)",
    ),
];

/// A future that waits once, as small as it can be.
const LEAF: &str = "
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub struct Leaf(bool);

pub fn leaf() -> Leaf {
    Leaf(false)
}

impl Future for Leaf {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
";

const PROGRAM: &str = "
#![allow(dead_code)]
mod leaf;
mod native { pub mod costs; pub mod echo; }
#[deny(warnings, unsafe_code)]
mod lowered { pub mod costs; pub mod echo; }

/// Prints the sizes of two futures, which give the same.
fn row<T: PartialEq + std::fmt::Debug>(native: impl Future<Output = T>, lowered: impl Future<Output = T>) {
    println!(\"{} {}\", size_of_val(&native), size_of_val(&lowered));
    assert_eq!(handroll_rt::block_on(native), handroll_rt::block_on(lowered));
}
";

/// The rows in Markdown.
pub(crate) fn table() -> Result<String, Box<dyn Error>> {
    let mut table = "| function | compiler | handroll |\n| --- | ---: | ---: |\n".to_owned();
    let mut larger = false;
    for (line, (what, _)) in measure()?.lines().zip(ROWS) {
        let (native, lowered) = line.split_once(' ').ok_or("two numbers a line")?;
        larger |= native.parse::<usize>()? < lowered.parse()?;
        table.push_str(&format!("| {what} | {native} | {lowered} |\n"));
    }
    if larger {
        table.push_str("\nWhere handroll needs more: a value of which only types say whether it was moved has a flag, and may have two places.\n");
    }
    Ok(table)
}

/// A line for each row: the two sizes.
fn measure() -> Result<String, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("costs");
    for side in ["native", "lowered"] {
        fs::create_dir_all(folder.join("src").join(side))?;
    }
    let runtime = place::workspace().join("runtime-min");
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"costs\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             handroll-rt = {{ path = {runtime:?}, default-features = false, features = [\"std\"] }}\n"
        ),
    )?;
    fs::write(folder.join("src/leaf.rs"), LEAF)?;
    for name in ["echo", "costs"] {
        let source = fs::read_to_string(
            place::fixtures()
                .join("examples")
                .join(name)
                .with_extension("rs"),
        )?;
        let lowered =
            lower_file(&source, &Options::default()).map_err(|errors| format!("{errors:?}"))?;
        if let Some(function) = lowered
            .functions
            .iter()
            .find(|function| function.outcome.is_err())
        {
            return Err(format!(
                "{name}.rs: {} is refused: {:?}",
                function.path, function.outcome
            )
            .into());
        }
        fs::write(
            folder.join("src/native").join(name).with_extension("rs"),
            source,
        )?;
        fs::write(
            folder.join("src/lowered").join(name).with_extension("rs"),
            lowered.text,
        )?;
    }
    let rows: String = ROWS
        .iter()
        .map(|(_, call)| {
            format!(
                "    row({}, {});\n",
                call.replace("side", "native"),
                call.replace("side", "lowered")
            )
        })
        .collect();
    fs::write(
        folder.join("src/main.rs"),
        format!("{PROGRAM}\nfn main() {{\n{rows}}}\n"),
    )?;
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["run", "--quiet", "--offline", "--color=never"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", place::programs().join("target"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
