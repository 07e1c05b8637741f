//! What the attribute does: an item goes in, the same item with its async functions lowered comes out; if asked for, with its async blocks as well.

use crate::diagnostics::{Code, Diagnostic};
use crate::lower;
use crate::parse::{self, Found, Kind};
use crate::report::{Options, Output};
use crate::surroundings::Surroundings;
use crate::types::Table;
use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use std::borrow::Cow;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};

/// What becomes of an item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expansion {
    /// The item: each async function in it lowered, or as it was.
    pub tokens: TokenStream,
    /// Why functions were left as they were.
    pub refused: Vec<Diagnostic>,
}

/// See [`crate::lower_item`].
pub(crate) fn item(
    tokens: TokenStream,
    surroundings: Option<&Surroundings>,
    options: &Options,
) -> Expansion {
    let options = &Options {
        output: Output::Expansion,
        ..options.clone()
    };
    let kept = |refused| Expansion {
        tokens: tokens.clone(),
        refused,
    };
    let item = match parse_item(tokens.clone()) {
        Ok(item) => item,
        // The compiler says better what is wrong with it.
        Err(_) => return kept(Vec::new()),
    };
    let mut file = syn::File {
        items: vec![item],
        ..syn::parse_quote!()
    };
    if let Some(tokens) = within_runner(&file.items[0], surroundings, options) {
        return tokens;
    }
    let (mut found, mut plain) = parse::find_all(&file);
    if !options.nested {
        plain.clear();
    }
    let single = matches!(file.items[0], syn::Item::Fn(_));
    let around = surroundings.filter(|surroundings| {
        let known = |found: &mut Found| surroundings.tell(found, single);
        found.iter_mut().chain(&mut plain).all(known)
    });
    let table = around
        .and_then(Surroundings::table)
        .unwrap_or_else(|| Cow::Owned(Table::of(&file)));
    let table = &*table;
    let mut kept_blocks = Vec::new();
    let plain = plain
        .iter()
        .map(|found| blocks(found, table, options, &mut kept_blocks))
        .collect::<Vec<_>>();
    if found.is_empty() && !plain.iter().any(Option::is_some) {
        if kept_blocks.is_empty() {
            kept_blocks.push(nothing_async(&file.items[0]));
        }
        return kept(kept_blocks);
    }
    let mut refused = Vec::new();
    if options.name.is_some() && !matches!(file.items[0], syn::Item::Fn(_)) {
        let span = syn::spanned::Spanned::span(&file.items[0]);
        let help = "put the name on a free function";
        return kept(vec![Diagnostic::new(
            Code::Unspelled,
            span,
            "a name is for one function",
            "under the attribute",
            Some(help.into()),
        )]);
    }
    let outcomes = found
        .iter()
        .map(|found| expand(found, table, options, &mut refused))
        .collect::<Vec<_>>();
    if outcomes.iter().any(Option::is_some) && !matches!(file.items[0], syn::Item::Fn(_)) {
        // Among others, a function that another attribute rewrites is left to it: nobody asked for this one by itself.
        refused.retain(|diagnostic| diagnostic.code != Code::Attribute);
    }
    Replace {
        outcomes: outcomes.into_iter(),
        plain: options.nested.then(|| plain.into_iter()),
    }
    .visit_file_mut(&mut file);
    let tokens = file
        .items
        .into_iter()
        .map(syn::Item::into_token_stream)
        .collect();
    Expansion {
        tokens: match &options.runtime {
            Some(path) => with_runtime(tokens, &path.to_token_stream()),
            None => tokens,
        },
        refused,
    }
}

/// `path` instead of `::handroll_rt`.
fn with_runtime(tokens: TokenStream, path: &TokenStream) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let colon =
        |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    let mut out = TokenStream::new();
    let mut at = 0;
    while at < trees.len() {
        let follows = at.checked_sub(1).and_then(|before| trees.get(before));
        if colon(trees.get(at))
            && colon(trees.get(at + 1))
            && !matches!(follows, Some(TokenTree::Ident(ident)) if !is_keyword(ident))
            && matches!(trees.get(at + 2), Some(TokenTree::Ident(ident)) if ident == "handroll_rt")
        {
            out.extend(path.clone());
            at += 3;
            continue;
        }
        match &trees[at] {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), with_runtime(group.stream(), path));
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            tree => out.extend([tree.clone()]),
        }
        at += 1;
    }
    out
}

/// Whether a path may begin after it.
fn is_keyword(ident: &proc_macro2::Ident) -> bool {
    [
        "use", "for", "return", "in", "as", "else", "move", "match", "mut", "dyn", "impl",
    ]
    .iter()
    .any(|keyword| ident == keyword)
}

