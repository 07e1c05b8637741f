//! Walks a body in order of evaluation and writes down the events.
//!
//! Here are the walk itself and the structured form; beneath it plain syntax: `value.rs`, `bind.rs`, `types.rs` and `captures.rs`.

mod bind;
mod captures;
mod types;
mod value;

use super::{BasicBlock, Event, Flow, Graph, Holder, How, Use};
use crate::desugar::Body;
use crate::ir::{self, AwaitId};
use crate::names::{self, LocalId};
use crate::report::Edge;
use crate::resolve::Resolved;
use crate::syntax::bare;
use crate::types::{Facts, Table, Trust};
use petgraph::graph::{DiGraph, NodeIndex};
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use syn::Expr;
use syn::spanned::Spanned;

pub(super) fn build(resolved: &Resolved, body: &Body, table: &Table, trust: Trust) -> Graph {
    let mut blocks = DiGraph::new();
    let entry = blocks.add_node(BasicBlock::default());
    let mut walk = Walk {
        resolved,
        table,
        trust,
        blocks,
        at: Some(entry),
        scope: Vec::new(),
        declared: std::collections::HashSet::new(),
        declared_in: vec![None; resolved.locals.len()],
        suspends: vec![entry; body.awaits.len()],
        in_scope: vec![Vec::new(); body.awaits.len()],
        flows: Vec::new(),
        units: Vec::new(),
        loops: Vec::new(),
        facts: HashMap::new(),
        simple: false,
        blocked: false,
        in_guard: false,
        by_pattern: false,
        elements: false,
        holdable: false,
        path: None,
        types: HashMap::new(),
        loosely: HashSet::new(),
        items: HashMap::new(),
        exact: HashMap::new(),
        callees: HashMap::new(),
        guarded_elements: Vec::new(),
        likely_borrowed: false,
        awaited: false,
        replacing: None,
        pending: 0,
        later: HashMap::new(),
        within: HashMap::new(),
        owned: Vec::new(),
        begun: HashMap::new(),
        finished: BTreeMap::new(),
        released: BTreeSet::new(),
    };
    for &param in &body.params {
        walk.declare(param);
        walk.push(Event::Init(param, None));
    }
    walk.ir_block(&body.block);
    let structs = (0..resolved.locals.len()).map(LocalId);
    let structs = structs.filter_map(|local| Some((local, walk.takes_apart(local)?)));
    let structs = structs.collect();
    let types = walk.exact_types();
    let facts = (0..resolved.locals.len())
        .map(|local| walk.facts(LocalId(local)))
        .collect();
    let Walk {
        blocks,
        suspends,
        in_scope,
        declared_in,
        flows,
        later,
        within,
        guarded_elements,
        finished,
        callees,
        released,
        ..
    } = walk;
    Graph {
        trust,
        structs,
        callees,
        types,
        finished,
        released,
        guarded_elements,
        blocks,
        entry,
        suspends,
        in_scope,
        declared_in,
        flows,
        later,
        within,
        given: body
            .given
            .iter()
            .copied()
            .filter(|param| {
                let ty = resolved.locals[param.0].ty.as_ref();
                ty.is_some_and(crate::types::holds_no_borrow_of_a_local)
            })
            .collect(),
        facts,
        structured: crate::ir::declared(&body.block)
            .into_iter()
            .chain(body.params.iter().copied())
            .collect(),
    }
}

/// Where `break` and `continue` of a loop or labelled block go.
struct Target {
    label: Option<syn::Lifetime>,
    is_loop: bool,
    next: NodeIndex,
    after: NodeIndex,
}

/// What one statement mentions: borrows flow from there into what it binds and into what it can write to.
#[derive(Default)]
struct Unit {
    loans: Vec<(LocalId, crate::names::Mention)>,
    from: Vec<LocalId>,
    into: Vec<LocalId>,
}

