//! The arms of the machine's `match`: one for each state that emitted code enters.

use super::residual::{self, Residual};
use super::{Input, binding, direct, mentions};
use crate::desugar::Body;
use crate::ir::AwaitId;
use crate::layout::Layout;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeSet;

pub(super) struct Arms {
    pub(super) tokens: TokenStream,
    /// The states that are entered, in order.
    pub(super) states: Vec<AwaitId>,
}

/// The arms stand in the order in which their states can be reached: inference follows the text.
pub(super) fn arms(input: &Input<'_>, body: &Body, residual: &Residual<'_>) -> Arms {
    let mut tokens = start(input, body, residual);
    let mut states = BTreeSet::new();
    let mut pending = residual.entered.take();
    // An arm may enter states that no arm before it did, but only later ones.
    while let Some(id) = pending.pop_first() {
        states.insert(id);
        tokens.extend(arm(input, body, residual, id));
        pending.extend(residual.entered.take().difference(&states));
    }
    let ty = &input.layout.fresh.state_type;
    tokens.extend(quote! {
        #ty::Returned => ::core::panic!("`async fn` resumed after completion"),
        #ty::Panicked => ::core::panic!("`async fn` resumed after panicking"),
    });
    Arms {
        tokens,
        states: states.into_iter().collect(),
    }
}

fn start(input: &Input<'_>, body: &Body, residual: &Residual<'_>) -> TokenStream {
    let Layout { fresh, .. } = input.layout;
    let (rt, ty, taken) = (&fresh.rt, &fresh.state_type, residual.state_reference());
    let code = residual::prune_declarations(residual.start(&body.block), input.layout);
    let params: Vec<TokenStream> = body
        .params
        .iter()
        .map(|&param| binding(input.layout, param, residual.mutability(param), &code))
        .collect();
    if params.is_empty() {
        return quote!(#ty::Start => { #rt::set(#taken, #ty::Returned); #code });
    }
    quote! {
        #ty::Start { .. } => {
            let #ty::Start { #(#params),* } = #rt::take(#taken, #ty::Returned) else { #rt::never!() };
            #code
        }
    }
}

fn arm(input: &Input<'_>, body: &Body, residual: &Residual<'_>, id: AwaitId) -> TokenStream {
    let Input {
        resolved,
        graph,
        analysis,
        layout,
        ..
    } = input;
    let fresh = &layout.fresh;
    let (rt, frame, cx, child, output, ty, place) = (
        &fresh.rt,
        &fresh.frame,
        &fresh.cx,
        &fresh.child,
        &fresh.ready,
        &fresh.state_type,
        residual.state_reference(),
    );
    let code = residual::prune_declarations(residual.resume(&body.block, id), layout);
    let (value, code) = direct(code, output, resolved, graph, analysis, id);
    let state = &layout.states[id];
    let name = &state.name;
    let resumes = state.pinned.iter().map(|&local| {
        let (name, slot) = (layout.name(local), layout.slot(local));
        let shown = if mentions(&code, layout, local) {
            name.clone()
        } else {
            quote::format_ident!("_{}", name)
        };
        let mutability = residual.mutability(local);
        quote!(let #mutability #shown = #rt::resume!(#frame.#slot);)
    });
    let carried: Vec<TokenStream> = state
        .carried
        .iter()
        .map(|&local| binding(layout, local, residual.mutability(local), &code))
        .collect();
    let take = if carried.is_empty() {
        quote!(#rt::set(#place, #ty::Returned);)
    } else {
        let taken = &place;
        quote!(let #ty::#name { #(#carried,)* .. } = #rt::take(#taken, #ty::Returned) else { #rt::never!() };)
    };
    let late = residual.late(id, &code);
    let checkpoint = body.awaits[id].tokens.is_none();
    let (pattern, poll) = if checkpoint {
        let fields = (!carried.is_empty()).then(|| quote!({ .. }));
        (quote!(#ty::#name #fields), quote!())
    } else if layout.wide {
        let field = layout.child_field(id);
        (
            quote!(#ty::#name),
            quote!(let #rt::Poll::Ready(#value) = #rt::poll_field!(#frame.children.#field, #cx) else { return #rt::Poll::Pending };),
        )
    } else {
        (
            quote!(#ty::#name { #child, .. }),
            quote!(let #rt::Poll::Ready(#value) = #rt::poll!(#child, #cx) else { return #rt::Poll::Pending };),
        )
    };
    quote! {
        #pattern => {
            #poll
            #(#resumes)*
            #take
            #late
            #code
        }
    }
}
