//! What the source says about types: of a spelled type, of a literal, of the items in the same file.
//!
//! A name is used only where it is unambiguous. What is taken for copied or borrowed and is not gives a type error in the output,
//! never another behaviour; what is taken for free of drops must be so for certain.

mod bounds;
mod items;
mod package;
mod patterns;
mod results;
mod values;

pub(crate) use bounds::Bounds;
pub(crate) use items::tuple_parts;
pub use package::PackageTypes;
pub(crate) use results::Site;

use crate::report::{Edition, Options};
use crate::syntax::bare;
use quote::ToTokens;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use syn::visit::{self, Visit};
use syn::{Expr, GenericArgument, PathArguments, Type};

/// What is known of a local's type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its drop does nothing.
    pub(crate) no_drop: bool,
    /// Using it by value copies it.
    pub(crate) copy: bool,
    /// It is a reference `&T`.
    pub(crate) shared: bool,
    /// It is a reference `&mut T`.
    pub(crate) unique: bool,
    /// It cannot hold a borrow.
    pub(crate) owned: bool,
    /// A number, `bool` or `char`: its methods give no borrows.
    pub(crate) scalar: bool,
}

const VALUE: Facts = Facts {
    no_drop: true,
    copy: true,
    shared: false,
    unique: false,
    owned: true,
    scalar: false,
};
const SCALAR: Facts = Facts {
    scalar: true,
    ..VALUE
};

impl Facts {
    pub(crate) fn and(self, other: Facts) -> Facts {
        Facts {
            no_drop: self.no_drop && other.no_drop,
            copy: self.copy && other.copy,
            shared: false,
            unique: false,
            owned: self.owned && other.owned,
            scalar: false,
        }
    }
}

/// How a method takes `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    ByRef,
    ByValue,
}

/// What says how a method takes `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The method of its type, where that is known.
    Types,
    /// Where it is not, methods of the same name of other types.
    Names,
}

/// The items in sight.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Methods by name, with all the receivers seen under it.
    methods: HashMap<String, Vec<Receiver>>,
    /// Methods by type and name.
    typed_methods: HashMap<(String, String), Receiver>,
    /// Async functions that are generic over types.
    generic: HashSet<String>,
    /// What functions call that are not async and give back an `impl Trait`: the future of a call may be in there.
    handed_on: HashSet<String>,
    /// Types with an explicit `Drop`.
    dropping: HashSet<String>,
    /// Types that derive or implement `Copy`, without generics.
    copying: HashSet<String>,
    /// Structs and enums without generics, defined once in the file.
    plain: HashSet<String>,
    /// Types defined in the file, generic ones included.
    defined: HashSet<String>,
    /// Types of the fields of structs and variants defined once in the file, where they name no generic.
    fields: HashMap<(String, String), Said>,
    /// The fields, in order, of structs defined once in the file, unless what these are depends on the configuration.
    structs: HashMap<String, Vec<String>>,
    /// Constants and statics: a pattern of that name would not bind.
    constants: HashSet<String>,
    /// Every macro of the file.
    macros: HashSet<String>,
    /// Constants whose type may have a drop.
    dropping_constants: HashSet<String>,
    /// Names of fields of structs.
    members: HashSet<String>,
    /// The file has a `DerefMut` of its own.
    derefs: bool,
    /// Names that a `use` brings in, with the path that they are from, or what is common to several.
    imports: HashMap<String, Vec<String>>,
    /// The macros that the file defines once, at its top.
    rules: HashMap<String, crate::open::Rules>,
    /// What the other files of the package say.
    package: Option<Arc<PackageTypes>>,
    /// The edition's prelude has `TryInto`.
    since_2021: bool,
    /// Macros with several definitions.
    twice: HashSet<String>,
    /// Macros whose templates jump out of the code around them.
    jumping: HashSet<String>,
    /// Macros that are put in place.
    opening: HashSet<String>,
    /// Types of the file with raw pointers in them.
    pointing: HashSet<String>,
    /// What associated functions and free functions without generics give back, when they are not async.
    returns: HashMap<String, Said>,
    /// What the functions of the file give.
    results: results::Results,
    /// Names of functions that stand only once in the file, in bodies or not.
    once: HashSet<String>,
    /// The file has modules of its own.
    has_modules: bool,
}

/// What a file says in tokens. Inside the compiler no token outlives the macro's call, but what is known of a file does: there it is kept
/// as text, and parsed where it is asked for.
#[derive(Clone, Debug)]
enum Said {
    Type(Box<Type>),
    Text(String),
}

impl Said {
    fn ty(&self) -> Option<Cow<'_, Type>> {
        match self {
            Said::Type(ty) => Some(Cow::Borrowed(ty)),
            Said::Text(text) => syn::parse_str(text).ok().map(Cow::Owned),
        }
    }

    fn forget_tokens(&mut self) {
        if let Said::Type(ty) = self {
            *self = Said::Text(ty.to_token_stream().to_string());
        }
    }
}

