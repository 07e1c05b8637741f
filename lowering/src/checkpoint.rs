//! Code that must stand once: what creates a value of a type without a name, such as a closure or a holder.
//!
//! The continuations of two awaits may both hold the same statement. Two copies of a closure have two types, and a state has one. So
//! the statement gets a state of its own to which both lead: a suspension point at which nothing is awaited.

mod joins;

pub(crate) use joins::{joins, open_locals};

use crate::desugar::{Awaited, Body};
use crate::ir::{Await, AwaitId, Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId, Mention};
use crate::syntax::as_ident;
use quote::ToTokens;
use std::collections::{HashMap, HashSet};
use syn::visit::Visit;

/// What makes a statement one that must stand once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Once {
    /// It fills a holder.
    Holder(LocalId),
    /// It awaits a closure's or async block's product.
    Await(AwaitId),
    /// It declares a local that is held or awaited, and made of a closure or async block.
    Local(LocalId),
    /// It asks for a type that only some of the ways before it say.
    Join(Mention),
}

/// Why a statement of a body must stand once, if it must. `joins`: mentions before which all ways come together.
pub(crate) fn once(stmt: &Stmt, joins: &HashSet<Mention>) -> Option<Once> {
    if !joins.is_empty()
        && let Some(join) = first_of(stmt, joins)
    {
        return Some(Once::Join(join));
    }
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
    if let Stmt::Plain(syn::Stmt::Expr(expr, _)) = stmt {
        return kept_in(expr).map(Once::Join);
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

/// The collection that a statement puts a closure or async block into: `futures.push(async move { .. })`.
fn kept_in(expr: &syn::Expr) -> Option<Mention> {
    fn has_no_name(expr: &syn::Expr) -> bool {
        match crate::syntax::bare(expr) {
            syn::Expr::Closure(_) | syn::Expr::Async(_) => true,
            syn::Expr::Block(block) => {
                matches!(block.block.stmts.last(), Some(syn::Stmt::Expr(tail, None)) if has_no_name(tail))
            }
            _ => false,
        }
    }
    let syn::Expr::MethodCall(call) = crate::syntax::bare(expr) else {
        return None;
    };
    let keeps = ["push", "push_back", "push_front", "insert"];
    if !keeps.iter().any(|method| call.method == method) || !call.args.iter().any(has_no_name) {
        return None;
    }
    let mut found = None;
    names::each_name(call.receiver.to_token_stream(), &mut |name| {
        found = found.or(names::unmark(name).map(|(_, mention)| mention));
    });
    found
}

/// Locals that are made of a closure or async block and go into what is awaited: their types are part of a child's.
pub(crate) fn awaited(body: &Body) -> HashSet<LocalId> {
    let mut flow = Flow::default();
    flow.block(&body.block);
    let mut found = flow.whole;
    let used = |local: &LocalId| flow.made.contains(local);
    found.extend(flow.operands.into_iter().filter(used));
    loop {
        let from = flow.from.iter();
        let more = from.filter(|(into, _)| found.contains(into));
        let more: Vec<LocalId> = more.map(|(_, from)| *from).filter(used).collect();
        let before = found.len();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

/// Where values go whose types have no names.
#[derive(Default)]
struct Flow {
    /// Locals whose values are, or own, a closure or an async block.
    made: HashSet<LocalId>,
    /// Locals that are awaited as they are.
    whole: HashSet<LocalId>,
    /// Locals in operands of awaits.
    operands: HashSet<LocalId>,
    /// A local, and one in what it is made of.
    from: Vec<(LocalId, LocalId)>,
}

impl Flow {
    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Plain(syn::Stmt::Local(local)) => {
                    if let (Some(init), Some(into)) = (&local.init, first_local(&local.pat)) {
                        self.made_of(into, &init.expr);
                    }
                }
                Stmt::Plain(_) => {}
                Stmt::Let { init, els, .. } => {
                    self.expr(init);
                    els.iter().for_each(|els| self.block(els));
                }
                Stmt::Expr { expr, .. } => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Plain(_) => {}
            Expr::Await(found) => {
                if let Some(operand) = &found.operand {
                    let whole = as_ident(operand).and_then(names::local);
                    self.whole.extend(whole);
                    self.operands.extend(passed(operand));
                }
            }
            Expr::Block { block, .. } => self.block(block),
            Expr::If { then, els, .. } => {
                self.block(then);
                els.iter().for_each(|els| self.expr(els));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|arm| self.expr(&arm.body)),
            Expr::Loop(found) => self.block(&found.body),
        }
    }

    fn made_of(&mut self, into: LocalId, init: &syn::Expr) {
        if self.owns(init) {
            self.made.insert(into);
        }
        self.from
            .extend(passed(init).into_iter().map(|from| (into, from)));
    }

    /// Whether a value is a closure or an async block, or was made of one by a function that may have kept it.
    fn owns(&self, expr: &syn::Expr) -> bool {
        use syn::Expr;
        match crate::syntax::bare(expr) {
            Expr::Closure(_) | Expr::Async(_) => true,
            Expr::Call(call) => {
                let name = match &*call.func {
                    Expr::Path(path) => path.path.segments.last(),
                    _ => None,
                };
                let spawns = name.is_some_and(|name| name.ident.to_string().starts_with("spawn"));
                !spawns && call.args.iter().any(|arg| self.owns(arg))
            }
            Expr::Tuple(tuple) => tuple.elems.iter().any(|elem| self.owns(elem)),
            Expr::Array(array) => array.elems.iter().any(|elem| self.owns(elem)),
            Expr::Struct(value) => value.fields.iter().any(|field| self.owns(&field.expr)),
            expr => as_ident(expr)
                .and_then(names::local)
                .is_some_and(|local| self.made.contains(&local)),
        }
    }
}

/// The locals that an expression uses otherwise than to call them.
fn passed(expr: &syn::Expr) -> Vec<LocalId> {
    struct Passed(Vec<LocalId>);
    impl<'ast> Visit<'ast> for Passed {
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            if as_ident(&call.func).is_none() {
                self.visit_expr(&call.func);
            }
            call.args.iter().for_each(|arg| self.visit_expr(arg));
        }
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.0.extend(names::local(ident));
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            names::each_name(mac.tokens.clone(), &mut |name| {
                self.0.extend(names::unmark(name).map(|(local, _)| local));
            });
        }
    }
    let mut passed = Passed(Vec::new());
    passed.visit_expr(expr);
    passed.0
}

