//! The last pass: marks become names, labels that say nothing go.

use crate::layout::Layout;
use crate::names;
use crate::resolve::Resolved;
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Lifetime};

pub(super) fn cleanup(tokens: TokenStream, layout: &Layout, resolved: &Resolved) -> TokenStream {
    let rt = &layout.fresh.rt;
    let name = |ident: &Ident| -> Option<Ident> {
        let mention = names::with_text(ident, |text| match text {
            "rt__hr" => Some(None),
            text => names::unmark(text).map(Some),
        });
        let Some((local, _)) = mention? else {
            return Some(rt.clone());
        };
        resolved.locals.get(local.0)?;
        let mut name = layout.name(local).clone();
        name.set_span(ident.span());
        Some(name)
    };
    names::map_tokens(
        tokens,
        &mut |ident, _| name(ident).map(ToTokens::into_token_stream),
        &mut |literal| {
            names::map_captures(literal, &mut |text| {
                names::unmark(text)
                    .and_then(|_| name(&Ident::new(text, Span::call_site())))
                    .map(|name| name.to_string())
            })
        },
    )
}

/// Prunes the syntax of finished items: shorthand fields, needless labels, blocks in blocks.
pub(crate) fn prune(file: &mut syn::File) {
    Pruner {
        loops: Vec::new(),
        used: Vec::new(),
    }
    .visit_file_mut(file);
}

struct Pruner {
    /// The loops and labelled blocks around, innermost last; whether each is a loop.
    loops: Vec<(Option<String>, bool)>,
    used: Vec<String>,
}

/// `{ x }` as `x`, where the block is one of ours or the value a literal.
fn unbrace(expr: &mut Expr) {
    while let Expr::Block(block) = expr
        && block.label.is_none()
        && block.attrs.is_empty()
        && let [syn::Stmt::Expr(inner, None)] = block.block.stmts.as_slice()
        && (block.block.brace_token.span.join().byte_range().end == 0
            || matches!(inner, Expr::Lit(_)))
    {
        let inner = inner.clone();
        *expr = inner;
    }
}

/// Labels that handroll made for jumps to find their loop.
fn ours(label: &Lifetime) -> bool {
    label.ident.to_string().contains("__hr")
}

impl Pruner {
    fn jump(&mut self, label: &mut Option<Lifetime>) {
        let Some(name) = label else { return };
        let text = name.ident.to_string();
        if ours(name)
            && let Some((innermost, true)) = self.loops.last()
            && innermost.as_deref() == Some(&text)
        {
            *label = None;
            return;
        }
        self.used.push(text);
    }

    fn inside(
        &mut self,
        label: &mut Option<syn::Label>,
        is_loop: bool,
        inside: impl FnOnce(&mut Self),
    ) {
        let text = label.as_ref().map(|label| label.name.ident.to_string());
        self.loops.push((text.clone(), is_loop));
        inside(self);
        self.loops.pop();
        // Of the source's jumps to its own labels some may be gone.
        if text.is_some_and(|text| !self.used.contains(&text)) {
            *label = None;
        }
        if let Some(label) = label {
            self.visit_label_mut(label);
        }
    }
}

/// Takes off the jumps that stand where control gets to their target anyway.
pub(super) fn strip_tail(block: &mut syn::Block, jumps: &dyn Fn(&Expr) -> bool) {
    match block.stmts.last_mut() {
        Some(syn::Stmt::Expr(jump, _)) if jumps(jump) => {
            block.stmts.pop();
        }
        Some(syn::Stmt::Expr(expr, None)) => strip_tail_expr(expr, jumps),
        _ => {}
    }
}

fn strip_tail_expr(expr: &mut Expr, jumps: &dyn Fn(&Expr) -> bool) {
    match expr {
        Expr::If(expr) => {
            strip_tail(&mut expr.then_branch, jumps);
            if let Some((_, els)) = &mut expr.else_branch {
                strip_tail_expr(els, jumps);
            }
        }
        Expr::Match(expr) => {
            for arm in &mut expr.arms {
                strip_tail_expr(&mut arm.body, jumps);
            }
        }
        Expr::Block(block) if block.label.is_none() => strip_tail(&mut block.block, jumps),
        _ => {}
    }
}

/// Puts a semicolon behind a head that makes a temporary, where it ends a block with locals: before edition 2024 the temporary of a tail
/// outlives them.
pub(super) fn end_tail(block: &mut syn::Block) {
    let has_locals = block
        .stmts
        .iter()
        .any(|stmt| matches!(stmt, syn::Stmt::Local(_)));
    let Some(syn::Stmt::Expr(expr, semi @ None)) = block.stmts.last_mut() else {
        return;
    };
    match expr {
        Expr::If(found) => end_branches(found),
        Expr::Match(found) => {
            for arm in &mut found.arms {
                if let Expr::Block(block) = &mut *arm.body {
                    end_tail(&mut block.block);
                }
            }
        }
        Expr::Block(block) => end_tail(&mut block.block),
        _ => {}
    }
    if has_locals && makes_temporary(expr) {
        *semi = Some(Default::default());
    }
}

