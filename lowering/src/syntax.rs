//! Questions about syntax trees that several passes ask.

use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat, Stmt};

/// Whether a piece of syntax awaits in the function itself: closures, async blocks and items inside are their own.
pub(crate) trait HasAwait {
    fn has_await(&self) -> bool;
}

#[derive(Default)]
struct Finder {
    found: bool,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_expr_await(&mut self, _: &'ast syn::ExprAwait) {
        self.found = true;
    }
    fn visit_expr(&mut self, expr: &'ast Expr) {
        if !self.found {
            visit::visit_expr(self, expr);
        }
    }
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.found |= tokens_have(&mac.tokens, &mut |ident| ident == "await");
    }
}

impl HasAwait for Expr {
    fn has_await(&self) -> bool {
        let mut finder = Finder::default();
        finder.visit_expr(self);
        finder.found
    }
}

impl HasAwait for Stmt {
    fn has_await(&self) -> bool {
        let mut finder = Finder::default();
        finder.visit_stmt(self);
        finder.found
    }
}

impl HasAwait for proc_macro2::TokenStream {
    fn has_await(&self) -> bool {
        tokens_have(self, &mut |ident| ident == "await")
    }
}

impl HasAwait for syn::Macro {
    fn has_await(&self) -> bool {
        self.tokens.has_await()
    }
}

impl HasAwait for syn::Block {
    fn has_await(&self) -> bool {
        self.stmts.iter().any(HasAwait::has_await)
    }
}

/// Whether any identifier of a token stream satisfies `is`.
pub(crate) fn tokens_have(
    tokens: &proc_macro2::TokenStream,
    is: &mut impl FnMut(&proc_macro2::Ident) -> bool,
) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        proc_macro2::TokenTree::Ident(ident) => is(&ident),
        proc_macro2::TokenTree::Group(group) => tokens_have(&group.stream(), is),
        _ => false,
    })
}

/// How many awaits a block has, those of closures and async blocks inside not counted.
pub(crate) fn count_awaits(block: &syn::Block) -> usize {
    #[derive(Default)]
    struct Counter(usize);
    impl<'ast> Visit<'ast> for Counter {
        fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
            self.0 += 1;
            visit::visit_expr_await(self, expr);
        }
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    let mut counter = Counter::default();
    counter.visit_block(block);
    counter.0
}

/// Without parentheses and invisible groups.
pub(crate) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        Expr::Group(group) => bare(&group.expr),
        expr => expr,
    }
}

