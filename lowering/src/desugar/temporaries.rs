//! Which temporaries an expression leaves alive until the end of its statement.

use super::value_of;
use crate::report::Edition;
use crate::resolve::Resolved;
use crate::seeded::{self, Bug};
use crate::syntax::{bare, is_constant, is_format_macro, is_place, macro_name};
use crate::types::Table;
use syn::{BinOp, Expr};

/// What must be known for that.
pub(crate) struct Temporaries<'a> {
    pub(crate) resolved: &'a Resolved,
    pub(crate) table: &'a Table,
    pub(crate) edition: Edition,
}

impl Temporaries<'_> {
    /// Whether an await-free expression may leave temporaries alive until the end of its statement.
    pub(crate) fn of_value(&self, expr: &Expr) -> bool {
        if seeded::is(Bug::TemporariesEarly) {
            return false;
        }
        let value = |expr: &Expr| self.of_value(expr);
        let place = |expr: &Expr| self.of_place(expr);
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
                | BinOp::Ge(_) => [&binary.left, &binary.right].into_iter().any(|side| {
                    // It borrows its sides. What a number is made of may still leave something.
                    if self.is_scalar(side) {
                        value(side)
                    } else {
                        !is_constant(side) && !is_settled_value(side) && place(side)
                    }
                }),
                // Each operand ends its own temporaries.
                BinOp::And(_) | BinOp::Or(_) => false,
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
            Expr::Macro(mac) => self.of_macro(&mac.mac),
            _ => true,
        }
    }

    /// Whether a value is known to be a number, a `bool` or a `char`.
    pub(crate) fn is_scalar(&self, expr: &Expr) -> bool {
        match bare(expr) {
            Expr::Lit(lit) => !matches!(
                lit.lit,
                syn::Lit::Str(_) | syn::Lit::ByteStr(_) | syn::Lit::CStr(_) | syn::Lit::Verbatim(_)
            ),
            Expr::Cast(cast) => crate::types::type_name(&cast.ty)
                .is_some_and(|name| crate::types::is_primitive(&name)),
            Expr::Unary(unary) => {
                !matches!(unary.op, syn::UnOp::Deref(_)) && self.is_scalar(&unary.expr)
            }
            Expr::Binary(binary) => match binary.op {
                BinOp::Eq(_)
                | BinOp::Ne(_)
                | BinOp::Lt(_)
                | BinOp::Le(_)
                | BinOp::Gt(_)
                | BinOp::Ge(_)
                | BinOp::And(_)
                | BinOp::Or(_) => true,
                BinOp::Add(_)
                | BinOp::Sub(_)
                | BinOp::Mul(_)
                | BinOp::Div(_)
                | BinOp::Rem(_)
                | BinOp::BitXor(_)
                | BinOp::BitAnd(_)
                | BinOp::BitOr(_)
                | BinOp::Shl(_)
                | BinOp::Shr(_) => self.is_scalar(&binary.left) && self.is_scalar(&binary.right),
                _ => false,
            },
            expr => crate::syntax::as_ident(expr)
                .and_then(crate::names::local)
                .and_then(|local| self.resolved.locals[local.0].ty.as_ref())
                .is_some_and(|ty| self.table.facts(ty).scalar),
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

    pub(super) fn of_macro(&self, mac: &syn::Macro) -> bool {
        let name = macro_name(mac);
        if self.table.defines_macro(&name) {
            return true;
        }
        let tokens = &mac.tokens;
        match name.as_str() {
            // The elements, and the scrutinee, are part of the statement around the macro.
            "vec" => syn::parse2(quote::quote!([#tokens]))
                .map_or(true, |list: Expr| self.of_value(&list)),
            "matches" => {
                let head = tokens.clone().into_iter().take_while(|tree| !matches!(tree, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ',')).collect();
                syn::parse2(head).map_or(true, |head: Expr| self.of_place(&head))
            }
            name => !is_value_macro(name),
        }
    }

    /// The same for an expression that is used as a place: a value there is a temporary.
    pub(super) fn of_place(&self, expr: &Expr) -> bool {
        match bare(expr) {
            Expr::Path(path) => self.table.is_dropping_constant(&path.path),
            Expr::Field(field) => self.of_place(&field.base),
            Expr::Index(index) => self.of_place(&index.expr) || self.of_value(&index.index),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.of_place(&unary.expr)
            }
            // What these give has no drop.
            Expr::Reference(_) | Expr::Lit(_) => self.of_value(expr),
            _ => true,
        }
    }
}

/// A unit struct or variant: no static is spelled so.
fn is_unit(expr: &Expr) -> bool {
    let Expr::Path(path) = bare(expr) else {
        return false;
    };
    path.path.segments.last().is_some_and(|last| {
        let name = last.ident.to_string();
        name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
    })
}

/// A value that is spelled out: behind `&mut` it is a temporary like any other.
pub(super) fn is_literal(expr: &Expr) -> bool {
    matches!(
        bare(expr),
        Expr::Lit(_) | Expr::Array(_) | Expr::Repeat(_) | Expr::Tuple(_)
    ) || is_unit(expr)
}

/// What gives a value without a drop.
pub(super) fn is_settled_value(expr: &Expr) -> bool {
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
    let mut scrutinees = Vec::new();
    crate::syntax::each_let(cond, &mut |found| scrutinees.push(&*found.expr));
    scrutinees
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
