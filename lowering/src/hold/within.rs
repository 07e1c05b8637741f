//! Which expression goes into a holder as a whole, together with all values of which only types say whether it moves them.
//!
//! ```text
//! let key_held;
//! send(client, key.into())   =>   #[held(key_held, key)] { send(client, key.into()) }
//! ```
//!
//! It is the smallest one that settles what happens when something panics: operands that were evaluated before, and may have a drop, drop
//! before a value that was only borrowed, so they are evaluated in the holder as well. Arguments come after their receiver, so they are too.

use super::FindMention;
use super::scopes::Uses;
use crate::desugar::{Body, Temporaries};
use crate::ir::{Block, Expr as Node, Loop, Stmt as NodeStmt};
use crate::names::{self, LocalId, Mention};
use crate::syntax::{as_ident, bare, is_constant, is_place};
use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat, Stmt};

/// What an expression that goes into a holder is part of.
pub(super) struct Chosen {
    /// Where it stands: its address while nothing is changed.
    at: *const Expr,
    /// The holders of expressions inside, which give way to the new one.
    pub(super) merged: Vec<LocalId>,
    /// What the new holder owns.
    pub(super) owners: Vec<LocalId>,
    pub(super) uses: Uses,
}

/// The expression around a mention, if there is one that can go into a holder.
pub(super) fn choose(
    body: &Body,
    local: LocalId,
    mention: Mention,
    temporaries: &Temporaries<'_>,
) -> Option<Chosen> {
    let Path {
        steps,
        ends,
        whole,
        value,
        ..
    } = path_to(body, mention)?;
    if steps
        .iter()
        .any(|step| crate::syntax::begun(step).is_some())
    {
        return None;
    }
    let mut at = base(&steps)?;
    // A pattern takes a place apart; of a value only the patterns of a variable are known to take all.
    if is_place(steps[at]) && at == whole && !value {
        return None;
    }
    for outer in (0..at).rev() {
        if evaluates_before(steps[outer], steps[outer + 1], temporaries) {
            at = outer;
        }
    }
    // What is used again within the same expression is used inside of the holder.
    let rest_of = |at: usize| mentions(steps[at], local);
    if rest_of(whole.min(at)) > rest_of(at) {
        let all = rest_of(whole);
        at = (whole..=at).rev().find(|at| rest_of(*at) == all)?;
    }
    // An expression inside of another that is held already.
    if let Some(held) = (0..at).find(|at| super::holder_of(steps[*at]).is_some()) {
        at = held;
    }
    // What is assigned to is a place, and no value.
    while at > 0 && is_left(steps[at - 1], steps[at]) {
        at -= 1;
    }
    if temporaries.of_value(steps[at]) {
        // They end where the whole expression ends, and so must the holder's step.
        match ends {
            Ends::Here => at = whole.min(at),
            Ends::Unknown => return None,
        }
    }
    chosen(steps[at], local)
}

/// The value that the patterns which look at a mention became, if it can go into a holder.
pub(super) fn choose_split(
    body: &Body,
    local: LocalId,
    mention: Mention,
    temporaries: &Temporaries<'_>,
) -> Option<Chosen> {
    let Path { steps, .. } = path_to(body, mention)?;
    let at = steps
        .iter()
        .rposition(|step| super::patterns::is_split(step, mention))?;
    let (outer, split) = (&steps[..at], steps[at]);
    let late = outer
        .windows(2)
        .chain(
            outer
                .last()
                .map(|last| [*last, split])
                .iter()
                .map(|pair| &pair[..]),
        )
        .any(|pair| {
            evaluates_before(pair[0], pair[1], temporaries) || binds_before(pair[0], pair[1])
        });
    let inside = outer
        .iter()
        .any(|step| crate::syntax::begun(step).is_some() || super::holder_of(step).is_some());
    // What else the expression mentions of the value would find it gone.
    let again = mentions(steps[0], local) > mentions(split, local);
    if late || inside || again || temporaries.of_value(split) {
        return None;
    }
    chosen(split, local)
}

/// Whether an expression is what another one assigns to, or a part of that.
fn is_left(outer: &Expr, inner: &Expr) -> bool {
    match outer {
        Expr::Assign(assign) => std::ptr::eq(bare(&assign.left), bare(inner)),
        _ => false,
    }
}

