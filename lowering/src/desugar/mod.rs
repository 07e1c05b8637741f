//! Brings every await into a statement of its own, keeping the order of evaluation and the lifetimes of temporaries.
//!
//! ```text
//! // Input:
//! total += weigh(&make(), fetch(1).await?);
//! // Output:
//! {
//!     let temp = make();
//!     let arg = &temp;
//!     let ready = fetch(1).await;
//!     total += weigh(arg, ready?);
//! }
//! ```
//!
//! What has no await inside stays as it is. Three rules make the rest:
//! - operands that stand before an await are evaluated into hidden locals ([`lift`]);
//! - a temporary that would be alive across an await becomes a hidden local, in a block that ends where the statement ends
//!   ([`settle`]);
//! - control flow that holds awaits is opened, so that each branch is a block of the structured form ([`control`]).

mod control;
mod jumps;
mod lift;
mod macros;
mod settle;
mod temporaries;

pub(crate) use temporaries::Temporaries;

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::ir::{self, AwaitId, Tail};
use crate::names::LocalId;
use crate::report::Edition;
use crate::resolve::Resolved;
use crate::seeded::{self, Bug};
use crate::syntax::HasAwait;
use crate::types::Table;
use proc_macro2::{Ident, Span};
use quote::{format_ident, quote};
use syn::{Expr, Pat, Stmt};

/// A function in await-normal form.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// The parameters' bindings and, last, the function's block as its value.
    pub(crate) block: ir::Block,
    /// What `Start` holds: one local a parameter, in order.
    pub(crate) params: Vec<LocalId>,
    /// The parameters under their own names, however they arrive.
    pub(crate) given: Vec<LocalId>,
    /// One for each await: the expression as it was written, and its span.
    pub(crate) awaits: Vec<Awaited>,
    /// Items of the body, moved to its front: they see no locals, and every state may need them.
    pub(crate) items: Vec<syn::Item>,
    /// Locals that stand for what expressions leave of a temporary.
    pub(crate) holders: Vec<LocalId>,
    /// A loop that is taken apart holds a macro of which nothing is known: it may jump.
    pub(crate) foreign: bool,
}

/// What is known of an await from its syntax.
#[derive(Clone, Debug)]
pub(crate) struct Awaited {
    pub(crate) span: Span,
    /// Of the word `await` itself.
    pub(crate) keyword: Span,
    /// What the state is named after.
    pub(crate) name: String,
    /// The awaited expression, as tokens.
    pub(crate) tokens: Option<proc_macro2::TokenStream>,
    /// For an opaque leaf: the macro that it stands for, as `tokio::select`.
    pub(crate) leaf: Option<String>,
}

pub(crate) fn desugar(
    resolved: &mut Resolved,
    table: &Table,
    edition: Edition,
    sink: &mut Sink,
) -> Body {
    let params = std::mem::take(&mut resolved.params);
    let block = std::mem::replace(&mut resolved.block, syn::parse_quote!({}));
    if block.has_await() {
        crate::conditional::refuse(&block, sink);
        refuse_dots(&block, sink);
    }
    let mut this = Desugar {
        resolved,
        edition,
        sink,
        awaits: Vec::new(),
        items: Vec::new(),
        holders: Vec::new(),
        foreign: false,
        labels: 0,
        table,
        operand: false,
        root: false,
        tail: None,
    };
    this.check_jumps(&block);
    let mut stmts = Vec::new();
    let mut starts = Vec::new();
    for (pat, ty) in params {
        this.param(pat, &ty, &mut starts, &mut stmts);
    }
    let inner = this.block(block, Position::Body);
    if let Some(front) = this.tail.take() {
        stmts.extend(front);
    }
    stmts.push(ir::Stmt::Expr {
        expr: ir::Expr::Block {
            label: None,
            block: inner,
        },
        semi: false,
    });
    Body {
        block: ir::Block::new(stmts),
        given: starts.clone(),
        params: starts,
        awaits: this.awaits,
        items: this.items,
        holders: this.holders,
        foreign: this.foreign,
    }
}

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

