//! What a signature has in scope: lifetimes, types, and which of them outlive which.

use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{
    FnArg, GenericParam, Generics, Lifetime, ReceiverKind, Type, TypeParamBound, WherePredicate,
};

/// A lifetime or a type in scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    /// A lifetime, without its apostrophe.
    Lifetime(String),
    /// A type parameter.
    Type(String),
    /// The `impl Trait` parameter of this number, in the order of the source.
    Impl(usize),
    /// `Self`, for what the `impl` block's header does not name or what is out of sight.
    Me,
}

impl Thing {
    pub(super) fn lifetime(lifetime: &Lifetime) -> Self {
        Thing::Lifetime(lifetime.ident.to_string())
    }

    pub(super) fn is_lifetime(&self) -> bool {
        matches!(self, Thing::Lifetime(_))
    }

    fn is_static(&self) -> bool {
        matches!(self, Thing::Lifetime(name) if name == "static")
    }
}

/// The `impl` block around a function.
#[derive(Clone, Copy)]
pub(super) enum Outer<'a> {
    /// There is none.
    Free,
    Known(&'a Generics, &'a Type),
    /// An attribute on a method does not see it.
    Unseen,
}

/// The scope of a signature whose lifetimes are all named.
pub(super) struct Scope {
    /// Everything that an `async fn` of this signature captures: lifetimes first.
    pub(super) all: Vec<Thing>,
    /// What each parameter's type mentions.
    pub(super) params: Vec<BTreeSet<Thing>>,
    pub(super) output: BTreeSet<Thing>,
    /// The `impl` block's share.
    pub(super) outer: BTreeSet<Thing>,
    /// What the type that the `impl` block is for mentions.
    pub(super) of_self: BTreeSet<Thing>,
    /// There is an `impl` block, out of sight.
    unseen: bool,
    /// The header of the `impl` block leaves more than one lifetime without a name.
    pub(super) several_unnamed: bool,
    /// Lifetimes that bounds mention, which the language binds early.
    early: BTreeSet<Thing>,
    /// The left one outlives the right one.
    outlives: BTreeSet<(Thing, Thing)>,
}

impl Scope {
    pub(super) fn of(sig: &syn::Signature, output: &Type, outer: Outer<'_>) -> Self {
        let mut walk = Walk::new(sig, outer);
        let mut params = Vec::new();
        for input in &sig.inputs {
            let mut mentions = walk.gather(|walk| match input {
                FnArg::Typed(typed) => walk.visit_type(&typed.ty),
                FnArg::Receiver(receiver) => walk.receiver(&receiver.kind),
            });
            mentions.append(&mut walk.in_impl_bounds);
            params.push(mentions);
        }
        // The bounds of `impl Trait` parameters are bounds like others.
        let mut early = std::mem::take(&mut walk.early);
        let mut output = walk.without_implied_bounds(|walk| walk.visit_type(output));
        early.extend(walk.generics(&sig.generics));
        let mut all = declared(&sig.generics);
        all.extend((0..walk.impls).map(Thing::Impl));
        let (mut outer_things, mut of_self, mut several_unnamed) =
            (BTreeSet::new(), BTreeSet::new(), false);
        match outer {
            Outer::Free => {}
            Outer::Known(generics, self_ty) => {
                walk.generics(generics);
                outer_things.extend(declared(generics));
                of_self = walk.without_implied_bounds(|walk| walk.visit_type(self_ty));
                let unnamed = unnamed_lifetimes(self_ty);
                several_unnamed = unnamed > 1;
                if unnamed > 0 {
                    outer_things.insert(Thing::Me);
                    of_self.insert(Thing::Me);
                }
            }
            Outer::Unseen => {
                // What the function names but does not declare is the block's.
                let undeclared = |thing: &&Thing| {
                    thing.is_lifetime() && !thing.is_static() && !all.contains(thing)
                };
                outer_things.extend(
                    params
                        .iter()
                        .flatten()
                        .chain(&output)
                        .chain(&early)
                        .filter(undeclared)
                        .cloned(),
                );
                outer_things.insert(Thing::Me);
                of_self.clone_from(&outer_things);
            }
        }
        for mentions in params.iter_mut().chain([&mut output]) {
            if mentions.remove(&Thing::Me) {
                mentions.extend(of_self.iter().cloned());
            }
        }
        early.extend(outer_things.iter().cloned());
        all.extend(outer_things.iter().cloned());
        all.sort_by_key(|thing| !thing.is_lifetime());
        let mut outlives = walk.outlives;
        outlives.extend(
            of_self
                .iter()
                .filter(|thing| **thing != Thing::Me)
                .map(|thing| (thing.clone(), Thing::Me)),
        );
        let unseen = matches!(outer, Outer::Unseen);
        Scope {
            all,
            params,
            output,
            outer: outer_things,
            of_self,
            unseen,
            several_unnamed,
            early,
            outlives,
        }
    }

