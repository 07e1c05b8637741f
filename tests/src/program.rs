//! Programs that hold fixtures twice, as they are and lowered, and compare the two when run.

use crate::fixture::{Fixture, year};
use crate::lower::LoweredFixture;
use crate::place;
use handroll_lowering::Edition;
use handroll_trace::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs, io};

/// A fixture and what to compare it with.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The fixture's name.
    pub name: String,
    /// Its text.
    pub native: String,
    /// Its lowered text, with its functions.
    pub lowered: LoweredFixture,
}

impl Pair {
    /// A fixture and its lowered text.
    pub fn new(fixture: &Fixture, lowered: LoweredFixture) -> Self {
        Pair {
            name: fixture.name.clone(),
            native: fixture.text.clone(),
            lowered,
        }
    }

    /// A fixture and another text for it.
    pub fn with_text(fixture: &Fixture, text: &str) -> Self {
        Pair::new(
            fixture,
            LoweredFixture {
                text: text.to_owned(),
                functions: Vec::new(),
            },
        )
    }
}

/// What came of a program.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The compared cases.
    pub outcomes: Vec<Outcome>,
    /// What went wrong beside differing cases: errors of the compiler, crashes.
    pub failures: Vec<Failure>,
}

/// Something that went wrong beside a differing case.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The fixture that it is about, if it is about one.
    pub fixture: Option<String>,
    /// What it is.
    pub kind: FailureKind,
    /// What to tell a reader.
    pub text: String,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The fixture itself does not compile.
    Native,
    /// The lowered text does not compile.
    Lowered,
    /// The program crashed or hung.
    Ended,
    /// The program could not be built or run.
    Program,
}

impl Failure {
    fn program(text: String) -> Self {
        Failure {
            fixture: None,
            kind: FailureKind::Program,
            text,
        }
    }
}

impl Verdict {
    /// Everything that is wrong, for a reader. Empty when all is well.
    pub fn problems(&self) -> String {
        let mut text = String::new();
        for outcome in self.outcomes.iter().filter(|outcome| outcome.differing > 0) {
            let Outcome {
                fixture,
                case,
                runs,
                differing,
                report,
                ..
            } = outcome;
            let _ = writeln!(
                text,
                "{fixture}, case `{case}`: {differing} of {runs} runs differ\n{report}"
            );
        }
        for failure in &self.failures {
            let _ = writeln!(text, "{}", failure.text);
        }
        text
    }

    /// The sizes of the futures, a line a case: `fixture case native lowered`.
    pub fn sizes(&self) -> String {
        let line = |o: &Outcome| {
            format!(
                "{}\t{}\t{}\t{}\n",
                o.fixture, o.case, o.native_bytes, o.lowered_bytes
            )
        };
        self.outcomes.iter().map(line).collect()
    }
}

/// A generated crate.
pub struct Program {
    /// The name of its folder.
    pub name: String,
    /// The edition it is built for.
    pub edition: Edition,
    /// Whether it is optimised.
    pub release: bool,
    /// The features of `handroll-rt` that it needs.
    pub features: &'static [&'static str],
}

impl Program {
    /// Writes, builds and runs the program. Fixtures that do not compile, and those that crash, become failures; the others are
    /// compared all the same.
    ///
    /// # Errors
    /// When a file cannot be written or cargo not be run.
    pub fn check(&self, mut pairs: Vec<Pair>) -> io::Result<Verdict> {
        let mut verdict = Verdict::default();
        loop {
            self.write(&pairs)?;
            let output = self.cargo()?;
            if output.status.success() {
                break;
            }
            let errors = String::from_utf8_lossy(&output.stderr);
            let (broken, failures) = blame(&errors, &pairs);
            verdict.failures.extend(failures);
            if broken.is_empty() {
                let text = format!("the program does not build:\n{errors}");
                verdict.failures.push(Failure::program(text));
                return Ok(verdict);
            }
            pairs.retain(|pair| !broken.contains(&pair.name));
        }
        self.run(&mut verdict)?;
        fs::write(self.folder().join("sizes.tsv"), verdict.sizes())?;
        Ok(verdict)
    }

    fn folder(&self) -> PathBuf {
        place::programs().join(&self.name).join(year(self.edition))
    }

    fn write(&self, pairs: &[Pair]) -> io::Result<()> {
        let folder = self.folder();
        let dependency = |path: &str| place::workspace().join(path).display().to_string();
        let manifest = format!(
            "[package]\nname = \"{}\"\nedition = \"{}\"\n\n[workspace]\n\n[dependencies]\nhandroll-rt = {{ path = {:?}, default-features = false, features = {:?} }}\nhandroll-trace.path = {:?}\n\n\
             [profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n",
            self.package(),
            year(self.edition),
            dependency("runtime-min"),
            self.features,
            dependency("tests/trace"),
        );
        update(&folder.join("Cargo.toml"), &manifest)?;
        let modules: String = pairs
            .iter()
            .map(|pair| format!("    pub mod {};\n", pair.name))
            .collect();
        let calls: String = pairs
            .iter()
            .map(|Pair { name, .. }| {
                format!(
                    "    suite.fixture({name:?}, native::{name}::cases, lowered::{name}::cases);\n"
                )
            })
            .collect();
        let main = format!(
            "use handroll_trace as trace;\n\n#[allow(warnings)]\nmod native {{\n{modules}}}\n\n\
             #[deny(warnings, unsafe_code)]\nmod lowered {{\n{modules}}}\n\n\
             fn main() {{\n    let mut suite = trace::Suite::from_args();\n{calls}    suite.finish()\n}}\n"
        );
        update(&folder.join("src/main.rs"), &main)?;
        for pair in pairs {
            update(
                &folder.join(format!("src/native/{}.rs", pair.name)),
                &pair.native,
            )?;
            update(
                &folder.join(format!("src/lowered/{}.rs", pair.name)),
                &pair.lowered.text,
            )?;
        }
        Ok(())
    }

