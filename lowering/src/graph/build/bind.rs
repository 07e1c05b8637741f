//! Patterns, and the places that they look at.

use super::captures::is_pinned;
use super::value::{is_iterator_next, is_runtime};
use super::{Event, Walk};
use crate::graph::How;
use crate::graph::patterns::{Bindings, OfOption, bindings, of_option, without_drop};
use crate::names::{self, LocalId, as_root};
use crate::report::Edge;
use crate::syntax::{as_ident, bare, is_place};
use crate::types::Facts;
use petgraph::graph::NodeIndex;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Pat};

impl Walk<'_> {
    /// The initialiser of a `let`: a place that the pattern takes apart, or a value.
    pub(super) fn head_or_value(&mut self, pat: &Pat, init: &Expr) {
        let bound = bindings(pat, self.table);
        if is_place(init) && as_root(init).is_some() && (!bound.whole || bound.by_ref) {
            self.head(init);
        } else {
            self.value(init);
        }
    }

    /// Declares what a pattern binds; `init` is what it looks at.
    pub(super) fn bind(&mut self, pat: &Pat, init: Option<&Expr>) {
        let ty = init.and_then(|init| self.exact_type(init));
        self.bind_typed(pat, init, ty);
    }

    /// The same where the type of what it looks at may be known.
    pub(super) fn bind_typed(&mut self, pat: &Pat, init: Option<&Expr>, ty: Option<syn::Type>) {
        let bound = bindings(pat, self.table);
        if !bound.whole {
            self.types_of_bindings(pat, init);
        }
        if let Some(init) = init
            && is_place(init)
            && (!bound.whole || bound.by_ref)
        {
            self.take_apart(init, &bound);
        }
        let simple = bound.whole && bound.locals.len() == 1;
        if let (Some(init), [iter]) = (init, &bound.locals[..]) {
            self.iterates(*iter, init);
        }
        if let (Some(closure), [local]) = (init.and_then(crate::syntax::begun), &bound.locals[..]) {
            let mut mentions = super::captures::Mentions(Vec::new());
            syn::visit::Visit::visit_expr(&mut mentions, &closure.body);
            let mentioned = mentions.0.iter().filter_map(names::local);
            self.begun.insert(*local, mentioned.collect());
            // It has what it mentions by reference, and its operands only once it goes on.
            let facts = Facts {
                no_drop: true,
                ..Facts::default()
            };
            self.facts.insert(*local, facts);
        }
        for &local in &bound.locals {
            if simple
                && let Some(init) = init
                && let Some(facts) = self.value_facts(init)
            {
                self.facts.insert(local, facts);
            } else if simple && let Some(ty) = &ty {
                let facts = self.table.facts(ty);
                if facts != Facts::default() {
                    self.facts.insert(local, facts);
                }
            }
            self.bound_to(local, ty.as_ref().filter(|_| simple));
            self.declare(local);
            self.push(Event::Init(local, None));
            if !self.facts(local).owned {
                self.into(local);
            }
        }
    }

    pub(super) fn value_facts(&self, expr: &Expr) -> Option<Facts> {
        if let Some(ident) = as_ident(expr)
            && let Some(local) = names::local(ident)
        {
            let facts = self.facts(local);
            return (facts.copy || facts.owned || facts.unique).then_some(facts);
        }
        if let Expr::Macro(mac) = bare(expr)
            && is_pinned(&mac.mac)
        {
            // `Pin<&mut T>`
            return Some(Facts {
                no_drop: true,
                ..Facts::default()
            });
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
        let by_value = !bound.values.is_empty() && !self.copies(place, bound);
        let how = if !by_value && !bound.by_ref || facts.shared || bound.guarded && !bound.by_ref {
            How::Read
        } else if facts.unique || bound.by_ref && !by_value {
            How::Borrow
        } else if facts.copy {
            How::Read
        } else if direct && !bound.leaves && !bound.by_ref {
            How::Taken
        } else {
            How::Part
        };
        // An element behind an index is copied.
        self.elements = bound.elements && !super::value::has_index(place);
        self.look(ident, how);
        self.elements = false;
    }

    /// What a pattern does to the variable that it looks at.
    fn look(&mut self, ident: &proc_macro2::Ident, how: How) {
        self.by_pattern = true;
        self.use_(ident, how);
        self.by_pattern = false;
    }

    /// Whether what a pattern binds by value out of a place is copied, and no reference either.
    fn copies(&self, place: &Expr, bound: &Bindings) -> bool {
        let owned = |ty: syn::Type| !matches!(ty, syn::Type::Reference(_));
        let copied = |ty| self.table.facts(ty).copy;
        self.type_of(place).is_some_and(owned)
            && bound
                .values
                .iter()
                .all(|value| self.types.get(value).is_some_and(copied))
    }

    /// A scrutinee: what happens to a place depends on the patterns.
    pub(super) fn head(&mut self, head: &Expr) {
        if is_place(head) && as_root(head).is_some() {
            self.place_operands(head);
        } else {
            self.value(head);
        }
    }

    /// What evaluating a place evaluates besides its root.
    pub(super) fn place_operands(&mut self, place: &Expr) {
        match bare(place) {
            Expr::Field(field) => self.place_operands(&field.base),
            Expr::Index(index) => {
                self.place_operands(&index.expr);
                self.index(&index.index);
            }
            Expr::Unary(unary) => self.place_operands(&unary.expr),
            _ => {}
        }
    }

    /// An index. Nothing is coerced there, so a local is moved or copied, never reborrowed, and lends nothing.
    pub(super) fn index(&mut self, index: &Expr) {
        match bare(index) {
            Expr::Range(range) => {
                for end in range.start.iter().chain(&range.end) {
                    self.index(end);
                }
            }
            index => {
                let depth = self.units.last().map(|unit| unit.loans.len());
                self.value(index);
                if let (Some(unit), Some(depth), Some(_)) =
                    (self.units.last_mut(), depth, as_ident(index))
                {
                    unit.loans.truncate(depth);
                }
            }
        }
    }

    /// A variable whose patterns are those of an `Option` is used up on every way: `None` has no drop.
    pub(super) fn takes_option<'p>(
        &mut self,
        head: &Expr,
        pats: impl Iterator<Item = &'p Pat>,
    ) -> bool {
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
            self.look(ident, How::Taken);
        }
        takes
    }

    /// The pattern of an arm. `missed`: where control comes from to the next one, besides from the head, if a guard does not hold.
    pub(super) fn arm_pat(
        &mut self,
        pat: &Pat,
        head: &Expr,
        taken: bool,
        missed: &mut Vec<NodeIndex>,
    ) {
        for &from in missed.iter() {
            if let Some(at) = self.at {
                self.blocks.add_edge(from, at, Edge::Branch);
            }
        }
        let Pat::Guard(guard) = pat else {
            return self.bind_arm(pat, head, taken);
        };
        // A guard looks at what its pattern binds where it is: only when it holds is it taken.
        if let Some((ident, _)) = as_root(head)
            && is_place(head)
        {
            self.look(ident, How::Read);
        }
        self.declare_arm(pat, head);
        self.value(&guard.guard);
        let before = self.at;
        missed.extend(before);
        self.branch_from(before, Edge::Branch);
        self.take_arm(pat, head, taken);
    }

    /// Whether an arm takes elements out of an array, and a guard may leave before that.
    pub(super) fn leaves_with_elements(&self, arms: &[syn::Arm]) -> bool {
        let takes = |arm: &syn::Arm| {
            let bound = bindings(&arm.pat, self.table);
            bound.elements && !bound.values.is_empty()
        };
        let leaves = |arm: &syn::Arm| match &arm.pat {
            Pat::Guard(guard) => crate::hold::within::may_jump(&guard.guard),
            _ => false,
        };
        arms.iter().any(takes) && arms.iter().any(leaves)
    }

    pub(super) fn bind_arm(&mut self, pat: &Pat, head: &Expr, taken: bool) {
        self.take_arm(pat, head, taken);
        self.declare_arm(pat, head);
    }

    /// What a pattern does to the place that it looks at.
    fn take_arm(&mut self, pat: &Pat, head: &Expr, taken: bool) {
        let bound = bindings(pat, self.table);
        if !bound.whole {
            self.types_of_bindings(pat, Some(head));
        }
        let looks = bound
            .locals
            .iter()
            .find_map(|local| self.resolved.locals[local.0].looks);
        if let Some(lends) = looks {
            if let Some((ident, _)) = as_root(head) {
                self.look(ident, if lends { How::Borrow } else { How::Read });
            }
        } else if !taken && is_place(head) && as_root(head).is_some() {
            if bound.whole {
                if let Some((ident, direct)) = as_root(head) {
                    self.look(
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
    }

    /// Declares what a pattern binds.
    fn declare_arm(&mut self, pat: &Pat, head: &Expr) {
        let bound = bindings(pat, self.table);
        if !bound.whole {
            self.types_of_bindings(pat, Some(head));
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
        if let Some((item, Pat::TupleStruct(some))) = self.item_of(head).zip(Some(pat)) {
            for local in without_drop(&some.elems[0], Some(item), self.table) {
                self.facts.entry(local).or_default().no_drop = true;
            }
        }
    }

    /// The type of the items of a `for` loop, where this is what gives the next one.
    fn item_of(&self, head: &Expr) -> Option<&syn::Type> {
        match bare(head) {
            Expr::Call(call) if is_iterator_next(call) => match call.args.first()? {
                Expr::Reference(iter) => {
                    let iter = as_ident(&iter.expr).and_then(names::local)?;
                    self.items.get(&iter)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Notes what a `for` loop runs over, once it begins.
    fn iterates(&mut self, iter: LocalId, begun: &Expr) {
        if let Expr::Call(call) = bare(begun)
            && is_runtime(call, "into_iter")
            && let Some(head) = call.args.first()
        {
            let place = |place: &Expr| match bare(place) {
                Expr::Field(_) => self.type_of(place),
                place => {
                    let local = as_ident(place).and_then(names::local)?;
                    self.ty(local).cloned()
                }
            };
            if let Some(item) = self.table.item(head, &place) {
                self.items.insert(iter, item);
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
    pub(super) fn cond(&mut self, cond: &Expr, failed: NodeIndex) {
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
                self.truth(cond);
                let before = self.at;
                self.edge(failed, Edge::Branch);
                self.branch_from(before, Edge::Branch);
            }
        }
    }
}
