//! Takes the awaits out of an expression, keeping the order of evaluation.

use super::{Awaited, Desugar, Prefix, Root};
use crate::diagnostics::Code;
use crate::ir;
use crate::report::Edition;
use crate::seeded::{self, Bug};
use crate::syntax::{HasAwait, as_ident, bare, is_constant, is_place};
use crate::types::Receiver;
use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{BinOp, Expr};

impl Desugar<'_> {
    /// An await as a node of the structured form; what goes before it goes to the prefix.
    pub(super) fn awaited(&mut self, mut expr: syn::ExprAwait, prefix: &mut Prefix) -> ir::Await {
        let leaf = crate::open::take_leaf(&mut expr.base);
        let name = leaf.as_deref().map_or_else(
            || state_name(&expr.base),
            |path| path.rsplit("::").next().unwrap_or(path).to_owned(),
        );
        let tokens = expr.base.to_token_stream();
        let span = crate::syntax::first_span(&expr.base)
            .join(expr.await_token.span)
            .unwrap_or(expr.await_token.span);
        let operand = self.lift(*expr.base, prefix);
        let operand = self.settle(operand, prefix);
        let id = self.await_id(Awaited {
            span,
            keyword: expr.await_token.span,
            name,
            tokens: Some(tokens),
            leaf,
        });
        ir::Await {
            id,
            operand: Some(operand),
        }
    }

    /// Whether an expression is a field behind a shared reference.
    fn is_behind_shared(&self, expr: &Expr) -> bool {
        let Expr::Field(field) = expr else {
            return false;
        };
        match as_ident(&field.base).and_then(crate::names::local) {
            Some(local) => {
                let ty = self.resolved.locals[local.0].ty.as_ref();
                ty.is_some_and(|ty| self.table.facts(ty).shared)
            }
            None => self.is_behind_shared(bare(&field.base)),
        }
    }

    /// The expression without its awaits: their values are hidden locals of the prefix.
    pub(super) fn lift(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if !expr.has_await() {
            return expr;
        }
        let span = expr.span();
        let here = !matches!(expr, Expr::Paren(_) | Expr::Group(_)) && self.enter();
        // Such an operand cannot be evaluated in a holder.
        let jumps = matches!(expr, Expr::If(_) | Expr::Match(_))
            && self.behind > 0
            && crate::hold::within::may_jump(&expr);
        match expr {
            Expr::Await(found) => {
                let span = found.await_token.span;
                let found = self.awaited(found, prefix);
                self.ready(ir::Expr::Await(found), span, prefix)
            }
            Expr::Paren(mut paren) => {
                let inner = self.lift(*paren.expr, prefix);
                if matches!(inner, Expr::Path(_) | Expr::Call(_)) {
                    return inner;
                }
                paren.expr = Box::new(inner);
                Expr::Paren(paren)
            }
            Expr::Group(group) => self.lift(*group.expr, prefix),
            Expr::Try(mut expr) => {
                *expr.expr = self.lift(*expr.expr, prefix);
                Expr::Try(expr)
            }
            Expr::Cast(mut expr) => {
                *expr.expr = self.lift(*expr.expr, prefix);
                Expr::Cast(expr)
            }
            Expr::Unary(mut expr) => {
                *expr.expr = self.lift(*expr.expr, prefix);
                if matches!(expr.op, syn::UnOp::Deref(_)) {
                    *expr.expr = temporary(*expr.expr);
                }
                Expr::Unary(expr)
            }
            Expr::Reference(mut expr) => {
                *expr.expr = temporary(self.lift(*expr.expr, prefix));
                Expr::Reference(expr)
            }
            Expr::Field(mut expr) => {
                *expr.base = temporary(self.lift(*expr.base, prefix));
                Expr::Field(expr)
            }
            Expr::Return(mut expr) => {
                expr.expr = expr.expr.map(|expr| Box::new(self.lift(*expr, prefix)));
                Expr::Return(expr)
            }
            Expr::Break(mut expr) => {
                expr.expr = expr.expr.map(|expr| Box::new(self.lift(*expr, prefix)));
                Expr::Break(expr)
            }
            Expr::Call(mut call)
                if as_ident(&call.func).and_then(crate::names::local).is_some() =>
            {
                let mut args: Vec<Expr> = call.args.iter().cloned().collect();
                let holes = self.holes(args.len());
                call.args = holes.iter().cloned().collect();
                let Some(begun) =
                    self.begin("callee", &Expr::Call(call.clone()), args.len(), prefix)
                else {
                    self.order(
                        span,
                        "types decide whether the called value is moved before the awaited argument",
                    );
                    return Expr::Call(call);
                };
                self.operands(&mut args, here, prefix);
                self.finish(&begun, args, prefix)
            }
            Expr::Call(mut call) => {
                // A path to a function or constructor evaluates to nothing that drops. What stands behind a shared reference is
                // borrowed by the call, or copied, and does not change meanwhile.
                let plain = matches!(bare(&call.func), Expr::Path(_))
                    || self.is_behind_shared(bare(&call.func));
                let func = (!plain).then(|| (*call.func).clone());
                let mut operands: Vec<Expr> =
                    func.into_iter().chain(call.args.iter().cloned()).collect();
                self.operands(&mut operands, here, prefix);
                let mut operands = operands.into_iter();
                if !plain {
                    *call.func = operands.next().expect("the function");
                }
                call.args = operands.collect();
                Expr::Call(call)
            }
            Expr::MethodCall(call) => self.method(call, here, prefix),
            Expr::Tuple(mut tuple) => {
                let mut operands: Vec<Expr> = tuple.elems.iter().cloned().collect();
                self.operands(&mut operands, here, prefix);
                tuple.elems = with_trailing(operands);
                Expr::Tuple(tuple)
            }
            Expr::Array(mut array) => {
                let mut operands: Vec<Expr> = array.elems.iter().cloned().collect();
                self.operands(&mut operands, here, prefix);
                array.elems = operands.into_iter().collect();
                Expr::Array(array)
            }
            Expr::Struct(mut expr) => {
                let mut operands: Vec<Expr> =
                    expr.fields.iter().map(|field| field.expr.clone()).collect();
                operands.extend(expr.rest.as_deref().cloned());
                if expr
                    .rest
                    .as_deref()
                    .is_some_and(|rest| is_place(rest) && !rest.has_await())
                {
                    operands.pop();
                }
                self.operands(&mut operands, here, prefix);
                let mut operands = operands.into_iter();
                for field in &mut expr.fields {
                    field.expr = operands.next().expect("one a field");
                }
                if let Some(rest) = operands.next() {
                    expr.rest = Some(Box::new(temporary(rest)));
                }
                Expr::Struct(expr)
            }
            Expr::Range(mut range) => {
                let mut operands: Vec<Expr> = range
                    .start
                    .iter()
                    .chain(&range.end)
                    .map(|expr| (**expr).clone())
                    .collect();
                self.operands(&mut operands, here, prefix);
                let mut operands = operands.into_iter();
                range.start = range
                    .start
                    .map(|_| Box::new(operands.next().expect("start")));
                range.end = range.end.map(|_| Box::new(operands.next().expect("end")));
                Expr::Range(range)
            }
            Expr::Repeat(mut repeat) => {
                *repeat.expr = self.lift(*repeat.expr, prefix);
                Expr::Repeat(repeat)
            }
            Expr::Index(mut index) => {
                if !index.index.has_await() {
                    *index.expr = temporary(self.lift(*index.expr, prefix));
                } else if !is_place(&index.expr) {
                    // The indexed value is a temporary, which is evaluated first.
                    self.behind += 1;
                    let base = self.lift(*index.expr, prefix);
                    self.behind -= 1;
                    let base = self.settle(temporary(base), prefix);
                    index.expr = Box::new(path(self.hide_temporary(base, span, true, prefix)));
                    *index.index = self.lift(*index.index, prefix);
                } else {
                    if !self.settled_place(&index.expr) {
                        self.order(
                            span,
                            "the indexed value is evaluated before the awaited index",
                        );
                    }
                    *index.index = self.lift(*index.index, prefix);
                }
                Expr::Index(index)
            }
            Expr::Assign(mut assign) => {
                // The right side is evaluated first, then the place.
                let right = self.lift(*assign.right, prefix);
                let right = if matches!(
                    bare(&assign.left),
                    Expr::Tuple(_)
                        | Expr::Array(_)
                        | Expr::Struct(_)
                        | Expr::Call(_)
                        | Expr::Infer(_)
                ) {
                    temporary(right)
                } else {
                    right
                };
                assign.right = Box::new(if assign.left.has_await() {
                    self.hold(right, prefix)
                } else {
                    right
                });
                *assign.left = self.lift(*assign.left, prefix);
                Expr::Assign(assign)
            }
            Expr::Binary(binary) => self.binary(binary, here, prefix),
            // Only the head waits: its temporaries live on to the end of the statement around it.
            Expr::Match(mut found)
                if !jumps
                    && !found.arms.iter().any(|arm| {
                        arm.body.has_await()
                            || matches!(&arm.pat, syn::Pat::Guard(guard) if guard.guard.has_await())
                    }) =>
            {
                *found.expr = temporary(self.lift(*found.expr, prefix));
                Expr::Match(found)
            }
            // The same; since edition 2024 they end with the `if`, wherever it stands.
            Expr::If(mut found)
                if matches!(*found.cond, Expr::Let(_))
                    && !jumps
                    && !found.then_branch.has_await()
                    && !found
                        .else_branch
                        .as_ref()
                        .is_some_and(|(_, els)| els.has_await()) =>
            {
                if let Expr::Let(cond) = &mut *found.cond {
                    *cond.expr = temporary(self.lift((*cond.expr).clone(), prefix));
                }
                Expr::If(found)
            }
            // Since edition 2024 what it looks at ends with it, before the next operand.
            Expr::If(_) if self.edition >= Edition::E2024 => {
                self.lasting = jumps;
                let mut inner = Prefix::default();
                let value = self.value(expr, &mut inner);
                let value = if inner.scoped {
                    inner.enclose(value)
                } else {
                    prefix.stmts.extend(inner.stmts);
                    value
                };
                self.ready(value, span, prefix)
            }
            Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::Loop(_)
            | Expr::While(_)
            | Expr::ForLoop(_)
            | Expr::Unsafe(_) => {
                self.operand = matches!(expr, Expr::Block(_) | Expr::Unsafe(_));
                self.lasting = jumps;
                let value = self.value(expr, prefix);
                self.ready(value, span, prefix)
            }
            Expr::Macro(mac) => self.awaiting_macro(mac, prefix),
            other => {
                self.refuse(
                    Code::AwaitPosition,
                    span,
                    "an await inside this expression is not lowered",
                    "this",
                    "await in a `let` before it",
                );
                other
            }
        }
    }

    /// A hidden local for a value that an await or control flow gives.
    pub(super) fn ready(&mut self, value: ir::Expr, span: Span, prefix: &mut Prefix) -> Expr {
        let local = self.resolved.hidden("ready", span);
        let declared = self.resolved.mention(local);
        prefix.stmts.push(ir::Stmt::Let {
            attrs: Vec::new(),
            pat: syn::parse_quote!(#declared),
            init: value,
            els: None,
        });
        path(self.resolved.mention(local))
    }

    /// Whether the expression that begins here ends its temporaries itself. Those inside of it do not.
    pub(super) fn enter(&mut self) -> bool {
        let here = self.root == Root::Here;
        if here {
            self.root = Root::Inside;
        }
        here
    }

    /// Operands in order: what stands before the last await is evaluated now. `here`: they are those of an expression that ends its
    /// temporaries itself.
    pub(super) fn operands(&mut self, operands: &mut [Expr], here: bool, prefix: &mut Prefix) {
        let Some(last) = operands.iter().rposition(HasAwait::has_await) else {
            return;
        };
        let pending = self.pending;
        let early = |i| i < last && !seeded::is(Bug::OperandsLate);
        for (i, operand) in operands.iter_mut().enumerate() {
            // Where temporaries got names, nothing may run after the first operand has left its own.
            let mixed = here && prefix.scoped;
            if i > last && !mixed {
                break;
            }
            let expr = std::mem::replace(operand, Expr::Verbatim(Default::default()));
            self.behind += usize::from(i < last);
            let expr = self.lift(expr, prefix);
            self.behind -= usize::from(i < last);
            *operand = if early(i) || mixed || here && prefix.scoped {
                self.hold(expr, prefix)
            } else {
                expr
            };
            if !is_constant(operand) && !matches!(bare(operand), Expr::Reference(_)) {
                self.pending += 1;
            }
            if here {
                prefix.temporaries = prefix.stmts.len();
            }
        }
        self.pending = pending;
    }

    /// Evaluates an operand now and keeps its value.
    fn hold(&mut self, expr: Expr, prefix: &mut Prefix) -> Expr {
        if is_constant(&expr) || self.is_hidden(&expr) {
            return expr;
        }
        // A borrow of a variable, or of a field of one, is the same earlier or later.
        if let Expr::Reference(reference) = bare(&expr)
            && self.settled_place(&reference.expr)
        {
            return expr;
        }
        let expr = self.settle(expr, prefix);
        let span = expr.span();
        path(self.hide("arg", expr, span, prefix))
    }

    fn is_hidden(&self, expr: &Expr) -> bool {
        as_ident(expr)
            .and_then(crate::names::local)
            .is_some_and(|local| self.resolved.locals[local.0].hidden)
    }

    /// Whether evaluating this place runs no code of the user's: a variable itself.
    fn settled_place(&self, expr: &Expr) -> bool {
        as_ident(expr).is_some()
    }

    /// Whether a place is a field of a struct of this file, reached through `self` or a variable of a spelled type.
    pub(super) fn plain_field(&self, expr: &Expr) -> bool {
        let mut members = Vec::new();
        let mut place = bare(expr);
        while let Expr::Field(field) = place {
            members.push(match &field.member {
                syn::Member::Named(ident) => ident.to_string(),
                syn::Member::Unnamed(index) => index.index.to_string(),
            });
            place = bare(&field.base);
        }
        let typed = as_ident(place)
            .and_then(crate::names::local)
            .is_some_and(|local| self.resolved.locals[local.0].ty.is_some());
        typed && !members.is_empty() && self.table.are_plain_members(&members)
    }

    fn order(&mut self, span: Span, why: &str) {
        self.refuse(
            Code::Order,
            span,
            why,
            "evaluated around an await",
            "await in a `let` before this statement",
        );
    }

    fn method(&mut self, mut call: syn::ExprMethodCall, here: bool, prefix: &mut Prefix) -> Expr {
        let span = call.span();
        let in_args = call.args.iter().any(HasAwait::has_await);
        if !in_args {
            *call.receiver = temporary(self.lift(*call.receiver, prefix));
            return Expr::MethodCall(call);
        }
        let receiver = *call.receiver;
        let is_value = receiver.has_await() || !is_place(&receiver);
        let known = self.table.type_of(&receiver).and_then(|ty| {
            let method = call.method.to_string();
            self.table.certain_receiver(Some(&ty), &method)
        });
        let receiver = if is_value && known == Some(Receiver::ByValue) {
            self.behind += 1;
            let receiver = self.lift(receiver, prefix);
            self.behind -= 1;
            self.hold(receiver, prefix)
        } else if is_value {
            // A temporary receiver is evaluated first; the method may borrow it until the end of the statement.
            self.behind += 1;
            let receiver = self.lift(receiver, prefix);
            self.behind -= 1;
            let receiver = self.settle(temporary(receiver), prefix);
            path(self.hide_temporary(receiver, span, true, prefix))
        } else if self.plain_receiver(&receiver) {
            receiver
        } else {
            let mut args: Vec<Expr> = call.args.iter().cloned().collect();
            call.args = self.holes(args.len()).into_iter().collect();
            *call.receiver = receiver;
            let begun = Expr::MethodCall(call);
            let Some(begun) = self.begin("receiver", &begun, args.len(), prefix) else {
                self.order(
                    span,
                    "the receiver is evaluated before the awaited argument, and only its type says how",
                );
                return begun;
            };
            self.operands(&mut args, here, prefix);
            return self.finish(&begun, args, prefix);
        };
        let mut args: Vec<Expr> = call.args.iter().cloned().collect();
        // The method may take its receiver by value.
        self.pending += 1;
        let before = self.named_temporaries;
        self.operands(&mut args, here, prefix);
        self.pending -= 1;
        // One that is taken by value drops before all temporaries, one that is borrowed is among them.
        let unknown = is_value && known.is_none();
        if unknown && (self.tail.is_some() || self.named_temporaries > before) {
            self.order(
                span,
                "the receiver is evaluated before the awaited argument, and only its type says how",
            );
        }
        call.args = args.into_iter().collect();
        *call.receiver = receiver;
        Expr::MethodCall(call)
    }

    fn binary(&mut self, mut binary: syn::ExprBinary, here: bool, prefix: &mut Prefix) -> Expr {
        let span = binary.span();
        match binary.op {
            BinOp::And(_) | BinOp::Or(_) if binary.right.has_await() => {
                let and = matches!(binary.op, BinOp::And(_));
                let left = self.left_operand(*binary.left, span, prefix);
                let left = if self.leaves_temporaries(&left) {
                    path(self.hide("left", left, span, prefix))
                } else {
                    left
                };
                let mut inner = Prefix::default();
                let right = self.lazy_operand(*binary.right, &mut inner);
                let right = ir::Block::new(vec![ir::Stmt::Expr {
                    expr: self.enclose(inner, right, false),
                    semi: false,
                }]);
                let constant: Expr = if and {
                    syn::parse_quote!(false)
                } else {
                    syn::parse_quote!(true)
                };
                let constant = ir::Block::new(vec![ir::Stmt::Expr {
                    expr: ir::Expr::Plain(constant),
                    semi: false,
                }]);
                let (then, els) = if and {
                    (right, constant)
                } else {
                    (constant, right)
                };
                let value = ir::Expr::If {
                    cond: left,
                    then,
                    els: Some(Box::new(ir::Expr::Block {
                        label: None,
                        block: els,
                    })),
                };
                self.ready(value, span, prefix)
            }
            BinOp::And(_) | BinOp::Or(_) => {
                *binary.left = self.left_operand(*binary.left, span, prefix);
                Expr::Binary(binary)
            }
            op if is_compound(&op) => {
                // Primitive operands evaluate the right side first, overloaded ones the left: the same for a variable.
                if self.settled_place(&binary.left) || self.plain_field(&binary.left) {
                    *binary.right = self.lift(*binary.right, prefix);
                    return Expr::Binary(binary);
                }
                let mut right = vec![std::mem::replace(
                    &mut *binary.right,
                    self.holes(1).remove(0),
                )];
                let begun = Expr::Binary(binary);
                let Some(begun) = self.begin("place", &begun, 1, prefix) else {
                    self.order(
                        span,
                        "types decide whether the left or the right side is evaluated first",
                    );
                    return begun;
                };
                self.operands(&mut right, here, prefix);
                self.finish(&begun, right, prefix)
            }
            BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_) => {
                let left = self.lift(*binary.left, prefix);
                let left = if !binary.right.has_await() {
                    temporary(left)
                } else if is_constant(&left) {
                    left
                } else if self.settled_place(&left) {
                    if mentions_same(&left, &binary.right) {
                        self.order(
                            span,
                            "the left side is read before the right side, which mentions it too",
                        );
                    }
                    left
                } else if is_place(&left) {
                    self.order(
                        span,
                        "the left side is compared in place, after the awaited right side",
                    );
                    left
                } else {
                    let left = self.settle(left, prefix);
                    path(self.hide_temporary(left, span, false, prefix))
                };
                *binary.left = left;
                let right = self.lift(*binary.right, prefix);
                *binary.right = temporary(right);
                Expr::Binary(binary)
            }
            _ => {
                let mut operands = vec![*binary.left, *binary.right];
                self.operands(&mut operands, here, prefix);
                binary.right = Box::new(operands.pop().expect("right"));
                binary.left = Box::new(operands.pop().expect("left"));
                Expr::Binary(binary)
            }
        }
    }
}

