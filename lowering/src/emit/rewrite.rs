//! The user's await-free code inside the step function: what it returns, and what is pinned, is spelled differently; the rest stays.

use super::capturing::{Captured, Declared};
use crate::analysis::Analysis;
use crate::desugar::Body;
use crate::ir;
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::syntax::{as_ident, bare, is_format_macro, macro_name};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::HashSet;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat, Stmt};

/// How `?` leaves the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// `Poll<Result<..>>` knows the operator.
    Operator,
    /// It needs the runtime's help.
    Macro,
}

pub(super) struct Rewrite<'a> {
    pub(super) layout: &'a Layout,
    pub(super) analysis: &'a Analysis,
    pub(super) tries: Try,
    /// Locals that a condition or guard has bound just now: they move into their slots only where the branch begins.
    pub(super) plain: HashSet<LocalId>,
    /// The locals that an assignment can give a value.
    pub(super) assigned: HashSet<LocalId>,
    /// The locals that are declared `mut`.
    pub(super) mutable: HashSet<LocalId>,
    /// The locals of closures and async blocks themselves.
    pub(super) foreign: HashSet<LocalId>,
    /// References `&T`.
    pub(super) shared: HashSet<LocalId>,
    /// References `&mut T`.
    pub(super) unique: HashSet<LocalId>,
    /// Locals whose types have no drop.
    pub(super) no_drop: HashSet<LocalId>,
    /// Pinned locals that the present expression moves away inside of a holder.
    pub(super) handed: HashSet<LocalId>,
    /// Locals of blocks around whose value is an async block: they end where that begins.
    pub(super) ending: HashSet<LocalId>,
    /// The expression to come is awaited.
    pub(super) awaited: bool,
    /// Holders that the present expression fills inside of another.
    pub(super) nested: Vec<LocalId>,
}

