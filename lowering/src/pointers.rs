//! Which types of a file may hold the address of a local without a lifetime that says so: those with raw pointers in them.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::HashSet;
use syn::visit::{self, Visit};

/// The structs, enums and unions of a file that have raw pointers in their fields, or such a type.
pub(crate) fn holders(file: &syn::File) -> HashSet<String> {
    let mut types = Types::default();
    types.visit_file(file);
    let mut found: HashSet<String> = HashSet::new();
    loop {
        let before = found.len();
        for (name, fields) in &types.0 {
            let holds = |ident: &proc_macro2::Ident| found.contains(&ident.to_string());
            if points(fields) || crate::syntax::tokens_have(fields, &mut |ident| holds(ident)) {
                found.insert(name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Each type's name, with its fields.
#[derive(Default)]
struct Types(Vec<(String, TokenStream)>);

impl<'ast> Visit<'ast> for Types {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let fields = item.fields.to_token_stream();
        self.0.push((item.ident.to_string(), fields));
    }
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let fields = item.variants.to_token_stream();
        self.0.push((item.ident.to_string(), fields));
    }
    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        let fields = item.fields.to_token_stream();
        self.0.push((item.ident.to_string(), fields));
    }
    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.0
            .push((item.ident.to_string(), item.ty.to_token_stream()));
        visit::visit_item_type(self, item);
    }
}

/// Whether a raw pointer stands in tokens of types.
fn points(tokens: &TokenStream) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().any(|(i, tree)| match tree {
        TokenTree::Group(group) => points(&group.stream()),
        TokenTree::Punct(star) if star.as_char() == '*' => {
            matches!(trees.get(i + 1), Some(TokenTree::Ident(word)) if word == "const" || word == "mut")
        }
        TokenTree::Ident(name) => name == "NonNull" || name == "AtomicPtr",
        _ => false,
    })
}
