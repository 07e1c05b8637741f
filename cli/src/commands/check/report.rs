//! What `handroll check` reports, as data, JSON and text.

use crate::commands::states::form;
use crate::edition;
use crate::failure::{Failure, Failures, status_of};
use crate::input::Source;
use crate::output::json;
use crate::status::Status;
use handroll_lowering as library;
use handroll_lowering::Edition;
use serde::Serialize;
use std::collections::BTreeMap;

/// What `--json` prints; see `schema/check.json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: u32,
    pub(super) files: Vec<File>,
    pub(super) totals: Totals,
}

#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) edition: Option<&'static str>,
    pub(super) status: FileStatus,
    /// Why it could not be checked.
    pub(super) error: Option<String>,
    pub(super) functions: Vec<Function>,
    /// The async blocks that are left to the compiler.
    pub(super) native_blocks: Vec<NativeBlock>,
}

#[derive(Debug, Serialize)]
pub(super) struct NativeBlock {
    pub(super) item: String,
    pub(super) line: usize,
    pub(super) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FileStatus {
    Checked,
    NotRust,
    Unreadable,
    InternalError,
}

#[derive(Debug, Serialize)]
pub(super) struct Function {
    pub(super) item: String,
    pub(super) lines: [usize; 2],
    pub(super) awaits: usize,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Outcome {
    Lowered {
        form: &'static str,
        opaque_leaves: usize,
    },
    Refused {
        reasons: Vec<Reason>,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: Option<String>,
    pub(super) line: usize,
    pub(super) bytes: [usize; 2],
    #[serde(skip)]
    pub(super) status: Status,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) files: usize,
    pub(super) not_rust: usize,
    pub(super) unreadable: usize,
    pub(super) internal_errors: usize,
    pub(super) functions: usize,
    pub(super) awaits: usize,
    pub(super) lowered: usize,
    pub(super) refused: usize,
    /// How many awaits of lowered functions are opaque leaves.
    pub(super) opaque_leaves: usize,
    /// How many async blocks are left to the compiler, of those that were to be lowered.
    pub(super) native_blocks: usize,
    /// How many functions are refused for each code; one that is refused for several counts for each.
    pub(super) refused_by_code: BTreeMap<&'static str, usize>,
}

impl File {
    /// A file that was checked; to be called on the thread that did it.
    pub(super) fn checked(
        path: String,
        source: &Source,
        edition: Edition,
        lowered: &library::LoweredFile,
    ) -> File {
        let native_blocks = lowered.native_blocks.iter().map(|block| NativeBlock {
            item: block.path.clone(),
            line: block.line,
            why: block.why.clone(),
        });
        let functions = lowered
            .functions
            .iter()
            .map(|function| Function::of(function, source))
            .collect();
        File {
            path,
            edition: Some(edition::number(edition)),
            status: FileStatus::Checked,
            error: None,
            functions,
            native_blocks: native_blocks.collect(),
        }
    }

    /// A file that is not Rust, or that made the library panic.
    pub(super) fn failed(path: String, edition: Edition, failures: &Failures) -> File {
        let worst = failures.0.iter().max_by_key(|failure| failure.status());
        let status = match worst {
            Some(failure) if failure.status() == Status::Internal => FileStatus::InternalError,
            _ => FileStatus::NotRust,
        };
        File {
            path,
            edition: Some(edition::number(edition)),
            status,
            error: worst.map(Failure::brief),
            functions: Vec::new(),
            native_blocks: Vec::new(),
        }
    }

    /// A file that could not be read.
    pub(super) fn unreadable(path: String, why: String) -> File {
        File {
            path,
            edition: None,
            status: FileStatus::Unreadable,
            error: Some(why),
            functions: Vec::new(),
            native_blocks: Vec::new(),
        }
    }
}

impl Function {
    fn of(function: &library::Function, source: &Source) -> Function {
        let outcome = match &function.outcome {
            Ok(lowered) => Outcome::Lowered {
                form: form(lowered.form),
                opaque_leaves: lowered.suspensions.iter().filter(|at| at.opaque).count(),
            },
            Err(diagnostics) => Outcome::Refused {
                reasons: diagnostics
                    .iter()
                    .map(|diagnostic| Reason::of(diagnostic, source))
                    .collect(),
            },
        };
        Function {
            item: function.path.clone(),
            lines: function.lines.into(),
            awaits: function.awaits,
            outcome,
        }
    }