    pub(super) fn lifetimes(&self) -> impl Iterator<Item = &Thing> {
        self.all.iter().filter(|thing| thing.is_lifetime())
    }

    /// `Self` counts as one where the block is out of sight; where it is not, only lifetimes have no name.
    pub(super) fn types(&self) -> impl Iterator<Item = &Thing> {
        self.all
            .iter()
            .filter(|thing| !thing.is_lifetime() && (self.unseen || **thing != Thing::Me))
    }

    /// Lifetimes of the parameters' types, those of `self` first.
    pub(super) fn carried(&self) -> Vec<&Thing> {
        let mut carried: Vec<&Thing> = Vec::new();
        for thing in self.params.iter().flatten() {
            if (thing.is_lifetime() && !thing.is_static() || *thing == Thing::Me)
                && !carried.contains(&thing)
            {
                carried.push(thing);
            }
        }
        carried
    }

    /// Whether the signature says that `thing` outlives `lifetime`.
    pub(super) fn outlives(&self, thing: &Thing, lifetime: &Thing) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![thing];
        while let Some(next) = todo.pop() {
            if next == lifetime || next.is_static() {
                return true;
            }
            if seen.insert(next) {
                todo.extend(
                    self.outlives
                        .iter()
                        .filter(|(longer, _)| longer == next)
                        .map(|(_, shorter)| shorter),
                );
            }
        }
        false
    }

    /// Whether callers choose the lifetime anew for each call, and nothing but the parameters depends on it.
    pub(super) fn is_free(&self, lifetime: &Thing) -> bool {
        lifetime.is_lifetime() && !self.early.contains(lifetime) && !self.output.contains(lifetime)
    }
}

/// Lifetime and type parameters.
fn declared(generics: &Generics) -> Vec<Thing> {
    generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Lifetime(param) => Some(Thing::lifetime(&param.lifetime)),
            GenericParam::Type(param) => Some(Thing::Type(param.ident.to_string())),
            GenericParam::Const(_) => None,
        })
        .collect()
}

/// How many lifetimes the header of an `impl` block leaves without a name.
fn unnamed_lifetimes(self_ty: &Type) -> usize {
    struct Unnamed(usize);
    impl<'ast> Visit<'ast> for Unnamed {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.0 += usize::from(reference.lifetime.is_none());
            visit::visit_type_reference(self, reference);
        }
        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0 += usize::from(lifetime.ident == "_");
        }
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments(
            &mut self,
            _: &'ast syn::ParenthesizedGenericArguments,
        ) {
        }
    }
    let mut unnamed = Unnamed(0);
    unnamed.visit_type(self_ty);
    unnamed.0
}

/// Gathers what types mention, and what their references imply.
struct Walk {
    types: BTreeSet<String>,
    /// The lifetimes of the references around the present place: all inside of them outlives them.
    around: Vec<Thing>,
    /// Lifetimes that `for<..>` declares around the present place.
    bound: Vec<Lifetime>,
    mentions: BTreeSet<Thing>,
    outlives: BTreeSet<(Thing, Thing)>,
    impls: usize,
    early: BTreeSet<Thing>,
    in_impl_bounds: BTreeSet<Thing>,
}

