//! Statements and expressions that hold no await.

use super::captures::Mentions;
use super::{Target, Walk};
use crate::graph::patterns::bindings;
use crate::graph::{Event, How};
use crate::names::{self, as_root};
use crate::report::Edge;
use crate::syntax::{as_ident, bare, gives_owned, is_constant, is_place};
use crate::types::{Receiver, Trust, is_primitive};
use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{BinOp, Expr, Stmt};

impl Walk<'_> {
    pub(super) fn stmt(&mut self, stmt: &Stmt) {
        let around = self.units.last();
        let around = around.map(|unit| (unit.loans.len(), unit.from.len()));
        if crate::conditional::is_conditional_stmt(stmt) {
            self.sometimes(|this| this.present(stmt));
        } else {
            self.present(stmt);
        }
        // What it borrows for itself is not in the value of the block around it.
        if let (Some(unit), Some((loans, from))) = (self.units.last_mut(), around)
            && ends_with_semi(stmt)
            && !breaks_with_value(stmt)
        {
            unit.loans.truncate(loans);
            unit.from.truncate(from);
        }
    }

    /// What is compiled only sometimes may run or not, as if a branch led around it.
    fn sometimes(&mut self, inside: impl FnOnce(&mut Self)) {
        let before = self.at;
        self.branch_from(before, Edge::Branch);
        inside(self);
        let end = self.at;
        self.join(&[before, end]);
    }

    fn present(&mut self, stmt: &Stmt) {
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

    pub(super) fn block(&mut self, block: &syn::Block) {
        let depth = self.scope.len();
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        self.scope.truncate(depth);
    }

    /// The operands of one expression, in order.
    fn operands<'e>(&mut self, operands: impl Iterator<Item = &'e Expr>) {
        let before = self.pending;
        for operand in operands {
            self.value(operand);
            self.evaluated(operand);
        }
        self.pending = before;
    }

    /// An operand waits for those behind it.
    pub(super) fn evaluated(&mut self, operand: &Expr) {
        let plain = match bare(operand) {
            Expr::Lit(_) => true,
            Expr::Reference(reference) => is_place(&reference.expr) || is_constant(&reference.expr),
            operand => {
                as_ident(operand)
                    .and_then(names::local)
                    .is_some_and(|local| self.facts(local).no_drop)
                    || self.value_facts(operand).is_some_and(|facts| facts.no_drop)
            }
        };
        if !plain {
            self.pending += 1;
        }
    }

    /// An expression used for its value.
    pub(super) fn value(&mut self, expr: &Expr) {
        match bare(expr) {
            Expr::Path(path) => {
                if let Some(ident) = path.path.get_ident() {
                    self.use_(ident, How::Value);
                }
            }
            Expr::Field(_) | Expr::Index(_) if is_place(expr) => {
                self.place_operands(expr);
                if let Some((ident, _)) = as_root(expr) {
                    if let Expr::Field(field) = bare(expr)
                        && self.through_holder(ident, &field.attrs, false)
                    {
                        return;
                    }
                    let how = self.part(expr, ident);
                    self.part_use(ident, how, expr, true);
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
                self.index(&index.index);
            }
            Expr::Unary(unary) => self.value(&unary.expr),
            Expr::Reference(reference) => self.place(&reference.expr, How::Borrow),
            Expr::RawAddr(raw) => self.place(&raw.expr, How::Borrow),
            Expr::MethodCall(call) => self.method(call),
            Expr::Call(call) if crate::syntax::lent(call).is_some() => {
                let (ident, value) = crate::syntax::lent(call).expect("just checked");
                self.value(value);
                if let Some((local, mention)) = names::mention(ident) {
                    if let Some(facts) = self.value_facts(value) {
                        self.facts.insert(local, facts);
                    }
                    self.push(Event::Init(local, Some(mention)));
                    self.into(local);
                }
                self.use_(ident, How::Borrow);
            }
            Expr::Call(call) if crate::syntax::released(call).is_some() => {
                let holder = crate::syntax::released(call).expect("just checked");
                self.released.extend(names::local(holder));
                self.use_(holder, How::Value);
            }
            Expr::Call(call) if crate::syntax::finished(call).is_some() => {
                let (begun, _) = crate::syntax::finished(call).expect("just checked");
                let begun = names::local(begun);
                // Whatever becomes of the result, the expression holds its operands.
                let unit = self.unit(|this| {
                    this.operands(call.args.iter());
                    if let Some(begun) = begun {
                        this.into(begun);
                        this.finished.insert(begun, this.scope.clone());
                    }
                    // What it began with may come to hold what the operands borrow.
                    let mentioned = begun.and_then(|begun| this.begun.get(&begun));
                    for local in mentioned.cloned().unwrap_or_default() {
                        if !this.facts(local).owned {
                            this.into(local);
                        }
                    }
                });
                unit.into.into_iter().for_each(|local| self.into(local));
            }
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
                    let depth = self.units.last().map(|unit| unit.loans.len());
                    self.operands(call.args.iter());
                    // Of a single place, only the result could keep the borrow.
                    let owned = |ty: syn::Type| self.table.facts(&ty).owned;
                    if call.args.len() == 1
                        && is_place(referred(&call.args[0]))
                        && self.exact_type(expr).is_some_and(owned)
                        && let (Some(unit), Some(depth)) = (self.units.last_mut(), depth)
                    {
                        unit.loans.truncate(depth);
                    }
                }
            }
            Expr::Macro(mac) => self.mac(&mac.mac),
            Expr::Closure(closure) => self.capture(
                closure.capture.is_some(),
                &|this| this.value(&closure.body),
                |walk| walk.visit_closure(closure),
            ),
            Expr::Async(block) => self.capture(
                block.capture.is_some(),
                &|this| this.block(&block.block),
                |walk| walk.visit_async(block),
            ),
            Expr::Assign(assign) => self.assign(assign),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Tuple(tuple) => self.operands(tuple.elems.iter()),
            Expr::Array(array) => self.operands(array.elems.iter()),
            Expr::Repeat(repeat) => self.value(&repeat.expr),
            // Only numbers can be cast to a number.
            Expr::Cast(cast)
                if is_place(&cast.expr)
                    && crate::types::type_name(&cast.ty)
                        .is_some_and(|name| is_primitive(&name)) =>
            {
                self.place(&cast.expr, How::Read);
            }
            Expr::Cast(cast) => self.value(&cast.expr),
            Expr::Struct(expr) => {
                let sometimes =
                    |field: &&syn::FieldValue| crate::conditional::is_conditional(&field.attrs);
                let always = expr.fields.iter().filter(|field| !sometimes(field));
                self.operands(always.map(|field| &field.expr));
                for field in expr.fields.iter().filter(sometimes) {
                    self.sometimes(|this| this.value(&field.expr));
                }
                if let Some(rest) = &expr.rest {
                    match as_root(rest) {
                        Some((ident, _))
                            if is_place(rest) && self.through_holder(ident, &expr.attrs, false) => {
                        }
                        Some((ident, _)) if is_place(rest) => {
                            self.place_operands(rest);
                            let facts = names::local(ident)
                                .map(|local| self.facts(local))
                                .unwrap_or_default();
                            let how = if facts.no_drop { How::Read } else { How::Part };
                            // The other fields are evaluated before it is touched.
                            self.part_use(ident, how, rest, true);
                        }
                        _ => {
                            self.value(rest);
                            self.fill_holder(&expr.attrs, Vec::new());
                        }
                    }
                }
            }
            Expr::Range(range) => range
                .start
                .iter()
                .chain(&range.end)
                .for_each(|end| self.value(end)),
            // Of an async block inside.
            Expr::Await(expr) => self.value(&expr.base),
            Expr::Try(expr) => {
                self.value(&expr.expr);
                self.push(Event::Leave);
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
            Expr::Block(block) if crate::hold::holder(&block.attrs).is_some() => self.within(block),
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
                if !is_place(&expr.expr) && self.leaves_with_elements(&expr.arms) {
                    self.guarded_elements.push(expr.match_token.span);
                }
                let from = self.at;
                let (mut ends, mut missed) = (Vec::new(), Vec::new());
                for arm in &expr.arms {
                    let depth = self.scope.len();
                    self.branch_from(from, Edge::Branch);
                    self.arm_pat(&arm.pat, &expr.expr, taken, &mut missed);
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
        if facts.shared
            || facts.unique
            || facts.no_drop
            || has_index(expr)
            || self.stays_whole(local)
        {
            return How::Read;
        }
        if let Expr::Field(field) = bare(expr)
            && let Some(ty) = self.ty(local)
            && as_ident(&field.base).is_some()
            && self
                .table
                .copies_field(ty, &crate::syntax::member(&field.member))
        {
            return How::Read;
        }
        How::Part
    }

    /// Whether nothing can be moved out of a local: its type has a `Drop` of its own.
    fn stays_whole(&self, local: names::LocalId) -> bool {
        let name = self.ty(local).and_then(crate::types::type_name);
        name.is_some_and(|name| self.table.drops(&name))
    }

    /// An expression used as a place.
    pub(super) fn place(&mut self, expr: &Expr, how: How) {
        if is_place(expr) {
            self.place_operands(expr);
            if let Some((ident, direct)) = as_root(expr) {
                let facts = names::local(ident)
                    .map(|local| self.facts(local))
                    .unwrap_or_default();
                // `&(*r).x` through a shared reference does not borrow `r`.
                let through = !direct && facts.shared;
                self.path = fields(expr);
                self.use_(ident, if through { How::Read } else { how });
                self.path = None;
            }
        } else {
            self.value(expr);
        }
    }

    fn method(&mut self, call: &syn::ExprMethodCall) {
        // What is awaited may borrow from the receiver until then, whatever its value does.
        let awaited = std::mem::take(&mut self.awaited);
        let receiver = &call.receiver;
        let pending = self.pending;
        if !is_place(receiver) {
            self.value(receiver);
            self.evaluated(receiver);
            self.operands(call.args.iter());
            self.pending = pending;
            return;
        }
        self.place_operands(receiver);
        // A local that the method may take is taken before the arguments are evaluated.
        if as_ident(receiver).is_some_and(|ident| names::local(ident).is_some()) {
            let local = as_ident(receiver).and_then(names::local);
            let ty = local.and_then(|local| self.ty(local));
            if self.takes(ty, &call.method.to_string()) != Some(Receiver::ByRef) {
                self.evaluated(receiver);
            }
        }
        self.operands(call.args.iter());
        self.pending = pending;
        let Some((ident, direct)) = as_root(receiver) else {
            return;
        };
        let Some(local) = names::local(ident) else {
            return;
        };
        let facts = self.facts(local);
        let method = call.method.to_string();
        self.likely_borrowed = self.table.likely_borrows(&method);
        let owned = gives_owned(&method) && !awaited;
        self.receive(call, ident, local, facts, direct, (&method, owned));
        self.likely_borrowed = false;
    }

    fn receive(
        &mut self,
        call: &syn::ExprMethodCall,
        ident: &Ident,
        local: names::LocalId,
        facts: crate::types::Facts,
        direct: bool,
        (method, owned): (&str, bool),
    ) {
        let receiver = &call.receiver;
        if direct {
            let kind = if self.moved_by_bound(local, method) {
                Some(Receiver::ByValue)
            } else {
                self.takes(self.ty(local), method)
            };
            let how = if owned && kind != Some(Receiver::ByValue) {
                How::Receiver(Some(Receiver::ByRef))
            } else {
                How::Receiver(kind)
            };
            if owned {
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
        let kind = match (bare(receiver), self.ty(local)) {
            _ if self.stays_whole(local) => Some(Receiver::ByRef),
            (Expr::Field(field), Some(ty)) if as_ident(&field.base).is_some() => {
                let member = crate::syntax::member(&field.member);
                if self.table.copies_field(ty, &member) {
                    Some(Receiver::ByRef)
                } else {
                    let ty = self.table.field(ty, &member);
                    self.takes(ty.as_deref(), method)
                }
            }
            _ => self.takes(None, method),
        };
        if self.through_holder(ident, &call.attrs, true) {
            return;
        }
        let how = match kind {
            Some(Receiver::ByRef) => How::Borrow,
            Some(Receiver::ByValue) => How::Part,
            None => How::PartReceiver,
        };
        self.blocked = self.pending > 0 || call.args.iter().any(refers_to_temporary);
        let simple = self.pending == 0 && call.args.iter().all(is_constant_like);
        let depth = self.units.last().map(|unit| unit.loans.len());
        self.part_use(ident, how, receiver, simple);
        self.blocked = false;
        if let (Some(unit), Some(depth)) = (self.units.last_mut(), depth)
            && owned
        {
            // The result borrows nothing.
            unit.loans.truncate(depth);
        }
    }

    /// Whether a bound says that a method moves a local. Only a type that the function itself spells can mean its type parameter: that of a
    /// field or a result may be another of the same name.
    fn moved_by_bound(&self, local: names::LocalId, method: &str) -> bool {
        let local = &self.resolved.locals[local.0];
        let consumes = |ty| self.resolved.bounds.consumes(ty, method);
        !local.hidden && local.ty.as_ref().is_some_and(consumes)
    }

    /// How a method takes `self`, as far as that can be told.
    fn takes(&self, ty: Option<&syn::Type>, method: &str) -> Option<Receiver> {
        match self.trust {
            Trust::Types => self.table.certain_receiver(ty, method),
            Trust::Names => self.table.receiver(ty, method),
        }
    }

    /// An expression whose value is a `bool`: of a place, that is a copy.
    pub(super) fn truth(&mut self, expr: &Expr) {
        match bare(expr) {
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => self.truth(&unary.expr),
            expr if is_place(expr) => self.place(expr, How::Read),
            expr => self.value(expr),
        }
    }

    /// A use of a part; `simple`: evaluating the other operands runs no code.
    fn part_use(&mut self, ident: &Ident, how: How, place: &Expr, simple: bool) {
        self.path = fields(place);
        self.holdable = self.path.is_some();
        self.simple = simple;
        self.use_(ident, how);
        self.path = None;
        self.holdable = false;
        self.simple = false;
    }

    /// A local as the receiver of a call, which may go through a holder.
    fn receiver<'e>(
        &mut self,
        ident: &Ident,
        how: How,
        attrs: &[syn::Attribute],
        args: impl Iterator<Item = &'e Expr>,
    ) {
        if self.through_holder(ident, attrs, true) {
            return;
        }
        let mut simple = self.pending == 0;
        let mut blocked = self.pending > 0;
        for arg in args {
            simple &= is_constant_like(arg);
            blocked |= matches!(bare(arg), Expr::Closure(closure) if !closure.inputs.is_empty())
                && !is_constant(arg)
                || refers_to_temporary(arg);
        }
        (self.simple, self.blocked) = (simple, blocked);
        self.use_(ident, how);
        self.simple = false;
        self.blocked = false;
    }

    /// Whether an expression is marked to go through a holder, which then takes the local. `runs`: it runs code that may panic.
    fn through_holder(&mut self, ident: &Ident, attrs: &[syn::Attribute], runs: bool) -> bool {
        if crate::hold::holder(attrs).is_none() {
            return false;
        }
        self.use_(ident, How::Value);
        let value = names::local(ident);
        let later = self
            .scope
            .iter()
            .copied()
            .skip_while(|other| Some(*other) != value)
            .skip(1)
            .filter(|_| runs)
            .collect();
        self.fill_holder(attrs, later);
        true
    }

    /// The holder that an expression is marked with gets its value. `later`: what would drop before it if the expression panicked.
    fn fill_holder(&mut self, attrs: &[syn::Attribute], mut later: Vec<names::LocalId>) {
        if let Some(holder) = crate::hold::holder(attrs)
            && let Some((local, mention)) = names::mention(&holder)
        {
            later.retain(|other| *other != local);
            self.later.insert(mention, later);
            self.push(Event::Init(local, Some(mention)));
            self.into(local);
            if let Some(unit) = self.units.last_mut() {
                // The result may borrow from what stays in the holder.
                unit.loans.push((local, mention));
            }
        }
    }

    /// An expression that runs in a holder, which owns some values: these are moved there, and then it may use them as it likes.
    fn within(&mut self, block: &syn::ExprBlock) {
        let owners: Vec<(names::LocalId, names::Mention)> = crate::hold::owners(&block.attrs)
            .iter()
            .filter_map(names::mention)
            .collect();
        let owned: Vec<names::LocalId> = owners.iter().map(|(local, _)| *local).collect();
        let holder = crate::hold::holder(&block.attrs).and_then(|ident| names::mention(&ident));
        let Some((holder, mention)) = holder else {
            return;
        };
        let first = owners.first().map_or(mention, |(_, first)| *first);
        let mut mentions = Mentions(Vec::new());
        mentions.visit_block(&block.block);
        // What the holder of an inner scope owns is there as well.
        let inner = crate::hold::inner(&block.block);
        let inner = inner.map(|inner| crate::hold::owners(&inner.attrs));
        let inner: Vec<_> = inner.iter().flatten().filter_map(names::local).collect();
        let there = |local: &names::LocalId| {
            owned.contains(local) || inner.contains(local) || self.owned.contains(local)
        };
        let mut others: Vec<(names::LocalId, Vec<names::Mention>)> = Vec::new();
        for (local, mention) in mentions.0.iter().filter_map(names::mention) {
            if there(&local) || !self.scope.contains(&local) {
                continue;
            }
            match others.iter_mut().find(|(other, _)| *other == local) {
                Some((_, mentions)) => mentions.push(mention),
                None => others.push((local, vec![mention])),
            }
        }
        // Temporaries alone drop where their holder is declared.
        let is_first = |local: &names::LocalId| match owned.is_empty() {
            true => *local == holder,
            false => owned.contains(local),
        };
        let from_first = self
            .scope
            .iter()
            .copied()
            .skip_while(|local| !is_first(local));
        let later: Vec<_> = from_first
            .filter(|local| !there(local) && *local != holder)
            .collect();
        let last = self.scope.iter().rposition(|local| owned.contains(local));
        let among = self.scope.iter().take(last.unwrap_or(0));
        let between = among
            .filter(|local| later.contains(local))
            .copied()
            .collect();
        self.within.insert(
            first,
            crate::graph::Within {
                holder: mention,
                local: holder,
                owners,
                nested: crate::hold::within::nested(&block.block),
                between,
                others,
                captures: !inner.is_empty(),
            },
        );
        for ident in crate::hold::owners(&block.attrs) {
            self.use_(&ident, How::Value);
        }
        let outer = self.owned.clone();
        self.owned.extend(owned);
        self.block(&block.block);
        self.owned = outer;
        self.fill_holder(&block.attrs, later);
    }

    fn assign(&mut self, assign: &syn::ExprAssign) {
        self.replacing = crate::syntax::replacing(assign).and_then(|call| {
            let (_, mention) = as_ident(&call.receiver).and_then(names::mention)?;
            // An index or a `*` may run code as well.
            let quiet = |arg: &Expr| matches!(bare(arg), Expr::Path(_)) || is_constant(arg);
            let mut mentions = Mentions(Vec::new());
            if !call.args.iter().all(quiet) {
                call.args.iter().for_each(|arg| mentions.visit_expr(arg));
            }
            Some((
                mention,
                mentions.0.iter().filter_map(names::local).collect(),
            ))
        });
        self.value(&assign.right);
        self.replacing = None;
        // The new value waits for what the place evaluates.
        let before = self.pending;
        self.evaluated(&assign.right);
        match bare(&assign.left) {
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.assigned(elem)),
            left => self.assigned(left),
        }
        self.pending = before;
    }

    fn assigned(&mut self, left: &Expr) {
        if let Some(ident) = as_ident(left)
            && let Some((local, mention)) = names::mention(ident)
        {
            self.push(Event::Init(local, Some(mention)));
            self.into(local);
            return;
        }
        let local = as_root(left).and_then(|(ident, _)| names::local(ident));
        if let Some(local) = local {
            self.push(Event::Refill(local, fields(left)));
        }
        self.place(left, How::Read);
        if let Some(local) = local {
            self.into(local);
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) => {
                self.truth(&binary.left);
                let before = self.at;
                self.branch_from(before, Edge::Branch);
                self.truth(&binary.right);
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
                let before = self.pending;
                for (operand, other) in [
                    (&*binary.left, &*binary.right),
                    (&*binary.right, &*binary.left),
                ] {
                    self.operand_of(binary, operand, other);
                    self.evaluated(operand);
                }
                self.pending = before;
                if let (Some(unit), Some(into)) = (self.units.last_mut(), into) {
                    unit.into.truncate(into);
                }
            }
            _ => {
                self.operand_of(binary, &binary.right, &binary.left);
                self.place(&binary.left, How::Read);
            }
        }
    }

    /// An operand of arithmetic. A part of a local is a number there, which is copied, but for a `String` that another is added to. Where
    /// it is none the output does not compile: what is left of the local cannot be held.
    fn operand_of(&mut self, binary: &syn::ExprBinary, operand: &Expr, other: &Expr) {
        let adds = matches!(binary.op, BinOp::Add(_) | BinOp::AddAssign(_));
        let behind = matches!(bare(operand), Expr::Unary(unary) if as_ident(&unary.expr).is_some());
        let number = matches!(bare(other), Expr::Lit(lit) if !matches!(lit.lit, syn::Lit::Str(_)));
        let part = is_place(operand) && as_root(operand).is_some_and(|(_, direct)| !direct);
        if part && (!adds || behind || number) {
            self.place(operand, How::Read);
        } else {
            self.value(operand);
        }
    }
}

