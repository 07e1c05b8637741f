//! Code that must stand once: what creates a value of a type without a name, such as a closure or a holder.
//!
//! The continuations of two awaits may both hold the same statement. Two copies of a closure have two types, and a state has one. So
//! the statement gets a state of its own to which both lead: a suspension point at which nothing is awaited.

use crate::desugar::{Awaited, Body};
use crate::ir::{Await, AwaitId, Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId};
use crate::syntax::as_ident;
use std::collections::HashMap;
use syn::visit::Visit;

/// What makes a statement one that must stand once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Once {
    /// It fills a holder.
    Holder(LocalId),
    /// It awaits a closure's or async block's product.
    Await(AwaitId),
    /// It declares a local that is held and made of a closure or async block.
    Local(LocalId),
}

/// Why a statement of a body must stand once, if it must.
pub(crate) fn once(stmt: &Stmt) -> Option<Once> {
    if let Stmt::Plain(syn::Stmt::Local(local)) = stmt
        && let Some(init) = &local.init
        && is_begun(&init.expr)
    {
        return first_local(&local.pat).map(Once::Holder);
    }
    let mut finder = Unnameable::default();
    match stmt {
        Stmt::Plain(stmt) => finder.visit_stmt(stmt),
        Stmt::Let { init, .. } => finder.expr(init),
        Stmt::Expr { expr, .. } => finder.expr(expr),
    }
    if let Some(holder) = finder.holder {
        return Some(Once::Holder(holder));
    }
    if !finder.found {
        return None;
    }
    match stmt {
        Stmt::Plain(syn::Stmt::Local(local)) => first_local(&local.pat).map(Once::Local),
        Stmt::Let {
            init: Expr::Await(found),
            ..
        }
        | Stmt::Expr {
            expr: Expr::Await(found),
            ..
        } => Some(Once::Await(found.id)),
        Stmt::Let { pat, .. } => first_local(pat).map(Once::Local),
        _ => None,
    }
}

#[derive(Default)]
struct Unnameable {
    found: bool,
    holder: Option<LocalId>,
}

impl Unnameable {
    /// What a construct evaluates itself; its blocks have statements of their own.
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Plain(expr) => self.visit_expr(expr),
            Expr::Await(found) => found
                .operand
                .iter()
                .for_each(|operand| self.visit_expr(operand)),
            Expr::If { cond, .. } => self.visit_expr(cond),
            Expr::Match { head, .. } => self.visit_expr(head),
            Expr::Loop(Loop { cond, .. }) => cond.iter().for_each(|cond| self.visit_expr(cond)),
            Expr::Block { .. } => {}
        }
    }
}

impl<'ast> Visit<'ast> for Unnameable {
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {
        self.found = true;
    }
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {
        self.found = true;
    }
    // It stands for an async block that is lowered.
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.found |= as_ident(&call.func).is_some_and(crate::nested::is_block);
        syn::visit::visit_expr_call(self, call);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        // A holder's call after it was rewritten: `rt::held!(guard = ..)`.
        let in_macro = if is_holder(&crate::syntax::macro_name(mac)) {
            first_mention(&mac.tokens)
        } else {
            nested_holder(&mac.tokens)
        };
        self.holder = self.holder.or(in_macro);
        match crate::syntax::macro_args(mac) {
            // A pinned closure: `rt::fill!(frame.f, || ..)`.
            Some(args) => args.iter().for_each(|arg| self.visit_expr(arg)),
            None => {
                let is_async = &mut |ident: &proc_macro2::Ident| {
                    ident == "async" || crate::nested::is_block(ident)
                };
                self.found |= crate::syntax::tokens_have(&mac.tokens, is_async);
            }
        }
    }
    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        if let Some(ident) = crate::hold::holder(std::slice::from_ref(attr)) {
            self.holder = self.holder.or(names::local(&ident));
        }
    }
}

/// Whether this begins an expression, before or after it was rewritten: `rt::begin!(..)`.
fn is_begun(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Macro(found) => {
            crate::syntax::macro_name(&found.mac) == "begin" && found.mac.path.segments.len() == 2
        }
        expr => crate::syntax::begun(expr).is_some(),
    }
}

/// The macros that put something into a holder.
fn is_holder(name: &str) -> bool {
    matches!(name, "held" | "hold" | "linger" | "nest")
}

fn first_mention(tokens: &proc_macro2::TokenStream) -> Option<LocalId> {
    tokens.clone().into_iter().find_map(|tree| match tree {
        proc_macro2::TokenTree::Ident(ident) => names::local(&ident),
        _ => None,
    })
}

/// A holder among a macro's arguments: `rt::fill!(frame.n, rt::held!(..))`.
fn nested_holder(tokens: &proc_macro2::TokenStream) -> Option<LocalId> {
    let trees: Vec<_> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().find_map(|(i, tree)| match tree {
        proc_macro2::TokenTree::Ident(ident) if is_holder(&ident.to_string()) => {
            match trees.get(i + 2) {
                Some(proc_macro2::TokenTree::Group(group)) => first_mention(&group.stream()),
                _ => None,
            }
        }
        proc_macro2::TokenTree::Group(group) => nested_holder(&group.stream()),
        _ => None,
    })
}

