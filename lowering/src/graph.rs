//! The control-flow graph: basic blocks of events, in order of evaluation.
//!
//! An event says what happens to a local: it is declared, gets a value, is used in one of a few ways. An await ends its block. What
//! happens to types, borrows and temporaries is left to the compiler; the graph only knows what syntax shows.

mod build;
mod patterns;

use crate::desugar::Body;
use crate::ir::AwaitId;
use crate::names::{LocalId, Mention};
use crate::report::Edge;
use crate::resolve::Resolved;
use crate::types::{Facts, Receiver, Table, Trust};
use petgraph::graph::{DiGraph, NodeIndex};
use proc_macro2::Span;

/// Something that happens to a local.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// Its scope begins; it has no value.
    Declare(LocalId),
    /// It gets a value, as a whole: where it is bound, or by an assignment.
    Init(LocalId, Option<Mention>),
    /// A part of it gets a value by an assignment: at these fields, or at a place that is more than fields.
    Refill(LocalId, Option<Vec<String>>),
    Use(Use),
    /// A `?` may leave the function.
    Leave,
    Suspend(AwaitId),
}

#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) local: LocalId,
    pub(crate) mention: Mention,
    pub(crate) how: How,
    pub(crate) span: Span,
    /// For an unclear receiver: the locals declared after it, and whether evaluating the arguments runs no code.
    pub(crate) later: Vec<LocalId>,
    pub(crate) simple: bool,
    /// Operands evaluated before it would drop after it, should it panic in a holder; or an argument is a closure, of which only the
    /// call says what its parameters are.
    pub(crate) blocked: bool,
    /// For an unclear receiver: nothing that is known of the method's name says that it takes its receiver by value.
    pub(crate) likely_borrowed: bool,
    /// For the receiver of a method that gives the local its next value, `x = x.next(a)`: what the arguments mention, if evaluating them
    /// runs code.
    pub(crate) replaced: Option<Vec<LocalId>>,
    /// It stands in the guard of a pattern, which no holder can take.
    pub(crate) in_guard: bool,
    /// A pattern looks at it.
    pub(crate) by_pattern: bool,
    /// A pattern takes elements out of an array.
    pub(crate) elements: bool,
    /// For a part: the expression that uses it can go through a holder as it stands.
    pub(crate) holdable: bool,
    /// The fields that lead to what is used, if that needs to have a value and is no more than that. Of a receiver, a whole.
    pub(crate) path: Option<Vec<String>>,
}

/// How a local is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By value, as a whole: moved, copied, or implicitly reborrowed.
    Value,
    /// By value, by a pattern that takes all of it apart.
    Taken,
    /// A part of it, by value: moved out or copied.
    Part,
    /// A part of it, as the receiver of a method.
    PartReceiver,
    /// As the receiver of a method.
    Receiver(Option<Receiver>),
    /// Borrowed; the borrow may live on.
    Borrow,
    /// Looked at or written to; no borrow lives on.
    Read,
    /// In a way that only an expansion or a capture decides.
    Unclear,
}

/// A flow of borrows: what `into` holds may borrow from `loans`, and from all that `from` holds.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) into: Holder,
    /// Each with the mention that lends it: a mention that turns out to move the local lends nothing.
    pub(crate) loans: Vec<(LocalId, Mention)>,
    pub(crate) from: Vec<LocalId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Local(LocalId),
    Child(AwaitId),
}

/// A basic block.
#[derive(Clone, Debug, Default)]
pub(crate) struct BasicBlock {
    pub(crate) events: Vec<Event>,
    /// First and last source line.
    pub(crate) lines: Option<(usize, usize)>,
}

/// The graph of a function.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) blocks: DiGraph<BasicBlock, Edge>,
    pub(crate) entry: NodeIndex,
    /// The block that each await ends.
    pub(crate) suspends: Vec<NodeIndex>,
    /// The locals in scope at each await, in order of declaration.
    pub(crate) in_scope: Vec<Vec<LocalId>>,
    /// For each local that is declared in one place: the last one declared before it whose scope it is in.
    pub(crate) declared_in: Vec<Option<Option<LocalId>>>,
    pub(crate) flows: Vec<Flow>,
    /// The locals that may be there when an expression in a holder runs, and drop before the holder: by the mention of the holder.
    pub(crate) later: std::collections::HashMap<Mention, Vec<LocalId>>,
    /// The expressions that run in a holder as a whole, by the mention with which the first value goes in; where none does, by that of the
    /// holder, which then keeps their temporaries only.
    pub(crate) within: std::collections::HashMap<Mention, Within>,
    /// The locals that the structured form declares: only these can have a slot.
    pub(crate) structured: std::collections::HashSet<LocalId>,
    /// Parameters of types that can hold no borrow of a local of this function.
    pub(crate) given: std::collections::HashSet<LocalId>,
    /// Matches of values without a name of which an arm takes elements out of an array, while a guard may leave.
    pub(crate) guarded_elements: Vec<Span>,
    /// The locals in scope where an expression goes on that was begun, by what stands for it. What its operands borrow needs a slot.
    pub(crate) finished: std::collections::BTreeMap<LocalId, Vec<LocalId>>,
    /// Holders that an assignment to what they own empties.
    pub(crate) released: std::collections::BTreeSet<LocalId>,
    /// The locals that are structs of the file which can be taken apart.
    pub(crate) structs: std::collections::HashMap<LocalId, crate::hold::Apart>,
    /// The function of the file that is called at an await, where all its calls have one type.
    pub(crate) callees: std::collections::HashMap<AwaitId, String>,
    /// The types of locals for which the source spells none, but shows it.
    pub(crate) types: std::collections::HashMap<LocalId, syn::Type>,
    /// What is known of each local's type.
    pub(crate) facts: Vec<Facts>,
    /// What says how methods take their receivers.
    pub(crate) trust: Trust,
}

/// An expression that runs in a holder as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    /// The holder's mention, and the holder itself.
    pub(crate) holder: Mention,
    pub(crate) local: LocalId,
    /// The values that go in, each with the mention that moves it there.
    pub(crate) owners: Vec<(LocalId, Mention)>,
    /// The holders that the expression fills itself.
    pub(crate) nested: Vec<LocalId>,
    /// The locals declared among them.
    pub(crate) between: Vec<LocalId>,
    /// The other locals that it mentions, with their mentions.
    pub(crate) others: Vec<(LocalId, Vec<Mention>)>,
    /// A block inside captures what it mentions.
    pub(crate) captures: bool,
}

pub(crate) fn graph(resolved: &Resolved, body: &Body, table: &Table, trust: Trust) -> Graph {
    build::build(resolved, body, table, trust)
}

impl Graph {
    /// The locals that an assignment can give a value.
    pub(crate) fn assigned(&self) -> std::collections::HashSet<LocalId> {
        let events = self.blocks.node_weights().flat_map(|block| &block.events);
        events
            .filter_map(|event| match event {
                Event::Init(local, Some(_)) => Some(*local),
                _ => None,
            })
            .collect()
    }
}