/// Whether a condition has bound something before it comes to an operand: that is in its slot only where the branch begins.
fn binds_before(outer: &Expr, inner: &Expr) -> bool {
    match outer {
        Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
            std::ptr::eq(&*binary.right, inner)
                && !super::bound(|finder| finder.visit_expr(&binary.left)).is_empty()
        }
        _ => false,
    }
}

fn chosen(chosen: &Expr, local: LocalId) -> Option<Chosen> {
    let mut inside = Inside::default();
    inside.visit_expr(chosen);
    if inside.jumps || inside.lingers {
        return None;
    }
    let mut owners = vec![local];
    owners.extend(inside.owners);
    owners.sort();
    owners.dedup();
    if inside
        .assigned
        .iter()
        .any(|assigned| owners.contains(assigned))
    {
        return None;
    }
    let mut uses = Uses::default();
    uses.visit_expr(chosen);
    Some(Chosen {
        at: chosen,
        merged: inside.holders,
        owners,
        uses,
    })
}

/// Whether a mention stands in an expression that is evaluated in a holder.
pub(super) fn is_inside(body: &Body, mention: Mention) -> bool {
    path_to(body, mention).is_some_and(|path| {
        path.steps
            .iter()
            .any(|step| super::holder_of(step).is_some())
    })
}

fn path_to(body: &Body, mention: Mention) -> Option<Path<'_>> {
    let mut search = Search {
        mention,
        root: None,
    };
    search.block(&body.block);
    let root = search.root?;
    let mut path = Path {
        mention,
        steps: Vec::new(),
        ends: Ends::Unknown,
        whole: 0,
        value: false,
    };
    match root {
        Root::Stmt(stmt) => path.visit_stmt(stmt),
        Root::Operand(expr) => {
            path.ends = Ends::Here;
            path.value = true;
            path.visit_expr(expr);
        }
        Root::Expr(expr) => path.visit_expr(expr),
    }
    Some(path)
}

/// Puts the chosen expression into a block that is marked with a holder and what it owns; or into several, the outermost first.
pub(super) fn wrap(body: &mut Body, chosen: &Chosen, marks: &[(Ident, Vec<Ident>)]) -> bool {
    let mut wrap = Wrap {
        at: chosen.at,
        marks,
        merged: &chosen.merged,
        done: false,
    };
    super::each_plain(&mut body.block, &mut wrap);
    wrap.done
}

/// Takes the declaration of a holder away.
pub(super) fn undeclare(block: &mut Block, holder: LocalId) {
    block.retain(|stmt| {
        !matches!(stmt, NodeStmt::Plain(Stmt::Local(local)) if local.init.is_none() && super::binds(&local.pat, holder))
    });
    for stmt in &mut block.stmts {
        match stmt {
            NodeStmt::Plain(_) => {}
            NodeStmt::Let { init, els, .. } => {
                undeclare_in(init, holder);
                els.iter_mut().for_each(|els| undeclare(els, holder));
            }
            NodeStmt::Expr { expr, .. } => undeclare_in(expr, holder),
        }
    }
}

fn undeclare_in(expr: &mut Node, holder: LocalId) {
    match expr {
        Node::Plain(_) | Node::Await(_) => {}
        Node::Block { block, .. } => undeclare(block, holder),
        Node::If { then, els, .. } => {
            undeclare(then, holder);
            els.iter_mut().for_each(|els| undeclare_in(els, holder));
        }
        Node::Match { arms, .. } => arms
            .iter_mut()
            .for_each(|arm| undeclare_in(&mut arm.body, holder)),
        Node::Loop(Loop { body, .. }) => undeclare(body, holder),
    }
}

