//! Finds the async functions of a file, and the others, whose async blocks may be lowered.

use crate::syntax::count_awaits;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// An async function, in its surroundings.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) bytes: Range<usize>,
    pub(crate) lines: (usize, usize),
    pub(crate) awaits: usize,
    pub(crate) attrs: Vec<syn::Attribute>,
    pub(crate) vis: syn::Visibility,
    pub(crate) sig: syn::Signature,
    pub(crate) block: syn::Block,
    /// The generics of the `impl` around it.
    pub(crate) outer: Option<syn::Generics>,
    /// The type that the `impl` around it is for.
    pub(crate) self_ty: Option<syn::Type>,
    /// The modules of its file around it, where these are known.
    pub(crate) module: Option<String>,
    pub(crate) kind: Kind,
    /// The attributes of the items around it, innermost last.
    pub(crate) around: Vec<syn::Attribute>,
    /// Its future may hold itself.
    pub(crate) recursive: bool,
}

/// Where an async function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Free,
    Inherent,
    /// In a trait, or the implementation of one.
    Trait,
    /// An async block: an expression, whose parameters are what it captures.
    Block,
}

/// The async functions of a file, in source order. Those inside of an async function's body belong to it.
pub(crate) fn find(file: &syn::File) -> Vec<Found> {
    find_all(file).0
}

/// The async functions of a file, and the functions around other code.
pub(crate) fn find_all(file: &syn::File) -> (Vec<Found>, Vec<Found>) {
    let mut finder = Finder {
        path: Vec::new(),
        module: Vec::new(),
        outer: None,
        self_ty: None,
        kind: Kind::Free,
        around: Vec::new(),
        found: Vec::new(),
    };
    finder.visit_file(file);
    let (mut found, plain): (Vec<_>, Vec<_>) = finder
        .found
        .into_iter()
        .partition(|found| found.sig.asyncness.is_some());
    crate::recursion::mark(&mut found, &plain);
    (found, plain)
}

struct Finder {
    path: Vec<String>,
    module: Vec<String>,
    outer: Option<syn::Generics>,
    self_ty: Option<syn::Type>,
    kind: Kind,
    around: Vec<syn::Attribute>,
    found: Vec<Found>,
}

impl Finder {
    /// Visits what is inside of an item with this name and these attributes.
    fn within(&mut self, name: String, attrs: &[syn::Attribute], inside: impl FnOnce(&mut Self)) {
        let depth = self.around.len();
        self.around.extend_from_slice(attrs);
        self.path.push(name);
        inside(self);
        self.path.pop();
        self.around.truncate(depth);
    }

    fn add(
        &mut self,
        attrs: &[syn::Attribute],
        vis: &syn::Visibility,
        sig: &syn::Signature,
        block: &syn::Block,
    ) {
        let start = attrs.first().map_or_else(
            || vis_start(vis, sig),
            |attr| attr.span().byte_range().start,
        );
        let close = block.brace_token.span.close();
        let mut path = self.path.clone();
        path.push(plain(&sig.ident));
        self.found.push(Found {
            path: path.join("::"),
            bytes: start..close.byte_range().end,
            lines: (
                attrs
                    .first()
                    .map_or_else(|| sig.span().start().line, |attr| attr.span().start().line),
                close.end().line,
            ),
            awaits: count_awaits(block),
            attrs: attrs.to_vec(),
            vis: vis.clone(),
            sig: sig.clone(),
            block: block.clone(),
            outer: self.outer.clone(),
            self_ty: self.self_ty.clone(),
            module: Some(self.module.join("::")),
            kind: self.kind,
            around: self.around.clone(),
            recursive: false,
        });
    }
}

fn vis_start(vis: &syn::Visibility, sig: &syn::Signature) -> usize {
    match vis {
        syn::Visibility::Inherited => sig.span().byte_range().start,
        vis => vis.span().byte_range().start,
    }
}

/// A name without `r#`.
pub(crate) fn plain(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = plain(&item.ident);
        self.module.push(name.clone());
        self.within(name, &item.attrs, |this| visit::visit_item_mod(this, item));
        self.module.pop();
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = crate::types::type_name(&item.self_ty).unwrap_or_else(|| "impl".to_owned());
        let outer = self.outer.replace(item.generics.clone());
        let self_ty = self.self_ty.replace((*item.self_ty).clone());
        let kind = std::mem::replace(
            &mut self.kind,
            if item.trait_.is_some() {
                Kind::Trait
            } else {
                Kind::Inherent
            },
        );
        let name = name.trim_start_matches("r#").to_owned();
        self.within(name, &item.attrs, |this| visit::visit_item_impl(this, item));
        self.kind = kind;
        self.self_ty = self_ty;
        self.outer = outer;
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let outer = self.outer.replace(item.generics.clone());
        let self_ty = self.self_ty.take();
        let kind = std::mem::replace(&mut self.kind, Kind::Trait);
        self.within(plain(&item.ident), &item.attrs, |this| {
            visit::visit_item_trait(this, item)
        });
        self.kind = kind;
        self.self_ty = self_ty;
        self.outer = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_lowered(&item.block) {
            return;
        }
        if item.sig.asyncness.is_some() {
            let outer = self.outer.take();
            let kind = std::mem::replace(&mut self.kind, Kind::Free);
            self.add(&item.attrs, &item.vis, &item.sig, &item.block);
            self.kind = kind;
            self.outer = outer;
        } else {
            let outer = self.outer.take();
            let kind = std::mem::replace(&mut self.kind, Kind::Free);
            self.add(&item.attrs, &item.vis, &item.sig, &item.block);
            self.within(plain(&item.sig.ident), &item.attrs, |this| {
                visit::visit_item_fn(this, item)
            });
            self.kind = kind;
            self.outer = outer;
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_lowered(&item.block) {
            return;
        }
        if item.sig.asyncness.is_some() {
            self.add(&item.attrs, &item.vis, &item.sig, &item.block);
        } else {
            self.add(&item.attrs, &item.vis, &item.sig, &item.block);
            self.within(plain(&item.sig.ident), &item.attrs, |this| {
                visit::visit_impl_item_fn(this, item)
            });
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        match &item.default {
            Some(block) if is_lowered(block) => {}
            Some(block) if item.sig.asyncness.is_some() => {
                self.add(&item.attrs, &syn::Visibility::Inherited, &item.sig, block)
            }
            Some(block) => {
                self.add(&item.attrs, &syn::Visibility::Inherited, &item.sig, block);
                visit::visit_trait_item_fn(self, item);
            }
            None => {}
        }
    }
}

/// Whether a body is what an earlier lowering wrote: it begins with the runtime's name. Some of these functions stay `async`.
pub(crate) fn is_lowered(block: &syn::Block) -> bool {
    let Some(syn::Stmt::Item(syn::Item::Use(item))) = block.stmts.first() else {
        return false;
    };
    item.leading_colon.is_some()
        && matches!(&item.tree, syn::UseTree::Rename(rename) if rename.ident == "handroll_rt")
}
