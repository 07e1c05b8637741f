//! What an async block captures, and how: as the compiler would have it, or not at all where only types tell.
//!
//! A `move` block captures by value, and since edition 2021 only the parts of a local that it mentions. Behind a reference or a box the whole is
//! taken all the same, so `x.field` alone says nothing. Any mention of the local itself takes it whole.
//!
//! A block without `move` captures by value what it moves, and by reference what it only reads. A value that is copied may be captured either way:
//! nothing can change it while the compiler's block would borrow it.

use crate::names::{self, LocalId};
use crate::report::Edition;
use crate::resolve::{Resolved, takes_whole};
use crate::syntax::{as_ident, bare, is_format_macro, macro_args, macro_name, takes_values};
use crate::types::{Facts, Receiver, Table};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat};

/// A local that a block captures.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) local: LocalId,
    pub(super) by_reference: bool,
    /// The mention that stands for it outside.
    mention: Ident,
}

impl Capture {
    /// What is captured, in the function around the block.
    pub(super) fn argument(&self) -> Expr {
        let mention = &self.mention;
        if self.by_reference {
            syn::parse_quote!(&#mention)
        } else {
            syn::parse_quote!(#mention)
        }
    }
}

/// How a local is mentioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Its value is moved or copied.
    Value,
    /// It is borrowed, or read where it is.
    Read,
    /// It is assigned, or borrowed exclusively.
    Changed,
    /// A method is called on it.
    Called(Option<Receiver>),
    /// It is looked through: dereferenced, indexed, or matched with one of several variants.
    Through,
    /// A field of it.
    Part,
    /// It is taken apart by a pattern.
    Apart,
    /// `let _ = x;`
    Ignored,
    /// Only a macro knows.
    Hidden,
}

/// What is known of a function's locals before its blocks are looked at.
pub(super) struct Around<'a> {
    pub(super) resolved: &'a Resolved,
    pub(super) table: &'a Table,
    pub(super) edition: Edition,
    facts: HashMap<LocalId, Facts>,
    /// The last mention of each local.
    last: HashMap<LocalId, usize>,
}

