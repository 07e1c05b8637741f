//! Gives a value of which only types say whether an expression moves or borrows it a place of its own.
//!
//! Two rewrites of the structured form, after which the analysis runs again and finds nothing unclear:
//!
//! ```text
//! // The function waits while `conn` is in scope: a holder.
//! let conn = connect();              let conn = connect();
//!                                    let conn_held;
//! conn.finish(buf());           =>   conn_held = held(conn.finish(buf()));
//!
//! // It does not wait any more, but `conn` is pinned: a real local takes either meaning.
//! let conn = connect();              let conn = connect();
//!                                    let mut conn_out;
//! conn.finish();                =>   conn_out = conn;
//!                                    conn_out.finish();
//!
//! // An assignment drops what the method leaves: the old value moves into a local of its own scope.
//! conn = conn.next();           =>   { let conn_old = conn; conn = conn_old.next(); }
//! ```
//!
//! Both locals stand where the value's own declaration stands, so the order of drops does not change.
//!
//! Where more than the one call must be in the holder, the expression around it goes in as a whole: see [`within`]. It may own values of
//! two scopes: see [`scopes`]. Patterns look at a value in its holder and hand out what they bind: see [`patterns`].

mod apart;
mod out;
pub(crate) mod patterns;
mod released;
mod scopes;
pub(crate) mod within;

use crate::desugar::{Body, Temporaries};
use crate::diagnostics::{Diagnostic, Sink};
use crate::ir::{Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId, Mention};
use crate::report::Edition;
use crate::resolve::Resolved;
use crate::types::Table;
use proc_macro2::Ident;
use std::collections::{HashMap, HashSet};
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};

/// A use to be rewritten.
#[derive(Clone, Debug)]
pub(crate) struct Unclear {
    pub(crate) local: LocalId,
    pub(crate) mention: Mention,
    /// How the value can be taken apart where it is declared, if only its fields are used. That comes before the way.
    pub(crate) apart: Option<Apart>,
    /// Whether the local may be assigned anew later, which drops what the use leaves.
    pub(crate) assigned: bool,
    pub(crate) way: Way,
}

/// How a use is rewritten.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// The value moves into a real local before it.
    Out,
    /// The same, if nothing but the statement around and those behind it in its block use the value from there on. Else it was copied, or
    /// the output does not compile.
    LastOut,
    /// The value moves into a real local around the call that gives the next one; if it cannot, this is the way.
    Replaced(Box<Way>),
    /// The call goes through a holder, with the expression around it if that is in one already.
    Held(Box<Diagnostic>),
    /// The expression around it goes into a holder; if it cannot, this is what is said.
    Within(Box<Diagnostic>),
    /// None is known; this is what is said.
    Refused(Box<Diagnostic>),
}

/// A struct that may be taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Apart {
    /// How a pattern names its type.
    pub(crate) path: syn::Path,
    /// Its fields, in order.
    pub(crate) members: Vec<String>,
}

impl Way {
    /// Whether it makes a holder.
    pub(crate) fn holds(&self) -> bool {
        matches!(self, Way::Held(_) | Way::Within(_))
    }
}