/// The same in all arms of a machine's step.
pub(super) fn end_tails(step: TokenStream) -> TokenStream {
    struct Ends;
    impl VisitMut for Ends {
        fn visit_expr_loop_mut(&mut self, expr: &mut syn::ExprLoop) {
            if expr
                .label
                .as_ref()
                .is_some_and(|label| is_machine(&label.name))
            {
                end_tail(&mut expr.body);
            } else {
                visit_mut::visit_expr_loop_mut(self, expr);
            }
        }
    }
    match syn::parse2::<Expr>(step.clone()) {
        Ok(mut expr) => {
            Ends.visit_expr_mut(&mut expr);
            expr.into_token_stream()
        }
        Err(_) => step,
    }
}

fn end_branches(found: &mut syn::ExprIf) {
    end_tail(&mut found.then_branch);
    if let Some((_, els)) = &mut found.else_branch {
        match &mut **els {
            Expr::If(found) => end_branches(found),
            Expr::Block(block) => end_tail(&mut block.block),
            _ => {}
        }
    }
}

fn makes_temporary(expr: &Expr) -> bool {
    let value = |head: &Expr| !crate::syntax::is_place(head);
    match expr {
        Expr::Match(found) => value(&found.expr),
        Expr::If(found) => {
            let scrutinee = matches!(&*found.cond, Expr::Let(link) if value(&link.expr))
                || matches!(&*found.cond, Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)));
            scrutinee
                || found
                    .else_branch
                    .as_ref()
                    .is_some_and(|(_, els)| makes_temporary(els))
        }
        _ => false,
    }
}

fn is_machine(label: &Lifetime) -> bool {
    label.ident.to_string().ends_with("__hr")
}

impl VisitMut for Pruner {
    fn visit_expr_if_mut(&mut self, expr: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, expr);
        while let Expr::Paren(paren) = &mut *expr.cond {
            let inner = (*paren.expr).clone();
            *expr.cond = inner;
        }
    }

    fn visit_expr_call_mut(&mut self, expr: &mut syn::ExprCall) {
        visit_mut::visit_expr_call_mut(self, expr);
        expr.args.iter_mut().for_each(unbrace);
    }

    // A jump in there is not one that syn sees.
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if crate::syntax::has_jumping_args(mac) {
            crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
            return;
        }
        let mut names = std::collections::BTreeSet::new();
        super::signature::lifetimes(mac.tokens.clone(), &mut names);
        self.used.extend(names);
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        visit_mut::visit_local_mut(self, local);
        let simple = matches!(&local.pat, syn::Pat::Ident(pat) if pat.subpat.is_none());
        if let Some(init) = &mut local.init
            && simple
        {
            unbrace(&mut init.expr);
        }
    }

    fn visit_expr_break_mut(&mut self, expr: &mut syn::ExprBreak) {
        self.jump(&mut expr.label);
        visit_mut::visit_expr_break_mut(self, expr);
    }

    fn visit_expr_continue_mut(&mut self, expr: &mut syn::ExprContinue) {
        self.jump(&mut expr.label);
        visit_mut::visit_expr_continue_mut(self, expr);
    }

    fn visit_expr_loop_mut(&mut self, expr: &mut syn::ExprLoop) {
        let syn::ExprLoop { label, body, .. } = expr;
        if label.as_ref().is_some_and(|label| is_machine(&label.name)) {
            strip_tail(
                body,
                &|expr| matches!(expr, Expr::Continue(jump) if jump.label.as_ref().is_some_and(is_machine)),
            );
            end_tail(body);
        }
        self.inside(label, true, |this| this.visit_block_mut(body));
    }

    fn visit_expr_while_mut(&mut self, expr: &mut syn::ExprWhile) {
        let syn::ExprWhile {
            label, body, cond, ..
        } = expr;
        self.visit_expr_mut(cond);
        self.inside(label, true, |this| this.visit_block_mut(body));
    }

    fn visit_expr_for_loop_mut(&mut self, expr: &mut syn::ExprForLoop) {
        let syn::ExprForLoop {
            label,
            pat,
            expr,
            body,
            ..
        } = expr;
        self.visit_pat_mut(pat);
        self.visit_expr_mut(expr);
        self.inside(label, true, |this| this.visit_block_mut(body));
    }

    fn visit_expr_block_mut(&mut self, expr: &mut syn::ExprBlock) {
        let syn::ExprBlock { label, block, .. } = expr;
        if label.is_some() {
            self.inside(label, false, |this| this.visit_block_mut(block));
        } else {
            self.visit_block_mut(block);
        }
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        visit_mut::visit_field_value_mut(self, field);
        if let (syn::Member::Named(member), Expr::Path(path)) = (&field.member, &field.expr)
            && path.path.is_ident(member)
        {
            field.colon_token = None;
        }
    }

    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        visit_mut::visit_field_pat_mut(self, field);
        if let (syn::Member::Named(member), syn::Pat::Ident(pat)) = (&field.member, &*field.pat)
            && pat.ident == *member
            && pat.subpat.is_none()
        {
            field.colon_token = None;
        }
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let text = lifetime.ident.to_string();
        if let Some(at) = text.find("__hr") {
            // `again__hr1_next` to `next`, numbered when several are needed.
            let rest = &text[at + 4..];
            let (number, kind) = rest.split_once('_').unwrap_or((rest, &text[..at]));
            let name = if number == "1" || number.is_empty() {
                kind.to_owned()
            } else {
                format!("{kind}_{number}")
            };
            lifetime.ident = Ident::new(&name, lifetime.ident.span());
        }
    }
}