impl<'a> Around<'a> {
    pub(super) fn of(
        resolved: &'a Resolved,
        block: &syn::Block,
        table: &'a Table,
        edition: Edition,
    ) -> Self {
        struct Lets<'t>(&'t Table, HashMap<LocalId, Facts>);
        impl<'ast> Visit<'ast> for Lets<'_> {
            fn visit_local(&mut self, local: &'ast syn::Local) {
                if let (Pat::Ident(pat), Some(init)) = (&local.pat, &local.init)
                    && pat.by_ref.is_none()
                    && let Some(local) = names::local(&pat.ident)
                    && let Some(facts) = self.0.facts_of(&init.expr)
                {
                    self.1.insert(local, facts);
                }
                visit::visit_local(self, local);
            }
        }
        let mut lets = Lets(table, HashMap::new());
        lets.visit_block(block);
        let mut facts = lets.1;
        for (i, local) in resolved.locals.iter().enumerate() {
            if let Some(ty) = &local.ty {
                facts.insert(LocalId(i), table.facts(ty));
            }
        }
        let mut last: HashMap<LocalId, usize> = HashMap::new();
        for (local, mention) in all_mentions(block.to_token_stream()) {
            let latest = last.entry(local).or_default();
            *latest = mention.max(*latest);
        }
        Around {
            resolved,
            table,
            edition,
            facts,
            last,
        }
    }

    fn facts(&self, local: LocalId) -> Facts {
        self.facts.get(&local).copied().unwrap_or_default()
    }

    /// What a block captures, in the compiler's order. `again`: what is declared inside of each loop and closure around the block.
    ///
    /// # Errors
    /// Says what only types tell.
    pub(super) fn captures(
        &self,
        block: &syn::ExprAsync,
        again: &[HashSet<LocalId>],
    ) -> Result<Vec<Capture>, String> {
        let own = declared(|found| found.visit_block(&block.block));
        let mut uses = Uses {
            around: self,
            by_move: false,
            found: Vec::new(),
        };
        uses.visit_block(&block.block);
        let mut order: Vec<(LocalId, Ident)> = Vec::new();
        let mut all: HashMap<LocalId, Vec<Use>> = HashMap::new();
        for (ident, how) in uses.found {
            let local = names::local(&ident).expect("only marked ones are found");
            if own.contains(&local) {
                continue;
            }
            let known = all.entry(local).or_default();
            if known.is_empty() {
                // Where it stands outside is nowhere in the source.
                let span = ident.span().located_at(proc_macro2::Span::call_site());
                let mut mention = ident;
                mention.set_span(span);
                order.push((local, mention));
            }
            known.push(how);
        }
        let mut inside: HashMap<LocalId, usize> = HashMap::new();
        for (local, mention) in all_mentions(block.block.to_token_stream()) {
            let latest = inside.entry(local).or_default();
            *latest = mention.max(*latest);
        }
        let mut captures = Vec::new();
        for (local, mention) in order {
            let uses = &all[&local];
            let later = self.last.get(&local) > inside.get(&local)
                || again.iter().any(|declared| !declared.contains(&local));
            let way = if block.capture.is_some() {
                self.moved(local, uses)?
            } else {
                self.inferred(local, uses, later)?
            };
            if let Some(by_reference) = way {
                captures.push(Capture {
                    local,
                    by_reference,
                    mention,
                });
            }
        }
        Ok(captures)
    }

    fn name(&self, local: LocalId) -> &str {
        match self.resolved.locals[local.0].base.as_str() {
            "this" => "self",
            name => name,
        }
    }

    /// Of a `move` block: whether a local is captured whole, or not at all.
    fn moved(&self, local: LocalId, uses: &[Use]) -> Result<Option<bool>, String> {
        if self.edition < Edition::E2021 {
            return Ok(Some(false));
        }
        if uses.iter().all(|found| *found == Use::Ignored) {
            return Ok(None);
        }
        let whole = |found: &Use| {
            matches!(
                found,
                Use::Value | Use::Read | Use::Changed | Use::Called(_) | Use::Through
            )
        };
        if uses.iter().any(whole) || self.looks_through(local) {
            return Ok(Some(false));
        }
        let name = self.name(local);
        Err(if uses.contains(&Use::Hidden) {
            format!("a macro decides what of `{name}` it captures")
        } else {
            format!("only the type of `{name}` says whether the block captures it whole")
        })
    }

    /// Whether a field of a local is found behind a pointer, which is captured whole.
    fn looks_through(&self, local: LocalId) -> bool {
        let facts = self.facts(local);
        if facts.shared || facts.unique {
            return true;
        }
        let ty = self.resolved.locals[local.0].ty.as_ref();
        ty.and_then(crate::types::type_name).is_some_and(|name| {
            matches!(name.as_str(), "Arc" | "Rc" | "Box" | "Pin")
                && ty.is_some_and(|ty| !self.table.defines(ty))
        })
    }

    /// Of a block without `move`: whether a local is captured by reference.
    fn inferred(&self, local: LocalId, uses: &[Use], later: bool) -> Result<Option<bool>, String> {
        let name = self.name(local);
        let facts = self.facts(local);
        let mutable = self.resolved.locals[local.0].mutable;
        let uses: Vec<Use> = uses
            .iter()
            .copied()
            .filter(|found| *found != Use::Ignored)
            .collect();
        let has = |wanted: Use| uses.contains(&wanted);
        if uses.is_empty() {
            return Ok(None);
        }
        if has(Use::Hidden) {
            return Err(format!("a macro decides how it captures `{name}`"));
        }
        if facts.copy && !mutable || facts.unique && !mutable && !later {
            // The pointer itself: what it points to is used through it either way.
            return Ok(Some(false));
        }
        let only_read = |found: &Use| match found {
            Use::Read => true,
            Use::Called(Some(Receiver::ByRef)) => !mutable && !facts.unique && self.owned(local),
            _ => false,
        };
        if name != "self" && uses.iter().all(only_read) {
            return Ok(Some(true));
        }
        let settled = |found: &Use| matches!(found, Use::Value | Use::Read);
        if uses.iter().all(settled) && !later {
            return Ok(Some(false));
        }
        Err(format!("only types say how the block captures `{name}`"))
    }

    /// Whether the type of a local is spelled, and no reference.
    fn owned(&self, local: LocalId) -> bool {
        let ty = self.resolved.locals[local.0].ty.as_ref();
        ty.is_some_and(|ty| matches!(ty, syn::Type::Path(_)))
    }
}

/// The locals that a piece of syntax declares.
pub(super) fn declared(inside: impl FnOnce(&mut Declared)) -> HashSet<LocalId> {
    let mut found = Declared(HashSet::new());
    inside(&mut found);
    found.0
}

pub(super) struct Declared(HashSet<LocalId>);

impl<'ast> Visit<'ast> for Declared {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.0.extend(names::local(&pat.ident));
        visit::visit_pat_ident(self, pat);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if let Some(args) = known_args(mac) {
            args.iter().for_each(|arg| self.visit_expr(arg));
        }
    }
}

/// Every mention in tokens, those in format strings too.
fn all_mentions(tokens: TokenStream) -> Vec<(LocalId, usize)> {
    let found = std::cell::RefCell::new(Vec::new());
    names::map_tokens(
        tokens,
        &mut |ident, _| {
            let marked = names::mention(ident).map(|(local, mention)| (local, mention.0));
            found.borrow_mut().extend(marked);
            None
        },
        &mut |literal| {
            names::map_captures(literal, &mut |name| {
                let marked = names::unmark(name).map(|(local, mention)| (local, mention.0));
                found.borrow_mut().extend(marked);
                None
            })
        },
    );
    found.into_inner()
}