impl Walk {
    fn new(sig: &syn::Signature, outer: Outer<'_>) -> Self {
        let mut things = declared(&sig.generics);
        if let Outer::Known(generics, _) = outer {
            things.extend(declared(generics));
        }
        let types = things
            .into_iter()
            .filter_map(|thing| {
                if let Thing::Type(name) = thing {
                    Some(name)
                } else {
                    None
                }
            })
            .collect();
        Walk {
            types,
            around: Vec::new(),
            bound: Vec::new(),
            mentions: BTreeSet::new(),
            outlives: BTreeSet::new(),
            impls: 0,
            early: BTreeSet::new(),
            in_impl_bounds: BTreeSet::new(),
        }
    }

    /// What the given visit mentions.
    fn gather(&mut self, visit: impl FnOnce(&mut Self)) -> BTreeSet<Thing> {
        let outside = std::mem::take(&mut self.mentions);
        visit(self);
        std::mem::replace(&mut self.mentions, outside)
    }

    /// The same for a place where a reference says nothing about what is inside of it.
    fn without_implied_bounds(&mut self, visit: impl FnOnce(&mut Self)) -> BTreeSet<Thing> {
        let around = std::mem::take(&mut self.around);
        let (outlives, impls) = (self.outlives.clone(), self.impls);
        let mentions = self.gather(visit);
        self.around = around;
        (self.outlives, self.impls) = (outlives, impls);
        mentions
    }

    fn mention(&mut self, thing: Thing) {
        self.outlives.extend(
            self.around
                .iter()
                .map(|around| (thing.clone(), around.clone())),
        );
        self.mentions.insert(thing);
    }

    fn receiver(&mut self, kind: &ReceiverKind) {
        match kind {
            ReceiverKind::Reference(_, Some(lifetime), _) => {
                self.mention(Thing::lifetime(lifetime));
                self.around.push(Thing::lifetime(lifetime));
                self.mention(Thing::Me);
                self.around.pop();
            }
            ReceiverKind::Typed(_, ty) => self.visit_type(ty),
            _ => self.mention(Thing::Me),
        }
    }

    /// The bounds of generics; gives the lifetimes that they mention.
    fn generics(&mut self, generics: &Generics) -> BTreeSet<Thing> {
        let mut mentioned = BTreeSet::new();
        for param in &generics.params {
            match param {
                GenericParam::Lifetime(param) if !param.bounds.is_empty() => {
                    mentioned.extend(self.lifetime_bounds(&param.lifetime, &param.bounds))
                }
                GenericParam::Type(param) => {
                    let ty = Thing::Type(param.ident.to_string());
                    mentioned.extend(self.type_bounds(&BTreeSet::from([ty]), &param.bounds));
                }
                _ => {}
            }
        }
        for predicate in generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates)
        {
            match predicate {
                WherePredicate::Lifetime(predicate) => {
                    mentioned.extend(self.lifetime_bounds(&predicate.lifetime, &predicate.bounds))
                }
                WherePredicate::Type(predicate) => {
                    let declared = self.bind(predicate.lifetimes.as_ref());
                    let inside =
                        self.without_implied_bounds(|walk| walk.visit_type(&predicate.bounded_ty));
                    mentioned.extend(inside.iter().cloned());
                    // `T::Item: 'a` says nothing about `T`.
                    let whole = !is_projection(&predicate.bounded_ty, &self.types);
                    mentioned.extend(self.type_bounds(
                        if whole {
                            &inside
                        } else {
                            const { &BTreeSet::new() }
                        },
                        &predicate.bounds,
                    ));
                    self.bound.truncate(declared);
                }
                _ => {}
            }
        }
        mentioned.retain(Thing::is_lifetime);
        mentioned
    }

    fn lifetime_bounds<'b>(
        &mut self,
        lifetime: &Lifetime,
        bounds: impl IntoIterator<Item = &'b Lifetime>,
    ) -> Vec<Thing> {
        let mut mentioned = vec![Thing::lifetime(lifetime)];
        for bound in bounds {
            self.outlives
                .insert((Thing::lifetime(lifetime), Thing::lifetime(bound)));
            mentioned.push(Thing::lifetime(bound));
        }
        mentioned
    }

    fn type_bounds<'b>(
        &mut self,
        of: &BTreeSet<Thing>,
        bounds: impl IntoIterator<Item = &'b TypeParamBound>,
    ) -> BTreeSet<Thing> {
        let mut mentioned = BTreeSet::new();
        for bound in bounds {
            if let TypeParamBound::Lifetime(lifetime) = bound {
                self.outlives.extend(
                    of.iter()
                        .map(|thing| (thing.clone(), Thing::lifetime(lifetime))),
                );
            }
            mentioned
                .extend(self.without_implied_bounds(|walk| walk.visit_type_param_bound(bound)));
        }
        mentioned
    }

    /// Enters `for<..>`; gives how many lifetimes were declared outside of it.
    fn bind(&mut self, lifetimes: Option<&syn::BoundLifetimes>) -> usize {
        let outside = self.bound.len();
        for param in lifetimes.iter().flat_map(|lifetimes| &lifetimes.lifetimes) {
            if let GenericParam::Lifetime(param) = param {
                self.bound.push(param.lifetime.clone());
            }
        }
        outside
    }
}