/// The piece of plain syntax that holds a mention.
enum Root<'a> {
    Stmt(&'a Stmt),
    /// Of an await: what it leaves was settled before.
    Operand(&'a Expr),
    Expr(&'a Expr),
}

struct Search<'a> {
    mention: Mention,
    root: Option<Root<'a>>,
}

impl<'a> Search<'a> {
    fn found(&self, visit: impl FnOnce(&mut FindMention)) -> bool {
        let mut finder = FindMention {
            mention: self.mention,
            found: false,
        };
        visit(&mut finder);
        finder.found
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in &block.stmts {
            match stmt {
                NodeStmt::Plain(stmt) if self.found(|finder| finder.visit_stmt(stmt)) => {
                    self.root = Some(Root::Stmt(stmt));
                }
                NodeStmt::Plain(_) => {}
                NodeStmt::Let { init, els, .. } => {
                    self.expr(init);
                    els.iter().for_each(|els| self.block(els));
                }
                NodeStmt::Expr { expr, .. } => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &'a Node) {
        match expr {
            Node::Plain(expr) => self.plain(expr),
            Node::Await(found) => {
                if let Some(operand) = &found.operand
                    && self.found(|finder| finder.visit_expr(operand))
                {
                    self.root = Some(Root::Operand(operand));
                }
            }
            Node::Block { block, .. } => self.block(block),
            Node::If { cond, then, els } => {
                self.cond(cond);
                self.block(then);
                els.iter().for_each(|els| self.expr(els));
            }
            Node::Match { head, arms } => {
                self.plain(head);
                arms.iter().for_each(|arm| self.expr(&arm.body));
            }
            Node::Loop(Loop { cond, body, .. }) => {
                cond.iter().for_each(|cond| self.cond(cond));
                self.block(body);
            }
        }
    }

    fn plain(&mut self, expr: &'a Expr) {
        if self.found(|finder| finder.visit_expr(expr)) {
            self.root = Some(Root::Expr(expr));
        }
    }

    /// What a condition has bound is in its slot only where the branch begins.
    fn cond(&mut self, cond: &'a Expr) {
        let split = |expr: &Expr| super::patterns::is_split(expr, self.mention);
        if finds(cond, &split) || super::bound(|finder| finder.visit_expr(cond)).is_empty() {
            self.plain(cond);
        }
    }
}

/// Whether some expression inside meets a condition.
fn finds(expr: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    struct Finds<'a>(&'a dyn Fn(&Expr) -> bool, bool);
    impl<'ast> Visit<'ast> for Finds<'_> {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.1 |= (self.0)(expr);
            visit::visit_expr(self, expr);
        }
    }
    let mut finds = Finds(is, false);
    finds.visit_expr(expr);
    finds.1
}

/// What is known of where the temporaries of an expression end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// With the whole expression, and its value goes on as it is.
    Here,
    Unknown,
}

/// The expressions around a mention, from the outermost.
struct Path<'a> {
    mention: Mention,
    steps: Vec<&'a Expr>,
    ends: Ends,
    /// The outermost expression of the innermost statement.
    whole: usize,
    /// That is used for its value, and no pattern looks into it.
    value: bool,
}

impl<'a> Path<'a> {
    fn has(&self, visit: impl FnOnce(&mut FindMention)) -> bool {
        let mut finder = FindMention {
            mention: self.mention,
            found: false,
        };
        visit(&mut finder);
        finder.found
    }
}

impl<'a> Visit<'a> for Path<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if !self.has(|finder| finder.visit_stmt(stmt)) {
            return;
        }
        self.whole = self.steps.len();
        self.ends = match stmt {
            Stmt::Local(local)
                if local
                    .init
                    .as_ref()
                    .is_some_and(|init| init.diverge.is_none())
                    && is_variable(&local.pat) =>
            {
                Ends::Here
            }
            Stmt::Expr(_, Some(_)) => Ends::Here,
            _ => Ends::Unknown,
        };
        self.value = match stmt {
            Stmt::Local(local) => is_variable(&local.pat),
            _ => true,
        };
        visit::visit_stmt(self, stmt);
    }
    fn visit_expr(&mut self, expr: &'a Expr) {
        if !self.has(|finder| finder.visit_expr(expr)) {
            return;
        }
        self.steps.push(expr);
        if !matches!(expr, Expr::Closure(_) | Expr::Async(_)) {
            visit::visit_expr(self, expr);
        }
    }
}

pub(super) fn is_variable(pat: &Pat) -> bool {
    match pat {
        Pat::Ident(ident) => ident.by_ref.is_none() && ident.subpat.is_none(),
        Pat::Type(typed) => is_variable(&typed.pat),
        _ => false,
    }
}