/// The function that an attribute such as `#[tokio::main]` above this one has made: no longer async, without parameters, and its first
/// statement is `let body = async { .. };`. Its body becomes an async function in it, which is lowered.
///
/// ```text
/// fn main() {                                fn main() {
///     let body = async { serve().await };        async fn main() { serve().await }
///     run(body)                         =>       let body = main();
/// }                                              run(body)
///                                            }
/// ```
fn within_runner(
    item: &syn::Item,
    surroundings: Option<&Surroundings>,
    options: &Options,
) -> Option<Expansion> {
    let syn::Item::Fn(function) = item else {
        return None;
    };
    let alone = function.sig.asyncness.is_none()
        && function.sig.inputs.is_empty()
        && function.sig.generics.params.is_empty();
    let syn::Stmt::Local(local) = function.block.stmts.first()? else {
        return None;
    };
    let syn::Expr::Async(block) = &*local.init.as_ref()?.expr else {
        return None;
    };
    if !alone {
        return None;
    }
    let mut inner = function.clone();
    inner.attrs.retain(|attr| attr.path().is_ident("allow"));
    inner.vis = syn::Visibility::Inherited;
    inner.sig.asyncness = Some(syn::Token![async](function.sig.fn_token.span));
    *inner.block = block.block.clone();
    let Expansion { tokens, refused } =
        self::item(inner.into_token_stream(), surroundings, options);
    let mut outer = function.clone();
    let name = &function.sig.ident;
    if let Some(syn::Stmt::Local(local)) = outer.block.stmts.first_mut()
        && let Some(init) = &mut local.init
    {
        *init.expr = syn::parse_quote!(#name());
    }
    outer
        .block
        .stmts
        .insert(0, syn::Stmt::Item(syn::Item::Verbatim(tokens)));
    Some(Expansion {
        tokens: outer.into_token_stream(),
        refused,
    })
}

/// The async functions of an item: name and line.
pub(crate) fn functions(tokens: TokenStream) -> Vec<(String, usize)> {
    let Ok(item) = parse_item(tokens) else {
        return Vec::new();
    };
    let file = syn::File {
        items: vec![item],
        ..syn::parse_quote!()
    };
    let place = |found: &Found| {
        let name = &found.sig.ident;
        (name.to_string(), name.span().start().line)
    };
    parse::find(&file).iter().map(place).collect()
}

/// A method stands alone under its attribute, and reads as a function there.
fn parse_item(tokens: TokenStream) -> syn::Result<syn::Item> {
    syn::parse2::<syn::ItemFn>(tokens.clone())
        .map(syn::Item::Fn)
        .or_else(|_| syn::parse2(tokens))
}

fn expand(
    found: &Found,
    table: &Table,
    options: &Options,
    refused: &mut Vec<Diagnostic>,
) -> Option<TokenStream> {
    if !well_formed(found) {
        // Both halves would have the same mistake, and the compiler says it best about the original.
        return None;
    }
    match lower::function(found, table, options) {
        Ok(lowered) => Some(
            lowered
                .copies
                .into_iter()
                .map(|(tokens, _)| tokens)
                .collect(),
        ),
        Err(diagnostics) => {
            refused.extend(diagnostics);
            None
        }
    }
}

/// A function that is not async, with its async blocks lowered.
fn blocks(
    found: &Found,
    table: &Table,
    options: &Options,
    kept: &mut Vec<Diagnostic>,
) -> Option<TokenStream> {
    // The original is in the expansion too, with all that is inside of it.
    if !well_formed(found) || has_functions(&found.block) {
        return None;
    }
    match lower::plain(found, table, options) {
        Ok(tokens) => Some(tokens),
        Err(diagnostics) => {
            kept.extend(diagnostics);
            None
        }
    }
}

fn has_functions(block: &syn::Block) -> bool {
    struct Functions(bool);
    impl<'ast> Visit<'ast> for Functions {
        fn visit_item_fn(&mut self, _: &'ast syn::ItemFn) {
            self.0 = true;
        }
        fn visit_impl_item_fn(&mut self, _: &'ast syn::ImplItemFn) {
            self.0 = true;
        }
        fn visit_trait_item_fn(&mut self, _: &'ast syn::TraitItemFn) {
            self.0 = true;
        }
    }
    let mut functions = Functions(false);
    functions.visit_block(block);
    functions.0
}

/// Whether the lifetimes of a signature are declared, and can be left out where they are.
fn well_formed(found: &Found) -> bool {
    struct Lifetimes {
        all: Vec<String>,
        elided: usize,
    }
    impl<'ast> Visit<'ast> for Lifetimes {
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            match lifetime.ident.to_string().as_str() {
                "_" => self.elided += 1,
                "static" => {}
                name => self.all.push(name.to_owned()),
            }
        }
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.elided += usize::from(reference.lifetime.is_none());
            visit::visit_type_reference(self, reference);
        }
        fn visit_bound_lifetimes(&mut self, _: &'ast syn::BoundLifetimes) {
            // Nothing is known of what they are for.
            self.elided += 1;
        }
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments(
            &mut self,
            _: &'ast syn::ParenthesizedGenericArguments,
        ) {
        }
    }
    let lifetimes = |visit: &dyn Fn(&mut Lifetimes)| {
        let mut found = Lifetimes {
            all: Vec::new(),
            elided: 0,
        };
        visit(&mut found);
        found
    };
    let sig = &found.sig;
    if sig.receiver().is_some() || found.kind != Kind::Free {
        return true;
    }
    let inputs = lifetimes(&|found| {
        sig.inputs
            .iter()
            .for_each(|input| found.visit_fn_arg(input))
    });
    let output = lifetimes(&|found| found.visit_return_type(&sig.output));
    let declared = |name: &String| {
        sig.generics
            .lifetimes()
            .any(|param| param.lifetime.ident == name)
    };
    let says_self = |tokens: TokenStream| {
        tokens
            .into_iter()
            .any(|tree| matches!(tree, proc_macro2::TokenTree::Ident(ident) if ident == "Self"))
    };
    let alone = !says_self(sig.to_token_stream());
    let several = inputs.elided + inputs.all.len() > 1
        && inputs
            .all
            .iter()
            .any(|name| inputs.all.first() != Some(name))
        || inputs.elided > 1
        || inputs.elided == 1 && !inputs.all.is_empty();
    let nothing = sig.inputs.is_empty();
    !(alone && !inputs.all.iter().chain(&output.all).all(declared)
        || output.elided > 0 && (several || nothing))
}

