//! What rustc says, from cargo's JSON.

use serde_json::Value;
use std::ops::Range;
use std::path::PathBuf;

/// An error or a warning.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whether it keeps the crate from compiling.
    pub error: bool,
    /// The error's code or the lint's name.
    pub code: String,
    /// The first line.
    pub text: String,
    /// As rustc prints it.
    pub rendered: String,
    /// The places it is about, the most telling first: where the error is (through the macros that lead there), what is labelled
    /// beside it, what its notes point at.
    pub places: Vec<Place>,
}

impl Message {
    /// The message without its places.
    pub fn says(&self) -> String {
        format!("{}: {}", self.code, self.text)
    }
}

/// Bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, below the package's folder.
    pub file: PathBuf,
    /// The bytes.
    pub bytes: Range<usize>,
    /// How telling it is; 0 is the error's own place.
    pub rank: u8,
}

/// Reads the output of `cargo check --message-format=json`, the messages about one crate.
pub fn read(output: &str, manifest_folder: &str) -> Vec<Message> {
    let lines = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["reason"] == "compiler-message")
        .filter(|line| {
            line["manifest_path"]
                .as_str()
                .is_some_and(|path| path.starts_with(manifest_folder))
        })
        .filter_map(|line| message(&line["message"]))
        .collect()
}

fn message(value: &Value) -> Option<Message> {
    let level = value["level"].as_str()?;
    let text = value["message"].as_str()?.to_owned();
    let summary = text.starts_with("aborting due to")
        || text.contains("warnings emitted")
        || text.contains("warning emitted");
    if !(level.starts_with("error") || level == "warning") || summary {
        return None;
    }
    let mut places = Vec::new();
    spans(value, 0, &mut places);
    for note in value["children"].as_array().into_iter().flatten() {
        spans(note, 2, &mut places);
    }
    places.sort_by_key(|place| place.rank);
    Some(Message {
        error: level.starts_with("error"),
        code: value["code"]["code"].as_str().unwrap_or("-").to_owned(),
        rendered: value["rendered"].as_str().unwrap_or_default().to_owned(),
        text,
        places,
    })
}

fn spans(value: &Value, rank: u8, places: &mut Vec<Place>) {
    for span in value["spans"].as_array().into_iter().flatten() {
        let rank = if span["is_primary"] == true {
            rank
        } else {
            rank + 1
        };
        let mut span = span;
        // Out of the macros: from the place in a macro's definition to where it is called.
        loop {
            places.extend(place(span, rank));
            match &span["expansion"]["span"] {
                Value::Null => break,
                outer => span = outer,
            }
        }
    }
}

fn place(span: &Value, rank: u8) -> Option<Place> {
    let byte = |key: &str| usize::try_from(span[key].as_u64()?).ok();
    let start = byte("byte_start")?;
    Some(Place {
        file: span["file_name"].as_str()?.into(),
        bytes: start..byte("byte_end")?.max(start + 1),
        rank,
    })
}

/// The message with what it names left out, so that equal causes read alike.
pub fn cause(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let mut parts = first.split('`');
    let mut cause = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        // Words of the language tell causes apart, names do not.
        let keep = ["async", "Send", "Sync", "await", "Unpin", "?", "'static"];
        cause.push_str(if keep.contains(&name) { name } else { "_" });
        cause.push_str(parts.next().unwrap_or_default());
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::{cause, read};

    #[test]
    fn follows_macros_outwards() {
        let line = r#"{"reason":"compiler-message","manifest_path":"/p/Cargo.toml","message":{"level":"error","message":"mismatched types",
            "code":{"code":"E0308"},"rendered":"..","children":[],"spans":[{"file_name":"/rt/lib.rs","byte_start":5,"byte_end":9,"is_primary":true,
            "expansion":{"span":{"file_name":"src/lib.rs","byte_start":50,"byte_end":50,"expansion":null}}}]}}"#;
        let messages = read(&line.replace('\n', ""), "/p");
        let places: Vec<_> = messages[0]
            .places
            .iter()
            .map(|place| (place.file.display().to_string(), place.bytes.clone()))
            .collect();
        assert_eq!(
            places,
            [("/rt/lib.rs".into(), 5..9), ("src/lib.rs".into(), 50..51)]
        );
        assert!(read(&line.replace('\n', ""), "/other").is_empty());
    }

    #[test]
    fn names_do_not_matter_to_the_cause() {
        assert_eq!(
            cause("cannot move out of `*buf` which is behind `&mut`"),
            cause("cannot move out of `x` which is behind `&`")
        );
    }
}
