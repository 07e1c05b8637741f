//! Writes the lowered function.

mod alike;
mod arms;
mod capturing;
mod cleanup;
mod expansion;
mod kept;
mod lints;
mod mentions;
mod receive;
mod residual;
mod rewrite;
mod signature;
mod storage;
mod turn;

use crate::analysis::Analysis;
use crate::checkpoint::Once;
use crate::desugar::Body;
use crate::graph::Graph;
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::lex::{Kind, lex};
use crate::names::{LocalId, Mention};
use crate::report::{AfterCompletion, Edition, Output};
use crate::resolve::Resolved;
use crate::syntax::HasAwait;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use residual::Residual;
use rewrite::{Rewrite, Try};
use std::collections::{HashMap, HashSet};
use syn::visit::Visit;

pub(crate) use cleanup::prune;
pub(crate) use expansion::of_plain;
pub(crate) use lints::prune as prune_lints;
pub(crate) use signature::Signature;

/// The function around the body.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) attrs: &'a [syn::Attribute],
    pub(crate) vis: &'a syn::Visibility,
    pub(crate) sig: &'a syn::Signature,
    /// The generics of the `impl` block around it.
    pub(crate) outer: Option<&'a syn::Generics>,
    /// The type that the block is for.
    pub(crate) self_ty: Option<&'a syn::Type>,
    /// It stands in a trait, or in the implementation of one.
    pub(crate) in_trait: bool,
    /// It is an async block, and its parameters are what it captures.
    pub(crate) is_block: bool,
    /// It stays an `async fn`, and awaits the machine.
    pub(crate) stays_async: bool,
    /// Its future may hold itself.
    pub(crate) recursive: bool,
    /// A function that is not async may give back what a call of it gives, as an `impl Future` of its own.
    pub(crate) handed_on: bool,
    /// It awaits an async function of the package that is generic over types: that may want a lifetime that they outlive.
    pub(crate) awaits_generic: bool,
    /// The body as it was written.
    pub(crate) block: &'a syn::Block,
    /// `#[cfg(..)]` of the configuration that this is lowered for, when there are several.
    pub(crate) condition: Option<&'a syn::Attribute>,
    pub(crate) edition: Edition,
    pub(crate) output: Output,
    pub(crate) after_completion: AfterCompletion,
}

/// What the emitted code is made from.
pub(crate) struct Input<'a> {
    pub(crate) item: &'a Item<'a>,
    pub(crate) resolved: &'a Resolved,
    pub(crate) graph: &'a Graph,
    pub(crate) analysis: &'a Analysis,
    pub(crate) layout: &'a Layout,
    pub(crate) signature: &'a Signature,
}