/// Rewrites the uses; adds to the holders.
pub(crate) fn hold(
    resolved: &mut Resolved,
    body: &mut Body,
    (table, edition): (&Table, Edition),
    uses: &[Unclear],
    holders: &mut HashSet<LocalId>,
    sink: &mut Sink,
) {
    // A holder is a value of its own type, and stands once; a real local takes any number of uses.
    let mut new: HashMap<(LocalId, Option<Mention>), LocalId> = HashMap::new();
    // Of what is taken apart no other use needs a rewrite.
    let mut taken: HashSet<LocalId> = HashSet::new();
    for Unclear { local, apart, .. } in uses {
        if let Some(apart) = apart
            && !taken.contains(local)
            && apart::take(resolved, body, edition, *local, apart)
        {
            taken.insert(*local);
        }
    }
    // The patterns of a `match` share the mention of its head, and go into a holder together.
    let within = uses
        .iter()
        .filter(|found| matches!(found.way, Way::Within(_)));
    let within: HashSet<Mention> = within.map(|found| found.mention).collect();
    let mut settled = HashSet::new();
    // What is moved out goes in order of the source: the first move has what is behind it mention the real local.
    let out = |found: &&Unclear| matches!(found.way, Way::Out | Way::LastOut);
    let mut moved: Vec<&Unclear> = uses.iter().filter(out).collect();
    moved.sort_by_key(|found| found.mention);
    let others = uses.iter().filter(|found| !out(found));
    for Unclear {
        local,
        mention,
        way,
        assigned,
        ..
    } in others.chain(moved)
    {
        let together = within.contains(mention) && !matches!(way, Way::Within(_));
        if taken.contains(local) || together || !settled.insert(*mention) {
            continue;
        }
        let way = match way {
            Way::Replaced(otherwise) => {
                if replace(resolved, body, (table, edition), (*local, *mention)) {
                    continue;
                }
                &**otherwise
            }
            way => way,
        };
        let holder = match way {
            Way::Out | Way::LastOut | Way::Replaced(_) => &false,
            Way::Refused(refusal) => {
                sink.push((**refusal).clone());
                continue;
            }
            Way::Held(_) if !within::is_inside(body, *mention) => &true,
            Way::Held(refusal) | Way::Within(refusal) => {
                if !hold_within(
                    resolved,
                    body,
                    (table, edition),
                    (*local, *mention, *assigned),
                    holders,
                ) {
                    sink.push((**refusal).clone());
                }
                continue;
            }
        };
        let before = matches!(way, Way::LastOut).then(|| (resolved.clone(), body.clone()));
        let is_new = !new.contains_key(&(*local, holder.then_some(*mention)));
        let known = resolved.locals.len();
        let other = *new
            .entry((*local, holder.then_some(*mention)))
            .or_insert_with(|| {
                let Local { base, span } = Local::of(resolved, *local);
                let other = resolved.hidden(
                    &format!("{base}_{}", if *holder { "held" } else { "out" }),
                    span,
                );
                resolved.locals[other.0].mutable = !holder;
                resolved.locals[other.0].out = !holder;
                let ident = resolved.mention(other);
                let declaration: syn::Stmt = if *holder {
                    syn::parse_quote!(let #ident;)
                } else {
                    syn::parse_quote!(let mut #ident;)
                };
                declare_after(resolved, body, *local, declaration);
                if *holder {
                    holders.insert(other);
                }
                other
            });
        let ident = resolved.mention(other);
        if *holder {
            Holding {
                mention: *mention,
                ident,
            }
            .block(&mut body.block);
            if *assigned && other.0 >= known {
                released::release(resolved, body, (table, edition), *local, other);
            }
        } else {
            let value = resolved.mention(*local);
            let statement: syn::Stmt = syn::parse_quote!(#ident = #value;);
            let moved = names::mention(&value).map(|(_, mention)| mention);
            let mut moving = out::Moving {
                resolved,
                local: *local,
                other,
                mention: *mention,
                statement: Some(statement),
                returns: false,
            };
            moving.block(&mut body.block);
            let last =
                moving.returns || moved.is_some_and(|moved| out::is_last(body, *local, moved));
            if let Some((resolved_before, body_before)) = before
                && !last
            {
                (*resolved, *body) = (resolved_before, body_before);
                resolved.copies.insert(*mention);
                if is_new {
                    new.remove(&(*local, None));
                }
            }
        }
    }
}

/// Gives the receiver of `x = x.next(a)` a scope of its own, which ends before the assignment.
fn replace(
    resolved: &mut Resolved,
    body: &mut Body,
    (table, edition): (&Table, Edition),
    (local, mention): (LocalId, Mention),
) -> bool {
    struct Replacing<'a> {
        mention: Mention,
        temporaries: Temporaries<'a>,
        /// The old value, declared and mentioned.
        old: [Ident; 2],
        done: bool,
    }
    impl Replacing<'_> {
        fn apart(&mut self, assign: &syn::ExprAssign) -> Option<syn::Expr> {
            let call = crate::syntax::replacing(assign)?;
            let (_, mention) = crate::syntax::as_ident(&call.receiver).and_then(names::mention)?;
            // Temporaries would drop before the old value, not behind it.
            if mention != self.mention || self.temporaries.of_value(&assign.right) {
                return None;
            }
            let [declared, old] = &self.old;
            let (value, mut call) = (&call.receiver, call.clone());
            *call.receiver = syn::parse_quote!(#old);
            let place = &assign.left;
            self.done = true;
            // Assigned in there, the new value drops even if the old one panics when it drops.
            Some(syn::parse_quote!({ let mut #declared = #value; #place = #call; }))
        }
    }
    impl VisitMut for Replacing<'_> {
        fn visit_stmt_mut(&mut self, stmt: &mut syn::Stmt) {
            if let syn::Stmt::Expr(syn::Expr::Assign(assign), Some(_)) = stmt
                && let Some(block) = self.apart(assign)
            {
                *stmt = syn::Stmt::Expr(block, None);
                return;
            }
            visit_mut::visit_stmt_mut(self, stmt);
        }
        fn visit_expr_mut(&mut self, expr: &mut syn::Expr) {
            if let syn::Expr::Assign(assign) = expr
                && let Some(block) = self.apart(assign)
            {
                *expr = block;
                return;
            }
            visit_mut::visit_expr_mut(self, expr);
        }
        fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
            if crate::syntax::has_acting_args(mac) {
                crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
            }
        }
    }
    let Local { base, span } = Local::of(resolved, local);
    let old = resolved.hidden(&format!("{base}_old"), span);
    // The method may borrow it by `&mut`.
    resolved.locals[old.0].mutable = true;
    let old = [resolved.mention(old), resolved.mention(old)];
    let mut replacing = Replacing {
        mention,
        temporaries: Temporaries {
            resolved,
            table,
            edition,
        },
        old,
        done: false,
    };
    each_plain(&mut body.block, &mut replacing);
    replacing.done
}

/// Puts the expression around a mention into a holder.
fn hold_within(
    resolved: &mut Resolved,
    body: &mut Body,
    (table, edition): (&Table, Edition),
    (local, mention, assigned): (LocalId, Mention, bool),
    holders: &mut HashSet<LocalId>,
) -> bool {
    each_plain(&mut body.block, &mut MacroStatement(mention));
    let split = patterns::split(resolved, body, mention);
    let temporaries = Temporaries {
        resolved,
        table,
        edition,
    };
    let chosen = if split {
        within::choose_split(body, local, mention, &temporaries)
    } else {
        within::choose(body, local, mention, &temporaries)
    };
    let Some(chosen) = chosen else {
        return false;
    };
    // What only the other holders' expressions hold is there already.
    if chosen.merged.is_empty() && chosen.owners != [local] {
        return false;
    }
    let groups = match scopes::in_order(body, &chosen.owners) {
        Some(owners) => vec![owners],
        None => match scopes::nested_owners(body, &chosen) {
            Some(groups) => groups.into(),
            None => return false,
        },
    };
    // A holder is released as a whole.
    let mut merged = chosen.merged.iter();
    let assigned = assigned || merged.any(|holder| released::is_released(body, *holder));
    if assigned && chosen.owners.len() > 1 {
        return false;
    }
    let mut marks = Vec::new();
    let mut declared: Vec<(LocalId, LocalId)> = Vec::new();
    for owners in groups {
        let Some(last) = owners.last().copied() else {
            return false;
        };
        let Local { base, span } = Local::of(resolved, last);
        let name = format!("{base}_held");
        // One that gives way leaves its name.
        let merged = chosen.merged.iter().copied();
        let merged = merged
            .filter(|merged| declared.iter().all(|(_, holder)| holder != merged))
            .find(|merged| resolved.locals[merged.0].base == name);
        let holder = merged.unwrap_or_else(|| resolved.hidden(&name, span));
        let ident = resolved.mention(holder);
        let owners = owners.iter().map(|owner| resolved.mention(*owner));
        marks.push((ident, owners.collect()));
        declared.push((last, holder));
    }
    if !within::wrap(body, &chosen, &marks) {
        return false;
    }
    for merged in chosen.merged {
        within::undeclare(&mut body.block, merged);
        released::unrelease(body, merged);
        holders.remove(&merged);
    }
    for (last, holder) in declared {
        let ident = resolved.mention(holder);
        declare_after(resolved, body, last, syn::parse_quote!(let #ident;));
        holders.insert(holder);
        if assigned {
            released::release(resolved, body, (table, edition), last, holder);
        }
    }
    true
}

/// Makes a macro that is a statement, and mentions what is looked for, an expression.
struct MacroStatement(Mention);

impl VisitMut for MacroStatement {
    fn visit_stmt_mut(&mut self, stmt: &mut syn::Stmt) {
        if let syn::Stmt::Macro(found) = stmt
            && found.semi_token.is_some()
        {
            let mut finder = FindMention {
                mention: self.0,
                found: false,
            };
            finder.visit_macro(&found.mac);
            if finder.found {
                let expr = syn::Expr::Macro(syn::ExprMacro {
                    attrs: std::mem::take(&mut found.attrs),
                    mac: found.mac.clone(),
                });
                *stmt = syn::Stmt::Expr(expr, found.semi_token);
                return;
            }
        }
        visit_mut::visit_stmt_mut(self, stmt);
    }
}

struct Local {
    base: String,
    span: proc_macro2::Span,
}

impl Local {
    fn of(resolved: &Resolved, local: LocalId) -> Self {
        let local = &resolved.locals[local.0];
        Local {
            base: local.base.trim_start_matches("r#").to_owned(),
            span: local.span,
        }
    }
}

/// Puts a declaration behind the one of a local.
fn declare_after(resolved: &mut Resolved, body: &mut Body, local: LocalId, declaration: syn::Stmt) {
    if let Some(at) = body.params.iter().position(|param| *param == local) {
        // The parameters behind it are bound again, behind the declaration: they drop before it.
        let mut stmts = vec![Stmt::Plain(declaration)];
        for param in &mut body.params[at + 1..] {
            let later = *param;
            let Local { base, span } = Local::of(resolved, later);
            let arrived = resolved.hidden(&base, span);
            resolved.locals[arrived.0].ty = resolved.locals[later.0].ty.clone();
            let (value, name) = (resolved.mention(arrived), resolved.mention(later));
            let mutability = resolved.locals[later.0].mutable.then(|| quote::quote!(mut));
            stmts.push(Stmt::Plain(
                syn::parse_quote!(let #mutability #name = #value;),
            ));
            *param = arrived;
        }
        body.block.stmts.splice(0..0, stmts);
        return;
    }
    let mut declaration = Some(vec![declaration]);
    insert(resolved, &mut body.block, local, &mut declaration);
    debug_assert!(
        declaration.is_none(),
        "every held local is declared in the structured form"
    );
}

fn insert(
    resolved: &mut Resolved,
    block: &mut Block,
    local: LocalId,
    declaration: &mut Option<Vec<syn::Stmt>>,
) {
    let declares = |pat: &syn::Pat| binds(pat, local);
    let mut at = None;
    for (i, stmt) in block.stmts.iter_mut().enumerate() {
        match stmt {
            // The last one: what a pattern binds may have been bound again behind another declaration.
            Stmt::Plain(syn::Stmt::Local(found)) if declares(&found.pat) => {
                at = Some((i, bound(|finder| finder.visit_pat(&found.pat))));
            }
            Stmt::Let { pat, .. } if declares(pat) => {
                at = Some((i, bound(|finder| finder.visit_pat(pat))));
            }
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                insert_expr(resolved, init, local, declaration);
                els.iter_mut()
                    .for_each(|els| insert(resolved, els, local, declaration));
            }
            Stmt::Expr { expr, .. } => insert_expr(resolved, expr, local, declaration),
        }
    }
    if let Some((at, bound)) = at {
        let stmts = behind(resolved, local, &bound, declaration);
        block.insert_behind(at, stmts);
    }
}

/// The declaration, and behind it what the same pattern binds after the local: bound again, so that it drops first.
fn behind(
    resolved: &mut Resolved,
    local: LocalId,
    bound: &[LocalId],
    declaration: &mut Option<Vec<syn::Stmt>>,
) -> Vec<Stmt> {
    let mut stmts = declaration.take().unwrap_or_default();
    for &later in bound.iter().skip_while(|other| **other != local).skip(1) {
        let (value, name) = (resolved.mention(later), resolved.mention(later));
        let mutability = resolved.locals[later.0].mutable.then(|| quote::quote!(mut));
        stmts.push(syn::parse_quote!(let #mutability #name = #value;));
    }
    stmts.into_iter().map(Stmt::Plain).collect()
}

/// The locals that patterns bind, in order.
fn bound(visit: impl FnOnce(&mut Bound)) -> Vec<LocalId> {
    let mut finder = Bound(Vec::new());
    visit(&mut finder);
    finder.0
}

struct Bound(Vec<LocalId>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        if let Some(local) = names::local(&pat.ident)
            && !self.0.contains(&local)
        {
            self.0.push(local);
        }
        syn::visit::visit_pat_ident(self, pat);
    }
    // What a condition looks at may have patterns of its own.
    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        crate::syntax::each_let(expr, &mut |found| self.visit_pat(&found.pat));
    }
}

fn insert_expr(
    resolved: &mut Resolved,
    expr: &mut Expr,
    local: LocalId,
    declaration: &mut Option<Vec<syn::Stmt>>,
) {
    match expr {
        Expr::Plain(_) | Expr::Await(_) => {}
        Expr::Block { block, .. } => insert(resolved, block, local, declaration),
        Expr::If { cond, then, els } => {
            if binds_in_condition(cond, local) {
                let bound = bound(|finder| finder.visit_expr(cond));
                let stmts = behind(resolved, local, &bound, declaration);
                then.put_in_front(stmts);
            }
            insert(resolved, then, local, declaration);
            els.iter_mut()
                .for_each(|els| insert_expr(resolved, els, local, declaration));
        }
        Expr::Match { arms, .. } => {
            for arm in arms {
                if binds(&arm.pat, local) {
                    let bound = bound(|finder| finder.visit_pat(&arm.pat));
                    let stmts = behind(resolved, local, &bound, declaration);
                    arm.body.put_in_front(stmts);
                } else {
                    insert_expr(resolved, &mut arm.body, local, declaration);
                }
            }
        }
        Expr::Loop(Loop { cond, body, .. }) => {
            if let Some(cond) = cond
                && binds_in_condition(cond, local)
            {
                let bound = bound(|finder| finder.visit_expr(cond));
                let stmts = behind(resolved, local, &bound, declaration);
                body.put_in_front(stmts);
            }
            insert(resolved, body, local, declaration);
        }
    }
}

fn binds(pat: &syn::Pat, local: LocalId) -> bool {
    struct Finder(LocalId, bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.1 |= names::local(&pat.ident) == Some(self.0);
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut finder = Finder(local, false);
    finder.visit_pat(pat);
    finder.1
}

fn binds_in_condition(cond: &syn::Expr, local: LocalId) -> bool {
    struct Finder(LocalId, bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
            self.1 |= binds(&expr.pat, self.0);
        }
    }
    let mut finder = Finder(local, false);
    finder.visit_expr(cond);
    finder.1
}

/// Marks the call whose receiver is the mention or a field of it, the field that is used by value, or the struct that takes its other
/// fields from there: it goes through a holder.
struct Holding {
    mention: Mention,
    ident: Ident,
}

/// The attribute that marks a call that goes through a holder.
pub(crate) fn holder(attrs: &[syn::Attribute]) -> Option<Ident> {
    marked(attrs).into_iter().next()
}

/// What the holder owns that a marked block is evaluated in.
pub(crate) fn owners(attrs: &[syn::Attribute]) -> Vec<Ident> {
    marked(attrs).into_iter().skip(1).collect()
}

/// The holder that an expression is evaluated in as a whole, and what it owns.
pub(crate) fn holder_of(expr: &syn::Expr) -> Option<(Ident, Vec<Ident>)> {
    match expr {
        syn::Expr::Block(block) => {
            let mut marked = marked(&block.attrs).into_iter();
            Some((marked.next()?, marked.collect()))
        }
        _ => None,
    }
}

/// The block in a holder of its own that a block consists of: the inner one of two scopes.
pub(crate) fn inner(block: &syn::Block) -> Option<&syn::ExprBlock> {
    match block.stmts.as_slice() {
        [syn::Stmt::Expr(syn::Expr::Block(inner), None)] => {
            (!owners(&inner.attrs).is_empty()).then_some(inner)
        }
        _ => None,
    }
}

fn marked(attrs: &[syn::Attribute]) -> Vec<Ident> {
    let parse = syn::punctuated::Punctuated::<Ident, syn::Token![,]>::parse_terminated;
    attrs
        .iter()
        .find(|attr| attr.path().is_ident("held__hr"))
        .and_then(|attr| attr.parse_args_with(parse).ok())
        .into_iter()
        .flatten()
        .collect()
}

impl Holding {
    fn block(&mut self, block: &mut Block) {
        each_plain(block, self);
    }

    fn is(&self, expr: &syn::Expr) -> bool {
        crate::syntax::as_ident(expr)
            .and_then(names::mention)
            .is_some_and(|(_, mention)| mention == self.mention)
    }
}

impl Holding {
    /// Whether an expression is the mention, or a field of it.
    fn is_of(&self, expr: &syn::Expr) -> bool {
        match crate::syntax::bare(expr) {
            syn::Expr::Field(field) => self.is_of(&field.base),
            expr => self.is(expr),
        }
    }
}

impl VisitMut for Holding {
    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        if self.is_of(&call.receiver) {
            let ident = &self.ident;
            call.attrs.push(syn::parse_quote!(#[held__hr(#ident)]));
        } else {
            self.visit_expr_mut(&mut call.receiver);
        }
        call.args
            .iter_mut()
            .for_each(|arg| self.visit_expr_mut(arg));
    }
    fn visit_expr_field_mut(&mut self, field: &mut syn::ExprField) {
        if self.is_of(&field.base) {
            let ident = &self.ident;
            field.attrs.push(syn::parse_quote!(#[held__hr(#ident)]));
        } else {
            visit_mut::visit_expr_field_mut(self, field);
        }
    }
    fn visit_expr_struct_mut(&mut self, expr: &mut syn::ExprStruct) {
        if let Some(rest) = &expr.rest
            && self.is_of(rest)
        {
            let ident = &self.ident;
            expr.attrs.push(syn::parse_quote!(#[held__hr(#ident)]));
            return;
        }
        visit_mut::visit_expr_struct_mut(self, expr);
    }
    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        if self.is(&call.func) {
            let ident = &self.ident;
            call.attrs.push(syn::parse_quote!(#[held__hr(#ident)]));
        }
        visit_mut::visit_expr_call_mut(self, call);
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        let known = crate::syntax::is_format_macro(&name) || crate::syntax::takes_values(mac);
        if known && let Some(mut args) = crate::syntax::macro_args(mac) {
            args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
            let tokens = quote::quote!(#(#args),*);
            if crate::syntax::tokens_have(&tokens, &mut |ident| ident == "held__hr") {
                mac.tokens = tokens;
            }
        }
    }
}

/// Visits every piece of plain syntax.
pub(crate) fn each_plain(block: &mut Block, visitor: &mut impl VisitMut) {
    for stmt in &mut block.stmts {
        match stmt {
            Stmt::Plain(stmt) => visitor.visit_stmt_mut(stmt),
            Stmt::Let { init, els, .. } => {
                each_plain_expr(init, visitor);
                els.iter_mut().for_each(|els| each_plain(els, visitor));
            }
            Stmt::Expr { expr, .. } => each_plain_expr(expr, visitor),
        }
    }
}

fn each_plain_expr(expr: &mut Expr, visitor: &mut impl VisitMut) {
    match expr {
        Expr::Plain(expr) => visitor.visit_expr_mut(expr),
        Expr::Await(found) => found
            .operand
            .iter_mut()
            .for_each(|operand| visitor.visit_expr_mut(operand)),
        Expr::Block { block, .. } => each_plain(block, visitor),
        Expr::If { cond, then, els } => {
            visitor.visit_expr_mut(cond);
            each_plain(then, visitor);
            els.iter_mut().for_each(|els| each_plain_expr(els, visitor));
        }
        Expr::Match { head, arms } => {
            visitor.visit_expr_mut(head);
            arms.iter_mut()
                .for_each(|arm| each_plain_expr(&mut arm.body, visitor));
        }
        Expr::Loop(Loop { cond, body, .. }) => {
            cond.iter_mut()
                .for_each(|cond| visitor.visit_expr_mut(cond));
            each_plain(body, visitor);
        }
    }
}

struct FindMention {
    mention: Mention,
    found: bool,
}

impl FindMention {
    fn text(&mut self, text: &str) {
        self.found |= names::unmark(text).is_some_and(|(_, mention)| mention == self.mention);
    }
}

impl<'ast> Visit<'ast> for FindMention {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.text(&ident.to_string());
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        names::each_name(mac.tokens.clone(), &mut |name| self.text(name));
    }
}