/// The innermost expression that decides what becomes of the mention.
fn base(steps: &[&Expr]) -> Option<usize> {
    let mut at = steps.len().checked_sub(1)?;
    if !is_place(steps[at]) {
        // A closure, an async block, a macro. The call says what a closure's parameters are.
        let call = at.checked_sub(1).map(|outer| steps[outer]);
        let argument = matches!(steps[at], Expr::Closure(_))
            && matches!(call, Some(Expr::Call(_) | Expr::MethodCall(_)));
        return Some(if argument { at - 1 } else { at });
    }
    while at > 0 {
        let outer = steps[at - 1];
        let decides = match outer {
            Expr::MethodCall(call) => std::ptr::eq(&*call.receiver, steps[at]),
            Expr::Call(call) => std::ptr::eq(&*call.func, steps[at]),
            Expr::Struct(expr) => expr
                .rest
                .as_deref()
                .is_some_and(|rest| std::ptr::eq(rest, steps[at])),
            // The scrutinee's patterns decide, and bind for what follows.
            Expr::Match(_) | Expr::If(_) | Expr::While(_) | Expr::Let(_) => return None,
            outer if is_place(outer) => {
                at -= 1;
                continue;
            }
            _ => return Some(at),
        };
        return Some(if decides { at - 1 } else { at });
    }
    Some(at)
}

/// Whether an expression evaluates operands that may have a drop before the one that it is about.
fn evaluates_before(outer: &Expr, inner: &Expr, temporaries: &Temporaries<'_>) -> bool {
    let resolved = temporaries.resolved;
    let plain = |operand: &Expr| match bare(operand) {
        operand if temporaries.is_scalar(operand) => !temporaries.of_value(operand),
        Expr::Reference(reference) => is_place(&reference.expr) || is_constant(&reference.expr),
        operand => match as_ident(operand).and_then(names::local) {
            Some(local) => resolved.locals[local.0]
                .ty
                .as_ref()
                .is_some_and(|ty| temporaries.table.facts(ty).no_drop),
            None => false,
        },
    };
    let before = |operands: &mut dyn Iterator<Item = &Expr>| {
        operands
            .take_while(|operand| !std::ptr::eq(*operand, inner))
            .any(|operand| !plain(operand))
    };
    match outer {
        Expr::Call(call) => {
            let func = (!matches!(bare(&call.func), Expr::Path(_))).then_some(&*call.func);
            before(&mut func.into_iter().chain(&call.args))
        }
        Expr::MethodCall(call) => before(&mut std::iter::once(&*call.receiver).chain(&call.args)),
        Expr::Tuple(tuple) => before(&mut tuple.elems.iter()),
        Expr::Array(array) => before(&mut array.elems.iter()),
        Expr::Struct(expr) => before(
            &mut expr
                .fields
                .iter()
                .map(|field| &field.expr)
                .chain(expr.rest.as_deref()),
        ),
        Expr::Binary(binary) => before(&mut [&*binary.left, &*binary.right].into_iter()),
        Expr::Index(index) => before(&mut [&*index.expr, &*index.index].into_iter()),
        Expr::Range(range) => before(
            &mut range
                .start
                .as_deref()
                .into_iter()
                .chain(range.end.as_deref()),
        ),
        _ => false,
    }
}

/// How often an expression mentions a local.
fn mentions(expr: &Expr, local: LocalId) -> usize {
    let mut found = 0;
    crate::syntax::tokens_have(&quote::ToTokens::to_token_stream(expr), &mut |ident| {
        found += usize::from(names::local(ident) == Some(local));
        false
    });
    found
}

/// The holder of a single call or field, and the local that goes into it. A value without a name, from which a struct takes its other
/// fields, stays in a holder of its own: see [`nested`].
fn held(expr: &Expr) -> Option<(Ident, LocalId)> {
    let (attrs, place) = match expr {
        Expr::MethodCall(call) => (&call.attrs, Some(&*call.receiver)),
        Expr::Call(call) => (&call.attrs, Some(&*call.func)),
        Expr::Field(field) => (&field.attrs, Some(&*field.base)),
        Expr::Struct(expr) => (&expr.attrs, expr.rest.as_deref()),
        _ => return None,
    };
    let mut root = place.map(bare);
    while let Some(Expr::Field(field)) = root {
        root = Some(bare(&field.base));
    }
    let local = root.and_then(as_ident).and_then(names::local);
    Some((super::holder(attrs)?, local?))
}

