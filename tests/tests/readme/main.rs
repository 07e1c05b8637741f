//! What the documents say is so: their commands run, their examples are what the tool prints, the files that they name exist.
//!
//! `HANDROLL_BLESS=1 cargo test -p handroll-tests --test readme` rewrites the generated parts of README.md; then review the diff.

mod costs;
mod markdown;

use handroll_tests::place;
use markdown::{blocks, spans, with_generated};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// The documents whose statements are checked.
const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(place::workspace().join(path))
}

/// The two commands that open the README: the main job, and all tests.
fn headlines(readme: &str) -> [String; 2] {
    let (_, section) = readme
        .split_once("## Try it\n")
        .expect("README.md has the section `Try it`");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks: [String; 2] = blocks(section, "sh").try_into().expect("two commands");
    assert!(
        blocks.iter().all(|block| block.lines().count() == 1),
        "one line each: {blocks:?}"
    );
    blocks
}

/// The blocks of commands after the first two.
fn usage(readme: &str) -> Vec<String> {
    blocks(readme, "sh").split_off(2)
}

/// Cargo's folder for what it builds: the one this test was built into.
fn target() -> io::Result<PathBuf> {
    let folder = place::programs();
    folder
        .parent()
        .map(Path::to_owned)
        .ok_or_else(|| io::Error::other("no target folder"))
}

/// Runs commands in a shell that stops at the first that fails; gives their output.
fn sh(commands: &str, folder: &Path, more_path: &[&Path]) -> Result<String, Box<dyn Error>> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        more_path
            .iter()
            .map(|path| path.to_path_buf())
            .chain(env::split_paths(&path)),
    )?;
    let output = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", target()?)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}\n{commands}\n{errors}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The async function of the example, with its doc comment.
fn example() -> io::Result<String> {
    let text = read("fixtures/examples/echo.rs")?;
    let at = text
        .find("pub async fn echo")
        .expect("the example has `echo`");
    let start = text[..at].rfind("\n\n").map_or(0, |gap| gap + 2);
    Ok(text[start..].to_owned())
}

#[test]
fn generated_parts_are_current() -> Result<(), Box<dyn Error>> {
    let readme = read("README.md")?;
    let [show, _] = headlines(&readme);
    let lowered = sh(&show, place::workspace(), &[])?;
    let mut expected = with_generated(&readme, "echo in fixtures/examples/echo.rs", &example()?);
    expected = with_generated(&expected, "the output of the first command", &lowered);
    expected = with_generated(&expected, "sizes", &costs::table()?);
    if env::var_os("HANDROLL_BLESS").is_some() {
        assert!(
            env::var_os("CI").is_none(),
            "the README is reviewed: it is not rewritten where CI is set"
        );
        return Ok(fs::write(place::workspace().join("README.md"), expected)?);
    }
    let diff = similar::TextDiff::from_lines(&readme, &expected);
    let diff = diff
        .unified_diff()
        .header("README.md", "as it should be")
        .to_string();
    assert!(
        diff.is_empty(),
        "{diff}\nTo accept: HANDROLL_BLESS=1 cargo test -p handroll-tests --test readme, then review the diff."
    );
    Ok(())
}

/// The second command is not run here, because it would run this test again: CI runs it.
#[test]
fn ci_runs_the_command_for_all_tests() -> io::Result<()> {
    let [_, test] = headlines(&read("README.md")?);
    let ci = read(".ci/run")?;
    assert!(
        ci.lines().any(|line| line == format!("step {test}")),
        "`{test}` is not in .ci/run"
    );
    Ok(())
}

/// All other commands, in a package beside a checkout, as the README assumes.
#[cfg(unix)]
#[test]
fn usage_commands_run() -> Result<(), Box<dyn Error>> {
    let readme = read("README.md")?;
    let [install, usage] = &usage(&readme)[..] else {
        return Err("README.md has another number of blocks of commands".into());
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let package = folder.join("package");
    fs::create_dir_all(package.join("src"))?;
    std::os::unix::fs::symlink(place::workspace(), folder.join("handroll"))?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"package\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n",
    )?;
    fs::write(
        package.join("src/lib.rs"),
        "#![forbid(unsafe_code)]\n#![deny(warnings)]\npub mod echo;\n",
    )?;
    fs::copy(
        place::fixtures().join("examples/echo.rs"),
        package.join("src/echo.rs"),
    )?;

    // The same installation, but not optimised, so that it can use what is built already, and into a folder of the test.
    let root = folder.join("installed");
    sh(
        &format!("{install} --debug --root '{}'", root.display()),
        place::workspace(),
        &[],
    )?;
    let shown = sh(usage, &package, &[&root.join("bin")])?;
    assert!(shown.contains("enum EchoState"), "{shown}");
    assert!(fs::read_to_string(package.join("src/echo.rs"))?.contains("enum EchoState"));
    Ok(())
}

#[test]
fn named_files_exist() -> io::Result<()> {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document)?;
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for name in spans(&text).into_iter().chain(links) {
            let is_path = (name.contains('/') || name.ends_with(".rs") || name.ends_with(".md"))
                && !name.contains("://")
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if is_path && !place::workspace().join(name).exists() {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    Ok(())
}

/// Every folder and file of the pipeline has its line in the map.
#[test]
fn the_map_is_complete() -> io::Result<()> {
    let map = read("ARCHITECTURE.md")?;
    let mut missing = Vec::new();
    for folder in ["lowering/src", "runtime-min/src"] {
        for entry in fs::read_dir(place::workspace().join(folder))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A folder belongs to the file of its name.
            if path.is_file() && !spans(&map).contains(&&*format!("{folder}/{name}")) {
                missing.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md lacks {missing:#?}");
    Ok(())
}

/// `1.95.0` as numbers.
fn version(text: &str) -> Vec<u32> {
    let numbers = text.split(['.', '-']).map_while(|part| part.parse().ok());
    numbers.collect()
}

/// The promised Rust version is the manifests', and the compiler of this test is not older: what the other tests build and run, lowered
/// code included, is evidence for the promise only up to the compiler's own version.
#[test]
fn the_promised_rust_version_is_not_newer_than_the_compiler() -> Result<(), Box<dyn Error>> {
    let promised = env!("CARGO_PKG_RUST_VERSION");
    assert!(
        read("README.md")?.contains(&format!("\nRust {promised} or later")),
        "README.md promises another version"
    );
    let rustc = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
        .arg("--version")
        .output()?;
    let rustc = String::from_utf8(rustc.stdout)?;
    let present = rustc.split_whitespace().nth(1).unwrap_or_default();
    assert!(
        version(promised) <= version(present),
        "Cargo.toml promises {promised}, this is {present}"
    );
    Ok(())
}

#[test]
fn both_licences_are_here() -> io::Result<()> {
    assert!(read("LICENSE-MIT")?.starts_with("MIT License"));
    assert!(read("LICENSE-APACHE")?.contains("Apache License"));
    assert!(read("Cargo.toml")?.contains("license = \"MIT OR Apache-2.0\""));
    Ok(())
}