/// The single identifier that an expression is.
pub(crate) fn as_ident(expr: &Expr) -> Option<&proc_macro2::Ident> {
    match bare(expr) {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// What this is the value of, as a temporary: `rt::value(x)`.
pub(crate) fn runtime_value(expr: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = bare(expr) else {
        return None;
    };
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let mut segments = path.path.segments.iter();
    let value = segments.next()?.ident == "rt__hr" && segments.next()?.ident == "value";
    call.args.first().filter(|_| value)
}

/// Whether an expression owns the value of one operand while a later operand makes a temporary. Should it unwind then, the order of their
/// drops depends on whether the expression ends its temporaries itself, as the tail of a block does since edition 2024.
pub(crate) fn mixes(expr: &Expr, leaves_temporaries: &dyn Fn(&Expr) -> bool) -> bool {
    let operands: Vec<&Expr> = match bare(expr) {
        Expr::Call(call) => {
            let func = (!matches!(bare(&call.func), Expr::Path(_))).then_some(&*call.func);
            func.into_iter().chain(&call.args).collect()
        }
        Expr::MethodCall(call) => std::iter::once(&*call.receiver).chain(&call.args).collect(),
        Expr::Tuple(tuple) => tuple.elems.iter().collect(),
        Expr::Array(array) => array.elems.iter().collect(),
        Expr::Struct(expr) => {
            let fields = expr.fields.iter().map(|field| &field.expr);
            fields.chain(expr.rest.as_deref()).collect()
        }
        Expr::Range(range) => range
            .start
            .iter()
            .chain(&range.end)
            .map(|end| &**end)
            .collect(),
        Expr::Binary(binary) => match binary.op {
            // These borrow their operands, or end what the right one leaves.
            syn::BinOp::Eq(_)
            | syn::BinOp::Ne(_)
            | syn::BinOp::Lt(_)
            | syn::BinOp::Le(_)
            | syn::BinOp::Gt(_)
            | syn::BinOp::Ge(_)
            | syn::BinOp::And(_)
            | syn::BinOp::Or(_) => return false,
            _ => vec![&binary.left, &binary.right],
        },
        Expr::Macro(mac) => return !is_format_macro(&macro_name(&mac.mac)),
        _ => return false,
    };
    let owned = operands.iter().position(|operand| {
        !matches!(
            bare(operand),
            Expr::Lit(_) | Expr::Reference(_) | Expr::Cast(_) | Expr::RawAddr(_)
        )
    });
    owned.is_some_and(|owned| {
        operands[owned + 1..]
            .iter()
            .any(|later| leaves_temporaries(later))
    })
}

/// Whether an expression shows that it leaves no temporary behind.
pub(crate) fn inert(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Path(_) | Expr::Lit(_) | Expr::Closure(_) | Expr::Async(_) => true,
        Expr::Reference(reference) => {
            is_place(&reference.expr) && inert(&reference.expr)
                || reference.mutability.is_none() && is_constant(&reference.expr)
        }
        Expr::Field(field) => is_place(expr) && inert(&field.base),
        Expr::Index(index) => is_place(expr) && inert(&index.expr) && inert(&index.index),
        Expr::Unary(unary) => inert(&unary.expr),
        Expr::Cast(cast) => inert(&cast.expr),
        Expr::Try(expr) => inert(&expr.expr),
        Expr::Call(call) => inert(&call.func) && call.args.iter().all(inert),
        Expr::MethodCall(call) => {
            is_place(&call.receiver) && inert(&call.receiver) && call.args.iter().all(inert)
        }
        Expr::Tuple(tuple) => tuple.elems.iter().all(inert),
        Expr::Array(array) => array.elems.iter().all(inert),
        Expr::Repeat(repeat) => inert(&repeat.expr),
        Expr::Struct(expr) => {
            expr.rest.is_none() && expr.fields.iter().all(|field| inert(&field.expr))
        }
        Expr::Binary(binary) => inert(&binary.left) && inert(&binary.right),
        Expr::Range(range) => range.start.iter().chain(&range.end).all(|end| inert(end)),
        // Of a pinned local.
        Expr::Macro(mac) => {
            let name = macro_name(&mac.mac);
            is_format_macro(&name) || matches!(name.as_str(), "at" | "out" | "move_out" | "carried")
        }
        _ => false,
    }
}

pub(crate) fn member(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(ident) => ident.to_string(),
        syn::Member::Unnamed(index) => index.index.to_string(),
    }
}

/// `let _ = x;`, which does not touch `x`, and so captures nothing.
pub(crate) fn touches_nothing(local: &syn::Local) -> bool {
    let init = local.init.as_ref();
    matches!(&local.pat, syn::Pat::Wild(_)) && init.is_some_and(|init| is_place(&init.expr))
}

/// `_ = x`, which does not touch `x` either.
pub(crate) fn assigns_nothing(assign: &syn::ExprAssign) -> bool {
    matches!(&*assign.left, Expr::Infer(_)) && is_place(&assign.right)
}

/// Whether an expression denotes a place (a variable, a field or element of one, what a reference points to) and not a value.
pub(crate) fn is_place(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Index(index) => is_place(&index.expr),
        Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Deref(_)) && is_place(&unary.expr),
        _ => false,
    }
}

