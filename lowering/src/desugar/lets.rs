//! `let`s: values whose life they lengthen, and locals that get their value before the statement's temporaries drop.

use super::{Desugar, Position, Prefix, lift};
use crate::diagnostics::{Code, Diagnostic};
use crate::ir;
use crate::names::LocalId;
use crate::seeded::{self, Bug};
use crate::syntax::HasAwait;
use proc_macro2::Ident;
use quote::quote;
use syn::{Expr, Pat, Stmt};

/// The type of an array that a `let` borrows, if the type of the `let` says it: its elements are coerced to that.
fn referent(ty: &syn::Type, value: &Expr) -> Option<syn::Type> {
    let (syn::Type::Reference(ty), Expr::Array(array)) = (ty, crate::syntax::bare(value)) else {
        return None;
    };
    // Nothing is coerced to a plain type.
    let plain =
        |elem: &syn::Type| matches!(elem, syn::Type::Path(path) if path.path.get_ident().is_some());
    match &*ty.elem {
        syn::Type::Slice(slice) if !plain(&slice.elem) => {
            let length = proc_macro2::Literal::usize_unsuffixed(array.elems.len());
            let elem = &slice.elem;
            Some(syn::parse_quote!([#elem; #length]))
        }
        syn::Type::Array(array) if !plain(&array.elem) => Some((*ty.elem).clone()),
        _ => None,
    }
}

/// The value whose life `&` lengthens in a `let`: the innermost one under fields, elements and dereferences.
fn extended_value(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Paren(inner) => extended_value(&inner.expr),
        Expr::Group(inner) => extended_value(&inner.expr),
        Expr::Field(field) => extended_value(&field.base),
        Expr::Index(index) => extended_value(&index.expr),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
            extended_value(&unary.expr)
        }
        Expr::Path(_) => None,
        value => Some(value),
    }
}

/// Whether what leads from the value to what is borrowed of it waits.
fn index_waits(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(inner) => index_waits(&inner.expr),
        Expr::Group(inner) => index_waits(&inner.expr),
        Expr::Field(field) => index_waits(&field.base),
        Expr::Index(index) => index.index.has_await() || index_waits(&index.expr),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => index_waits(&unary.expr),
        _ => false,
    }
}

/// The same, to be replaced. For a place it is the place's root.
fn extended_value_mut(mut expr: &mut Expr) -> &mut Expr {
    loop {
        let inner = matches!(
            expr,
            Expr::Paren(_) | Expr::Group(_) | Expr::Field(_) | Expr::Index(_)
        ) || matches!(expr, Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)));
        if !inner {
            return expr;
        }
        expr = match expr {
            Expr::Paren(inner) => &mut inner.expr,
            Expr::Group(inner) => &mut inner.expr,
            Expr::Field(field) => &mut field.base,
            Expr::Index(index) => &mut index.expr,
            Expr::Unary(unary) => &mut unary.expr,
            _ => unreachable!("one of these, as just checked"),
        };
    }
}

/// `let (a, b);` as `let a; let b;`: each may need a slot of its own.
pub(super) fn one_by_one(local: &syn::Local) -> Option<Vec<Stmt>> {
    let (pat, ty) = match &local.pat {
        Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
        pat => (pat, None),
    };
    let Pat::Tuple(tuple) = pat else {
        return None;
    };
    let types = crate::types::tuple_parts(ty, tuple.elems.len());
    if ty.is_some() && types.is_none() {
        return None;
    }
    let mut stmts = Vec::new();
    for (i, pat) in tuple.elems.iter().enumerate() {
        let mut one = local.clone();
        one.pat = match types {
            Some(types) => Pat::Type(syn::PatType {
                attrs: Vec::new(),
                pat: Box::new(pat.clone()),
                colon_token: Default::default(),
                ty: Box::new(types[i].clone()),
            }),
            None => pat.clone(),
        };
        match pat {
            Pat::Ident(_) => stmts.push(Stmt::Local(one)),
            Pat::Tuple(_) => stmts.extend(one_by_one(&one)?),
            _ => return None,
        }
    }
    Some(stmts)
}