    fn cargo(&self) -> io::Result<Output> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .args(["build", "--quiet", "--offline", "--color=never"])
            .current_dir(self.folder())
            .env("CARGO_TARGET_DIR", self.target());
        if self.release {
            cargo.arg("--release");
        }
        if let Some(target) = sanitized() {
            // Only the program itself: with a target, build scripts stay as they are.
            cargo
                .args(["--target", &target])
                .env("RUSTFLAGS", "-Zsanitizer=address")
                .env("RUSTC_BOOTSTRAP", "1");
        }
        cargo.output()
    }

    fn package(&self) -> String {
        format!("{}-{}", self.name, year(self.edition))
    }

    /// One for all programs: what they depend on is built once.
    fn target(&self) -> PathBuf {
        let name = match sanitized() {
            Some(_) => "target-asan",
            None => "target",
        };
        place::programs().join(name)
    }

    fn executable(&self) -> PathBuf {
        let profile = if self.release { "release" } else { "debug" };
        let mut path = self.target();
        path.extend(sanitized());
        path.join(profile).join(self.package())
    }

    fn run(&self, verdict: &mut Verdict) -> io::Result<()> {
        let program = self.executable();
        let mut skip: Vec<String> = Vec::new();
        loop {
            // Fixtures leak on purpose, for the sake of `'static`.
            let output = Command::new(&program)
                .args(&skip)
                .env(
                    "ASAN_OPTIONS",
                    "detect_leaks=0:detect_stack_use_after_return=1",
                )
                .output()?;
            let (outcomes, broken_off) = Outcome::read(&String::from_utf8_lossy(&output.stdout));
            verdict.outcomes.extend(outcomes);
            if matches!(output.status.code(), Some(0 | 1)) {
                return Ok(());
            }
            let errors = String::from_utf8_lossy(&output.stderr);
            let Some((fixture, case)) = broken_off else {
                let text = format!("the program ended with {}:\n{errors}", output.status);
                verdict.failures.push(Failure::program(text));
                return Ok(());
            };
            verdict.failures.push(Failure {
                fixture: Some(fixture.clone()),
                kind: FailureKind::Ended,
                text: format!(
                    "{fixture}, case `{case}`: the program ended with {}\n{errors}",
                    output.status
                ),
            });
            skip.extend(
                verdict
                    .outcomes
                    .iter()
                    .map(|outcome| outcome.fixture.clone()),
            );
            skip.push(fixture);
            skip.dedup();
        }
    }
}

/// The target to build for when the environment asks for AddressSanitizer (`HANDROLL_ASAN=1`, on Linux).
fn sanitized() -> Option<String> {
    env::var_os("HANDROLL_ASAN")?;
    Some(format!("{}-unknown-linux-gnu", env::consts::ARCH))
}

/// Writes a file only if that changes it, for cargo's sake.
fn update(path: &std::path::Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

/// How many of the compiler's errors about a fixture are shown.
const SHOWN: usize = 3;

/// The fixtures that the compiler's errors are about, and what to tell of each.
fn blame(errors: &str, pairs: &[Pair]) -> (BTreeSet<String>, Vec<Failure>) {
    let mut broken: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for error in errors
        .split("\n\n")
        .filter(|block| block.starts_with("error"))
    {
        let Some((kind, name, line)) = location(error) else {
            continue;
        };
        let Some(pair) = pairs.iter().find(|pair| pair.name == name) else {
            continue;
        };
        let count = broken.entry((name, kind)).or_default();
        *count += 1;
        if *count <= SHOWN {
            let function = if kind == "lowered" {
                pair.lowered.function_at(line)
            } else {
                None
            };
            let function = function.map_or(String::new(), |path| format!(", function `{path}`"));
            failures.push(Failure {
                fixture: Some(name.to_owned()),
                kind: side(kind),
                text: format!("{name}{function}: the {kind} code does not compile\n{error}\n"),
            });
        }
    }
    let more = broken.iter().filter(|&(_, count)| *count > SHOWN);
    failures.extend(more.map(|((name, kind), count)| Failure {
        fixture: Some((*name).to_owned()),
        kind: side(kind),
        text: format!("{name}: {} more errors", count - SHOWN),
    }));
    let broken = broken.into_keys().map(|(name, _)| name.to_owned());
    (broken.collect(), failures)
}

fn side(kind: &str) -> FailureKind {
    if kind == "native" {
        FailureKind::Native
    } else {
        FailureKind::Lowered
    }
}

/// `lowered`, `NAME`, 12 of a block that contains `src/lowered/NAME.rs:12:5`.
fn location(error: &str) -> Option<(&str, &str, usize)> {
    let (_, place) = error.split_once(" src/")?;
    let (path, rest) = place.split_once(".rs:")?;
    let (kind, name) = path.split_once('/')?;
    let (line, _) = rest.split_once(':')?;
    Some((kind, name, line.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn finds_the_place_of_an_error() {
        let error = "error[E0308]: mismatched types\n  --> src/lowered/loops.rs:12:5\n   |";
        assert_eq!(location(error), Some(("lowered", "loops", 12)));
        assert_eq!(location("error: aborting due to 1 previous error"), None);
    }
}