/// The holders of values without names inside of an expression.
pub(crate) fn nested(block: &syn::Block) -> Vec<LocalId> {
    struct Rests(Vec<LocalId>);
    impl<'ast> Visit<'ast> for Rests {
        fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
            self.0
                .extend(super::holder(&expr.attrs).as_ref().and_then(names::local));
            visit::visit_expr_struct(self, expr);
        }
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    }
    let mut rests = Rests(Vec::new());
    rests.visit_block(block);
    rests.0
}

/// Whether an expression may leave the function or a loop.
pub(crate) fn may_jump(expr: &Expr) -> bool {
    let mut inside = Inside::default();
    inside.visit_expr(expr);
    inside.jumps
}

/// What an expression has inside that matters for a holder.
#[derive(Default)]
struct Inside {
    /// It may leave the function or a loop.
    jumps: bool,
    /// A part of it leaves temporaries, which end with the statement.
    lingers: bool,
    holders: Vec<LocalId>,
    owners: Vec<LocalId>,
    assigned: Vec<LocalId>,
}

impl<'ast> Visit<'ast> for Inside {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Try(_) | Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => {
                self.jumps = true;
            }
            Expr::Assign(assign) => self
                .assigned
                .extend(as_ident(&assign.left).and_then(names::local)),
            // Its slot is outside.
            Expr::Call(call) if crate::syntax::lent(call).is_some() => self.lingers = true,
            // So is its guard.
            Expr::Call(call) if crate::syntax::released(call).is_some() => self.jumps = true,
            expr => {
                if let Some((holder, owners)) = super::holder_of(expr) {
                    self.lingers |= owners.is_empty();
                    self.holders.extend(names::local(&holder));
                    self.owners.extend(owners.iter().filter_map(names::local));
                } else if let Some((holder, owner)) = held(expr) {
                    self.holders.extend(names::local(&holder));
                    self.owners.push(owner);
                }
            }
        }
        visit::visit_expr(self, expr);
    }
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        // `pin!` borrows a value that lives as long as the variable.
        self.jumps |= matches!(
            name.as_str(),
            "bail" | "ensure" | "pin" | "pin_mut" | "pinned"
        ) || crate::syntax::has_jumping_args(mac)
            || mac.tokens.to_string().contains('?')
            || crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "held__hr");
    }
}

struct Wrap<'a> {
    at: *const Expr,
    marks: &'a [(Ident, Vec<Ident>)],
    merged: &'a [LocalId],
    done: bool,
}

impl VisitMut for Wrap<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if self.done {
            return;
        }
        if !std::ptr::eq(self.at, expr) {
            visit_mut::visit_expr_mut(self, expr);
            return;
        }
        self.done = true;
        Unwrap(self.merged).visit_expr_mut(expr);
        for (holder, owners) in self.marks.iter().rev() {
            // Not parsed: where marks stand inside of it already, its tokens need not be what they were.
            let mut block: syn::ExprBlock = syn::parse_quote!(
                #[held__hr(#holder, #(#owners),*)]
                {}
            );
            let inner = std::mem::replace(expr, syn::parse_quote!(()));
            block.block.stmts.push(Stmt::Expr(inner, None));
            *expr = Expr::Block(block);
        }
    }
}

/// Takes the marks of holders away.
struct Unwrap<'a>(&'a [LocalId]);

impl VisitMut for Unwrap<'_> {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<syn::Attribute>) {
        attrs.retain(|attr| {
            let holder = super::holder(std::slice::from_ref(attr));
            let local = holder.as_ref().and_then(names::local);
            local.is_none_or(|local| !self.0.contains(&local))
        });
    }
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        while super::holder_of(expr).is_some()
            && let Expr::Block(block) = expr
            && let Some(Stmt::Expr(inner, None)) = block.block.stmts.pop()
        {
            *expr = inner;
        }
        visit_mut::visit_expr_mut(self, expr);
    }
}