/// The first of some mentions that a statement has itself; its blocks have statements of their own.
fn first_of(stmt: &Stmt, mentions: &HashSet<Mention>) -> Option<Mention> {
    struct First<'a>(&'a HashSet<Mention>, Option<Mention>);
    impl First<'_> {
        fn name(&mut self, found: Option<(LocalId, Mention)>) {
            let found = found.map(|(_, mention)| mention);
            let found = found.filter(|mention| self.0.contains(mention));
            self.1 = self.1.or(found);
        }
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
    impl<'ast> Visit<'ast> for First<'_> {
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.name(names::mention(ident));
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            names::each_name(mac.tokens.clone(), &mut |name| {
                self.name(names::unmark(name))
            });
        }
    }
    let mut first = First(mentions, None);
    match stmt {
        Stmt::Plain(stmt) => first.visit_stmt(stmt),
        Stmt::Let { init, .. } => first.expr(init),
        Stmt::Expr { expr, .. } => first.expr(expr),
    }
    first.1
}

/// The same of a branch that is an expression alone.
pub(crate) fn once_branch(expr: &Expr) -> Option<Once> {
    let mut finder = Unnameable::default();
    finder.expr(expr);
    match (finder.holder, expr) {
        (Some(holder), _) => Some(Once::Holder(holder)),
        (None, Expr::Await(found)) if finder.found => Some(Once::Await(found.id)),
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

/// The mentions that a key is about.
fn joins_of(key: Once) -> HashSet<Mention> {
    match key {
        Once::Join(mention) => HashSet::from([mention]),
        _ => HashSet::new(),
    }
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
        if once(stmt, &joins_of(key)) == Some(key) {
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
                && once(
                    &Stmt::Expr {
                        expr: Expr::Loop(found.clone()),
                        semi: false,
                    },
                    &joins_of(key),
                ) == Some(key)
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
    if !matches!(expr, Expr::Block { .. }) && once(&as_stmt, &joins_of(key)) == Some(key) {
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
