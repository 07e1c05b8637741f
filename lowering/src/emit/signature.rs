//! The signature of the lowered function: the same parameters, and `impl Future` with the captures of an `async fn`.

use super::Item;
use crate::layout::Layout;
use crate::names::LocalId;
use crate::report::Edition;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, GenericParam, Lifetime, Type};

pub(crate) struct Signature {
    pub(crate) sig: syn::Signature,
    /// What goes before the machine is built.
    pub(crate) prologue: TokenStream,
}

impl Signature {
    /// The signature of a lowered function. `borrows`: the machine holds borrows whose lifetimes it chooses itself.
    pub(crate) fn new(item: &Item<'_>, layout: &Layout, params: &[LocalId], borrows: bool) -> Self {
        let mut sig = item.sig.clone();
        sig.asyncness = None;
        let output: Type = match &sig.output {
            syn::ReturnType::Default => syn::parse_quote!(()),
            syn::ReturnType::Type(_, ty) => (**ty).clone(),
        };
        let mut locals = params.iter();
        for input in &mut sig.inputs {
            let local = locals.next().expect("one local a parameter");
            match input {
                FnArg::Receiver(receiver) => receiver.mutability = None,
                FnArg::Typed(typed) => {
                    let name = layout.name(*local);
                    typed.pat = Box::new(syn::parse_quote!(#name));
                    typed.attrs.clear();
                }
            }
        }
        let found = Found::of(&sig, item.outer);
        let mut output = output;
        let mut prologue = TokenStream::new();
        let mut captures = TokenStream::new();
        let needs = found.lifetimes() > 1 || borrows && (found.types && found.lifetimes() < 2 && !found.only_self() );
        if needs || item.edition < Edition::E2024 {
            name_lifetimes(&mut sig, &mut output);
        }
        let named = Found::of(&sig, item.outer);
        if needs {
            if let Some((first, extended)) = named.extendable(&sig, &output) {
                for index in extended {
                    let name = layout.name(params[index]);
                    let rt = &layout.fresh.rt;
                    let FnArg::Typed(typed) = &sig.inputs[index] else { continue };
                    let Type::Reference(reference) = &*typed.ty else { continue };
                    prologue.extend(if reference.mutability.is_some() {
                        quote!(let #name: &#first mut _ = #rt::lengthen_mut!(#name);)
                    } else {
                        quote!(let #name: &#first _ = #rt::lengthen!(#name);)
                    });
                }
            } else {
                // One lifetime that everything outlives.
                let frame: Lifetime = named.fresh("'f");
                for name in &named.names {
                    sig.generics.make_where_clause().predicates.push(syn::parse_quote!(#name: #frame));
                }
                for name in &named.type_names {
                    sig.generics.make_where_clause().predicates.push(syn::parse_quote!(#name: #frame));
                }
                bound_impls(&mut sig, &frame);
                sig.generics.params.insert(0, syn::parse_quote!(#frame));
            }
        }
        if item.edition < Edition::E2024 {
            let all = Found::of(&sig, item.outer);
            let has_impl = sig.inputs.iter().any(|input| input.to_token_stream().to_string().contains("impl "));
            let lifetimes: Vec<&Lifetime> = all.names.iter().collect();
            if !lifetimes.is_empty() {
                let rt = quote!(::handroll_rt);
                captures = if has_impl || sig.receiver().is_some() {
                    quote!(+ #rt::Captures<(#(&#lifetimes (),)*)>)
                } else {
                    let types = sig.generics.params.iter().filter_map(|param| match param {
                        GenericParam::Type(ty) => Some(&ty.ident),
                        GenericParam::Const(constant) => Some(&constant.ident),
                        GenericParam::Lifetime(_) => None,
                    });
                    quote!(+ use<#(#lifetimes,)* #(#types),*>)
                };
            }
        }
        if matches!(output, Type::Never(_)) {
            output = syn::parse_quote!(::handroll_rt::Never);
        }
        sig.output = syn::parse_quote!(-> impl ::core::future::Future<Output = #output> #captures);
        Signature { sig, prologue }
    }

    /// What `Start` is built from.
    pub(crate) fn argument(&self, layout: &Layout, local: LocalId) -> TokenStream {
        let name = layout.name(local);
        let is_self = name.to_string().starts_with("this") && self.sig.receiver().is_some() && !self.sig.inputs.iter().any(|input| matches!(input, FnArg::Typed(typed) if matches!(&*typed.pat, syn::Pat::Ident(pat) if pat.ident == *name)));
        if is_self { quote!(#name: self) } else { quote!(#name) }
    }
}

/// The lifetimes and types of a signature.
#[derive(Default)]
struct Found {
    names: BTreeSet<Lifetime>,
    elided: usize,
    /// It has type parameters that no reference of the signature covers.
    types: bool,
    type_names: Vec<Ident>,
    outer_types: bool,
    reference_self: bool,
}

impl Found {
    fn of(sig: &syn::Signature, outer: Option<&syn::Generics>) -> Self {
        let mut found = Found::default();
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) => match &receiver.kind {
                    syn::ReceiverKind::Reference(_, lifetime, _) => {
                        found.reference_self = true;
                        match lifetime {
                            Some(lifetime) => {
                                found.names.insert(lifetime.clone());
                            }
                            None => found.elided += 1,
                        }
                    }
                    syn::ReceiverKind::Typed(_, ty) => found.ty(ty),
                    _ => {}
                },
                FnArg::Typed(typed) => found.ty(&typed.ty),
            }
        }
        for param in &sig.generics.params {
            match param {
                GenericParam::Lifetime(lifetime) => {
                    found.names.insert(lifetime.lifetime.clone());
                }
                GenericParam::Type(ty) => {
                    found.types = true;
                    found.type_names.push(ty.ident.clone());
                }
                GenericParam::Const(_) => {}
            }
        }
        if sig.inputs.iter().any(|input| has_impl(input)) {
            found.types = true;
        }
        for param in outer.into_iter().flat_map(|outer| &outer.params) {
            match param {
                GenericParam::Lifetime(lifetime) => {
                    found.names.insert(lifetime.lifetime.clone());
                }
                GenericParam::Type(ty) => {
                    found.outer_types = true;
                    found.types = true;
                    found.type_names.push(ty.ident.clone());
                }
                GenericParam::Const(_) => {}
            }
        }
        found.names.retain(|lifetime| lifetime.ident != "static");
        found
    }

    fn ty(&mut self, ty: &Type) {
        struct Lifetimes<'a>(&'a mut Found);
        impl<'ast> syn::visit::Visit<'ast> for Lifetimes<'_> {
            fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
                if reference.lifetime.is_none() {
                    self.0.elided += 1;
                }
                syn::visit::visit_type_reference(self, reference);
            }
            fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
                if lifetime.ident == "_" {
                    self.0.elided += 1;
                } else {
                    self.0.names.insert(lifetime.clone());
                }
            }
            fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
            fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}
        }
        syn::visit::Visit::visit_type(&mut Lifetimes(self), ty);
    }

    fn lifetimes(&self) -> usize {
        self.names.len() + self.elided
    }

    /// The only type parameters are the `impl` block's, and a reference to `Self` covers them.
    fn only_self(&self) -> bool {
        self.outer_types && self.reference_self && self.lifetimes() == 1
    }

    fn fresh(&self, wanted: &str) -> Lifetime {
        let mut name = wanted.to_owned();
        while self.names.iter().any(|lifetime| lifetime.to_string() == name) {
            name.push('_');
        }
        Lifetime::new(&name, Span::call_site())
    }

    /// When every lifetime is that of one reference parameter, and the output names at most one: the lifetime that stays, and the
    /// parameters whose references are lengthened to it.
    fn extendable(&self, sig: &syn::Signature, output: &Type) -> Option<(Lifetime, Vec<usize>)> {
        if self.types || self.elided > 0 {
            return None;
        }
        let mut owners: Vec<(usize, Lifetime)> = Vec::new();
        for (i, input) in sig.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(receiver) => {
                    if let syn::ReceiverKind::Reference(_, Some(lifetime), _) = &receiver.kind {
                        owners.push((i, lifetime.clone()));
                    }
                }
                FnArg::Typed(typed) => {
                    let mut inner = Found::default();
                    match &*typed.ty {
                        Type::Reference(reference) => {
                            inner.ty(&reference.elem);
                            owners.push((i, reference.lifetime.clone()?));
                        }
                        ty => inner.ty(ty),
                    }
                    if inner.lifetimes() > 0 {
                        return None;
                    }
                }
            }
        }
        let owned: BTreeSet<&Lifetime> = owners.iter().map(|(_, lifetime)| lifetime).collect();
        if self.names.iter().any(|name| !owned.contains(name)) {
            return None;
        }
        let mut in_output = Found::default();
        in_output.ty(output);
        let first = match in_output.names.len() {
            0 => {
                let of_self = owners.iter().find(|(i, _)| matches!(sig.inputs[*i], FnArg::Receiver(_)));
                of_self.or(owners.first())?.1.clone()
            }
            1 => in_output.names.iter().next()?.clone(),
            _ => return None,
        };
        // `self` cannot be bound anew.
        if owners.iter().any(|(i, lifetime)| matches!(sig.inputs[*i], FnArg::Receiver(_)) && *lifetime != first) {
            return None;
        }
        Some((first.clone(), owners.into_iter().filter(|(_, lifetime)| *lifetime != first).map(|(i, _)| i).collect()))
    }
}

/// Gives each elided lifetime of the parameters a name, and the output's elided ones the name that elision gives them.
fn name_lifetimes(sig: &mut syn::Signature, output: &mut Type) {
    struct Namer {
        taken: BTreeSet<String>,
        added: Vec<Lifetime>,
        next: u8,
    }
    impl Namer {
        fn fresh(&mut self) -> Lifetime {
            loop {
                let name = format!("'{}", (b'a' + self.next % 26) as char);
                self.next += 1;
                if self.taken.insert(name.clone()) {
                    let lifetime = Lifetime::new(&name, Span::call_site());
                    self.added.push(lifetime.clone());
                    return lifetime;
                }
            }
        }
    }
    impl VisitMut for Namer {
        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident == "_") {
                reference.lifetime = Some(self.fresh());
            }
            visit_mut::visit_type_mut(self, &mut reference.elem);
        }
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = self.fresh();
            }
        }
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let taken = Found::of(sig, None).names.iter().map(ToString::to_string).collect();
    let mut namer = Namer { taken, added: Vec::new(), next: 0 };
    let mut of_self = None;
    let mut all: BTreeSet<Lifetime> = BTreeSet::new();
    for input in &mut sig.inputs {
        match input {
            FnArg::Receiver(receiver) => match &mut receiver.kind {
                syn::ReceiverKind::Reference(_, lifetime, _) => {
                    let name = lifetime.get_or_insert_with(|| namer.fresh()).clone();
                    of_self = Some(name);
                }
                syn::ReceiverKind::Typed(_, ty) => {
                    namer.visit_type_mut(ty);
                    let mut inner = Found::default();
                    inner.ty(ty);
                    of_self = inner.names.into_iter().next();
                }
                _ => {}
            },
            FnArg::Typed(typed) => {
                namer.visit_type_mut(&mut typed.ty);
                let mut inner = Found::default();
                inner.ty(&typed.ty);
                all.extend(inner.names);
            }
        }
    }
    let elided = of_self.or_else(|| if all.len() == 1 { all.into_iter().next() } else { None });
    if let Some(elided) = elided {
        struct Fill(Lifetime);
        impl VisitMut for Fill {
            fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
                if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident == "_") {
                    reference.lifetime = Some(self.0.clone());
                }
                visit_mut::visit_type_mut(self, &mut reference.elem);
            }
            fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
                if lifetime.ident == "_" {
                    *lifetime = self.0.clone();
                }
            }
            fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
            fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
        }
        Fill(elided).visit_type_mut(output);
    }
    let at = sig.generics.params.iter().filter(|param| matches!(param, GenericParam::Lifetime(_))).count();
    for (i, lifetime) in namer.added.into_iter().enumerate() {
        sig.generics.params.insert(at + i, syn::parse_quote!(#lifetime));
    }
}

/// `impl Trait` arguments outlive the lifetime too.
fn bound_impls(sig: &mut syn::Signature, lifetime: &Lifetime) {
    struct Bound<'a>(&'a Lifetime);
    impl VisitMut for Bound<'_> {
        fn visit_type_impl_trait_mut(&mut self, ty: &mut syn::TypeImplTrait) {
            let lifetime = self.0;
            ty.bounds.push(syn::parse_quote!(#lifetime));
        }
    }
    for input in &mut sig.inputs {
        Bound(lifetime).visit_fn_arg_mut(input);
    }
}

fn has_impl(input: &FnArg) -> bool {
    struct Impl(bool);
    impl<'ast> syn::visit::Visit<'ast> for Impl {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut found = Impl(false);
    syn::visit::Visit::visit_fn_arg(&mut found, input);
    found.0
}
