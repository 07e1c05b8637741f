//! What went wrong, in the form in which it is shown: what, where, why, and what to do.

use crate::input::Source;
use crate::output::Console;
use crate::status::Status;
use handroll_lowering::{Code, Diagnostic};
use miette::{LabeledSpan, NamedSource, SourceCode};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One failure. Boxed, because it travels in `Result`s and is rare.
#[derive(Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: Status,
    code: Option<&'static str>,
    message: String,
    place: Option<Place>,
    help: Option<String>,
}

#[derive(Debug)]
struct Place {
    source: NamedSource<Arc<str>>,
    label: LabeledSpan,
}

impl Failure {
    fn new(status: Status, message: String) -> Failure {
        Failure(Box::new(Parts {
            status,
            code: None,
            message,
            place: None,
            help: None,
        }))
    }

    /// Bad usage, or input or output that cannot be used.
    pub(crate) fn unusable(message: impl Into<String>) -> Failure {
        Failure::new(Status::Unusable, message.into())
    }

    /// A defect of handroll: `what` panicked while it worked on `place`.
    pub(crate) fn internal(what: &str, place: &str) -> Failure {
        let mut failure = Failure::new(
            Status::Internal,
            format!("internal error in {place}: {what}"),
        );
        failure.0.code = Some(Code::Internal.id());
        failure.help(format!(
            "this is a defect of handroll, not of the source; nothing was written. Please report it, with the function, at {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        ))
    }

    /// What the library has to say about `source`. To be called on the thread that ran it: spans are meaningless on any other.
    pub(crate) fn diagnosed(diagnostic: &Diagnostic, source: &Source) -> Failure {
        let mut failure = Failure::new(status_of(diagnostic.code), diagnostic.message.clone());
        failure.0.code = Some(diagnostic.code.id());
        failure.0.help.clone_from(&diagnostic.help);
        failure.at(source, diagnostic.bytes(), diagnostic.label.clone())
    }

    /// Marks the place in the source.
    pub(crate) fn at(
        mut self,
        source: &Source,
        bytes: Range<usize>,
        label: impl Into<String>,
    ) -> Failure {
        // A range outside of the text would make the whole report unreadable instead of only the snippet.
        let end = bytes.end.min(source.text.len());
        let start = bytes.start.min(end);
        let label = Some(label.into()).filter(|label| !label.is_empty());
        self.0.place = Some(Place {
            source: NamedSource::new(&source.name, Arc::clone(&source.text)),
            label: LabeledSpan::new_primary_with_span(label, start..end),
        });
        self
    }

    /// Says what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Failure {
        self.0.help = Some(help.into());
        self
    }

    pub(crate) fn status(&self) -> Status {
        self.0.status
    }

    /// The message and the line on one line, for lists.
    pub(crate) fn brief(&self) -> String {
        match &self.0.place {
            Some(place) => {
                let before = &place.source.inner().as_bytes()[..place.label.offset()];
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                format!("line {line}: {}", self.0.message)
            }
            None => self.0.message.clone(),
        }
    }
}

/// The exit status that a diagnostic of the library stands for.
pub(crate) fn status_of(code: Code) -> Status {
    match code {
        Code::Syntax => Status::Unusable,
        Code::Internal => Status::Internal,
        _ => Status::Refused,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Failure {}

impl miette::Diagnostic for Failure {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let code = self.0.code?;
        Some(match self.0.status {
            Status::Refused => Box::new(format!("{code}: more by `handroll explain {code}`")),
            _ => Box::new(code),
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0
            .place
            .as_ref()
            .map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.place.as_ref().map(|place| {
            Box::new(std::iter::once(place.label.clone())) as Box<dyn Iterator<Item = LabeledSpan>>
        })
    }
}

/// Failures that belong together.
#[derive(Debug)]
pub(crate) struct Failures(pub(crate) Vec<Failure>);

impl Failures {
    /// What the library has to say about `source`; never empty, since an error without a reason is a defect.
    pub(crate) fn diagnosed(diagnostics: &[Diagnostic], source: &Source) -> Failures {
        if diagnostics.is_empty() {
            return Failure::internal("refused without a reason", &format!("`{}`", source.name))
                .into();
        }
        Failures(
            diagnostics
                .iter()
                .map(|diagnostic| Failure::diagnosed(diagnostic, source))
                .collect(),
        )
    }

    /// Prints them all; the worst of their statuses.
    pub(crate) fn report(&self, console: &mut Console) -> Status {
        for failure in &self.0 {
            console.report(failure);
        }
        self.0.iter().map(Failure::status).max().unwrap_or_default()
    }
}

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Failures {
        Failures(vec![failure])
    }
}
