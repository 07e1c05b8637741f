//! Guards of arms that await.
//!
//! ```text
//! // Input:
//! match order {
//!     Order::None => return,
//!     Order::Some(n) if n > 0 && allowed().await => take(n),
//!     other => refuse(other),
//! }
//! // Output:
//! let passes = {
//!     let mut asks = false;
//!     match order {
//!         Order::None => {}
//!         Order::Some(n) if { asks = n > 0; false } => unreachable!(),
//!         _ => {}
//!     }
//!     if asks { allowed().await } else { false }
//! };
//! match order {
//!     Order::None => return,
//!     Order::Some(n) if passes => take(n),
//!     other => refuse(other),
//! }
//! ```
//!
//! A guard looks at what its pattern binds while the value still stands where it was: only when the guard is true is it moved. So what
//! a guard says of its bindings stays a guard, of a `match` that enters no arm with bindings, and the awaits stand between such matches. The last
//! one is the `match` as it was, with what is known by then in the place of its guards.

use super::Desugar;
use super::control::gives_reference;
use super::lift::path;
use crate::diagnostics::Code;
use crate::ir::{self, Arm, Block};
use crate::names::{self, LocalId};
use crate::syntax::{HasAwait, inert, unbound};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::{Expr, Pat, Stmt};

/// Whether the guard of an arm awaits.
pub(super) fn awaits(arm: &syn::Arm) -> bool {
    matches!(&arm.pat, Pat::Guard(guard) if guard.guard.has_await())
}

/// A guard, by what it does before, while and after it awaits.
struct Parts {
    before: Option<Expr>,
    awaiting: Expr,
    after: Option<Expr>,
}

/// The arms of a match that only looks, as far as they are made.
#[derive(Default)]
struct Looking {
    /// Each pattern with its guard, and whether that is never true.
    arms: Vec<(TokenStream, bool)>,
    /// What says that an arm's guard was true, though its arm was not entered.
    stops: Vec<LocalId>,
}

/// How a guard says whether something is to be awaited: what the first match does in its place, and what follows that.
struct Asks {
    declaration: Stmt,
    guard: Expr,
    cond: Expr,
    then: Expr,
}