/// `T::Item`, `<T as Iterator>::Item`: a reference to one implies nothing about `T`.
fn is_projection(ty: &Type, types: &BTreeSet<String>) -> bool {
    let Type::Path(path) = ty else { return false };
    let first = path
        .path
        .segments
        .first()
        .map(|segment| segment.ident.to_string())
        .unwrap_or_default();
    path.qself.is_some()
        || path.path.segments.len() > 1 && (first == "Self" || types.contains(&first))
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "_" && !self.bound.contains(lifetime) {
            self.mention(Thing::lifetime(lifetime));
        }
    }

    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        // Unnamed lifetimes are left only in `fn(&T)` and `Fn(&T)`, which declare them.
        let own = reference
            .lifetime
            .as_ref()
            .filter(|lifetime| lifetime.ident != "_" && !self.bound.contains(lifetime));
        if let Some(lifetime) = own {
            self.mention(Thing::lifetime(lifetime));
            self.around.push(Thing::lifetime(lifetime));
        }
        self.visit_type(&reference.elem);
        if own.is_some() {
            self.around.pop();
        }
    }

    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        if is_projection(&Type::Path(path.clone()), &self.types) {
            let around = std::mem::take(&mut self.around);
            self.first_segment(&path.path);
            visit::visit_type_path(self, path);
            self.around = around;
        } else {
            self.first_segment(&path.path);
            visit::visit_type_path(self, path);
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
        let this = Thing::Impl(self.impls);
        self.impls += 1;
        self.mention(this.clone());
        // A bound implies nothing, except that of a lifetime.
        let (around, outlives) = (std::mem::take(&mut self.around), self.outlives.clone());
        let inside = self.gather(|walk| {
            ty.bounds
                .iter()
                .for_each(|bound| walk.visit_type_param_bound(bound))
        });
        (self.around, self.outlives) = (around, outlives);
        for bound in &ty.bounds {
            if let TypeParamBound::Lifetime(lifetime) = bound {
                self.outlives
                    .insert((this.clone(), Thing::lifetime(lifetime)));
            }
        }
        self.early
            .extend(inside.iter().filter(|thing| thing.is_lifetime()).cloned());
        self.in_impl_bounds.extend(inside);
    }

    fn visit_type_fn_ptr(&mut self, ty: &'ast syn::TypeFnPtr) {
        let outside = self.bind(ty.lifetimes.as_ref());
        for input in &ty.inputs {
            self.visit_type(&input.ty);
        }
        self.visit_return_type(&ty.output);
        self.bound.truncate(outside);
    }

    fn visit_trait_bound(&mut self, bound: &'ast syn::TraitBound) {
        let outside = self.bind(bound.lifetimes.as_ref());
        self.visit_path(&bound.path);
        self.bound.truncate(outside);
    }
}

impl Walk {
    fn first_segment(&mut self, path: &syn::Path) {
        let Some(first) = path
            .segments
            .first()
            .filter(|_| path.leading_colon.is_none())
        else {
            return;
        };
        if first.ident == "Self" {
            self.mention(Thing::Me);
        } else if self.types.contains(&first.ident.to_string()) {
            self.mention(Thing::Type(first.ident.to_string()));
        }
    }
}