impl Table {
    pub(crate) fn of(file: &syn::File) -> Self {
        let mut collector = Collector {
            table: Table::default(),
            owner: None,
            seen: HashMap::new(),
            macros: HashMap::new(),
        };
        collector.visit_file(file);
        let mut definitions: HashMap<String, Vec<&syn::ItemMacro>> = HashMap::new();
        for item in &file.items {
            if let syn::Item::Macro(item) = item
                && let Some(name) = &item.ident
            {
                definitions.entry(name.to_string()).or_default().push(item);
            }
        }
        for (name, items) in definitions {
            let all = collector.macros.get(&name) == Some(&items.len());
            if all && let Some(rules) = crate::open::Rules::of(&items, false) {
                collector.table.take(name, rules);
            }
        }
        let Collector {
            mut table, seen, ..
        } = collector;
        let once = |name: &str| seen.get(name) == Some(&1);
        table.plain.retain(|name| once(name));
        table
            .fields
            .retain(|(owner, _), _| once(owner.split("::").next().unwrap_or(owner)));
        table.structs.retain(|name, _| once(name));
        table.once = seen
            .iter()
            .filter(|(_, times)| **times == 1)
            .filter_map(|(name, _)| Some(name.strip_prefix("any fn ")?.to_owned()))
            .collect();
        table.results = results::of(file);
        table.has_modules = file
            .items
            .iter()
            .any(|item| matches!(item, syn::Item::Mod(item) if item.content.is_some()));
        table.pointing = crate::pointers::holders(file);
        table
    }

    /// The same without tokens; none where these are needed, for the macros that the file defines.
    pub(crate) fn text_of(file: &syn::File) -> Option<Self> {
        let mut table = Self::of(file);
        let types = table.fields.values_mut().chain(table.returns.values_mut());
        types.for_each(Said::forget_tokens);
        results::forget_tokens(&mut table.results);
        table.rules.is_empty().then_some(table)
    }