fn nothing_async(item: &syn::Item) -> Diagnostic {
    let (span, message, help) = match item {
        syn::Item::Fn(item) => (
            item.sig.fn_token.span,
            "only async functions are lowered",
            "write `async fn`, or take the attribute off",
        ),
        syn::Item::Impl(item) => (
            item.impl_token.span,
            "there is no async function in this `impl` block",
            "take the attribute off",
        ),
        syn::Item::Mod(item) => (
            item.mod_token.span,
            "there is no async function in this module",
            "take the attribute off",
        ),
        syn::Item::Trait(item) => (
            item.trait_token.span,
            "there is no async function with a body in this trait",
            "take the attribute off",
        ),
        item => (
            syn::spanned::Spanned::span(item),
            "only functions, `impl` blocks, traits and modules are lowered",
            "put the attribute on an async function",
        ),
    };
    Diagnostic::new(
        Code::Unsupported,
        span,
        message,
        "under the attribute",
        Some(help.into()),
    )
}

/// Puts what became of each function in its place. It walks as [`parse::find_all`] does.
struct Replace<I> {
    /// Of async functions.
    outcomes: I,
    /// Of the others, where their blocks are lowered.
    plain: Option<I>,
}

impl<I: Iterator<Item = Option<TokenStream>>> Replace<I> {
    fn next(&mut self, sig: &syn::Signature, block: &syn::Block) -> Option<TokenStream> {
        if parse::is_lowered(block) {
            return None;
        }
        let outcomes = if sig.asyncness.is_some() {
            &mut self.outcomes
        } else {
            self.plain.as_mut()?
        };
        outcomes.next().expect("there is one for each function")
    }
}

/// Whether there is nothing to be replaced inside of a function.
fn closed(sig: &syn::Signature, block: &syn::Block) -> bool {
    sig.asyncness.is_some() || parse::is_lowered(block)
}

impl<I: Iterator<Item = Option<TokenStream>>> VisitMut for Replace<I> {
    fn visit_item_mut(&mut self, item: &mut syn::Item) {
        if let syn::Item::Fn(function) = item {
            if let Some(tokens) = self.next(&function.sig, &function.block) {
                *item = syn::Item::Verbatim(tokens);
                return;
            }
            if closed(&function.sig, &function.block) {
                return;
            }
        }
        visit_mut::visit_item_mut(self, item);
    }

    fn visit_impl_item_mut(&mut self, item: &mut syn::ImplItem) {
        if let syn::ImplItem::Fn(function) = item {
            if let Some(tokens) = self.next(&function.sig, &function.block) {
                *item = syn::ImplItem::Verbatim(tokens);
                return;
            }
            if closed(&function.sig, &function.block) {
                return;
            }
        }
        visit_mut::visit_impl_item_mut(self, item);
    }

    fn visit_trait_item_mut(&mut self, item: &mut syn::TraitItem) {
        if let syn::TraitItem::Fn(function) = item
            && let Some(block) = &function.default
        {
            if let Some(tokens) = self.next(&function.sig, block) {
                *item = syn::TraitItem::Verbatim(tokens);
                return;
            }
            if closed(&function.sig, block) {
                return;
            }
        }
        visit_mut::visit_trait_item_mut(self, item);
    }
}
