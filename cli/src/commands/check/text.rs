//! The report as text.

use super::report::{File, FileStatus, Outcome, Report};
use crate::output::style::{BAD, GOOD, HEAD, Style};
use handroll_lowering::Code;
use std::fmt::Write as _;

impl Report {
    /// The report as text: each file that has async functions or could not be checked, then the totals.
    pub(crate) fn print(&self, style: Style) -> String {
        let mut text = String::new();
        for file in self.files.iter().filter(|file| {
            file.error.is_some() || !file.functions.is_empty() || !file.native_blocks.is_empty()
        }) {
            file.print(style, &mut text);
        }
        let totals = &self.totals;
        let _ = writeln!(
            text,
            "{}",
            style.paint(
                HEAD,
                &format!(
                    "{} in {}: {} lowered, {} refused",
                    plural(totals.functions, "async function"),
                    plural(totals.files, "file"),
                    totals.lowered,
                    totals.refused
                )
            )
        );
        for (code, count) in &totals.refused_by_code {
            let title = Code::ALL
                .iter()
                .find(|known| known.id() == *code)
                .map_or("", |known| known.title());
            let _ = writeln!(text, "  {count:>5}  {code}  {title}");
        }
        if totals.opaque_leaves > 0 {
            let what = match totals.opaque_leaves {
                1 => "opaque leaf",
                _ => "opaque leaves",
            };
            let count = totals.opaque_leaves;
            let _ = writeln!(text, "  {count:>5}  {what} in lowered functions");
        }
        if totals.native_blocks > 0 {
            let what = match totals.native_blocks {
                1 => "async block",
                _ => "async blocks",
            };
            let count = totals.native_blocks;
            let _ = writeln!(text, "  {count:>5}  {what} left to the compiler");
        }
        for (count, what) in [
            (totals.not_rust, "not Rust"),
            (totals.unreadable, "unreadable"),
            (totals.internal_errors, "stopped by an internal error"),
        ] {
            if count > 0 {
                let _ = writeln!(
                    text,
                    "  {}",
                    style.paint(BAD, &format!("{} {what}", plural(count, "file")))
                );
            }
        }
        text
    }
}

impl File {
    fn print(&self, style: Style, text: &mut String) {
        let _ = writeln!(text, "{}", style.paint(HEAD, &self.path));
        if let Some(error) = &self.error {
            let word = match self.status {
                FileStatus::NotRust => "not Rust",
                FileStatus::InternalError => "internal error",
                _ => "unreadable",
            };
            let _ = writeln!(text, "  {}  {error}", style.paint(BAD, word));
        }
        for function in &self.functions {
            let word = match function.outcome {
                Outcome::Lowered { .. } => style.paint(GOOD, "lowered"),
                Outcome::Refused { .. } => style.paint(BAD, "refused"),
            };
            let _ = writeln!(
                text,
                "  {word}  {}  line {}, {}",
                function.item,
                function.lines[0],
                plural(function.awaits, "await")
            );
            for reason in function.reasons() {
                let _ = writeln!(
                    text,
                    "           {} line {}: {}",
                    reason.code, reason.line, reason.message
                );
                if let Some(help) = &reason.help {
                    let _ = writeln!(
                        text,
                        "             help: {}",
                        help.replace('\n', "\n                   ")
                    );
                }
            }
        }
        for block in &self.native_blocks {
            let _ = writeln!(text, "  native   {}: {}", block.item, block.why);
        }
        text.push('\n');
    }
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::check::report::tests::{file, refused};

    #[test]
    fn text_says_why_and_what_to_do() {
        let text = Report::of(vec![
            file(FileStatus::Checked, vec![refused("X")]),
            file(FileStatus::NotRust, vec![]),
        ])
        .print(Style::PLAIN);
        for part in [
            "refused  f  line 1, 1 await\n",
            "X line 2: no\n",
            "help: do\n",
            "not Rust  why\n",
            "1 async function in 2 files: 0 lowered, 1 refused",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
}
