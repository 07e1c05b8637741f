//! Items in nested blocks that await go to the front of the function: several states may need them.
//!
//! The block's other names must not change their meaning: what such an item declares is mentioned in its own block only.

use super::Opening;
use crate::conditional::is_conditional;
use crate::syntax::HasAwait;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::HashMap;
use syn::{Attribute, Item, Stmt, UseTree};

impl Opening<'_> {
    /// Takes the items of a nested block out, if each can go.
    pub(super) fn lift_items(&mut self, block: &mut syn::Block) {
        if !block.has_await() {
            return;
        }
        let mut inside = HashMap::new();
        count(&block.to_token_stream(), &mut inside);
        let mut rest = Vec::new();
        for stmt in std::mem::take(&mut block.stmts) {
            match stmt {
                Stmt::Item(item) if self.may_go(&item, &inside) => {
                    let mut item = item;
                    if let Some(attrs) = attributes(&mut item) {
                        attrs.splice(0..0, self.conditions.iter().cloned());
                    }
                    self.items.push(item);
                }
                stmt => rest.push(stmt),
            }
        }
        block.stmts = rest;
    }

    fn may_go(&self, item: &Item, inside: &HashMap<String, usize>) -> bool {
        let mut names = Vec::new();
        let known = match item {
            Item::Use(item) => imported(&item.tree, None, &mut names),
            Item::Fn(item) => declared(&item.sig.ident, &mut names),
            Item::Const(item) => declared(&item.ident, &mut names),
            Item::Static(item) => declared(&item.ident, &mut names),
            Item::Struct(item) => declared(&item.ident, &mut names),
            Item::Enum(item) => declared(&item.ident, &mut names),
            Item::Type(item) => declared(&item.ident, &mut names),
            Item::Impl(_) => true,
            _ => false,
        };
        known
            && names.iter().all(|name| {
                // A trait is imported for its methods, and not mentioned: these must not be found elsewhere.
                let own = usize::from(matches!(item, Item::Use(_)));
                let here = inside.get(name).copied().unwrap_or(0);
                here > own && self.counts.get(name) == Some(&here) && !self.bound.contains_key(name)
            })
    }
}

fn declared(ident: &proc_macro2::Ident, names: &mut Vec<String>) -> bool {
    names.push(ident.to_string());
    true
}

/// The names that a `use` brings in; whether all are known.
fn imported(tree: &UseTree, parent: Option<&proc_macro2::Ident>, names: &mut Vec<String>) -> bool {
    match tree {
        UseTree::Path(path) => imported(&path.tree, Some(&path.ident), names),
        UseTree::Name(name) if name.ident == "self" => {
            parent.is_some_and(|parent| declared(parent, names))
        }
        UseTree::Name(name) => declared(&name.ident, names),
        UseTree::Rename(name) => name.rename != "_" && declared(&name.rename, names),
        UseTree::Group(group) => group.items.iter().all(|tree| imported(tree, parent, names)),
        UseTree::Glob(_) => false,
    }
}

fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    Some(match item {
        Item::Use(item) => &mut item.attrs,
        Item::Fn(item) => &mut item.attrs,
        Item::Const(item) => &mut item.attrs,
        Item::Static(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Type(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        _ => return None,
    })
}

/// Of some attributes, those that say that what has them is compiled only sometimes.
pub(super) fn conditions(attrs: &[Attribute]) -> Vec<Attribute> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    attrs
        .filter(|attr| is_conditional(std::slice::from_ref(attr)))
        .cloned()
        .collect()
}

/// How often each identifier stands in tokens.
pub(super) fn count(tokens: &TokenStream, counts: &mut HashMap<String, usize>) {
    for tree in tokens.clone() {
        match tree {
            TokenTree::Ident(ident) => *counts.entry(ident.to_string()).or_default() += 1,
            TokenTree::Group(group) => count(&group.stream(), counts),
            _ => {}
        }
    }
}
