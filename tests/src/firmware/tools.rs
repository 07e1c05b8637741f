//! The compiler's libraries for the chip, and QEMU.
//!
//! What is missing is installed, or unpacked below cargo's target folder, and a line on the standard error says so. Where that is not
//! possible the error says what to type.

use super::{M0, M3};
use crate::place;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs, io};

/// How to build for the chip, and how to run that.
#[derive(Clone, Debug)]
pub struct Tools {
    rust: Rust,
    qemu: Qemu,
}

/// Where QEMU is.
#[derive(Clone, Debug)]
enum Qemu {
    /// Among the machine's programs.
    Installed,
    /// Unpacked in this folder, with the libraries that it needs and the machine does not have.
    Unpacked(PathBuf),
}

/// Which compiler has the chip's libraries.
#[derive(Clone, Debug)]
enum Rust {
    /// The one of these tests.
    Own,
    /// Debian's, unpacked in this folder; it has their sources.
    Debian(PathBuf),
}

/// Says on the standard error what happens, also inside of a test.
fn say(what: &str) {
    let _ = writeln!(io::stderr(), "firmware: {what}");
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{command:?}: {}", errors.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Tools {
    /// Finds everything, or gets it. The first call may take minutes.
    ///
    /// # Errors
    /// What is missing, and what to type.
    pub fn find() -> io::Result<Tools> {
        static FOUND: OnceLock<Result<Tools, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| {
            Ok(Tools {
                qemu: qemu()?,
                rust: rust()?,
            })
        });
        found.clone().map_err(io::Error::other)
    }

    /// QEMU for the chip.
    pub fn qemu(&self) -> Command {
        match &self.qemu {
            Qemu::Installed => Command::new("qemu-system-arm"),
            Qemu::Unpacked(root) => unpacked_qemu(root),
        }
    }

    /// `cargo` for the chip.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Rust::Debian(root) = &self.rust {
            let path = env::var_os("PATH").unwrap_or_default();
            let path = [root.join("usr/bin")]
                .into_iter()
                .chain(env::split_paths(&path));
            cargo = Command::new(root.join("usr/bin/cargo"));
            cargo
                .env("PATH", env::join_paths(path).unwrap_or_default())
                .env("LD_LIBRARY_PATH", libraries(root))
                .env("RUSTC", root.join("usr/bin/rustc"))
                .env("CARGO_UNSTABLE_BUILD_STD", "core")
                // It is a stable compiler, which builds the libraries from their sources only when asked like this.
                .env("RUSTC_BOOTSTRAP", "1");
        }
        cargo
    }
}

fn has_target(target: &str) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    let libraries = run(Command::new(rustc).args(["--print", "target-libdir", "--target", target]));
    libraries.is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

fn rust() -> Result<Rust, String> {
    let missing: Vec<&str> = [M3.target, M0.target]
        .into_iter()
        .filter(|target| !has_target(target))
        .collect();
    // To try what machines without rustup's servers get.
    if env::var_os("HANDROLL_CHIP_RUST").is_some_and(|from| from == "debian") {
        return debian()
            .map(Rust::Debian)
            .map_err(|error| error.to_string());
    }
    if missing.is_empty() {
        return Ok(Rust::Own);
    }
    say(&format!("rustup target add {}", missing.join(" ")));
    let added = Command::new("rustup")
        .args(["target", "add"])
        .args(&missing)
        .output();
    if missing.iter().all(|target| has_target(target)) {
        return Ok(Rust::Own);
    }
    let said = added.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    );
    debian().map(Rust::Debian).map_err(|error| {
        format!(
            "no Rust for {}. Type: rustup target add {0}\n(it said: {said}; Debian's packages: {error})",
            missing.join(" ")
        )
    })
}

/// Debian's compiler, unpacked: installing it would get in the way of rustup's.
fn debian() -> io::Result<PathBuf> {
    let root = place::programs().with_file_name("handroll-debian-rust");
    let complete = root.join("complete");
    if complete.exists() {
        return Ok(root);
    }
    let packages = debian_packages()?;
    unpack(&packages, &root)?;
    // The target asks for its linker by this name, which Debian does not have.
    let bin = root.join("usr/bin");
    let lld = packages.iter().find(|package| package.starts_with("lld-"));
    if let Some(lld) = lld.filter(|_| !bin.join("rust-lld").exists()) {
        std::os::unix::fs::symlink(lld, bin.join("rust-lld"))?;
    }
    fs::write(complete, "")?;
    Ok(root)
}