struct Walk<'a> {
    resolved: &'a Resolved,
    table: &'a Table,
    trust: Trust,
    blocks: DiGraph<BasicBlock, Edge>,
    /// None after a jump.
    at: Option<NodeIndex>,
    scope: Vec<LocalId>,
    declared: std::collections::HashSet<LocalId>,
    declared_in: Vec<Option<Option<LocalId>>>,
    suspends: Vec<NodeIndex>,
    in_scope: Vec<Vec<LocalId>>,
    flows: Vec<Flow>,
    units: Vec<Unit>,
    loops: Vec<Target>,
    facts: HashMap<LocalId, Facts>,
    /// Evaluating the arguments of the present call runs no code.
    simple: bool,
    /// Operands that may have a drop were evaluated before, for a call that has not begun.
    blocked: bool,
    /// The present expression is the guard of a pattern of the structured form.
    in_guard: bool,
    /// The present use is that of a pattern.
    by_pattern: bool,
    /// A pattern takes elements out of an array.
    elements: bool,
    /// The present use of a part is one that a holder can take.
    holdable: bool,
    /// The fields that lead to what is used at present.
    path: Option<Vec<String>>,
    /// Types of locals that what they are bound to shows.
    types: HashMap<LocalId, syn::Type>,
    /// Those of which the type is known only up to a reference.
    loosely: HashSet<LocalId>,
    /// The same where the type is known to the last reference; none for those of which it is not.
    exact: HashMap<LocalId, Option<syn::Type>>,
    /// What the iterators of `for` loops give.
    items: HashMap<LocalId, syn::Type>,
    callees: HashMap<AwaitId, String>,
    guarded_elements: Vec<proc_macro2::Span>,
    /// The present method is one that rather borrows its receiver.
    likely_borrowed: bool,
    /// The method call to come is awaited.
    awaited: bool,
    /// The receiver of which an assignment replaces the variable, and what the arguments mention if they run code.
    replacing: Option<(crate::names::Mention, Vec<LocalId>)>,
    pending: usize,
    later: HashMap<crate::names::Mention, Vec<LocalId>>,
    within: HashMap<crate::names::Mention, super::Within>,
    /// What the holder owns in which the present expression runs.
    owned: Vec<LocalId>,
    /// What the expressions mention that were begun, by what stands for them.
    begun: HashMap<LocalId, Vec<LocalId>>,
    /// The locals in scope where they go on.
    finished: BTreeMap<LocalId, Vec<LocalId>>,
    released: BTreeSet<LocalId>,
}