    /// Whether a function may call an async function of the package that is generic over types.
    pub(crate) fn calls_generic(&self, block: &syn::Block) -> bool {
        struct Names<'a>(&'a Table, bool);
        impl Names<'_> {
            fn name(&mut self, ident: &proc_macro2::Ident) {
                let (table, name) = (self.0, ident.to_string());
                let package = table.package.as_deref();
                self.1 |= table.generic.contains(&name)
                    || package.is_some_and(|package| package.is_generic(&name));
            }
        }
        impl<'ast> Visit<'ast> for Names<'_> {
            fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
                if let Expr::Path(path) = bare(&call.func)
                    && let Some(last) = path.path.segments.last()
                {
                    self.name(&last.ident);
                }
                visit::visit_expr_call(self, call);
            }
            fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
                self.name(&call.method);
                visit::visit_expr_method_call(self, call);
            }
            fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                crate::syntax::tokens_have(&mac.tokens, &mut |ident| {
                    self.name(ident);
                    self.1
                });
            }
        }
        let mut names = Names(self, false);
        names.visit_block(block);
        names.1
    }

    /// Whether a function that is not async may give back what a call of this function gives. The signature of that function says what
    /// may be in there, and knows no lifetime of a machine's own.
    pub(crate) fn may_be_handed_on(&self, function: &str) -> bool {
        let package = self.package.as_deref();
        self.handed_on.contains(function)
            || package.is_some_and(|package| package.may_be_handed_on(function))
    }

    /// Whether the file defines a macro of this name.
    pub(crate) fn defines_macro(&self, name: &str) -> bool {
        self.macros.contains(name)
    }

    /// The package that a `use` of the file brings this name from.
    pub(crate) fn imported_from(&self, name: &str) -> Option<&str> {
        self.imports.get(name)?.first().map(String::as_str)
    }

    /// The path that every `use` of this name in the file brings it from, without the name itself.
    pub(crate) fn imported_path(&self, name: &str) -> Option<&[String]> {
        self.imports.get(name).map(Vec::as_slice)
    }

    /// Whether a path that names no local, used as a place, is a value of its own there, which may have a drop: a constant or unit
    /// struct of the file. Any other is taken for a static or a value without drop.
    pub(crate) fn is_dropping_constant(&self, path: &syn::Path) -> bool {
        path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            self.dropping_constants.contains(&name) || self.dropping.contains(&name)
        })
    }

    /// Whether assigning to these fields runs no code of the user's: they are fields of structs of this file, which derefs nothing.
    pub(crate) fn are_plain_members(&self, members: &[String]) -> bool {
        !self.derefs && members.iter().all(|member| self.members.contains(member))
    }

    /// The macros that the file defines once, at its top.
    pub(crate) fn rules(&self) -> &HashMap<String, crate::open::Rules> {
        &self.rules
    }

    /// Whether the file has several definitions of a macro.
    pub(crate) fn defines_twice(&self, name: &str) -> bool {
        self.twice.contains(name)
    }

    /// Macros that jump, of those whose definitions are known.
    pub(crate) fn jumping(&self) -> &HashSet<String> {
        &self.jumping
    }

    /// Whether a macro is better put in place: it jumps, or has locals of its own.
    pub(crate) fn opens(&self, name: &str) -> bool {
        self.opening.contains(name)
    }

    fn take(&mut self, name: String, rules: crate::open::Rules) {
        if !rules.jumps() {
            self.jumping.remove(&name);
        }
        self.twice.remove(&name);
        self.rules.insert(name, rules);
    }

    /// Takes over what the edition and the other files of the package define.
    pub(crate) fn adopt(&mut self, options: &Options, source: &str) {
        self.since_2021 = options.edition >= Edition::E2021;
        self.package = options.types.clone();
        self.adopt_macros(&options.macros, source);
    }

    /// Macros of other files of the package, but for names that the file itself defines or brings in from elsewhere.
    fn adopt_macros(&mut self, macros: &[crate::report::MacroRules], source: &str) {
        // Those that the file uses, and those that these use.
        let mut used: Vec<&crate::report::MacroRules> = Vec::new();
        let mut rest: Vec<_> = macros.iter().collect();
        loop {
            let texts: Vec<&str> = used.iter().map(|other| other.text.as_str()).collect();
            let uses =
                |name: &str| source.contains(name) || texts.iter().any(|text| text.contains(name));
            let (found, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|other| uses(&other.name));
            rest = others;
            if found.is_empty() {
                break;
            }
            used.extend(found);
        }
        let mut definitions: HashMap<String, Vec<syn::ItemMacro>> = HashMap::new();
        for found in used {
            if let Ok(item) = syn::parse_str::<syn::ItemMacro>(&found.text) {
                let name = found.name.clone();
                definitions.entry(name).or_default().push(item);
            }
        }
        for (name, items) in definitions {
            if self.imports_foreign(&name) || !self.macros.insert(name.clone()) {
                continue;
            }
            let items: Vec<&syn::ItemMacro> = items.iter().collect();
            match crate::open::Rules::of(&items, false) {
                Some(rules) => {
                    if rules.jumps() {
                        self.jumping.insert(name.clone());
                        self.opening.insert(name.clone());
                    }
                    self.rules.insert(name, rules);
                }
                None => {
                    self.jumping.insert(name);
                }
            }
        }
    }

    /// Names that a binding must not have.
    pub(crate) fn constants(&self) -> impl Iterator<Item = &String> {
        self.constants.iter()
    }

    /// Whether the file defines a type of this name itself.
    pub(crate) fn defines(&self, ty: &Type) -> bool {
        type_name(ty).is_some_and(|name| self.defined.contains(&name))
    }

    /// How the method of this name takes `self`, for a local of this type.
    pub(crate) fn receiver(&self, ty: Option<&Type>, method: &str) -> Option<Receiver> {
        self.certain_receiver(ty, method)
            .or_else(|| self.likely_receiver(method))
    }

    /// The same, unless all that tells are methods of the same name of other types.
    pub(crate) fn certain_receiver(&self, ty: Option<&Type>, method: &str) -> Option<Receiver> {
        if self.takes_any(method) {
            return Some(Receiver::ByValue);
        }
        if let Some(name) = ty.and_then(type_name)
            && self.defined.contains(&name)
        {
            // A trait's method of the same name cannot be told apart, unless all agree.
            if let Some(&receiver) = self.typed_methods.get(&(name, method.to_owned())) {
                return Some(receiver);
            }
        }
        if let Some(ty) = ty
            && is_std_collection(ty)
            && !type_name(ty).is_some_and(|name| self.defined.contains(&name))
        {
            if consumes_collection(method) {
                return Some(Receiver::ByValue);
            }
            // A trait of the user's may have anything under such a name.
            if !method.starts_with("into_") {
                return Some(Receiver::ByRef);
            }
        }
        if let Some(receiver) = ty
            .and_then(|ty| self.of_package(ty))
            .and_then(|(package, name)| package.receiver(&name, method))
        {
            return Some(receiver);
        }
        let consumes = |known: &Vec<Receiver>| known.contains(&Receiver::ByValue);
        let package = self.package.as_ref();
        let consumed = self.methods.get(method).is_some_and(consumes)
            || package.is_some_and(|package| package.consumes(method));
        (borrows_by_custom(method) && !consumed).then_some(Receiver::ByRef)
    }

    /// What methods of the same name say, of whatever type they are. `By value` cannot be trusted: a wrong guess would drop early.
    fn likely_receiver(&self, method: &str) -> Option<Receiver> {
        let package = self.package.as_ref();
        let borrows = match self.methods.get(method) {
            Some(all) => {
                all.iter().all(|receiver| *receiver == Receiver::ByRef)
                    && !package.is_some_and(|package| package.consumes(method))
            }
            None => package.is_some_and(|package| package.borrows(method)),
        };
        (borrows && !consumes_by_custom(method)).then_some(Receiver::ByRef)
    }

    /// Whether the file brings a name in from another package, as far as it can be seen.
    fn imports_foreign(&self, name: &str) -> bool {
        self.imports.contains_key(name) && !self.imports_own(name)
    }

    /// Whether the file brings a name in from its own package.
    fn imports_own(&self, name: &str) -> bool {
        self.imported_from(name)
            .is_some_and(|from| matches!(from, "crate" | "self" | "super"))
    }

    /// What the package says of its types, and a type's name, where the file takes that from another file of the package.
    fn of_package(&self, ty: &Type) -> Option<(&PackageTypes, String)> {
        let ty = match ty {
            Type::Reference(reference) => &reference.elem,
            ty => ty,
        };
        let name = type_name(ty)?;
        let package = self.package.as_deref()?;
        (self.imports_own(&name) && !self.defined.contains(&name)).then_some((package, name))
    }

    /// Whether a field is copied where it is used by value.
    pub(crate) fn copies_field(&self, owner: &Type, member: &str) -> bool {
        let here = self.field(owner, member);
        here.is_some_and(|ty| self.facts(&ty).copy)
            || self
                .of_package(owner)
                .is_some_and(|(package, name)| package.copies(&name, member))
    }

    /// Whether every type has a method of this name by value: `impl<T, U: From<T>> Into<U> for T`. It comes before one by reference, and a
    /// trait's own would be ambiguous.
    fn takes_any(&self, method: &str) -> bool {
        // Of a file without the prelude it may be another method.
        let other = self.methods.get(method);
        if other.is_some_and(|all| all.contains(&Receiver::ByRef)) {
            return false;
        }
        match method {
            "into" => true,
            "try_into" => {
                self.since_2021
                    || self.imports.get("TryInto").is_some_and(|path| {
                        matches!(path.first().map(String::as_str), Some("std" | "core"))
                    })
            }
            _ => false,
        }
    }

    /// Whether nothing that is known of methods of this name says that they take their receiver by value.
    pub(crate) fn likely_borrows(&self, method: &str) -> bool {
        let known = self.methods.get(method).into_iter().flatten();
        !consumes_by_custom(method)
            && !often_consumes(method)
            && known
                .into_iter()
                .all(|receiver| *receiver == Receiver::ByRef)
            && !self
                .package
                .as_ref()
                .is_some_and(|package| package.consumes(method))
    }

    /// Whether a type's own `Drop` may observe that a value was left whole.
    pub(crate) fn drops(&self, name: &str) -> bool {
        self.dropping.contains(name)
    }

    /// The fields, in order, of a struct of the file that can be taken apart: it has no `Drop` of its own.
    pub(crate) fn members(&self, owner: &syn::Path) -> Option<&[String]> {
        let name = owner.get_ident().or_else(|| match owner.segments.len() {
            1 => owner.segments.last().map(|segment| &segment.ident),
            _ => None,
        })?;
        let name = name.to_string();
        let here = !self.dropping.contains(&name) && !self.imports.contains_key(&name);
        here.then(|| self.structs.get(&name).map(Vec::as_slice))
            .flatten()
    }

    pub(crate) fn field(&self, owner: &Type, member: &str) -> Option<Cow<'_, Type>> {
        let owner = match owner {
            Type::Reference(reference) => &reference.elem,
            owner => owner,
        };
        let key = (type_name(owner)?, member.to_owned());
        self.fields.get(&key)?.ty()
    }

    pub(crate) fn facts(&self, ty: &Type) -> Facts {
        match ty {
            Type::Paren(ty) => self.facts(&ty.elem),
            Type::Group(ty) => self.facts(&ty.elem),
            Type::Never(_) => VALUE,
            Type::Reference(reference) if reference.mutability.is_some() => Facts {
                no_drop: true,
                unique: true,
                ..Facts::default()
            },
            Type::Reference(reference) => Facts {
                no_drop: true,
                copy: true,
                shared: true,
                owned: reference
                    .lifetime
                    .as_ref()
                    .is_some_and(|lifetime| lifetime.ident == "static"),
                ..Facts::default()
            },
            // It holds an address that no lifetime tells of.
            Type::Ptr(_) => Facts {
                owned: false,
                ..VALUE
            },
            Type::FnPtr(_) => VALUE,
            Type::Array(array) => self.facts(&array.elem).and(VALUE),
            Type::Tuple(tuple) => tuple
                .elems
                .iter()
                .map(|elem| self.facts(elem))
                .fold(VALUE, Facts::and),
            Type::Path(path) if path.qself.is_none() => {
                let Some(last) = path.path.segments.last() else {
                    return Facts::default();
                };
                let name = last.ident.to_string();
                if is_primitive(&name) && path.path.segments.len() == 1 {
                    return SCALAR;
                }
                if is_plain_std(&name) && !self.defined.contains(&name) {
                    return VALUE;
                }
                if self.plain.contains(&name) {
                    let copy = self.copying.contains(&name);
                    return Facts {
                        no_drop: copy,
                        copy,
                        owned: !self.pointing.contains(&name),
                        ..Facts::default()
                    };
                }
                if is_std_owner(&name) && !self.defined.contains(&name) {
                    let args = args(&last.arguments)
                        .into_iter()
                        .map(|ty| self.facts(ty))
                        .fold(VALUE, Facts::and);
                    let option = matches!(
                        name.as_str(),
                        "Option" | "Result" | "Range" | "RangeInclusive" | "Poll" | "Wrapping"
                    );
                    return Facts {
                        no_drop: option && args.no_drop && has_args(last),
                        copy: option && args.copy && has_args(last) && !name.starts_with("Range"),
                        owned: args.owned,
                        ..Facts::default()
                    };
                }
                Facts::default()
            }
            _ => Facts::default(),
        }
    }

    /// Whether a nested item can spell this type: nothing in it names a generic, a lifetime or `Self`.
    pub(crate) fn closed(&self, ty: &Type, generics: &HashSet<String>) -> bool {
        match ty {
            Type::Paren(ty) => self.closed(&ty.elem, generics),
            Type::Never(_) => false,
            Type::Array(array) => {
                self.closed(&array.elem, generics) && matches!(&array.len, Expr::Lit(_))
            }
            Type::Tuple(tuple) => tuple.elems.iter().all(|elem| self.closed(elem, generics)),
            Type::Reference(reference) => {
                let forever = reference.lifetime.as_ref();
                let text =
                    matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"));
                forever.is_some_and(|lifetime| lifetime.ident == "static")
                    && (text || self.closed(&reference.elem, generics))
            }
            Type::Path(path) if path.qself.is_none() => {
                let Some(last) = path.path.segments.last() else {
                    return false;
                };
                let name = last.ident.to_string();
                if generics.contains(&name)
                    || path
                        .path
                        .segments
                        .iter()
                        .any(|segment| segment.ident == "Self")
                {
                    return false;
                }
                let known = is_primitive(&name)
                    || (is_std_owner(&name) || is_plain_std(&name))
                        && !self.defined.contains(&name)
                    || self.plain.contains(&name);
                known
                    && args(&last.arguments)
                        .into_iter()
                        .all(|ty| self.closed(ty, generics))
                    && !has_lifetimes(&last.arguments)
            }
            _ => false,
        }
    }

    /// Whether this is a variant with fields of an enum of the file.
    fn is_variant(&self, owner: &str, name: &str) -> bool {
        let field = (format!("{owner}::{name}"), "0".to_owned());
        self.plain.contains(owner) && self.fields.contains_key(&field)
    }

    fn returned(&self, name: &str) -> Option<Type> {
        self.returns.get(name)?.ty().map(Cow::into_owned)
    }
}

