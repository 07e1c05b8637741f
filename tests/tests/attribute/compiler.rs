//! What the compiler says about small programs, each a file of a folder.

use handroll_tests::place;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::{env, fs, io};

/// The mistakes, by name.
pub(crate) fn cases() -> io::Result<BTreeMap<String, String>> {
    let folder = place::workspace().join("macro-shim/tests/mistakes");
    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            cases.insert(name.into_owned(), fs::read_to_string(path)?);
        }
    }
    Ok(cases)
}

/// What the compiler says of each program, all of them in one package of this name.
pub(crate) fn messages(
    package: &str,
    cases: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let folder = place::programs().join(package);
    // What was there before may have gone.
    let _ = fs::remove_dir_all(folder.join("src"));
    fs::create_dir_all(folder.join("src/bin"))?;
    fs::write(folder.join("Cargo.toml"), manifest(package))?;
    for (name, text) in cases {
        fs::write(folder.join("src/bin").join(name).with_extension("rs"), text)?;
    }
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args([
            "check",
            "--offline",
            "--keep-going",
            "--message-format=json",
        ])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", place::programs().join("target"))
        .output()?;
    let mut said: BTreeMap<String, String> = cases
        .keys()
        .map(|name| (name.clone(), String::new()))
        .collect();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let Some(rendered) = message["message"]["rendered"].as_str() else {
            continue;
        };
        let target = message["target"]["name"].as_str().unwrap_or_default();
        let Some(text) = said.get_mut(target) else {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{rendered}\n{errors}").into());
        };
        let summary = [
            "error: aborting",
            "error: could not",
            "For more information",
        ];
        if !summary.iter().any(|start| rendered.starts_with(start))
            && message["message"]["level"] != "failure-note"
            && !rendered.contains(" emitted\n")
        {
            // Cargo shows a message that is the same to the letter once, and so do editors.
            let rendered = cleaned(rendered);
            if !text.contains(&rendered) {
                text.push_str(&rendered);
            }
        }
    }
    if said.values().all(String::is_empty) {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(said)
}

fn manifest(package: &str) -> String {
    let runtime = place::workspace().join("runtime-min");
    format!(
        "[package]\nname = {package:?}\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         handroll-rt = {{ path = {runtime:?}, features = [\"macros\"] }}\n\n\
         [profile.dev]\ndebug = false\n"
    )
}

/// Without what differs between machines.
fn cleaned(rendered: &str) -> String {
    let workspace = place::workspace().display().to_string();
    let lines = rendered.lines().map(|line| {
        let line = line.replace(&workspace, "$WORKSPACE");
        match line.find("/rustc/") {
            Some(at) => format!("{}$RUST\n", &line[..at]),
            None => format!("{}\n", line.trim_end()),
        }
    });
    lines.collect::<String>() + "\n"
}