/// Whether evaluating an expression later gives the same value: literals, constants and paths to functions.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Lit(_) => true,
        // A constant or unit struct may have a drop, and is made anew where it is mentioned.
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
            crate::names::local(&last.ident).is_none()
                && (last.ident == "None" || !last.ident.to_string().starts_with(char::is_uppercase))
        }),
        Expr::Unary(unary) => {
            matches!(unary.op, syn::UnOp::Neg(_) | syn::UnOp::Not(_))
                && matches!(bare(&unary.expr), Expr::Lit(_))
        }
        Expr::Reference(reference) => {
            reference.mutability.is_none() && is_constant(&reference.expr)
        }
        Expr::Array(array) => array.elems.iter().all(is_constant),
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_constant),
        Expr::Repeat(repeat) => is_constant(&repeat.expr),
        Expr::Closure(closure) => {
            // A closure that mentions no local of the function, only its own, captures nothing.
            #[derive(Default)]
            struct Mentions {
                own: std::collections::HashSet<crate::names::LocalId>,
                captures: bool,
            }
            impl<'ast> Visit<'ast> for Mentions {
                fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
                    self.own.extend(crate::names::local(&pat.ident));
                    visit::visit_pat_ident(self, pat);
                }
                fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
                    self.captures |=
                        crate::names::local(ident).is_some_and(|local| !self.own.contains(&local));
                }
                fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                    self.captures |= !mac.tokens.is_empty();
                }
                fn visit_local(&mut self, local: &'ast syn::Local) {
                    self.visit_pat(&local.pat);
                    visit::visit_local(self, local);
                }
                fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
                    self.visit_pat(&expr.pat);
                    self.visit_expr(&expr.expr);
                }
            }
            let mut mentions = Mentions::default();
            mentions.visit_expr_closure(closure);
            !mentions.captures
        }
        _ => false,
    }
}

/// A pattern that matches the same values and binds nothing.
pub(crate) fn unbound(pat: &Pat, binds: &dyn Fn(&syn::PatIdent) -> bool) -> Pat {
    struct Unbound<'a>(&'a dyn Fn(&syn::PatIdent) -> bool);
    impl VisitMut for Unbound<'_> {
        fn visit_pat_mut(&mut self, pat: &mut Pat) {
            let Pat::Ident(found) = pat else {
                return visit_mut::visit_pat_mut(self, pat);
            };
            if !(self.0)(found) {
                return visit_mut::visit_pat_mut(self, pat);
            }
            match found.subpat.take() {
                Some((_, inner)) => {
                    *pat = *inner;
                    self.visit_pat_mut(pat);
                }
                None => *pat = syn::parse_quote!(_),
            }
        }
        fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
            if field.colon_token.is_none() {
                field.colon_token = Some(Default::default());
            }
            self.visit_pat_mut(&mut field.pat);
        }
        fn visit_expr_mut(&mut self, _: &mut Expr) {}
    }
    let mut pat = pat.clone();
    Unbound(binds).visit_pat_mut(&mut pat);
    pat
}

/// The last segment of a macro's path.
pub(crate) fn macro_name(mac: &syn::Macro) -> String {
    mac.path
        .segments
        .last()
        .map(|segment| segment.ident.to_string())
        .unwrap_or_default()
}

/// Macros that take format arguments and only borrow them, and leave no temporary behind.
pub(crate) fn is_format_macro(name: &str) -> bool {
    matches!(
        name,
        "print"
            | "println"
            | "eprint"
            | "eprintln"
            | "format"
            | "write"
            | "writeln"
            | "panic"
            | "unreachable"
            | "todo"
            | "unimplemented"
            | "assert"
            | "assert_eq"
            | "assert_ne"
            | "debug_assert"
            | "debug_assert_eq"
            | "debug_assert_ne"
            | "error"
            | "warn"
            | "info"
            | "debug"
            | "trace"
            | "log"
            | "anyhow"
            | "eyre"
            | "miette"
            | "bail"
            | "ensure"
            | "compile_error"
            | "concat"
            | "stringify"
            | "env"
            | "option_env"
            | "include_str"
            | "include_bytes"
            | "line"
            | "file"
            | "column"
            | "module_path"
            | "cfg"
            | "event"
    )
}

/// Whether a macro may stand for statements, and so declare something, as far as its name tells.
pub(crate) fn may_declare(mac: &syn::Macro) -> bool {
    let name = macro_name(mac);
    let known = [
        "matches",
        "dbg",
        "pin",
        "format_args",
        "include",
        "thread_local",
    ];
    !(takes_expressions(mac)
        || known.contains(&name.as_str())
        || mac.path.segments[0].ident == "rt__hr")
}

