//! Brings the crates' sources, by a package that depends on them.

use super::roster::Entry;
use crate::{fixture, place};
use handroll_lowering::Edition;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, io};

/// A crate's sources.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which crate.
    pub entry: Entry,
    /// The package's folder in cargo's registry. Never written to.
    pub folder: PathBuf,
    /// The edition of the package.
    pub edition: Edition,
}

/// The folder of everything that is made for these crates, in the target folder.
pub fn work_folder() -> PathBuf {
    place::programs().with_file_name("handroll-real")
}

/// Cargo, in a folder.
pub fn cargo(folder: &Path, args: &[&str]) -> io::Result<Output> {
    Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(args)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", work_folder().join("target"))
        // What was checked before must not make the next check fast.
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .output()
}

/// The same; its output when it succeeds.
///
/// # Errors
/// When cargo cannot be run or fails, with what it said.
pub fn cargo_ok(folder: &Path, args: &[&str]) -> io::Result<Vec<u8>> {
    let output = cargo(folder, args)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "cargo {} in {} failed:\n{errors}",
        args.join(" "),
        folder.display()
    )))
}

/// Fetches crates, from cargo's own cache where it has them.
///
/// # Errors
/// When cargo cannot fetch, or gives no place for a crate.
pub fn fetch(wanted: &[Entry]) -> io::Result<Vec<Source>> {
    let folder = work_folder().join("fetch");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let mut manifest =
        "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n"
            .to_owned();
    manifest.extend(wanted.iter().map(|entry| {
        format!(
            "{} = {{ version = \"={}\", features = {:?} }}\n",
            entry.name, entry.version, entry.features
        )
    }));
    fs::write(folder.join("Cargo.toml"), manifest)?;
    if cargo_ok(&folder, &["fetch", "--quiet", "--offline"]).is_err() {
        cargo_ok(&folder, &["fetch", "--quiet"])?;
    }
    let metadata = cargo_ok(
        &folder,
        &["metadata", "--format-version=1", "--offline", "--quiet"],
    )?;
    let metadata: Value = serde_json::from_slice(&metadata)?;
    wanted
        .iter()
        .map(|entry| locate(&metadata, *entry))
        .collect()
}

fn locate(metadata: &Value, entry: Entry) -> io::Result<Source> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let package = packages
        .filter(|package| text(package, "name") == entry.name)
        .find(|package| text(package, "version") == entry.version)
        .ok_or_else(|| io::Error::other(format!("cargo does not know {}", entry.name)))?;
    let manifest = PathBuf::from(text(package, "manifest_path"));
    Ok(Source {
        entry,
        folder: manifest.parent().unwrap_or(Path::new("/")).to_owned(),
        edition: fixture::edition(&text(package, "edition")).unwrap_or(Edition::E2018),
    })
}

/// All `.rs` files below a folder, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