struct Collector {
    table: Table,
    owner: Option<String>,
    seen: HashMap<String, usize>,
    /// How often the file defines a macro, anywhere in it.
    macros: HashMap<String, usize>,
}

impl Collector {
    fn define(&mut self, ident: &syn::Ident, generics: &syn::Generics, attrs: &[syn::Attribute]) {
        let name = ident.to_string();
        *self.seen.entry(name.clone()).or_default() += 1;
        self.table.defined.insert(name.clone());
        if generics.params.is_empty() {
            self.table.plain.insert(name.clone());
            let copies = attrs.iter().any(|attr| attr.path().is_ident("derive") && attr.parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated).is_ok_and(|paths| paths.iter().any(|path| path.is_ident("Copy"))));
            if copies {
                self.table.copying.insert(name);
            }
        }
    }

    /// The types of the fields of a struct or variant, where they name no generic.
    fn fields(&mut self, owner: &str, fields: &syn::Fields, generics: &syn::Generics) {
        let generic = |ty: &Type| {
            let tokens = ty.to_token_stream();
            let mut names = generics.params.iter().map(|param| match param {
                syn::GenericParam::Lifetime(param) => &param.lifetime.ident,
                syn::GenericParam::Type(param) => &param.ident,
                syn::GenericParam::Const(param) => &param.ident,
            });
            names.any(|name| crate::syntax::tokens_have(&tokens, &mut |ident| ident == name))
        };
        for (i, field) in fields.iter().enumerate() {
            if crate::conditional::is_conditional(&field.attrs) || generic(&field.ty) {
                continue;
            }
            let member = field
                .ident
                .as_ref()
                .map_or_else(|| i.to_string(), ToString::to_string);
            let ty = Said::Type(Box::new(field.ty.clone()));
            self.table.fields.insert((owner.to_owned(), member), ty);
        }
    }

    /// Takes note of what a function calls whose result has a type without a name.
    fn body(&mut self, sig: &syn::Signature, block: &syn::Block) {
        fn calls(tokens: proc_macro2::TokenStream, into: &mut HashSet<String>) {
            use proc_macro2::{Delimiter, TokenTree};
            let mut trees = tokens.into_iter().peekable();
            while let Some(tree) = trees.next() {
                match tree {
                    TokenTree::Ident(ident) => {
                        let called = trees.peek().is_some_and(|next| match next {
                            TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
                            // `get::<T>(..)`
                            TokenTree::Punct(punct) => punct.as_char() == ':',
                            _ => false,
                        });
                        if called {
                            into.insert(ident.to_string());
                        }
                    }
                    TokenTree::Group(group) => calls(group.stream(), into),
                    _ => {}
                }
            }
        }
        let output = sig.output.to_token_stream();
        let unnamed = crate::syntax::tokens_have(&output, &mut |ident| ident == "impl");
        if unnamed && sig.asyncness.is_none() {
            calls(block.to_token_stream(), &mut self.table.handed_on);
        }
    }

    fn signature(&mut self, sig: &syn::Signature) {
        let takes_types = sig.generics.type_params().next().is_some()
            || sig.inputs.iter().any(|input| {
                matches!(input, syn::FnArg::Typed(typed)
                    if crate::syntax::tokens_have(&typed.ty.to_token_stream(), &mut |ident| ident == "impl"))
            });
        if sig.asyncness.is_some() && takes_types {
            self.table.generic.insert(sig.ident.to_string());
        }
        if let Some(receiver) = sig.receiver() {
            let kind = match &receiver.kind {
                syn::ReceiverKind::Reference(..) => Receiver::ByRef,
                _ => Receiver::ByValue,
            };
            let name = sig.ident.to_string();
            self.table
                .methods
                .entry(name.clone())
                .or_default()
                .push(kind);
            if let Some(owner) = &self.owner {
                let all = self
                    .table
                    .methods
                    .get(&name)
                    .is_some_and(|all| all.iter().all(|one| *one == kind));
                let key = (owner.clone(), name);
                if self
                    .table
                    .typed_methods
                    .get(&key)
                    .is_some_and(|other| *other != kind)
                    && !all
                {
                    self.table.typed_methods.remove(&key);
                } else {
                    self.table.typed_methods.insert(key, kind);
                }
            }
            return;
        }
        if sig.asyncness.is_some() || !sig.generics.params.is_empty() {
            return;
        }
        if let syn::ReturnType::Type(_, ty) = &sig.output {
            let ty = match (&**ty, &self.owner) {
                (Type::Path(path), Some(owner)) if path.path.is_ident("Self") => {
                    match syn::parse_str(owner) {
                        Ok(ty) => ty,
                        Err(_) => return,
                    }
                }
                (ty, _) => ty.clone(),
            };
            let name = match &self.owner {
                Some(owner) => format!("{owner}::{}", sig.ident),
                None => sig.ident.to_string(),
            };
            let doubled = *self
                .seen
                .entry(format!("fn {name}"))
                .and_modify(|n| *n += 1)
                .or_insert(1)
                > 1;
            if doubled {
                self.table.returns.remove(&name);
            } else {
                self.table.returns.insert(name, Said::Type(Box::new(ty)));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.define(&item.ident, &item.generics, &item.attrs);
        let names = item.fields.iter().enumerate().map(|(i, field)| {
            let name = field.ident.as_ref();
            name.map_or_else(|| i.to_string(), ToString::to_string)
        });
        let names: Vec<String> = names.collect();
        let mut fields = item.fields.iter();
        if fields.all(|field| !crate::conditional::is_conditional(&field.attrs)) {
            let name = item.ident.to_string();
            self.table.structs.insert(name, names.clone());
        }
        self.table.members.extend(names);
        self.fields(&item.ident.to_string(), &item.fields, &item.generics);
    }
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.define(&item.ident, &item.generics, &item.attrs);
        for variant in &item.variants {
            let owner = format!("{}::{}", item.ident, variant.ident);
            self.fields(&owner, &variant.fields, &item.generics);
        }
    }
    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.define(&item.ident, &item.generics, &item.attrs);
    }
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        fn names(tree: &syn::UseTree, path: &mut Vec<String>, table: &mut Table) {
            match tree {
                syn::UseTree::Path(inner) => {
                    path.push(inner.ident.to_string());
                    names(&inner.tree, path, table);
                    path.pop();
                }
                syn::UseTree::Name(name) => import(&name.ident, path, table),
                syn::UseTree::Rename(name) => import(&name.rename, path, table),
                syn::UseTree::Group(group) => {
                    group.items.iter().for_each(|tree| names(tree, path, table))
                }
                syn::UseTree::Glob(_) => {}
            }
        }
        fn import(name: &proc_macro2::Ident, path: &[String], table: &mut Table) {
            // Without a path it is something of this module under another name.
            if path.is_empty() {
                return;
            }
            let known = table
                .imports
                .entry(name.to_string())
                .or_insert_with(|| path.to_owned());
            let common = known
                .iter()
                .zip(path)
                .take_while(|(one, other)| one == other);
            known.truncate(common.count());
        }
        names(&item.tree, &mut Vec::new(), &mut self.table);
    }
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            *self.macros.entry(name.to_string()).or_default() += 1;
            if !self.table.macros.insert(name.to_string()) {
                self.table.twice.insert(name.to_string());
            }
        }
        if let Some(name) = &item.ident
            && (crate::syntax::tokens_have(&item.mac.tokens, &mut |ident| {
                ident == "return"
                    || ident == "break"
                    || ident == "continue"
                    || ident == "await"
                    || ident == "let"
            }) || item.mac.tokens.to_string().contains('?'))
        {
            self.table.jumping.insert(name.to_string());
            self.table.opening.insert(name.to_string());
        }
    }
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.table.constants.insert(item.ident.to_string());
        let plain = matches!(&*item.ty, Type::Reference(_))
            || type_name(&item.ty).is_some_and(|name| is_primitive(&name));
        if !plain {
            self.table.dropping_constants.insert(item.ident.to_string());
        }
        visit::visit_item_const(self, item);
    }
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.table.constants.insert(item.ident.to_string());
        visit::visit_item_static(self, item);
    }
    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.table.defined.insert(item.ident.to_string());
        *self.seen.entry(item.ident.to_string()).or_default() += 2;
    }
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = type_name(&item.self_ty);
        if let (Some(owner), Some(of)) = (&owner, &item.trait_) {
            match of
                .0
                .segments
                .last()
                .map(|segment| segment.ident.to_string())
                .as_deref()
            {
                Some("Drop") => {
                    self.table.dropping.insert(owner.clone());
                }
                Some("DerefMut") => self.table.derefs = true,
                Some("Copy") if item.generics.params.is_empty() => {
                    self.table.copying.insert(owner.clone());
                }
                _ => {}
            }
        }
        let outer = std::mem::replace(&mut self.owner, owner);
        visit::visit_item_impl(self, item);
        self.owner = outer;
    }
    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let outer = self.owner.take();
        visit::visit_item_trait(self, item);
        self.owner = outer;
    }
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let name = item.sig.ident.to_string();
        *self.seen.entry(format!("any fn {name}")).or_default() += 1;
        self.body(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
    fn visit_signature(&mut self, sig: &'ast syn::Signature) {
        self.signature(sig);
    }
}

