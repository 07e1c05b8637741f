//! Generated programs as trees: text with typed holes. Printing, counting and shrinking need to know no more about Rust.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

/// Types of expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ty {
    /// `()`
    Unit,
    /// `usize`
    Usize,
    /// `bool`
    Bool,
    /// `Loud`
    Loud,
    /// `Option<Loud>`
    Maybe,
    /// `(Loud, Loud)`
    Pair,
    /// `Two`, a struct of two `Loud`
    Two,
    /// `Vec<Loud>`
    Many,
    /// `[Loud; 2]`
    Array,
    /// `Box<Loud>`
    Boxed,
    /// `Shape`, an enum
    Shape,
    /// `Result<usize, Fault>`
    Result,
    /// `Option<usize>`
    MaybeUsize,
    /// `String`
    Text,
    /// `&Loud`
    Ref,
    /// `&mut Loud`
    RefMut,
    /// A `Tick<usize>`
    Future,
    /// A `Tick<Loud>`
    FutureLoud,
    /// A `Lend` of a local
    FutureRef,
    /// An async block that gives a `usize`
    Block,
    /// `[u8; 3]`
    Buffer,
    /// `Feed<Loud>`
    Feed,
    /// `&Lock<usize>`
    Lock,
    /// A guard of such a lock
    Guard,
    /// `impl Fn() -> usize`
    Closure,
    /// A type parameter
    Generic,
    /// The label of a loop or block
    Label,
    /// The label of a block with a value
    LabelOf(Value),
}

/// The types that a labelled block may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named like the types")]
pub enum Value {
    Unit,
    Usize,
    Loud,
}

impl Ty {
    /// The type in Rust, where it can be spelled.
    pub fn spelled(self) -> Option<&'static str> {
        Some(match self {
            Ty::Unit => "()",
            Ty::Usize => "usize",
            Ty::Bool => "bool",
            Ty::Loud => "Loud",
            Ty::Maybe => "Option<Loud>",
            Ty::Pair => "(Loud, Loud)",
            Ty::Two => "Two",
            Ty::Many => "Vec<Loud>",
            Ty::Array => "[Loud; 2]",
            Ty::Boxed => "Box<Loud>",
            Ty::Shape => "Shape",
            Ty::Result => "Result<usize, Fault>",
            Ty::MaybeUsize => "Option<usize>",
            Ty::Text => "String",
            Ty::Ref => "&Loud",
            Ty::RefMut => "&mut Loud",
            Ty::Future => "Tick<usize>",
            Ty::FutureLoud => "Tick<Loud>",
            Ty::Buffer => "[u8; 3]",
            Ty::Feed => "Feed<Loud>",
            Ty::Lock => "&Lock<usize>",
            _ => return None,
        })
    }

    /// The simplest expression of the type, for shrinking.
    pub(crate) fn simplest(self) -> &'static [&'static str] {
        match self {
            Ty::Unit => &["()"],
            Ty::Usize => &["1"],
            Ty::Bool => &["true", "false"],
            Ty::Loud => &["make(\"k\")"],
            Ty::Maybe => &["None::<Loud>", "Some(make(\"k\"))"],
            Ty::Pair => &["pair(\"k\", \"l\")"],
            Ty::Two => &["two(\"k\", \"l\")"],
            Ty::Many => &["vec![make(\"k\")]"],
            Ty::Array => &["[make(\"k\"), make(\"l\")]"],
            Ty::Boxed => &["Box::new(make(\"k\"))"],
            Ty::Shape => &["Shape::Nothing", "Shape::One(make(\"k\"))"],
            Ty::Result => &["Ok(1)", "Err(Fault(\"r\"))"],
            Ty::MaybeUsize => &["Some(1)", "None"],
            Ty::Text => &["String::new()"],
            _ => &[],
        }
    }
}

/// What a node is, for shrinking: a node may give way to another of its sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// An expression.
    Expr(Ty),
    /// A block in braces with a value.
    Block(Ty),
    /// A statement; may go.
    Stmt,
    /// An arm of a `match`; may go.
    Arm,
    /// A pattern.
    Pattern,
    /// A piece that may go.
    Optional,
    /// Nothing that could be exchanged.
    Fixed,
}

/// A local or label, by its number in [`Names`].
pub type Name = usize;

/// How locals and labels are called.
pub type Names = Vec<String>;

/// A piece of a node.
#[derive(Clone, Debug)]
pub enum Part {
    /// Rust text.
    Text(Cow<'static, str>),
    /// What stands in a hole.
    Node(Node),
    /// A name is declared here.
    Bind(Name),
    /// A name is mentioned here.
    Use(Name),
}

/// A piece of a program.
#[derive(Clone, Debug)]
pub struct Node {
    /// The construct, for the table of coverage; empty for what is not worth counting.
    pub form: &'static str,
    /// What may stand in its place.
    pub sort: Sort,
    /// What it consists of.
    pub parts: Vec<Part>,
}

impl From<Node> for Part {
    fn from(node: Node) -> Part {
        Part::Node(node)
    }
}

impl From<&'static str> for Part {
    fn from(text: &'static str) -> Part {
        Part::Text(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Text(text.into())
    }
}

impl From<Name> for Part {
    fn from(name: Name) -> Part {
        Part::Use(name)
    }
}

impl Node {
    /// A node from a template: each `§` is a hole for the next of `holes`.
    pub(crate) fn new<const N: usize>(
        form: &'static str,
        sort: Sort,
        template: &'static str,
        holes: [Part; N],
    ) -> Node {
        let mut parts = Vec::with_capacity(2 * N + 1);
        let mut holes = holes.into_iter();
        for (i, text) in template.split('§').enumerate() {
            if i > 0 {
                parts.extend(holes.next());
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.into()));
            }
        }
        debug_assert!(holes.next().is_none(), "{template}");
        Node { form, sort, parts }
    }

    /// A node of parts in a row.
    pub(crate) fn row(form: &'static str, sort: Sort, parts: Vec<Part>) -> Node {
        Node { form, sort, parts }
    }

    /// Its Rust text.
    pub fn print(&self, names: &Names) -> String {
        let mut text = String::new();
        self.write(names, &mut text);
        text
    }

    fn write(&self, names: &Names, text: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Node(node) => node.write(names, text),
                Part::Bind(name) | Part::Use(name) => {
                    let _ = write!(text, "{}", names[*name]);
                }
            }
        }
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        1 + self.children().map(Node::size).sum::<usize>()
    }

    /// The nodes directly inside.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            _ => None,
        })
    }

    /// Adds the counts of its constructs.
    pub fn count(&self, counts: &mut BTreeMap<&'static str, usize>) {
        if !self.form.is_empty() {
            *counts.entry(self.form).or_default() += 1;
        }
        for child in self.children() {
            child.count(counts);
        }
    }

    /// Whether every mentioned name is declared before, in the order of the text.
    pub(crate) fn is_scoped(&self, bound: &mut HashSet<Name>) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Node(node) => node.is_scoped(bound),
            Part::Bind(name) => {
                bound.insert(*name);
                true
            }
            Part::Use(name) => bound.contains(name),
        })
    }
}
