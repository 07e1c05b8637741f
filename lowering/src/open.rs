//! Opens macros whose expansions are known, before names are resolved: what they await becomes an await that every pass sees.
//!
//! ```text
//! // Input:
//! tokio::select! {
//!     Some(order) = orders.recv() => serve(order).await?,
//!     _ = &mut closing => return Ok(()),
//! }
//! // Output:
//! {
//!     let output = {
//!         let (first, second) = (orders.recv(), &mut closing);
//!         async move {
//!             tokio::select! {
//!                 out @ Some(_) = first => Selected::First(out),
//!                 out = second => Selected::Second(out),
//!             }
//!         }.await
//!     };
//!     match output {
//!         Selected::First(Some(order)) => serve(order).await?,
//!         Selected::Second(_) => return Ok(()),
//!         _ => unreachable!(),
//!     }
//! }
//! ```
//!
//! The `async` block is an *opaque leaf*: the macro itself, awaited as a whole, with nothing of the user's in it but futures that were
//! made before. Operands and handlers stand outside, as they do in the macro's own expansion, so that they may move, borrow, await, jump
//! and return like any code of the function.

mod arguments;
mod destructure;
mod items;
mod leaving;
mod logging;
mod rules;
mod select;
mod spelling;

pub(crate) use arguments::{assertion, literal};
pub(crate) use leaving::moves;
pub(crate) use rules::{Rules, macro_rules};

use crate::report::Edition;
use crate::syntax::{HasAwait, as_ident};
use crate::types::Table;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use std::collections::{HashMap, HashSet};
use syn::parse::{Parse, ParseStream, Parser};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// A function's body with its known macros opened, and the names in it.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) block: syn::Block,
    pub(crate) mentioned: HashSet<String>,
}

/// Opens the known macros of a body.
pub(crate) fn open(
    sig: &syn::Signature,
    block: &syn::Block,
    table: &Table,
    edition: Edition,
) -> Opened {
    let mut opening = Opening {
        table,
        edition,
        mentioned: crate::layout::mentioned(sig, block),
        items: Vec::new(),
        rules: table.rules().clone(),
        bound: HashMap::new(),
        copied: HashSet::new(),
        depth: 0,
        wanted: false,
        counts: HashMap::new(),
        conditions: Vec::new(),
        blocks: 0,
    };
    items::count(&block.to_token_stream(), &mut opening.counts);
    for (name, rules) in rules::nested(block) {
        match rules {
            Some(rules) if !table.defines_twice(&name) => opening.rules.insert(name, rules),
            _ => opening.rules.remove(&name),
        };
    }
    opening.bound = rules::bound(sig, block, &opening.rules);
    for input in &sig.inputs {
        if let syn::FnArg::Typed(param) = input
            && let syn::Pat::Ident(name) = &*param.pat
            && table.facts(&param.ty).copy
            && opening.bound.get(&name.ident.to_string()) == Some(&1)
        {
            opening.copied.insert(name.ident.to_string());
        }
    }
    let mut block = block.clone();
    for stmt in &mut block.stmts {
        if let syn::Stmt::Macro(found) = stmt
            && crate::syntax::declares_items(&found.mac)
        {
            *stmt = syn::Stmt::Item(syn::Item::Macro(syn::ItemMacro {
                attrs: std::mem::take(&mut found.attrs),
                ident: None,
                mac: found.mac.clone(),
                semi_token: found.semi_token,
            }));
        }
    }
    opening.visit_block_mut(&mut block);
    rules::prune(&mut block);
    block
        .stmts
        .splice(0..0, opening.items.into_iter().map(Stmt::Item));
    Opened {
        block,
        mentioned: opening.mentioned,
    }
}

/// Whose macro it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Standard,
    Tokio,
    Futures,
}

/// Whose macro a path names: by its first segment, or by the `use` that brings the name into the file.
fn flavour(path: &syn::Path, table: &Table) -> Option<Flavour> {
    let first = path.segments.first()?.ident.to_string();
    let package = if path.segments.len() == 1 {
        if table.defines_macro(&first) {
            return None;
        }
        table.imported_from(&first).map(str::to_owned)
    } else {
        Some(first)
    };
    match package.as_deref() {
        None => Some(Flavour::Standard),
        Some("std" | "core" | "alloc") => Some(Flavour::Standard),
        Some("tokio") => Some(Flavour::Tokio),
        Some("futures" | "futures_util" | "pin_utils") => Some(Flavour::Futures),
        Some(_) => None,
    }
}