/// Each `let` of a condition.
pub(crate) fn each_let<'a>(cond: &'a syn::Expr, each: &mut impl FnMut(&'a syn::ExprLet)) {
    match bare(cond) {
        Expr::Let(found) => each(found),
        Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
            each_let(&binary.left, each);
            each_let(&binary.right, each);
        }
        _ => {}
    }
}

/// Where an expression begins.
pub(crate) fn first_span(expr: &Expr) -> proc_macro2::Span {
    match expr {
        Expr::Async(block) => block.async_token.span,
        expr => syn::spanned::Spanned::span(expr),
    }
}

/// Whether a macro's arguments are expressions.
pub(crate) fn takes_expressions(mac: &syn::Macro) -> bool {
    let name = macro_name(mac);
    is_format_macro(&name) || name == "vec"
}

/// Whether a macro declares the items that it is given, as it is known to do.
pub(crate) fn declares_items(mac: &syn::Macro) -> bool {
    use proc_macro2::{Delimiter, TokenTree};
    let known = ["pin_project", "bitflags", "thread_local", "lazy_static"];
    if !known.contains(&macro_name(mac).as_str()) {
        return false;
    }
    // Behind attributes and what says who sees it.
    let first = mac.tokens.clone().into_iter().find(|tree| match tree {
        TokenTree::Punct(punct) => punct.as_char() != '#',
        TokenTree::Group(group) => !matches!(
            group.delimiter(),
            Delimiter::Bracket | Delimiter::Parenthesis
        ),
        TokenTree::Ident(ident) => ident != "pub",
        TokenTree::Literal(_) => true,
    });
    matches!(first, Some(TokenTree::Ident(word))
        if ["struct", "enum", "static", "impl", "const"].iter().any(|known| word == known))
}

/// Macros that use the values of their arguments, in order.
pub(crate) fn takes_values(mac: &syn::Macro) -> bool {
    match macro_name(mac).as_str() {
        "vec" | "dbg" => true,
        // They make an error of a value, or of a text.
        "anyhow" | "eyre" | "miette" => {
            matches!(macro_args(mac).as_deref(), Some([only]) if !matches!(only, Expr::Lit(_)))
        }
        _ => false,
    }
}

/// The arguments of a macro whose arguments are expressions, when they parse as such.
pub(crate) fn macro_args(mac: &syn::Macro) -> Option<Vec<Expr>> {
    use syn::parse::Parser;
    let args = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated
        .parse2(mac.tokens.clone())
        .ok()?;
    Some(args.into_iter().collect())
}

/// Whether a macro of the standard library, which evaluates its arguments where it stands, has a jump among them.
pub(crate) fn has_jumping_args(mac: &syn::Macro) -> bool {
    evaluates_args(mac) && tokens_have(&mac.tokens, &mut is_jump) && macro_args(mac).is_some()
}

/// Whether there is a jump or an assignment among them: names alone do not tell what these arguments do.
pub(crate) fn has_acting_args(mac: &syn::Macro) -> bool {
    struct Acts(bool);
    impl<'ast> Visit<'ast> for Acts {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.0 |= matches!(
                expr,
                Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) | Expr::Assign(_)
            );
            visit::visit_expr(self, expr);
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.0 |= has_acting_args(mac);
        }
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    }
    if !evaluates_args(mac) {
        return false;
    }
    let mut acts = Acts(false);
    for arg in macro_args(mac).iter().flatten() {
        match arg {
            Expr::Assign(named) if macro_name(mac) != "vec" => acts.visit_expr(&named.right),
            arg => acts.visit_expr(arg),
        }
    }
    acts.0
}

/// `return`, `break`, `continue`
pub(crate) fn is_jump(ident: &proc_macro2::Ident) -> bool {
    ident == "return" || ident == "break" || ident == "continue"
}

/// Macros of the standard library that evaluate their arguments where they stand, by their names.
pub(crate) fn evaluates_args(mac: &syn::Macro) -> bool {
    let mut segments = mac.path.segments.iter();
    let first = segments.next().map(|first| &first.ident);
    let standard = match mac.path.segments.len() {
        1 => true,
        2 => first.is_some_and(|first| first == "std" || first == "core" || first == "alloc"),
        _ => false,
    };
    let known = [
        "vec",
        "format",
        "print",
        "println",
        "eprint",
        "eprintln",
        "write",
        "writeln",
        "panic",
        "assert",
        "assert_eq",
        "assert_ne",
    ];
    standard && known.contains(&macro_name(mac).as_str())
}