/// The printer drops the dots of an assignment's pattern.
fn refuse_dots(block: &syn::Block, sink: &mut Sink) {
    struct Dots<'a>(&'a mut Sink);
    impl<'ast> syn::visit::Visit<'ast> for Dots<'_> {
        fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
            if let (Some(dots), None) = (&expr.dot2_token, &expr.rest) {
                let help = "bind the parts in a `let` pattern, and assign them one by one";
                self.0.push(Diagnostic::new(
                    Code::Unsupported,
                    dots.spans[0],
                    "an assignment to a struct pattern with `..` is not lowered",
                    "these dots",
                    Some(help.into()),
                ));
            }
            syn::visit::visit_expr_struct(self, expr);
        }
        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    syn::visit::Visit::visit_block(&mut Dots(sink), block);
}

fn item_name(item: &syn::Item) -> Option<Ident> {
    match item {
        syn::Item::Fn(item) => Some(item.sig.ident.clone()),
        syn::Item::Const(item) => Some(item.ident.clone()),
        syn::Item::Static(item) => Some(item.ident.clone()),
        _ => None,
    }
}

/// Where a block stands: before edition 2024, the temporaries of its tail outlive its locals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// The function's own block.
    Body,
    /// A block that is a statement, or the value of a `let`.
    Inside,
    /// A block inside an expression, which goes on after it.
    Operand,
    /// A branch or loop body: its temporaries end with it.
    Branch,
}

struct Desugar<'a> {
    resolved: &'a mut Resolved,
    edition: Edition,
    sink: &'a mut Sink,
    awaits: Vec<Awaited>,
    items: Vec<syn::Item>,
    holders: Vec<LocalId>,
    foreign: bool,
    labels: usize,
    table: &'a Table,
    /// The next block to be opened is an operand.
    operand: bool,
    /// The present expression ends its temporaries itself, as a tail of edition 2024, a branch or a condition does.
    root: bool,
    /// Before edition 2024, inside the tail of a block: hidden locals for its temporaries are declared here, before the block's own.
    tail: Option<Vec<ir::Stmt>>,
}

/// Statements that go before an expression, and whether a scope must end them with it.
#[derive(Default)]
struct Prefix {
    stmts: Vec<ir::Stmt>,
    scoped: bool,
    /// How many statements at the front declare temporaries: they outlive the operands, which stand behind them.
    temporaries: usize,
}

impl Prefix {
    fn plain(&mut self, stmt: Stmt) {
        self.stmts.push(ir::Stmt::Plain(stmt));
    }

    /// The prefix and what follows it, in a block if something of the prefix ends with it.
    fn enclose(self, expr: ir::Expr) -> ir::Expr {
        if self.stmts.is_empty() {
            return expr;
        }
        let mut stmts = self.stmts;
        stmts.push(ir::Stmt::Expr { expr, semi: false });
        ir::Expr::Block {
            label: None,
            block: ir::Block::new(stmts),
        }
    }
}