/// The fields of `x.a.b`.
fn fields(place: &Expr) -> Option<Vec<String>> {
    match bare(place) {
        Expr::Field(field) => {
            let mut path = fields(&field.base)?;
            path.push(crate::syntax::member(&field.member));
            Some(path)
        }
        place => as_ident(place).map(|_| Vec::new()),
    }
}

pub(super) fn has_index(place: &Expr) -> bool {
    match bare(place) {
        Expr::Field(field) => has_index(&field.base),
        Expr::Index(_) => true,
        Expr::Unary(unary) => has_index(&unary.expr),
        _ => false,
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

/// Whether an operand may borrow from a temporary: it cannot be evaluated in front of a holder that outlives its statement.
fn refers_to_temporary(operand: &Expr) -> bool {
    let temporary = |expr: &Expr| !is_place(expr) && !is_constant(expr);
    match bare(operand) {
        Expr::Reference(reference) => {
            temporary(&reference.expr) || refers_to_temporary(&reference.expr)
        }
        Expr::MethodCall(call) => {
            let method = call.method.to_string();
            let lends = ["as_", "borrow", "by_ref", "deref", "get_", "iter", "trim"]
                .iter()
                .any(|name| method.starts_with(name));
            lends && temporary(&call.receiver)
                || std::iter::once(&*call.receiver)
                    .chain(&call.args)
                    .any(refers_to_temporary)
        }
        Expr::Call(call) => call.args.iter().any(refers_to_temporary),
        Expr::Tuple(tuple) => tuple.elems.iter().any(refers_to_temporary),
        Expr::Array(array) => array.elems.iter().any(refers_to_temporary),
        Expr::Struct(value) => value
            .fields
            .iter()
            .any(|field| refers_to_temporary(&field.expr)),
        Expr::Try(value) => refers_to_temporary(&value.expr),
        Expr::Index(index) => temporary(&index.expr) || refers_to_temporary(&index.expr),
        Expr::Cast(cast) => refers_to_temporary(&cast.expr),
        _ => false,
    }
}

/// Whether a statement gives no value.
fn ends_with_semi(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(_, semi) => semi.is_some(),
        Stmt::Macro(mac) => mac.semi_token.is_some(),
        Stmt::Local(_) | Stmt::Item(_) => true,
    }
}

/// Whether it may leave a block around it with a value.
fn breaks_with_value(stmt: &Stmt) -> bool {
    struct Breaks(bool);
    impl<'ast> Visit<'ast> for Breaks {
        fn visit_expr_break(&mut self, found: &'ast syn::ExprBreak) {
            self.0 |= found.expr.is_some();
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.0 |= crate::syntax::tokens_have(&mac.tokens, &mut |name| name == "break");
        }
    }
    let mut breaks = Breaks(false);
    breaks.visit_stmt(stmt);
    breaks.0
}

/// `rt::next(&mut iter)`
pub(super) fn is_iterator_next(call: &syn::ExprCall) -> bool {
    is_runtime(call, "next")
}

/// Whether this function of the runtime is called.
pub(super) fn is_runtime(call: &syn::ExprCall, name: &str) -> bool {
    let Expr::Path(path) = bare(&call.func) else {
        return false;
    };
    let mut segments = path.path.segments.iter();
    segments.next().is_some_and(|first| first.ident == "rt__hr")
        && segments.next().is_some_and(|second| second.ident == name)
}

/// What a reference is taken of, or the expression itself.
fn referred(expr: &Expr) -> &Expr {
    match bare(expr) {
        Expr::Reference(reference) => bare(&reference.expr),
        expr => expr,
    }
}