impl Desugar<'_> {
    /// A `match` with guards that await; its head is a place.
    pub(super) fn guarded(&mut self, head: Expr, mut arms: Vec<syn::Arm>) -> ir::Expr {
        let by_reference = gives_reference(&head);
        let binds = arms.iter().any(|arm| {
            let mut bound = HashSet::new();
            bindings(&arm.pat, &mut bound);
            !bound.is_empty()
        });
        let part = binds && !by_reference && crate::syntax::as_ident(&head).is_none();
        let before = self.sink.len();
        for arm in arms.iter().filter(|arm| awaits(arm)) {
            self.check_guard(arm, &head, by_reference, part);
        }
        if self.sink.len() > before {
            // What follows relies on what was checked; nothing is made of a refused function.
            return ir::Expr::Plain(syn::parse_quote!(()));
        }
        let mut stmts = Vec::new();
        let mut flags = HashSet::new();
        while let Some(at) = arms.iter().position(awaits) {
            let (earlier, rest) = arms.split_at_mut(at);
            let arm = &mut rest[0];
            let Pat::Guard(guard) = arm.pat.clone() else {
                unreachable!("only a guard awaits")
            };
            let (pat, span) = (*guard.pat.clone(), guard.if_token.span);
            let parts = parts(*guard.guard.clone());
            let mut looking = Looking::default();
            for arm in earlier.iter_mut() {
                self.look_at(arm, &mut flags, &mut looking, &mut stmts);
            }
            let passes = self.flag("passes", span, &mut flags);
            let declared = self.resolved.mention(passes);
            let init = self.passes(
                &head,
                &pat,
                parts.before,
                parts.awaiting,
                looking,
                by_reference,
            );
            stmts.push(ir::Stmt::Let {
                attrs: Vec::new(),
                pat: syn::parse_quote!(#declared),
                init,
                els: None,
            });
            let passed = self.resolved.mention(passes);
            let again: Expr = match parts.after {
                Some(after) => syn::parse_quote!(#passed && #after),
                None => path(passed),
            };
            arm.pat = Pat::Guard(syn::PatGuard {
                guard: Box::new(again),
                ..guard
            });
        }
        let arms = arms.into_iter().map(|arm| self.arm(arm)).collect();
        stmts.push(ir::Stmt::Expr {
            expr: ir::Expr::Match { head, arms },
            semi: false,
        });
        ir::Expr::Block {
            label: None,
            block: Block::new(stmts),
        }
    }

    /// A hidden local that says whether something was so.
    fn flag(
        &mut self,
        base: &str,
        span: proc_macro2::Span,
        flags: &mut HashSet<LocalId>,
    ) -> LocalId {
        let flag = self.resolved.hidden(base, span);
        self.resolved.locals[flag.0].ty = Some(syn::parse_quote!(bool));
        flags.insert(flag);
        flag
    }

    /// An arm before one with a guard that awaits: whether it is its turn. It is not entered yet, and keeps what its guard said.
    fn look_at(
        &mut self,
        arm: &mut syn::Arm,
        flags: &mut HashSet<LocalId>,
        looking: &mut Looking,
        stmts: &mut Vec<ir::Stmt>,
    ) {
        let Pat::Guard(guard) = &mut arm.pat else {
            let guard = self.condition(looking, None);
            let looks = unbound(&arm.pat, &is_bound);
            looking.arms.push((quote!(#looks #guard), false));
            return;
        };
        let pat = (*guard.pat).clone();
        let looks = unbound(&pat, &is_bound);
        let known = crate::syntax::as_ident(&guard.guard)
            .and_then(names::local)
            .is_some_and(|local| flags.contains(&local));
        if known {
            let again = self.condition(looking, Some(&guard.guard));
            looking.arms.push((quote!(#looks #again), false));
            return;
        }
        let span = guard.if_token.span;
        let takes = self.flag("takes", span, flags);
        self.resolved.locals[takes.0].mutable = true;
        let declared = self.resolved.mention(takes);
        stmts.push(ir::Stmt::Plain(
            syn::parse_quote!(let mut #declared: bool = false;),
        ));
        let (assigned, read) = (self.resolved.mention(takes), self.resolved.mention(takes));
        let again = path(self.resolved.mention(takes));
        let said = std::mem::replace(&mut *guard.guard, again);
        let mut bound = HashSet::new();
        bindings(&pat, &mut bound);
        if mentions(&said, &bound) {
            let renewal = self.renewal(bound, true, false);
            let said = syn::parse_quote!({ #assigned = #said; false });
            let said = self.condition(looking, Some(&said));
            let said = self.renew(quote!(#pat #said), &renewal);
            looking.arms.push((said, true));
            looking.stops.push(takes);
        } else {
            let said = syn::parse_quote!({ #assigned = #said; #read });
            let said = self.condition(looking, Some(&said));
            looking.arms.push((quote!(#looks #said), false));
        }
    }

    /// `if !stops && guard`
    fn condition(&mut self, looking: &Looking, guard: Option<&Expr>) -> Option<TokenStream> {
        let mut parts = Vec::new();
        for &stop in &looking.stops {
            let stop = self.resolved.mention(stop);
            parts.push(quote!(!#stop));
        }
        match guard {
            Some(guard @ Expr::Binary(_)) if !parts.is_empty() => parts.push(quote!((#guard))),
            Some(guard) => parts.push(quote!(#guard)),
            None => {}
        }
        (!parts.is_empty()).then(|| quote!(if #(#parts)&&*))
    }

    /// A copy of what is matched: each mention of a local is one of its own.
    fn again(&mut self, head: &Expr) -> Expr {
        let resolved = std::cell::RefCell::new(&mut *self.resolved);
        let copy = names::map_tokens(
            quote!(#head),
            &mut |ident, _| {
                let new = resolved.borrow_mut().mention(names::local(ident)?);
                Some(quote!(#new))
            },
            &mut |_| None,
        );
        syn::parse_quote!(#copy)
    }

    /// An arm of a match that only looks.
    fn looks(&mut self, looks: &TokenStream, never: bool, stays: &Expr) -> Arm {
        self.arm(if never {
            syn::parse_quote!(#looks => ::core::unreachable!(),)
        } else {
            syn::parse_quote!(#looks => #stays,)
        })
    }

    /// Whether it is the turn of an arm, and its guard lets it pass as far as its awaits say.
    fn passes(
        &mut self,
        head: &Expr,
        pat: &Pat,
        before: Option<Expr>,
        awaiting: Expr,
        mut looking: Looking,
        by_reference: bool,
    ) -> ir::Expr {
        let mut bound = HashSet::new();
        bindings(pat, &mut bound);
        let needs = mentions(&awaiting, &bound);
        let asked = needs && !by_reference;
        let asks = !needs
            && before
                .as_ref()
                .is_some_and(|before| mentions(before, &bound));
        let renewal = self.renewal(
            bound.clone(),
            !needs || asked,
            asked && lends(&awaiting, &bound),
        );
        if !asked && !asks {
            // What is bound by reference is bound for both matches.
            let looks = if needs {
                pat.clone()
            } else {
                unbound(pat, &is_bound)
            };
            let always =
                matches!(looks, Pat::Wild(_)) && before.is_none() && looking.stops.is_empty();
            let guard = self.condition(&looking, before.as_ref());
            let arm = self.renew(quote!(#looks #guard => #awaiting,), &renewal);
            let arm: syn::Arm = syn::parse_quote!(#arm);
            let mut arms: Vec<Arm> = Vec::new();
            for (looks, never) in &looking.arms {
                arms.push(self.looks(looks, *never, &syn::parse_quote!(false)));
            }
            arms.push(Arm {
                pat: arm.pat,
                attrs: Vec::new(),
                body: self.branch(*arm.body),
            });
            if !always {
                // The patterns before it may match everything.
                let attrs = guard
                    .is_none()
                    .then(|| quote!(#[allow(unreachable_patterns)]));
                arms.push(self.arm(syn::parse_quote!(#attrs _ => false)));
            }
            let head = self.again(head);
            return ir::Expr::Match { head, arms };
        }
        let Asks {
            declaration,
            guard,
            cond,
            then,
        } = match before {
            Some(before) if asks => self.asks(before, awaiting),
            before => self.asked(before, awaiting),
        };
        let guard = self.condition(&looking, Some(&guard));
        let said = self.renew(quote!(#pat #guard), &renewal);
        looking.arms.push((said, true));
        let mut arms: Vec<Arm> = Vec::new();
        for (looks, never) in &looking.arms {
            arms.push(self.looks(looks, *never, &syn::parse_quote!({})));
        }
        arms.push(self.arm(syn::parse_quote!(_ => {})));
        let mut asking = vec![ir::Stmt::Plain(declaration)];
        let head = self.again(head);
        asking.push(ir::Stmt::Expr {
            expr: ir::Expr::Match { head, arms },
            semi: true,
        });
        let then = as_block(self.branch(then));
        let els = Some(Box::new(ir::Expr::Plain(syn::parse_quote!(false))));
        asking.push(ir::Stmt::Expr {
            expr: ir::Expr::If { cond, then, els },
            semi: false,
        });
        ir::Expr::Block {
            label: None,
            block: Block::new(asking),
        }
    }

    /// `asks = before; false`
    fn asks(&mut self, before: Expr, awaiting: Expr) -> Asks {
        let span = syn::spanned::Spanned::span(&before);
        let asks = self.resolved.hidden("asks", span);
        self.resolved.locals[asks.0].mutable = true;
        self.resolved.locals[asks.0].ty = Some(syn::parse_quote!(bool));
        let declared = self.resolved.mention(asks);
        let assigned = self.resolved.mention(asks);
        Asks {
            declaration: syn::parse_quote!(let mut #declared: bool = false;),
            guard: syn::parse_quote!({ #assigned = #before; false }),
            cond: path(self.resolved.mention(asks)),
            then: awaiting,
        }
    }

    /// `before && { asked = Some(operand); false }`: the guard makes of its bindings what is awaited.
    fn asked(&mut self, before: Option<Expr>, mut awaiting: Expr) -> Asks {
        let operand = first_awaited(&mut awaiting).expect("checked before");
        let span = syn::spanned::Spanned::span(operand);
        let awaited = self.resolved.hidden("awaited", span);
        let name = self.resolved.mention(awaited);
        let value = std::mem::replace(operand, path(self.resolved.mention(awaited)));
        let asked = self.resolved.hidden("asked", span);
        self.resolved.locals[asked.0].mutable = true;
        let declared = self.resolved.mention(asked);
        let assigned = self.resolved.mention(asked);
        let taken = self.resolved.mention(asked);
        let before = before.map(|before| quote!(#before &&));
        Asks {
            declaration: syn::parse_quote!(let mut #declared = ::core::option::Option::None;),
            guard: syn::parse_quote!(#before { #assigned = rt__hr::Some(#value); false }),
            cond: syn::parse_quote!(let rt__hr::Some(#name) = rt__hr::value(#taken)),
            then: awaiting,
        }
    }

    /// Refuses guards that cannot be taken apart.
    fn check_guard(&mut self, arm: &syn::Arm, head: &Expr, by_reference: bool, part: bool) {
        let Pat::Guard(guard) = &arm.pat else { return };
        let mut bound = HashSet::new();
        bindings(&guard.pat, &mut bound);
        let Parts { awaiting, .. } = parts((*guard.guard).clone());
        let why = if !inert(head) {
            Some("and what it looks at is evaluated twice")
        } else if part {
            Some("and an arm may move what it binds out of a part")
        } else if has_let(&guard.guard) {
            Some("and binds names for its arm")
        } else if mentions(&awaiting, &bound) && !by_reference && !self.can_ask(awaiting, &bound) {
            Some("and needs what its pattern binds meanwhile")
        } else if !disjoint(&guard.pat) {
            Some("and runs once for each of several patterns that may match")
        } else {
            None
        };
        if let Some(why) = why {
            self.refuse(
                Code::AwaitPosition,
                guard.if_token.span,
                &format!("a match guard awaits, {why}"),
                "this guard",
                "await before the `match`, or turn the guard into an `if` inside the arm",
            );
        }
    }

    /// Whether what a guard awaits can be made in the guard, and the rest does without its bindings.
    fn can_ask(&self, mut awaiting: Expr, bound: &HashSet<LocalId>) -> bool {
        let Some(operand) = first_awaited(&mut awaiting) else {
            return false;
        };
        let value = std::mem::replace(operand, syn::parse_quote!(()));
        !self.leaves_temporaries(&value) && !value.has_await() && !mentions(&awaiting, bound)
    }

    /// Other locals of the same names, for a second copy of a pattern.
    fn renewal(
        &mut self,
        bound: HashSet<LocalId>,
        looks: bool,
        lends: bool,
    ) -> HashMap<LocalId, LocalId> {
        let mut bound: Vec<LocalId> = bound.into_iter().collect();
        bound.sort_unstable();
        let locals = &mut self.resolved.locals;
        let new = |local: LocalId| {
            let mut found = locals[local.0].clone();
            found.looks = looks.then_some(lends);
            locals.push(found);
            (local, LocalId(locals.len() - 1))
        };
        bound.into_iter().map(new).collect()
    }

    fn renew(&mut self, tokens: TokenStream, renewal: &HashMap<LocalId, LocalId>) -> TokenStream {
        let resolved = std::cell::RefCell::new(&mut *self.resolved);
        let new = |local: LocalId| {
            let new = *renewal.get(&local)?;
            Some(resolved.borrow_mut().mention(new))
        };
        names::map_tokens(
            tokens,
            &mut |ident, _| {
                let new = new(names::local(ident)?)?;
                Some(quote!(#new))
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    let (local, _) = names::unmark(name)?;
                    new(local).map(|new| new.to_string())
                })
            },
        )
    }
}

/// What the first await of an expression awaits, when nothing is evaluated before it.
fn first_awaited(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::Await(found) => {
            let deeper = found.base.has_await();
            if deeper {
                first_awaited(&mut found.base)
            } else {
                Some(&mut found.base)
            }
        }
        Expr::Paren(inner) => first_awaited(&mut inner.expr),
        Expr::Unary(unary) => first_awaited(&mut unary.expr),
        Expr::Try(inner) => first_awaited(&mut inner.expr),
        Expr::Cast(cast) => first_awaited(&mut cast.expr),
        Expr::Field(field) => first_awaited(&mut field.base),
        Expr::Binary(binary) => first_awaited(&mut binary.left),
        Expr::MethodCall(call) => first_awaited(&mut call.receiver),
        _ => None,
    }
}

fn is_bound(pat: &syn::PatIdent) -> bool {
    names::local(&pat.ident).is_some()
}

fn as_block(expr: ir::Expr) -> Block {
    match expr {
        ir::Expr::Block { label: None, block } => block,
        expr => Block::new(vec![match expr {
            ir::Expr::Plain(value) => ir::Stmt::Plain(Stmt::Expr(value, None)),
            expr => ir::Stmt::Expr { expr, semi: false },
        }]),
    }
}

/// `before && awaiting && after`
fn parts(guard: Expr) -> Parts {
    fn split(guard: Expr, links: &mut Vec<Expr>) {
        match guard {
            Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
                split(*binary.left, links);
                links.push(*binary.right);
            }
            guard => links.push(guard),
        }
    }
    fn join(links: impl IntoIterator<Item = Expr>) -> Option<Expr> {
        let both = |left: Expr, right: Expr| -> Expr { syn::parse_quote!(#left && #right) };
        links.into_iter().reduce(both)
    }
    let mut links = Vec::new();
    split(guard, &mut links);
    let first = links.iter().position(HasAwait::has_await).unwrap_or(0);
    let last = links.iter().rposition(HasAwait::has_await).unwrap_or(0);
    let after = links.split_off(last + 1);
    let awaiting = links.split_off(first);
    Parts {
        before: join(links),
        awaiting: join(awaiting).expect("one of them awaits"),
        after: join(after),
    }
}

/// The locals that a pattern binds.
fn bindings(pat: &Pat, bound: &mut HashSet<LocalId>) {
    struct Bindings<'a>(&'a mut HashSet<LocalId>);
    impl<'ast> Visit<'ast> for Bindings<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    Bindings(bound).visit_pat(pat);
}

fn mentions(expr: &Expr, bound: &HashSet<LocalId>) -> bool {
    let found = std::cell::Cell::new(false);
    let look = |local: Option<LocalId>| {
        found.set(found.get() || local.is_some_and(|local| bound.contains(&local)));
    };
    names::map_tokens(
        quote!(#expr),
        &mut |ident, _| {
            look(names::local(ident));
            None
        },
        &mut |literal| {
            names::map_captures(literal, &mut |name| {
                look(names::unmark(name).map(|(local, _)| local));
                None
            })
        },
    );
    found.get()
}

/// Whether something of a guard may borrow what its pattern binds.
fn lends(expr: &Expr, bound: &HashSet<LocalId>) -> bool {
    struct Lends<'a>(&'a HashSet<LocalId>, bool);
    impl<'ast> Visit<'ast> for Lends<'_> {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.1 |= match expr {
                Expr::Reference(_) | Expr::MethodCall(_) | Expr::Macro(_) | Expr::Closure(_) => {
                    mentions(expr, self.0)
                }
                _ => false,
            };
            visit::visit_expr(self, expr);
        }
    }
    let mut lends = Lends(bound, false);
    lends.visit_expr(expr);
    lends.1
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(inner) => has_let(&inner.expr),
        _ => false,
    }
}

/// Whether of the alternatives in a pattern no two match the same value, as far as syntax tells.
fn disjoint(pat: &Pat) -> bool {
    struct Alternatives(bool);
    impl<'ast> Visit<'ast> for Alternatives {
        fn visit_pat_or(&mut self, pat: &'ast syn::PatOr) {
            let mut seen = HashSet::new();
            self.0 &= pat
                .cases
                .iter()
                .all(|case| variant(case).is_some_and(|variant| seen.insert(variant)));
            visit::visit_pat_or(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    fn variant(pat: &Pat) -> Option<String> {
        let name = |path: &syn::Path| path.segments.last().map(|last| last.ident.to_string());
        match pat {
            Pat::Lit(lit) => Some(quote!(#lit).to_string()),
            Pat::TupleStruct(pat) => name(&pat.path),
            Pat::Struct(pat) => name(&pat.path),
            // A constant may equal another.
            Pat::Path(pat) => name(&pat.path).filter(|name| name.contains(char::is_lowercase)),
            _ => None,
        }
    }
    let mut alternatives = Alternatives(true);
    alternatives.visit_pat(pat);
    alternatives.0
}
