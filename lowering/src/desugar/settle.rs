//! Temporaries that would be alive across an await become hidden locals.

use super::lift::{path, temporary};
use super::temporaries::{Temporaries, is_literal, is_settled_value};
use super::{Desugar, Prefix, value_of};
use crate::diagnostics::Code;
use crate::syntax::{bare, is_constant, is_place};
use syn::spanned::Spanned;
use syn::{BinOp, Expr};

impl Desugar<'_> {
    /// Whether an await-free expression may leave temporaries alive until the end of its statement.
    pub(super) fn leaves_temporaries(&self, expr: &Expr) -> bool {
        self.temporaries().of_value(expr)
    }

    pub(super) fn macro_leaves_temporaries(&self, mac: &syn::Macro) -> bool {
        self.temporaries().of_macro(mac)
    }

    pub(super) fn place_leaves_temporaries(&self, expr: &Expr) -> bool {
        self.temporaries().of_place(expr)
    }

    pub(super) fn temporaries(&self) -> Temporaries<'_> {
        Temporaries {
            resolved: self.resolved,
            table: self.table,
            edition: self.edition,
        }
    }

    /// The expression with hidden locals in place of the temporaries that it leaves. Where no syntax says which these are, the whole
    /// expression is evaluated in a holder, which keeps them.
    pub(super) fn settle(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if !self.leaves_temporaries(&expr) {
            return self.settle_part(expr, prefix);
        }
        let before = (prefix.clone(), self.tail.clone());
        let (locals, holders) = (self.resolved.locals.len(), self.holders.len());
        let outer = std::mem::take(&mut self.unsettled);
        let settled = self.settle_part(expr.clone(), prefix);
        let Some(span) = std::mem::replace(&mut self.unsettled, outer) else {
            return settled;
        };
        if self.pending > 0 || crate::hold::within::may_jump(&expr) {
            self.refuse(
                Code::Temporary,
                span,
                "a temporary of this expression may be held across an await",
                "only types or an expansion say for how long",
                "give it a name in a `let` before it",
            );
            return settled;
        }
        (*prefix, self.tail) = before;
        self.resolved.locals.truncate(locals);
        self.holders.truncate(holders);
        let span = expr.span();
        let left = self.declare_temporary("temps", span, prefix);
        self.holders
            .push(crate::names::local(&left).expect("hidden"));
        syn::parse_quote!(#[held__hr(#left)] { #expr })
    }

    fn settle_part(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if !self.leaves_temporaries(&expr) {
            // The value itself is what is used here, so nothing is left of its holder.
            return match value_of(&expr) {
                Some(ident) => path(ident.clone()),
                None => expr,
            };
        }
        let span = expr.span();
        match expr {
            Expr::Paren(paren) => self.settle_part(*paren.expr, prefix),
            Expr::Group(group) => self.settle_part(*group.expr, prefix),
            Expr::Reference(mut reference) => {
                let mutable = reference.mutability.is_some();
                // What it is passed to decides of which type its elements are.
                if may_coerce(&reference.expr) {
                    return self.lend(reference, prefix);
                }
                *reference.expr = self.settle_place(*reference.expr, mutable, prefix);
                Expr::Reference(reference)
            }
            Expr::MethodCall(mut call) => {
                let mut args: Vec<Expr> = call.args.iter().cloned().collect();
                let receiver = *call.receiver;
                let receiver_is_place = is_place(&receiver)
                    && !self.place_leaves_temporaries(&receiver)
                    || matches!(bare(&receiver), Expr::Lit(_));
                let late = args.iter().any(|arg| self.leaves_temporaries(arg));
                if receiver_is_place && late && !self.plain(&receiver) {
                    // Only types say what its evaluation does, so the arguments stay behind it.
                    call.args = args
                        .into_iter()
                        .map(|arg| self.settle_in_turn(arg, prefix))
                        .collect();
                    *call.receiver = receiver;
                    return Expr::MethodCall(call);
                }
                let receiver = if receiver_is_place {
                    receiver
                } else {
                    self.settle_place(receiver, true, prefix)
                };
                self.settle_all(&mut args, prefix);
                call.args = args.into_iter().collect();
                *call.receiver = receiver;
                Expr::MethodCall(call)
            }
            Expr::Call(mut call) => {
                let mut args: Vec<Expr> = call.args.iter().cloned().collect();
                self.settle_all(&mut args, prefix);
                call.args = args.into_iter().collect();
                Expr::Call(call)
            }
            Expr::Tuple(mut tuple) => {
                let mut elems: Vec<Expr> = tuple.elems.iter().cloned().collect();
                self.settle_all(&mut elems, prefix);
                tuple
                    .elems
                    .iter_mut()
                    .zip(elems)
                    .for_each(|(slot, elem)| *slot = elem);
                Expr::Tuple(tuple)
            }
            Expr::Array(mut array) => {
                let mut elems: Vec<Expr> = array.elems.iter().cloned().collect();
                self.settle_all(&mut elems, prefix);
                array.elems = elems.into_iter().collect();
                Expr::Array(array)
            }
            Expr::Struct(mut expr) if expr.rest.is_none() => {
                let mut fields: Vec<Expr> =
                    expr.fields.iter().map(|field| field.expr.clone()).collect();
                self.settle_all(&mut fields, prefix);
                expr.fields
                    .iter_mut()
                    .zip(fields)
                    .for_each(|(field, value)| field.expr = value);
                Expr::Struct(expr)
            }
            // What the struct leaves of the value behind `..` stays to the end of the statement, in a holder.
            Expr::Struct(mut expr) => {
                let rest = expr.rest.take().expect("the other has none");
                let mut operands: Vec<Expr> =
                    expr.fields.iter().map(|field| field.expr.clone()).collect();
                operands.push(*rest);
                self.settle_all(&mut operands, prefix);
                expr.rest = operands.pop().map(Box::new);
                expr.fields
                    .iter_mut()
                    .zip(operands)
                    .for_each(|(field, value)| field.expr = value);
                let left = self.declare_temporary("rest_held", span, prefix);
                self.holders
                    .push(crate::names::local(&left).expect("hidden"));
                expr.attrs.push(syn::parse_quote!(#[held__hr(#left)]));
                Expr::Struct(expr)
            }
            Expr::Binary(mut binary)
                if !matches!(
                    binary.op,
                    BinOp::And(_)
                        | BinOp::Or(_)
                        | BinOp::Eq(_)
                        | BinOp::Ne(_)
                        | BinOp::Lt(_)
                        | BinOp::Le(_)
                        | BinOp::Gt(_)
                        | BinOp::Ge(_)
                ) =>
            {
                let mut sides = vec![*binary.left, *binary.right];
                self.settle_all(&mut sides, prefix);
                binary.right = Box::new(sides.pop().expect("right"));
                binary.left = Box::new(sides.pop().expect("left"));
                Expr::Binary(binary)
            }
            Expr::Try(mut expr) => {
                *expr.expr = self.settle_part(*expr.expr, prefix);
                Expr::Try(expr)
            }
            Expr::Cast(mut cast) => {
                *cast.expr = self.settle_part(*cast.expr, prefix);
                Expr::Cast(cast)
            }
            Expr::Unary(mut unary) => {
                *unary.expr = if matches!(unary.op, syn::UnOp::Deref(_)) {
                    self.settle_place(*unary.expr, true, prefix)
                } else {
                    self.settle_part(*unary.expr, prefix)
                };
                Expr::Unary(unary)
            }
            Expr::Field(mut field) => {
                *field.base = self.settle_place(*field.base, false, prefix);
                Expr::Field(field)
            }
            Expr::Macro(mut found) if crate::syntax::macro_name(&found.mac) == "vec" => {
                let tokens = &found.mac.tokens;
                let Ok(Expr::Array(list)) = syn::parse2(quote::quote!([#tokens])) else {
                    self.unsettled.get_or_insert(span);
                    return Expr::Macro(found);
                };
                let mut elems: Vec<Expr> = list.elems.into_iter().collect();
                self.settle_all(&mut elems, prefix);
                found.mac.tokens = quote::quote!(#(#elems),*);
                Expr::Macro(found)
            }
            other => {
                self.unsettled.get_or_insert(span);
                other
            }
        }
    }

    /// Several operands in order: what stands before the last one that is taken apart is evaluated now.
    fn settle_all(&mut self, operands: &mut [Expr], prefix: &mut Prefix) {
        let Some(last) = operands
            .iter()
            .rposition(|operand| self.leaves_temporaries(operand))
        else {
            return;
        };
        for (i, operand) in operands.iter_mut().enumerate().take(last + 1) {
            let expr = std::mem::replace(operand, Expr::Verbatim(Default::default()));
            let leaves = self.leaves_temporaries(&expr);
            let expr = self.settle_part(expr, prefix);
            let span = expr.span();
            let plain_borrow =
                matches!(bare(&expr), Expr::Reference(reference) if self.plain(&reference.expr));
            *operand = if i == last
                || is_constant(&expr)
                || plain_borrow
                || (leaves && is_settled_value(&expr))
            {
                expr
            } else {
                path(self.hide("arg", expr, span, prefix))
            };
        }
    }

    /// The same, with each operand where it stands: temporaries get their names, and their values, in turn.
    fn settle_in_turn(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if !self.leaves_temporaries(&expr) {
            return expr;
        }
        let span = expr.span();
        match expr {
            Expr::Paren(paren) => self.settle_in_turn(*paren.expr, prefix),
            Expr::Group(group) => self.settle_in_turn(*group.expr, prefix),
            Expr::Reference(reference) => self.lend(reference, prefix),
            Expr::Try(mut expr) => {
                *expr.expr = self.settle_in_turn(*expr.expr, prefix);
                Expr::Try(expr)
            }
            Expr::Cast(mut cast) => {
                *cast.expr = self.settle_in_turn(*cast.expr, prefix);
                Expr::Cast(cast)
            }
            Expr::Call(mut call) if matches!(bare(&call.func), Expr::Path(_)) => {
                for arg in &mut call.args {
                    *arg = self.settle_in_turn(arg.clone(), prefix);
                }
                Expr::Call(call)
            }
            Expr::MethodCall(mut call) if !self.place_leaves_temporaries(&call.receiver) => {
                for arg in &mut call.args {
                    *arg = self.settle_in_turn(arg.clone(), prefix);
                }
                Expr::MethodCall(call)
            }
            Expr::Tuple(mut tuple) => {
                for elem in &mut tuple.elems {
                    *elem = self.settle_in_turn(elem.clone(), prefix);
                }
                Expr::Tuple(tuple)
            }
            Expr::Array(mut array) => {
                for elem in &mut array.elems {
                    *elem = self.settle_in_turn(elem.clone(), prefix);
                }
                Expr::Array(array)
            }
            Expr::Struct(mut expr) if expr.rest.is_none() => {
                for field in &mut expr.fields {
                    field.expr = self.settle_in_turn(field.expr.clone(), prefix);
                }
                Expr::Struct(expr)
            }
            other => {
                self.unsettled.get_or_insert(span);
                other
            }
        }
    }

    /// A value behind `&`, in a hidden local that gets it there: `rt::lend!(temp = frame.temp, value)`.
    fn lend(&mut self, mut reference: syn::ExprReference, prefix: &mut Prefix) -> Expr {
        if crate::syntax::is_place(&reference.expr) && !is_literal(&reference.expr) {
            self.unsettled.get_or_insert(reference.span());
            return Expr::Reference(reference);
        }
        let value = self.settle_in_turn(*reference.expr, prefix);
        let span = value.span();
        let temp = self.declare_temporary("temp", span, prefix);
        self.resolved.locals[crate::names::local(&temp).expect("hidden").0].lent = true;
        reference.expr = Box::new(syn::parse_quote!(rt__hr::lend(#temp, #value)));
        Expr::Reference(reference)
    }

    fn settle_place(&mut self, expr: Expr, mutable: bool, prefix: &mut Prefix) -> Expr {
        let span = expr.span();
        match expr {
            Expr::Paren(paren) => self.settle_place(*paren.expr, mutable, prefix),
            Expr::Group(group) => self.settle_place(*group.expr, mutable, prefix),
            expr if !(self.place_leaves_temporaries(&expr) || mutable && is_literal(&expr)) => expr,
            Expr::Field(mut field) => {
                *field.base = self.settle_place(*field.base, mutable, prefix);
                Expr::Field(field)
            }
            Expr::Index(mut index) if !self.leaves_temporaries(&index.index) => {
                *index.expr = self.settle_place(*index.expr, mutable, prefix);
                Expr::Index(index)
            }
            Expr::Unary(mut unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                *unary.expr = self.settle_place(*unary.expr, mutable, prefix);
                Expr::Unary(unary)
            }
            expr => {
                let value = if value_of(&expr).is_some() {
                    expr
                } else {
                    self.settle_part(expr, prefix)
                };
                path(self.hide_temporary(temporary(value), span, mutable, prefix))
            }
        }
    }

    /// A variable itself.
    fn plain(&self, expr: &Expr) -> bool {
        matches!(bare(expr), Expr::Lit(_)) || crate::syntax::as_ident(expr).is_some()
    }
}

/// Whether elements may be coerced to what the array is passed to: to references to a trait's objects, say.
fn may_coerce(expr: &Expr) -> bool {
    let Expr::Array(array) = bare(expr) else {
        return false;
    };
    let is_cast = |elem: &Expr| matches!(bare(elem), Expr::Cast(_));
    let is_reference = |elem: &Expr| matches!(bare(elem), Expr::Reference(reference) if !is_literal(&reference.expr));
    !array.elems.iter().any(is_cast) && array.elems.iter().any(is_reference)
}
