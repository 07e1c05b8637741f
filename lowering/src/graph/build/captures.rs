//! What closures, async blocks and macros mention.

use super::Walk;
use crate::graph::{Event, How};
use crate::names::{self, LocalId};
use crate::resolve::takes_whole;
use crate::syntax::{as_ident, is_format_macro, is_place, macro_args, macro_name, takes_values};
use crate::types::Receiver;
use proc_macro2::Ident;
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::{Expr, Pat};

impl Walk<'_> {
    pub(super) fn mac(&mut self, mac: &syn::Macro) {
        let name = macro_name(mac);
        if is_pinned(mac) {
            // It borrows its place for good.
            if let Some([place]) = macro_args(mac).as_deref() {
                self.place(place, How::Borrow);
            }
            return;
        }
        let read = is_format_macro(&name) || name == "matches";
        let by_value = takes_values(mac);
        if (read || by_value)
            && let Some(args) = macro_args(mac)
        {
            let pending = self.pending;
            let formats = read && name != "assert_eq" && name != "assert_ne";
            for (i, arg) in args.iter().enumerate() {
                let arg = match arg {
                    Expr::Assign(assign) if formats => &*assign.right,
                    arg => arg,
                };
                if by_value {
                    self.value(arg);
                } else if matches!(name.as_str(), "assert" | "debug_assert") && i == 0 {
                    self.truth(arg);
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
                if by_value || !is_place(arg) {
                    self.evaluated(arg);
                }
            }
            self.pending = pending;
            self.captures(mac);
            let ends = matches!(
                name.as_str(),
                "panic" | "unreachable" | "todo" | "unimplemented"
            );
            if ends && !self.table.defines_macro(&name) {
                self.at = None;
            }
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
    pub(super) fn capture(
        &mut self,
        by_move: bool,
        body: &dyn Fn(&mut Self),
        inside: impl FnOnce(&mut Captures),
    ) {
        let mut captures = Captures {
            mentions: Mentions(Vec::new()),
            parts: Vec::new(),
            deeper: Vec::new(),
        };
        inside(&mut captures);
        let mut borrowed = if by_move {
            HashSet::new()
        } else {
            self.only_borrowed(body)
        };
        // What a closure inside captures may leave the outer one, which a pointer in that does not.
        for local in captures.deeper.iter().filter_map(names::local) {
            borrowed.remove(&local);
        }
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
            } else if facts.copy || borrowed.contains(&local) {
                How::Borrow
            } else {
                How::Unclear
            };
            self.use_(&ident, how);
        }
    }
}

/// `rt::pinned!(place)`
pub(super) fn is_pinned(mac: &syn::Macro) -> bool {
    mac.path.segments[0].ident == "rt__hr" && macro_name(mac) == "pinned"
}

impl Walk<'_> {
    /// The locals that a closure's body only borrows: it captures them by reference, whatever their types are.
    fn only_borrowed(&mut self, body: &dyn Fn(&mut Self)) -> HashSet<LocalId> {
        let kept = (
            self.at,
            self.scope.clone(),
            self.flows.len(),
            std::mem::take(&mut self.units),
            std::mem::take(&mut self.loops),
            self.facts.clone(),
            self.declared.clone(),
            self.declared_in.clone(),
        );
        let first = self.new_block();
        self.at = Some(first);
        self.unit(|this| body(this));
        let mut borrowed = HashSet::new();
        let mut other = HashSet::new();
        let inside = self.blocks.node_indices().skip(first.index());
        for event in inside.flat_map(|node| &self.blocks[node].events) {
            match event {
                Event::Use(found) => {
                    let by_ref = matches!(
                        found.how,
                        How::Borrow | How::Read | How::Receiver(Some(Receiver::ByRef))
                    );
                    if by_ref { &mut borrowed } else { &mut other }.insert(found.local);
                }
                Event::Init(local, Some(_)) => {
                    other.insert(*local);
                }
                _ => {}
            }
        }
        let flows;
        while self.blocks.node_count() > first.index() {
            self.blocks.remove_node(petgraph::graph::NodeIndex::new(
                self.blocks.node_count() - 1,
            ));
        }
        (
            self.at,
            self.scope,
            flows,
            self.units,
            self.loops,
            self.facts,
            self.declared,
            self.declared_in,
        ) = kept;
        self.flows.truncate(flows);
        borrowed.retain(|local| !other.contains(local));
        borrowed
    }
}

pub(super) struct Mentions(pub(super) Vec<Ident>);

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
        if !crate::syntax::touches_nothing(local) {
            visit::visit_local(self, local);
        }
    }
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if !crate::syntax::assigns_nothing(assign) {
            visit::visit_expr_assign(self, assign);
        }
    }
    fn visit_expr(&mut self, expr: &'ast Expr) {
        visit::visit_expr(self, expr);
    }
}

pub(super) struct Captures {
    mentions: Mentions,
    /// The locals of which a part is mentioned, once a mention.
    parts: Vec<LocalId>,
    /// The mentions in closures and async blocks inside.
    deeper: Vec<Ident>,
}

/// Finds the mentions in closures and async blocks.
struct Deeper<'a>(&'a mut Vec<Ident>);

impl<'ast> Visit<'ast> for Deeper<'_> {
    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        let mut mentions = Mentions(Vec::new());
        mentions.visit_expr_closure(closure);
        self.0.extend(mentions.0);
    }
    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        let mut mentions = Mentions(Vec::new());
        mentions.visit_expr_async(block);
        self.0.extend(mentions.0);
    }
}

/// Finds the mentions of parts: fields, and what patterns take apart.
struct Parts<'a>(&'a mut Vec<LocalId>);

impl Parts<'_> {
    fn matched<'p>(&mut self, head: &Expr, mut pats: impl Iterator<Item = &'p Pat>) {
        if !pats.any(takes_whole) {
            self.0.extend(as_ident(head).and_then(names::local));
        }
    }
}

impl<'ast> Visit<'ast> for Parts<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        let ignores = matches!(&local.pat, Pat::Wild(_));
        if let Some(init) = &local.init
            && !ignores
        {
            self.matched(&init.expr, std::iter::once(&local.pat));
        }
        visit::visit_local(self, local);
    }
    fn visit_expr_let(&mut self, found: &'ast syn::ExprLet) {
        self.matched(&found.expr, std::iter::once(&*found.pat));
        visit::visit_expr_let(self, found);
    }
    fn visit_expr_match(&mut self, found: &'ast syn::ExprMatch) {
        self.matched(&found.expr, found.arms.iter().map(|arm| &arm.pat));
        visit::visit_expr_match(self, found);
    }
    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        self.0.extend(as_ident(&field.base).and_then(names::local));
        visit::visit_expr_field(self, field);
    }
}

impl Captures {
    pub(super) fn visit_closure(&mut self, closure: &syn::ExprClosure) {
        self.mentions.visit_expr(&closure.body);
        Parts(&mut self.parts).visit_expr(&closure.body);
        Deeper(&mut self.deeper).visit_expr(&closure.body);
    }
    pub(super) fn visit_async(&mut self, block: &syn::ExprAsync) {
        self.mentions.visit_block(&block.block);
        Parts(&mut self.parts).visit_block(&block.block);
        Deeper(&mut self.deeper).visit_block(&block.block);
    }
}
