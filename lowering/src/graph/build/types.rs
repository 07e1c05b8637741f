//! The types of locals that the source does not spell but shows.

use super::Walk;
use crate::ir;
use crate::names::{self, LocalId};
use crate::syntax::{as_ident, bare, runtime_value};
use crate::types::{Site, is_primitive, type_name};
use std::collections::HashMap;
use syn::{BinOp, Expr, Pat, Type, UnOp};

impl Walk<'_> {
    /// Notes what a local is bound to. One that is bound more than once, to what is not known to be of one type, has no known type.
    pub(super) fn bound_to(&mut self, local: LocalId, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.types.insert(local, ty.clone());
            self.loosely.remove(&local);
        }
        let known = self.exact.entry(local).or_insert_with(|| ty.cloned());
        if known.as_ref() != ty {
            *known = None;
        }
    }

    /// The types that were found, of locals for which the source spells none.
    pub(super) fn exact_types(&self) -> HashMap<LocalId, Type> {
        let unspelled = |local: &LocalId| self.resolved.locals[local.0].ty.is_none();
        self.exact
            .iter()
            .filter(|(local, _)| unspelled(local))
            .filter_map(|(local, ty)| Some((*local, ty.clone()?)))
            .collect()
    }

    /// The type of a value, where its own syntax, the types of locals or the functions of the file show it.
    pub(super) fn exact_type(&self, expr: &Expr) -> Option<Type> {
        match bare(expr) {
            Expr::Path(_) if as_ident(expr).and_then(names::local).is_some() => {
                self.exact_local(as_ident(expr).and_then(names::local)?)
            }
            Expr::Binary(binary) => self.exact_binary(binary),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                self.exact_type(&unary.expr).filter(is_number)
            }
            Expr::Try(inner) => self.continued(&self.exact_type(&inner.expr)?),
            Expr::Field(field) => {
                let base = self.exact_place(&field.base)?;
                let member = crate::syntax::member(&field.member);
                self.table.field(&base, &member).map(|ty| ty.into_owned())
            }
            expr if runtime_value(expr).is_some() => self.exact_type(runtime_value(expr)?),
            expr => self.table.type_of(expr).or_else(|| self.given(expr, false)),
        }
    }

    /// The type of what an await gives.
    pub(super) fn awaited_type(&self, init: &ir::Expr) -> Option<Type> {
        match init {
            ir::Expr::Await(awaited) => self.given(awaited.operand.as_ref()?, true),
            _ => None,
        }
    }

    fn given(&self, call: &Expr, awaited: bool) -> Option<Type> {
        let receiver = self.receiver_type(call);
        let ty = self
            .table
            .result(call, receiver.as_ref(), self.site(awaited))?;
        self.table
            .closed(&ty, &Default::default())
            .then(|| ty.into_owned())
    }

    /// The function that an awaited call calls, if all its calls have one type.
    pub(super) fn callee(&self, call: &Expr) -> Option<String> {
        let receiver = self.receiver_type(call);
        self.table.uniform(call, receiver.as_ref(), self.site(true))
    }

    fn receiver_type(&self, call: &Expr) -> Option<Type> {
        match bare(call) {
            Expr::MethodCall(call) => self.exact_place(&call.receiver),
            _ => None,
        }
    }

    fn site(&self, awaited: bool) -> Site<'_> {
        Site {
            module: self.resolved.module.as_deref(),
            self_ty: self.resolved.self_ty.as_ref(),
            awaited,
        }
    }

    fn exact_local(&self, local: LocalId) -> Option<Type> {
        match &self.resolved.locals[local.0].ty {
            Some(spelled) => Some(spelled.clone()),
            None => self.exact.get(&local)?.clone(),
        }
    }

    /// The type of a place, or what it refers to.
    fn exact_place(&self, place: &Expr) -> Option<Type> {
        let ty = match as_ident(place).and_then(names::local) {
            Some(local) => self.exact_local(local)?,
            None => self.exact_type(place)?,
        };
        let mut inner = &ty;
        while let Type::Reference(reference) = inner {
            inner = &reference.elem;
        }
        match (inner, &self.resolved.self_ty) {
            (Type::Path(path), Some(owner)) if path.path.is_ident("Self") => Some(owner.clone()),
            (inner, _) => Some(inner.clone()),
        }
    }

    fn exact_binary(&self, binary: &syn::ExprBinary) -> Option<Type> {
        match binary.op {
            BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_)
            | BinOp::And(_)
            | BinOp::Or(_) => Some(syn::parse_quote!(bool)),
            BinOp::Add(_)
            | BinOp::Sub(_)
            | BinOp::Mul(_)
            | BinOp::Div(_)
            | BinOp::Rem(_)
            | BinOp::BitAnd(_)
            | BinOp::BitOr(_)
            | BinOp::BitXor(_) => {
                let left = self.exact_type(&binary.left).filter(is_number);
                let right = self.exact_type(&binary.right).filter(is_number);
                match (left, right) {
                    (Some(left), Some(right)) => (left == right).then_some(left),
                    (Some(ty), None) => is_plain_literal(&binary.right).then_some(ty),
                    (None, Some(ty)) => is_plain_literal(&binary.left).then_some(ty),
                    (None, None) => None,
                }
            }
            _ => None,
        }
    }

    /// What `?` gives of a value.
    fn continued(&self, ty: &Type) -> Option<Type> {
        let Type::Path(path) = ty else {
            return None;
        };
        let last = path.path.segments.last()?;
        let name = last.ident.to_string();
        let syn::PathArguments::AngleBracketed(args) = &last.arguments else {
            return None;
        };
        if !matches!(&*name, "Option" | "Result")
            || path.path.segments.len() > 1
            || !self.table.is_of_prelude(&name)
        {
            return None;
        }
        match args.args.first()? {
            syn::GenericArgument::Type(ty) => Some(ty.clone()),
            _ => None,
        }
    }

    /// What a pattern, and the type of what it looks at, say about what it binds: by value or by reference, so no more than that its drop
    /// does nothing.
    pub(super) fn types_of_bindings(&mut self, pat: &Pat, head: Option<&Expr>) {
        let ty = head.and_then(|head| self.type_of(head));
        for (local, ty) in self.table.bound_types(pat, ty.as_ref()) {
            if self.table.facts(&ty).no_drop {
                let facts = self.facts.entry(local).or_default();
                facts.no_drop = true;
            }
            self.types.entry(local).or_insert_with(|| {
                self.loosely.insert(local);
                ty
            });
        }
    }

    /// The type of a place or of what is borrowed from one, without the reference.
    pub(super) fn type_of(&self, expr: &Expr) -> Option<syn::Type> {
        match bare(expr) {
            Expr::Reference(reference) => self.type_of(&reference.expr),
            Expr::Field(field) => {
                let base = self.type_of(&field.base)?;
                let ty = self
                    .table
                    .field(&base, &crate::syntax::member(&field.member))?;
                Some(ty.into_owned())
            }
            expr => match as_ident(expr).and_then(names::local) {
                Some(local) => self.ty(local).cloned(),
                None => self.table.type_of(expr),
            },
        }
    }
}

/// Whether a type is a number or `bool`.
fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.get_ident().is_some_and(|name| is_primitive(&name.to_string())))
        && type_name(ty).is_some_and(|name| !matches!(&*name, "str" | "char"))
}

/// Whether it is a number without a type of its own.
fn is_plain_literal(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Lit(lit) => match &lit.lit {
            syn::Lit::Int(int) => int.suffix().is_empty(),
            syn::Lit::Float(float) => float.suffix().is_empty(),
            _ => false,
        },
        _ => false,
    }
}