/// Does something to each argument of a macro.
pub(crate) fn each_macro_arg(mac: &mut syn::Macro, each: &mut dyn FnMut(&mut Expr)) {
    let Some(mut args) = macro_args(mac) else {
        return;
    };
    for arg in &mut args {
        match arg {
            // `name = value` gives the value a name.
            Expr::Assign(named) if macro_name(mac) != "vec" => each(&mut named.right),
            arg => each(arg),
        }
    }
    mac.tokens = quote::quote!(#(#args),*);
}

/// A temporary that gets its value where it is borrowed, `rt::lend(temp, value)`: the local and the value.
pub(crate) fn lent(call: &syn::ExprCall) -> Option<(&proc_macro2::Ident, &Expr)> {
    is_ours(call, "lend")
        .then(|| Some((as_ident(&call.args[0])?, &call.args[1])))
        .flatten()
}

/// An expression that is begun, `rt::begin(|given| ..)`: the closure that stands for it.
pub(crate) fn begun(expr: &Expr) -> Option<&syn::ExprClosure> {
    match expr {
        Expr::Call(call) if is_ours(call, "begin") => match call.args.first() {
            Some(Expr::Closure(closure)) => Some(closure),
            _ => None,
        },
        _ => None,
    }
}

/// Where an expression that was begun goes on, `rt::finish(&begun, operands)`: what stands for it, and the operands.
pub(crate) fn finished(call: &syn::ExprCall) -> Option<(&proc_macro2::Ident, &Expr)> {
    match (is_ours(call, "finish"), call.args.first()) {
        (true, Some(Expr::Reference(begun))) => Some((as_ident(&begun.expr)?, &call.args[1])),
        _ => None,
    }
}

/// What drops the value of a holder, `rt::release(holder)`.
pub(crate) fn released(call: &syn::ExprCall) -> Option<&proc_macro2::Ident> {
    is_ours(call, "release")
        .then(|| as_ident(call.args.first()?))
        .flatten()
}

fn is_ours(call: &syn::ExprCall, name: &str) -> bool {
    let Expr::Path(path) = &*call.func else {
        return false;
    };
    let mut segments = path.path.segments.iter();
    segments.next().is_some_and(|first| first.ident == "rt__hr")
        && segments.next().is_some_and(|last| last.ident == name)
}

/// The call of `x = x.next(a)`, where the arguments do not mention `x`.
pub(crate) fn replacing(assign: &syn::ExprAssign) -> Option<&syn::ExprMethodCall> {
    struct Mentions(crate::names::LocalId, bool);
    impl<'ast> Visit<'ast> for Mentions {
        fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
            self.1 |= crate::names::local(ident) == Some(self.0);
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.1 |= tokens_have(&mac.tokens, &mut |ident| {
                crate::names::local(ident) == Some(self.0)
            });
        }
    }
    let local = as_ident(&assign.left).and_then(crate::names::local)?;
    let Expr::MethodCall(call) = bare(&assign.right) else {
        return None;
    };
    let receiver = as_ident(&call.receiver).and_then(crate::names::local)?;
    let mut mentions = Mentions(local, false);
    call.args.iter().for_each(|arg| mentions.visit_expr(arg));
    (receiver == local && !mentions.1 && call.attrs.is_empty()).then_some(call)
}

/// Methods whose results are taken to borrow nothing from the receiver. Where that is wrong, the output does not compile: of a pinned local
/// they get a brief borrow, `rt::at!(brief x)`.
pub(crate) fn gives_owned(method: &str) -> bool {
    matches!(
        method,
        "len"
            | "is_empty"
            | "capacity"
            | "to_string"
            | "to_owned"
            | "to_vec"
            | "clone"
            | "contains"
            | "contains_key"
            | "starts_with"
            | "ends_with"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "elapsed"
            | "as_secs"
            | "as_millis"
            | "clear"
    )
}
