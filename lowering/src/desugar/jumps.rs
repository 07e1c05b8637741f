//! Jumps name their loop: a loop that holds awaits is taken apart, and its jumps must still find it.

use crate::seeded::{self, Bug};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Lifetime};

/// Gives the unlabelled `break`s and `continue`s of a loop's own body its label.
pub(super) fn label_jumps(body: &mut syn::Block, label: &Lifetime) {
    if !seeded::is(Bug::UnlabelledJump) {
        Labeller { label }.visit_block_mut(body);
    }
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
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if crate::syntax::has_jumping_args(mac) {
            crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
        }
    }
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

/// Whether a construct gives a value that may have a drop: as a statement it must drop that after its own locals.
pub(super) fn gives_value(expr: &Expr) -> bool {
    match crate::syntax::bare(expr) {
        Expr::Loop(found) => breaks_with_value(&found.body),
        Expr::Block(block) => {
            block.label.is_some() && breaks_with_value(&block.block) || tail_gives(&block.block)
        }
        Expr::If(expr) => expr
            .else_branch
            .as_ref()
            .is_some_and(|(_, els)| tail_gives(&expr.then_branch) || gives_value(els)),
        Expr::Match(expr) => expr.arms.iter().any(|arm| leaf_gives(&arm.body)),
        _ => false,
    }
}

fn tail_gives(block: &syn::Block) -> bool {
    matches!(block.stmts.last(), Some(syn::Stmt::Expr(expr, None)) if leaf_gives(expr))
}

/// The same for what stands at the end of a construct.
fn leaf_gives(expr: &Expr) -> bool {
    match crate::syntax::bare(expr) {
        Expr::Loop(_) | Expr::Block(_) | Expr::If(_) | Expr::Match(_) => gives_value(expr),
        Expr::While(_)
        | Expr::ForLoop(_)
        | Expr::Assign(_)
        | Expr::Return(_)
        | Expr::Break(_)
        | Expr::Continue(_) => false,
        Expr::Binary(binary) => !matches!(
            binary.op,
            syn::BinOp::AddAssign(_)
                | syn::BinOp::SubAssign(_)
                | syn::BinOp::MulAssign(_)
                | syn::BinOp::DivAssign(_)
        ),
        Expr::Tuple(tuple) => !tuple.elems.is_empty(),
        Expr::Macro(mac) => !matches!(
            crate::syntax::macro_name(&mac.mac).as_str(),
            "print"
                | "println"
                | "eprint"
                | "eprintln"
                | "assert"
                | "assert_eq"
                | "assert_ne"
                | "debug_assert"
                | "debug_assert_eq"
                | "debug_assert_ne"
                | "panic"
                | "unreachable"
                | "todo"
                | "unimplemented"
                | "error"
                | "warn"
                | "info"
                | "debug"
                | "trace"
                | "log"
        ),
        _ => true,
    }
}

fn breaks_with_value(block: &syn::Block) -> bool {
    struct Breaks(bool);
    impl<'ast> syn::visit::Visit<'ast> for Breaks {
        fn visit_expr_break(&mut self, expr: &'ast syn::ExprBreak) {
            self.0 |= expr.expr.is_some();
            syn::visit::visit_expr_break(self, expr);
        }
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    let mut breaks = Breaks(false);
    syn::visit::Visit::visit_block(&mut breaks, block);
    breaks.0
}

/// The loop's label, or none.
pub(super) fn take_label(label: Option<syn::Label>) -> Option<Lifetime> {
    label.map(|label| label.name)
}

/// `break 'label`.
pub(super) fn break_to(label: &Lifetime) -> Expr {
    syn::parse_quote!(break #label)
}
