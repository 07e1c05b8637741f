//! What an expression's own syntax says of its value.

use super::{Facts, SCALAR, Table, VALUE, is_std_collection};
use crate::syntax::bare;
use syn::{Expr, GenericArgument, Type};

impl Table {
    /// The type of a value that spells its own.
    pub(crate) fn type_of(&self, expr: &Expr) -> Option<Type> {
        let parse = |name: &str| syn::parse_str(name).ok();
        match bare(expr) {
            Expr::Lit(lit) => match &lit.lit {
                syn::Lit::Bool(_) => parse("bool"),
                syn::Lit::Char(_) => parse("char"),
                syn::Lit::Byte(_) => parse("u8"),
                syn::Lit::Str(_) => parse("&'static str"),
                syn::Lit::ByteStr(_) => parse("&'static [u8]"),
                syn::Lit::Int(int) if !int.suffix().is_empty() => parse(int.suffix()),
                syn::Lit::Float(float) if !float.suffix().is_empty() => parse(float.suffix()),
                _ => None,
            },
            Expr::Repeat(repeat) => {
                let elem = self.type_of(&repeat.expr)?;
                let len = &repeat.len;
                matches!(**len, Expr::Lit(_)).then(|| syn::parse_quote!([#elem; #len]))
            }
            Expr::Cast(cast) => Some((*cast.ty).clone()),
            Expr::Struct(expr) if expr.qself.is_none() => {
                let name = expr.path.segments.last()?.ident.to_string();
                let first = &expr.path;
                (expr.path.segments.len() == 1 && self.plain.contains(&name))
                    .then(|| syn::parse_quote!(#first))
            }
            Expr::Call(call) => {
                let Expr::Path(path) = bare(&call.func) else {
                    return None;
                };
                let names: Vec<String> = path
                    .path
                    .segments
                    .iter()
                    .map(|segment| segment.ident.to_string())
                    .collect();
                match names.as_slice() {
                    [owner, name]
                        if owner == "String"
                            && !self.defined.contains("String")
                            && matches!(name.as_str(), "new" | "from" | "with_capacity") =>
                    {
                        parse("String")
                    }
                    [owner, name]
                        if !self.defined.contains(owner)
                            && matches!(name.as_str(), "new" | "with_capacity" | "from") =>
                    {
                        match owner.as_str() {
                            "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "BinaryHeap" => {
                                parse(&format!("{owner}<_>"))
                            }
                            "PathBuf" | "OsString" => parse(owner),
                            "HashMap" | "BTreeMap" => parse(&format!("{owner}<_, _>")),
                            _ => self.returned(&format!("{owner}::{name}")),
                        }
                    }
                    [owner, name] if self.is_variant(owner, name) => parse(owner),
                    [owner, name] => self.returned(&format!("{owner}::{name}")),
                    [name] if self.plain.contains(name) => parse(name),
                    [name] => self.returned(name),
                    _ => None,
                }
            }
            Expr::Macro(mac) => match crate::syntax::macro_name(&mac.mac).as_str() {
                name if self.macros.contains(name) => None,
                "format" => parse("String"),
                "vec" => parse("Vec<_>"),
                _ => None,
            },
            Expr::MethodCall(call) => match call.method.to_string().as_str() {
                "to_string" => parse("String"),
                // `collect::<Vec<_>>()`
                "collect" => match call.turbofish.as_ref()?.args.first()? {
                    GenericArgument::Type(ty) if is_std_collection(ty) => Some(ty.clone()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What is known of a value from its own syntax.
    pub(crate) fn facts_of(&self, expr: &Expr) -> Option<Facts> {
        if let Some(ty) = self.type_of(expr) {
            return Some(self.facts(&ty));
        }
        match bare(expr) {
            Expr::Lit(_) => Some(SCALAR),
            Expr::Unary(unary) if !matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.facts_of(&unary.expr).filter(|facts| facts.scalar)
            }
            Expr::Reference(reference) if reference.mutability.is_some() => Some(Facts {
                no_drop: true,
                unique: true,
                ..Facts::default()
            }),
            Expr::Reference(reference) => Some(Facts {
                no_drop: true,
                copy: true,
                shared: true,
                owned: crate::syntax::is_constant(&reference.expr),
                ..Facts::default()
            }),
            Expr::Repeat(repeat) => self.facts_of(&repeat.expr),
            Expr::Array(array) => array
                .elems
                .iter()
                .map(|elem| self.facts_of(elem))
                .try_fold(VALUE, |all, facts| Some(all.and(facts?))),
            Expr::Tuple(tuple) => tuple
                .elems
                .iter()
                .map(|elem| self.facts_of(elem))
                .try_fold(VALUE, |all, facts| Some(all.and(facts?))),
            Expr::Binary(binary) => match binary.op {
                syn::BinOp::Eq(_)
                | syn::BinOp::Ne(_)
                | syn::BinOp::Lt(_)
                | syn::BinOp::Le(_)
                | syn::BinOp::Gt(_)
                | syn::BinOp::Ge(_)
                | syn::BinOp::And(_)
                | syn::BinOp::Or(_) => Some(SCALAR),
                _ => None,
            },
            Expr::Range(range) => {
                let ends = range.start.iter().chain(&range.end);
                // Both ends have one type, so one known end settles it.
                let known = ends
                    .filter_map(|end| self.facts_of(end))
                    .find(|facts| facts.scalar)?;
                Some(Facts {
                    copy: false,
                    scalar: false,
                    ..known
                })
            }
            // `rt::into_iter(0..n)`
            Expr::Call(call)
                if call.args.len() == 1
                    && matches!(bare(&call.func), Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "into_iter")) =>
            {
                matches!(bare(&call.args[0]), Expr::Range(_))
                    .then(|| self.facts_of(&call.args[0]))
                    .flatten()
            }
            _ => None,
        }
    }
}