/// Writes the items that take the place of the function: the function itself and, in the named form, its future.
///
/// # Errors
/// Names the statements that would stand several times and must not.
pub(crate) fn emit(input: &Input<'_>, mut body: Body) -> Result<TokenStream, Vec<Once>> {
    let Input {
        item,
        resolved,
        graph,
        analysis,
        layout,
        signature,
    } = input;
    let output: syn::Type = match &item.sig.output {
        syn::ReturnType::Default => syn::parse_quote!(()),
        syn::ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let foreign = resolved
        .locals
        .iter()
        .enumerate()
        .filter(|(_, local)| local.foreign)
        .map(|(i, _)| LocalId(i))
        .collect();
    let mut rewriting = Rewrite {
        layout,
        analysis,
        tries: tries(&output, item.output),
        plain: Default::default(),
        awaited: false,
        assigned: graph.assigned(),
        mutable: (0..resolved.locals.len())
            .map(LocalId)
            .filter(|local| resolved.locals[local.0].mutable)
            .collect(),
        foreign,
        shared: (0..resolved.locals.len())
            .map(LocalId)
            .filter(|local| graph.facts[local.0].shared)
            .collect(),
        unique: (0..resolved.locals.len())
            .map(LocalId)
            .filter(|local| graph.facts[local.0].unique)
            .collect(),
        no_drop: (0..resolved.locals.len())
            .map(LocalId)
            .filter(|local| graph.facts[local.0].no_drop)
            .collect(),
        handed: Default::default(),
        ending: Default::default(),
        nested: Vec::new(),
    };
    let awaited_locals = crate::checkpoint::awaited(&body);
    let open_locals = crate::checkpoint::open_locals(&body, resolved);
    let joins = crate::checkpoint::joins(&body, &open_locals.all);
    rewrite::rewrite(&mut body, &mut rewriting);
    let mut once = HashMap::new();
    let mut once_branches = HashMap::new();
    find_once(&body.block, &joins, &mut once, &mut once_branches);
    let residual = Residual {
        layout,
        analysis,
        resolved,
        in_scope: &graph.in_scope,
        facts: &graph.facts,
        assigned: graph.assigned(),
        copies: Default::default(),
        index: residual::index(&body.block),
        once,
        once_branches,
        entered: Default::default(),
        foreign: body.foreign,
        has_value: has_value(&item.sig.output),
    };
    let arms = arms::arms(input, &body, &residual);
    let copies: Vec<Once> = {
        let copies = residual.copies.borrow();
        let mut copies: Vec<Once> = copies
            .iter()
            .filter(|(once, n)| {
                **n > 1 && must_stand_once(**once, layout, analysis, &awaited_locals)
            })
            .map(|(once, _)| *once)
            .collect();
        copies.sort();
        copies
    };
    if !copies.is_empty() {
        return Err(copies);
    }
    let states: Vec<AwaitId> = arms.iter().filter_map(|arm| arm.id).collect();
    let storage = storage::Storage {
        input,
        body: &body,
        states: &states,
    };
    let turns = turn::turns(input, &storage, &residual, &arms);
    let mut turns = alike::tie(turns, &open_locals.numbers, layout, resolved);
    let gives_output = gives_output(&turns, &layout.fresh.rt);
    if item.is_block && !gives_output {
        let rt = &layout.fresh.rt;
        turns = quote!(#rt::endless!(); #turns);
    }

    let fresh = &layout.fresh;
    let rt = &fresh.rt;
    let handle = if layout.framed() {
        &fresh.frame
    } else {
        &fresh.state
    };
    let cx = if has_ident(&turns, &fresh.cx) {
        fresh.cx.clone()
    } else {
        quote::format_ident!("_{}", fresh.cx)
    };
    let output: syn::Type = if matches!(output, syn::Type::Never(_)) {
        syn::parse_quote!(#rt::Never)
    } else {
        output
    };
    // A reader needs no names of lifetimes. But of a closure without them, the compiler can ask for more than the function promises.
    let returned = match signature.returned() {
        Some(named) if item.output == Output::Expansion && layout.name.is_none() => named,
        _ => &output,
    };
    let annotation =
        (!has_impl(&output) && !item.is_block).then(|| quote!(-> #rt::Poll<#returned>));
    // What an expansion's step captures has no size.
    let by_move = (item.output == Output::Expansion && layout.name.is_none()).then(|| quote!(move));
    // The type of an `impl Trait` is settled inside of the step: captured, it could not be tied to the function's lifetimes.
    let settled = (by_move.is_some() && !item.is_block && has_impl(&output)).then(|| {
        let accepted = &fresh.accepted;
        quote!(let #accepted = #accepted.within();)
    });
    let step = if by_move.is_some() {
        // The arm of an expansion's step; the other says where it waits.
        quote!(#rt::Asked::Poll(#handle, #cx) => #rt::Answered::Polled((move || #annotation { #settled #turns })()),)
    } else {
        quote!(|#handle, #cx| #annotation { #settled #turns })
    };
    let items = &body.items;
    let prologue = &signature.prologue;
    let alias = alias(rt);
    let attrs = item.attrs.iter();
    let attrs = attrs.filter(|attr| !crate::lower::is_lower(attr.path()));
    let attrs = attrs.map(|attr| syn::Attribute {
        style: syn::AttrStyle::Outer,
        ..attr.clone()
    });
    let (vis, sig) = (item.vis, &signature.sig);
    let condition = item.condition;
    // Each segment between two awaits uses some of what the function declared, and changes less.
    let allow = (!states.is_empty()).then(lints);
    // What an `unsafe` block had around awaits is in blocks of its own, whatever it is.
    let allow = if body.opens_unsafe {
        Some(quote!(#allow #[allow(unused_unsafe)]))
    } else {
        allow
    };
    let inside = allowed_inside(item.block);
    let allow = if inside.is_empty() {
        allow
    } else {
        Some(quote!(#allow #[allow(#(#inside),*)]))
    };
    // A frame is too much for an argument to read well.
    let is_text = item.output != Output::Expansion && layout.name.is_none();
    let (framed, initial) = if layout.framed() && is_text {
        let (frame, initial) = (&fresh.frame, storage.initial());
        (Some(quote!(let #frame = #initial;)), quote!(#frame))
    } else {
        (None, storage.initial())
    };
    let awaited = signature.awaits().then(|| quote!(.await));
    let declarations = storage.declarations();
    let tokens = match &layout.name {
        None if item.is_block && item.output == Output::Expansion => {
            let machine = expansion::of_block(input, &initial, step, &storage.look(), gives_output);
            quote!(#(#items)* #declarations #machine)
        }
        // In a block, which may have to name the runtime first.
        None if item.is_block => {
            let machine = quote!(#rt::Machine::new(#initial, #step));
            quote!(#(#items)* #declarations #framed #machine)
        }
        None if item.output == Output::Expansion => {
            let parts = expansion::Parts {
                alias,
                prologue,
                items: quote!(#(#items)* #declarations),
                initial,
                step,
                look: storage.look(),
            };
            expansion::function(input, &body, &parts)
        }
        None => quote! {
            #condition
            #(#attrs)*
            #allow
            #vis #sig {
                #alias
                #(#items)*
                #declarations
                #prologue
                #framed
                #rt::Machine::new(#initial, #step) #awaited
            }
        },
        Some(name) => {
            let expansion = item.output == Output::Expansion;
            let (check, step) = if expansion {
                expansion::of_named(input, &body, step)
            } else {
                (TokenStream::new(), step)
            };
            let body_of_poll = quote!(#check #rt::step);
            let future =
                storage.future(name, &output, &alias, &body_of_poll, &step, allow.as_ref());
            let inspect = expansion.then(|| expansion::inspect_named(input, name, storage.look()));
            let rt_use = (!layout.slots.is_empty()).then_some(&alias);
            let docs = named_doc(&item.sig.ident);
            // Nothing but a frame is built, which a constant can do.
            let mut sig = sig.clone();
            if expansion {
                sig.constness = Some(Default::default());
            }
            quote! {
                #(#attrs)*
                #vis #sig {
                    #rt_use
                    #initial
                }
                #(#items)*
                #[doc = #docs]
                #declarations
                #future
                #inspect
            }
        }
    };
    let tokens = match condition {
        Some(condition) if layout.name.is_some() => guarded(tokens, condition),
        _ => tokens,
    };
    Ok(cleanup::cleanup(tokens, layout, resolved))
}

/// The runtime under the name that the emitted code has for it.
pub(crate) fn alias(rt: &Ident) -> TokenStream {
    quote!(use ::handroll_rt as #rt;)
}

/// Whether a step ever says what is ready, or returns by `?`.
fn gives_output(step: &TokenStream, rt: &Ident) -> bool {
    let trees: Vec<TokenTree> = step.clone().into_iter().collect();
    let ident = |at: usize, name: &str| matches!(trees.get(at), Some(TokenTree::Ident(ident)) if ident == name);
    let rt = rt.to_string();
    trees.iter().enumerate().any(|(at, tree)| match tree {
        TokenTree::Group(group) => gives_output(&group.stream(), &Ident::new(&rt, group.span())),
        TokenTree::Ident(ident_here) => {
            let binds = at > 0 && ident(at - 1, "let");
            *ident_here == rt && !binds && (ident(at + 3, "Ready") || ident(at + 3, "tri"))
        }
        _ => false,
    })
}

/// What each function has allowed, before [`prune_lints`] takes off what it does not need.
pub(crate) fn lints() -> TokenStream {
    quote!(#[allow(unused_mut, unused_assignments, unused_braces, unused_parens, unused_variables)])
}

/// The lints that statements with an await allow: these statements come apart, and so their lints are allowed in the whole function.
fn allowed_inside(block: &syn::Block) -> Vec<syn::Path> {
    #[derive(Default)]
    struct Allowed {
        lints: Vec<syn::Path>,
        everywhere: bool,
    }
    impl<'ast> Visit<'ast> for Allowed {
        fn visit_stmt(&mut self, stmt: &'ast syn::Stmt) {
            if self.everywhere || stmt.has_await() {
                syn::visit::visit_stmt(self, stmt);
            }
        }
        fn visit_item(&mut self, _: &'ast syn::Item) {}
        fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
            if attr.path().is_ident("allow") || attr.path().is_ident("expect") {
                let _ = attr.parse_nested_meta(|lint| {
                    // `reason = ".."`
                    if let Ok(value) = lint.value() {
                        value.parse::<syn::Lit>()?;
                    } else if !self.lints.contains(&lint.path) {
                        self.lints.push(lint.path);
                    }
                    Ok(())
                });
            }
        }
    }
    let of = |everywhere| {
        let mut allowed = Allowed {
            everywhere,
            ..Allowed::default()
        };
        allowed.visit_block(block);
        allowed.lints
    };
    // Few functions have any.
    if of(true).is_empty() {
        Vec::new()
    } else {
        of(false)
    }
}

/// Items, each under a condition.
fn guarded(tokens: TokenStream, condition: &syn::Attribute) -> TokenStream {
    let Ok(file) = syn::parse2::<syn::File>(tokens.clone()) else {
        return tokens;
    };
    let items = file.items.iter();
    items.flat_map(|item| quote!(#condition #item)).collect()
}

fn named_doc(name: &Ident) -> String {
    format!(" The future of [`{name}`].")
}

/// Whether copies of a statement would give a state two types: only what is held or awaited matters.
fn must_stand_once(
    once: Once,
    layout: &Layout,
    analysis: &Analysis,
    awaited: &HashSet<LocalId>,
) -> bool {
    match once {
        Once::Holder(_) | Once::Await(_) | Once::Join(_) => true,
        Once::Local(local) => {
            awaited.contains(&local)
                || analysis.pinned.contains(&local)
                || layout
                    .states
                    .iter()
                    .any(|state| state.carried.contains(&local))
        }
    }
}

/// The statements that must stand once, by their place in the tree; and so the branches that are an expression alone.
fn find_once(
    block: &crate::ir::Block,
    joins: &HashSet<Mention>,
    found: &mut HashMap<*const crate::ir::Stmt, Once>,
    branches: &mut HashMap<*const crate::ir::Expr, Once>,
) {
    use crate::ir::{Expr, Stmt};
    type Statements = HashMap<*const Stmt, Once>;
    type Branches = HashMap<*const Expr, Once>;
    fn branch(
        node: &Expr,
        joins: &HashSet<Mention>,
        found: &mut Statements,
        branches: &mut Branches,
    ) {
        if !matches!(node, Expr::Block { .. })
            && let Some(once) = crate::checkpoint::once_branch(node)
        {
            branches.insert(std::ptr::from_ref(node), once);
        }
        expr(node, joins, found, branches);
    }
    fn expr(
        node: &Expr,
        joins: &HashSet<Mention>,
        found: &mut Statements,
        branches: &mut Branches,
    ) {
        match node {
            Expr::Plain(_) | Expr::Await(_) => {}
            Expr::Block { block, .. } => find_once(block, joins, found, branches),
            Expr::If { then, els, .. } => {
                find_once(then, joins, found, branches);
                els.iter()
                    .for_each(|els| branch(els, joins, found, branches));
            }
            Expr::Match { arms, .. } => arms
                .iter()
                .for_each(|arm| branch(&arm.body, joins, found, branches)),
            Expr::Loop(found_loop) => find_once(&found_loop.body, joins, found, branches),
        }
    }
    for stmt in &block.stmts {
        if let Some(once) = crate::checkpoint::once(stmt, joins) {
            found.insert(std::ptr::from_ref(stmt), once);
        }
        match stmt {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                expr(init, joins, found, branches);
                els.iter()
                    .for_each(|els| find_once(els, joins, found, branches));
            }
            Stmt::Expr { expr: node, .. } => expr(node, joins, found, branches),
        }
    }
}

fn slot_type(analysis: &Analysis, local: LocalId) -> Ident {
    Ident::new(
        if analysis.flagged.contains(&local) {
            "FlagSlot"
        } else {
            "Slot"
        },
        proc_macro2::Span::call_site(),
    )
}

fn has_ident(tokens: &TokenStream, name: &Ident) -> bool {
    any_token(
        tokens,
        &mut |tree| matches!(tree, proc_macro2::TokenTree::Ident(ident) if ident == name),
    )
}

/// Whether code names a label, in a jump or in a macro.
fn mentions_label(tokens: &TokenStream, label: &syn::Lifetime) -> bool {
    has_ident(tokens, &label.ident)
}

fn any_token(tokens: &TokenStream, is: &mut impl FnMut(&proc_macro2::TokenTree) -> bool) -> bool {
    tokens.clone().into_iter().any(|tree| {
        is(&tree)
            || match &tree {
                proc_macro2::TokenTree::Group(group) => any_token(&group.stream(), is),
                _ => false,
            }
    })
}

/// ` 12: `read(&mut buf)``
fn state_doc(body: &Body, id: AwaitId) -> String {
    let awaited = &body.awaits[id];
    if awaited.tokens.is_none() {
        return " Nothing is awaited: what follows stands once, and several places lead to it."
            .to_owned();
    }
    let text = self::awaited(body, id);
    let line = awaited.span.start().line;
    if line > 0 {
        format!(" Line {line}: `{text}`")
    } else {
        format!(" `{text}`")
    }
}

/// `read(&mut buf).await`
fn awaited(body: &Body, id: AwaitId) -> String {
    let awaited = &body.awaits[id];
    let Some(tokens) = &awaited.tokens else {
        return String::new();
    };
    if let Some(path) = &awaited.leaf {
        return format!("{path}!(..)");
    }
    // In a macro a span covers one token, so its text is not that of the expression.
    match awaited.span.source_text() {
        Some(text) if text != "await" => one_line(&text),
        _ => format!("{}.await", crate::print::spelled(&as_written(tokens))),
    }
}

/// Tokens with the names that locals have in the source.
fn as_written(tokens: &TokenStream) -> TokenStream {
    let base = |text: &str| crate::names::source_name(text).map(str::to_owned);
    crate::names::map_tokens(
        tokens.clone(),
        &mut |ident, _| {
            let base = base(&ident.to_string())?;
            let source = ident.span().source_text();
            let name = source.filter(|text| text == "self").unwrap_or(base);
            Some(quote::ToTokens::into_token_stream(Ident::new(
                &name,
                ident.span(),
            )))
        },
        &mut |literal| crate::names::map_captures(literal, &mut |text| base(text)),
    )
}

/// Source text on one line, without its comments.
pub(crate) fn one_line(text: &str) -> String {
    let code = lex(text).map(|token| match token.kind {
        Kind::Comment | Kind::Doc => " ",
        _ => &text[token.bytes],
    });
    let code: String = code.collect();
    let mut out = String::new();
    for (i, part) in code.split_whitespace().enumerate() {
        if i > 0 && !part.starts_with('.') && !out.ends_with('(') {
            out.push(' ');
        }
        out.push_str(part);
    }
    out.replace('`', "'")
}

pub(crate) fn has_impl(ty: &syn::Type) -> bool {
    struct Impl(bool);
    impl<'ast> syn::visit::Visit<'ast> for Impl {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut found = Impl(false);
    syn::visit::Visit::visit_type(&mut found, ty);
    found.0
}

/// `Poll<Result<..>>` knows `?`; other outputs need help.
fn tries(output: &syn::Type, purpose: Output) -> Try {
    match crate::types::type_name(output) {
        Some(name) if name.ends_with("Result") && purpose == Output::Source => Try::Operator,
        _ => Try::Macro,
    }
}

/// Whether an output is spelled with a type of the language or its library that is not `()`.
fn has_value(output: &syn::ReturnType) -> bool {
    let syn::ReturnType::Type(_, ty) = output else {
        return false;
    };
    match &**ty {
        syn::Type::Reference(_) | syn::Type::Array(_) | syn::Type::Ptr(_) => true,
        syn::Type::Tuple(tuple) => !tuple.elems.is_empty(),
        syn::Type::Path(path) if path.qself.is_none() => {
            path.path.segments.last().is_some_and(|last| {
                let name = last.ident.to_string();
                matches!(
                    name.as_str(),
                    "Result" | "Option" | "Vec" | "String" | "Box"
                ) || crate::types::is_primitive(&name) && path.path.segments.len() == 1
            })
        }
        _ => false,
    }
}
