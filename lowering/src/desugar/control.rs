//! Control flow that holds awaits, as nodes of the structured form.

use super::jumps::{break_to, label_jumps, take_label};
use super::lift::{path, temporary};
use super::temporaries::conditions;
use super::{Desugar, Position, Prefix, Root};
use crate::diagnostics::Code;
use crate::hold::patterns::moves_elements;
use crate::ir::{self, Arm, Block, Loop};
use crate::report::Edition;
use crate::seeded::{self, Bug};
use crate::syntax::{HasAwait, as_ident, bare, is_place};
use crate::types::Table;
use proc_macro2::Ident;
use syn::spanned::Spanned;
use syn::{Expr, Pat};

/// Whether a scrutinee is a reference by its syntax.
pub(super) fn gives_reference(head: &Expr) -> bool {
    match bare(head) {
        Expr::Reference(_) => true,
        Expr::MethodCall(call) => {
            let name = call.method.to_string();
            name.starts_with("as_") || name.starts_with("get") || name.starts_with("split")
        }
        Expr::Try(expr) => gives_reference(&expr.expr),
        Expr::Index(index) => matches!(bare(&index.index), Expr::Range(_)),
        _ => false,
    }
}

/// Whether an array drops in the same order wherever the arms of a `match` on it end, though some take elements. Where an array may drop
/// whole, or without some elements, the compiler drops it element by element; where it is always whole, as one. An arm that takes
/// elements, waits, and goes on makes each of the places such a one: where the function is cancelled, where it unwinds, and behind
/// the `match`. In a holder it is so in any case.
fn elements_join(arms: &[syn::Arm]) -> bool {
    /// Something after which control may not go on.
    struct Leaves(bool);
    impl<'ast> syn::visit::Visit<'ast> for Leaves {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.0 |= matches!(
                expr,
                Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Loop(_)
            );
            syn::visit::visit_expr(self, expr);
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.0 |= !matches!(
                crate::syntax::macro_name(mac).as_str(),
                "vec" | "format" | "matches" | "assert" | "assert_eq" | "println"
            ) || crate::syntax::has_jumping_args(mac);
        }
    }
    let goes_on = |arm: &syn::Arm| {
        let mut leaves = Leaves(false);
        syn::visit::Visit::visit_expr(&mut leaves, &arm.body);
        arm.body.has_await() && !leaves.0
    };
    let mut taking = arms.iter().filter(|arm| moves_elements(&arm.pat));
    arms.iter().all(|arm| moves_elements(&arm.pat)) || taking.any(goes_on)
}

