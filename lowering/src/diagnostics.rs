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

            /// Why it is refused, and what to write instead.
            pub fn page(self) -> &'static str {
                match self { $(Code::$name => $page,)* }
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
    Syntax = "HR0001", "the source does not parse",
        "handroll reads whole files, as the compiler does. Check the file with `cargo check` first.";
    /// Something handroll got wrong itself.
    Internal = "HR0002", "internal error",
        "This is a defect of handroll, not of your code. Please report the function and the message; nothing was written for it.";
    /// A kind of function that is not lowered.
    Unsupported = "HR0003", "this kind of function is not lowered",
        "The function, or something that its body contains, has no lowered form yet: an item in a block that awaits, for example, or a body with more than eight configurations. Move that part into a function of its own, which stays as it is, and call it.";
    /// An attribute macro decides what becomes of the function, which is left as it is.
    Attribute = "HR0004", "left to its attribute",
        "An attribute macro gets the function's tokens and may make anything of them, so lowering them first could change what it does. The function stays as it is. To lower it, put the body into a function of its own and call that.";
    /// An await where it cannot be told apart from its surroundings.
    HiddenAwait = "HR0010", "an await hidden from syntax",
        "The `.await` stands in the arguments of a macro. Only the macro's expansion shows when, how often, or whether it is evaluated. Await in a `let` before the macro, and pass the variable.";
    /// An await in a place that is not lowered.
    AwaitPosition = "HR0011", "an await in this position is not lowered",
        "The function would have to wait in the middle of a construct that cannot be taken apart without a change of meaning, such as an `unsafe` block. Await in a `let` outside of it.";
    /// Evaluation order depends on types.
    Order = "HR0012", "the order of evaluation depends on types",
        "The language evaluates operands in an order that depends on their types: `a[i] += f().await` evaluates the right side first for numbers, and the left side first for types with operators of their own. Put the awaited value into a `let` before.";
    /// It depends on types whether a value is moved or borrowed, and something waits afterwards.
    MoveOrBorrow = "HR0020", "only types decide whether this moves or borrows",
        "`x.finish()` may move `x` or borrow it: the method's signature decides, and handroll does not see it. If it moved `x`, nothing is left to drop; if not, `x` drops at the end of its scope, which is observable. Write `{ x }.finish()` to move it, `(&x).finish()` to borrow it, or give `x` a type whose methods are in the same file.";
    /// It depends on types whether a part of a value is moved out or copied.
    PartialMove = "HR0021", "only types decide whether this moves a part out",
        "`x.part` moves the field out or copies it, and the rest of `x` drops later. Only the field's type decides which. Take `x` apart in one `let` pattern, or borrow the part with `&`.";
    /// A temporary that may own something is alive across an await.
    Temporary = "HR0022", "a temporary is held across an await",
        "A value without a name lives until the end of its statement or block, and the function waits meanwhile. When it drops, relative to the named ones, could not be kept. Give it a name with a `let` before the statement.";
    /// A macro whose expansion decides what is declared or left.
    Macro = "HR0030", "a macro that may declare or leave something",
        "What the macro expands to may declare a variable, return, or jump, and handroll sees only its arguments. Move the macro into a function of its own, or write out what it does.";
    /// Lifetimes that the written signature cannot express.
    Lifetimes = "HR0040", "lifetimes that cannot be written",
        "What the machine stores needs a lifetime that the signature cannot name. Give the references of the signature one common lifetime, `'a`.";
    /// The named form needs a type that the source does not spell.
    Unspelled = "HR0050", "a type that the named form needs is not spelled",
        "A future with a name has fields with types, and all of them must be written somewhere: annotate the `let` that the message names, or leave out the name.";
}