struct Opening<'a> {
    table: &'a Table,
    edition: Edition,
    /// Every identifier of the function.
    mentioned: HashSet<String>,
    /// What goes to the front of the function.
    items: Vec<syn::Item>,
    /// The macros of the file that may be put in place.
    rules: HashMap<String, Rules>,
    /// How many bindings of each name the function has.
    bound: HashMap<String, usize>,
    /// Parameters whose types are spelled, and copied where they are used.
    copied: HashSet<String>,
    /// How many macros are around.
    depth: usize,
    /// The next macro makes a future that is awaited: what it holds must be seen.
    wanted: bool,
    /// How often each identifier stands in the function.
    counts: HashMap<String, usize>,
    /// The conditions under which what is being visited is compiled.
    conditions: Vec<syn::Attribute>,
    /// How many blocks are around.
    blocks: usize,
}

impl Opening<'_> {
    /// A name that the function does not use.
    fn fresh(&mut self, base: &str, span: Span) -> Ident {
        let mut name = base.to_owned();
        let mut n = 1;
        while !self.mentioned.insert(name.clone()) {
            n += 1;
            name = format!("{base}{n}");
        }
        Ident::new(&name, span)
    }

    /// What a known macro stands for, if it is one.
    fn macro_(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let name = crate::syntax::macro_name(mac);
        if let Some(opened) = self.leaving(mac) {
            return Some(opened);
        }
        if mac.has_await()
            && let Some(leaf) = self.logging(&name, mac)
        {
            return Some(leaf);
        }
        let flavour = flavour(&mac.path, self.table)?;
        match (name.as_str(), flavour) {
            ("join" | "try_join", Flavour::Tokio | Flavour::Futures) => self.join(mac),
            ("select" | "select_biased", Flavour::Tokio | Flavour::Futures) => {
                self.select(mac, flavour)
            }
            (_, Flavour::Standard) if mac.has_await() => self.arguments(&name, mac),
            _ => None,
        }
    }

    /// `join!(a, b)`: its futures are made in order, and owned by it.
    fn join(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let Futures { biased, futures } = syn::parse2(mac.tokens.clone()).ok()?;
        let (made, names) = self.make(futures);
        let path = &mac.path;
        let leaf = leaf(mac, quote!(#path!(#biased #(#names),*)));
        Some(if made.is_empty() {
            leaf
        } else {
            syn::parse_quote!({ #made #leaf })
        })
    }

    /// The statement that makes futures in order, and what stands for each of them. A variable stands for itself.
    fn make(&mut self, futures: Vec<Expr>) -> (TokenStream, Vec<Expr>) {
        let mut values = Vec::new();
        let mut names: Vec<Ident> = Vec::new();
        let mut operands = Vec::new();
        for (i, mut future) in futures.into_iter().enumerate() {
            self.visit_expr_mut(&mut future);
            if as_ident(&future).is_some() {
                operands.push(future);
                continue;
            }
            let span = syn::spanned::Spanned::span(&future);
            let name = self.fresh(ordinal(i).as_str(), span);
            operands.push(syn::parse_quote!(#name));
            names.push(name);
            values.push(future);
        }
        let made = match (names.as_slice(), values.as_slice()) {
            ([], _) => TokenStream::new(),
            ([name], [value]) => quote!(let #name = #value;),
            _ => quote!(let (#(#names),*) = (#(#values),*);),
        };
        (made, operands)
    }

    /// `pin!(x);` as a statement, `let x = pin!(value);`, and `pin! { let x = value; }`, of whichever flavour.
    fn pin(&mut self, stmt: &Stmt) -> Option<Vec<Stmt>> {
        match stmt {
            Stmt::Local(local) => {
                let init = local.init.as_ref()?;
                let Expr::Macro(mac) = &*init.expr else {
                    return None;
                };
                let name = crate::syntax::macro_name(&mac.mac);
                let standard = flavour(&mac.mac.path, self.table) == Some(Flavour::Standard);
                // Without an await in it, `desugar` names the value where that matters.
                if name != "pin" || !standard || !mac.mac.has_await() || init.diverge.is_some() {
                    return None;
                }
                let mut value: Expr = syn::parse2(mac.mac.tokens.clone()).ok()?;
                self.visit_expr_mut(&mut value);
                let span = mac.mac.path.segments.first()?.ident.span();
                let place = self.fresh("pinned", span);
                let mut local = local.clone();
                *local.init.as_mut()?.expr = syn::parse_quote!(rt__hr::pinned!(#place));
                Some(vec![
                    syn::parse_quote!(let mut #place = #value;),
                    Stmt::Local(local),
                ])
            }
            Stmt::Macro(mac) => {
                let name = crate::syntax::macro_name(&mac.mac);
                let flavour = flavour(&mac.mac.path, self.table)?;
                let known = matches!(
                    (name.as_str(), flavour),
                    ("pin", Flavour::Tokio) | ("pin_mut", Flavour::Futures)
                ) || name == "pin_mut" && mac.mac.path.segments.len() == 1;
                if !known {
                    return None;
                }
                let mut stmts = Vec::new();
                for (ident, value) in pinned.parse2(mac.mac.tokens.clone()).ok()? {
                    let place = self.fresh(&format!("{ident}_pinned"), ident.span());
                    let mut value: Expr = value.unwrap_or_else(|| syn::parse_quote!(#ident));
                    self.visit_expr_mut(&mut value);
                    stmts.push(syn::parse_quote!(let mut #place = #value;));
                    stmts.push(syn::parse_quote!(#[allow(unused_mut)] let mut #ident = rt__hr::pinned!(#place);));
                }
                Some(stmts)
            }
            _ => None,
        }
    }
}

/// `a, b` or `let a = value; let b = value;`
fn pinned(input: ParseStream<'_>) -> syn::Result<Vec<(Ident, Option<Expr>)>> {
    let mut found = Vec::new();
    while !input.is_empty() {
        if input.peek(syn::Token![let]) {
            input.parse::<syn::Token![let]>()?;
            input.parse::<Option<syn::Token![mut]>>()?;
            let ident: Ident = input.parse()?;
            input.parse::<syn::Token![=]>()?;
            let value: Expr = input.parse()?;
            input.parse::<syn::Token![;]>()?;
            found.push((ident, Some(value)));
        } else {
            found.push((input.parse()?, None));
            input.parse::<Option<syn::Token![,]>>()?;
        }
    }
    Ok(found)
}

/// What stands for the macro itself: `async move { path!(..) }.await`, which begins and ends where the macro does.
fn leaf(mac: &syn::Macro, content: TokenStream) -> Expr {
    let begin = mac
        .path
        .segments
        .first()
        .map_or_else(Span::call_site, |first| first.ident.span());
    let end = mac.delimiter.span().close();
    let block: syn::Block = syn::parse_quote!({ #content });
    let path: Vec<String> = mac
        .path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let path = path.join("::");
    let mut base: syn::ExprAsync = syn::parse_quote!(async move #block);
    base.attrs.push(syn::parse_quote!(#[leaf__hr(#path)]));
    base.async_token.span = begin;
    Expr::Await(syn::ExprAwait {
        attrs: Vec::new(),
        base: Box::new(Expr::Async(base)),
        dot_token: Default::default(),
        await_token: syn::Token![await](end),
    })
}

/// The macro that an awaited block is an opaque leaf for: `tokio::select!`. Takes the mark away.
pub(crate) fn take_leaf(awaited: &mut Expr) -> Option<String> {
    let block = match awaited {
        Expr::Paren(paren) => {
            let path = take_leaf(&mut paren.expr)?;
            *awaited = (*paren.expr).clone();
            return Some(path);
        }
        Expr::Async(block) => block,
        _ => return None,
    };
    let at = block
        .attrs
        .iter()
        .position(|attr| attr.path().is_ident("leaf__hr"))?;
    let path: syn::LitStr = block.attrs.remove(at).parse_args().ok()?;
    Some(path.value())
}

/// The name of a variable, from its place among others.
fn ordinal(i: usize) -> String {
    const NAMES: [&str; 8] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
    ];
    NAMES
        .get(i)
        .map_or_else(|| format!("future{}", i + 1), |name| (*name).to_owned())
}

/// `biased; a, b`
struct Futures {
    biased: Option<TokenStream>,
    futures: Vec<Expr>,
}

impl Parse for Futures {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let biased = biased(input)?;
        let list = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated(input)?;
        Ok(Futures {
            biased,
            futures: list.into_iter().collect(),
        })
    }
}

/// `biased;`
fn biased(input: ParseStream<'_>) -> syn::Result<Option<TokenStream>> {
    let ahead = input.fork();
    let is = ahead.parse::<Ident>().is_ok_and(|word| word == "biased")
        && ahead.parse::<syn::Token![;]>().is_ok();
    if !is {
        return Ok(None);
    }
    let word: Ident = input.parse()?;
    let semi: syn::Token![;] = input.parse()?;
    Ok(Some(quote!(#word #semi)))
}

impl VisitMut for Opening<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        if self.blocks > 0 && self.depth == 0 {
            self.lift_items(block);
        }
        self.blocks += 1;
        self.open_block(block);
        self.blocks -= 1;
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let depth = self.conditions.len();
        self.conditions.extend(items::conditions(&arm.attrs));
        visit_mut::visit_arm_mut(self, arm);
        self.conditions.truncate(depth);
    }

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        let depth = self.conditions.len();
        let attrs = crate::conditional::attributes(stmt);
        self.conditions.extend(items::conditions(attrs));
        visit_mut::visit_stmt_mut(self, stmt);
        self.conditions.truncate(depth);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        self.open_expr(expr);
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        self.open_args(mac);
    }
}

impl Opening<'_> {
    fn open_block(&mut self, block: &mut syn::Block) {
        let stmts = std::mem::take(&mut block.stmts);
        for mut stmt in stmts {
            if let Some(opened) = self.pin(&stmt) {
                block.stmts.extend(opened);
                continue;
            }
            if let Stmt::Macro(mac) = &stmt
                && mac.attrs.is_empty()
                && let Some(mut opened) = self.statements(&mac.mac)
            {
                // With a semicolon behind it, its last expression is a statement.
                if mac.semi_token.is_some()
                    && let Some(Stmt::Expr(_, semi)) = opened.last_mut()
                {
                    *semi = mac.semi_token;
                }
                let mut inner = syn::Block {
                    brace_token: Default::default(),
                    stmts: opened,
                };
                self.depth += 1;
                self.visit_block_mut(&mut inner);
                self.depth -= 1;
                block.stmts.extend(inner.stmts);
                continue;
            }
            if let Stmt::Macro(mac) = &stmt
                && mac.attrs.is_empty()
                && let Some(opened) = self.macro_(&mac.mac)
            {
                // The braces of a macro that is a statement need no semicolon.
                let semi = mac.semi_token.or_else(|| {
                    let tail = matches!(mac.mac.delimiter, syn::MacroDelimiter::Brace(_));
                    (!tail).then(Default::default)
                });
                block.stmts.push(Stmt::Expr(opened, semi));
                continue;
            }
            if let Stmt::Expr(Expr::Assign(assign), Some(_)) = &stmt
                && let Some(stood_for) = self.destructured(assign)
            {
                stmt = stood_for;
            }
            self.visit_stmt_mut(&mut stmt);
            block.stmts.push(stmt);
        }
    }

    fn open_expr(&mut self, expr: &mut Expr) {
        if let Expr::Await(found) = expr {
            self.wanted = matches!(&*found.base, Expr::Macro(_));
            self.visit_expr_mut(&mut found.base);
            self.wanted = false;
            return;
        }
        if let Expr::Macro(mac) = expr
            && mac.attrs.is_empty()
            && let Some(mut opened) = self.expression(&mac.mac)
        {
            self.depth += 1;
            self.visit_expr_mut(&mut opened);
            self.depth -= 1;
            *expr = opened;
            return;
        }
        if let Expr::Macro(mac) = expr
            && mac.attrs.is_empty()
            && let Some(opened) = self.macro_(&mac.mac)
        {
            *expr = opened;
            return;
        }
        if let Expr::Assign(assign) = expr
            && let Some(stood_for) = self.destructured(assign)
        {
            *expr = match stood_for {
                Stmt::Expr(block, _) => block,
                stmt => syn::parse_quote!({ #stmt }),
            };
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    /// The macros of the file that jump, among the arguments of one of the standard library.
    fn open_args(&mut self, mac: &mut syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        let opens = |ident: &Ident| {
            let name = ident.to_string();
            self.rules.contains_key(&name) && self.table.opens(&name)
        };
        if crate::syntax::evaluates_args(mac)
            && !self.table.defines_macro(&name)
            && crate::syntax::tokens_have(&mac.tokens, &mut |ident| opens(ident))
        {
            crate::syntax::each_macro_arg(mac, &mut |arg| self.visit_expr_mut(arg));
        }
    }
}

/// An expression's tokens, as those of an argument.
fn tokens_of(args: &[Expr]) -> TokenStream {
    let args = args.iter().map(ToTokens::to_token_stream);
    quote!(#(#args),*)
}