impl Desugar<'_> {
    /// An expression that holds awaits, as a node; what goes before it goes to the prefix.
    pub(super) fn value(&mut self, expr: Expr, prefix: &mut Prefix) -> ir::Expr {
        if !expr.has_await() {
            return ir::Expr::Plain(expr);
        }
        if !passes_on(&expr) {
            self.enter();
        }
        match expr {
            Expr::Await(found) => ir::Expr::Await(self.awaited(found, prefix)),
            Expr::Paren(paren) => self.value(*paren.expr, prefix),
            Expr::Group(group) => self.value(*group.expr, prefix),
            Expr::Block(block) => {
                let label = take_label(block.label);
                let block = if std::mem::take(&mut self.operand) {
                    self.operand_block(block.block, prefix)
                } else {
                    self.block(block.block, Position::Inside)
                };
                ir::Expr::Block { label, block }
            }
            Expr::If(expr) => self.if_(expr, prefix),
            Expr::Match(expr) => self.match_(expr, prefix),
            Expr::Loop(expr) => {
                let label = take_label(expr.label).unwrap_or_else(|| self.label());
                let mut body = expr.body;
                label_jumps(&mut body, &label);
                ir::Expr::Loop(Loop {
                    label,
                    cond: None,
                    body: self.block(body, Position::Branch),
                })
            }
            Expr::While(expr) => self.while_(expr),
            Expr::ForLoop(expr) => self.for_(expr, prefix),
            Expr::Unsafe(found) => {
                let mut block = if std::mem::take(&mut self.operand) {
                    self.operand_block(found.block, prefix)
                } else {
                    self.block(found.block, Position::Inside)
                };
                self.unsafely(&mut block);
                self.opens_unsafe = true;
                ir::Expr::Block { label: None, block }
            }
            other => ir::Expr::Plain(self.lift(other, prefix)),
        }
    }

    /// A branch, as a block of its own.
    pub(super) fn branch(&mut self, expr: Expr) -> ir::Expr {
        let outer = self.tail.take();
        let node = match expr {
            Expr::Block(block) if block.label.is_none() => ir::Expr::Block {
                label: None,
                block: self.block(block.block, Position::Branch),
            },
            expr => {
                let mut prefix = Prefix::default();
                let root = std::mem::replace(&mut self.root, Root::No);
                let value = self.value(expr, &mut prefix);
                self.root = root;
                match value {
                    ir::Expr::Plain(value)
                        if !prefix.stmts.is_empty() && self.leaves_temporaries(&value) =>
                    {
                        prefix.enclose(branch_value(value))
                    }
                    value => {
                        let mut node = self.enclose(prefix, value, false);
                        if let ir::Expr::Block { label: None, block } = &mut node
                            && let Some(ir::Stmt::Expr { expr, semi: false }) = block.stmts.last()
                            && self.looks_at_temporaries(expr)
                        {
                            block.tail = ir::Tail::Branch;
                        }
                        node
                    }
                }
            }
        };
        self.tail = outer;
        node
    }

    /// Whether a `match` or `if let` looks at a temporary, which before edition 2024 lives as long as the statement that it ends.
    pub(super) fn looks_at_temporaries(&self, node: &ir::Expr) -> bool {
        let leaves = |head: &Expr| self.temporaries().of_place(head);
        self.edition < Edition::E2024
            && match node {
                ir::Expr::Match { head, .. } => leaves(head),
                ir::Expr::If { cond, .. } => conditions(cond).into_iter().any(leaves),
                _ => false,
            }
    }

    fn if_(&mut self, expr: syn::ExprIf, prefix: &mut Prefix) -> ir::Expr {
        let cond = *expr.cond;
        let els = expr.else_branch.map(|(_, els)| *els);
        let lets = conditions(&cond).len();
        let branches_await = std::mem::take(&mut self.lasting)
            || expr.then_branch.has_await()
            || els.as_ref().is_some_and(HasAwait::has_await);
        if lets > 1 || (lets == 1 && !matches!(bare(&cond), Expr::Let(_))) {
            if cond.has_await() || self.chain_needs_opening(&cond, branches_await) {
                return self.chain(cond, expr.then_branch, els);
            }
        } else if lets == 1 {
            let Expr::Let(cond) = bare(&cond).clone() else {
                unreachable!("checked above")
            };
            let scrutinee = *cond.expr;
            let awaits = scrutinee.has_await();
            if !awaits && is_place(&scrutinee) && !self.leaves_temporaries(&scrutinee) {
                // In place.
            } else if !branches_await && self.tail.is_none() {
                let value = self.lift(scrutinee, prefix);
                let value = temporary(value);
                let pat = cond.pat;
                return self.if_node(syn::parse_quote!(let #pat = #value), expr.then_branch, els);
            } else {
                // The scrutinee is a temporary, alive while a branch waits.
                let pat = cond.pat;
                if self.edition < Edition::E2024 {
                    let matched = self.scrutinee(scrutinee, prefix);
                    let cond = syn::parse_quote!(let #pat = #matched);
                    return self.if_node(cond, expr.then_branch, els);
                }
                let mut inner = Prefix::default();
                let matched = self.scrutinee(scrutinee, &mut inner);
                if inner.scoped && els.is_some() && !seeded::is(Bug::ElseHoldsScrutinee) {
                    return self.early_else(*pat, matched, expr.then_branch, els, inner);
                }
                let cond = syn::parse_quote!(let #pat = #matched);
                let node = self.if_node(cond, expr.then_branch, els);
                prefix.scoped |= inner.scoped;
                prefix.stmts.extend(inner.stmts);
                return node;
            }
        } else if cond.has_await() {
            let cond = self.awaited_condition(cond, prefix);
            return self.if_node(cond, expr.then_branch, els);
        }
        self.if_node(cond, expr.then_branch, els)
    }

    /// A condition that awaits, and is no `let`. It ends its temporaries itself, in a tail as well.
    fn awaited_condition(&mut self, cond: Expr, prefix: &mut Prefix) -> Expr {
        let mut inner = Prefix::default();
        let outer = self.tail.take();
        let root = std::mem::replace(&mut self.root, Root::Here);
        let value = self.lift(cond, &mut inner);
        self.root = root;
        self.tail = outer;
        if !inner.scoped {
            prefix.stmts.extend(inner.stmts);
            return value;
        }
        let span = value.span();
        let node = self.enclose(inner, ir::Expr::Plain(value), false);
        let local = self.resolved.hidden("ready", span);
        let declared = self.resolved.mention(local);
        prefix.stmts.push(ir::Stmt::Let {
            attrs: Vec::new(),
            pat: syn::parse_quote!(#declared),
            init: node,
            els: None,
        });
        path(self.resolved.mention(local))
    }

    fn if_node(&mut self, cond: Expr, then: syn::Block, els: Option<Expr>) -> ir::Expr {
        let outer = self.tail.take();
        let then = self.block(then, Position::Branch);
        self.tail = outer;
        let els = els.map(|els| Box::new(self.branch(els)));
        ir::Expr::If { cond, then, els }
    }

    /// Since edition 2024 a scrutinee's temporaries drop before the `else` block runs.
    fn early_else(
        &mut self,
        pat: Pat,
        matched: Expr,
        then: syn::Block,
        els: Option<Expr>,
        inner: Prefix,
    ) -> ir::Expr {
        let label = self.label();
        let outer = self.tail.take();
        let mut then = self.block(then, Position::Branch);
        self.tail = outer;
        self.leave_with_value(&mut then, &label);
        let cond: Expr = syn::parse_quote!(let #pat = #matched);
        let mut stmts = inner.stmts;
        stmts.push(ir::Stmt::Expr {
            expr: ir::Expr::If {
                cond,
                then,
                els: None,
            },
            semi: false,
        });
        let scope = ir::Expr::Block {
            label: None,
            block: Block::new(stmts),
        };
        let mut stmts = vec![ir::Stmt::Expr {
            expr: scope,
            semi: true,
        }];
        if let Some(els) = els {
            let els = self.branch(els);
            stmts.push(ir::Stmt::Expr {
                expr: els,
                semi: false,
            });
        }
        ir::Expr::Block {
            label: Some(label),
            block: Block::new(stmts),
        }
    }

    /// The value that `if let` or `match` looks at, when a branch waits: a hidden local, or a place as it is.
    fn scrutinee(&mut self, scrutinee: Expr, prefix: &mut Prefix) -> Expr {
        let span = scrutinee.span();
        if is_place(&scrutinee) && !scrutinee.has_await() {
            return self.settle_in_place(scrutinee, prefix);
        }
        // Operands that wait for the value drop before it.
        let behind_operands = prefix.stmts.len() > prefix.temporaries;
        let lifted = self.lift(scrutinee, prefix);
        let value = self.settle(lifted, prefix);
        if matches!(bare(&value), Expr::Reference(_)) {
            return value;
        }
        if let Some(ident) = crate::syntax::as_ident(&value)
            && ident.to_string().starts_with("ready__hr")
            && self.tail.is_none()
            && !behind_operands
        {
            prefix.scoped = true;
            prefix.temporaries = prefix.stmts.len();
            self.named_temporaries += 1;
            return value;
        }
        path(self.hide_temporary(value, span, true, prefix))
    }

    fn settle_in_place(&mut self, place: Expr, prefix: &mut Prefix) -> Expr {
        if self.leaves_temporaries(&place) {
            self.settle(place, prefix)
        } else {
            place
        }
    }

    fn chain_needs_opening(&self, cond: &Expr, branches_await: bool) -> bool {
        branches_await && conditions(cond).into_iter().any(|scrutinee| !is_place(scrutinee) && !matches!(bare(scrutinee), Expr::Reference(reference) if is_place(&reference.expr)))
    }

    /// `if a && let P = b && c { then } else { els }` as nested conditions:
    ///
    /// ```text
    /// 'chain: {
    ///     if a { if let P = b { if c { break 'chain then } } }
    ///     els
    /// }
    /// ```
    fn chain(&mut self, cond: Expr, then: syn::Block, els: Option<Expr>) -> ir::Expr {
        let label = self.label();
        let mut links = Vec::new();
        split_chain(cond, &mut links);
        let outer = self.tail.take();
        let nested = self.links(links.into_iter(), then, &label);
        self.tail = outer;
        let mut stmts = vec![ir::Stmt::Expr {
            expr: nested,
            semi: true,
        }];
        if let Some(els) = els {
            stmts.push(ir::Stmt::Expr {
                expr: self.branch(els),
                semi: false,
            });
        }
        ir::Expr::Block {
            label: Some(label),
            block: Block::new(stmts),
        }
    }

    /// The block's value becomes the value of the labelled block around it.
    pub(super) fn leave_with_value(&mut self, block: &mut Block, label: &syn::Lifetime) {
        let leave = |value: Option<Expr>| {
            ir::Stmt::Plain(syn::Stmt::Expr(
                syn::parse_quote!(break #label #value),
                Some(Default::default()),
            ))
        };
        match block.stmts.pop() {
            Some(ir::Stmt::Plain(syn::Stmt::Expr(value, None))) if jumps(&value) => {
                let semi = Some(Default::default());
                let stmt = syn::Stmt::Expr(value, semi);
                block.stmts.push(ir::Stmt::Plain(stmt));
            }
            Some(ir::Stmt::Plain(syn::Stmt::Expr(value, None))) => {
                block.stmts.push(leave(Some(value)))
            }
            Some(ir::Stmt::Expr { expr, semi: false }) => {
                let local = self.resolved.hidden("value", label.ident.span());
                let declared = self.resolved.mention(local);
                block.stmts.push(ir::Stmt::Let {
                    attrs: Vec::new(),
                    pat: syn::parse_quote!(#declared),
                    init: expr,
                    els: None,
                });
                block
                    .stmts
                    .push(leave(Some(path(self.resolved.mention(local)))));
            }
            last => {
                block.stmts.extend(last);
                block.stmts.push(leave(None));
            }
        }
    }

    fn links(
        &mut self,
        mut links: std::vec::IntoIter<Expr>,
        then: syn::Block,
        label: &syn::Lifetime,
    ) -> ir::Expr {
        let Some(link) = links.next() else {
            let mut block = self.block(then, Position::Branch);
            self.leave_with_value(&mut block, label);
            return ir::Expr::Block { label: None, block };
        };
        let mut prefix = Prefix::default();
        let cond: Expr = match link {
            Expr::Let(link) if binds_whole(&link.pat) => {
                let pat = *link.pat;
                let borrows = matches!(&pat, Pat::Ident(pat) if pat.by_ref.is_some());
                let value = if borrows || matches!(bare(&link.expr), Expr::Reference(_)) {
                    ir::Expr::Plain(self.scrutinee(*link.expr, &mut prefix))
                } else {
                    self.value(*link.expr, &mut prefix)
                };
                prefix.stmts.push(ir::Stmt::Let {
                    attrs: Vec::new(),
                    pat,
                    init: value,
                    els: None,
                });
                let inner = self.links(links, then, label);
                return prefix.enclose(inner);
            }
            Expr::Let(link) => {
                let pat = *link.pat;
                let matched = self.scrutinee(*link.expr, &mut prefix);
                syn::parse_quote!(let #pat = #matched)
            }
            link if link.has_await() => self.awaited_condition(bare(&link).clone(), &mut prefix),
            link => link,
        };
        let inner = self.links(links, then, label);
        let then = match inner {
            ir::Expr::Block { label: None, block } => block,
            other => Block::new(vec![ir::Stmt::Expr {
                expr: other,
                semi: true,
            }]),
        };
        prefix.enclose(ir::Expr::If {
            cond,
            then,
            els: None,
        })
    }

    fn match_(&mut self, expr: syn::ExprMatch, prefix: &mut Prefix) -> ir::Expr {
        let head = *expr.expr;
        let guards_await = expr.arms.iter().any(super::guards::awaits);
        let arms_await = guards_await || expr.arms.iter().any(|arm| arm.body.has_await());
        let taken = expr.arms.iter().find(|arm| moves_elements(&arm.pat));
        let taken = taken.map(|arm| arm.pat.span());
        let joined =
            !guards_await && (head.has_await() || !is_place(&head)) && elements_join(&expr.arms);
        if arms_await
            && expr.arms.len() > 1
            && !gives_reference(&head)
            && !joined
            && let Some(span) = taken
        {
            self.refuse(
                    Code::PartialMove,
                    span,
                    "only types decide whether this pattern moves elements out of an array, which then drops in another order, and an arm waits",
                    "this pattern",
                    "match on a reference, or take the array apart in a `let` before the `match`",
                );
        }
        // In a tail it outlives the block's locals.
        let lasting = std::mem::take(&mut self.lasting);
        let head = if !arms_await && !lasting && self.tail.is_none() {
            temporary(self.lift(head, prefix))
        } else {
            self.scrutinee(head, prefix)
        };
        if guards_await {
            return self.guarded(head, expr.arms);
        }
        if joined
            && taken.is_some()
            && let Some(local) = crate::syntax::as_ident(&head).and_then(crate::names::local)
        {
            self.resolved.locals[local.0].joined = true;
        }
        let arms = expr.arms.into_iter().map(|arm| self.arm(arm)).collect();
        ir::Expr::Match { head, arms }
    }

    pub(super) fn arm(&mut self, arm: syn::Arm) -> Arm {
        Arm {
            pat: arm.pat,
            attrs: arm.attrs,
            body: self.branch(*arm.body),
        }
    }

    fn while_(&mut self, expr: syn::ExprWhile) -> ir::Expr {
        // A loop ends its temporaries itself, in a tail as well.
        let outer = self.tail.take();
        let node = self.while_loop(expr);
        self.tail = outer;
        node
    }

    fn while_loop(&mut self, expr: syn::ExprWhile) -> ir::Expr {
        let label = take_label(expr.label).unwrap_or_else(|| self.label());
        let mut body = expr.body;
        label_jumps(&mut body, &label);
        let cond = *expr.cond;
        let scrutinees = conditions(&cond);
        let simple = !cond.has_await()
            && scrutinees.iter().all(|scrutinee| {
                (is_place(scrutinee) || matches!(bare(scrutinee), Expr::Reference(_)))
                    && !self.leaves_temporaries(scrutinee)
            });
        if simple {
            return ir::Expr::Loop(Loop {
                label,
                cond: Some(cond),
                body: self.block(body, Position::Branch),
            });
        }
        // `loop { if cond { body } else { break } }`
        let leave = Expr::Block(syn::ExprBlock {
            attrs: Vec::new(),
            label: None,
            block: syn::Block {
                brace_token: Default::default(),
                stmts: vec![syn::Stmt::Expr(break_to(&label), None)],
            },
        });
        let mut prefix = Prefix::default();
        let node = self.if_(
            syn::ExprIf {
                attrs: Vec::new(),
                if_token: Default::default(),
                cond: Box::new(cond),
                then_branch: body,
                else_branch: Some((Default::default(), Box::new(leave))),
            },
            &mut prefix,
        );
        let mut stmts = prefix.stmts;
        stmts.push(ir::Stmt::Expr {
            expr: node,
            semi: false,
        });
        ir::Expr::Loop(Loop {
            label,
            cond: None,
            body: Block::new(stmts),
        })
    }

    /// ```text
    /// // Input:
    /// for pat in list { body }
    /// // Output:
    /// let mut iter = rt::into_iter(list);
    /// while let Some(pat) = rt::next(&mut iter) { body }
    /// ```
    ///
    /// What the pattern leaves of an item drops behind the body. In a tuple it gets a name.
    fn for_(&mut self, expr: syn::ExprForLoop, prefix: &mut Prefix) -> ir::Expr {
        let outer = self.tail.take();
        let node = self.for_loop(expr, prefix);
        self.tail = outer;
        node
    }

    fn for_loop(&mut self, expr: syn::ExprForLoop, prefix: &mut Prefix) -> ir::Expr {
        let label = take_label(expr.label).unwrap_or_else(|| self.label());
        let head = *expr.expr;
        let span = head.span();
        let ty = self.table.item(&head, &|place| self.place_type(place));
        let lifted = self.lift(head, prefix);
        if !expr.body.has_await() {
            let pat = expr.pat;
            let body = expr.body;
            let mut plain: Expr = syn::parse_quote!(for #pat in #lifted #body);
            if let Expr::ForLoop(plain) = &mut plain {
                plain.label = Some(label_of(label));
            }
            return ir::Expr::Plain(plain);
        }
        let mut body = expr.body;
        let settled = self.settle(lifted, prefix);
        let iter: Ident = self.hide_temporary(
            syn::parse_quote!(rt__hr::into_iter(#settled)),
            span,
            true,
            prefix,
        );
        if let Some(local) = crate::names::local(&iter) {
            self.resolved.locals[local.0].base = "iter".to_owned();
        }
        let next = self
            .resolved
            .mention(crate::names::local(&iter).expect("hidden"));
        let mut pat = *expr.pat;
        let mut first = Vec::new();
        if !self.table.leaves_nothing(&pat, ty.as_ref())
            && !self.name_what_is_left(&mut pat, ty.as_ref(), &mut first)
        {
            return self.while_loop(syn::ExprWhile {
                attrs: Vec::new(),
                label: Some(label_of(label)),
                while_token: Default::default(),
                cond: syn::parse_quote!(let rt__hr::Some(#pat) = rt__hr::next(&mut #next)),
                body,
            });
        }
        label_jumps(&mut body, &label);
        body.stmts.splice(0..0, first);
        let body = self.block(body, Position::Branch);
        let cond = syn::parse_quote!(let rt__hr::Some(#pat) = rt__hr::next(&mut #next));
        ir::Expr::Loop(Loop {
            label,
            cond: Some(cond),
            body,
        })
    }

    /// The type that a variable or field has as it is spelled.
    fn place_type(&self, place: &Expr) -> Option<syn::Type> {
        match bare(place) {
            Expr::Field(field) => {
                let base = self.place_type(&field.base)?;
                let member = crate::syntax::member(&field.member);
                Some(self.table.field(&base, &member)?.into_owned())
            }
            place => {
                let local = as_ident(place).and_then(crate::names::local)?;
                let ty = self.resolved.locals[local.0].ty.as_ref()?;
                let owner = self.resolved.self_ty.as_ref();
                Some(match (ty, owner) {
                    (syn::Type::Path(path), Some(owner)) if path.path.is_ident("Self") => {
                        owner.clone()
                    }
                    _ => ty.clone(),
                })
            }
        }
    }

    /// Binds what a pattern of tuples leaves to hidden locals. What it binds itself drops before them, the last first: `first` declares all
    /// of that anew where a part of it stands before one of them. False where only the value itself can keep what is left.
    fn name_what_is_left(
        &mut self,
        pat: &mut Pat,
        ty: Option<&syn::Type>,
        first: &mut Vec<syn::Stmt>,
    ) -> bool {
        let mut parts = Vec::new();
        if !parts_of(pat, ty, self.table, &mut parts) {
            return false;
        }
        let is_left = |part: &&mut Pat| matches!(part, Pat::Wild(_));
        // Several would drop in the reverse order.
        if parts.iter().filter(|part| is_left(part)).count() > 1 {
            return false;
        }
        let anew = !parts.first().is_some_and(is_left);
        for part in parts {
            if !anew && !matches!(part, Pat::Wild(_)) {
                continue;
            }
            let span = part.span();
            let local = self.resolved.hidden("item", span);
            let declared = self.resolved.mention(local);
            let bound = std::mem::replace(part, syn::parse_quote!(#declared));
            if !matches!(bound, Pat::Wild(_)) {
                let value = self.resolved.mention(local);
                first.push(syn::parse_quote!(let #bound = #value;));
            }
        }
        true
    }
}

/// The parts of a pattern of tuples that bind a value, or leave one that may have a drop. False if it has others.
fn parts_of<'p>(
    pat: &'p mut Pat,
    ty: Option<&syn::Type>,
    table: &Table,
    parts: &mut Vec<&'p mut Pat>,
) -> bool {
    match pat {
        Pat::Wild(_) => {
            if !table.leaves_nothing(pat, ty) {
                parts.push(pat);
            }
            true
        }
        Pat::Ident(found) if found.by_ref.is_none() && found.subpat.is_none() => {
            parts.push(pat);
            true
        }
        Pat::Reference(_) => true,
        Pat::Paren(pat) => parts_of(&mut pat.pat, ty, table, parts),
        Pat::Tuple(tuple) => {
            let types = crate::types::tuple_parts(ty, tuple.elems.len());
            let mut elems = tuple.elems.iter_mut().enumerate();
            elems.all(|(i, pat)| parts_of(pat, types.map(|types| &types[i]), table, parts))
        }
        _ => false,
    }
}

fn label_of(name: syn::Lifetime) -> syn::Label {
    syn::Label {
        name,
        colon_token: Default::default(),
    }
}

/// Whether an expression is no construct of its own for [`Desugar::value`].
fn passes_on(expr: &Expr) -> bool {
    !matches!(
        expr,
        Expr::Await(_)
            | Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::Loop(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Unsafe(_)
    )
}

/// Whether a pattern binds the whole value to one local.
fn binds_whole(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if crate::names::local(&pat.ident).is_some() && pat.subpat.is_none())
}

/// Whether an expression is a jump, and so gives no value.
fn jumps(expr: &Expr) -> bool {
    match expr {
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Macro(mac) => matches!(
            crate::syntax::macro_name(&mac.mac).as_str(),
            "unreachable" | "panic" | "todo" | "unimplemented" | "bail"
        ),
        _ => false,
    }
}

/// A value that ends its temporaries as the branch does that it is.
fn branch_value(value: Expr) -> ir::Expr {
    let block = Block {
        tail: ir::Tail::Branch,
        ..Block::new(vec![ir::Stmt::Plain(syn::Stmt::Expr(value, None))])
    };
    ir::Expr::Block { label: None, block }
}

fn split_chain(cond: Expr, links: &mut Vec<Expr>) {
    match cond {
        Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
            split_chain(*binary.left, links);
            links.push(*binary.right);
        }
        Expr::Paren(paren) if !conditions(&paren.expr).is_empty() => {
            split_chain(*paren.expr, links)
        }
        cond => links.push(cond),
    }
}