impl Walk<'_> {
    fn push(&mut self, event: Event) {
        if let Some(at) = self.at {
            self.blocks[at].events.push(event);
        }
    }

    fn new_block(&mut self) -> NodeIndex {
        self.blocks.add_node(BasicBlock::default())
    }

    fn edge(&mut self, to: NodeIndex, edge: Edge) {
        if let Some(at) = self.at {
            self.blocks.add_edge(at, to, edge);
        }
    }

    /// A branch from the present block; the walk goes on in the new one.
    fn branch_from(&mut self, from: Option<NodeIndex>, edge: Edge) {
        let block = self.new_block();
        self.at = from;
        self.edge(block, edge);
        self.at = from.map(|_| block);
    }

    fn join(&mut self, ends: &[Option<NodeIndex>]) {
        if ends.iter().all(Option::is_none) {
            self.at = None;
            return;
        }
        let join = self.new_block();
        for &end in ends {
            self.at = end;
            self.edge(join, Edge::Goto);
        }
        self.at = Some(join);
    }

    fn line(&mut self, span: proc_macro2::Span) {
        let (start, end) = (span.start().line, span.end().line);
        if start > 0
            && let Some(at) = self.at
        {
            let lines = self.blocks[at].lines.get_or_insert((start, end));
            *lines = (lines.0.min(start), lines.1.max(end));
        }
    }

    fn facts(&self, local: LocalId) -> Facts {
        if let Some(ty) = &self.resolved.locals[local.0].ty {
            let facts = self.table.facts(ty);
            if facts != Facts::default() {
                return facts;
            }
        }
        self.facts.get(&local).copied().unwrap_or_default()
    }

    /// The type of a local, where the source shows it.
    fn ty(&self, local: LocalId) -> Option<&syn::Type> {
        let ty = match &self.resolved.locals[local.0].ty {
            Some(spelled) => spelled,
            None => self.types.get(&local)?,
        };
        match (ty, &self.resolved.self_ty) {
            (syn::Type::Path(path), Some(owner)) if path.path.is_ident("Self") => Some(owner),
            _ => Some(ty),
        }
    }

    /// How a local that is a struct of the file is taken apart.
    fn takes_apart(&self, local: LocalId) -> Option<crate::hold::Apart> {
        let syn::Type::Path(ty) = self.ty(local)? else {
            return None;
        };
        let local_type = &self.resolved.locals[local.0].ty;
        // A pattern would bind references to the fields of a reference.
        if local_type.is_none() && self.loosely.contains(&local) {
            return None;
        }
        let members = self.table.members(&ty.path)?.to_vec();
        let mut path = match local_type {
            Some(syn::Type::Path(spelled)) => spelled.path.clone(),
            _ => ty.path.clone(),
        };
        for segment in &mut path.segments {
            segment.arguments = syn::PathArguments::None;
        }
        Some(crate::hold::Apart { path, members })
    }

    fn declare(&mut self, local: LocalId) {
        // Bound again, it stands behind what was declared in between.
        let before = self.scope.len();
        self.scope.retain(|other| *other != local);
        if self.scope.len() < before || !self.declared.insert(local) {
            self.declared_in[local.0] = None;
        } else {
            self.declared_in[local.0] = Some(self.scope.last().copied());
        }
        self.scope.push(local);
        self.push(Event::Declare(local));
    }

    fn unit(&mut self, inside: impl FnOnce(&mut Self)) -> Unit {
        self.units.push(Unit::default());
        inside(self);
        let unit = self.units.pop().expect("pushed above");
        for &into in &unit.into {
            let loans = unit
                .loans
                .iter()
                .filter(|(local, _)| *local != into)
                .copied()
                .collect();
            let from = unit
                .from
                .iter()
                .filter(|local| **local != into)
                .copied()
                .collect();
            self.flows.push(Flow {
                into: Holder::Local(into),
                loans,
                from,
            });
        }
        if let Some(parent) = self.units.last_mut() {
            parent.loans.extend(&unit.loans);
            parent.from.extend(&unit.from);
        }
        unit
    }

    fn into(&mut self, local: LocalId) {
        if let Some(unit) = self.units.last_mut() {
            unit.into.push(local);
        }
    }

    fn use_(&mut self, ident: &Ident, how: How) {
        let Some((local, mention)) = names::mention(ident) else {
            return;
        };
        if self.owned.contains(&local) {
            return;
        }
        let later = if matches!(how, How::Receiver(None) | How::Part | How::PartReceiver) {
            self.scope
                .iter()
                .copied()
                .skip_while(|other| *other != local)
                .skip(1)
                .collect()
        } else {
            Vec::new()
        };
        let found = Use {
            local,
            mention,
            how,
            span: ident.span(),
            later,
            simple: self.simple,
            blocked: self.blocked,
            in_guard: self.in_guard,
            by_pattern: self.by_pattern,
            elements: self.elements,
            holdable: self.holdable,
            path: self.path.clone(),
            likely_borrowed: self.likely_borrowed,
            replaced: self
                .replacing
                .as_ref()
                .filter(|(receiver, _)| *receiver == mention)
                .map(|(_, args)| args.clone()),
        };
        let facts = self.facts(local);
        if let Some(unit) = self.units.last_mut() {
            if !facts.owned {
                unit.from.push(local);
            }
            let loan = match how {
                How::Borrow => true,
                // A copied reference does not borrow the variable.
                How::Receiver(_) => !facts.shared && !facts.scalar,
                How::Value | How::Taken | How::Part => !facts.copy,
                How::PartReceiver => !facts.shared,
                How::Unclear => true,
                How::Read => false,
            };
            if loan {
                unit.loans.push((local, mention));
            }
            if !facts.owned
                && matches!(
                    how,
                    How::Borrow
                        | How::Receiver(_)
                        | How::PartReceiver
                        | How::Value
                        | How::Taken
                        | How::Unclear
                )
                && !facts.shared
            {
                unit.into.push(local);
            }
        }
        self.push(Event::Use(found));
    }

    // The structured form.

    fn ir_block(&mut self, block: &ir::Block) {
        let depth = self.scope.len();
        for stmt in &block.stmts {
            match stmt {
                ir::Stmt::Plain(stmt) => self.stmt(stmt),
                ir::Stmt::Let { pat, init, els, .. } => {
                    let unit = self.unit(|this| match init {
                        // A pattern that does not match takes nothing; of an `Option` that leaves nothing.
                        ir::Expr::Plain(init) if !this.takes_option(init, std::iter::once(pat)) => {
                            this.head_or_value(pat, init);
                        }
                        init => this.ir_expr(init),
                    });
                    self.units.push(unit);
                    if let Some(els) = els {
                        let before = self.at;
                        self.branch_from(before, Edge::Branch);
                        self.ir_block(els);
                        self.branch_from(before, Edge::Branch);
                    }
                    let root = match init {
                        ir::Expr::Plain(expr) => Some(expr),
                        _ => None,
                    };
                    match self.awaited_type(init) {
                        Some(ty) => self.bind_typed(pat, root, Some(ty)),
                        None => self.bind(pat, root),
                    }
                    let unit = self.units.pop().expect("pushed above");
                    self.finish(unit);
                }
                ir::Stmt::Expr { expr, .. } => {
                    self.unit(|this| this.ir_expr(expr));
                }
            }
        }
        self.scope.truncate(depth);
    }

    fn finish(&mut self, unit: Unit) {
        self.unit(|this| *this.units.last_mut().expect("pushed by unit") = unit);
    }

    fn ir_expr(&mut self, expr: &ir::Expr) {
        match expr {
            ir::Expr::Plain(expr) => self.value(expr),
            ir::Expr::Await(found) => {
                if let Some(operand) = &found.operand {
                    self.awaited = matches!(bare(operand), Expr::MethodCall(_));
                    if let Some(callee) = self.callee(operand) {
                        self.callees.insert(found.id, callee);
                    }
                    let unit = self.unit(|this| this.value(operand));
                    self.flows.push(Flow {
                        into: Holder::Child(found.id),
                        loans: unit.loans,
                        from: unit.from,
                    });
                    self.line(operand.span());
                }
                self.push(Event::Suspend(found.id));
                if let Some(at) = self.at {
                    self.suspends[found.id] = at;
                }
                self.in_scope[found.id] = self.scope.clone();
                let before = self.at;
                self.branch_from(before, Edge::Resume);
            }
            ir::Expr::Block { label, block } => {
                if let Some(label) = label {
                    let after = self.new_block();
                    self.loops.push(Target {
                        label: Some(label.clone()),
                        is_loop: false,
                        next: after,
                        after,
                    });
                    self.ir_block(block);
                    self.loops.pop();
                    self.edge(after, Edge::Goto);
                    self.at = Some(after);
                } else {
                    self.ir_block(block);
                }
            }
            ir::Expr::If { cond, then, els } => {
                let depth = self.scope.len();
                let failed = self.new_block();
                self.cond(cond, failed);
                self.ir_block(then);
                self.scope.truncate(depth);
                let then_end = self.at;
                self.at = Some(failed);
                if let Some(els) = els {
                    self.ir_expr(els);
                }
                let els_end = self.at;
                self.join(&[then_end, els_end]);
            }
            ir::Expr::Match { head, arms } => {
                self.head(head);
                let taken = self.takes_option(head, arms.iter().map(|arm| &arm.pat));
                let from = self.at;
                let (mut ends, mut missed) = (Vec::new(), Vec::new());
                for arm in arms {
                    let depth = self.scope.len();
                    self.branch_from(from, Edge::Branch);
                    self.in_guard = true;
                    self.arm_pat(&arm.pat, head, taken, &mut missed);
                    self.in_guard = false;
                    self.ir_expr(&arm.body);
                    self.scope.truncate(depth);
                    ends.push(self.at);
                }
                self.join(&ends);
            }
            ir::Expr::Loop(ir::Loop { label, cond, body }) => {
                let head = self.new_block();
                let after = self.new_block();
                self.edge(head, Edge::Goto);
                self.at = self.at.map(|_| head);
                let depth = self.scope.len();
                if let Some(cond) = cond {
                    self.cond(cond, after);
                }
                self.loops.push(Target {
                    label: Some(label.clone()),
                    is_loop: true,
                    next: head,
                    after,
                });
                self.ir_block(body);
                self.loops.pop();
                self.scope.truncate(depth);
                self.edge(head, Edge::Goto);
                let reached = self
                    .blocks
                    .edges_directed(after, petgraph::Direction::Incoming)
                    .next()
                    .is_some();
                self.at = reached.then_some(after);
            }
        }
    }

    fn labelled(&mut self, label: Option<&syn::Label>, block: &syn::Block) {
        let Some(label) = label else {
            return self.block(block);
        };
        let after = self.new_block();
        self.loops.push(Target {
            label: Some(label.name.clone()),
            is_loop: false,
            next: after,
            after,
        });
        self.block(block);
        self.loops.pop();
        self.edge(after, Edge::Goto);
        self.at = Some(after);
    }

    fn loop_(&mut self, label: Option<&syn::Label>, cond: Option<&Expr>, body: &syn::Block) {
        let head = self.new_block();
        let after = self.new_block();
        self.edge(head, Edge::Goto);
        self.at = self.at.map(|_| head);
        let depth = self.scope.len();
        if let Some(cond) = cond {
            self.cond(cond, after);
        }
        self.loops.push(Target {
            label: label.map(|label| label.name.clone()),
            is_loop: true,
            next: head,
            after,
        });
        self.block(body);
        self.loops.pop();
        self.scope.truncate(depth);
        self.edge(head, Edge::Goto);
        let reached = self
            .blocks
            .edges_directed(after, petgraph::Direction::Incoming)
            .next()
            .is_some();
        self.at = reached.then_some(after);
    }

    fn target(&self, label: Option<&syn::Lifetime>) -> Option<usize> {
        self.loops.iter().rposition(|target| match label {
            Some(label) => target
                .label
                .as_ref()
                .is_some_and(|name| name.ident == label.ident),
            None => target.is_loop,
        })
    }
}