    pub(super) fn reasons(&self) -> &[Reason] {
        match &self.outcome {
            Outcome::Lowered { .. } => &[],
            Outcome::Refused { reasons } => reasons,
        }
    }
}

impl Reason {
    fn of(diagnostic: &library::Diagnostic, source: &Source) -> Reason {
        let bytes = diagnostic.bytes();
        Reason {
            code: diagnostic.code.id(),
            message: diagnostic.message.clone(),
            label: diagnostic.label.clone(),
            help: diagnostic.help.clone(),
            line: diagnostic.line(),
            bytes: [
                bytes.start.min(source.text.len()),
                bytes.end.min(source.text.len()),
            ],
            status: status_of(diagnostic.code),
        }
    }
}

impl Report {
    pub(super) fn of(files: Vec<File>) -> Report {
        let mut totals = Totals {
            files: files.len(),
            ..Totals::default()
        };
        for file in &files {
            match file.status {
                FileStatus::Checked => {}
                FileStatus::NotRust => totals.not_rust += 1,
                FileStatus::Unreadable => totals.unreadable += 1,
                FileStatus::InternalError => totals.internal_errors += 1,
            }
            totals.native_blocks += file.native_blocks.len();
            for function in &file.functions {
                totals.functions += 1;
                totals.awaits += function.awaits;
                match &function.outcome {
                    Outcome::Lowered { opaque_leaves, .. } => {
                        totals.lowered += 1;
                        totals.opaque_leaves += opaque_leaves;
                    }
                    Outcome::Refused { reasons } => {
                        totals.refused += 1;
                        let mut codes: Vec<&'static str> =
                            reasons.iter().map(|reason| reason.code).collect();
                        codes.sort_unstable();
                        codes.dedup();
                        for code in codes {
                            *totals.refused_by_code.entry(code).or_default() += 1;
                        }
                    }
                }
            }
        }
        Report {
            version: json::VERSION,
            files,
            totals,
        }
    }

    /// The exit status that the report amounts to.
    pub(super) fn status(&self) -> Status {
        let of_file = |file: &File| match file.status {
            FileStatus::Checked => Status::Done,
            FileStatus::NotRust | FileStatus::Unreadable => Status::Unusable,
            FileStatus::InternalError => Status::Internal,
        };
        let functions = || self.files.iter().flat_map(|file| &file.functions);
        let refused =
            functions().any(|function| matches!(function.outcome, Outcome::Refused { .. }));
        let reasons = functions()
            .flat_map(Function::reasons)
            .map(|reason| reason.status);
        let refused = if refused {
            Status::Refused
        } else {
            Status::Done
        };
        self.files
            .iter()
            .map(of_file)
            .chain(reasons)
            .fold(refused, Ord::max)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::commands::check) fn file(status: FileStatus, outcomes: Vec<Outcome>) -> File {
        let functions = outcomes.into_iter().map(|outcome| Function {
            item: "f".into(),
            lines: [1, 2],
            awaits: 1,
            outcome,
        });
        let error = (status != FileStatus::Checked).then(|| "why".to_owned());
        File {
            path: "a.rs".into(),
            edition: Some("2024"),
            status,
            error,
            functions: functions.collect(),
            native_blocks: Vec::new(),
        }
    }

    pub(in crate::commands::check) fn refused(code: &'static str) -> Outcome {
        let reason = || Reason {
            code,
            message: "no".into(),
            label: "here".into(),
            help: Some("do\nthis".into()),
            line: 2,
            bytes: [3, 4],
            status: Status::Refused,
        };
        Outcome::Refused {
            reasons: vec![reason(), reason()],
        }
    }

    #[test]
    fn the_worst_file_decides_the_status() {
        let lowered = || Outcome::Lowered {
            form: "named",
            opaque_leaves: 0,
        };
        let status = |files| Report::of(files).status();
        assert_eq!(status(vec![]), Status::Done);
        assert_eq!(
            status(vec![file(FileStatus::Checked, vec![lowered()])]),
            Status::Done
        );
        assert_eq!(
            status(vec![file(
                FileStatus::Checked,
                vec![lowered(), refused("X")]
            )]),
            Status::Refused
        );
        assert_eq!(
            status(vec![
                file(FileStatus::NotRust, vec![]),
                file(FileStatus::Checked, vec![refused("X")])
            ]),
            Status::Unusable
        );
        assert_eq!(
            status(vec![
                file(FileStatus::InternalError, vec![]),
                file(FileStatus::NotRust, vec![])
            ]),
            Status::Internal
        );
    }

    #[test]
    fn totals_count_a_function_once_for_each_code() {
        let report = Report::of(vec![file(
            FileStatus::Checked,
            vec![refused("X"), refused("X"), refused("Y")],
        )]);
        assert_eq!(report.totals.refused, 3);
        assert_eq!(
            report.totals.refused_by_code,
            BTreeMap::from([("X", 2), ("Y", 1)])
        );
    }
}
