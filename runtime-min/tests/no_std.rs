//! The runtime needs `core` alone. A target without `std` is not always installed, so this reads the sources.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut folders = vec![package().join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), fs::read_to_string(path)?));
            }
        }
    }
    Ok(files)
}

#[test]
fn it_depends_on_nothing() -> Result<(), Box<dyn Error>> {
    let manifest = fs::read_to_string(package().join("Cargo.toml"))?;
    let dependencies: Vec<&str> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(
        dependencies,
        ["handroll-macro = { workspace = true, optional = true }"],
        "the attribute, which runs in the compiler, and nothing else"
    );
    assert!(
        manifest.contains("\nstd = []"),
        "the feature brings no dependency"
    );
    assert!(
        manifest.contains("\ndefault = [\"macros\"]"),
        "only the attribute is there by itself"
    );
    Ok(())
}

#[test]
fn it_links_std_only_when_asked_to_and_alloc_never() -> Result<(), Box<dyn Error>> {
    let library = fs::read_to_string(package().join("src/lib.rs"))?;
    assert!(library.contains("\n#![no_std]\n"));
    let gated = "#[cfg(any(test, feature = \"std\"))]\n";
    assert_eq!(library.matches("extern crate").count(), 1);
    assert!(library.contains(&format!("{gated}extern crate std;")));
    assert!(library.contains(&format!("{gated}mod block_on;")));
    for (path, text) in sources()? {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let links: Vec<&str> = code
            .filter(|line| line.contains("std::") || line.contains("alloc::"))
            .collect();
        assert!(
            links.is_empty() || path.ends_with("block_on.rs") || path.ends_with("bell.rs"),
            "{path:?}: {links:?}"
        );
    }
    Ok(())
}

/// Its lines without comments, and without what stands once for each number of members or parameters (`sets.rs`, `room.rs`).
#[test]
fn the_executor_is_tiny() -> Result<(), Box<dyn Error>> {
    let lines: usize = sources()?
        .iter()
        .filter(|(path, _)| path.ends_with("exec.rs") || path.ends_with("exec/wfi.rs"))
        .flat_map(|(_, text)| text.lines())
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .count();
    assert!((1..=150).contains(&lines), "{lines} lines");
    Ok(())
}

/// clippy's `undocumented_unsafe_blocks` does not look into macros; this does.
#[test]
fn every_unsafe_operation_is_argued() -> Result<(), Box<dyn Error>> {
    for (path, text) in sources()? {
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.contains("unsafe {") && !code.contains("unsafe impl") {
                continue;
            }
            let argued = lines[..i]
                .iter()
                .rev()
                .take(4)
                .any(|line| line.trim_start().starts_with("// SAFETY:"));
            assert!(argued, "{}:{}: {line}", path.display(), i + 1);
        }
    }
    Ok(())
}