impl Desugar<'_> {
    /// An operand of `&&` or `||`, which ends its temporaries itself.
    fn lazy_operand(&mut self, operand: Expr, prefix: &mut Prefix) -> ir::Expr {
        let tail = self.tail.take();
        let root = std::mem::replace(&mut self.root, Root::Here);
        let value = self.value(operand, prefix);
        self.root = root;
        self.tail = tail;
        value
    }

    /// The left one, as an expression: where it has temporaries, its value outlives them.
    fn left_operand(&mut self, operand: Expr, span: Span, prefix: &mut Prefix) -> Expr {
        if !operand.has_await() {
            return operand;
        }
        let mut inner = Prefix::default();
        match self.lazy_operand(operand, &mut inner) {
            ir::Expr::Plain(value) if !inner.scoped => {
                prefix.stmts.append(&mut inner.stmts);
                value
            }
            value => {
                let value = self.enclose(inner, value, false);
                let ready = self.ready(value, span, prefix);
                if let Some(local) = as_ident(&ready).and_then(crate::names::local) {
                    self.resolved.locals[local.0].ty = Some(syn::parse_quote!(bool));
                }
                ready
            }
        }
    }
}

/// Whether a variable is mentioned in an expression.
fn mentions_same(variable: &Expr, expr: &Expr) -> bool {
    let local = as_ident(variable).and_then(crate::names::local);
    crate::syntax::tokens_have(&expr.to_token_stream(), &mut |ident| {
        crate::names::local(ident) == local
    })
}

