//! Reading source text, and saying clearly why that failed.

use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the standard input, on the command line.
pub(crate) const STDIN: &str = "-";

/// The largest text that is read. Positions in the source are 32 bits wide, and trees take a multiple of the text.
const LIMIT: u64 = 256 << 20;

/// A text and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// For messages.
    pub(crate) name: String,
    /// None for the standard input.
    pub(crate) path: Option<PathBuf>,
    pub(crate) text: Arc<str>,
}

/// Reads a file, or the standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    if path.as_os_str() == STDIN {
        return stdin();
    }
    let name = path.display().to_string();
    let bytes = read_bytes(path).map_err(|error| unreadable(path, &error))?;
    Ok(Source {
        text: text(bytes, &name)?,
        name,
        path: Some(path.to_owned()),
    })
}

/// Reads the standard input.
pub(crate) fn stdin() -> Result<Source, Failure> {
    let name = "standard input".to_owned();
    let bytes = limited(io::stdin().lock()).map_err(|error| {
        Failure::unusable(format!("cannot read the {name}: {}", reason(&error)))
            .help("pipe Rust source into the command, or name a file")
    })?;
    Ok(Source {
        text: text(bytes, &name)?,
        name,
        path: None,
    })
}

/// The bytes of a file, which may also be a pipe.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a folder succeeds on some systems; reading it then fails with a text that does not name the reason.
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    limited(File::open(path)?)
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if read as u64 > LIMIT {
        Err(io::ErrorKind::FileTooLarge.into())
    } else {
        Ok(bytes)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::unusable(format!(
        "cannot read `{}`: {}",
        path.display(),
        reason(error)
    ));
    match error.kind() {
        io::ErrorKind::IsADirectory => failure.help(format!(
            "name a file in it; only `handroll check` takes folders: `handroll check {}`",
            path.display()
        )),
        io::ErrorKind::NotFound => {
            failure.help("check the spelling; paths are relative to the current folder")
        }
        io::ErrorKind::FileTooLarge => {
            failure.help("split the file: generated code of that size is best lowered piecewise")
        }
        _ => failure.help("check that it is a file and that you may read it"),
    }
}

/// Why reading or writing failed, without the number of the operating system's error.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory => "it is a folder, and a file is needed".to_owned(),
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::FileTooLarge => format!("it is larger than {} MiB", LIMIT >> 20),
        _ => error.to_string(),
    }
}

fn text(bytes: Vec<u8>, name: &str) -> Result<Arc<str>, Failure> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            let help = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it looks like UTF-16: save it as UTF-8",
                _ if bytes[..at].contains(&0) || bytes[at..].contains(&0) => {
                    "it looks like a binary file: name a Rust source file"
                }
                _ => "Rust source is UTF-8: convert the file",
            };
            Err(Failure::unusable(format!(
                "`{name}` is not UTF-8: byte {at}, on line {line}, starts no character"
            ))
            .help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_text_is_not_utf8() {
        let message = |bytes: &[u8]| text(bytes.to_vec(), "x.rs").unwrap_err().to_string();
        assert_eq!(
            message(b"a\nb\xff"),
            "`x.rs` is not UTF-8: byte 3, on line 2, starts no character"
        );
        assert_eq!(text(b"ok".to_vec(), "x.rs").unwrap().as_ref(), "ok");
    }

    #[test]
    fn stops_reading_what_has_no_end() {
        assert_eq!(
            limited(io::repeat(b' ')).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
    }
}
