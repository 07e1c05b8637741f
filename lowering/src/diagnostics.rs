//! The catalogue of diagnostics: one place for codes, messages and help, for the command and the attribute alike.

use proc_macro2::Span;
use std::ops::Range;

/// A diagnostic: what, where, why, and a rewrite that works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Its entry in the catalogue.
    pub code: Code,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What the marked source is.
    pub label: String,
    /// A rewrite that works.
    pub help: Option<String>,
    /// The tokens it is about.
    pub span: Span,
}

/// Where diagnostics gather.
pub(crate) type Sink = Vec<Diagnostic>;

impl Diagnostic {
    pub(crate) fn new(
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            label: label.into(),
            help,
            span,
        }
    }

    /// The bytes of the source it is about.
    pub fn bytes(&self) -> Range<usize> {
        self.span.byte_range()
    }

    /// Its first line, counted from 1.
    pub fn line(&self) -> usize {
        self.span.start().line
    }
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal, $page:literal;)*) => {
        /// The codes of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The stable identifier, such as `HR0001`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What is refused and why, an example, and the same rewritten: Markdown, without a heading.
            pub fn page(self) -> &'static str {
                match self { $(Code::$name => include_str!($page),)* }
            }

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

catalogue! {
    /// The text is not Rust.
    Syntax = "HR0001", "the source does not parse", "pages/hr0001.md";
    /// Something handroll got wrong itself.
    Internal = "HR0002", "internal error", "pages/hr0002.md";
    /// A kind of function that is not lowered.
    Unsupported = "HR0003", "this kind of function is not lowered", "pages/hr0003.md";
    /// An attribute macro decides what becomes of the function, which is left as it is.
    Attribute = "HR0004", "left to its attribute", "pages/hr0004.md";
    /// An await where it cannot be told apart from its surroundings.
    HiddenAwait = "HR0010", "an await hidden from syntax", "pages/hr0010.md";
    /// An await in a place that is not lowered.
    AwaitPosition = "HR0011", "an await in this position is not lowered", "pages/hr0011.md";
    /// Evaluation order depends on types.
    Order = "HR0012", "the order of evaluation depends on types", "pages/hr0012.md";
    /// It depends on types whether a value is moved or borrowed, and something waits afterwards.
    MoveOrBorrow = "HR0020", "only types decide whether this moves or borrows", "pages/hr0020.md";
    /// It depends on types whether a part of a value is moved out or copied.
    PartialMove = "HR0021", "only types decide whether this moves a part out", "pages/hr0021.md";
    /// A temporary that may own something is alive across an await.
    Temporary = "HR0022", "a temporary is held across an await", "pages/hr0022.md";
    /// A macro whose expansion decides what is declared or left.
    Macro = "HR0030", "a macro that may declare or leave something", "pages/hr0030.md";
    /// The named form needs a type that the source does not spell.
    Unspelled = "HR0050", "a type that the named form needs is not spelled", "pages/hr0050.md";
}

#[cfg(test)]
mod tests;
