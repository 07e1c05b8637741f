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

    fn place_leaves_temporaries(&self, expr: &Expr) -> bool {
        self.temporaries().of_place(expr)
    }

    fn temporaries(&self) -> Temporaries<'_> {
        Temporaries {
            resolved: self.resolved,
            table: self.table,
            edition: self.edition,
        }
    }

    /// The expression with hidden locals in place of the temporaries that it leaves.
    pub(super) fn settle(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if !self.leaves_temporaries(&expr) {
            // The value itself is what is used here, so nothing is left of its holder.
            return match value_of(&expr) {
                Some(ident) => path(ident.clone()),
                None => expr,
            };
        }
        let span = expr.span();
        match expr {
            Expr::Paren(paren) => self.settle(*paren.expr, prefix),
            Expr::Group(group) => self.settle(*group.expr, prefix),
            Expr::Reference(mut reference) => {
                let mutable = reference.mutability.is_some();
                if may_coerce(&reference.expr) {
                    self.refuse(
                        Code::Temporary,
                        span,
                        "an array of references is held across an await, and what it is passed to decides of which type they are",
                        "this array",
                        "name it in a `let` with a type before it, such as `let args: &[&dyn Trait] = &[..];`",
                    );
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
                    self.refuse(
                        Code::Temporary,
                        span,
                        "a temporary among the arguments is held across the await, and the receiver is evaluated before it",
                        "only types say how",
                        "give the temporary a name in a `let` before it",
                    );
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
                *expr.expr = self.settle(*expr.expr, prefix);
                Expr::Try(expr)
            }
            Expr::Cast(mut cast) => {
                *cast.expr = self.settle(*cast.expr, prefix);
                Expr::Cast(cast)
            }
            Expr::Unary(mut unary) => {
                *unary.expr = if matches!(unary.op, syn::UnOp::Deref(_)) {
                    self.settle_place(*unary.expr, true, prefix)
                } else {
                    self.settle(*unary.expr, prefix)
                };
                Expr::Unary(unary)
            }
            Expr::Field(mut field) => {
                *field.base = self.settle_place(*field.base, false, prefix);
                Expr::Field(field)
            }
            other => {
                self.refuse(
                    Code::Temporary,
                    span,
                    "a temporary of this expression may be held across an await",
                    "only types or an expansion say for how long",
                    "give it a name in a `let` before it",
                );
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
            let expr = self.settle(expr, prefix);
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
                    self.settle(expr, prefix)
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
