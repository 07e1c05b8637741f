//! Writing files whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Puts `text` in the place of a file: readers see the old content or the new one, never a part.
///
/// Links are followed and stay links; an existing file's permissions (and, where allowed, its owner) are kept. What is not a
/// regular file, such as a pipe or a device, is written to directly.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(metadata) = &existing {
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            let mut file = OpenOptions::new().write(true).open(path)?;
            return file.write_all(text.as_bytes());
        }
        // Renaming would replace a file that its owner has protected.
        if metadata.permissions().readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
    }
    let target = if existing.is_some() {
        path.canonicalize()?
    } else {
        resolve(path)?
    };
    let mut temporary = Temporary::beside(&target)?;
    temporary.file.write_all(text.as_bytes())?;
    if let Some(metadata) = &existing {
        keep_owner(&temporary.file, metadata);
        temporary.file.set_permissions(metadata.permissions())?;
    }
    temporary.file.sync_all()?;
    fs::rename(&temporary.path, &target)?;
    temporary.renamed = true;
    Ok(())
}

/// The file behind any links, which does not exist yet.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(unix)]
fn keep_owner(file: &File, metadata: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    // Only root may give files away, and only root has a reason to: for everyone else the owner is right already.
    let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

/// A new file beside another, removed again unless it was renamed.
struct Temporary {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn beside(target: &Path) -> io::Result<Temporary> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path =
                target.with_file_name(format!(".handroll-{}-{number}.tmp", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Temporary {
                        file,
                        path,
                        renamed: false,
                    });
                }
                // Left behind by a process that was killed and had the same number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // There is nothing more to do about a file that cannot be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}
