//! Running the real binary in a folder of its own.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) mod schema;

/// A file with functions that can be lowered: one free, two of a type in a module, with the same name as the free one.
pub(crate) const ECHO: &str = "\
//! A file.

async fn step() {}

/// Runs.
pub async fn run(x: u32) -> u32 {
    step().await;
    x + 1
}

fn plain() {}

pub mod inner {
    pub struct Echo(pub u32);

    impl Echo {
        pub async fn run(&self) -> u32 {
            super::run(self.0).await
        }

        pub async fn stop(self) {
            // A comment.
            super::step().await;
        }
    }
}
";

/// A folder that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "handroll-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        // Not below the repository: its Cargo.toml and .gitignore must not be found.
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Folder {
        let folder = Folder::new();
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// The names in the folder, sorted: to see that nothing was left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs `handroll` in the folder; the arguments are separated by blanks.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.run_args(arguments.split_whitespace())
    }

    pub(crate) fn run_args(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
        finish(self.command().args(arguments), "")
    }

    /// Runs `handroll` with a text as its standard input.
    pub(crate) fn pipe(&self, arguments: &str, input: impl AsRef<[u8]>) -> Ended {
        finish(self.command().args(arguments.split_whitespace()), input)
    }

    pub(crate) fn command(&self) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_handroll")))
    }

    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LC_ALL"] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Checks the exit status; returns itself for more.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Checks that the standard error says all of this.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Ended {
        // Reports are wrapped and indented: compare the words.
        let words = |text: &str| {
            text.split_whitespace()
                .filter(|word| !matches!(*word, "|" | "│"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        for part in parts {
            assert!(
                words(&self.err).contains(&words(part)),
                "{part:?} is not said: {self:#?}"
            );
        }
        self
    }

    /// Checks that nothing came out.
    #[track_caller]
    pub(crate) fn silent(self) -> Ended {
        assert_eq!(self.out, "", "{self:#?}");
        self
    }
}

/// Runs a command to its end; no test may ever see a panic or a crash.
pub(crate) fn finish(command: &mut Command, input: impl AsRef<[u8]>) -> Ended {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The command may end without reading its input, and closes the pipe then.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    let ended = Ended {
        code: output
            .status
            .code()
            .unwrap_or_else(|| panic!("killed: {output:?}")),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        !ended.err.contains("panicked") && !ended.err.contains("overflowed its stack"),
        "{ended:#?}"
    );
    ended
}
