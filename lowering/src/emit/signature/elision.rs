//! Names for elided lifetimes: all have one while the signature is worked on, and those that need none lose it again.

use super::scope::Thing;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, GenericParam, Lifetime, ReceiverKind, Type};

/// What a name begins with while the signature is worked on.
const MARK: &str = "elided_";

/// The elided lifetimes of a signature.
pub(super) struct Elision {
    /// How many there are.
    count: usize,
    /// Those that keep a name.
    kept: BTreeSet<String>,
    /// What an elided lifetime of the output stands for.
    output: Option<Lifetime>,
}

impl Elision {
    /// Names all elided lifetimes of the parameters, and those of the output as elision has it.
    pub(super) fn name(sig: &mut syn::Signature, output: &mut Type) -> Self {
        let mut namer = Namer {
            fill: None,
            added: Vec::new(),
        };
        let mut of_self = None;
        let mut all = BTreeSet::new();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => match &mut receiver.kind {
                    ReceiverKind::Reference(_, lifetime, _) => {
                        namer.elided(lifetime);
                        of_self.clone_from(lifetime);
                    }
                    ReceiverKind::Typed(_, ty) => {
                        namer.visit_type_mut(ty);
                        of_self = of_typed_self(ty);
                    }
                    _ => {}
                },
                FnArg::Typed(typed) => {
                    namer.visit_type_mut(&mut typed.ty);
                    all.extend(named(&typed.ty));
                }
            }
        }
        let only = if all.len() == 1 {
            all.pop_first()
        } else {
            None
        };
        let elided = of_self.or(only);
        let added = std::mem::take(&mut namer.added);
        if elided.is_some() {
            namer.fill.clone_from(&elided);
            namer.visit_type_mut(output);
        }
        let at = sig
            .generics
            .params
            .iter()
            .filter(|param| matches!(param, GenericParam::Lifetime(_)))
            .count();
        for (i, lifetime) in added.iter().enumerate() {
            sig.generics
                .params
                .insert(at + i, syn::parse_quote!(#lifetime));
        }
        Elision {
            count: added.len(),
            kept: BTreeSet::new(),
            output: elided,
        }
    }

    /// The lifetime keeps its name: something speaks of it.
    pub(super) fn keep(&mut self, thing: &Thing) {
        if let Thing::Lifetime(name) = thing {
            self.kept.insert(name.clone());
        }
    }

    /// The same for all that a type mentions.
    pub(super) fn keep_all(&mut self, ty: &Type) {
        self.kept.extend(
            named(ty)
                .into_iter()
                .map(|lifetime| lifetime.ident.to_string()),
        );
    }

    /// Whether an elided lifetime of the output stands for this one.
    pub(super) fn is_output(&self, thing: &Thing) -> bool {
        self.output
            .as_ref()
            .is_some_and(|output| Thing::lifetime(output) == *thing)
    }

    /// Gives the kept lifetimes names to be read, and elides the others again.
    pub(super) fn finish(
        &self,
        sig: &mut syn::Signature,
        prologue: TokenStream,
        guarded: bool,
        taken: &mut BTreeSet<String>,
    ) -> TokenStream {
        let mut names = (b'a'..=b'z')
            .map(|letter| char::from(letter).to_string())
            .filter(|letter| letter != "f")
            .collect::<Vec<_>>()
            .into_iter();
        let mut finish = Finish { names: Vec::new() };
        for i in 0..self.count {
            let marked = format!("{MARK}{i}");
            let name = self.kept.contains(&marked).then(|| {
                let free = names
                    .by_ref()
                    .find(|name| guarded || !taken.contains(name))
                    .unwrap_or_else(|| "a".into());
                fresh(&free, guarded, taken)
            });
            finish.names.push(name);
        }
        let generics = std::mem::take(&mut sig.generics.params);
        sig.generics.params = generics.into_iter().filter(|param| !matches!(param, GenericParam::Lifetime(param) if finish.name(&param.lifetime) == Some(None))).collect();
        finish.visit_signature_mut(sig);
        finish.tokens(prologue)
    }
}

/// The lifetime of the reference to `Self` in `self: &Arc<Self>` or `self: Pin<&mut Self>`.
fn of_typed_self(ty: &Type) -> Option<Lifetime> {
    struct First(Option<Lifetime>);
    impl<'ast> Visit<'ast> for First {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            if self.0.is_none() {
                self.0.clone_from(&reference.lifetime);
            }
        }
    }
    let mut first = First(None);
    first.visit_type(ty);
    first.0
}

