//! Walks a body in order of evaluation and writes down the events.

use super::patterns::{Bindings, OfOption, bindings, of_option};
use super::{BasicBlock, Event, Flow, Graph, Holder, How, Use};
use crate::desugar::Body;
use crate::ir;
use crate::names::{self, LocalId};
use crate::report::Edge;
use crate::resolve::Resolved;
use crate::syntax::{as_ident, bare, is_format_macro, is_place, macro_args, macro_name};
use crate::types::{Facts, Receiver, Table};
use petgraph::graph::{DiGraph, NodeIndex};
use proc_macro2::Ident;
use std::collections::HashMap;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Pat, Stmt};

pub(super) fn build(resolved: &Resolved, body: &Body, table: &Table) -> Graph {
    let mut blocks = DiGraph::new();
    let entry = blocks.add_node(BasicBlock::default());
    let mut walk = Walk {
        resolved,
        table,
        blocks,
        at: Some(entry),
        scope: Vec::new(),
        suspends: vec![entry; body.awaits.len()],
        in_scope: vec![Vec::new(); body.awaits.len()],
        flows: Vec::new(),
        units: Vec::new(),
        loops: Vec::new(),
        facts: HashMap::new(),
        simple: false,
        blocked: false,
        pending: 0,
        later: HashMap::new(),
        refilled: std::collections::HashSet::new(),
    };
    for &param in &body.params {
        walk.declare(param);
        walk.push(Event::Init(param, None));
    }
    walk.ir_block(&body.block);
    let facts = (0..resolved.locals.len())
        .map(|local| walk.facts(LocalId(local)))
        .collect();
    let Walk {
        blocks,
        suspends,
        in_scope,
        flows,
        later,
        refilled,
        ..
    } = walk;
    Graph {
        blocks,
        entry,
        suspends,
        in_scope,
        flows,
        later,
        refilled,
        facts,
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
    blocks: DiGraph<BasicBlock, Edge>,
    /// None after a jump.
    at: Option<NodeIndex>,
    scope: Vec<LocalId>,
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
    pending: usize,
    later: HashMap<crate::names::Mention, Vec<LocalId>>,
    refilled: std::collections::HashSet<LocalId>,
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

    fn declare(&mut self, local: LocalId) {
        // Bound again, it stands behind what was declared in between.
        self.scope.retain(|other| *other != local);
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
        let Some((local, mention)) = names::unmark(&ident.to_string()) else {
            return;
        };
        let later = if how == How::Receiver(None) {
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
                    let unit = self.unit(|this| {
                        this.ir_expr(init);
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
                    self.bind(pat, root);
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
                let mut ends = Vec::new();
                for arm in arms {
                    let depth = self.scope.len();
                    self.branch_from(from, Edge::Branch);
                    self.arm_pat(&arm.pat, head, taken);
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

    // Plain syntax.

    fn stmt(&mut self, stmt: &Stmt) {
        self.line(stmt.span());
        match stmt {
            Stmt::Local(local) => {
                let unit = self.unit(|this| {
                    if let Some(init) = &local.init {
                        this.head_or_value(&local.pat, &init.expr);
                        if let Some((_, els)) = &init.diverge {
                            let before = this.at;
                            this.branch_from(before, Edge::Branch);
                            this.value(els);
                            this.branch_from(before, Edge::Branch);
                        }
                    }
                });
                self.units.push(unit);
                match &local.init {
                    Some(init) => {
                        self.bind(&local.pat, Some(&init.expr));
                    }
                    None => bindings(&local.pat, self.table)
                        .locals
                        .into_iter()
                        .for_each(|local| self.declare(local)),
                }
                let unit = self.units.pop().expect("pushed above");
                self.finish(unit);
            }
            Stmt::Expr(expr, _) => {
                self.unit(|this| this.value(expr));
            }
            Stmt::Macro(mac) => {
                self.unit(|this| this.mac(&mac.mac));
            }
            Stmt::Item(_) => {}
        }
    }

    fn block(&mut self, block: &syn::Block) {
        let depth = self.scope.len();
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        self.scope.truncate(depth);
    }

    /// The initialiser of a `let`: a place that the pattern takes apart, or a value.
    fn head_or_value(&mut self, pat: &Pat, init: &Expr) {
        let bound = bindings(pat, self.table);
        if is_place(init) && as_root(init).is_some() && (!bound.whole || bound.by_ref) {
            self.head(init);
        } else {
            self.value(init);
        }
    }

    /// Declares what a pattern binds; `init` is what it looks at.
    fn bind(&mut self, pat: &Pat, init: Option<&Expr>) {
        let bound = bindings(pat, self.table);
        if let Some(init) = init
            && is_place(init)
            && (!bound.whole || bound.by_ref)
        {
            self.take_apart(init, &bound);
        }
        let simple = bound.whole && bound.locals.len() == 1;
        for &local in &bound.locals {
            if simple
                && let Some(init) = init
                && let Some(facts) = self.value_facts(init)
            {
                self.facts.insert(local, facts);
            }
            self.declare(local);
            self.push(Event::Init(local, None));
            if !self.facts(local).owned {
                self.into(local);
            }
        }
    }

    fn value_facts(&self, expr: &Expr) -> Option<Facts> {
        if let Some(ident) = as_ident(expr)
            && let Some(local) = names::local(ident)
        {
            let facts = self.facts(local);
            return (facts.copy || facts.owned || facts.unique).then_some(facts);
        }
        if let Expr::Call(call) = bare(expr)
            && call.args.len() == 1
            && let Expr::Path(path) = bare(&call.func)
            && path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "into_iter" || last.ident == "value")
            && let Expr::Range(range) = bare(&call.args[0])
        {
            return range
                .start
                .iter()
                .chain(&range.end)
                .find_map(|end| self.value_facts(end))
                .filter(|facts| facts.scalar)
                .map(|facts| Facts {
                    copy: false,
                    scalar: false,
                    ..facts
                });
        }
        if let Expr::Binary(binary) = bare(expr)
            && !matches!(binary.op, BinOp::And(_) | BinOp::Or(_))
        {
            // Arithmetic on known numbers.
            let sides = [
                self.value_facts(&binary.left),
                self.value_facts(&binary.right),
            ];
            if let [Some(left), Some(right)] = sides
                && left.scalar
                && right.scalar
            {
                return Some(left);
            }
        }
        self.table.facts_of(expr)
    }

    /// What a pattern does to a place: it moves, borrows or only looks.
    fn take_apart(&mut self, place: &Expr, bound: &Bindings) {
        let Some((ident, direct)) = as_root(place) else {
            return;
        };
        let facts = names::local(ident)
            .map(|local| self.facts(local))
            .unwrap_or_default();
        let how =
            if !bound.by_value && !bound.by_ref || facts.shared || bound.guarded && !bound.by_ref {
                How::Read
            } else if facts.unique || bound.by_ref && !bound.by_value {
                How::Borrow
            } else if facts.copy {
                How::Read
            } else if direct && !bound.leaves && !bound.by_ref {
                How::Taken
            } else {
                How::Part
            };
        self.use_(ident, how);
    }

    /// A scrutinee: what happens to a place depends on the patterns.
    fn head(&mut self, head: &Expr) {
        if is_place(head) && as_root(head).is_some() {
            self.place_operands(head);
        } else {
            self.value(head);
        }
    }

    /// What evaluating a place evaluates besides its root.
    fn place_operands(&mut self, place: &Expr) {
        match bare(place) {
            Expr::Field(field) => self.place_operands(&field.base),
            Expr::Index(index) => {
                self.place_operands(&index.expr);
                self.value(&index.index);
            }
            Expr::Unary(unary) => self.place_operands(&unary.expr),
            _ => {}
        }
    }

    /// A variable whose patterns are those of an `Option` is used up on every way: `None` has no drop.
    fn takes_option<'p>(&mut self, head: &Expr, pats: impl Iterator<Item = &'p Pat>) -> bool {
        let Some((ident, true)) = as_root(head) else {
            return false;
        };
        let facts = names::local(ident)
            .map(|local| self.facts(local))
            .unwrap_or_default();
        if facts.shared || facts.unique || facts.copy {
            return false;
        }
        let looks: Option<Vec<OfOption>> = pats.map(|pat| of_option(pat, self.table)).collect();
        let takes = looks.is_some_and(|looks| looks.contains(&OfOption::Takes));
        if takes {
            let ident = ident.clone();
            self.use_(&ident, How::Taken);
        }
        takes
    }

    fn arm_pat(&mut self, pat: &Pat, head: &Expr, taken: bool) {
        self.bind_arm(pat, head, taken);
        if let Pat::Guard(guard) = pat {
            self.value(&guard.guard);
        }
    }

    fn bind_arm(&mut self, pat: &Pat, head: &Expr, taken: bool) {
        let bound = bindings(pat, self.table);
        if !taken && is_place(head) && as_root(head).is_some() {
            if bound.whole {
                if let Some((ident, direct)) = as_root(head) {
                    self.use_(
                        ident,
                        if bound.by_ref {
                            How::Borrow
                        } else if direct {
                            How::Taken
                        } else {
                            How::Part
                        },
                    );
                }
            } else {
                self.take_apart(head, &bound);
            }
        }
        let scalar = self.counts(head);
        for &local in &bound.locals {
            if scalar {
                self.facts.insert(
                    local,
                    Facts {
                        no_drop: true,
                        copy: true,
                        owned: true,
                        scalar: true,
                        ..Facts::default()
                    },
                );
            }
            self.declare(local);
            self.push(Event::Init(local, None));
            if !scalar {
                self.into(local);
            }
        }
    }

    /// Whether a head gives the items of a range of numbers.
    fn counts(&self, head: &Expr) -> bool {
        let Expr::Call(call) = bare(head) else {
            return false;
        };
        let Some(Expr::Reference(iter)) = call.args.first() else {
            return false;
        };
        let facts = as_ident(&iter.expr)
            .and_then(names::local)
            .map(|local| self.facts(local))
            .unwrap_or_default();
        is_iterator_next(call) && facts.no_drop && facts.owned
    }

    /// A condition: control goes on here when it holds, to `failed` when not.
    fn cond(&mut self, cond: &Expr, failed: NodeIndex) {
        match bare(cond) {
            Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
                self.cond(&binary.left, failed);
                self.cond(&binary.right, failed);
            }
            Expr::Let(expr) => {
                let unit = self.unit(|this| this.head(&expr.expr));
                self.units.push(unit);
                let option = self.takes_option(&expr.expr, std::iter::once(&*expr.pat));
                let before = self.at;
                self.edge(failed, Edge::Branch);
                self.branch_from(before, Edge::Branch);
                self.bind_arm(&expr.pat, &expr.expr, option);
                let unit = self.units.pop().expect("pushed above");
                self.finish(unit);
            }
            cond => {
                self.line(cond.span());
                self.value(cond);
                let before = self.at;
                self.edge(failed, Edge::Branch);
                self.branch_from(before, Edge::Branch);
            }
        }
    }

    /// The operands of one expression, in order.
    fn operands<'e>(&mut self, operands: impl Iterator<Item = &'e Expr>) {
        let before = self.pending;
        for operand in operands {
            self.value(operand);
            let plain = match bare(operand) {
                Expr::Lit(_) | Expr::Reference(_) => true,
                operand => as_ident(operand)
                    .and_then(names::local)
                    .is_some_and(|local| self.facts(local).no_drop),
            };
            if !plain {
                self.pending += 1;
            }
        }
        self.pending = before;
    }

    /// An expression used for its value.
    fn value(&mut self, expr: &Expr) {
        match bare(expr) {
            Expr::Path(path) => {
                if let Some(ident) = path.path.get_ident() {
                    self.use_(ident, How::Value);
                }
            }
            Expr::Field(_) | Expr::Index(_) if is_place(expr) => {
                self.place_operands(expr);
                if let Some((ident, _)) = as_root(expr) {
                    let how = self.part(expr, ident);
                    self.use_(ident, how);
                }
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) && is_place(expr) => {
                self.place_operands(expr);
                if let Some((ident, _)) = as_root(expr) {
                    let facts = names::local(ident)
                        .map(|local| self.facts(local))
                        .unwrap_or_default();
                    self.use_(
                        ident,
                        if facts.shared || facts.unique || facts.no_drop {
                            How::Read
                        } else {
                            How::Part
                        },
                    );
                }
            }
            Expr::Field(field) => self.value(&field.base),
            Expr::Index(index) => {
                self.value(&index.expr);
                self.value(&index.index);
            }
            Expr::Unary(unary) => self.value(&unary.expr),
            Expr::Reference(reference) => self.place(&reference.expr, How::Borrow),
            Expr::RawAddr(raw) => self.place(&raw.expr, How::Borrow),
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) => {
                match as_ident(&call.func) {
                    // Calling a local may borrow it or use it up, as its type says.
                    Some(ident) if names::local(ident).is_some() => {
                        self.operands(call.args.iter());
                        let ident = ident.clone();
                        self.receiver(&ident, How::Receiver(None), &call.attrs, call.args.iter());
                        return;
                    }
                    _ => self.value(&call.func),
                }
                if is_iterator_next(call) {
                    // An item cannot borrow from the iterator itself.
                    if let Expr::Reference(reference) = &call.args[0] {
                        self.place(&reference.expr, How::Read);
                    }
                } else {
                    self.operands(call.args.iter());
                }
            }
            Expr::Macro(mac) => self.mac(&mac.mac),
            Expr::Closure(closure) => self.capture(closure.capture.is_some(), |walk| {
                walk.visit_closure(closure)
            }),
            Expr::Async(block) => {
                self.capture(block.capture.is_some(), |walk| walk.visit_async(block))
            }
            Expr::Assign(assign) => self.assign(assign),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Tuple(tuple) => self.operands(tuple.elems.iter()),
            Expr::Array(array) => self.operands(array.elems.iter()),
            Expr::Repeat(repeat) => self.value(&repeat.expr),
            Expr::Cast(cast) => self.value(&cast.expr),
            Expr::Struct(expr) => {
                self.operands(expr.fields.iter().map(|field| &field.expr));
                if let Some(rest) = &expr.rest {
                    match as_root(rest) {
                        Some((ident, _)) if is_place(rest) => {
                            self.place_operands(rest);
                            let facts = names::local(ident)
                                .map(|local| self.facts(local))
                                .unwrap_or_default();
                            self.use_(ident, if facts.no_drop { How::Read } else { How::Part });
                        }
                        _ => self.value(rest),
                    }
                }
            }
            Expr::Range(range) => range
                .start
                .iter()
                .chain(&range.end)
                .for_each(|end| self.value(end)),
            Expr::Try(expr) => {
                self.value(&expr.expr);
                let before = self.at;
                self.branch_from(before, Edge::Branch);
            }
            Expr::Return(expr) => {
                if let Some(expr) = &expr.expr {
                    self.value(expr);
                }
                self.at = None;
            }
            Expr::Break(expr) => {
                if let Some(value) = &expr.expr {
                    self.value(value);
                }
                if let Some(target) = self.target(expr.label.as_ref()) {
                    let to = self.loops[target].after;
                    self.edge(to, Edge::Goto);
                }
                self.at = None;
            }
            Expr::Continue(expr) => {
                if let Some(target) = self.target(expr.label.as_ref()) {
                    let to = self.loops[target].next;
                    self.edge(to, Edge::Goto);
                }
                self.at = None;
            }
            Expr::Block(block) => self.labelled(block.label.as_ref(), &block.block),
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::Const(_) | Expr::Lit(_) => {}
            Expr::If(expr) => {
                let depth = self.scope.len();
                let failed = self.new_block();
                self.cond(&expr.cond, failed);
                self.block(&expr.then_branch);
                self.scope.truncate(depth);
                let then_end = self.at;
                self.at = Some(failed);
                if let Some((_, els)) = &expr.else_branch {
                    self.value(els);
                }
                let els_end = self.at;
                self.join(&[then_end, els_end]);
            }
            Expr::Match(expr) => {
                let unit = self.unit(|this| this.head(&expr.expr));
                self.units.push(unit);
                let taken = self.takes_option(&expr.expr, expr.arms.iter().map(|arm| &arm.pat));
                let from = self.at;
                let mut ends = Vec::new();
                for arm in &expr.arms {
                    let depth = self.scope.len();
                    self.branch_from(from, Edge::Branch);
                    self.arm_pat(&arm.pat, &expr.expr, taken);
                    self.value(&arm.body);
                    self.scope.truncate(depth);
                    ends.push(self.at);
                }
                let unit = self.units.pop().expect("pushed above");
                self.finish(unit);
                self.join(&ends);
            }
            Expr::Loop(expr) => self.loop_(expr.label.as_ref(), None, &expr.body),
            Expr::While(expr) => self.loop_(expr.label.as_ref(), Some(&expr.cond), &expr.body),
            Expr::ForLoop(expr) => {
                self.unit(|this| {
                    this.value(&expr.expr);
                    let head = this.new_block();
                    let after = this.new_block();
                    this.edge(head, Edge::Goto);
                    this.at = this.at.map(|_| head);
                    this.edge(after, Edge::Branch);
                    let from = this.at;
                    this.branch_from(from, Edge::Branch);
                    let depth = this.scope.len();
                    this.bind(&expr.pat, None);
                    this.loops.push(Target {
                        label: expr.label.as_ref().map(|label| label.name.clone()),
                        is_loop: true,
                        next: head,
                        after,
                    });
                    this.block(&expr.body);
                    this.loops.pop();
                    this.scope.truncate(depth);
                    this.edge(head, Edge::Goto);
                    this.at = from.map(|_| after);
                });
            }
            Expr::Let(expr) => {
                // Only inside `matches`-like positions that `cond` does not see.
                self.head(&expr.expr);
                self.bind_arm(&expr.pat, &expr.expr, false);
            }
            other => {
                // Whatever else there is: every mention is unclear.
                let mut mentions = Mentions(Vec::new());
                mentions.visit_expr(other);
                mentions
                    .0
                    .iter()
                    .for_each(|ident| self.use_(ident, How::Unclear));
            }
        }
    }

    /// How a part of a local is used by value.
    fn part(&self, expr: &Expr, ident: &Ident) -> How {
        let Some(local) = names::local(ident) else {
            return How::Read;
        };
        let facts = self.facts(local);
        // What stands behind a reference, or behind an index, can only be copied.
        if facts.shared || facts.unique || facts.no_drop || has_index(expr) {
            return How::Read;
        }
        if let Expr::Field(field) = bare(expr)
            && let Some(ty) = &self.resolved.locals[local.0].ty
            && let Some(field_ty) = self.table.field(ty, &member(&field.member))
            && as_ident(&field.base).is_some()
            && self.table.facts(field_ty).copy
        {
            return How::Read;
        }
        How::Part
    }

    /// An expression used as a place.
    fn place(&mut self, expr: &Expr, how: How) {
        if is_place(expr) {
            self.place_operands(expr);
            if let Some((ident, direct)) = as_root(expr) {
                let facts = names::local(ident)
                    .map(|local| self.facts(local))
                    .unwrap_or_default();
                // `&(*r).x` through a shared reference does not borrow `r`.
                let through = !direct && facts.shared;
                self.use_(ident, if through { How::Read } else { how });
            }
        } else {
            self.value(expr);
        }
    }

    fn method(&mut self, call: &syn::ExprMethodCall) {
        let receiver = &call.receiver;
        if !is_place(receiver) {
            self.value(receiver);
            self.operands(call.args.iter());
            return;
        }
        self.place_operands(receiver);
        self.operands(call.args.iter());
        let Some((ident, direct)) = as_root(receiver) else {
            return;
        };
        let Some(local) = names::local(ident) else {
            return;
        };
        let facts = self.facts(local);
        let method = call.method.to_string();
        if direct {
            let kind = self
                .table
                .receiver(self.resolved.locals[local.0].ty.as_ref(), &method);
            let how = if gives_owned(&method) && kind != Some(Receiver::ByValue) {
                How::Receiver(Some(Receiver::ByRef))
            } else {
                How::Receiver(kind)
            };
            if gives_owned(&method) {
                // The result borrows nothing.
                let depth = self.units.last().map(|unit| unit.loans.len());
                self.receiver(ident, how, &call.attrs, call.args.iter());
                if let (Some(unit), Some(depth)) = (self.units.last_mut(), depth) {
                    unit.loans.truncate(depth);
                }
            } else {
                self.receiver(ident, how, &call.attrs, call.args.iter());
            }
            return;
        }
        if has_index(receiver) || facts.shared || facts.unique {
            self.use_(ident, if facts.shared { How::Read } else { How::Borrow });
            return;
        }
        let kind = match (bare(receiver), &self.resolved.locals[local.0].ty) {
            (Expr::Field(field), Some(ty)) if as_ident(&field.base).is_some() => {
                let ty = self.table.field(ty, &member(&field.member));
                if ty.is_some_and(|ty| self.table.facts(ty).copy) {
                    Some(Receiver::ByRef)
                } else {
                    self.table.receiver(ty, &method)
                }
            }
            _ => self.table.receiver(None, &method),
        };
        self.use_(
            ident,
            match kind {
                Some(Receiver::ByRef) => How::Borrow,
                Some(Receiver::ByValue) => How::Part,
                None => How::PartReceiver,
            },
        );
    }

    /// A local as the receiver of a call, which may go through a holder.
    fn receiver<'e>(
        &mut self,
        ident: &Ident,
        how: How,
        attrs: &[syn::Attribute],
        mut args: impl Iterator<Item = &'e Expr>,
    ) {
        if let Some(holder) = crate::hold::holder(attrs)
            && let Some((local, mention)) = names::unmark(&holder.to_string())
        {
            self.use_(ident, How::Value);
            let value = names::local(ident);
            let later = self
                .scope
                .iter()
                .copied()
                .skip_while(|other| Some(*other) != value)
                .skip(1)
                .filter(|other| *other != local)
                .collect();
            self.later.insert(mention, later);
            self.push(Event::Init(local, Some(mention)));
            if let Some(unit) = self.units.last_mut() {
                // The result may borrow from what stays in the holder.
                unit.loans.push((local, mention));
            }
            return;
        }
        self.simple = self.pending == 0 && args.all(is_constant_like);
        self.blocked = self.pending > 0;
        self.use_(ident, how);
        self.simple = false;
        self.blocked = false;
    }

    fn mac(&mut self, mac: &syn::Macro) {
        let name = macro_name(mac);
        let read = is_format_macro(&name) || name == "matches";
        let by_value = matches!(name.as_str(), "vec" | "dbg");
        if (read || by_value)
            && let Some(args) = macro_args(mac)
        {
            let formats = read && name != "assert_eq" && name != "assert_ne";
            for (i, arg) in args.iter().enumerate() {
                let arg = match arg {
                    Expr::Assign(assign) if formats => &*assign.right,
                    arg => arg,
                };
                if by_value {
                    self.value(arg);
                } else if is_place(arg) || matches!(name.as_str(), "write" | "writeln") && i == 0 {
                    self.place(arg, How::Read);
                } else {
                    // What the macro makes of it holds no borrow.
                    let loans = self
                        .units
                        .last()
                        .map(|unit| (unit.loans.len(), unit.from.len()));
                    self.value(arg);
                    if let (Some(unit), Some((loans, from))) = (self.units.last_mut(), loans) {
                        unit.loans.truncate(loans);
                        unit.from.truncate(from);
                    }
                }
            }
            self.captures(mac);
            return;
        }
        let how = if read { How::Read } else { How::Unclear };
        let mut mentions = Mentions(Vec::new());
        mentions.tokens(&mac.tokens);
        mentions.0.iter().for_each(|ident| self.use_(ident, how));
        self.captures(mac);
    }

    /// Names captured in format strings.
    fn captures(&mut self, mac: &syn::Macro) {
        let mut found = Vec::new();
        names::map_tokens(mac.tokens.clone(), &mut |_, _| None, &mut |literal| {
            names::map_captures(literal, &mut |name| {
                if names::unmark(name).is_some() {
                    found.push(Ident::new(name, literal.span()));
                }
                None
            })
        });
        found.iter().for_each(|ident| self.use_(ident, How::Read));
    }

    /// A closure or async block: its captures are uses of the function.
    fn capture(&mut self, by_move: bool, inside: impl FnOnce(&mut Captures)) {
        let mut captures = Captures {
            mentions: Mentions(Vec::new()),
            parts: Vec::new(),
        };
        inside(&mut captures);
        let total: Vec<LocalId> = captures
            .mentions
            .0
            .iter()
            .filter_map(names::local)
            .collect();
        let mut seen: HashMap<LocalId, usize> = HashMap::new();
        let parts = captures.parts;
        for ident in captures.mentions.0 {
            let Some(local) = names::local(&ident) else {
                continue;
            };
            if self.resolved.locals[local.0].foreign || seen.insert(local, 0).is_some() {
                continue;
            }
            let facts = self.facts(local);
            let only_parts = parts.iter().filter(|part| **part == local).count()
                == total.iter().filter(|other| **other == local).count();
            let how = if by_move && only_parts {
                // Only the part is captured: moved or copied.
                How::Part
            } else if by_move {
                How::Value
            } else if facts.copy {
                How::Borrow
            } else {
                How::Unclear
            };
            self.use_(&ident, how);
        }
    }

    fn assign(&mut self, assign: &syn::ExprAssign) {
        self.value(&assign.right);
        match bare(&assign.left) {
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.assigned(elem)),
            left => self.assigned(left),
        }
    }

    fn assigned(&mut self, left: &Expr) {
        if let Some(ident) = as_ident(left)
            && let Some((local, mention)) = names::unmark(&ident.to_string())
        {
            self.push(Event::Init(local, Some(mention)));
            self.into(local);
            return;
        }
        self.place(left, How::Read);
        if let Some((ident, _)) = as_root(left)
            && let Some(local) = names::local(ident)
        {
            self.into(local);
            self.refilled.insert(local);
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) => {
                self.value(&binary.left);
                let before = self.at;
                self.branch_from(before, Edge::Branch);
                self.value(&binary.right);
                let end = self.at;
                self.join(&[before, end]);
            }
            BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_) => {
                self.place(&binary.left, How::Read);
                self.place(&binary.right, How::Read);
            }
            // Nothing flows into the operands.
            BinOp::Add(_)
            | BinOp::Sub(_)
            | BinOp::Mul(_)
            | BinOp::Div(_)
            | BinOp::Rem(_)
            | BinOp::BitXor(_)
            | BinOp::BitAnd(_)
            | BinOp::BitOr(_)
            | BinOp::Shl(_)
            | BinOp::Shr(_) => {
                let into = self.units.last().map(|unit| unit.into.len());
                self.value(&binary.left);
                self.value(&binary.right);
                if let (Some(unit), Some(into)) = (self.units.last_mut(), into) {
                    unit.into.truncate(into);
                }
            }
            _ => {
                self.value(&binary.right);
                self.place(&binary.left, How::Read);
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

/// The local at the root of a place, and whether the place is that local itself.
pub(crate) fn as_root(place: &Expr) -> Option<(&Ident, bool)> {
    match bare(place) {
        Expr::Path(path) => path
            .path
            .get_ident()
            .filter(|ident| names::local(ident).is_some())
            .map(|ident| (ident, true)),
        Expr::Field(field) => as_root(&field.base).map(|(ident, _)| (ident, false)),
        Expr::Index(index) => as_root(&index.expr).map(|(ident, _)| (ident, false)),
        Expr::Unary(unary) => as_root(&unary.expr).map(|(ident, _)| (ident, false)),
        _ => None,
    }
}

fn has_index(place: &Expr) -> bool {
    match bare(place) {
        Expr::Field(field) => has_index(&field.base),
        Expr::Index(_) => true,
        Expr::Unary(unary) => has_index(&unary.expr),
        _ => false,
    }
}

fn member(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(ident) => ident.to_string(),
        syn::Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Whether evaluating an argument runs no code that could panic.
fn is_constant_like(arg: &Expr) -> bool {
    match bare(arg) {
        Expr::Path(_) | Expr::Lit(_) | Expr::Closure(_) => true,
        Expr::Reference(reference) => is_constant_like(&reference.expr),
        Expr::Field(field) => as_ident(&field.base).is_some(),
        arg => crate::syntax::is_constant(arg),
    }
}

/// `rt::next(&mut iter)`
fn is_iterator_next(call: &syn::ExprCall) -> bool {
    let Expr::Path(path) = bare(&call.func) else {
        return false;
    };
    let mut segments = path.path.segments.iter();
    segments.next().is_some_and(|first| first.ident == "rt__hr")
        && segments.next().is_some_and(|second| second.ident == "next")
}

/// Methods whose results are taken to borrow nothing from the receiver. Where that is wrong, the output does not compile.
fn gives_owned(method: &str) -> bool {
    matches!(
        method,
        "len"
            | "is_empty"
            | "capacity"
            | "to_string"
            | "to_owned"
            | "to_vec"
            | "contains"
            | "contains_key"
            | "starts_with"
            | "ends_with"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "elapsed"
            | "as_secs"
            | "as_millis"
            | "count"
            | "clear"
    )
}

struct Mentions(Vec<Ident>);

impl Mentions {
    fn tokens(&mut self, tokens: &proc_macro2::TokenStream) {
        for tree in tokens.clone() {
            match tree {
                proc_macro2::TokenTree::Ident(ident) if names::local(&ident).is_some() => {
                    self.0.push(ident)
                }
                proc_macro2::TokenTree::Group(group) => self.tokens(&group.stream()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        if names::local(ident).is_some() {
            self.0.push(ident.clone());
        }
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.tokens(&mac.tokens);
        names::map_tokens(mac.tokens.clone(), &mut |_, _| None, &mut |literal| {
            names::map_captures(literal, &mut |name| {
                if names::unmark(name).is_some() {
                    self.0.push(Ident::new(name, literal.span()));
                }
                None
            })
        });
    }
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_local(&mut self, local: &'ast syn::Local) {
        // `let _ = x;` does not touch `x`, so it captures nothing.
        let ignores = matches!(&local.pat, Pat::Wild(_))
            && local.init.as_ref().is_some_and(|init| is_place(&init.expr));
        if !ignores {
            visit::visit_local(self, local);
        }
    }
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        let ignores = matches!(&*assign.left, Expr::Infer(_)) && is_place(&assign.right);
        if !ignores {
            visit::visit_expr_assign(self, assign);
        }
    }
    fn visit_expr(&mut self, expr: &'ast Expr) {
        visit::visit_expr(self, expr);
    }
}

struct Captures {
    mentions: Mentions,
    /// The locals of which a part is mentioned, once a mention.
    parts: Vec<LocalId>,
}

/// Finds the mentions of parts.
struct Parts<'a>(&'a mut Vec<LocalId>);

impl<'ast> Visit<'ast> for Parts<'_> {
    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        self.0.extend(as_ident(&field.base).and_then(names::local));
        visit::visit_expr_field(self, field);
    }
}

impl Captures {
    fn visit_closure(&mut self, closure: &syn::ExprClosure) {
        self.mentions.visit_expr(&closure.body);
        Parts(&mut self.parts).visit_expr(&closure.body);
    }
    fn visit_async(&mut self, block: &syn::ExprAsync) {
        self.mentions.visit_block(&block.block);
        Parts(&mut self.parts).visit_block(&block.block);
    }
}
