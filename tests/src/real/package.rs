//! A copy of a crate's package that can be built from changed sources.

use super::fetch::{Source, cargo, cargo_ok, work_folder};
use crate::place;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The copy.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its folder.
    pub folder: PathBuf,
    features: String,
}

impl Package {
    /// Copies the package, makes it a workspace of its own that depends on `handroll-rt`, and fetches what it depends on.
    ///
    /// # Errors
    /// When files cannot be copied, or cargo cannot fetch.
    pub fn copy(source: &Source) -> io::Result<Self> {
        let folder = work_folder()
            .join("check")
            .join(format!("{}-{}", source.entry.name, source.entry.version));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy(&source.folder, &folder)?;
        let manifest = manifest(
            &fs::read_to_string(source.folder.join("Cargo.toml"))?,
            &place::workspace().join("runtime-min"),
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // The lock file that was published names dev-dependencies and misses the runtime.
        let _ = fs::remove_file(folder.join("Cargo.lock"));
        if cargo_ok(&folder, &["fetch", "--quiet", "--offline"]).is_err() {
            cargo_ok(&folder, &["fetch", "--quiet"])?;
        }
        Ok(Package {
            folder,
            features: source.entry.features.join(","),
        })
    }

    /// Replaces a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        let path = self.folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        fs::write(path, text)
    }

    /// Makes cargo check the crate again though nothing changed.
    ///
    /// # Errors
    /// When the time of `lib.rs` cannot be set.
    pub fn touch(&self) -> io::Result<()> {
        let file = fs::File::options()
            .append(true)
            .open(self.folder.join("src/lib.rs"))?;
        file.set_modified(std::time::SystemTime::now())
    }

    /// `cargo check`; its messages as JSON lines.
    ///
    /// # Errors
    /// When cargo cannot be run.
    pub fn check(&self) -> io::Result<String> {
        let args = [
            "check",
            "--lib",
            "--quiet",
            "--offline",
            "--message-format=json",
            "--features",
            &self.features,
        ];
        let output = cargo(&self.folder, &args)?;
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        if messages.is_empty() {
            // Cargo itself has failed.
            return Err(io::Error::other(
                String::from_utf8_lossy(&output.stderr).into_owned(),
            ));
        }
        Ok(messages)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// A published manifest, which cargo has normalised: a table for each dependency and target. Without what only tests need.
fn manifest(published: &str, runtime: &Path) -> String {
    let mut text = String::new();
    let mut kept = true;
    for line in published.lines() {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.trim_start_matches('[');
            let tests = [
                "test]]",
                "bench]]",
                "example]]",
                "dev-dependencies",
                "lints",
            ];
            kept = !tests.iter().any(|table| name.starts_with(table))
                && !name.contains(".dev-dependencies");
        }
        if kept {
            text.push_str(line);
            text.push('\n');
        }
    }
    text + &format!(
        "\n[dependencies.handroll-rt]\npath = {runtime:?}\ndefault-features = false\n\n[workspace]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::manifest;
    use std::path::Path;

    #[test]
    fn leaves_out_what_only_tests_need() {
        let published = "[package]\nname = \"x\"\n[dependencies.a]\nversion = \"1\"\n[dev-dependencies.b]\nversion = \"1\"\n\
            [[example]]\nname = \"e\"\n[target.'cfg(unix)'.dependencies.c]\nversion = \"1\"\n\
            [target.\"cfg(unix)\".dev-dependencies.d]\nversion = \"1\"\n";
        assert_eq!(
            manifest(published, Path::new("/rt")),
            "[package]\nname = \"x\"\n[dependencies.a]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies.c]\nversion = \"1\"\n\
             \n[dependencies.handroll-rt]\npath = \"/rt\"\ndefault-features = false\n\n[workspace]\n"
        );
    }
}