/// The lifetimes that a type mentions by name, but for those that it declares.
fn named(ty: &Type) -> BTreeSet<Lifetime> {
    struct Named(BTreeSet<Lifetime>, BTreeSet<Lifetime>);
    impl<'ast> Visit<'ast> for Named {
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            if lifetime.ident != "_" {
                self.0.insert(lifetime.clone());
            }
        }
        fn visit_bound_lifetimes(&mut self, bound: &'ast syn::BoundLifetimes) {
            for param in &bound.lifetimes {
                if let GenericParam::Lifetime(param) = param {
                    self.1.insert(param.lifetime.clone());
                }
            }
        }
    }
    let mut found = Named(BTreeSet::new(), BTreeSet::new());
    visit::visit_type(&mut found, ty);
    &found.0 - &found.1
}

/// Names elided lifetimes, each anew or all the same.
struct Namer {
    fill: Option<Lifetime>,
    added: Vec<Lifetime>,
}

impl Namer {
    fn elided(&mut self, lifetime: &mut Option<Lifetime>) {
        if lifetime
            .as_ref()
            .is_none_or(|lifetime| lifetime.ident == "_")
        {
            *lifetime = Some(self.fill.clone().unwrap_or_else(|| {
                let fresh =
                    Lifetime::new(&format!("'{MARK}{}", self.added.len()), Span::call_site());
                self.added.push(fresh.clone());
                fresh
            }));
        }
    }
}

impl VisitMut for Namer {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        self.elided(&mut reference.lifetime);
        self.visit_type_mut(&mut reference.elem);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let mut named = Some(lifetime.clone());
        self.elided(&mut named);
        lifetime.clone_from(named.as_ref().expect("it has a name now"));
    }

    // These declare their elided lifetimes themselves.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        _: &mut syn::ParenthesizedGenericArguments,
    ) {
    }
    fn visit_bound_lifetimes_mut(&mut self, _: &mut syn::BoundLifetimes) {}
}

/// Puts the final names in.
struct Finish {
    /// By number; none: elided.
    names: Vec<Option<Lifetime>>,
}

impl Finish {
    /// `None` for a lifetime that the source names.
    fn name(&self, lifetime: &Lifetime) -> Option<Option<&Lifetime>> {
        let number: usize = lifetime
            .ident
            .to_string()
            .strip_prefix(MARK)?
            .parse()
            .ok()?;
        self.names.get(number).map(Option::as_ref)
    }

    fn optional(&self, lifetime: &mut Option<Lifetime>) {
        if let Some(name) = lifetime.as_ref().and_then(|lifetime| self.name(lifetime)) {
            *lifetime = name.cloned();
        }
    }

    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut block: syn::Block = syn::parse_quote!({ #tokens });
        self.visit_block_mut(&mut block);
        block.stmts.iter().map(ToTokens::to_token_stream).collect()
    }
}

impl VisitMut for Finish {
    fn visit_receiver_mut(&mut self, receiver: &mut syn::Receiver) {
        if let ReceiverKind::Reference(_, lifetime, _) = &mut receiver.kind {
            self.optional(lifetime);
        } else {
            visit_mut::visit_receiver_mut(self, receiver);
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        self.optional(&mut reference.lifetime);
        self.visit_type_mut(&mut reference.elem);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        match self.name(lifetime) {
            Some(Some(name)) => *lifetime = name.clone(),
            Some(None) => *lifetime = Lifetime::new("'_", Span::call_site()),
            None => {}
        }
    }
}

/// The names of a block's lifetimes and labels.
pub(super) fn lifetimes_in(block: &syn::Block, into: &mut BTreeSet<String>) {
    struct Names<'a>(&'a mut BTreeSet<String>);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0.insert(lifetime.ident.to_string());
        }
        fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
            lifetimes(tokens.clone(), self.0);
        }
    }
    Names(into).visit_block(block);
}

/// The names of a token stream's lifetimes and labels.
pub(in crate::emit) fn lifetimes(tokens: TokenStream, into: &mut BTreeSet<String>) {
    let mut after_apostrophe = false;
    for tree in tokens {
        match &tree {
            TokenTree::Ident(ident) if after_apostrophe => {
                into.insert(ident.to_string());
            }
            TokenTree::Group(group) => lifetimes(group.stream(), into),
            _ => {}
        }
        after_apostrophe = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '\'');
    }
}

/// A lifetime of a new name. `guarded`: it must not clash with names out of sight either.
pub(super) fn fresh(wanted: &str, guarded: bool, taken: &mut BTreeSet<String>) -> Lifetime {
    let wanted = if guarded {
        format!("in_{wanted}")
    } else {
        wanted.to_owned()
    };
    let mut name = wanted.clone();
    for n in 2.. {
        if taken.insert(name.clone()) {
            break;
        }
        name = format!("{wanted}{n}");
    }
    Lifetime::new(&format!("'{name}"), Span::call_site())
}
