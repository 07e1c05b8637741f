//! The arms of the machine: one for each state that emitted code enters.

use super::Input;
use super::kept::{Plan, Sets};
use super::mentions::Mentions;
use super::receive::{Received, receive, without_rebinding};
use super::residual::{self, Residual};
use crate::desugar::Body;
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::names::LocalId;
use crate::report::Output;
use crate::seeded::{self, Bug};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeSet;

/// What the machine does in one of its states.
pub(super) struct Arm {
    /// The state's await; none for the start.
    pub(super) id: Option<AwaitId>,
    pub(super) variant: Ident,
    /// What the variant holds.
    pub(super) fields: Vec<Ident>,
    pub(super) code: TokenStream,
    /// The states that the code enters.
    pub(super) enters: BTreeSet<AwaitId>,
}

/// The arms stand in the order in which their states can be reached: inference follows the text.
pub(super) fn arms(input: &Input<'_>, body: &Body, residual: &Residual<'_>) -> Vec<Arm> {
    let sets = Sets::of(input);
    let mut reached = BTreeSet::new();
    let mut arms = vec![start(input, body, residual)];
    let mut pending = arms[0].enters.clone();
    // An arm may enter states that no arm before it did, but only later ones.
    while let Some(id) = pending.pop_first() {
        reached.insert(id);
        let arm = arm(input, body, residual, &sets, id);
        pending.extend(arm.enters.difference(&reached));
        arms.push(arm);
    }
    arms
}

fn start(input: &Input<'_>, body: &Body, residual: &Residual<'_>) -> Arm {
    let Layout { fresh, .. } = input.layout;
    let (rt, ty, taken) = (&fresh.rt, &fresh.state_type, residual.state_reference());
    let (mut code, mentions) = pruned(residual.start(&body.block), input.layout);
    if input.layout.deep {
        code = Plan::default().expand(input.layout, residual, code);
    }
    if body.params.is_empty() {
        return Arm {
            id: None,
            variant: format_ident!("Start"),
            fields: Vec::new(),
            code: quote!(#rt::set(#taken, #ty::Returned); #code),
            enters: residual.entered.take(),
        };
    }
    let names = body.params.iter().map(|&param| input.layout.name(param));
    let params = body
        .params
        .iter()
        .map(|&param| binding(input.layout, param, residual.mutability(param), &mentions));
    Arm {
        id: None,
        variant: format_ident!("Start"),
        fields: names.cloned().collect(),
        code: quote! {
            #(#params)*
            #rt::set(#taken, #ty::Returned);
            #code
        },
        enters: residual.entered.take(),
    }
}

fn arm(
    input: &Input<'_>,
    body: &Body,
    residual: &Residual<'_>,
    sets: &Sets<'_>,
    id: AwaitId,
) -> Arm {
    let layout = input.layout;
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
    let (mut code, mentions) = pruned(residual.resume(&body.block, id), layout);
    let state = &layout.states[id];
    let name = &state.name;
    let late = residual.late(id, &code, &mentions);
    let resumes = if layout.deep {
        let plan = Plan::new(sets, residual, id, &code, &mentions);
        code = plan.expand(layout, residual, code);
        plan.bindings(input, residual, id, &mentions)
    } else {
        state
            .pinned
            .iter()
            .map(|&local| resumed(layout, local, residual.mutability(local), &mentions))
            .collect()
    };
    let mut taken: Vec<TokenStream> = state
        .carried
        .iter()
        .map(|&local| binding(layout, local, residual.mutability(local), &mentions))
        .collect();
    if seeded::is(Bug::CarriedReversed) {
        taken.reverse();
    }
    let carried = state.carried.iter().rev().map(|&local| layout.name(local));
    if body.awaits[id].tokens.is_none() {
        return Arm {
            id: Some(id),
            variant: name.clone(),
            fields: carried.cloned().collect(),
            code: quote! {
                #resumes
                #(#taken)*
                #rt::set(#place, #ty::Returned);
                #late
                #code
            },
            enters: residual.entered.take(),
        };
    }
    // The code after this stands where the `await` stood.
    let keyword = body.awaits[id].keyword;
    let at = |word| Ident::new(word, Span::call_site().located_at(keyword));
    let (fields, polled, done, awaited) = if layout.wide {
        let field = layout.child_field(id);
        (
            Vec::new(),
            quote!(#rt::poll_field!),
            at("done_field"),
            quote!(#frame.children.#field),
        )
    } else {
        (
            std::iter::once(child).chain(carried).cloned().collect(),
            quote!(#rt::poll!),
            at("done"),
            quote!(#child),
        )
    };
    let left = if layout.framed() {
        let state = &fresh.state;
        quote!(#frame.#state)
    } else {
        quote!(*#place)
    };
    let bound: Vec<LocalId> = state.pinned.iter().chain(&state.carried).copied().collect();
    if late.is_empty() && !layout.deep {
        let drops = |local: &LocalId| !residual.facts[local.0].no_drop;
        let (dropped, others): (Vec<LocalId>, Vec<LocalId>) =
            bound.iter().partition(|local| drops(local));
        code = without_rebinding(code, layout, &dropped, &others);
    }
    let Received {
        output,
        bound,
        code,
    } = receive(code, output, layout, &bound, &|local| {
        late.is_empty() || seeded::is(Bug::OutputFirst) || residual.facts[local.0].no_drop
    });
    let unused = bound.is_empty() && input.item.output == Output::Expansion;
    // Only the original is asked about a result that nobody uses, also under a `forbid` that `emit::expansion` cannot lift.
    let bound = if unused { quote!(let _ =) } else { bound };
    let ended = quote!(#bound #rt::#done!(#awaited, #output, #left, #ty::Returned););
    Arm {
        id: Some(id),
        variant: name.clone(),
        fields,
        code: quote! {
            let #rt::Ready(#output) = #polled(#awaited, #cx) else { return #rt::Pending };
            #resumes
            #(#taken)*
            #ended
            #late
            #code
        },
        enters: residual.entered.take(),
    }
}

/// An arm's code without the declarations that nothing needs, and what it mentions.
fn pruned(code: TokenStream, layout: &Layout) -> (TokenStream, Mentions<'_>) {
    let mentions = Mentions::of(&code, layout);
    if !mentions.declares {
        return (code, mentions);
    }
    let code = residual::prune_declarations(code, layout);
    let mentions = Mentions::of(&code, layout);
    (code, mentions)
}

/// What was kept in a slot, as a local: under its name, or only to drop in its place.
fn resumed(
    layout: &Layout,
    local: LocalId,
    mutability: Option<syn::Token![mut]>,
    used: &Mentions<'_>,
) -> TokenStream {
    let (rt, frame) = (&layout.fresh.rt, &layout.fresh.frame);
    let (name, slot) = (layout.name(local), layout.place(local));
    let shown = if used.has(local) {
        name.clone()
    } else {
        format_ident!("_{}", name)
    };
    quote!(let #mutability #shown = #rt::resume!(#frame.#slot);)
}

/// What the state carried, as a local: under its name, or only to drop in its place.
fn binding(
    layout: &Layout,
    local: LocalId,
    mutability: Option<syn::Token![mut]>,
    used: &Mentions<'_>,
) -> TokenStream {
    let (rt, name) = (&layout.fresh.rt, layout.name(local));
    if used.has(local) {
        quote!(let #mutability #name = #rt::carried!(#name);)
    } else {
        let silent = format_ident!("_{}", name);
        quote!(let #silent = #rt::carried!(#name);)
    }
}