/// A `let` without its value, and the local that it declares, when it declares just one.
fn deferred(local: &syn::Local) -> Option<(Stmt, Ident)> {
    let ident = match &local.pat {
        Pat::Ident(pat) => pat,
        Pat::Type(typed) => match &*typed.pat {
            Pat::Ident(pat) => pat,
            _ => return None,
        },
        _ => return None,
    };
    if ident.by_ref.is_some()
        || ident.subpat.is_some()
        || crate::names::local(&ident.ident).is_none()
    {
        return None;
    }
    let name = ident.ident.clone();
    let declaration = syn::Local {
        init: None,
        ..local.clone()
    };
    Some((Stmt::Local(declaration), name))
}

/// Whether a `let` would lengthen the life of a temporary inside of this initialiser.
fn extends(expr: &Expr) -> bool {
    let tail = |block: &syn::Block| matches!(block.stmts.last(), Some(Stmt::Expr(expr, None)) if extends(expr));
    match crate::syntax::bare(expr) {
        Expr::Reference(reference) => {
            let constant =
                reference.mutability.is_none() && crate::syntax::is_constant(&reference.expr);
            !constant && extended_value(&reference.expr).is_some() || extends(&reference.expr)
        }
        Expr::Tuple(tuple) => tuple.elems.iter().any(extends),
        Expr::Array(array) => array.elems.iter().any(extends),
        Expr::Struct(expr) => expr.fields.iter().any(|field| extends(&field.expr)),
        Expr::Cast(cast) => extends(&cast.expr),
        Expr::Block(block) => tail(&block.block),
        Expr::If(expr) => {
            tail(&expr.then_branch)
                || expr
                    .else_branch
                    .as_ref()
                    .is_some_and(|(_, els)| extends(els))
        }
        Expr::Match(expr) => expr.arms.iter().any(|arm| extends(&arm.body)),
        _ => false,
    }
}

fn has_ref(pat: &Pat) -> bool {
    struct Refs(bool);
    impl<'ast> syn::visit::Visit<'ast> for Refs {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0 |= pat.by_ref.is_some();
            syn::visit::visit_pat_ident(self, pat);
        }
    }
    let mut refs = Refs(false);
    syn::visit::Visit::visit_pat(&mut refs, pat);
    refs.0
}

/// Whether a pattern binds something by `ref mut`.
fn refs_mutably(pat: &Pat) -> bool {
    bindings(pat)
        .iter()
        .any(|bound| bound.by_ref.is_some() && bound.mutability.is_some())
}

/// Whether a pattern binds nothing by value. What it does bind so drops on its own if a temporary of the value panics when it drops.
fn refs_only(pat: &Pat) -> bool {
    bindings(pat).iter().all(|bound| bound.by_ref.is_some())
}

/// Takes the type off a pattern.
fn untyped(pat: &mut Pat) {
    if let Pat::Type(typed) = pat {
        *pat = (*typed.pat).clone();
    }
}

/// What nothing binds: `_`, with or without a type.
fn is_wild(pat: &Pat) -> bool {
    match pat {
        Pat::Type(typed) => is_wild(&typed.pat),
        pat => matches!(pat, Pat::Wild(_)),
    }
}

/// Whether a pattern may leave a part of the value where it is.
fn leaves_a_part(pat: &Pat) -> bool {
    struct Left(bool);
    impl<'ast> syn::visit::Visit<'ast> for Left {
        fn visit_pat(&mut self, pat: &'ast Pat) {
            self.0 |= matches!(pat, Pat::Wild(_) | Pat::Rest(_));
            syn::visit::visit_pat(self, pat);
        }
        fn visit_pat_struct(&mut self, pat: &'ast syn::PatStruct) {
            self.0 |= pat.rest.is_some();
            syn::visit::visit_pat_struct(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut left = Left(false);
    syn::visit::Visit::visit_pat(&mut left, pat);
    left.0
}

/// What a pattern binds, in order.
fn bindings(pat: &Pat) -> Vec<syn::PatIdent> {
    struct Bindings(Vec<syn::PatIdent>);
    impl<'ast> syn::visit::Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            if crate::names::local(&pat.ident).is_some() {
                self.0.push(pat.clone());
            }
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast Expr) {}
    }
    let mut found = Bindings(Vec::new());
    syn::visit::Visit::visit_pat(&mut found, pat);
    found.0
}

