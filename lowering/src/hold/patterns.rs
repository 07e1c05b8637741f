//! Patterns of which only types say what they move: they look at their value in the holder that owns it, and what they bind is handed out.
//!
//! ```text
//! let Pair { left, .. } = pair;      =>   let left = { let Pair { left, .. } = pair; left };
//!
//! if let Pair { left, .. } = pair {  =>   if let rt::Some(left) = match pair { Pair { left, .. } => rt::Some(left), _ => rt::None } {
//!
//! match shape {                      =>   match match shape {
//!     Shape::One(a) => eat(a),               Shape::One(a) => rt::Arm::This(a),
//!     Shape::Two(a, _) => eat(a),            Shape::Two(a, _) => rt::Arm::Other(rt::Arm::This(a)),
//!     _ => {}                                _ => rt::Arm::Other(rt::Arm::Other(())),
//! }                                      } {
//!                                            rt::Arm::This(a) => eat(a),
//!                                            rt::Arm::Other(rt::Arm::This(a)) => eat(a),
//!                                            rt::Arm::Other(rt::Arm::Other(())) => {}
//!                                        }
//! ```
//!
//! What is made here is a value in place of the place that the patterns looked at; [`super::within`] has it evaluated in the holder.

use crate::desugar::Body;
use crate::ir::{Block, Expr as Node, Loop, Stmt as NodeStmt};
use crate::names::{self, LocalId, Mention, as_root};
use crate::resolve::Resolved;
use crate::syntax::is_place;
use proc_macro2::{Ident, TokenStream};
use std::collections::HashMap;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat};

/// Has the patterns that look at a mention look at it in a value of their own. `false`, with nothing changed, if they cannot.
pub(super) fn split(resolved: &mut Resolved, body: &mut Body, mention: Mention) -> bool {
    let mut split = Split {
        resolved,
        mention,
        done: false,
    };
    split.block(&mut body.block);
    split.done
}

/// Whether an expression is what the patterns of a mention became.
pub(super) fn is_split(expr: &Expr, mention: Mention) -> bool {
    match expr {
        Expr::Match(found) => is_root(&found.expr, mention),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Local(local), syn::Stmt::Expr(_, None)] => {
                let init = local.init.as_ref();
                init.is_some_and(|init| is_root(&init.expr, mention))
            }
            _ => false,
        },
        _ => false,
    }
}

fn is_root(place: &Expr, mention: Mention) -> bool {
    is_place(place)
        && as_root(place)
            .and_then(|(ident, _)| names::mention(ident))
            .is_some_and(|(_, found)| found == mention)
}

/// Whether a pattern binds an element of an array or slice, not with `ref`. An array of which that is so on some ways only drops in another
/// order where these ways have come together, and in a holder they do so sooner.
pub(crate) fn moves_elements(pat: &Pat) -> bool {
    #[derive(Default)]
    struct Elements {
        inside: bool,
        found: bool,
    }
    impl<'ast> Visit<'ast> for Elements {
        fn visit_pat_slice(&mut self, pat: &'ast syn::PatSlice) {
            let outer = std::mem::replace(&mut self.inside, true);
            syn::visit::visit_pat_slice(self, pat);
            self.inside = outer;
        }
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.found |= self.inside && pat.by_ref.is_none() && names::local(&pat.ident).is_some();
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut elements = Elements::default();
    elements.visit_pat(pat);
    elements.found
}

struct Split<'a> {
    resolved: &'a mut Resolved,
    mention: Mention,
    done: bool,
}

