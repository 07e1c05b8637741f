//! Temporaries that would be alive across an await become hidden locals.

use super::lift::{path, temporary};
use super::{Desugar, Prefix, value_of};
use crate::diagnostics::Code;
use crate::report::Edition;
use crate::seeded::{self, Bug};
use crate::syntax::{bare, is_constant, is_format_macro, is_place, macro_name};
use syn::spanned::Spanned;
use syn::{BinOp, Expr};

impl Desugar<'_> {
    /// Whether an await-free expression may leave temporaries alive until the end of its statement.
    pub(super) fn leaves_temporaries(&self, expr: &Expr) -> bool {
        if seeded::is(Bug::TemporariesEarly) {
            return false;
        }
        let value = |expr: &Expr| self.leaves_temporaries(expr);
        let place = |expr: &Expr| self.place_leaves_temporaries(expr);
        match bare(expr) {
            Expr::Lit(_)
            | Expr::Path(_)
            | Expr::Closure(_)
            | Expr::Async(_)
            | Expr::Const(_)
            | Expr::Continue(_) => false,
            Expr::Reference(reference) => {
                (reference.mutability.is_some() || !is_constant(&reference.expr))
                    && (place(&reference.expr) || is_literal(&reference.expr))
            }
            Expr::RawAddr(raw) => place(&raw.expr),
            Expr::MethodCall(call) => {
                let receiver = bare(&call.receiver);
                let adapts = is_adaptor(&call.method.to_string()) && self.is_std_iterator(receiver);
                let receiver_leaves = if adapts {
                    value(receiver)
                } else {
                    !matches!(receiver, Expr::Lit(_)) && place(receiver)
                };
                receiver_leaves || call.args.iter().any(value)
            }
            Expr::Call(call) => {
                value_of(expr).is_none() && (value(&call.func) || call.args.iter().any(value))
            }
            Expr::Field(field) => place(&field.base),
            Expr::Index(index) => place(&index.expr) || value(&index.index),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => place(&unary.expr),
            Expr::Unary(unary) => value(&unary.expr),
            Expr::Cast(cast) => value(&cast.expr),
            Expr::Try(expr) => value(&expr.expr),
            Expr::Tuple(tuple) => tuple.elems.iter().any(value),
            Expr::Array(array) => array.elems.iter().any(value),
            Expr::Repeat(repeat) => value(&repeat.expr),
            Expr::Struct(expr) => {
                expr.fields.iter().any(|field| value(&field.expr))
                    || expr.rest.as_deref().is_some_and(|rest| !is_place(rest))
            }
            Expr::Range(range) => {
                range.start.as_deref().is_some_and(value) || range.end.as_deref().is_some_and(value)
            }
            Expr::Binary(binary) => match binary.op {
                BinOp::Eq(_)
                | BinOp::Ne(_)
                | BinOp::Lt(_)
                | BinOp::Le(_)
                | BinOp::Gt(_)
                | BinOp::Ge(_) => [&binary.left, &binary.right]
                    .into_iter()
                    .any(|side| !is_constant(side) && !is_settled_value(side) && place(side)),
                // The right operand ends its own temporaries.
                BinOp::And(_) | BinOp::Or(_) => value(&binary.left),
                _ => value(&binary.left) || value(&binary.right),
            },
            Expr::Return(expr) => expr.expr.as_deref().is_some_and(value),
            Expr::Break(expr) => expr.expr.as_deref().is_some_and(value),
            Expr::Assign(assign) => value(&assign.right) || place(&assign.left),
            // Branches and bodies end their own temporaries; a scrutinee's live as long as the statement.
            Expr::If(expr) => conditions(&expr.cond)
                .into_iter()
                .any(|scrutinee| self.edition < Edition::E2024 && place(scrutinee)),
            Expr::Match(expr) => place(&expr.expr),
            Expr::Loop(_) | Expr::While(_) => false,
            Expr::ForLoop(_) => false,
            Expr::Block(block) => {
                self.edition < Edition::E2024 && block_tail(&block.block).is_some_and(value)
            }
            Expr::Unsafe(block) => {
                self.edition < Edition::E2024 && block_tail(&block.block).is_some_and(value)
            }
            Expr::Macro(mac) => self.macro_leaves_temporaries(&mac.mac),
            _ => true,
        }
    }

    /// Whether a value is an iterator of the standard library, whose adaptors take it by value.
    fn is_std_iterator(&self, expr: &Expr) -> bool {
        match bare(expr) {
            Expr::Range(_) => true,
            Expr::MethodCall(call) => {
                let method = call.method.to_string();
                let of_collection = || {
                    let local =
                        crate::syntax::as_ident(&call.receiver).and_then(crate::names::local);
                    local
                        .and_then(|local| self.resolved.locals[local.0].ty.as_ref())
                        .is_some_and(crate::types::iterates_plainly)
                };
                is_adaptor(&method) && self.is_std_iterator(&call.receiver)
                    || is_iteration(&method) && of_collection()
            }
            _ => false,
        }
    }

    pub(super) fn macro_leaves_temporaries(&self, mac: &syn::Macro) -> bool {
        let name = macro_name(mac);
        if self.table.defines_macro(&name) {
            return true;
        }
        let tokens = &mac.tokens;
        match name.as_str() {
            // The elements, and the scrutinee, are part of the statement around the macro.
            "vec" => syn::parse2(quote::quote!([#tokens]))
                .map_or(true, |list: Expr| self.leaves_temporaries(&list)),
            "matches" => {
                let head = tokens.clone().into_iter().take_while(|tree| !matches!(tree, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ',')).collect();
                syn::parse2(head).map_or(true, |head: Expr| self.place_leaves_temporaries(&head))
            }
            name => !is_value_macro(name),
        }
    }

    /// The same for an expression that is used as a place: a value there is a temporary.
    fn place_leaves_temporaries(&self, expr: &Expr) -> bool {
        match bare(expr) {
            Expr::Path(path) => self.table.is_dropping_constant(&path.path),
            Expr::Field(field) => self.place_leaves_temporaries(&field.base),
            Expr::Index(index) => {
                self.place_leaves_temporaries(&index.expr) || self.leaves_temporaries(&index.index)
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.place_leaves_temporaries(&unary.expr)
            }
            // What these give has no drop.
            Expr::Reference(_) | Expr::Lit(_) => self.leaves_temporaries(expr),
            _ => true,
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

/// A value that is spelled out: behind `&mut` it is a temporary like any other.
fn is_literal(expr: &Expr) -> bool {
    matches!(
        bare(expr),
        Expr::Lit(_) | Expr::Array(_) | Expr::Repeat(_) | Expr::Tuple(_)
    )
}

/// What gives a value without a drop.
fn is_settled_value(expr: &Expr) -> bool {
    matches!(
        bare(expr),
        Expr::Lit(_) | Expr::Reference(_) | Expr::Path(_)
    )
}

fn block_tail(block: &syn::Block) -> Option<&Expr> {
    match block.stmts.last() {
        Some(syn::Stmt::Expr(expr, None)) => Some(expr),
        _ => None,
    }
}

/// The scrutinees of a condition's `let`s.
pub(super) fn conditions(cond: &Expr) -> Vec<&Expr> {
    match bare(cond) {
        Expr::Let(expr) => vec![&expr.expr],
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            let mut all = conditions(&binary.left);
            all.extend(conditions(&binary.right));
            all
        }
        _ => Vec::new(),
    }
}

/// Methods of `Iterator` that take it by value and give an iterator.
fn is_adaptor(method: &str) -> bool {
    matches!(
        method,
        "map"
            | "filter"
            | "filter_map"
            | "flat_map"
            | "flatten"
            | "enumerate"
            | "rev"
            | "zip"
            | "chain"
            | "take"
            | "skip"
            | "take_while"
            | "skip_while"
            | "step_by"
            | "cloned"
            | "copied"
            | "peekable"
            | "inspect"
            | "cycle"
            | "fuse"
            | "into_iter"
    )
}

/// Methods of collections, slices and strings that give an iterator of the standard library.
fn is_iteration(method: &str) -> bool {
    matches!(
        method,
        "iter"
            | "iter_mut"
            | "into_iter"
            | "chars"
            | "bytes"
            | "char_indices"
            | "lines"
            | "keys"
            | "values"
            | "values_mut"
            | "windows"
            | "chunks"
            | "chunks_mut"
            | "chunks_exact"
            | "split_whitespace"
    )
}

/// Macros that give a value and leave no temporary behind.
fn is_value_macro(name: &str) -> bool {
    is_format_macro(name) && !matches!(name, "write" | "writeln")
        || matches!(
            name,
            "json"
                | "todo"
                | "format_err"
                | "eyre"
                | "concat_bytes"
                | "offset_of"
                | "addr_of"
                | "addr_of_mut"
                | "include"
        )
}
