//! The async functions and modules of a file, by name and line, without lowering anything.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, Meta, Signature, Type};

/// What a file declares.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) functions: Vec<AsyncFunction>,
    pub(crate) modules: Vec<Declaration>,
}

/// An async function; `path` is made as the library makes it: modules inside the file, type, name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AsyncFunction {
    pub(crate) path: String,
    /// The line of its name.
    pub(crate) line: usize,
}

/// A `mod name;`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    /// The inline modules around it, each with the folder it stands for.
    pub(crate) inside: Vec<Inline>,
    pub(crate) name: String,
    /// From `#[path = ".."]`, also under `cfg_attr`: then there may be several, and the usual place as well.
    pub(crate) paths: Vec<String>,
}

/// A `mod name { .. }` around a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inline {
    pub(crate) name: String,
    pub(crate) path: Option<String>,
}

/// Outlines a text that is Rust; none when it is not.
pub(crate) fn outline(text: &str) -> Option<Outline> {
    let file = syn::parse_file(text).ok()?;
    let mut visitor = Visitor::default();
    visitor.visit_file(&file);
    Some(visitor.outline)
}

#[derive(Default)]
struct Visitor {
    outline: Outline,
    modules: Vec<Inline>,
    types: Vec<String>,
}

impl Visitor {
    fn function(&mut self, signature: &Signature) {
        if signature.asyncness.is_some() {
            let modules = self.modules.iter().map(|module| &module.name);
            let segments: Vec<String> = modules
                .chain(&self.types)
                .cloned()
                .chain([name(&signature.ident)])
                .collect();
            self.outline.functions.push(AsyncFunction {
                path: segments.join("::"),
                line: signature.ident.span().start().line,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) => {
                let paths = paths(&module.attrs);
                if module.content.is_some() {
                    self.modules.push(Inline {
                        name: name(&module.ident),
                        path: paths.into_iter().next(),
                    });
                    visit::visit_item_mod(self, module);
                    self.modules.pop();
                } else {
                    self.outline.modules.push(Declaration {
                        inside: self.modules.clone(),
                        name: name(&module.ident),
                        paths,
                    });
                }
            }
            Item::Impl(item) => {
                self.types.push(type_name(&item.self_ty));
                visit::visit_item_impl(self, item);
                self.types.pop();
            }
            Item::Trait(item) => {
                self.types.push(name(&item.ident));
                visit::visit_item_trait(self, item);
                self.types.pop();
            }
            Item::Fn(item) => {
                self.function(&item.sig);
                visit::visit_item_fn(self, item);
            }
            _ => {}
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if item.default.is_some() {
            self.function(&item.sig);
        }
    }
}

/// A name as it is written in a path; `r#type` is asked for as `type`.
fn name(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// The name that methods of an `impl` go by: the last segment of its type's path.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| name(&segment.ident))
            .unwrap_or_default(),
        Type::Reference(reference) => type_name(&reference.elem),
        Type::Paren(inner) => type_name(&inner.elem),
        Type::Group(inner) => type_name(&inner.elem),
        other => format!("line {}", other.span().start().line),
    }
}

/// The files that `#[path]` attributes name.
fn paths(attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes {
        collect(&attribute.meta, &mut found);
    }
    return found;

    fn collect(meta: &Meta, found: &mut Vec<String>) {
        match meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => {
                if let syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) = &pair.value
                {
                    found.push(text.value());
                }
            }
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let nested = list.parse_args_with(
                    syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated,
                );
                nested
                    .into_iter()
                    .flatten()
                    .skip(1)
                    .for_each(|meta| collect(&meta, found));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_functions_by_module_type_and_name() {
        let text = "
            async fn free() {}
            mod inner {
                impl<T> super::Echo<T> { async fn run(&self) {} fn not(&self) {} }
                trait Talk { async fn say(&self) {} async fn unsaid(&self); }
                mod r#type { async fn r#loop() {} }
            }";
        let found: Vec<(String, usize)> = outline(text)
            .unwrap()
            .functions
            .into_iter()
            .map(|f| (f.path, f.line))
            .collect();
        let expect = [
            ("free", 2),
            ("inner::Echo::run", 4),
            ("inner::Talk::say", 5),
            ("inner::type::loop", 6),
        ];
        assert_eq!(found, expect.map(|(path, line)| (path.to_owned(), line)));
    }

    #[test]
    fn finds_declared_modules_and_their_paths() {
        let text = r#"mod a; #[path = "odd.rs"] mod b; #[path = "dir"] mod c { #[cfg_attr(unix, path = "unix.rs")] mod d; }"#;
        let modules = outline(text).unwrap().modules;
        let brief: Vec<_> = modules
            .iter()
            .map(|m| (m.inside.len(), m.name.as_str(), m.paths.clone()))
            .collect();
        assert_eq!(
            brief,
            [
                (0, "a", vec![]),
                (0, "b", vec!["odd.rs".to_owned()]),
                (1, "d", vec!["unix.rs".to_owned()])
            ]
        );
        assert_eq!(modules[2].inside[0].path.as_deref(), Some("dir"));
    }
}