impl Split<'_> {
    fn looks(&self, place: &Expr) -> bool {
        !self.done && is_root(place, self.mention)
    }

    fn is_joined(&self, place: &Expr) -> bool {
        let local = as_root(place).and_then(|(ident, _)| names::local(ident));
        local.is_some_and(|local| self.resolved.locals[local.0].joined)
    }

    fn block(&mut self, block: &mut Block) {
        for stmt in &mut block.stmts {
            match stmt {
                NodeStmt::Plain(stmt) => self.visit_stmt_mut(stmt),
                NodeStmt::Let { pat, init, els, .. } => {
                    if let Node::Plain(place) = init
                        && self.looks(place)
                    {
                        let fails = els.is_some();
                        self.bound(pat, place, fails);
                    }
                    self.expr(init);
                    els.iter_mut().for_each(|els| self.block(els));
                }
                NodeStmt::Expr { expr, .. } => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &mut Node) {
        match expr {
            Node::Plain(expr) => self.visit_expr_mut(expr),
            Node::Await(found) => {
                if let Some(operand) = &mut found.operand {
                    self.visit_expr_mut(operand);
                }
            }
            Node::Block { block, .. } => self.block(block),
            Node::If { cond, then, els } => {
                self.visit_expr_mut(cond);
                self.block(then);
                els.iter_mut().for_each(|els| self.expr(els));
            }
            Node::Match { head, arms } => {
                if self.looks(head) {
                    self.matched(head, arms.iter_mut().map(|arm| &mut arm.pat).collect());
                }
                self.visit_expr_mut(head);
                arms.iter_mut().for_each(|arm| self.expr(&mut arm.body));
            }
            Node::Loop(Loop { cond, body, .. }) => {
                cond.iter_mut().for_each(|cond| self.visit_expr_mut(cond));
                self.block(body);
            }
        }
    }

    /// One pattern; `fails`: something else follows where it does not match.
    fn bound(&mut self, pat: &mut Pat, place: &mut Expr, fails: bool) {
        // What a variable is bound to is a value already.
        if fails && moves_elements(pat) || !fails && super::within::is_variable(pat) {
            return;
        }
        let Some(Inside { pat: inside, names }) = Inside::of(self.resolved, pat) else {
            return;
        };
        self.done = true;
        let value = tuple(&names);
        let bound = outside(pat, names.len());
        let looked_at = place.clone();
        let inner = match inside {
            Pat::Type(typed) if fails => *typed.pat,
            inside => inside,
        };
        if fails {
            *place = syn::parse_quote!(match #looked_at {
                #inner => rt__hr::Some(#value),
                _ => rt__hr::None,
            });
            *pat = syn::parse_quote!(rt__hr::Some(#bound));
        } else {
            *place = syn::parse_quote!({ let #inner = #looked_at; #value });
            *pat = bound;
        }
    }

    /// The patterns of all arms.
    fn matched(&mut self, head: &mut Expr, mut pats: Vec<&mut Pat>) {
        if pats.len() > 1 && pats.iter().any(|pat| moves_elements(pat)) && !self.is_joined(head) {
            return;
        }
        let insides = pats.iter().map(|pat| Inside::of(self.resolved, pat));
        let Some(insides) = insides.collect::<Option<Vec<_>>>() else {
            return;
        };
        self.done = true;
        let last = insides.len() - 1;
        let mut arms: Vec<syn::Arm> = Vec::new();
        for (i, Inside { pat, names }) in insides.into_iter().enumerate() {
            let value = nth(i, last, &tuple(&names));
            let bound = nth(i, last, &outside(pats[i], names.len()));
            *pats[i] = syn::parse_quote!(#bound);
            arms.push(syn::parse_quote!(#pat => #value,));
        }
        let looked_at = head.clone();
        *head = syn::parse_quote!(match #looked_at { #(#arms)* });
    }
}

impl VisitMut for Split<'_> {
    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        if let Some(init) = &mut local.init
            && self.looks(&init.expr)
        {
            let fails = init.diverge.is_some();
            self.bound(&mut local.pat, &mut init.expr, fails);
        }
        visit_mut::visit_local_mut(self, local);
    }
    fn visit_expr_let_mut(&mut self, found: &mut syn::ExprLet) {
        if self.looks(&found.expr) {
            self.bound(&mut found.pat, &mut found.expr, true);
        }
        visit_mut::visit_expr_let_mut(self, found);
    }
    fn visit_expr_match_mut(&mut self, found: &mut syn::ExprMatch) {
        if self.looks(&found.expr) {
            let pats = found.arms.iter_mut().map(|arm| &mut arm.pat).collect();
            self.matched(&mut found.expr, pats);
        }
        visit_mut::visit_expr_match_mut(self, found);
    }
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
}

/// A value or a pattern in the place of the arm with a number.
fn nth(i: usize, last: usize, inner: &impl quote::ToTokens) -> TokenStream {
    let mut tokens = quote::quote!(#inner);
    if i < last {
        tokens = quote::quote!(rt__hr::Arm::This(#tokens));
    }
    for _ in 0..i {
        tokens = quote::quote!(rt__hr::Arm::Other(#tokens));
    }
    tokens
}

/// One value as it is, several in a tuple.
fn tuple(names: &[Ident]) -> Expr {
    match names {
        [one] => syn::parse_quote!(#one),
        names => syn::parse_quote!((#(#names),*)),
    }
}

/// What a pattern binds, of the values that are handed out.
fn outside(pat: &Pat, count: usize) -> Pat {
    let mut names: Vec<syn::PatIdent> = Vec::new();
    let mut bound = Bound(&mut names);
    bound.visit_pat(pat);
    debug_assert_eq!(names.len(), count, "one a value");
    for name in &mut names {
        name.by_ref = None;
        name.subpat = None;
        // `ref mut x` is no variable that changes.
        if bound_by_ref(pat, &name.ident) {
            name.mutability = None;
        }
    }
    match names.as_slice() {
        [one] => syn::parse_quote!(#one),
        names => syn::parse_quote!((#(#names),*)),
    }
}

fn bound_by_ref(pat: &Pat, ident: &Ident) -> bool {
    struct ByRef<'a>(&'a Ident, bool);
    impl<'ast> Visit<'ast> for ByRef<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.1 |= pat.ident == *self.0 && pat.by_ref.is_some();
            syn::visit::visit_pat_ident(self, pat);
        }
    }
    let mut found = ByRef(ident, false);
    found.visit_pat(pat);
    found.1
}

/// The bindings of a pattern, each once, not those of its guard.
struct Bound<'a>(&'a mut Vec<syn::PatIdent>);

impl<'ast> Visit<'ast> for Bound<'_> {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        let local = names::local(&pat.ident);
        let known = |found: &syn::PatIdent| names::local(&found.ident) == local;
        if local.is_some() && !self.0.iter().any(known) {
            self.0.push(pat.clone());
        }
        syn::visit::visit_pat_ident(self, pat);
    }
    fn visit_expr(&mut self, _: &'ast Expr) {}
}

/// A pattern, with its guard, that binds locals of its own.
struct Inside {
    pat: Pat,
    /// What it binds, to be handed out.
    names: Vec<Ident>,
}

impl Inside {
    /// None if a macro or a guard binds something that syntax does not show.
    fn of(resolved: &mut Resolved, pat: &Pat) -> Option<Self> {
        let mut opaque = Opaque(false);
        opaque.visit_pat(pat);
        if opaque.0 {
            return None;
        }
        let mut bound = Vec::new();
        Bound(&mut bound).visit_pat(pat);
        let mut locals = HashMap::new();
        let mut order = Vec::new();
        for found in &bound {
            let outer = names::local(&found.ident)?;
            let like = resolved.locals[outer.0].clone();
            if like.looks.is_some() {
                return None;
            }
            let inner = resolved.hidden(&like.base, like.span);
            resolved.locals[inner.0].ty = like.ty;
            locals.insert(outer, inner);
            order.push(inner);
        }
        let mut rebind = Rebind {
            resolved,
            locals: &locals,
        };
        let mut pat = pat.clone();
        rebind.visit_pat_mut(&mut pat);
        let names = order.iter().map(|local| resolved.mention(*local));
        Some(Inside {
            pat,
            names: names.collect(),
        })
    }
}

/// Whether a pattern binds what syntax does not show.
struct Opaque(bool);

impl<'ast> Visit<'ast> for Opaque {
    fn visit_pat(&mut self, pat: &'ast Pat) {
        self.0 |= matches!(pat, Pat::Macro(_) | Pat::Verbatim(_));
        syn::visit::visit_pat(self, pat);
    }
    fn visit_expr_let(&mut self, _: &'ast syn::ExprLet) {
        // The arm sees what a guard binds.
        self.0 = true;
    }
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
}

/// Puts other locals in place of those that a pattern binds.
struct Rebind<'a> {
    resolved: &'a mut Resolved,
    locals: &'a HashMap<LocalId, LocalId>,
}

impl Rebind<'_> {
    fn other(&mut self, text: &str) -> Option<Ident> {
        let (local, _) = names::unmark(text)?;
        let other = *self.locals.get(&local)?;
        Some(self.resolved.mention(other))
    }
}

impl VisitMut for Rebind<'_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if pat.by_ref.is_none() {
            pat.mutability = None;
        }
        visit_mut::visit_pat_ident_mut(self, pat);
    }
    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        // `Point { x }` names the field and the local.
        if field.colon_token.is_none() {
            field.colon_token = Some(Default::default());
        }
        visit_mut::visit_field_pat_mut(self, field);
    }
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(other) = self.other(&ident.to_string()) {
            *ident = other;
        }
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let tokens = std::mem::take(&mut mac.tokens);
        let this = std::cell::RefCell::new(self);
        mac.tokens = names::map_tokens(
            tokens,
            &mut |ident, _| {
                this.borrow_mut()
                    .other(&ident.to_string())
                    .map(quote::ToTokens::into_token_stream)
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    this.borrow_mut().other(name).map(|ident| ident.to_string())
                })
            },
        );
    }
}