fn first_local(pat: &syn::Pat) -> Option<LocalId> {
    struct First(Option<LocalId>);
    impl<'ast> Visit<'ast> for First {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0 = self.0.or_else(|| names::local(&pat.ident));
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut first = First(None);
    first.visit_pat(pat);
    first.0
}

/// Puts a checkpoint before each of these statements.
pub(crate) fn insert(body: &mut Body, before: &[Once]) {
    for key in before {
        let next = body.awaits.len();
        place(&mut body.block, *key, next);
        body.awaits.push(Awaited {
            span: proc_macro2::Span::call_site(),
            keyword: proc_macro2::Span::call_site(),
            name: "then".to_owned(),
            tokens: None,
            leaf: None,
        });
    }
    renumber(body);
}

fn place(block: &mut Block, key: Once, id: AwaitId) -> bool {
    let mut at = None;
    for (i, stmt) in block.stmts.iter_mut().enumerate() {
        let is_loop = matches!(
            stmt,
            Stmt::Expr {
                expr: Expr::Loop(Loop { cond: Some(_), .. }),
                ..
            }
        );
        if once(stmt) == Some(key) {
            if is_loop
                && let Stmt::Expr {
                    expr: Expr::Loop(found),
                    ..
                } = stmt
            {
                open(found);
                return place(&mut found.body, key, id);
            }
            at = Some(i);
            break;
        }
        let found = match stmt {
            Stmt::Plain(_) => false,
            Stmt::Let { init, els, .. } => {
                place_expr(init, key, id) || els.as_mut().is_some_and(|els| place(els, key, id))
            }
            Stmt::Expr { expr, .. } => place_expr(expr, key, id),
        };
        if found {
            return true;
        }
    }
    let Some(at) = at else { return false };
    block.stmts.insert(
        at,
        Stmt::Expr {
            expr: Expr::Await(Await { id, operand: None }),
            semi: true,
        },
    );
    true
}

fn place_expr(expr: &mut Expr, key: Once, id: AwaitId) -> bool {
    match expr {
        Expr::Plain(_) | Expr::Await(_) => false,
        Expr::Block { block, .. } => place(block, key, id),
        Expr::If { then, els, .. } => {
            place(then, key, id)
                || els.as_mut().is_some_and(|els| {
                    enclose(els, key);
                    place_expr(els, key, id)
                })
        }
        Expr::Match { arms, .. } => arms.iter_mut().any(|arm| {
            enclose(&mut arm.body, key);
            place_expr(&mut arm.body, key, id)
        }),
        Expr::Loop(found) => {
            if found.cond.is_some()
                && once(&Stmt::Expr {
                    expr: Expr::Loop(found.clone()),
                    semi: false,
                }) == Some(key)
            {
                open(found);
            }
            place(&mut found.body, key, id)
        }
    }
}

/// A branch that is a single expression becomes a block, where a statement can go before it.
fn enclose(expr: &mut Expr, key: Once) {
    let as_stmt = Stmt::Expr {
        expr: expr.clone(),
        semi: false,
    };
    if !matches!(expr, Expr::Block { .. }) && once(&as_stmt) == Some(key) {
        *expr = Expr::Block {
            label: None,
            block: Block::new(vec![as_stmt]),
        };
    }
}

/// `while cond { body }` as `loop { if cond { body } else { break } }`.
fn open(found: &mut Loop) {
    let Some(cond) = found.cond.take() else {
        return;
    };
    let label = &found.label;
    let leave: syn::Expr = syn::parse_quote!(break #label);
    let then = std::mem::take(&mut found.body);
    let els = Block::new(vec![Stmt::Plain(syn::Stmt::Expr(
        leave,
        Some(Default::default()),
    ))]);
    found.body = Block::new(vec![Stmt::Expr {
        expr: Expr::If {
            cond,
            then,
            els: Some(Box::new(Expr::Block {
                label: None,
                block: els,
            })),
        },
        semi: false,
    }]);
}

/// Numbers the awaits in order of the tree again.
fn renumber(body: &mut Body) {
    let mut order: HashMap<AwaitId, AwaitId> = HashMap::new();
    number(&mut body.block, &mut order);
    let mut awaits: Vec<(AwaitId, Awaited)> = std::mem::take(&mut body.awaits)
        .into_iter()
        .enumerate()
        .collect();
    awaits.sort_by_key(|(id, _)| order.get(id).copied().unwrap_or(usize::MAX));
    body.awaits = awaits.into_iter().map(|(_, awaited)| awaited).collect();
}

fn number(block: &mut Block, order: &mut HashMap<AwaitId, AwaitId>) {
    for stmt in &mut block.stmts {
        match stmt {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                number_expr(init, order);
                els.iter_mut().for_each(|els| number(els, order));
            }
            Stmt::Expr { expr, .. } => number_expr(expr, order),
        }
    }
}

fn number_expr(expr: &mut Expr, order: &mut HashMap<AwaitId, AwaitId>) {
    match expr {
        Expr::Plain(_) => {}
        Expr::Await(found) => {
            let next = order.len();
            found.id = *order.entry(found.id).or_insert(next);
        }
        Expr::Block { block, .. } => number(block, order),
        Expr::If { then, els, .. } => {
            number(then, order);
            els.iter_mut().for_each(|els| number_expr(els, order));
        }
        Expr::Match { arms, .. } => arms
            .iter_mut()
            .for_each(|arm| number_expr(&mut arm.body, order)),
        Expr::Loop(Loop { body, .. }) => number(body, order),
    }
}