fn with_trailing(operands: Vec<Expr>) -> syn::punctuated::Punctuated<Expr, syn::Token![,]> {
    let single = operands.len() == 1;
    let mut elems: syn::punctuated::Punctuated<_, _> = operands.into_iter().collect();
    if single {
        elems.push_punct(Default::default());
    }
    elems
}

fn is_compound(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

pub(super) fn path(ident: proc_macro2::Ident) -> Expr {
    Expr::Path(syn::ExprPath {
        attrs: Vec::new(),
        qself: None,
        path: ident.into(),
    })
}

/// The value of a hidden local where a temporary stood: it is used there by reference, and drops where the temporary would.
pub(super) fn temporary(expr: Expr) -> Expr {
    let is_value = as_ident(&expr).is_some_and(|ident| ident.to_string().starts_with("ready__hr"));
    if is_value {
        syn::parse_quote!(rt__hr::value(#expr))
    } else {
        expr
    }
}

/// What a state is named after: the function, method or variable that is awaited.
fn state_name(awaited: &Expr) -> String {
    let name = match bare(awaited) {
        Expr::Call(call) => match bare(&call.func) {
            Expr::Path(path) => {
                let segments: Vec<_> = path.path.segments.iter().collect();
                match segments.as_slice() {
                    // `Box::pin(f())`, `pin(f())`: what is inside says more.
                    [.., last]
                        if matches!(last.ident.to_string().as_str(), "pin" | "fuse" | "boxed")
                            && call.args.len() == 1 =>
                    {
                        return state_name(&call.args[0]);
                    }
                    // `Delay::new(..)`, `Some::from(..)`.
                    [.., owner, last]
                        if matches!(
                            last.ident.to_string().as_str(),
                            "new" | "from" | "default"
                        ) =>
                    {
                        owner.ident.to_string()
                    }
                    [.., last] if crate::nested::is_block(&last.ident) => "async_block".to_owned(),
                    [.., last] => strip(&last.ident.to_string()),
                    [] => String::new(),
                }
            }
            _ => String::new(),
        },
        Expr::MethodCall(call) => match call.method.to_string().as_str() {
            "unwrap" | "expect" | "fuse" | "boxed" | "into_future" | "clone" | "as_mut"
            | "as_ref" => return state_name(&call.receiver),
            name => name.to_owned(),
        },
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| strip(&segment.ident.to_string()))
            .unwrap_or_default(),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(ident) => ident.to_string(),
            syn::Member::Unnamed(_) => return state_name(&field.base),
        },
        Expr::Macro(mac) => crate::syntax::macro_name(&mac.mac),
        Expr::Reference(reference) => return state_name(&reference.expr),
        Expr::Unary(unary) => return state_name(&unary.expr),
        Expr::Try(expr) => return state_name(&expr.expr),
        Expr::Await(expr) => return state_name(&expr.base),
        Expr::Async(_) => "async_block".to_owned(),
        Expr::Index(index) => return state_name(&index.expr),
        _ => String::new(),
    };
    if name.is_empty() {
        "wait".to_owned()
    } else {
        name
    }
}

pub(super) fn strip(name: &str) -> String {
    match crate::names::unmark(name) {
        Some(_) => name[..name.rfind("__hr").expect("marked")].to_owned(),
        None => name.to_owned(),
    }
}