/// The arguments of a macro of which it is known what becomes of them.
pub(super) fn known_args(mac: &syn::Macro) -> Option<Vec<Expr>> {
    let name = macro_name(mac);
    if is_format_macro(&name) || takes_values(mac) {
        macro_args(mac)
    } else {
        None
    }
}

/// Finds the uses of locals, in the order in which the compiler captures them.
struct Uses<'a> {
    around: &'a Around<'a>,
    /// Inside of a closure or block that captures by value.
    by_move: bool,
    found: Vec<(Ident, Use)>,
}

impl Uses<'_> {
    fn push(&mut self, ident: &Ident, how: Use) {
        if names::local(ident).is_some() {
            let how = match how {
                Use::Read | Use::Changed | Use::Called(_) | Use::Through if self.by_move => {
                    Use::Value
                }
                how => how,
            };
            self.found.push((ident.clone(), how));
        }
    }

    /// A place that is used in some way.
    fn place(&mut self, expr: &Expr, how: Use) {
        match bare(expr) {
            Expr::Path(path) => match as_ident(expr) {
                Some(ident) => self.push(ident, how),
                None => self.visit_expr_path(path),
            },
            Expr::Field(field) => self.place(
                &field.base,
                if matches!(bare(&field.base), Expr::Path(_)) {
                    Use::Part
                } else {
                    how
                },
            ),
            Expr::Index(index) => {
                self.place(&index.expr, Use::Through);
                self.visit_expr(&index.index);
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.place(&unary.expr, Use::Through);
            }
            expr => self.visit_expr(expr),
        }
    }

    /// A place that patterns look at.
    fn matched(&mut self, head: &Expr, pats: &[&Pat]) {
        if as_ident(head).is_none() {
            self.place(head, Use::Apart);
            return;
        }
        let how = if pats.iter().all(|pat| matches!(inner(pat), Pat::Wild(_))) {
            Use::Ignored
        } else if pats.iter().any(|pat| takes_whole(pat)) {
            Use::Value
        } else if pats.iter().any(|pat| discriminates(pat)) {
            Use::Through
        } else {
            Use::Apart
        };
        self.place(head, how);
    }

    fn within(&mut self, by_move: bool, inside: impl FnOnce(&mut Self)) {
        let outer = self.by_move;
        self.by_move |= by_move;
        inside(self);
        self.by_move = outer;
    }

    /// The mentions of a macro of which nothing is known.
    fn tokens(&mut self, tokens: &TokenStream) {
        for tree in tokens.clone() {
            match tree {
                TokenTree::Ident(ident) => self.push(&ident, Use::Hidden),
                TokenTree::Group(group) => self.tokens(&group.stream()),
                _ => {}
            }
        }
    }

    /// The names that format strings capture.
    fn captured(&mut self, tokens: TokenStream) {
        let mut found = Vec::new();
        names::map_tokens(tokens, &mut |_, _| None, &mut |literal| {
            // `{:p}` shows where it is.
            let how = if literal.to_string().contains("p}") {
                Use::Hidden
            } else {
                Use::Read
            };
            names::map_captures(literal, &mut |name| {
                if names::unmark(name).is_some() {
                    found.push((Ident::new(name, literal.span()), how));
                }
                None
            })
        });
        found.iter().for_each(|(ident, how)| self.push(ident, *how));
    }
}

/// Without parentheses and types.
fn inner(pat: &Pat) -> &Pat {
    match pat {
        Pat::Paren(pat) => inner(&pat.pat),
        Pat::Type(pat) => inner(&pat.pat),
        pat => pat,
    }
}

