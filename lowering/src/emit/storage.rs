//! What a lowered function stores: the state, the slots beside it, and how both end.
//!
//! A function with few states is one enum that holds its children. Each variant mentioned in the code makes the compiler infer all
//! type parameters of the enum anew, which is cubic in their number; so a function with many states has plain states, keeps its
//! children in a union, and every local in a slot: each parameter is inferred once.

use super::{Input, Item, slot_type, state_doc};
use crate::desugar::Body;
use crate::ir::AwaitId;
use crate::layout::{Layout, Place};
use crate::names::LocalId;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashMap;

/// What an expansion says of where a frame waits, by the name that the frame has there.
pub(super) struct Look {
    pub(super) handle: proc_macro2::Ident,
    pub(super) state: TokenStream,
}

pub(super) struct Storage<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) body: &'a Body,
    pub(super) states: &'a [AwaitId],
}

impl Storage<'_> {
    fn layout(&self) -> &Layout {
        self.input.layout
    }

    /// What the documentation speaks of.
    fn subject(&self) -> String {
        let Item { is_block, sig, .. } = self.input.item;
        if *is_block {
            "the block".to_owned()
        } else {
            format!("`{}`", sig.ident)
        }
    }

    /// What `Start` holds, in the order in which it drops before the first poll: parameters as they are declared. What a block captures drops
    /// in one order always, and so the last declared of its parameters, which drops first once it runs, stands first.
    fn starts(&self) -> Box<dyn Iterator<Item = &LocalId> + '_> {
        let params = self.body.params.iter();
        if self.input.item.is_block {
            Box::new(params.rev())
        } else {
            Box::new(params)
        }
    }

    fn awaits(&self, id: AwaitId) -> bool {
        self.body.awaits[id].tokens.is_some()
    }

    /// What the machine's `match` looks at.
    pub(super) fn scrutinee(&self) -> TokenStream {
        let Layout { fresh, wide, .. } = self.layout();
        let (frame, state) = (&fresh.frame, &fresh.state);
        if !self.layout().framed() {
            quote!(#state)
        } else if *wide {
            quote!(#frame.#state)
        } else {
            quote!(&mut #frame.#state)
        }
    }

    /// The type parameters of the state.
    fn state_params(&self) -> Vec<Ident> {
        if self.layout().name.is_some() {
            return Vec::new();
        }
        let children = if self.layout().wide {
            &[][..]
        } else {
            self.states
        };
        self.layout().params(self.body, children.iter().copied())
    }

    /// The awaits whose children have a place of their own.
    fn owned(&self) -> Vec<AwaitId> {
        let owners: std::collections::BTreeSet<AwaitId> = self
            .states
            .iter()
            .filter(|id| self.awaits(**id))
            .map(|id| self.layout().owners[*id])
            .collect();
        owners.into_iter().collect()
    }

    fn child_params(&self) -> Vec<Ident> {
        if self.layout().name.is_some() {
            return Vec::new();
        }
        let mut params: Vec<Ident> = Vec::new();
        for id in self.owned() {
            params.push(self.layout().children[id].clone());
        }
        params
    }

    fn frame_params(&self) -> Vec<Ident> {
        let mut params = self.state_params();
        if self.layout().name.is_some() {
            return params;
        }
        if self.layout().wide {
            params.extend(self.child_params());
        }
        self.layout().with_slots(&params)
    }

    /// The state's enum, the frame around it, and how they end.
    pub(super) fn declarations(&self) -> TokenStream {
        let state = self.state_enum();
        let children = self.children();
        let frame = self.frame();
        // In the named form the frame is the future itself, and stands first, under its documentation.
        if self.layout().name.is_some() {
            quote!(#frame #state #children)
        } else {
            quote!(#state #children #frame)
        }
    }

    fn state_enum(&self) -> TokenStream {
        let layout = self.layout();
        let fresh = &layout.fresh;
        let (rt, child, ty) = (&fresh.rt, &fresh.child, &fresh.state_type);
        let rt_path = self.runtime();
        let states = self.states.iter().map(|&id| {
            let state = &layout.states[id];
            let name = &state.name;
            let doc = state_doc(self.body, id);
            let child_ty = &layout.child_types[id];
            let fields: Vec<TokenStream> = state
                .carried
                .iter()
                .rev()
                .map(|local| {
                    let (name, ty) = (layout.name(*local), &layout.types[local]);
                    quote!(#name: #ty)
                })
                .collect();
            let child = (self.awaits(id) && !layout.wide)
                .then(|| quote!(#child: #rt_path::Child<#child_ty>,));
            let content =
                (child.is_some() || !fields.is_empty()).then(|| quote!({ #child #(#fields),* }));
            quote!(#[doc = #doc] #name #content,)
        });
        let _ = rt;
        let starts = self.starts().map(|local| {
            let (name, ty) = (layout.name(*local), &layout.types[local]);
            quote!(#name: #ty)
        });
        let starts = (!self.body.params.is_empty()).then(|| quote!({ #(#starts),* }));
        let generics = Layout::generics(&self.state_params());
        let doc = format!(" Where {} waits, and what it holds there.", self.subject());
        quote! {
            #[doc = #doc]
            enum #ty #generics {
                /// Not polled yet.
                Start #starts,
                #(#states)*
                /// Returned, or dropped.
                Returned,
                /// Panicked.
                Panicked,
            }
        }
    }

    /// Of a wide function: its children, of which only the one that its state waits on is there.
    fn children(&self) -> TokenStream {
        let layout = self.layout();
        if !layout.wide {
            return quote!();
        }
        let (rt, ty) = (self.runtime(), &layout.fresh.children_type);
        let generics = Layout::generics(&self.child_params());
        let fields = self.owned().into_iter().map(|id| {
            let (field, child) = (layout.child_field(id), &layout.child_types[id]);
            quote!(#field: ::core::mem::ManuallyDrop<#rt::Child<#child>>)
        });
        let doc = format!(
            " What {} waits for: the future that its state says.",
            self.subject()
        );
        quote! {
            #[doc = #doc]
            union #ty #generics {
                nothing: (),
                #(#fields),*
            }
        }
    }

    /// The places that several slots share.
    fn shared(&self) -> TokenStream {
        let layout = self.layout();
        let shared = layout.places.iter().filter_map(|place| {
            let Place::Shared { ty, locals, .. } = place else {
                return None;
            };
            let generics = Layout::generics(&layout.slot_params(locals));
            let fields = locals.iter().map(|&local| {
                let (slot, ty) = (layout.slot(local), self.slot_type(local));
                quote!(#slot: ::core::mem::ManuallyDrop<#ty>)
            });
            Some(quote! {
                /// A place for locals that are never there at the same time.
                union #ty #generics {
                    nothing: (),
                    #(#fields),*
                }
            })
        });
        quote!(#(#shared)*)
    }

    fn slot_type(&self, local: LocalId) -> TokenStream {
        let (rt, ty) = (self.runtime(), &self.layout().types[&local]);
        let kind = slot_type(self.input.analysis, local);
        quote!(#rt::#kind<#ty>)
    }

    fn runtime(&self) -> TokenStream {
        // At the level of a module there is no alias.
        if self.layout().name.is_some() {
            quote!(::handroll_rt)
        } else {
            let rt = &self.layout().fresh.rt;
            quote!(#rt)
        }
    }

    fn end(&self) -> TokenStream {
        let (rt, ty) = (self.runtime(), &self.layout().fresh.state_type);
        quote!(match end { #rt::End::Returned => #ty::Returned, #rt::End::Panicked => #ty::Panicked })
    }

    fn frame(&self) -> TokenStream {
        let layout = self.layout();
        let fresh = &layout.fresh;
        let (rt, state, ty, frame) = (
            self.runtime(),
            &fresh.state,
            &fresh.state_type,
            &fresh.frame_type,
        );
        let generics = Layout::generics(&self.state_params());
        let end = self.end();
        if !layout.framed() {
            return quote! {
                impl #generics #rt::Frame for #ty #generics {
                    fn end(&mut self, end: #rt::End) {
                        *self = #end;
                    }
                    fn is_panicked(&self) -> bool {
                        ::core::matches!(self, #ty::Panicked)
                    }
                }
            };
        }
        let slots = layout.places.iter().rev().map(|place| match place {
            Place::Own(local) => {
                let (slot, ty) = (layout.slot(*local), self.slot_type(*local));
                quote!(#slot: #ty)
            }
            Place::Shared { field, ty, locals } => {
                let generics = Layout::generics(&layout.slot_params(locals));
                quote!(#field: #ty #generics)
            }
        });
        let shared = self.shared();
        let frame_generics = Layout::generics(&self.frame_params());
        let guards = self.guards();
        let release = self.release(frame, &frame_generics);
        let children = layout.wide.then(|| {
            let (ty, generics) = (&fresh.children_type, Layout::generics(&self.child_params()));
            quote!(children: #ty #generics,)
        });
        let finish = if layout.wide {
            let drops = self.owned().into_iter().map(|owner| {
                let names = self
                    .states
                    .iter()
                    .filter(|id| self.awaits(**id) && layout.owners[**id] == owner)
                    .map(|id| &layout.states[*id].name);
                let field = layout.child_field(owner);
                quote!(#(#ty::#names)|* => #rt::drop_field!(self.children.#field),)
            });
            quote! {
                match #rt::take(&mut self.#state, #end) {
                    #(#drops)*
                    _ => {}
                }
            }
        } else {
            quote!(self.#state = #end;)
        };
        let state_ty = ty;
        let (vis, pin) = match &layout.name {
            Some(_) => (
                Some(self.input.item.vis),
                Some(quote!(_pin: ::core::marker::PhantomPinned,)),
            ),
            None => (None, None),
        };
        let doc = if layout.name.is_some() {
            quote!()
        } else {
            let kind = if self.input.item.is_block {
                "block"
            } else {
                "function"
            };
            let doc = format!(
                " What {} keeps in place beside its state, because it is borrowed while the {kind} waits.",
                self.subject()
            );
            quote!(#[doc = #doc])
        };
        quote! {
            #shared
            #doc
            #vis struct #frame #frame_generics {
                #state: #ty #generics,
                #children
                #(#slots,)*
                #pin
            }
            impl #frame_generics #rt::Frame for #frame #frame_generics {
                fn end(&mut self, end: #rt::End) {
                    #guards
                    #finish
                }
                fn is_panicked(&self) -> bool {
                    ::core::matches!(self.#state, #state_ty::Panicked)
                }
            }
            #release
        }
    }

    /// Binds what the slots hold before the state drops, so that it drops after it.
    fn guards(&self) -> TokenStream {
        let layout = self.layout();
        if !layout.deep {
            let mut states: HashMap<LocalId, Vec<AwaitId>> = HashMap::new();
            for &id in self.states {
                for local in &layout.states[id].pinned {
                    states.entry(*local).or_default().push(id);
                }
            }
            return layout
                .slots
                .iter()
                .filter_map(|local| self.guard(*local, states.get(local)?))
                .collect();
        }
        let fresh = &layout.fresh;
        let (rt, state, ty, kept) = (self.runtime(), &fresh.state, &fresh.state_type, &fresh.kept);
        let names = self.states.iter().map(|id| &layout.states[*id].name);
        let numbers = self.states.iter().map(|id| super::kept::number(*id));
        quote! {
            let #state = match self.#state {
                #(#ty::#names => #numbers,)*
                _ => 0,
            };
            let #kept = #rt::kept!(self, #state);
        }
    }

    /// Of a deep function: what its states hold, by their numbers.
    fn release(&self, frame: &Ident, generics: &TokenStream) -> TokenStream {
        let layout = self.layout();
        if !layout.deep {
            return quote!();
        }
        let (rt, state) = (self.runtime(), &layout.fresh.state);
        let numbers = super::kept::numbers(layout);
        let guards = layout.slots.iter().filter_map(|local| {
            if self.input.graph.facts[local.0].no_drop {
                return None;
            }
            let ranges = numbers.get(local)?.iter().map(|range| {
                let end = Literal::usize_unsuffixed(*range.end());
                if range.start() == range.end() {
                    return quote!(#end);
                }
                let start = Literal::usize_unsuffixed(*range.start());
                quote!(#start..=#end)
            });
            let (slot, place) = (layout.slot(*local), layout.place(*local));
            let guard = format_ident!("_{}", slot);
            Some(quote!(let #guard = ::core::matches!(#state, #(#ranges)|*).then(|| #rt::resume!(self.#place));))
        });
        quote! {
            impl #generics #rt::Release for #frame #generics {
                /// Drops what a state holds. The states are numbered in the order above.
                fn release(&mut self, #state: u32) {
                    #(#guards)*
                }
            }
        }
    }

    /// One of them.
    fn guard(&self, local: LocalId, states: &[AwaitId]) -> Option<TokenStream> {
        if self.input.graph.facts[local.0].no_drop {
            return None;
        }
        let layout = self.layout();
        let fresh = &layout.fresh;
        let (rt, state, ty) = (self.runtime(), &fresh.state, &fresh.state_type);
        let holds: Vec<TokenStream> = states
            .iter()
            .map(|&id| {
                let name = &layout.states[id].name;
                quote!(#ty::#name)
            })
            .collect();
        let (slot, place) = (layout.slot(local), layout.place(local));
        let guard = format_ident!("_{}", slot);
        Some(quote!(let #guard = #rt::resume_in!(self.#place, self.#state, #(#holds)|*);))
    }

    /// The frame of a function that was just called.
    pub(super) fn initial(&self) -> TokenStream {
        let layout = self.layout();
        let fresh = &layout.fresh;
        let (rt, state, ty) = (&fresh.rt, &fresh.state, &fresh.state_type);
        let starts = self
            .starts()
            .map(|local| self.input.signature.argument(layout, *local));
        let starts = (!self.body.params.is_empty()).then(|| quote!({ #(#starts),* }));
        let start = quote!(#ty::Start #starts);
        if !layout.framed() {
            return start;
        }
        let frame = &fresh.frame_type;
        let slots = layout.places.iter().rev().map(|place| match place {
            Place::Own(local) => {
                let slot = layout.slot(*local);
                let kind = slot_type(self.input.analysis, *local);
                quote!(#slot: #rt::#kind::empty(),)
            }
            Place::Shared { field, ty, .. } => quote!(#field: #ty { nothing: () },),
        });
        let children = layout.wide.then(|| {
            let ty = &fresh.children_type;
            quote!(children: #ty { nothing: () },)
        });
        let pin = layout
            .name
            .is_some()
            .then(|| quote!(_pin: ::core::marker::PhantomPinned,));
        quote!(#frame { #state: #start, #children #(#slots)* #pin })
    }

    /// Of an expansion: where a frame waits.
    pub(super) fn look(&self) -> Look {
        let layout = self.layout();
        let fresh = &layout.fresh;
        let (rt, state, frame, ty) = (&fresh.rt, &fresh.state, &fresh.frame, &fresh.state_type);
        let accepted = &fresh.accepted;
        let function = if self.input.item.is_block {
            "{async block}".to_owned()
        } else {
            crate::parse::plain(&self.input.item.sig.ident)
        };
        let place = |name: &str, line: usize, awaited: &str| {
            let line = u32::try_from(line).unwrap_or_default();
            // The compiler makes a static of it, without a body to check.
            quote!(&#rt::Place { function: #function, state: #name, file: ::core::file!(), line: #line, awaited: #awaited })
        };
        let own = self.input.item.sig.ident.span().start().line;
        let states = self.states.iter().map(|&id| {
            let name = &layout.states[id].name;
            let awaited = &self.body.awaits[id];
            let line = awaited.span.start().line;
            let known = place(&name.to_string(), line, &super::awaited(self.body, id));
            let child = &fresh.child;
            if !self.awaits(id) {
                quote!(#ty::#name { .. } => #rt::State::at(#known),)
            } else if layout.wide {
                let field = layout.child_field(id);
                quote!(#ty::#name => #rt::State::waiting(#known, #rt::look_field!(#accepted, #frame.children.#field)),)
            } else {
                quote!(#ty::#name { #child, .. } => #rt::State::waiting(#known, #rt::look!(#accepted, #child)),)
            }
        });
        let (start, returned, panicked) = (
            place("Start", own, ""),
            place("Returned", own, ""),
            place("Panicked", own, ""),
        );
        let (handle, scrutinee) = if layout.framed() {
            (frame, quote!(&#frame.#state))
        } else {
            (state, quote!(#state))
        };
        let state = quote! {
            match #scrutinee {
                #ty::Start { .. } => #rt::State::at(#start),
                #(#states)*
                #ty::Returned => #rt::State::at(#returned),
                #ty::Panicked => #rt::State::at(#panicked),
            }
        };
        Look {
            handle: handle.clone(),
            state,
        }
    }

    /// Of the named form: the implementations that make the frame a future.
    pub(super) fn future(
        &self,
        name: &Ident,
        output: &syn::Type,
        alias: &TokenStream,
        run: &TokenStream,
        step: &TokenStream,
        allow: Option<&TokenStream>,
    ) -> TokenStream {
        let (rt, frame) = (&self.layout().fresh.rt, &self.layout().fresh.frame);
        quote! {
            impl ::core::ops::Drop for #name {
                fn drop(&mut self) {
                    ::handroll_rt::Frame::end(self, ::handroll_rt::End::Returned);
                }
            }
            impl ::core::future::Future for #name {
                type Output = #output;
                #allow
                fn poll(self: ::core::pin::Pin<&mut Self>, cx: &mut ::core::task::Context<'_>) -> ::core::task::Poll<#output> {
                    #alias
                    let #frame = #rt::frame!(self);
                    #run(#frame, cx, #step)
                }
            }
        }
    }
}