impl Desugar<'_> {
    fn refuse(&mut self, code: Code, span: Span, message: &str, label: &str, help: &str) {
        self.sink.push(Diagnostic::new(
            code,
            span,
            message,
            label,
            Some(help.to_owned()),
        ));
    }

    /// The prefix and the expression, in a block that ends what the prefix holds. Before edition 2024 what the expression leaves would
    /// outlive that: it ends in a statement of its own. `dropped`: nobody takes the value.
    fn enclose(&mut self, mut prefix: Prefix, expr: ir::Expr, dropped: bool) -> ir::Expr {
        let ir::Expr::Plain(value) = &expr else {
            return prefix.enclose(expr);
        };
        if self.edition >= Edition::E2024
            || seeded::is(Bug::ConditionOutlived)
            || prefix.stmts.is_empty()
            || !self.leaves_temporaries(value)
        {
            return prefix.enclose(expr);
        }
        if dropped || matches!(value, Expr::Return(_) | Expr::Break(_)) {
            prefix.stmts.push(ir::Stmt::Expr { expr, semi: true });
            return ir::Expr::Block {
                label: None,
                block: ir::Block::new(prefix.stmts),
            };
        }
        let span = syn::spanned::Spanned::span(value);
        let local = self.hide("value", value.clone(), span, &mut prefix);
        prefix.enclose(ir::Expr::Plain(lift::path(local)))
    }

    fn label(&mut self) -> syn::Lifetime {
        self.labels += 1;
        syn::Lifetime {
            apostrophe: Span::call_site(),
            ident: format_ident!("again__hr{}", self.labels),
        }
    }

    /// A parameter: held from the start; a pattern takes it apart when the function first runs, and what the pattern leaves drops
    /// with the parameters.
    fn param(
        &mut self,
        pat: Pat,
        ty: &syn::Type,
        starts: &mut Vec<LocalId>,
        stmts: &mut Vec<ir::Stmt>,
    ) {
        if let Pat::Ident(ident) = &pat
            && ident.by_ref.is_none()
            && ident.subpat.is_none()
            && stmts.is_empty()
            && let Some(local) = crate::names::local(&ident.ident)
        {
            starts.push(local);
            return;
        }
        let span = syn::spanned::Spanned::span(&pat);
        let whole = self.resolved.hidden("param", span);
        self.resolved.locals[whole.0].ty = Some(ty.clone());
        starts.push(whole);
        let value = self.resolved.mention(whole);
        match &pat {
            // What nothing names is kept, in its place behind what the patterns before it bind.
            Pat::Wild(_) if stmts.is_empty() => {}
            Pat::Wild(_) => {
                let kept = self.resolved.hidden("param", span);
                let kept = self.resolved.mention(kept);
                stmts.push(ir::Stmt::Plain(syn::parse_quote!(let #kept = #value;)));
            }
            _ => {
                if !stmts.is_empty() && !matches!(pat, Pat::Ident(_)) {
                    let kept = self.resolved.hidden("param", span);
                    let declared = self.resolved.mention(kept);
                    stmts.push(ir::Stmt::Plain(syn::parse_quote!(let #declared = #value;)));
                    let value = self.resolved.mention(kept);
                    stmts.push(ir::Stmt::Plain(syn::parse_quote!(let #pat = #value;)));
                } else {
                    stmts.push(ir::Stmt::Plain(syn::parse_quote!(let #pat = #value;)));
                }
            }
        }
    }

    fn block(&mut self, block: syn::Block, position: Position) -> ir::Block {
        let mut stmts = Vec::new();
        let has_value = match block.stmts.last() {
            Some(Stmt::Expr(_, semi)) => semi.is_none(),
            Some(Stmt::Macro(mac)) => mac.semi_token.is_none(),
            _ => false,
        };
        let tail = block
            .stmts
            .len()
            .checked_sub(1)
            .filter(|&last| matches!(&block.stmts[last], Stmt::Expr(_, None)));
        let open = block.brace_token.span.open();
        let last_await = block.stmts.iter().rposition(HasAwait::has_await);
        for (i, stmt) in block.stmts.into_iter().enumerate() {
            let stmt = if last_await.is_some_and(|last| i < last)
                && !stmt.has_await()
                && !seeded::is(Bug::NotExtended)
            {
                self.extended(stmt, &mut stmts)
            } else {
                stmt
            };
            if Some(i) == tail && stmt.has_await() && self.edition < Edition::E2024 {
                // The tail's temporaries drop after the block's locals: they are declared before them.
                let outer = self.tail.replace(Vec::new());
                let mut last = Vec::new();
                self.stmt(stmt, position, &mut last);
                let front = std::mem::replace(&mut self.tail, outer).expect("set above");
                if position == Position::Operand && !front.is_empty() {
                    self.outlives(open);
                }
                if position == Position::Body {
                    self.tail = Some(front);
                } else {
                    stmts.splice(0..0, front);
                }
                stmts.extend(last);
                continue;
            }
            let outer = self.tail.take();
            let root = std::mem::replace(&mut self.root, Some(i) == tail);
            self.stmt(stmt, position, &mut stmts);
            self.root = root;
            self.tail = outer;
        }
        let tail = if has_value {
            self.tail(&mut stmts, position)
        } else {
            Tail::Free
        };
        if position == Position::Operand && tail == Tail::Outlives {
            self.outlives(open);
        }
        ir::Block { stmts, tail }
    }

    /// What the value of a block leaves.
    fn tail(&self, stmts: &mut [ir::Stmt], position: Position) -> Tail {
        let value = match stmts.last_mut() {
            Some(ir::Stmt::Plain(Stmt::Expr(value, None))) => value,
            Some(ir::Stmt::Expr {
                expr: ir::Expr::Plain(value),
                semi: false,
            }) => value,
            // A block inside hands on what its own value leaves.
            Some(ir::Stmt::Expr {
                expr: ir::Expr::Block { block, .. },
                semi: false,
            }) if block.tail == Tail::Outlives => return self.left(position),
            Some(ir::Stmt::Plain(Stmt::Macro(mac))) if self.macro_leaves_temporaries(&mac.mac) => {
                return self.left(position);
            }
            _ => return Tail::Free,
        };
        if !self.leaves_temporaries(value) {
            return Tail::Free;
        }
        if self.edition >= Edition::E2024
            && crate::syntax::mixes(value, &|operand| self.leaves_temporaries(operand))
        {
            close(value);
        }
        self.left(position)
    }

    /// What becomes of temporaries that a block's value leaves.
    fn left(&self, position: Position) -> Tail {
        match position {
            _ if self.edition >= Edition::E2024 => Tail::Closed,
            Position::Branch => Tail::Branch,
            _ => Tail::Outlives,
        }
    }

    fn outlives(&mut self, open: Span) {
        self.refuse(
            Code::Temporary,
            open,
            "a temporary of this block's value outlives the block, in an expression that goes on",
            "this block",
            "give the temporary a name in a `let` before the statement",
        );
    }

    fn stmt(&mut self, stmt: Stmt, position: Position, out: &mut Vec<ir::Stmt>) {
        if let Stmt::Item(item) = stmt {
            self.item(item, position);
            return;
        }
        if let Stmt::Expr(Expr::Assign(assign), Some(_)) = &stmt
            && matches!(&*assign.left, Expr::Infer(_))
            && !seeded::is(Bug::UnderscoreMoves)
            && crate::syntax::is_place(&assign.right)
        {
            // Neither moves the value nor looks at it.
            let place = &assign.right;
            let stmt: Stmt = syn::parse_quote!(let _ = #place;);
            return self.stmt(stmt, position, out);
        }
        if !stmt.has_await() {
            self.check_plain(&stmt);
            self.await_free(stmt, out);
            return;
        }
        match stmt {
            Stmt::Local(local) => self.local(local, out),
            Stmt::Expr(expr, semi) => {
                let mut prefix = Prefix::default();
                if semi.is_some() && jumps::gives_value(&expr) && !seeded::is(Bug::ValueDropsInside)
                {
                    // The value is dropped here, and not where it is made.
                    let stmt: Stmt = syn::parse_quote!(let _ = #expr;);
                    return self.stmt(stmt, position, out);
                }
                let expr = self.value(expr, &mut prefix);
                if prefix.scoped {
                    out.push(ir::Stmt::Expr {
                        expr: self.enclose(prefix, expr, semi.is_some()),
                        semi: semi.is_some(),
                    });
                } else {
                    out.extend(prefix.stmts);
                    match expr {
                        ir::Expr::Plain(expr @ Expr::Assign(_)) => {
                            self.await_free(Stmt::Expr(expr, semi), out)
                        }
                        expr => out.push(ir::Stmt::Expr {
                            expr,
                            semi: semi.is_some(),
                        }),
                    }
                }
            }
            Stmt::Macro(mac) => match mac.semi_token {
                Some(semi) => {
                    let expr = Expr::Macro(syn::ExprMacro {
                        attrs: mac.attrs,
                        mac: mac.mac,
                    });
                    self.stmt(Stmt::Expr(expr, Some(semi)), position, out);
                }
                None => self.hidden_await(&mac.mac),
            },
            Stmt::Item(_) => unreachable!("handled above"),
        }
    }

    /// A statement without an await. A destructuring assignment is spelled out, as the compiler does.
    fn await_free(&mut self, stmt: Stmt, out: &mut Vec<ir::Stmt>) {
        if let Stmt::Expr(Expr::Assign(assign), semi) = &stmt
            && let Expr::Tuple(left) = &*assign.left
            && left
                .elems
                .iter()
                .all(|elem| crate::syntax::as_ident(elem).is_some())
        {
            let span = assign.eq_token.span;
            let values: Vec<Ident> = left
                .elems
                .iter()
                .map(|_| {
                    let local = self.resolved.hidden("value", span);
                    self.resolved.mention(local)
                })
                .collect();
            let right = &assign.right;
            let mut stmts = vec![ir::Stmt::Plain(
                syn::parse_quote!(let (#(#values),*) = #right;),
            )];
            for (place, value) in left.elems.iter().zip(&values) {
                let value = self
                    .resolved
                    .mention(crate::names::local(value).expect("hidden"));
                stmts.push(ir::Stmt::Plain(syn::parse_quote!(#place = #value;)));
            }
            let _ = semi;
            out.push(ir::Stmt::Expr {
                expr: ir::Expr::Block {
                    label: None,
                    block: ir::Block::new(stmts),
                },
                semi: true,
            });
            return;
        }
        if let Stmt::Expr(Expr::Assign(assign), _) = &stmt
            && matches!(
                crate::syntax::bare(&assign.left),
                Expr::Array(_) | Expr::Struct(_) | Expr::Call(_)
            )
        {
            self.refuse(
                Code::Order,
                assign.eq_token.span,
                "an assignment to a pattern drops old values and the rest of the new one in an order of its own",
                "this assignment",
                "bind the parts in a `let` pattern, and assign them one by one",
            );
        }
        out.push(ir::Stmt::Plain(stmt));
    }

    /// `let x = &make();` keeps the value as long as `x`, which may be longer than a step of the machine: the value gets a name.
    fn extended(&mut self, mut stmt: Stmt, out: &mut Vec<ir::Stmt>) -> Stmt {
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
                let ident = self.name_value(base, ty, mutable, out);
                *base = lift::path(ident);
            }
            Expr::Macro(mac) if crate::syntax::macro_name(&mac.mac) == "pin" => {
                if let Some([value]) = crate::syntax::macro_args(&mac.mac).as_deref() {
                    let ident = self.name_value(&mut value.clone(), None, true, out);
                    *init.expr = syn::parse_quote!(rt__hr::pinned!(#ident));
                }
            }
            value if by_ref => {
                let ident = self.name_value(value, None, true, out);
                *init.expr = lift::path(ident);
            }
            _ => {}
        }
        self.check_extended(&stmt);
        stmt
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
        if extends(&init.expr) || has_ref(pat) && !place && init.diverge.is_none() {
            let span = init.eq_token.span;
            self.refuse(Code::Temporary, span, "this `let` keeps a temporary alive beyond the statement, and the function waits later", "a value without a name", "give the borrowed value a name in a `let` before it");
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

    fn item(&mut self, item: syn::Item, position: Position) {
        let named = item_name(&item);
        let clashes = named
            .as_ref()
            .is_some_and(|name| self.resolved.locals.iter().any(|local| *name == local.base));
        if position != Position::Body || clashes {
            let span = syn::spanned::Spanned::span(&item);
            self.refuse(Code::Unsupported, span, "an item among statements that await, in a nested block or with the name of a local", "several states would need it", "move the item to the beginning of the function, under a name of its own");
        }
        if let syn::Item::Macro(mac) = &item
            && crate::syntax::tokens_have(&mac.mac.tokens, &mut |ident| {
                self.resolved
                    .locals
                    .iter()
                    .any(|local| ident == &local.base)
            })
        {
            let span = mac.mac.path.segments[0].ident.span();
            self.refuse(
                Code::Macro,
                span,
                "a macro defined inside the function names a local",
                "its expansion depends on where it stands",
                "move the macro out of the function and pass the local as an argument",
            );
        }
        self.items.push(item);
    }

    fn local(&mut self, mut local: syn::Local, out: &mut Vec<ir::Stmt>) {
        if let Some(init) = &local.init {
            let simple = matches!(&*init.expr, Expr::Reference(reference) if extended_value(&reference.expr).is_some_and(|base| base.has_await() && !extends(base)));
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
        let shadows =
            deferred(&local).is_some_and(|(_, name)| self.mentions_namesake(&expr, &name));
        let value = if expr.has_await() {
            self.value(expr, &mut prefix)
        } else {
            ir::Expr::Plain(expr)
        };
        // What nothing binds drops first, and the statement's temporaries behind it.
        if prefix.scoped && diverge.is_none() && matches!(local.pat, Pat::Wild(_)) {
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
            (init, els) => out.push(ir::Stmt::Let {
                attrs: local.attrs,
                pat: local.pat,
                init,
                els,
            }),
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

    /// The `else` block of a `let`.
    fn diverge(&mut self, expr: Expr) -> ir::Block {
        match expr {
            Expr::Block(block) => self.block(block.block, Position::Branch),
            other => ir::Block::new(vec![ir::Stmt::Plain(Stmt::Expr(other, None))]),
        }
    }

    /// A new hidden local with this value; gives a mention of it.
    fn hide(&mut self, base: &str, value: Expr, span: Span, prefix: &mut Prefix) -> Ident {
        let local = self.resolved.hidden(base, span);
        let declared = self.resolved.mention(local);
        prefix.plain(syn::parse_quote!(let #declared = #value;));
        self.resolved.mention(local)
    }

    /// Declares a hidden local among the statement's temporaries, for a value that an expression gives it.
    fn declare_temporary(&mut self, base: &str, span: Span, prefix: &mut Prefix) -> Ident {
        let local = self.resolved.hidden(base, span);
        let declared = self.resolved.mention(local);
        let declaration = ir::Stmt::Plain(syn::parse_quote!(let #declared;));
        match &mut self.tail {
            Some(front) => front.push(declaration),
            None => {
                prefix.scoped = true;
                prefix.stmts.insert(prefix.temporaries, declaration);
                prefix.temporaries += 1;
            }
        }
        self.resolved.mention(local)
    }

    /// A new hidden local for a temporary: it drops where the temporary would.
    fn hide_temporary(
        &mut self,
        value: Expr,
        span: Span,
        mutable: bool,
        prefix: &mut Prefix,
    ) -> Ident {
        // The value of an await is a hidden local already.
        if self.tail.is_none()
            && prefix.stmts.len() <= prefix.temporaries + 1
            && let Some(ident) = value_of(&value)
        {
            prefix.temporaries = prefix.stmts.len();
            if mutable {
                self.resolved.locals[crate::names::local(ident).expect("hidden").0].mutable = true;
            }
            prefix.scoped = true;
            return ident.clone();
        }
        let late = prefix.stmts.len() > prefix.temporaries;
        let local = self.resolved.hidden(
            if self.tail.is_some() {
                "tail"
            } else if late {
                "temporary"
            } else {
                "temp"
            },
            span,
        );
        self.resolved.locals[local.0].mutable = mutable;
        let declared = self.resolved.mention(local);
        let mutability = mutable.then(|| quote!(mut));
        match &mut self.tail {
            Some(front) => {
                front.push(ir::Stmt::Plain(
                    syn::parse_quote!(let #mutability #declared;),
                ));
                let assigned = self.resolved.mention(local);
                prefix.plain(syn::parse_quote!(#assigned = #value;));
            }
            None if late => {
                if self.root {
                    self.refuse(
                        Code::Temporary,
                        span,
                        "a temporary is held across an await among the operands of a value that ends its own temporaries",
                        "only the nesting of scopes says what drops first",
                        "give the temporary a name in a `let` before it",
                    );
                }
                prefix.scoped = true;
                prefix.stmts.insert(
                    prefix.temporaries,
                    ir::Stmt::Plain(syn::parse_quote!(let #mutability #declared;)),
                );
                prefix.temporaries += 1;
                let assigned = self.resolved.mention(local);
                prefix.plain(syn::parse_quote!(#assigned = #value;));
            }
            None => {
                prefix.scoped = true;
                prefix.plain(syn::parse_quote!(let #mutability #declared = #value;));
                prefix.temporaries = prefix.stmts.len();
            }
        }
        self.resolved.mention(local)
    }

    /// Macros that jump cannot be left as they are: a `return` means something else in the step, and loops are taken apart.
    fn check_jumps(&mut self, block: &syn::Block) {
        struct Macros<'a, 'b>(&'a mut Desugar<'b>, bool);
        impl Macros<'_, '_> {
            /// A loop that is taken apart.
            fn within(&mut self, awaits: bool, inside: impl FnOnce(&mut Self)) {
                let outer = std::mem::replace(&mut self.1, awaits);
                inside(self);
                self.1 = outer;
            }
        }
        impl<'ast> syn::visit::Visit<'ast> for Macros<'_, '_> {
            fn visit_expr_loop(&mut self, expr: &'ast syn::ExprLoop) {
                let awaits = expr.body.has_await();
                self.within(awaits, |this| syn::visit::visit_expr_loop(this, expr));
            }
            fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
                let awaits = expr.body.has_await() || expr.cond.has_await();
                self.within(awaits, |this| syn::visit::visit_expr_while(this, expr));
            }
            fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
                let awaits = expr.body.has_await();
                self.within(awaits, |this| syn::visit::visit_expr_for_loop(this, expr));
            }
            fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                let jump =
                    |ident: &Ident| ident == "return" || ident == "break" || ident == "continue";
                let name = crate::syntax::macro_name(mac);
                if mac.path.segments[0].ident == "rt__hr" {
                    return;
                }
                let known = crate::syntax::takes_expressions(mac)
                    || self.0.table.defines_macro(&name)
                    || matches!(
                        name.as_str(),
                        "matches" | "dbg" | "pin" | "format_args" | "include" | "thread_local"
                    );
                self.0.foreign |= self.1 && !known;
                if crate::syntax::tokens_have(&mac.tokens, &mut |ident| jump(ident))
                    || self.0.table.jumping().contains(&name)
                {
                    self.0.refuse(
                        Code::Macro,
                        mac.path.segments[0].ident.span(),
                        "a macro that may leave the function or a loop",
                        "its expansion holds a `return`, `break`, `continue` or `?`",
                        "jump in a statement before or after it",
                    );
                }
            }
            fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
            fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
            fn visit_item(&mut self, _: &'ast syn::Item) {}
        }
        syn::visit::Visit::visit_block(&mut Macros(self, false), block);
    }

    /// Macros that await, or declare locals, cannot be left as they are.
    fn check_plain(&mut self, stmt: &Stmt) {
        struct Macros<'a, 'b>(&'a mut Desugar<'b>);
        impl<'ast> syn::visit::Visit<'ast> for Macros<'_, '_> {
            fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                if matches!(
                    crate::syntax::macro_name(mac).as_str(),
                    "select"
                        | "select_biased"
                        | "join"
                        | "try_join"
                        | "stream"
                        | "try_stream"
                        | "poll"
                ) {
                    self.0.hidden_await(mac);
                }
            }
            fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
            fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
            fn visit_item(&mut self, _: &'ast syn::Item) {}
        }
        syn::visit::Visit::visit_stmt(&mut Macros(self), stmt);
        if let Stmt::Macro(mac) = stmt
            && matches!(
                crate::syntax::macro_name(&mac.mac).as_str(),
                "pin" | "pin_mut"
            )
        {
            let span = mac.mac.path.segments[0].ident.span();
            self.refuse(
                Code::Macro,
                span,
                "a macro that declares a local",
                "it hides the variable behind a pinned one",
                "write `let mut x = core::pin::pin!(x);`",
            );
        }
    }

    fn await_id(&mut self, awaited: Awaited) -> AwaitId {
        self.awaits.push(awaited);
        self.awaits.len() - 1
    }

    fn hidden_await(&mut self, mac: &syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        let span = mac.path.segments[0].ident.span();
        self.refuse(
            Code::HiddenAwait,
            span,
            &format!("the await is an argument of the macro `{name}!`"),
            "only its expansion decides when this is evaluated",
            "await in a `let` before it, and pass the variable",
        );
    }
}

/// Since edition 2024 a tail ends its own temporaries, and while it unwinds they drop among its operands. In a `return` statement they
/// would drop behind them: so the tail stays one.
fn close(value: &mut Expr) {
    let span = syn::spanned::Spanned::span(value);
    let tail = std::mem::replace(value, Expr::Verbatim(Default::default()));
    *value = Expr::Block(syn::ExprBlock {
        attrs: Vec::new(),
        label: None,
        block: syn::Block {
            brace_token: syn::token::Brace(span),
            stmts: vec![Stmt::Expr(tail, None)],
        },
    });
}

/// The hidden local of which this is the value, as a temporary: `rt::value(ready)`.
fn value_of(expr: &Expr) -> Option<&Ident> {
    let Expr::Call(call) = crate::syntax::bare(expr) else {
        return None;
    };
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let mut segments = path.path.segments.iter();
    (segments.next()?.ident == "rt__hr" && segments.next()?.ident == "value")
        .then(|| crate::syntax::as_ident(&call.args[0]))
        .flatten()
}
