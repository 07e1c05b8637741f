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

mod begun;
mod control;
mod guards;
mod jumps;
mod lets;
mod lift;
mod macros;
mod params;
mod settle;
mod temporaries;
mod unsafety;

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
use syn::{Expr, Stmt};

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
    /// An `unsafe` block was taken apart: some of its pieces may not need one.
    pub(crate) opens_unsafe: bool,
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
        opens_unsafe: false,
        labels: 0,
        table,
        operand: false,
        root: Root::No,
        lasting: false,
        behind: 0,
        pending: 0,
        named_temporaries: 0,
        collections: std::collections::HashSet::new(),
        unsettled: None,
        tail: None,
        outliving: Vec::new(),
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
        opens_unsafe: this.opens_unsafe,
    }
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

/// Where an expression stands to one that ends its temporaries itself, as a tail of edition 2024, a branch or a condition does. There the
/// operands of that one drop among the temporaries, in the order in which they were made; those of expressions inside drop first, as
/// everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    No,
    Here,
    Inside,
}

struct Desugar<'a> {
    resolved: &'a mut Resolved,
    edition: Edition,
    sink: &'a mut Sink,
    awaits: Vec<Awaited>,
    items: Vec<syn::Item>,
    holders: Vec<LocalId>,
    foreign: bool,
    opens_unsafe: bool,
    labels: usize,
    table: &'a Table,
    /// The next block to be opened is an operand.
    operand: bool,
    /// The next `if let` or `match` is an operand that others wait behind: what it looks at may outlive it.
    lasting: bool,
    /// How many operands around the present expression have others behind them that wait.
    behind: usize,
    root: Root,
    /// Variables that begin as collections of the standard library.
    collections: std::collections::HashSet<LocalId>,
    /// How many operands that may have a drop wait for the present one.
    pending: usize,
    /// How many temporaries have got a name so far.
    named_temporaries: usize,
    /// Something in the present expression leaves temporaries of which syntax does not say what they are.
    unsettled: Option<Span>,
    /// Before edition 2024, inside the tail of a block: hidden locals for its temporaries are declared here, before the block's own.
    tail: Option<Vec<ir::Stmt>>,
    /// The same for the block that was just opened, if it is an operand: they live as long as the statement around it.
    outliving: Vec<ir::Stmt>,
}

