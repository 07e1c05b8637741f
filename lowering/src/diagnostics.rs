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

impl Diagnostic {
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
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)*) => {
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

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

catalogue! {
    /// The text is not Rust.
    Syntax = "HR0001", "the source does not parse";
    /// Something handroll got wrong itself.
    Internal = "HR0002", "internal error";
}
