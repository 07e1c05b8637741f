//! Jumps name their loop: a loop that holds awaits is taken apart, and its jumps must still find it.

use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Lifetime};

/// Gives the unlabelled `break`s and `continue`s of a loop's own body its label.
pub(super) fn label_jumps(body: &mut syn::Block, label: &Lifetime) {
    Labeller { label }.visit_block_mut(body);
}

struct Labeller<'a> {
    label: &'a Lifetime,
}

impl VisitMut for Labeller<'_> {
    fn visit_expr_break_mut(&mut self, expr: &mut syn::ExprBreak) {
        expr.label.get_or_insert_with(|| self.label.clone());
        visit_mut::visit_expr_break_mut(self, expr);
    }
    fn visit_expr_continue_mut(&mut self, expr: &mut syn::ExprContinue) {
        expr.label.get_or_insert_with(|| self.label.clone());
    }
    fn visit_expr_loop_mut(&mut self, _: &mut syn::ExprLoop) {}
    fn visit_expr_while_mut(&mut self, _: &mut syn::ExprWhile) {}
    fn visit_expr_for_loop_mut(&mut self, expr: &mut syn::ExprForLoop) {
        self.visit_expr_mut(&mut expr.expr);
    }
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

/// The loop's label, or none.
pub(super) fn take_label(label: Option<syn::Label>) -> Option<Lifetime> {
    label.map(|label| label.name)
}

/// `break 'label`.
pub(super) fn break_to(label: &Lifetime) -> Expr {
    syn::parse_quote!(break #label)
}