/// Whether a pattern looks which of several variants a value is.
fn discriminates(pat: &Pat) -> bool {
    let variant = |path: &syn::Path| {
        path.segments.last().is_some_and(|last| {
            ["Some", "None", "Ok", "Err", "Ready", "Pending"]
                .iter()
                .any(|name| last.ident == name)
        })
    };
    match inner(pat) {
        Pat::TupleStruct(pat) => variant(&pat.path),
        Pat::Path(pat) => variant(&pat.path),
        Pat::Ident(pat) => pat.ident == "None",
        Pat::Lit(_) | Pat::Range(_) => true,
        Pat::Or(pat) => pat.cases.iter().any(discriminates),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(ident) = path.path.get_ident() {
            self.push(ident, Use::Value);
        }
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        let how = if reference.mutability.is_some() {
            Use::Changed
        } else {
            Use::Read
        };
        self.place(&reference.expr, how);
    }

    fn visit_expr_raw_addr(&mut self, raw: &'ast syn::ExprRawAddr) {
        self.place(&raw.expr, Use::Changed);
    }

    fn visit_expr_field(&mut self, field: &'ast syn::ExprField) {
        self.place(&Expr::Field(field.clone()), Use::Value);
    }

    fn visit_expr_index(&mut self, index: &'ast syn::ExprIndex) {
        self.place(&index.expr, Use::Through);
        self.visit_expr(&index.index);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if matches!(unary.op, syn::UnOp::Deref(_)) {
            self.place(&unary.expr, Use::Through);
        } else {
            self.visit_expr(&unary.expr);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receiver = as_ident(&call.receiver)
            .and_then(names::local)
            .and_then(|local| {
                let ty = self.around.resolved.locals[local.0].ty.as_ref();
                self.around.table.receiver(ty, &call.method.to_string())
            });
        self.place(&call.receiver, Use::Called(receiver));
        call.args.iter().for_each(|arg| self.visit_expr(arg));
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if matches!(bare(&assign.left), Expr::Infer(_)) && as_ident(&assign.right).is_some() {
            self.place(&assign.right, Use::Ignored);
            return;
        }
        self.visit_expr(&assign.right);
        match bare(&assign.left) {
            Expr::Tuple(_) | Expr::Array(_) | Expr::Struct(_) | Expr::Call(_) => {
                // What it assigns are parts of any kind.
                self.tokens(&assign.left.to_token_stream());
            }
            left => self.place(left, Use::Changed),
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        use syn::BinOp;
        match binary.op {
            BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_) => {
                self.place(&binary.left, Use::Read);
                self.place(&binary.right, Use::Read);
            }
            BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_) => {
                self.visit_expr(&binary.right);
                self.place(&binary.left, Use::Changed);
            }
            _ => visit::visit_expr_binary(self, binary),
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.matched(&init.expr, &[&local.pat]);
            if let Some((_, diverge)) = &init.diverge {
                self.visit_expr(diverge);
            }
        }
    }

    fn visit_expr_let(&mut self, found: &'ast syn::ExprLet) {
        self.matched(&found.expr, &[&found.pat]);
    }

    fn visit_expr_match(&mut self, found: &'ast syn::ExprMatch) {
        let pats: Vec<&Pat> = found.arms.iter().map(|arm| &arm.pat).collect();
        self.matched(&found.expr, &pats);
        found.arms.iter().for_each(|arm| self.visit_arm(arm));
    }

    fn visit_expr_struct(&mut self, found: &'ast syn::ExprStruct) {
        for field in &found.fields {
            self.visit_expr(&field.expr);
        }
        if let Some(rest) = &found.rest {
            self.place(rest, Use::Apart);
        }
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.within(closure.capture.is_some(), |this| {
            this.visit_expr(&closure.body)
        });
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.within(block.capture.is_some(), |this| {
            this.visit_block(&block.block)
        });
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let Some(args) = known_args(mac) else {
            self.tokens(&mac.tokens);
            self.captured(mac.tokens.clone());
            return;
        };
        let by_value = takes_values(mac);
        for arg in &args {
            match arg {
                Expr::Assign(named) if !by_value => self.place(&named.right, Use::Read),
                arg if by_value => self.visit_expr(arg),
                arg => self.place(arg, Use::Read),
            }
        }
        for arg in &args {
            if let Expr::Lit(lit) = arg {
                self.captured(lit.to_token_stream());
            }
        }
    }
}

/// Inside of a block: what is captured by reference is used through it.
pub(super) struct Dereference<'a> {
    pub(super) captures: &'a [Capture],
}

impl Dereference<'_> {
    fn is(&self, ident: &Ident) -> bool {
        names::local(ident).is_some_and(|local| {
            self.captures
                .iter()
                .any(|capture| capture.by_reference && capture.local == local)
        })
    }
}

impl VisitMut for Dereference<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Reference(reference) = expr
            && reference.mutability.is_none()
            && as_ident(&reference.expr).is_some_and(|ident| self.is(ident))
        {
            *expr = (*reference.expr).clone();
            return;
        }
        if let Expr::MethodCall(call) = expr
            && as_ident(&call.receiver).is_some_and(|ident| self.is(ident))
        {
            let receiver = &call.receiver;
            call.receiver = syn::parse_quote!((*#receiver));
            call.args
                .iter_mut()
                .for_each(|arg| self.visit_expr_mut(arg));
            return;
        }
        if as_ident(expr).is_some_and(|ident| self.is(ident)) {
            *expr = syn::parse_quote!(*#expr);
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        if let Some(mut args) = known_args(mac) {
            for arg in &mut args {
                match arg {
                    Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                    arg => self.visit_expr_mut(arg),
                }
            }
            mac.tokens = quote::quote!(#(#args),*);
        }
    }
}
