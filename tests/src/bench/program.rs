//! The program in which fixtures are measured: each twice, as it is and lowered.
//!
//! It is built with the words of fixtures (the values and children of `tests/trace`) on top of a log that keeps nothing, so that the
//! futures are what is measured; all children pend once. `runner/driver.rs` runs it. Functions whose lowered form does not compile stay
//! as they are.

use crate::fixture::{Fixture, year};
use crate::place;
use crate::real::compose::compose;
use crate::real::fetch::{cargo, work_folder};
use crate::real::messages;
use crate::real::survey::File;
use handroll_lowering::{Edition, Options, lower_file};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Builds the program of one edition's fixtures; the path of the executable.
///
/// # Errors
/// When a file cannot be written, a fixture is refused as a whole, or the program does not build.
pub fn build(
    folder: &Path,
    edition: Edition,
    opt_level: &str,
    fixtures: &[&Fixture],
) -> io::Result<PathBuf> {
    let name = format!("bench-{}-{opt_level}", year(edition));
    let folder = folder.join(&name);
    fs::create_dir_all(folder.join("src/native"))?;
    fs::create_dir_all(folder.join("src/lowered"))?;
    fs::write(
        folder.join("Cargo.toml"),
        manifest(&name, edition, opt_level),
    )?;
    fs::write(folder.join("src/main.rs"), main(fixtures))?;
    fs::write(
        folder.join("src/driver.rs"),
        include_str!("runner/driver.rs"),
    )?;
    fs::write(folder.join("src/log.rs"), include_str!("runner/log.rs"))?;
    let mut options = Options::default();
    options.edition = edition;
    let mut files = Vec::new();
    for fixture in fixtures {
        fs::write(
            folder.join(format!("src/native/{}.rs", fixture.name)),
            &fixture.text,
        )?;
        let lowered = lower_file(&fixture.text, &options)
            .map_err(|_| io::Error::other(format!("{} is refused as a whole", fixture.name)))?;
        files.push(File {
            path: format!("src/lowered/{}.rs", fixture.name).into(),
            source: fixture.text.clone(),
            lowered,
        });
    }
    settle(&folder, &files)?;
    Ok(work_folder().join("target/release").join(&name))
}

fn manifest(name: &str, edition: Edition, opt_level: &str) -> String {
    let level = if opt_level == "s" { "\"s\"" } else { opt_level };
    format!(
        "[package]\nname = \"{name}\"\nedition = \"{}\"\n\n[workspace]\n\n[dependencies]\nhandroll-rt = {{ path = {:?}, default-features = false }}\n\n\
         [profile.release]\nopt-level = {level}\ncodegen-units = 1\n",
        year(edition),
        place::workspace().join("runtime-min")
    )
}

/// Fixtures come first: a `format!` that makes no text is for the words only.
fn main(fixtures: &[&Fixture]) -> String {
    let modules: String = fixtures
        .iter()
        .map(|fixture| format!("    pub mod {};\n", fixture.name))
        .collect();
    let calls: String = fixtures
        .iter()
        .map(|Fixture { name, .. }| {
            format!("        ({name:?}, native::{name}::cases, lowered::{name}::cases),\n")
        })
        .collect();
    let words = place::workspace().join("tests/trace/src");
    format!(
        "#![allow(warnings)]\nmod native {{\n{modules}}}\nmod lowered {{\n{modules}}}\nmod driver;\nmod log;\n\n\
         macro_rules! format {{\n    ($($text:tt)*) => {{ \"\" }};\n}}\n#[path = {:?}]\nmod values;\n#[path = {:?}]\nmod children;\n\n\
         pub mod trace {{\n    pub use crate::children::{{Fill, Lend, LendMut, Tick, fill, lend, lend_mut, tick}};\n    \
         pub use crate::driver::Tester;\n    pub use crate::log::{{event, say}};\n    \
         pub use crate::values::{{Fault, Feed, Guard, Later, Lock, Loud, Recv, Wire, leak, make}};\n}}\n\n\
         fn main() {{\n    driver::main(&[\n{calls}    ]);\n}}\n",
        words.join("values.rs"),
        words.join("children.rs"),
    )
}

/// Builds the program, leaving functions as they are whose lowered form does not compile.
fn settle(folder: &Path, files: &[File]) -> io::Result<()> {
    let mut left_out = BTreeSet::new();
    loop {
        let mut composed = Vec::new();
        for (at, file) in files.iter().enumerate() {
            let text = compose(file, |index| !left_out.contains(&(at, index)));
            fs::write(folder.join(&file.path), &text.text)?;
            composed.push(text);
        }
        let output = cargo(
            folder,
            &[
                "build",
                "--release",
                "--quiet",
                "--offline",
                "--message-format=json",
            ],
        )?;
        if output.status.success() {
            return Ok(());
        }
        let known = left_out.len();
        let said = messages::read(
            &String::from_utf8_lossy(&output.stdout),
            &folder.display().to_string(),
        );
        for error in said.iter().filter(|message| message.error) {
            let blamed = error.places.iter().find_map(|place| {
                let at = files.iter().position(|file| file.path == place.file)?;
                Some((at, composed[at].function_at(&place.bytes)?))
            });
            if let Some((at, index)) = blamed
                && left_out.insert((at, index))
            {
                let function = &files[at].lowered.functions[index];
                eprintln!(
                    "{} {}: does not compile, left as it is: {}",
                    files[at].path.display(),
                    function.path,
                    error.text
                );
            }
        }
        if left_out.len() == known {
            let first = said
                .iter()
                .find(|message| message.error)
                .map(|message| message.rendered.clone());
            let first =
                first.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned());
            return Err(io::Error::other(format!(
                "{} does not build:\n{first}",
                folder.display()
            )));
        }
    }
}