/// A pattern that binds other locals instead.
fn rebound(mut pat: Pat, others: &[Ident]) -> Pat {
    struct Rebind<'a>(std::slice::Iter<'a, Ident>);
    impl syn::visit_mut::VisitMut for Rebind<'_> {
        fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
            if crate::names::local(&pat.ident).is_some() {
                pat.ident = self.0.next().expect("one a binding").clone();
                pat.mutability = None;
            }
            syn::visit_mut::visit_pat_ident_mut(self, pat);
        }
        fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
            // `Point { x }` names the field and the local.
            if field.colon_token.is_none() {
                field.colon_token = Some(Default::default());
            }
            syn::visit_mut::visit_field_pat_mut(self, field);
        }
        fn visit_expr_mut(&mut self, _: &mut Expr) {}
    }
    syn::visit_mut::VisitMut::visit_pat_mut(&mut Rebind(others.iter()), &mut pat);
    pat
}

impl Desugar<'_> {
    /// `let x = &make();` keeps the value as long as `x`, which may be longer than a step of the machine: the value gets a name.
    pub(super) fn extended(&mut self, mut stmt: Stmt, out: &mut Vec<ir::Stmt>) -> Stmt {
        let Stmt::Local(syn::Local {
            init: Some(init),
            pat,
            ..
        }) = &mut stmt
        else {
            return stmt;
        };
        let by_ref = matches!(&*pat, Pat::Ident(pat) if pat.by_ref.is_some())
            && !crate::syntax::is_place(&init.expr);
        match &mut *init.expr {
            Expr::Reference(reference)
                if extended_value(&reference.expr).is_some()
                    && !crate::syntax::is_constant(&reference.expr) =>
            {
                let mutable =
                    reference.mutability.is_some() || !matches!(*reference.expr, Expr::Path(_));
                let ty = match &*pat {
                    Pat::Type(typed) => referent(&typed.ty, &reference.expr),
                    _ => None,
                };
                let base = extended_value_mut(&mut reference.expr);
                self.extended_inside(base, &mut true, out);
                if extends(base) {
                    let span = reference.and_token.span;
                    self.refuse(Code::Temporary, span, "this `let` keeps a temporary alive beyond the statement, and the function waits later", "a value without a name", "give the borrowed value a name in a `let` before it");
                }
                let ident = self.name_value(base, ty, mutable, out);
                *base = lift::path(ident);
            }
            Expr::Macro(mac) if crate::syntax::macro_name(&mac.mac) == "pin" => {
                if let Some([value]) = crate::syntax::macro_args(&mac.mac).as_deref() {
                    let ident = self.name_value(&mut value.clone(), None, true, out);
                    *init.expr = syn::parse_quote!(rt__hr::pinned!(#ident));
                }
            }
            value if has_ref(pat) && init.diverge.is_none() && !by_ref => {
                let spelled = match &*pat {
                    Pat::Type(typed) => Some((*typed.ty).clone()),
                    _ => None,
                };
                let ty = match (&*pat, &*value) {
                    (Pat::Type(typed), _) => Some((*typed.ty).clone()),
                    (_, Expr::Tuple(tuple)) => {
                        let types = tuple.elems.iter().map(|elem| {
                            let ty = self.table.type_of(elem);
                            ty.unwrap_or_else(|| syn::parse_quote!(_))
                        });
                        Some(syn::parse_quote!((#(#types,)*)))
                    }
                    (_, value) => self.table.type_of(value),
                };
                let bare = match &*pat {
                    Pat::Type(typed) => &typed.pat,
                    pat => pat,
                };
                let settled = refs_only(pat) || !self.lingers(value);
                if let Some(ty) = ty
                    && settled
                    && !crate::syntax::is_place(value)
                    && !extends(value)
                {
                    // Whole until its own temporaries are dropped, which may panic.
                    let (locals, before) = (self.resolved.locals.len(), out.len());
                    let whole = lift::path(self.name_value(value, spelled.clone(), false, out));
                    if self.bind_apart(bare, &ty, &whole, true, out)
                        && let Some(ir::Stmt::Plain(last)) = out.pop()
                    {
                        return last;
                    }
                    out.truncate(before);
                    self.resolved.locals.truncate(locals);
                }
                if settled && !crate::syntax::is_place(value) && !extends(value) {
                    let whole = self.name_value(value, spelled, refs_mutably(pat), out);
                    *value = lift::path(whole);
                    untyped(pat);
                }
            }
            value if by_ref => {
                let ident = self.name_value(value, None, true, out);
                *init.expr = lift::path(ident);
            }
            value => self.extended_inside(value, &mut true, out),
        }
        self.check_extended(&stmt);
        stmt
    }

    /// Names the temporaries in the parts of a value, as far as evaluating them first changes nothing. `quiet`: nothing that was evaluated
    /// before ran code.
    fn extended_inside(&mut self, value: &mut Expr, quiet: &mut bool, out: &mut Vec<ir::Stmt>) {
        match value {
            Expr::Paren(inner) => self.extended_inside(&mut inner.expr, quiet, out),
            Expr::Tuple(tuple) => {
                for elem in &mut tuple.elems {
                    self.extended_inside(elem, quiet, out);
                }
            }
            Expr::Array(array) => {
                for elem in &mut array.elems {
                    self.extended_inside(elem, quiet, out);
                }
            }
            Expr::Struct(found) => {
                for field in &mut found.fields {
                    self.extended_inside(&mut field.expr, quiet, out);
                }
            }
            // Its own temporaries would drop before what comes behind it is evaluated.
            Expr::Reference(reference)
                if *quiet
                    && !self.leaves_temporaries(&reference.expr)
                    && extended_value(&reference.expr).is_some()
                    && !crate::syntax::is_constant(&reference.expr) =>
            {
                let base = extended_value_mut(&mut reference.expr);
                // All of it is evaluated at its turn.
                self.extended_inside(base, &mut true, out);
                let ident = self.name_value(base, None, true, out);
                *base = lift::path(ident);
            }
            Expr::Cast(cast) => self.extended_inside(&mut cast.expr, quiet, out),
            Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
                match block.block.stmts.as_mut_slice() {
                    [Stmt::Expr(tail, None)] => self.extended_inside(tail, quiet, out),
                    _ => *quiet = false,
                }
            }
            // What moves here drops before all locals, should something behind it panic.
            Expr::Path(path) => {
                let local = path.path.get_ident().and_then(crate::names::local);
                let ty = local.and_then(|local| self.resolved.locals[local.0].ty.as_ref());
                *quiet &= local.is_none() || ty.is_some_and(|ty| self.table.facts(ty).no_drop);
            }
            Expr::Reference(reference) if matches!(*reference.expr, Expr::Path(_)) => {}
            other => *quiet &= crate::syntax::is_constant(other),
        }
    }

    /// `let Some(x) = &make() else { .. };` and `let Some(ref x) = make() else { .. };` keep the value as long as `x`, but not in the `else`
    /// block: it gets a name, and drops there.
    pub(super) fn kept_by_a_pattern(&mut self, stmt: &mut Stmt) -> Option<Stmt> {
        let Stmt::Local(local) = stmt else {
            return None;
        };
        let init = local.init.as_mut()?;
        let (_, els) = init.diverge.as_mut()?;
        let (value, mutable, ty) = match &mut *init.expr {
            Expr::Reference(reference)
                if extended_value(&reference.expr).is_some()
                    && !crate::syntax::is_constant(&reference.expr) =>
            {
                let mutable = reference.mutability.is_some();
                (extended_value_mut(&mut reference.expr), mutable, None)
            }
            value
                if has_ref(&local.pat)
                    && refs_only(&local.pat)
                    && !crate::syntax::is_place(value) =>
            {
                let ty = match &local.pat {
                    Pat::Type(typed) => Some((*typed.ty).clone()),
                    _ => None,
                };
                let mutable = refs_mutably(&local.pat);
                untyped(&mut local.pat);
                (value, mutable, ty)
            }
            _ => return None,
        };
        if extends(value) {
            return None;
        }
        let span = syn::spanned::Spanned::span(value);
        let whole = self.resolved.hidden("whole", span);
        self.resolved.locals[whole.0].mutable = mutable;
        let mut mention = || self.resolved.mention(whole);
        let (declared, named, dropped) = (mention(), mention(), mention());
        let value = std::mem::replace(value, lift::path(named));
        let dropped: Stmt = syn::parse_quote!(::core::mem::drop(#dropped););
        match &mut **els {
            Expr::Block(block) => block.block.stmts.insert(0, dropped),
            els => *els = syn::parse_quote!({ #dropped #els }),
        }
        let mutability = mutable.then(|| quote!(mut));
        let ty = ty.map(|ty| quote!(: #ty));
        Some(syn::parse_quote!(let #mutability #declared #ty = #value;))
    }

    /// Refuses a `let` that still lengthens the life of a temporary.
    fn check_extended(&mut self, stmt: &Stmt) {
        let Stmt::Local(syn::Local {
            init: Some(init),
            pat,
            ..
        }) = stmt
        else {
            return;
        };
        let place = crate::syntax::is_place(&init.expr);
        if extends(&init.expr) || has_ref(pat) && !place {
            let span = init.eq_token.span;
            self.refuse(Code::Temporary, span, "this `let` keeps a temporary alive beyond the statement, and the function waits later", "a value without a name", "give the borrowed value a name in a `let` before it");
        }
    }

    /// Whether an expression may leave temporaries until the end of its statement, what it awaits included.
    fn lingers(&self, expr: &Expr) -> bool {
        if !expr.has_await() {
            return self.leaves_temporaries(expr);
        }
        let each = |operand: &Expr| self.lingers(operand);
        match crate::syntax::bare(expr) {
            Expr::Await(found) => self.lingers(&found.base),
            Expr::Try(found) => self.lingers(&found.expr),
            Expr::Call(call) => !matches!(*call.func, Expr::Path(_)) || call.args.iter().any(each),
            Expr::Tuple(tuple) => tuple.elems.iter().any(each),
            Expr::Array(array) => array.elems.iter().any(each),
            Expr::Struct(found) => {
                found.rest.is_some() || found.fields.iter().any(|field| each(&field.expr))
            }
            _ => true,
        }
    }

    fn name_value(
        &mut self,
        value: &mut Expr,
        ty: Option<syn::Type>,
        mutable: bool,
        out: &mut Vec<ir::Stmt>,
    ) -> Ident {
        let span = syn::spanned::Spanned::span(value);
        let local = self.resolved.hidden("temp", span);
        self.resolved.locals[local.0].mutable = mutable;
        let declared = self.resolved.mention(local);
        let mutability = mutable.then(|| quote!(mut));
        let ty = ty.map(|ty| quote!(: #ty));
        out.push(ir::Stmt::Plain(
            syn::parse_quote!(let #mutability #declared #ty = #value;),
        ));
        self.resolved.mention(local)
    }

    pub(super) fn local(&mut self, mut local: syn::Local, out: &mut Vec<ir::Stmt>) {
        // The pattern borrows from the value, which lives as long as what it binds.
        if has_ref(&local.pat)
            && let Some(init) = &mut local.init
            && init.diverge.is_none()
            && init.expr.has_await()
            && !extends(&init.expr)
            && (refs_only(&local.pat) || !self.lingers(&init.expr))
        {
            let span = local.let_token.span;
            let whole = self.resolved.hidden("whole", span);
            self.resolved.locals[whole.0].mutable = refs_mutably(&local.pat);
            let declared = self.resolved.mention(whole);
            let mutability = refs_mutably(&local.pat).then(|| quote!(mut));
            let named = self.resolved.mention(whole);
            let value = std::mem::replace(&mut *init.expr, lift::path(named));
            let ty = match &local.pat {
                Pat::Type(typed) => Some((*typed.ty).clone()),
                _ => None,
            };
            untyped(&mut local.pat);
            let ty = ty.map(|ty| quote!(: #ty));
            let whole: Stmt = syn::parse_quote!(let #mutability #declared #ty = #value;);
            if let Stmt::Local(whole) = whole {
                self.local(whole, out);
            }
            out.push(ir::Stmt::Plain(Stmt::Local(local)));
            return;
        }
        if let Some(init) = &local.init {
            let simple = matches!(&*init.expr, Expr::Reference(reference) if extended_value(&reference.expr).is_some_and(|base| base.has_await() && !extends(base)) && !index_waits(&reference.expr));
            if !simple {
                self.check_extended(&Stmt::Local(local.clone()));
            }
        }
        let Some(init) = local.init.take() else {
            self.sink.push(Diagnostic::new(
                Code::Internal,
                local.let_token.span,
                "a `let` with an await and no value",
                "this",
                None,
            ));
            return;
        };
        let diverge = init.diverge.map(|(_, expr)| *expr);
        let expr = *init.expr;
        let mut prefix = Prefix::default();
        // `let x = &f().await;` keeps the value as long as `x`.
        if let Expr::Reference(reference) = &expr
            && let Some(base) = extended_value(&reference.expr)
            && base.has_await()
        {
            let temp = self.resolved.hidden("temp", reference.and_token.span);
            self.resolved.locals[temp.0].mutable = reference.mutability.is_some();
            let value = self.value(base.clone(), &mut prefix);
            let ident = self.resolved.mention(temp);
            let mutability = &reference.mutability;
            if prefix.scoped {
                // A name of its own: it is declared before what the value is made of.
                self.resolved.locals[temp.0].base = "temporary".to_owned();
                let declaration = syn::parse_quote!(let #mutability #ident;);
                self.assigned(declaration, &ident, prefix, value, out);
            } else {
                out.append(&mut prefix.stmts);
                out.push(ir::Stmt::Let {
                    attrs: Vec::new(),
                    pat: syn::parse_quote!(#mutability #ident),
                    init: value,
                    els: None,
                });
            }
            let els = diverge.map(|expr| self.diverge(expr));
            let mut place = (*reference.expr).clone();
            let name = self.resolved.mention(temp);
            *extended_value_mut(&mut place) = lift::path(name);
            let pat = &local.pat;
            match els {
                None => out.push(ir::Stmt::Plain(
                    syn::parse_quote!(let #pat = & #mutability #place;),
                )),
                Some(els) => out.push(ir::Stmt::Let {
                    attrs: local.attrs,
                    pat: local.pat,
                    init: ir::Expr::Plain(syn::parse_quote!(& #mutability #place)),
                    els: Some(els),
                }),
            }
            return;
        }
        let shadows = bindings(&local.pat)
            .iter()
            .any(|bound| self.mentions_namesake(&expr, &bound.ident));
        let value = if expr.has_await() {
            self.value(expr, &mut prefix)
        } else {
            ir::Expr::Plain(expr)
        };
        // What nothing binds drops first, and the statement's temporaries behind it.
        if prefix.scoped && diverge.is_none() && is_wild(&local.pat) {
            let mut stmts = prefix.stmts;
            stmts.push(ir::Stmt::Let {
                attrs: local.attrs,
                pat: local.pat,
                init: value,
                els: None,
            });
            out.push(ir::Stmt::Expr {
                expr: ir::Expr::Block {
                    label: None,
                    block: ir::Block::new(stmts),
                },
                semi: true,
            });
            return;
        }
        if let (true, None, Some((declaration, name))) = (prefix.scoped, &diverge, deferred(&local))
            && !matches!(value, ir::Expr::Plain(Expr::Reference(_)))
        {
            if !shadows {
                self.assigned(declaration, &name, prefix, value, out);
                return;
            }
            // Its value is made of a local of the same name, so it is declared behind that.
            let temporary = self.resolved.hidden("temporary", name.span());
            let declared = self.resolved.mention(temporary);
            let renamed = crate::names::map_tokens(
                quote!(#declaration),
                &mut |ident, _| (*ident == name).then(|| quote!(#declared)),
                &mut |_| None,
            );
            let declaration: Stmt = syn::parse_quote!(#renamed);
            self.assigned(declaration, &declared, prefix, value, out);
            let value = self.resolved.mention(temporary);
            local.init = Some(syn::LocalInit {
                eq_token: Default::default(),
                expr: Box::new(lift::path(value)),
                diverge: None,
            });
            out.push(ir::Stmt::Plain(Stmt::Local(local)));
            return;
        }
        if prefix.temporaries > 0 && diverge.is_none() {
            self.taken_apart(local, shadows, prefix, value, out);
            return;
        }
        if prefix.scoped && prefix.temporaries > 0 {
            // Should a temporary's drop panic, the compiler drops what the pattern bound; the value of a block would leak.
            let span = local.let_token.span;
            self.refuse(
                Code::Temporary,
                span,
                "a temporary is held across the await, and the pattern takes the value apart before it drops",
                "this `let`",
                "give the temporary a name in a `let` before it",
            );
        }
        let init = if prefix.scoped {
            self.enclose(prefix, value, false)
        } else {
            out.extend(prefix.stmts);
            value
        };
        // After the value: states are numbered in the order in which they are reached.
        let els = diverge.map(|expr| self.diverge(expr));
        match (init, els) {
            (ir::Expr::Plain(expr), None) => {
                local.init = Some(syn::LocalInit {
                    eq_token: Default::default(),
                    expr: Box::new(expr),
                    diverge: None,
                });
                out.push(ir::Stmt::Plain(Stmt::Local(local)));
            }
            (init, els) => {
                // What the pattern leaves of it drops with the statement. A variable keeps that.
                let init = match init {
                    ir::Expr::Plain(value) if !seeded::is(Bug::RestStays) => {
                        ir::Expr::Plain(lift::temporary(value))
                    }
                    init => init,
                };
                out.push(ir::Stmt::Let {
                    attrs: local.attrs,
                    pat: local.pat,
                    init,
                    els,
                })
            }
        }
    }

    /// Whether an expression mentions another local of the same name.
    fn mentions_namesake(&self, expr: &Expr, name: &Ident) -> bool {
        let this = crate::names::local(name);
        let found = std::cell::Cell::new(false);
        let look = |other: Option<LocalId>| {
            let base = |local: LocalId| &self.resolved.locals[local.0].base;
            found.set(found.get() || this != other && this.map(base) == other.map(base));
        };
        crate::names::map_tokens(
            quote!(#expr),
            &mut |ident, _| {
                look(crate::names::local(ident));
                None
            },
            &mut |literal| {
                crate::names::map_captures(literal, &mut |text| {
                    look(crate::names::unmark(text).map(|(local, _)| local));
                    None
                })
            },
        );
        found.get()
    }

    /// A local gets its value before the statement's temporaries drop: when one of these drops panics, it drops too.
    fn assigned(
        &mut self,
        declaration: Stmt,
        name: &Ident,
        prefix: Prefix,
        value: ir::Expr,
        out: &mut Vec<ir::Stmt>,
    ) {
        out.push(ir::Stmt::Plain(declaration));
        let id = crate::names::local(name).expect("a local of the function");
        let assigned = self.resolved.mention(id);
        let mut stmts = prefix.stmts;
        let value = match value {
            ir::Expr::Plain(value) => value,
            node => {
                let hidden = self.resolved.hidden("ready", name.span());
                let declared = self.resolved.mention(hidden);
                stmts.push(ir::Stmt::Let {
                    attrs: Vec::new(),
                    pat: syn::parse_quote!(#declared),
                    init: node,
                    els: None,
                });
                lift::path(self.resolved.mention(hidden))
            }
        };
        stmts.push(ir::Stmt::Plain(syn::parse_quote!(#assigned = #value;)));
        out.push(ir::Stmt::Expr {
            expr: ir::Expr::Block {
                label: None,
                block: ir::Block::new(stmts),
            },
            semi: true,
        });
    }

    /// A pattern takes a value apart before the statement's temporaries drop: what it binds gets its value there, as one local does.
    ///
    /// ```text
    /// // Input:
    /// let (conn, driver) = connect(&config()).await;
    /// // Output:
    /// let conn;
    /// let driver;
    /// {
    ///     let temp = config();
    ///     let (conn_bound, driver_bound) = connect(&temp).await;
    ///     conn = conn_bound;
    ///     driver = driver_bound;
    /// }
    /// ```
    fn taken_apart(
        &mut self,
        local: syn::Local,
        shadows: bool,
        mut prefix: Prefix,
        value: ir::Expr,
        out: &mut Vec<ir::Stmt>,
    ) {
        // What the value itself leaves outlives what the pattern leaves of it.
        let value = match value {
            ir::Expr::Plain(value) => ir::Expr::Plain(self.settle(value, &mut prefix)),
            node => node,
        };
        let attrs = local.attrs;
        let (pat, ty) = match local.pat {
            Pat::Type(typed) => (*typed.pat, Some(typed.ty)),
            pat => (pat, None),
        };
        let (mut inner, mut behind) = (Vec::new(), Vec::new());
        let mut assignments = Vec::new();
        for syn::PatIdent {
            ident, mutability, ..
        } in bindings(&pat)
        {
            let local = crate::names::local(&ident).expect("a binding");
            let base = self.resolved.locals[local.0].base.clone();
            let bound = self.resolved.hidden(
                &format!("{}_bound", base.trim_start_matches("r#")),
                ident.span(),
            );
            inner.push(self.resolved.mention(bound));
            let value = self.resolved.mention(bound);
            let mut given = local;
            if shadows {
                // The value is made of a local of the same name, so this one is declared behind that.
                given = self.resolved.hidden("temporary", ident.span());
                let value = self.resolved.mention(given);
                behind.push(syn::parse_quote!(#(#attrs)* let #mutability #ident = #value;));
            }
            let (declared, assigned) = (self.resolved.mention(given), self.resolved.mention(given));
            let mutability = mutability.filter(|_| !shadows);
            out.push(ir::Stmt::Plain(
                syn::parse_quote!(#(#attrs)* let #mutability #declared;),
            ));
            assignments.push(syn::parse_quote!(#assigned = #value;));
        }
        let pat = rebound(pat, &inner);
        let typed = |pat: Pat| match ty {
            None => pat,
            Some(ty) => Pat::Type(syn::PatType {
                attrs: Vec::new(),
                pat: Box::new(pat),
                colon_token: Default::default(),
                ty,
            }),
        };
        let mut bind = |pat: Pat, init: ir::Expr| {
            prefix.stmts.push(match init {
                ir::Expr::Plain(init) => ir::Stmt::Plain(syn::parse_quote!(let #pat = #init;)),
                init => ir::Stmt::Let {
                    attrs: Vec::new(),
                    pat,
                    init,
                    els: None,
                },
            });
        };
        let named =
            matches!(&value, ir::Expr::Plain(expr) if crate::syntax::as_ident(expr).is_some());
        if leaves_a_part(&pat) && !named {
            // What the pattern leaves drops behind the assignments, and before the temporaries.
            let whole = self.resolved.hidden("value", local.let_token.span);
            let declared = self.resolved.mention(whole);
            bind(typed(syn::parse_quote!(#declared)), value);
            let whole = self.resolved.mention(whole);
            bind(pat, ir::Expr::Plain(lift::path(whole)));
        } else {
            bind(typed(pat), value);
        }
        prefix
            .stmts
            .extend(assignments.into_iter().map(ir::Stmt::Plain));
        out.push(ir::Stmt::Expr {
            expr: ir::Expr::Block {
                label: None,
                block: ir::Block::new(prefix.stmts),
            },
            semi: true,
        });
        out.extend(behind.into_iter().map(ir::Stmt::Plain));
    }

    /// The `else` block of a `let`.
    fn diverge(&mut self, expr: Expr) -> ir::Block {
        match expr {
            Expr::Block(block) => self.block(block.block, Position::Branch),
            other => ir::Block::new(vec![ir::Stmt::Plain(Stmt::Expr(other, None))]),
        }
    }
}