/// Downloads Debian's packages and unpacks them into a folder, which needs no rights.
fn unpack(packages: &[String], root: &Path) -> io::Result<()> {
    say(&format!(
        "unpacking {} into {}",
        packages.join(" "),
        root.display()
    ));
    if root.exists() {
        fs::remove_dir_all(root)?;
    }
    fs::create_dir_all(root)?;
    run(Command::new("apt-get")
        .arg("download")
        .args(packages)
        .current_dir(root))?;
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg").arg("-x").arg(&path).arg(root))?;
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Where the libraries of unpacked packages are.
fn libraries(root: &Path) -> OsString {
    let triplet = format!("{}-linux-gnu", env::consts::ARCH);
    let folders = ["usr/lib", "lib"].map(|lib| root.join(lib).join(&triplet));
    env::join_paths(folders).unwrap_or_default()
}

/// What a package needs, by name.
fn depends(package: &str) -> io::Result<Vec<String>> {
    let text = run(Command::new("apt-cache").args(["depends", package]))?;
    let names = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    Ok(names.map(str::to_owned).collect())
}

/// The one of `names` that begins so.
fn named(names: Vec<String>, begins: &str) -> io::Result<String> {
    let found = names.into_iter().find(|name| name.starts_with(begins));
    found.ok_or_else(|| io::Error::other(format!("apt-cache knows no {begins}..")))
}

/// The compiler, its sources and its linker. Some names have versions in them, which the packages themselves tell.
fn debian_packages() -> io::Result<Vec<String>> {
    let library = named(depends("libstd-rust-web-dev")?, "libstd-rust-web-")?;
    let llvm = named(depends(&library)?, "libllvm")?;
    let lld = llvm.replace("libllvm", "lld-");
    let git = named(depends("cargo-web")?, "libgit2")?;
    let ssh = named(depends("cargo-web")?, "libssh2")?;
    let of_git = depends(&git)?;
    let more = of_git
        .into_iter()
        .filter(|name| name.starts_with("libmbed") || name.starts_with("libhttp-parser"));
    let mut packages: Vec<String> = [
        "rustc-web",
        "cargo-web",
        "libstd-rust-web-dev",
        "rust-web-src",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([library, llvm, lld, git, ssh])
    .chain(more)
    .collect();
    packages.sort();
    packages.dedup();
    Ok(packages)
}

fn runs(mut qemu: Command) -> bool {
    succeeds(qemu.arg("--version"))
}

fn qemu() -> Result<Qemu, String> {
    let installed = || runs(Command::new("qemu-system-arm"));
    if installed() {
        return Ok(Qemu::Installed);
    }
    let root = place::programs().with_file_name("handroll-debian-qemu");
    if runs(unpacked_qemu(&root)) {
        return Ok(Qemu::Unpacked(root));
    }
    say("apt-get install qemu-system-arm");
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        run(apt.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    let tried = apt(&["update"]).and_then(|_| apt(&[&INSTALL[..], &["-y"]].concat()));
    if installed() {
        return Ok(Qemu::Installed);
    }
    // Without the rights for that, or where what was installed is not found.
    let unpacked = debian_qemu(&root).map(|()| Qemu::Unpacked(root));
    unpacked.map_err(|error| {
        let tried = tried.map_or_else(|error| error.to_string(), |_| "it does not run".to_owned());
        format!(
            "no qemu-system-arm. On Debian and Ubuntu type: sudo apt-get install qemu-system-arm\n(installing: {tried}; unpacking: {error})"
        )
    })
}

const INSTALL: [&str; 3] = ["install", "--no-install-recommends", "qemu-system-arm"];

/// Debian's QEMU, unpacked together with the libraries that are not installed.
fn debian_qemu(root: &Path) -> io::Result<()> {
    // `Inst libslirp0 (4.7.0-1 Debian:12.11/oldstable [amd64])`
    let plan = run(Command::new("apt-get").arg("--simulate").args(INSTALL))?;
    let packages: Vec<String> = plan
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    if packages.is_empty() {
        return Err(io::Error::other(
            "it is installed, but not found in PATH, or does not run",
        ));
    }
    unpack(&packages, root)?;
    if runs(unpacked_qemu(root)) {
        Ok(())
    } else {
        Err(io::Error::other("what was unpacked does not run"))
    }
}

fn unpacked_qemu(root: &Path) -> Command {
    let mut qemu = Command::new(root.join("usr/bin/qemu-system-arm"));
    qemu.env("LD_LIBRARY_PATH", libraries(root))
        .arg("-L")
        .arg(root.join("usr/share/qemu"));
    qemu
}