/// Rewrites every piece of plain syntax of a body.
pub(super) fn rewrite(body: &mut Body, rewrite: &mut Rewrite<'_>) {
    rewrite.block(&mut body.block);
    let rt = &rewrite.layout.fresh.rt;
    let frame = &rewrite.layout.fresh.frame;
    // Pinned parameters move into their slots first; those behind them that may drop are bound again, so that all drop in order.
    let first = body
        .params
        .iter()
        .position(|param| rewrite.analysis.pinned.contains(param));
    let moved: Vec<ir::Stmt> = body.params[first.unwrap_or(body.params.len())..]
        .iter()
        .filter(|param| rewrite.analysis.pinned.contains(param) || !rewrite.no_drop.contains(param))
        .map(|&param| {
            let name = rewrite.layout.name(param);
            if !rewrite.analysis.pinned.contains(&param) {
                let mutability = rewrite.mutable.contains(&param).then(|| quote!(mut));
                return ir::Stmt::Plain(syn::parse_quote!(let #mutability #name = #name;));
            }
            let slot = rewrite.layout.place(param);
            let fill = rewrite.fill(param);
            let mutability = rewrite.assigned.contains(&param).then(|| quote!(mut));
            ir::Stmt::Plain(
                syn::parse_quote!(let #mutability #name = #rt::#fill!(#frame.#slot, #name);),
            )
        })
        .collect();
    body.block.stmts.splice(0..0, moved);
}

impl Rewrite<'_> {
    pub(super) fn pinned(&self, ident: &Ident) -> Option<LocalId> {
        names::local(ident)
            .filter(|local| self.analysis.pinned.contains(local) && !self.plain.contains(local))
    }

    /// Rewrites a condition or guard, in which what these patterns bind is not yet in its slot.
    fn condition(&mut self, cond: &mut Expr, bound: HashSet<LocalId>) {
        let outer = std::mem::replace(&mut self.plain, bound);
        self.visit_expr_mut(cond);
        self.plain = outer;
    }

    fn block(&mut self, block: &mut ir::Block) {
        let stmts = std::mem::take(&mut block.stmts);
        for mut stmt in stmts {
            match &mut stmt {
                ir::Stmt::Plain(plain) => {
                    let after = self.plain(plain);
                    block.stmts.push(stmt);
                    block.stmts.extend(after.into_iter().map(ir::Stmt::Plain));
                }
                ir::Stmt::Let { pat, init, els, .. } => {
                    self.expr(init);
                    els.iter_mut().for_each(|els| self.block(els));
                    let after = self.refill(pat);
                    block.stmts.push(stmt);
                    block.stmts.extend(after.into_iter().map(ir::Stmt::Plain));
                }
                ir::Stmt::Expr { expr, .. } => {
                    self.expr(expr);
                    block.stmts.push(stmt);
                }
            }
        }
    }

    fn expr(&mut self, expr: &mut ir::Expr) {
        match expr {
            ir::Expr::Plain(expr) => self.visit_expr_mut(expr),
            ir::Expr::Await(found) => {
                if let Some(operand) = &mut found.operand {
                    self.awaited = true;
                    self.visit_expr_mut(operand);
                    self.awaited = false;
                }
            }
            ir::Expr::Block { block, .. } => self.block(block),
            ir::Expr::If { cond, then, els } => {
                self.condition(cond, bound_in(cond));
                self.block(then);
                let refill = self.refill_condition(cond);
                then.put_in_front(refill.into_iter().map(ir::Stmt::Plain).collect());
                els.iter_mut().for_each(|els| self.expr(els));
            }
            ir::Expr::Match { head, arms } => {
                let lends = self.lends(head);
                self.visit_expr_mut(head);
                let last = arms.iter().rposition(|arm| !bound_by(&arm.pat).is_empty());
                for (i, arm) in arms.iter_mut().enumerate() {
                    let bound = bound_by(&arm.pat);
                    let mut guarded = Vec::new();
                    if let Pat::Guard(guard) = &mut arm.pat {
                        self.condition(&mut guard.guard, bound);
                        if lends && last > Some(i) {
                            guarded = self.lengthen(&mut guard.pat);
                        }
                    }
                    self.expr(&mut arm.body);
                    guarded.extend(self.refill(&mut arm.pat));
                    arm.body
                        .put_in_front(guarded.into_iter().map(ir::Stmt::Plain).collect());
                }
            }
            ir::Expr::Loop(ir::Loop { cond, body, .. }) => {
                self.block(body);
                if let Some(cond) = cond {
                    self.condition(cond, bound_in(cond));
                    let refill = self.refill_condition(cond);
                    body.put_in_front(refill.into_iter().map(ir::Stmt::Plain).collect());
                }
            }
        }
    }

    fn refill_condition(&self, cond: &mut Expr) -> Vec<Stmt> {
        match cond {
            Expr::Let(expr) => self.refill(&mut expr.pat),
            Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
                let mut all = self.refill_condition(&mut binary.left);
                all.extend(self.refill_condition(&mut binary.right));
                all
            }
            _ => Vec::new(),
        }
    }

    /// Whether patterns may bind `&mut` to parts of what a `match` looks at.
    fn lends(&self, head: &Expr) -> bool {
        let place = match bare(head) {
            Expr::Reference(reference) if reference.mutability.is_some() => &*reference.expr,
            place => place,
        };
        let root = names::as_root(place).and_then(|(ident, _)| names::local(ident));
        root.is_some_and(|root| !self.shared.contains(&root))
    }

    /// What a pattern beside a guard binds and the machine holds: the ways on which the guard fails know nothing of these borrows.
    fn lengthen(&self, pat: &mut Pat) -> Vec<Stmt> {
        let mut bound = Bound {
            rewrite: self,
            found: Vec::new(),
        };
        bound.visit_pat_mut(pat);
        let rt = &self.layout.fresh.rt;
        let held = |local| {
            let mut held = self.analysis.held.iter().flatten();
            held.any(|holding| holding.local == local)
        };
        let bound = bound.found.iter();
        bound
            .filter(|(ident, mutability)| {
                mutability.is_none() && names::local(ident).is_some_and(held)
            })
            .map(|(ident, _)| syn::parse_quote!(let #ident = #rt::bound!(#ident);))
            .collect()
    }

    /// After a pattern that binds pinned locals: they move into their slots, in order, so that all drop in order.
    fn refill(&self, pat: &mut Pat) -> Vec<Stmt> {
        let mut bound = Bound {
            rewrite: self,
            found: Vec::new(),
        };
        bound.visit_pat_mut(pat);
        let bound = bound.found;
        let Some(first) = bound
            .iter()
            .position(|(ident, _)| self.pinned(ident).is_some())
        else {
            return Vec::new();
        };
        let Layout { fresh, .. } = self.layout;
        let (rt, frame) = (&fresh.rt, &fresh.frame);
        bound[first..]
            .iter()
            .map(|(ident, mutability)| match self.pinned(ident) {
                Some(local) => {
                    let slot = self.layout.place(local);
                    let fill = self.fill(local);
                    let mutability = mutability.filter(|_| self.assigned.contains(&local));
                    syn::parse_quote!(let #mutability #ident = #rt::#fill!(#frame.#slot, #ident);)
                }
                None => syn::parse_quote!(let #mutability #ident = #ident;),
            })
            .collect()
    }

    /// Rewrites a statement; gives what must follow it.
    fn plain(&mut self, stmt: &mut Stmt) -> Vec<Stmt> {
        if let Stmt::Local(local) = stmt
            && let Some(init) = &mut local.init
        {
            self.reborrow(&mut init.expr);
        }
        if let Stmt::Local(local) = &*stmt
            && let Some(init) = &local.init
            && let Some(closure) = crate::syntax::begun(&init.expr)
            && let Pat::Ident(pat) = &local.pat
        {
            *stmt = self.begin(&pat.ident.clone(), &closure.clone());
            return Vec::new();
        }
        if let Some(pat) = bound_again(stmt)
            && let Some(id) = self.pinned(&pat.ident)
        {
            // The value stays in its place: only the guard moves, behind what was declared meanwhile.
            if !self.assigned.contains(&id) {
                pat.mutability = None;
            }
            return Vec::new();
        }
        self.visit_stmt_mut(stmt);
        let Stmt::Local(local) = stmt else {
            return Vec::new();
        };
        let Layout { fresh, .. } = self.layout;
        let (rt, frame) = (&fresh.rt, &fresh.frame);
        let Some(init) = &mut local.init else {
            let pat = match &local.pat {
                Pat::Type(typed) => &*typed.pat,
                pat => pat,
            };
            if let Pat::Ident(pat) = pat
                && let Some(id) = self.pinned(&pat.ident)
            {
                let (ident, mutability) = (&pat.ident, &pat.mutability);
                let slot = self.layout.place(id);
                *stmt = if self.analysis.flagged.contains(&id) {
                    syn::parse_quote!(let #mutability #ident = #rt::open!(#frame.#slot);)
                } else if self.analysis.lent.contains(&id) {
                    syn::parse_quote!(let mut #ident = #rt::Live::vacant();)
                } else {
                    syn::parse_quote!(let #mutability #ident;)
                };
            }
            return Vec::new();
        };
        if let Pat::Ident(pat) = &mut local.pat
            && pat.by_ref.is_none()
            && pat.subpat.is_none()
            && init.diverge.is_none()
            && let Some(id) = self.pinned(&pat.ident)
        {
            let slot = self.layout.place(id);
            let value = &init.expr;
            let fill = self.fill(id);
            *init.expr = syn::parse_quote!(#rt::#fill!(#frame.#slot, #value));
            if !self.assigned.contains(&id) {
                pat.mutability = None;
            }
            return Vec::new();
        }
        self.refill(&mut local.pat)
    }

    /// A `&mut` that is used again, as the value of a local: an operand that was evaluated early. The call would have reborrowed it.
    fn reborrow(&self, value: &mut Expr) {
        if let Some(ident) = as_ident(value)
            && let Some((local, mention)) = names::unmark(&ident.to_string())
            && self.unique.contains(&local)
            && !self.analysis.moves.contains(&mention)
        {
            *value = syn::parse_quote!(&mut *#ident);
        }
    }

    /// A mention of a pinned local: its place, or its value where it ends.
    pub(super) fn mention(&self, ident: &Ident) -> Option<Expr> {
        let local = self.pinned(ident)?;
        let (_, mention) = names::mention(ident)?;
        let rt = &self.layout.fresh.rt;
        let lasting = self.analysis.lasting.contains(&local);
        Some(if lasting && self.unique.contains(&local) {
            syn::parse_quote!(&mut *#rt::at!(#ident))
        } else if lasting || !self.analysis.moves.contains(&mention) {
            syn::parse_quote!(#rt::at!(#ident))
        } else if self.handed.contains(&local) {
            syn::parse_quote!(#rt::moved!(#ident))
        } else if self.analysis.flagged.contains(&local) {
            syn::parse_quote!(#rt::move_out!(#ident))
        } else {
            syn::parse_quote!(#rt::out!(#ident))
        })
    }

    /// A call whose result is taken to borrow nothing. What its receiver refers to is not its own, so a result may borrow that.
    fn brief_receiver(&mut self, call: &mut syn::ExprMethodCall) {
        let root = root_mut(&mut call.receiver);
        let local = as_ident(root).and_then(names::local);
        let refers = |local| self.shared.contains(&local) || self.unique.contains(&local);
        let direct = as_ident(&call.receiver).is_some();
        let brief = local.is_some_and(|local| direct || !refers(local));
        visit_mut::visit_expr_method_call_mut(self, call);
        if brief
            && let Expr::Macro(place) = root_mut(&mut call.receiver)
            && macro_name(&place.mac) == "at"
        {
            let local = &place.mac.tokens;
            place.mac.tokens = quote!(brief #local);
        }
    }

    pub(super) fn foreign(&self, local: LocalId) -> bool {
        self.foreign.contains(&local)
    }

    /// The macro that puts a value into a new local's slot.
    fn fill(&self, local: LocalId) -> Ident {
        Ident::new(
            if self.analysis.flagged.contains(&local) {
                "flag"
            } else {
                "fill"
            },
            Span::call_site(),
        )
    }

    /// A call through a holder: `rt::held!(conn_held = frame.conn_held, [], { arg = .., conn = conn } => conn.finish(arg))`.
    fn held(
        &mut self,
        guard: &Ident,
        receiver: &Expr,
        args: Vec<&mut Expr>,
        call: impl FnOnce(&Expr, &[proc_macro2::TokenStream]) -> proc_macro2::TokenStream,
    ) -> Expr {
        let (local, mention) = names::mention(guard).expect("holders are locals");
        let Layout { fresh, .. } = self.layout;
        let (rt, frame, slot) = (&fresh.rt, &fresh.frame, self.layout.place(local));
        let mut values: Vec<proc_macro2::TokenStream> = Vec::new();
        let mut names: Vec<proc_macro2::TokenStream> = Vec::new();
        for (i, arg) in args.into_iter().enumerate() {
            if matches!(arg, Expr::Closure(_)) && crate::syntax::is_constant(arg) {
                // The call says what the closure's parameters are.
                names.push(arg.to_token_stream());
                continue;
            }
            self.reborrow(arg);
            self.visit_expr_mut(arg);
            let name = quote::format_ident!("arg{}", i + 1);
            values.push(quote!(#name = #arg));
            names.push(name.into_token_stream());
        }
        // The whole local goes in, also where the expression is about a field of it.
        let mut held = receiver.clone();
        let root = root_mut(&mut held);
        let mut value = root.clone();
        self.visit_expr_mut(&mut value);
        // A value without a name of its own is what a struct takes its other fields from.
        let name = as_ident(root).and_then(names::local).map_or_else(
            || Ident::new("rest", Span::call_site()),
            |local| self.layout.name(local).clone(),
        );
        *root = syn::parse_quote!(#name);
        values.push(quote!(#name = #value));
        let call = call(&held, &names);
        let later = self
            .analysis
            .later
            .get(&mention)
            .into_iter()
            .flatten()
            .map(|local| self.layout.name(*local));
        let put = match &self.nested {
            nested if nested.contains(&local) => Some(quote!(inside)),
            _ => self.analysis.flagged.contains(&local).then(|| quote!(put)),
        };
        syn::parse_quote!(#rt::held!(#put #guard = #frame.#slot, [#(#later),*], [#(#values),*], #call))
    }

    /// An expression that is begun: `let receiver = rt::begin!(fill frame.receiver, { .. } => |given: (_,)| ..);`.
    fn begin(&mut self, begun: &Ident, closure: &syn::ExprClosure) -> Stmt {
        let local = names::local(begun).expect("hidden");
        let mut captured = Captured(Vec::new());
        syn::visit::Visit::visit_expr(&mut captured, &closure.body);
        let mut seen = HashSet::new();
        let Layout { fresh, .. } = self.layout;
        let (rt, frame, slot) = (&fresh.rt, &fresh.frame, self.layout.place(local));
        let mut values = Vec::new();
        for ident in captured.0 {
            let Some(other) = names::local(&ident).filter(|other| seen.insert(*other)) else {
                continue;
            };
            let name = self.layout.name(other);
            values.push(match self.pinned(&ident) {
                Some(_) => quote!(#name = #rt::pointer!(#ident)),
                None => quote!(#name = #ident),
            });
        }
        let mut body = (*closure.body).clone();
        let operands = match &body {
            Expr::MethodCall(call) => call.args.len(),
            Expr::Call(call) => call.args.len(),
            _ => 1,
        };
        let types = vec![quote!(_); operands];
        self.visit_expr_mut(&mut body);
        let given = &closure.inputs;
        let fill = self.fill(local);
        syn::parse_quote!(let #begun = #rt::begin!(#fill #frame.#slot, [#(#values),*], |#given: (#(#types,)*)| #body);)
    }

    /// A temporary gets its value where it is borrowed: `rt::lend!(temp = frame.temp, value)`.
    fn lend(&mut self, reference: &syn::ExprReference) -> Expr {
        let Expr::Call(call) = &*reference.expr else {
            unreachable!("it is a call")
        };
        let (ident, value) = crate::syntax::lent(call).expect("it lends");
        let local = names::local(ident).expect("hidden");
        let mut value = value.clone();
        self.visit_expr_mut(&mut value);
        let mutability = reference.mutability;
        let Layout { fresh, .. } = self.layout;
        let (rt, frame, slot) = (&fresh.rt, &fresh.frame, self.layout.place(local));
        if self.analysis.flagged.contains(&local) {
            return syn::parse_quote!({ #rt::put!(#ident, #value); &#mutability #rt::at!(#ident) });
        }
        syn::parse_quote!(#rt::lend!(#mutability #ident = #frame.#slot, #value))
    }

    /// An expression inside of a holder: `rt::hold!(key_held = frame.key_held, [], { name = rt::pointer!(name), key = key } => ..)`. With values
    /// of an inner scope: `rt::nest!(key_held = frame.key_held, temp_held = frame.temp_held, [], [], { key = key }, { temp = temp } => ..)`.
    fn within(&mut self, block: &mut syn::ExprBlock) -> Expr {
        let guard = crate::hold::holder(&block.attrs).expect("it is marked");
        let (local, mention) = names::mention(&guard).expect("holders are locals");
        let owners = crate::hold::owners(&block.attrs);
        let mut captured = Captured(Vec::new());
        let mut declared = Declared(HashSet::new());
        syn::visit::Visit::visit_block(&mut captured, &block.block);
        syn::visit::Visit::visit_block(&mut declared, &block.block);
        let inner = crate::hold::inner(&block.block).cloned();
        let inner_owners = inner
            .as_ref()
            .map(|inner| crate::hold::owners(&inner.attrs));
        let inner_owners = inner_owners.unwrap_or_default();
        let owned: HashSet<LocalId> = owners
            .iter()
            .chain(&inner_owners)
            .filter_map(names::local)
            .collect();
        let nested = crate::hold::within::nested(&block.block);
        let mut others: Vec<(LocalId, Ident, bool)> = Vec::new();
        for ident in captured.0 {
            let Some((other, mention)) = names::mention(&ident) else {
                continue;
            };
            if owned.contains(&other)
                || nested.contains(&other)
                || declared.0.contains(&other)
                || self.foreign(other)
            {
                continue;
            }
            let moves =
                self.analysis.moves.contains(&mention) && !self.analysis.lasting.contains(&other);
            match others.iter_mut().find(|(found, ..)| *found == other) {
                Some((.., moved)) => *moved |= moves,
                None => others.push((other, ident, moves)),
            }
        }
        let Layout { fresh, .. } = self.layout;
        let (rt, frame, slot) = (&fresh.rt, &fresh.frame, self.layout.place(local));
        let mut values: Vec<proc_macro2::TokenStream> = Vec::new();
        let mut handed = HashSet::new();
        let (pinned, plain): (Vec<_>, Vec<_>) = others
            .iter()
            .partition(|(_, ident, _)| self.pinned(ident).is_some());
        for (other, ident, moves) in pinned {
            let name = self.layout.name(*other);
            if *moves {
                handed.insert(*other);
                values.push(quote!(#name = #rt::inside!(#ident)));
            } else {
                values.push(quote!(#name = #rt::pointer!(#ident)));
            }
        }
        for holder in &nested {
            let name = self.layout.name(*holder);
            values.push(quote!(#name = #rt::inside!(#name)));
        }
        let mut own = |owner: &Ident| {
            let name = self
                .layout
                .name(names::local(owner).expect("owners are locals"));
            let mut value: Expr = syn::parse_quote!(#owner);
            self.visit_expr_mut(&mut value);
            quote!(#name = #value)
        };
        values.extend(owners.iter().map(&mut own));
        let inner_values: Vec<_> = inner_owners.iter().map(&mut own).collect();
        for (other, ident, _) in plain {
            let name = self.layout.name(*other);
            values.push(quote!(#name = #ident));
        }
        let outer_plain = self.plain.clone();
        let outer_handed = std::mem::replace(&mut self.handed, handed);
        let outer_nested = std::mem::replace(&mut self.nested, nested);
        self.plain.extend(owned);
        if let Some(inner) = &inner {
            block.block = inner.block.clone();
        }
        self.visit_block_mut(&mut block.block);
        self.plain = outer_plain;
        self.handed = outer_handed;
        self.nested = outer_nested;
        let call = match block.block.stmts.as_slice() {
            [Stmt::Expr(expr, None)] => expr.to_token_stream(),
            _ => block.block.to_token_stream(),
        };
        let later = |mention| {
            self.analysis
                .later
                .get(mention)
                .into_iter()
                .flatten()
                .copied()
        };
        let put = |local| self.analysis.flagged.contains(local).then(|| quote!(put));
        let put_outer = put(&local);
        let Some(inner) = inner else {
            let later = later(&mention).rev().map(|local| self.layout.name(local));
            let holds = match owners.is_empty() {
                true => quote!(linger),
                false => quote!(hold),
            };
            return syn::parse_quote!(#rt::#holds!(#put_outer #guard = #frame.#slot, [#(#later),*], [#(#values),*], #call));
        };
        let rest = crate::hold::holder(&inner.attrs).expect("it is marked");
        let (local, inner_mention) = names::mention(&rest).expect("holders are locals");
        let (put_rest, place) = (put(&local), self.layout.place(local));
        let last: Vec<LocalId> = later(&inner_mention).collect();
        let between = later(&mention).filter(|local| !last.contains(local));
        let between = between.map(|local| self.layout.name(local));
        let between: Vec<_> = between.collect::<Vec<_>>().into_iter().rev().collect();
        let last = last.iter().rev().map(|local| self.layout.name(*local));
        syn::parse_quote!(
            #rt::nest!(
                #put_outer #guard = #frame.#slot, #put_rest #rest = #frame.#place,
                [#(#between),*], [#(#last),*], [#(#values),*], [#(#inner_values),*], #call
            )
        )
    }
}

/// The variable or value of which an expression is a field, or a field of one.
fn root_mut(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::Field(field) => root_mut(&mut field.base),
        Expr::Paren(paren) => root_mut(&mut paren.expr),
        Expr::Group(group) => root_mut(&mut group.expr),
        root => root,
    }
}

fn bound_in(cond: &Expr) -> HashSet<LocalId> {
    struct Lets(HashSet<LocalId>);
    impl<'ast> syn::visit::Visit<'ast> for Lets {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut lets = Lets(HashSet::new());
    crate::syntax::each_let(cond, &mut |found| {
        syn::visit::Visit::visit_pat(&mut lets, &found.pat)
    });
    lets.0
}

fn bound_by(pat: &Pat) -> HashSet<LocalId> {
    bound_in(&Expr::Let(syn::ExprLet {
        attrs: Vec::new(),
        let_token: Default::default(),
        pat: Box::new(pat.clone()),
        eq_token: Default::default(),
        expr: Box::new(Expr::Verbatim(Default::default())),
    }))
}

/// The identifiers that a pattern binds, in order. Those that go on into a slot need no `mut`.
struct Bound<'a, 'b> {
    rewrite: &'a Rewrite<'b>,
    found: Vec<(Ident, Option<syn::Token![mut]>)>,
}

impl VisitMut for Bound<'_, '_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if let Some(local) = names::local(&pat.ident) {
            if !self
                .found
                .iter()
                .any(|(ident, _)| names::local(ident) == Some(local))
            {
                // That of `ref mut` is the reference's.
                let mutability = pat.mutability.filter(|_| pat.by_ref.is_none());
                self.found.push((pat.ident.clone(), mutability));
            }
            if self.rewrite.analysis.pinned.contains(&local)
                && !self.rewrite.assigned.contains(&local)
                && pat.by_ref.is_none()
            {
                pat.mutability = None;
            }
        }
        visit_mut::visit_pat_ident_mut(self, pat);
    }
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// `let x = x;` of the same local, which only decides when it drops.
fn bound_again(stmt: &mut Stmt) -> Option<&mut syn::PatIdent> {
    let Stmt::Local(local) = stmt else {
        return None;
    };
    let value = names::local(as_ident(&local.init.as_ref()?.expr)?);
    match &mut local.pat {
        Pat::Ident(pat) if value.is_some() && names::local(&pat.ident) == value => Some(pat),
        _ => None,
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let awaited = std::mem::take(&mut self.awaited);
        match expr {
            Expr::Path(_) => {
                if let Some(ident) = as_ident(expr)
                    && let Some(new) = self.mention(&ident.clone())
                {
                    *expr = new;
                }
            }
            Expr::Assign(assign) => {
                self.visit_expr_mut(&mut assign.right);
                if let Some(ident) = as_ident(&assign.left).cloned()
                    && let Some(local) = self.pinned(&ident)
                    && self.analysis.flagged.contains(&local)
                {
                    let rt = &self.layout.fresh.rt;
                    let value = &assign.right;
                    *expr = syn::parse_quote!(#rt::put!(#ident, #value));
                    return;
                }
                if let Some(ident) = as_ident(&assign.left).cloned()
                    && let Some(local) = self.pinned(&ident)
                    && names::mention(&ident).is_some_and(|(_, mention)| {
                        self.analysis.first_assignments.contains(&mention)
                    })
                {
                    let Layout { fresh, .. } = self.layout;
                    let (rt, frame, name) = (&fresh.rt, &fresh.frame, self.layout.place(local));
                    let value = &assign.right;
                    *assign.right = syn::parse_quote!(#rt::fill!(#frame.#name, #value));
                    return;
                }
                self.visit_expr_mut(&mut assign.left);
            }
            Expr::Return(ret) => {
                if let Some(value) = &mut ret.expr {
                    let mut inner = (**value).clone();
                    self.visit_expr_mut(&mut inner);
                    let rt = &self.layout.fresh.rt;
                    **value = syn::parse_quote!(#rt::Ready(#inner));
                } else {
                    let rt = &self.layout.fresh.rt;
                    ret.expr = Some(syn::parse_quote!(#rt::Ready(())));
                }
            }
            Expr::Try(inner) if self.tries == Try::Macro => {
                self.visit_expr_mut(&mut inner.expr);
                let rt = &self.layout.fresh.rt;
                let value = bare(&inner.expr);
                *expr = syn::parse_quote!(#rt::tri!(#value));
            }
            Expr::Macro(mac) if returns(&mac.mac) => {
                self.visit_macro_mut(&mut mac.mac);
                let rt = &self.layout.fresh.rt;
                let mac = &mac.mac;
                *expr = if macro_name(mac) == "bail" {
                    syn::parse_quote!(return #rt::Ready((|| #mac)()))
                } else {
                    syn::parse_quote!(if let ::core::result::Result::Err(error) = (|| { #mac; ::core::result::Result::Ok(()) })() { return #rt::Ready(::core::result::Result::Err(error)); })
                };
            }
            Expr::Reference(reference) if matches!(&*reference.expr, Expr::Call(call) if crate::syntax::lent(call).is_some()) =>
            {
                *expr = self.lend(reference);
            }
            Expr::Call(call) if crate::syntax::released(call).is_some() => {
                let holder = crate::syntax::released(call).expect("just checked");
                let rt = &self.layout.fresh.rt;
                *expr = syn::parse_quote!(#rt::release!(#holder));
            }
            Expr::Call(call) if crate::syntax::finished(call).is_some() => {
                let (begun, operands) = crate::syntax::finished(call).expect("just checked");
                let (begun, mut operands) = (begun.clone(), operands.clone());
                self.visit_expr_mut(&mut operands);
                let rt = &self.layout.fresh.rt;
                *expr = syn::parse_quote!(#rt::finish!(#begun, #operands));
            }
            Expr::MethodCall(call) if crate::hold::holder(&call.attrs).is_some() => {
                let guard = crate::hold::holder(&call.attrs).expect("just checked");
                let syn::ExprMethodCall {
                    receiver,
                    method,
                    turbofish,
                    args,
                    ..
                } = call;
                *expr = self.held(
                    &guard,
                    receiver,
                    args.iter_mut().collect(),
                    |name, names| quote!(#name.#method #turbofish(#(#names),*)),
                );
            }
            Expr::Call(call) if crate::hold::holder(&call.attrs).is_some() => {
                let guard = crate::hold::holder(&call.attrs).expect("just checked");
                let syn::ExprCall { func, args, .. } = call;
                *expr = self.held(
                    &guard,
                    func,
                    args.iter_mut().collect(),
                    |name, names| quote!(#name(#(#names),*)),
                );
            }
            Expr::Field(field) if crate::hold::holder(&field.attrs).is_some() => {
                let guard = crate::hold::holder(&field.attrs).expect("just checked");
                field.attrs.clear();
                let place = Expr::Field(field.clone());
                *expr = self.held(&guard, &place, Vec::new(), |place, _| quote!(#place));
            }
            Expr::Struct(found) if crate::hold::holder(&found.attrs).is_some() => {
                let guard = crate::hold::holder(&found.attrs).expect("just checked");
                let members: Vec<syn::Member> = found
                    .fields
                    .iter()
                    .map(|field| field.member.clone())
                    .collect();
                let path = found.path.clone();
                let rest = found.rest.as_deref().expect("it is what is held").clone();
                let args = found.fields.iter_mut().map(|field| &mut field.expr);
                *expr = self.held(
                    &guard,
                    &rest,
                    args.collect(),
                    |rest, names| quote!(#path { #(#members: #names,)* ..#rest }),
                );
            }
            Expr::Block(block) if crate::hold::holder(&block.attrs).is_some() => {
                *expr = self.within(block);
            }
            Expr::Closure(_) | Expr::Async(_) => self.capturing(expr),
            Expr::MethodCall(call)
                if !awaited && crate::syntax::gives_owned(&call.method.to_string()) =>
            {
                self.brief_receiver(call);
            }
            expr => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let name = macro_name(mac);
        let leaves = self.tries == Try::Macro && mac.tokens.to_string().contains('?');
        if leaves
            && name == "matches"
            && let Some((mut head, pattern)) = split_at_comma(&mac.tokens)
        {
            self.visit_expr_mut(&mut head);
            mac.tokens = pattern;
            self.macro_tokens(mac);
            let pattern = &mac.tokens;
            mac.tokens = quote!(#head, #pattern);
            return;
        }
        let leaves = leaves && (is_format_macro(&name) || name == "vec");
        let holds = leaves
            || crate::syntax::has_acting_args(mac)
            || crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "held__hr");
        if holds && let Some(mut args) = crate::syntax::macro_args(mac) {
            // A call among the arguments goes through a holder: they are rewritten as the expressions that they are.
            let mut captured = Vec::new();
            for arg in &mut args {
                match arg {
                    Expr::Lit(lit) => {
                        captured.extend(self.captured(lit.to_token_stream()));
                    }
                    Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                    arg => self.visit_expr_mut(arg),
                }
            }
            mac.tokens = quote!(#(#args),*);
            self.name_captures(mac, &captured);
            return;
        }
        self.macro_tokens(mac);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        let outer = self.ending.clone();
        if matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Async(_), None))) {
            struct Bound<'a>(&'a mut HashSet<LocalId>);
            impl<'ast> syn::visit::Visit<'ast> for Bound<'_> {
                fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
                    self.0.extend(names::local(&pat.ident));
                }
                fn visit_expr(&mut self, _: &'ast Expr) {}
            }
            let mut bound = Bound(&mut self.ending);
            for stmt in &block.stmts {
                if let Stmt::Local(local) = stmt {
                    syn::visit::Visit::visit_pat(&mut bound, &local.pat);
                }
            }
        }
        visit_mut::visit_block_mut(self, block);
        self.ending = outer;
    }

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        if let Stmt::Macro(mac) = stmt
            && returns(&mac.mac)
        {
            let mut expr = Expr::Macro(syn::ExprMacro {
                attrs: Vec::new(),
                mac: mac.mac.clone(),
            });
            self.visit_expr_mut(&mut expr);
            *stmt = Stmt::Expr(expr, Some(Default::default()));
            return;
        }
        visit_mut::visit_stmt_mut(self, stmt);
    }
}

/// The first argument of `matches!`, and what follows the comma.
fn split_at_comma(tokens: &proc_macro2::TokenStream) -> Option<(Expr, proc_macro2::TokenStream)> {
    let is_comma = |tree: &proc_macro2::TokenTree| matches!(tree, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ',');
    let trees: Vec<_> = tokens.clone().into_iter().collect();
    let comma = trees.iter().position(is_comma)?;
    let head = syn::parse2(trees[..comma].iter().cloned().collect()).ok()?;
    Some((head, trees[comma + 1..].iter().cloned().collect()))
}

/// Macros that are known to return from the function around them.
fn returns(mac: &syn::Macro) -> bool {
    matches!(macro_name(mac).as_str(), "bail" | "ensure")
}

impl Rewrite<'_> {
    pub(super) fn macro_tokens(&self, mac: &mut syn::Macro) {
        let name = macro_name(mac);
        let known = is_format_macro(&name) || name == "vec";
        let captured = self.captured(mac.tokens.clone());
        let tokens = self.name_shorthands(std::mem::take(&mut mac.tokens));
        // Another macro may want one token tree where a variable stood.
        let spell = |value: Expr| {
            if known {
                value.into_token_stream()
            } else {
                quote!((#value))
            }
        };
        mac.tokens = names::map_tokens(
            tokens,
            &mut |ident, _| self.mention(ident).map(spell),
            &mut |_| None,
        );
        if captured.is_empty() {
            return;
        }
        if is_format_macro(&name) {
            self.name_captures(mac, &captured);
        } else {
            mac.tokens = self.name_captures_inside(std::mem::take(&mut mac.tokens));
        }
    }

    /// The same for the known macros among the arguments of another: `json!({ "text": format!("{n}") })`.
    fn name_captures_inside(&self, tokens: TokenStream) -> TokenStream {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let name_before = |at: usize| match &trees[at.checked_sub(2)?..at] {
            [TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => {
                Some(name.to_string())
            }
            _ => None,
        };
        let mut out = TokenStream::new();
        for (at, tree) in trees.iter().enumerate() {
            let TokenTree::Group(group) = tree else {
                out.extend([tree.clone()]);
                continue;
            };
            let known = name_before(at).is_some_and(|name| is_format_macro(&name));
            let inside = if known {
                self.with_named(group.stream(), &self.captured(group.stream()))
            } else {
                self.name_captures_inside(group.stream())
            };
            let mut inner = proc_macro2::Group::new(group.delimiter(), inside);
            inner.set_span(group.span());
            out.extend([TokenTree::Group(inner)]);
        }
        out
    }

    /// `?x` and `%x` among the arguments also give a field its name; what stands for `x` in the output has another.
    fn name_shorthands(&self, tokens: TokenStream) -> TokenStream {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |tree: Option<&TokenTree>, mark: char| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
        let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
        for (i, tree) in trees.iter().enumerate() {
            let first = i == 0 || is(trees.get(i - 1), ',');
            let sigil = is(Some(tree), '?') || is(Some(tree), '%');
            let alone = trees.get(i + 2).is_none() || is(trees.get(i + 2), ',');
            if first
                && sigil
                && alone
                && let Some(TokenTree::Ident(ident)) = trees.get(i + 1)
                && let Some(local) = names::local(ident)
            {
                let text = ident.to_string();
                let base = names::source_name(&text).unwrap_or(&text);
                if self.pinned(ident).is_some() || self.layout.name(local) != base {
                    out.push(Ident::new(base, ident.span()).into());
                    out.extend(quote!(=));
                }
            }
            out.push(tree.clone());
        }
        out.into_iter().collect()
    }

    /// The pinned locals that format strings capture.
    fn captured(&self, tokens: proc_macro2::TokenStream) -> Vec<Ident> {
        let mut captured: Vec<Ident> = Vec::new();
        names::map_tokens(tokens, &mut |_, _| None, &mut |literal| {
            names::map_captures(literal, &mut |name| {
                let ident = Ident::new(name, Span::call_site());
                if self.pinned(&ident).is_some()
                    && !captured
                        .iter()
                        .any(|other| names::local(other) == names::local(&ident))
                {
                    captured.push(ident);
                }
                None
            })
        });
        captured
    }

    /// Captured pinned locals become named arguments.
    fn name_captures(&self, mac: &mut syn::Macro, captured: &[Ident]) {
        if !captured.is_empty() && is_format_macro(&macro_name(mac)) {
            mac.tokens = self.with_named(std::mem::take(&mut mac.tokens), captured);
        }
    }

    fn with_named(&self, tokens: TokenStream, captured: &[Ident]) -> TokenStream {
        if captured.is_empty() {
            return tokens;
        }
        let rt = &self.layout.fresh.rt;
        let comma = (!tokens.to_string().trim_end().ends_with(',')).then(|| quote!(,));
        let named = captured.iter().map(|ident| {
            let name = self.layout.name(names::local(ident).expect("pinned"));
            quote!(#name = #rt::at!(#ident))
        });
        quote!(#tokens #comma #(#named),*)
    }
}
