//! Writes the lowered function.

mod cleanup;
mod residual;
mod rewrite;
mod signature;

use crate::analysis::Analysis;
use crate::checkpoint::Once;
use crate::desugar::Body;
use crate::graph::Graph;
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::names::LocalId;
use crate::report::Edition;
use crate::resolve::Resolved;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use residual::Residual;
use std::collections::HashMap;
use rewrite::{Rewrite, Try};

pub(crate) use cleanup::prune;
pub(crate) use signature::Signature;

/// The function around the body.
pub(crate) struct Item<'a> {
    pub(crate) attrs: &'a [syn::Attribute],
    pub(crate) vis: &'a syn::Visibility,
    pub(crate) sig: &'a syn::Signature,
    /// The generics of the `impl` block around it.
    pub(crate) outer: Option<&'a syn::Generics>,
    /// The type that the block is for.
    pub(crate) self_ty: Option<&'a syn::Type>,
    pub(crate) edition: Edition,
}

/// An emitted function: its item, and the texts of its doc comments' line notes.
pub(crate) fn emit(item: &Item<'_>, resolved: &Resolved, mut body: Body, graph: &Graph, analysis: &Analysis, layout: &Layout, signature: &Signature) -> Result<TokenStream, Vec<Once>> {
    let output = match &item.sig.output {
        syn::ReturnType::Default => syn::parse_quote!(()),
        syn::ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let foreign = resolved.locals.iter().enumerate().filter(|(_, local)| local.foreign).map(|(i, _)| LocalId(i)).collect();
    let mut rewriting = Rewrite { layout, analysis, tries: tries(&output), plain: Default::default(), foreign };
    rewrite::rewrite(&mut body, &mut rewriting);
    let mut once = HashMap::new();
    find_once(&body.block, &mut once);
    let framed = !layout.slots.is_empty();
    let assigned = graph.assigned();
    let residual = Residual { layout, analysis, resolved, in_scope: &graph.in_scope, facts: &graph.facts, assigned, framed, copies: Default::default(), once, entered: Default::default() };
    let fresh = &layout.fresh;
    let (rt, state, frame, cx, child, ready, ty) = (&fresh.rt, &fresh.state, &fresh.frame, &fresh.cx, &fresh.child, &fresh.ready, &fresh.state_type);
    let place = residual.state();
    let scrutinee = if framed { quote!(&mut #place) } else { quote!(#state) };
    let taken = if framed { quote!(&mut #frame.#state) } else { quote!(#state) };

    let bind = |local: LocalId, used: &TokenStream| binding(layout, local, residual.mutability(local), used);

    // The arms, in the order in which their states can be reached: inference follows the text.
    let mut arms = Vec::new();
    let code = residual::prune_declarations(residual.start(&body.block), layout);
    let params: Vec<TokenStream> = body.params.iter().map(|&param| bind(param, &code)).collect();
    if params.is_empty() {
        arms.push(quote!(#ty::Start {} => { #place = #ty::Returned; #code }));
    } else {
        arms.push(quote!(#ty::Start { .. } => {
            let #ty::Start { #(#params),* } = #rt::take(#taken, #ty::Returned) else { #rt::never!() };
            #code
        }));
    }
    let mut done = std::collections::BTreeSet::new();
    while let Some(id) = {
        let entered = residual.entered.borrow();
        entered.iter().copied().find(|id| !done.contains(id))
    } {
        done.insert(id);
        let code = residual::prune_declarations(residual.resume(&body.block, id), layout);
        let (value, code) = direct(code, ready, resolved, graph, analysis, id);
        let name = &layout.states[id].name;
        let resumes = layout.states[id].pinned.iter().map(|&local| {
            let (name, slot) = (layout.name(local), layout.slot(local));
            let shown = if mentions(&code, layout, local) { name.clone() } else { quote::format_ident!("_{}", name) };
            quote!(let #shown = #rt::resume!(#frame.#slot);)
        });
        let carried: Vec<TokenStream> = layout.states[id].carried.iter().map(|&local| bind(local, &code)).collect();
        let take = if carried.is_empty() {
            quote!(#place = #ty::Returned;)
        } else {
            quote!(let #ty::#name { #(#carried,)* .. } = #rt::take(#taken, #ty::Returned) else { #rt::never!() };)
        };
        let late = residual.late(id, &code);
        if body.awaits[id].tokens.is_none() {
            arms.push(quote!(#ty::#name { .. } => {
                #(#resumes)*
                #take
                #late
                #code
            }));
            continue;
        }
        arms.push(quote!(#ty::#name { #child, .. } => {
            let #rt::Poll::Ready(#value) = #rt::poll!(#child, #cx) else { return #rt::Poll::Pending };
            #(#resumes)*
            #take
            #late
            #code
        }));
    }
    let copies: Vec<Once> = {
        let copies = residual.copies.borrow();
        let mut copies: Vec<Once> = copies.iter().filter(|(once, n)| **n > 1 && must_stand_once(**once, layout, analysis)).map(|(once, _)| *once).collect();
        copies.sort();
        copies
    };
    if !copies.is_empty() {
        return Err(copies);
    }
    arms.push(quote!(#ty::Returned => panic!("`async fn` resumed after completion"),));
    arms.push(quote!(#ty::Panicked => panic!("`async fn` resumed after panicking"),));

    let states = done.iter().map(|&id| {
        let state = &layout.states[id];
        let name = &state.name;
        let doc = state_doc(&body, id);
        let child_ty = &layout.children[id];
        let fields = state.carried.iter().rev().map(|local| {
            let (name, ty) = (layout.name(*local), &layout.types[local]);
            quote!(#name: #ty)
        });
        let child = body.awaits[id].tokens.is_some().then(|| quote!(#child: #rt::Child<#child_ty>,));
        quote!(#[doc = #doc] #name { #child #(#fields),* },)
    });
    let starts = body.params.iter().map(|local| {
        let (name, ty) = (layout.name(*local), &layout.types[local]);
        quote!(#name: #ty)
    });
    let fn_name = item.sig.ident.to_string();
    let enum_doc = format!(" Where `{fn_name}` waits, and what it holds there.");
    let state_params = layout.params(&body, done.iter().copied());
    let generics = Layout::generics(&state_params);
    let state_enum = quote! {
        #[doc = #enum_doc]
        enum #ty #generics {
            /// Not polled yet.
            Start { #(#starts),* },
            #(#states)*
            /// Returned, or dropped.
            Returned,
            /// Panicked.
            Panicked,
        }
    };
    let end = quote!(match end { #rt::End::Returned => #ty::Returned, #rt::End::Panicked => #ty::Panicked });
    let frame_ty = &fresh.frame_type;
    let (storage, handle, initial) = if framed {
        let frame_params = layout.with_slots(&state_params);
        let frame_generics = Layout::generics(&frame_params);
        let slots = layout.slots.iter().rev().map(|local| {
            let (slot, ty) = (layout.slot(*local), &layout.types[local]);
            let kind = slot_type(analysis, *local);
            quote!(#slot: #rt::#kind<#ty>)
        });
        let doc = format!(" What `{fn_name}` keeps in place beside its state, because it is borrowed while the function waits.");
        let guards = layout.slots.iter().filter_map(|local| {
            let names: Vec<&Ident> = done.iter().filter(|&&id| layout.states[id].pinned.contains(local)).map(|&id| &layout.states[id].name).collect();
            if names.is_empty() || resolved.locals.is_empty() {
                return None;
            }
            let slot = layout.slot(*local);
            let guard = quote::format_ident!("_{}", slot);
            Some(quote!(let #guard = matches!(self.#state, #(#ty::#names { .. })|*).then(|| #rt::resume!(self.#slot));))
        });
        let storage = quote! {
            #[doc = #doc]
            struct #frame_ty #frame_generics {
                #state: #ty #generics,
                #(#slots),*
            }
            impl #frame_generics #rt::Frame for #frame_ty #frame_generics {
                fn end(&mut self, end: #rt::End) {
                    #(#guards)*
                    self.#state = #end;
                }
            }
        };
        let empty = layout.slots.iter().rev().map(|local| {
            let slot = layout.slot(*local);
            let kind = slot_type(analysis, *local);
            quote!(#slot: #rt::#kind::empty())
        });
        let starts = body.params.iter().map(|local| signature.argument(layout, *local));
        (storage, frame, quote!(#frame_ty { #state: #ty::Start { #(#starts),* }, #(#empty),* }))
    } else {
        let storage = quote! {
            impl #generics #rt::Frame for #ty #generics {
                fn end(&mut self, end: #rt::End) {
                    *self = #end;
                }
            }
        };
        let starts = body.params.iter().map(|local| signature.argument(layout, *local));
        (storage, state, quote!(#ty::Start { #(#starts),* }))
    };
    let label = fresh.machine();
    let arms: TokenStream = arms.into_iter().collect();
    let output: syn::Type = if matches!(output, syn::Type::Never(_)) { syn::parse_quote!(#rt::Never) } else { output };
    let cx = if has_ident(&arms, cx) { cx.clone() } else { quote::format_ident!("_{}", cx) };
    let annotation = (!has_impl(&output)).then(|| quote!(-> #rt::Poll<#output>));
    let machine = quote! {
        #rt::Machine::new(#initial, |#handle, #cx| #annotation {
            #label: loop {
                match #scrutinee {
                    #arms
                }
            }
        })
    };
    let items = &body.items;
    let prologue = &signature.prologue;
    let alias = if rt == "rt" { quote!(use ::handroll_rt as rt;) } else { quote!(use ::handroll_rt as #rt;) };
    let attrs = item.attrs.iter().map(|attr| syn::Attribute { style: syn::AttrStyle::Outer, ..attr.clone() });
    let (vis, sig) = (item.vis, &signature.sig);
    // Each segment between two awaits uses some of what the function declared, and changes less.
    let allow = (!done.is_empty()).then(|| quote!(#[allow(unused_mut, unused_assignments, unused_variables)]));
    let tokens = quote! {
        #(#attrs)*
        #allow
        #vis #sig {
            #alias
            #(#items)*
            #state_enum
            #storage
            #prologue
            #machine
        }
    };
    Ok(cleanup::cleanup(tokens, layout, resolved))
}

/// Whether copies of a statement would give a state two types: only what is held matters.
fn must_stand_once(once: Once, layout: &Layout, analysis: &Analysis) -> bool {
    match once {
        Once::Holder(_) | Once::Await(_) => true,
        Once::Local(local) => analysis.pinned.contains(&local) || layout.states.iter().any(|state| state.carried.contains(&local)),
    }
}

/// The statements that must stand once, by their place in the tree.
fn find_once(block: &crate::ir::Block, found: &mut HashMap<*const crate::ir::Stmt, Once>) {
    use crate::ir::{Expr, Stmt};
    fn expr(node: &Expr, found: &mut HashMap<*const Stmt, Once>) {
        match node {
            Expr::Plain(_) | Expr::Await(_) => {}
            Expr::Block { block, .. } => find_once(block, found),
            Expr::If { then, els, .. } => {
                find_once(then, found);
                els.iter().for_each(|els| expr(els, found));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|arm| expr(&arm.body, found)),
            Expr::Loop(found_loop) => find_once(&found_loop.body, found),
        }
    }
    for stmt in &block.stmts {
        if let Some(once) = crate::checkpoint::once(stmt) {
            found.insert(std::ptr::from_ref(stmt), once);
        }
        match stmt {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                expr(init, found);
                els.iter().for_each(|els| find_once(els, found));
            }
            Stmt::Expr { expr: node, .. } => expr(node, found),
        }
    }
}

/// A field of the state bound as a local: under its name, or only to drop in its place.
fn binding(layout: &Layout, local: LocalId, mutability: Option<syn::Token![mut]>, used: &TokenStream) -> TokenStream {
    let name = layout.name(local);
    if mentions(used, layout, local) {
        quote!(#mutability #name)
    } else {
        let silent = quote::format_ident!("_{}", name);
        quote!(#name: #silent)
    }
}

fn slot_type(analysis: &Analysis, local: LocalId) -> Ident {
    Ident::new(if analysis.flagged.contains(&local) { "FlagSlot" } else { "Slot" }, proc_macro2::Span::call_site())
}

/// What the poll's `Ready` binds. `let n = output;` at the start of the arm is not needed, unless what is held must drop after `n`.
fn direct(code: TokenStream, output: &Ident, resolved: &Resolved, graph: &Graph, analysis: &Analysis, id: AwaitId) -> (TokenStream, TokenStream) {
    if !has_ident(&code, output) {
        return (quote!(_), code);
    }
    let held_drops = analysis.held[id].iter().any(|holding| !graph.facts[holding.local.0].no_drop);
    let trees: Vec<proc_macro2::TokenTree> = code.clone().into_iter().collect();
    if let [proc_macro2::TokenTree::Ident(r#let), proc_macro2::TokenTree::Ident(name), proc_macro2::TokenTree::Punct(eq), proc_macro2::TokenTree::Ident(value), proc_macro2::TokenTree::Punct(semi), rest @ ..] = trees.as_slice()
        && r#let == "let"
        && eq.as_char() == '='
        && value == output
        && semi.as_char() == ';'
        && !(held_drops && crate::names::local(name).is_none_or(|local| !resolved.locals[local.0].hidden || !consumed_next(rest, name)))
    {
        return (quote!(#name), rest.iter().cloned().collect());
    }
    (quote!(#output), code)
}

/// Whether the first statement uses up the local.
fn consumed_next(rest: &[proc_macro2::TokenTree], name: &Ident) -> bool {
    let end = rest.iter().position(|tree| matches!(tree, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == ';')).unwrap_or(rest.len());
    let first: TokenStream = rest[..end].iter().cloned().collect();
    let local = crate::names::local(name);
    any_token(&first, &mut |tree| matches!(tree, proc_macro2::TokenTree::Ident(ident) if crate::names::local(ident) == local))
}

/// Whether the tokens mention a local, by its mark or by its final name.
fn mentions(tokens: &TokenStream, layout: &Layout, local: LocalId) -> bool {
    let name = layout.name(local);
    let is = |text: &str| crate::names::unmark(text).is_some_and(|(found, _)| found == local);
    any_token(tokens, &mut |tree| match tree {
        proc_macro2::TokenTree::Ident(ident) => ident == name || is(&ident.to_string()),
        proc_macro2::TokenTree::Literal(literal) => {
            let mut found = false;
            crate::names::map_captures(literal, &mut |text| {
                found |= is(text);
                None
            });
            found
        }
        _ => false,
    })
}

fn has_ident(tokens: &TokenStream, name: &Ident) -> bool {
    any_token(tokens, &mut |tree| matches!(tree, proc_macro2::TokenTree::Ident(ident) if ident == name))
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
        return " Nothing is awaited: what follows stands once, and several places lead to it.".to_owned();
    }
    let text = awaited.span.source_text().map(|text| one_line(&text));
    let text = text.unwrap_or_else(|| format!("{}.await", awaited.tokens.to_token_stream()));
    let line = awaited.span.start().line;
    if line > 0 { format!(" Line {line}: `{text}`") } else { format!(" `{text}`") }
}

pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split_whitespace().enumerate() {
        if i > 0 && !part.starts_with('.') && !out.ends_with('(') {
            out.push(' ');
        }
        out.push_str(part);
    }
    out.replace('`', "'")
}

fn has_impl(ty: &syn::Type) -> bool {
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
fn tries(output: &syn::Type) -> Try {
    match crate::types::type_name(output) {
        Some(name) if name.ends_with("Result") => Try::Operator,
        _ => Try::Macro,
    }
}
