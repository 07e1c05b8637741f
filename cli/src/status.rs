//! Exit statuses: part of the interface, documented in `--help`.

use std::process::ExitCode;

/// How a run ended; of several endings the worst counts, and the order of the variants says which that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Everything asked for was done.
    #[default]
    Done,
    /// Some function was refused, or `--check` found something to change.
    Refused,
    /// Bad usage, input that cannot be read or is not Rust, output that cannot be written.
    Unusable,
    /// A defect of handroll.
    Internal,
}

impl Status {
    /// Keeps the worse of the two.
    pub(crate) fn worsen(&mut self, other: Status) {
        *self = (*self).max(other);
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Done => 0,
            Status::Refused => 1,
            Status::Unusable => 2,
            Status::Internal => 3,
        })
    }
}
