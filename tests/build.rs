//! Prepares the sources of `handroll-rt` for `tests/loom`: its flags become loom's, and beside the true code stand versions with a bug.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The true code, and what each wrong version has instead of a part of it.
const VERSIONS: [(&str, Option<Replacement>); 6] = [
    ("right", None),
    (
        "clears_after_the_poll",
        Some(Replacement {
            file: "exec.rs",
            old: "if self.task.ready.take() && self.lives() {",
            // `finish` would be the last; the future of the test never is.
            new: "if self.task.ready.is_awake() && self.lives() { struct Late(&'static Ready); impl Drop for Late { fn drop(&mut self) { self.0.take(); } } let _late = Late(&self.task.ready);",
        }),
    ),
    (
        "sleeps_without_a_look",
        Some(Replacement {
            file: "exec/wfi.rs",
            old: "if !tasks.is_awake() {",
            new: "let _ = tasks; {",
        }),
    ),
    (
        "wakes_without_a_fence",
        Some(Replacement {
            file: "exec.rs",
            old: "fence();\n        self.asleep.store(false, Relaxed);",
            new: "self.asleep.store(false, Relaxed);",
        }),
    ),
    (
        "ring_fills_the_next_place",
        Some(Replacement {
            file: "sync/ring.rs",
            old: "self.ring.byte(self.index).store",
            new: "self.ring.byte(self.next).store",
        }),
    ),
    (
        "ring_counts_before_it_fills",
        Some(Replacement {
            file: "sync/ring.rs",
            old: "self.ring.byte(self.index).store(byte, Relaxed);\n        fence();\n        self.ring.head.store(self.next, Relaxed);",
            new: "self.ring.head.store(self.next, Relaxed);\n        fence();\n        self.ring.byte(self.index).store(byte, Relaxed);",
        }),
    ),
];

struct Replacement {
    file: &'static str,
    old: &'static str,
    new: &'static str,
}

/// The parts of the executor that a test of its flags has no use for.
const MODULES: &str = "mod room;
mod sets;
#[cfg(all(target_arch = \"arm\", target_os = \"none\"))]
mod wfi;

pub use room::{Align, Alignment, Room, Starts, align_for, size_for};
#[cfg(all(target_arch = \"arm\", target_os = \"none\"))]
pub use wfi::wfi;
";

/// What a file must have where it stands there: loom's flags are not made in constants, and a test is not a chip.
const FOR_LOOM: [(&str, &[(&str, &str)]); 4] = [
    (
        "exec.rs",
        &[
            (MODULES, ""),
            ("crate::sync", "super::sync"),
            ("const fn", "fn"),
        ],
    ),
    (
        "exec/wfi.rs",
        &[
            (
                "use core::arch::asm;",
                "use crate::chip::{mask, sleep, unmask};",
            ),
            (
                "unsafe { asm!(\"cpsid i\", options(nostack, preserves_flags)) };",
                "let masked = mask();",
            ),
            (
                "unsafe { asm!(\"wfi\", options(nostack, preserves_flags)) };",
                "sleep();",
            ),
            (
                "unsafe { asm!(\"cpsie i\", \"isb\", options(nostack, preserves_flags)) };",
                "unmask(masked);",
            ),
        ],
    ),
    (
        "sync/bell.rs",
        &[
            ("crate::exec", "super::super::exec"),
            ("const fn", "fn"),
            ("#[derive(Debug, Default)]", "#[derive(Debug)]"),
        ],
    ),
    (
        "sync/ring.rs",
        &[
            ("const fn", "fn"),
            (
                "[const { AtomicU8::new(0) }; N]",
                "core::array::from_fn(|_| AtomicU8::new(0))",
            ),
        ],
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime-min/src");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    for (version, bug) in &VERSIONS {
        for (file, for_loom) in FOR_LOOM {
            let path = sources.join(file);
            println!("cargo::rerun-if-changed={}", path.display());
            let mut text = fs::read_to_string(&path)?;
            if let Some(bug) = bug.as_ref().filter(|bug| bug.file == file) {
                text = replaced(&text, bug.old, bug.new, version)?;
            }
            for (old, new) in for_loom {
                text = replaced(&text, old, new, file)?;
            }
            // They would be in the middle of a file.
            let lines = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let text: String = lines.map(|line| format!("{line}\n")).collect();
            let to = out.join("loom").join(version).join(file);
            fs::create_dir_all(to.parent().ok_or("no folder")?)?;
            fs::write(to, text)?;
        }
    }
    Ok(())
}

/// # Errors
/// When there is nothing to replace: the source has changed, and the table above with it.
fn replaced(text: &str, old: &str, new: &str, what: &str) -> Result<String, String> {
    if !text.contains(old) {
        return Err(format!("{what}: no `{old}`"));
    }
    Ok(text.replace(old, new))
}