/// Statements that go before an expression, and whether a scope must end them with it.
#[derive(Clone, Default)]
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
            // Of what was awaited nothing is left: it is what the expression looks at.
            let awaited = |stmt: &ir::Stmt| {
                matches!(
                    stmt,
                    ir::Stmt::Let {
                        init: ir::Expr::Await(_),
                        ..
                    }
                )
            };
            if !prefix.scoped && prefix.stmts.iter().all(awaited)
                || dropped
                || !self.looks_at_temporaries(&expr)
            {
                return prefix.enclose(expr);
            }
            let value = self.ready(expr, Span::call_site(), &mut prefix);
            return prefix.enclose(ir::Expr::Plain(lift::temporary(value)));
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

    fn block(&mut self, block: syn::Block, position: Position) -> ir::Block {
        let pending = std::mem::take(&mut self.pending);
        let behind = std::mem::take(&mut self.behind);
        let mut stmts = Vec::new();
        let mut outliving = Vec::new();
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
        for (i, mut stmt) in block.stmts.into_iter().enumerate() {
            if last_await.is_some_and(|last| i <= last)
                && let Some(whole) = self.kept_by_a_pattern(&mut stmt)
            {
                self.stmt(whole, Position::Inside, &mut stmts);
            }
            let stmt = match stmt {
                // What it declared would be gone at the next wait. As an expression it does not compile if it is more than one.
                Stmt::Macro(mac)
                    if last_await.is_some_and(|last| i < last)
                        && crate::syntax::may_declare(&mac.mac)
                        && !self
                            .table
                            .defines_macro(&crate::syntax::macro_name(&mac.mac)) =>
                {
                    let (attrs, mac) = (mac.attrs, mac.mac);
                    let mac = Expr::Macro(syn::ExprMacro { attrs, mac });
                    Stmt::Expr(syn::parse_quote!((#mac)), Some(Default::default()))
                }
                stmt if last_await.is_some_and(|last| i < last)
                    && !stmt.has_await()
                    && !seeded::is(Bug::NotExtended) =>
                {
                    self.extended(stmt, &mut stmts)
                }
                stmt => stmt,
            };
            if Some(i) == tail && stmt.has_await() && self.edition < Edition::E2024 {
                // The tail's temporaries drop after the block's locals: they are declared before them.
                let outer = self.tail.replace(Vec::new());
                let mut last = Vec::new();
                self.stmt(stmt, position, &mut last);
                let front = std::mem::replace(&mut self.tail, outer).expect("set above");
                match &mut self.tail {
                    _ if position == Position::Body => self.tail = Some(front),
                    _ if position == Position::Operand => outliving.extend(front),
                    // The block is a tail itself.
                    Some(around) if position == Position::Inside => around.extend(front),
                    _ => {
                        stmts.splice(0..0, front);
                    }
                }
                stmts.extend(last);
                continue;
            }
            let outer = self.tail.take();
            let here = if Some(i) == tail {
                Root::Here
            } else {
                Root::No
            };
            let root = std::mem::replace(&mut self.root, here);
            self.stmt(stmt, position, &mut stmts);
            self.root = root;
            self.tail = outer;
        }
        self.pending = pending;
        self.behind = behind;
        // They hold in all of the block, also where a statement before them does not end.
        let is_item = |stmt: &ir::Stmt| matches!(stmt, ir::Stmt::Plain(Stmt::Item(_)));
        stmts.sort_by_key(|stmt| !is_item(stmt));
        let tail = if has_value {
            self.tail(&mut stmts, position)
        } else {
            Tail::Free
        };
        let tail = if position == Position::Operand && tail == Tail::Outlives {
            self.outlives(&mut stmts, &mut outliving, open);
            Tail::Free
        } else {
            tail
        };
        self.outliving = outliving;
        ir::Block {
            stmts,
            front: 0,
            tail,
        }
    }

    /// An operand that is a block: before edition 2024 what its value leaves lives as long as the statement.
    fn operand_block(&mut self, block: syn::Block, prefix: &mut Prefix) -> ir::Block {
        let block = self.block(block, Position::Operand);
        let outliving = std::mem::take(&mut self.outliving);
        self.named_temporaries += outliving.len();
        match &mut self.tail {
            Some(front) => front.extend(outliving),
            None if outliving.is_empty() => {}
            None => {
                let (at, count) = (prefix.temporaries, outliving.len());
                prefix.stmts.splice(at..at, outliving);
                prefix.temporaries += count;
                prefix.scoped = true;
            }
        }
        block
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
            Some(ir::Stmt::Expr { expr, semi: false }) if self.looks_at_temporaries(expr) => {
                return self.left(position);
            }
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

    /// Gives what the value of a block leaves names, declared outside of it.
    fn outlives(&mut self, stmts: &mut Vec<ir::Stmt>, outliving: &mut Vec<ir::Stmt>, open: Span) {
        match stmts.pop() {
            Some(
                ir::Stmt::Plain(Stmt::Expr(value, None))
                | ir::Stmt::Expr {
                    expr: ir::Expr::Plain(value),
                    semi: false,
                },
            ) => {
                let outer = self.tail.replace(Vec::new());
                let mut prefix = Prefix::default();
                let settled = self.settle(value, &mut prefix);
                outliving.extend(std::mem::replace(&mut self.tail, outer).expect("set above"));
                stmts.extend(prefix.stmts);
                stmts.push(ir::Stmt::Plain(Stmt::Expr(settled, None)));
                return;
            }
            last => stmts.extend(last),
        }
        self.refuse(
            Code::Temporary,
            open,
            "a temporary of this block's value outlives the block, in an expression that goes on",
            "this block",
            "give the block's value a name at its end: `let value = ..; value`",
        );
    }

    fn stmt(&mut self, stmt: Stmt, position: Position, out: &mut Vec<ir::Stmt>) {
        if let Stmt::Item(item) = stmt {
            match item {
                // These hold in their block alone, each part of which says them again.
                syn::Item::Use(mut item)
                    if position != Position::Body && !self.brings_local(&item.tree) =>
                {
                    item.attrs.push(syn::parse_quote!(#[allow(unused_imports)]));
                    out.push(ir::Stmt::Plain(Stmt::Item(syn::Item::Use(item))));
                }
                syn::Item::Const(mut item)
                    if position != Position::Body && !self.names_local(&item.ident) =>
                {
                    item.attrs.push(syn::parse_quote!(#[allow(dead_code)]));
                    out.push(ir::Stmt::Plain(Stmt::Item(syn::Item::Const(item))));
                }
                item => self.item(item, position),
            }
            return;
        }
        if let Stmt::Local(local) = &stmt
            && local.init.is_none()
            && let Some(each) = lets::one_by_one(local)
        {
            each.into_iter()
                .for_each(|stmt| self.stmt(stmt, position, out));
            return;
        }
        if !stmt.has_await() {
            self.note(&stmt);
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

    /// Whether a `use` brings in the name of a local.
    fn brings_local(&self, tree: &syn::UseTree) -> bool {
        match tree {
            syn::UseTree::Path(path) => self.brings_local(&path.tree),
            syn::UseTree::Name(name) => self.names_local(&name.ident),
            syn::UseTree::Rename(name) => self.names_local(&name.rename),
            syn::UseTree::Group(group) => group.items.iter().any(|tree| self.brings_local(tree)),
            syn::UseTree::Glob(_) => false,
        }
    }

    fn names_local(&self, name: &Ident) -> bool {
        self.resolved.locals.iter().any(|local| *name == local.base)
    }

    fn item(&mut self, item: syn::Item, position: Position) {
        let named = item_name(&item);
        let clashes = named.is_some_and(|name| self.names_local(&name));
        if position != Position::Body || clashes {
            let span = syn::spanned::Spanned::span(&item);
            self.refuse(Code::Unsupported, span, "an item among statements that await, in a nested block or with the name of a local", "several states would need it", "move the item to the beginning of the function, under a name of its own");
        }
        if let syn::Item::Macro(mac) = &item
            && !crate::syntax::declares_items(&mac.mac)
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

    /// A new hidden local with this value; gives a mention of it.
    fn hide(&mut self, base: &str, value: Expr, span: Span, prefix: &mut Prefix) -> Ident {
        let local = self.resolved.hidden(base, span);
        let declared = self.resolved.mention(local);
        prefix.plain(syn::parse_quote!(let #declared = #value;));
        self.resolved.mention(local)
    }

    /// Declares a hidden local among the statement's temporaries, for a value that an expression gives it.
    fn declare_temporary(&mut self, base: &str, span: Span, prefix: &mut Prefix) -> Ident {
        self.named_temporaries += 1;
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
        self.named_temporaries += 1;
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
                let name = crate::syntax::macro_name(mac);
                if mac.path.segments[0].ident == "rt__hr" {
                    return;
                }
                let args = crate::syntax::evaluates_args(mac)
                    .then(|| crate::syntax::macro_args(mac))
                    .flatten();
                if let Some(args) = args
                    && !self.0.table.defines_macro(&name)
                {
                    args.iter().for_each(|arg| self.visit_expr(arg));
                    return;
                }
                let known = !crate::syntax::may_declare(mac) || self.0.table.defines_macro(&name);
                self.0.foreign |= self.1 && !known;
                if matches!(name.as_str(), "bail" | "ensure")
                    && crate::open::moves(mac, self.0.table)
                {
                    self.0.refuse(
                        Code::Macro,
                        mac.path.segments[0].ident.span(),
                        "a macro that returns, and may move a local",
                        "only its expansion says when it does",
                        "give `ensure!` a message, import the macro by name from its crate, or return in a statement of its own",
                    );
                }
                if crate::syntax::tokens_have(&mac.tokens, &mut crate::syntax::is_jump)
                    || self.0.table.jumping().contains(&name)
                {
                    self.0.refuse(
                        Code::Macro,
                        mac.path.segments[0].ident.span(),
                        "a macro that may leave the function or a loop, or declares a local",
                        "its expansion holds a `return`, `break`, `continue`, `?` or `let`",
                        "jump, or declare the local, in a statement before or after it",
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
    crate::syntax::as_ident(crate::syntax::runtime_value(expr)?)
}