/// The last segment of a plain path, through references.
pub(crate) fn type_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        Type::Paren(ty) => type_name(&ty.elem),
        _ => None,
    }
}

fn args(arguments: &PathArguments) -> Vec<&Type> {
    match arguments {
        PathArguments::AngleBracketed(args) => args
            .args
            .iter()
            .filter_map(|arg| match arg {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn has_args(segment: &syn::PathSegment) -> bool {
    !args(&segment.arguments).is_empty()
}

fn has_lifetimes(arguments: &PathArguments) -> bool {
    match arguments {
        PathArguments::AngleBracketed(args) => args
            .args
            .iter()
            .any(|arg| !matches!(arg, GenericArgument::Type(_))),
        PathArguments::None => false,
        PathArguments::Parenthesized(_) => true,
    }
}

pub(crate) fn is_primitive(name: &str) -> bool {
    matches!(
        name,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "bool"
            | "char"
    )
}

/// Types of the standard library that are plain values.
fn is_plain_std(name: &str) -> bool {
    matches!(
        name,
        "Duration"
            | "Instant"
            | "SystemTime"
            | "SocketAddr"
            | "SocketAddrV4"
            | "SocketAddrV6"
            | "IpAddr"
            | "Ipv4Addr"
            | "Ipv6Addr"
            | "ThreadId"
            | "TypeId"
            | "PhantomPinned"
    )
}

/// Owners of the standard library that hold nothing but their arguments.
fn is_std_owner(name: &str) -> bool {
    matches!(
        name,
        "String"
            | "Vec"
            | "VecDeque"
            | "HashMap"
            | "HashSet"
            | "BTreeMap"
            | "BTreeSet"
            | "BinaryHeap"
            | "Option"
            | "Result"
            | "Box"
            | "Arc"
            | "Rc"
            | "PathBuf"
            | "OsString"
            | "CString"
            | "Cell"
            | "RefCell"
            | "Range"
            | "RangeInclusive"
            | "Poll"
            | "Wrapping"
    )
}

fn is_std_collection(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_std_collection(&reference.elem),
        ty => type_name(ty).is_some_and(|name| {
            matches!(
                name.as_str(),
                "String"
                    | "Vec"
                    | "VecDeque"
                    | "HashMap"
                    | "HashSet"
                    | "BTreeMap"
                    | "BTreeSet"
                    | "BinaryHeap"
                    | "PathBuf"
                    | "OsString"
            )
        }),
    }
}

/// Whether a parameter of an async function with this type can hold no borrow of one of the function's locals: it names no lifetime, and
/// a path has no hidden one there, while a generic's are the caller's.
pub(crate) fn holds_no_borrow_of_a_local(ty: &Type) -> bool {
    struct Lifetimes(bool);
    impl<'ast> Visit<'ast> for Lifetimes {
        fn visit_lifetime(&mut self, _: &'ast syn::Lifetime) {
            self.0 = true;
        }
        fn visit_type(&mut self, ty: &'ast Type) {
            self.0 |= matches!(
                ty,
                Type::Reference(_) | Type::TraitObject(_) | Type::Macro(_) | Type::Infer(_)
            );
            visit::visit_type(self, ty);
        }
        // Its lifetimes stand at the `impl`.
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            self.0 |= ident == "Self";
        }
    }
    let mut lifetimes = Lifetimes(false);
    lifetimes.visit_type(ty);
    !lifetimes.0
}

/// Whether methods of this type find their receiver without running code of the user's.
pub(crate) fn derefs_plainly(ty: &Type) -> bool {
    is_std_collection(ty)
}

/// Whether this is a collection, slice, array or string of the standard library, or a reference to one.
pub(crate) fn iterates_plainly(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => iterates_plainly(&reference.elem),
        Type::Slice(_) | Type::Array(_) => true,
        Type::Path(path) if path.path.is_ident("str") => true,
        ty => is_std_collection(ty),
    }
}

/// Names under which nothing takes `self` by value. Where that is wrong, the output does not compile.
fn borrows_by_custom(method: &str) -> bool {
    matches!(
        method,
        "clone"
            | "as_ref"
            | "as_mut"
            | "as_str"
            | "as_bytes"
            | "as_slice"
            | "as_deref"
            | "as_deref_mut"
            | "as_path"
            | "len"
            | "is_empty"
            | "iter"
            | "iter_mut"
            | "to_string"
            | "to_owned"
            | "to_vec"
            | "borrow"
            | "borrow_mut"
            | "contains_key"
            | "starts_with"
            | "ends_with"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "upgrade"
            | "elapsed"
            | "local_addr"
            | "peer_addr"
    )
}

/// Methods with which a collection or string of the standard library is used up.
fn consumes_collection(method: &str) -> bool {
    matches!(
        method,
        "into_iter"
            | "into_boxed_slice"
            | "into_boxed_str"
            | "into_bytes"
            | "into_keys"
            | "into_values"
            | "into_vec"
            | "into_sorted_vec"
            | "into_os_string"
            | "into_boxed_path"
            | "leak"
    )
}

/// Names that usually take `self` by value, so that a method of this name in the file says little about another type's.
fn consumes_by_custom(method: &str) -> bool {
    method.starts_with("into_")
        || matches!(
            method,
            "unwrap"
                | "expect"
                | "map"
                | "and_then"
                | "ok"
                | "err"
                | "join"
                | "send"
                | "finish"
                | "build"
                | "close"
                | "complete"
                | "commit"
                | "collect"
                | "ok_or"
                | "await"
        )
}

/// Names under which the standard library and its kin take `self` by value.
fn often_consumes(method: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "into", "try_into", "unwrap", "expect", "map", "and_then", "or_else", "ok_or", "filter",
    ];
    BEGINNINGS.iter().any(|text| method.starts_with(text))
        || matches!(
            method,
            // Of `Option`, `Result` and `Poll`.
            "ok" | "err" | "and" | "or" | "xor" | "transpose" | "is_some_and" | "is_none_or" | "is_ok_and"
                | "is_err_and" | "unzip" | "copied" | "cloned"
                // Of iterators and streams.
                | "chain" | "zip" | "rev" | "enumerate" | "skip" | "take_while" | "skip_while" | "step_by"
                | "flat_map" | "flatten" | "fuse" | "inspect" | "peekable" | "cycle" | "fold" | "for_each"
                | "collect" | "sum" | "product" | "count" | "last" | "max" | "min" | "max_by_key" | "min_by_key"
                | "partition" | "buffered" | "buffer_unordered" | "try_collect" | "for_each_concurrent"
                // Of futures, handles, builders and buffers.
                | "await" | "boxed" | "boxed_local" | "shared" | "then" | "instrument" | "join" | "send" | "finish"
                | "build" | "close" | "complete" | "commit" | "rollback" | "freeze" | "split" | "detach" | "forget"
                | "leak" | "oneshot"
        )
}
