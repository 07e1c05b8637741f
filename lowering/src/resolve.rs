//! Locals get identities: each binding is a [`Local`], each mention of it a marked identifier (see [`crate::names`]).
//!
//! It sees inside macro arguments and format strings: an identifier there that names a local in scope is taken for a mention.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::names::{self, LocalId, Mention};
use crate::open::Opened;
use crate::syntax::HasAwait;
use crate::types::Bounds;
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use std::collections::HashSet;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat, Type};

/// A binding.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Its name in the source; `this` for `self`.
    pub(crate) base: String,
    /// The token that declares it.
    pub(crate) span: Span,
    /// Whether it is declared `mut`.
    pub(crate) mutable: bool,
    /// Its type, where the source spells it.
    pub(crate) ty: Option<Type>,
    /// Belongs to a closure or async block inside the function: never stored by it.
    pub(crate) foreign: bool,
    /// Made by handroll for a value without a name.
    pub(crate) hidden: bool,
    /// A temporary that gets its value within an expression, which borrows it there.
    pub(crate) lent: bool,
    /// A value was moved into it, out of the local that had it, for an expression of which only types say what it moves.
    pub(crate) out: bool,
    /// A value of which patterns may take elements of an array, in a `match` whose ways come together as they do in a holder.
    pub(crate) joined: bool,
    /// Bound for a guard only: it stays a part of what is matched. Whether something may borrow it for longer.
    pub(crate) looks: Option<bool>,
}

/// A function's body with every local identified.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) locals: Vec<Local>,
    /// Parameter patterns and types, `self` included.
    pub(crate) params: Vec<(Pat, Type)>,
    pub(crate) block: syn::Block,
    pub(crate) mentions: usize,
    /// Every identifier of the function.
    pub(crate) mentioned: HashSet<String>,
    /// What `Self` is, if there is an `impl` around the function.
    pub(crate) self_ty: Option<Type>,
    /// What its type parameters are bound by.
    pub(crate) bounds: Bounds,
    /// The modules of its file around it, where these are known.
    pub(crate) module: Option<String>,
    /// Uses of parts that are taken for copies, as the rest of the value is used in other places later.
    pub(crate) copies: HashSet<Mention>,
}

impl Resolved {
    /// A new local for a value without a name.
    pub(crate) fn hidden(&mut self, base: &str, span: Span) -> LocalId {
        self.locals.push(Local {
            base: base.to_owned(),
            span,
            mutable: false,
            ty: None,
            foreign: false,
            hidden: true,
            lent: false,
            out: false,
            joined: false,
            looks: None,
        });
        LocalId(self.locals.len() - 1)
    }

    /// A new mention of a local.
    pub(crate) fn mention(&mut self, local: LocalId) -> Ident {
        self.mentions += 1;
        let Local { base, span, .. } = &self.locals[local.0];
        names::mark(base, local, Mention(self.mentions), *span)
    }
}

/// Resolves a function.
pub(crate) fn resolve(sig: &syn::Signature, opened: Opened, sink: &mut Sink) -> Resolved {
    let mut scopes = Scopes {
        locals: Vec::new(),
        visible: Vec::new(),
        mentions: 0,
        foreign: 0,
        sink,
    };
    let mut params = Vec::new();
    for input in &sig.inputs {
        match input {
            syn::FnArg::Receiver(receiver) => {
                let span = receiver.self_token.span;
                let ident = scopes.declare("this", span, receiver.mutability.is_some());
                scopes.visible.last_mut().expect("just declared").0 = "self".to_owned();
                let ty = receiver_type(receiver);
                scopes.type_last(&ty);
                params.push((syn::parse_quote!(#ident), ty));
            }
            syn::FnArg::Typed(typed) => {
                let mut pat = (*typed.pat).clone();
                let before = scopes.locals.len();
                scopes.bind(&mut pat);
                scopes.refuse_capital(&pat);
                if matches!(pat, Pat::Ident(_)) && scopes.locals.len() > before {
                    scopes.type_last(&typed.ty);
                }
                params.push((pat, (*typed.ty).clone()));
            }
        }
    }
    let Opened {
        mut block,
        mentioned,
    } = opened;
    scopes.visit_block_mut(&mut block);
    Resolved {
        locals: scopes.locals,
        params,
        block,
        mentions: scopes.mentions,
        mentioned,
        self_ty: None,
        bounds: Bounds::default(),
        module: None,
        copies: HashSet::new(),
    }
}

/// The type of `self`, `&self`, `self: Pin<&mut Self>` ...
fn receiver_type(receiver: &syn::Receiver) -> Type {
    match &receiver.kind {
        syn::ReceiverKind::Reference(and, lifetime, mutability) => {
            syn::parse_quote!(#and #lifetime #mutability Self)
        }
        syn::ReceiverKind::Typed(_, ty) => (**ty).clone(),
        _ => syn::parse_quote!(Self),
    }
}

struct Scopes<'s> {
    locals: Vec<Local>,
    /// Innermost last.
    visible: Vec<(String, LocalId)>,
    mentions: usize,
    /// How many closures and async blocks are around.
    foreign: usize,
    sink: &'s mut Sink,
}

impl Scopes<'_> {
    fn mention(&mut self) -> Mention {
        self.mentions += 1;
        Mention(self.mentions)
    }

    fn declare(&mut self, base: &str, span: Span, mutable: bool) -> Ident {
        if names::is_reserved(base) {
            self.sink.push(Diagnostic::new(
                Code::Unsupported,
                span,
                format!("the name `{base}` is reserved"),
                "it holds handroll's own mark",
                Some("rename it".into()),
            ));
        }
        let id = LocalId(self.locals.len());
        let base = base
            .strip_prefix("r#")
            .map_or_else(|| base.to_owned(), |_| base.to_owned());
        self.locals.push(Local {
            base: base.clone(),
            span,
            mutable,
            ty: None,
            foreign: self.foreign > 0,
            hidden: false,
            lent: false,
            out: false,
            joined: false,
            looks: None,
        });
        self.visible.push((base.clone(), id));
        let mention = self.mention();
        names::mark(&base, id, mention, span)
    }

    /// A pattern that always matches, and is one name with a capital: a variable, or the only value of a type.
    fn refuse_capital(&mut self, pat: &Pat) {
        let pat = match pat {
            Pat::Type(typed) => &*typed.pat,
            pat => pat,
        };
        if let Pat::Ident(pat) = pat
            && !binds(pat)
        {
            let name = &pat.ident;
            self.sink.push(Diagnostic::new(
                Code::Unsupported,
                name.span(),
                format!("`{name}` may be a variable or the value of a unit type"),
                "a name with a capital",
                Some("spell the variable in lower case; for a unit value, write `_`".into()),
            ));
        }
    }

    fn type_last(&mut self, ty: &Type) {
        self.locals.last_mut().expect("just declared").ty = Some(ty.clone());
    }

    fn find(&self, name: &str) -> Option<LocalId> {
        self.visible
            .iter()
            .rev()
            .find(|(visible, _)| visible == name)
            .map(|&(_, id)| id)
    }

    fn marked(&mut self, name: &str, span: Span) -> Option<Ident> {
        let id = self.find(name)?;
        let mention = self.mention();
        let base = self.locals[id.0].base.clone();
        Some(names::mark(&base, id, mention, span))
    }

    /// Declares what a pattern binds. In or-patterns the alternatives bind the same locals.
    fn bind(&mut self, pat: &mut Pat) {
        Binder {
            scopes: self,
            bound: Vec::new(),
        }
        .visit_pat_mut(pat);
    }

    /// A format string with the locals that it captures marked.
    fn captures(
        &mut self,
        lit: &syn::Lit,
        named: &HashSet<String>,
    ) -> Option<proc_macro2::Literal> {
        let syn::Lit::Str(text) = lit else {
            return None;
        };
        names::map_captures(&text.token(), &mut |name| {
            if named.contains(name) {
                return None;
            }
            self.marked(name, Span::call_site())
                .map(|ident| ident.to_string())
        })
    }

    fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        let depth = self.visible.len();
        inside(self);
        self.visible.truncate(depth);
    }

    fn foreign(&mut self, inside: impl FnOnce(&mut Self)) {
        self.foreign += 1;
        self.scoped(inside);
        self.foreign -= 1;
    }
}

struct Binder<'a, 's> {
    scopes: &'a mut Scopes<'s>,
    bound: Vec<(String, LocalId)>,
}

/// Whether an identifier pattern binds: constants and unit variants look the same, but are spelled with a capital.
pub(crate) fn binds(pat: &syn::PatIdent) -> bool {
    pat.by_ref.is_some()
        || pat.mutability.is_some()
        || pat.subpat.is_some()
        || !pat.ident.to_string().starts_with(char::is_uppercase)
}

/// Whether a pattern is one variable that takes the value.
pub(crate) fn takes_whole(pat: &Pat) -> bool {
    match pat {
        Pat::Paren(pat) => takes_whole(&pat.pat),
        Pat::Type(pat) => takes_whole(&pat.pat),
        Pat::Ident(pat) => pat.by_ref.is_none() && pat.subpat.is_none() && binds(pat),
        _ => false,
    }
}

impl VisitMut for Binder<'_, '_> {
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if binds(pat) {
            let name = pat.ident.to_string();
            let span = pat.ident.span();
            pat.ident = match self.bound.iter().find(|(bound, _)| *bound == name) {
                Some(&(_, id)) => {
                    let mention = self.scopes.mention();
                    names::mark(&name, id, mention, span)
                }
                None => {
                    let ident = self.scopes.declare(&name, span, pat.mutability.is_some());
                    self.bound
                        .push((name, names::local(&ident).expect("just marked")));
                    ident
                }
            };
        }
        if let Some((_, pat)) = &mut pat.subpat {
            self.visit_pat_mut(pat);
        }
    }

    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        if field.colon_token.is_none() {
            field.colon_token = Some(syn::Token![:](Span::call_site()));
        }
        self.visit_pat_mut(&mut field.pat);
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        self.scopes.visit_expr_mut(expr);
    }
}

impl VisitMut for Scopes<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {
        // Items see no locals.
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        self.scoped(|this| visit_mut::visit_block_mut(this, block));
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        if let Some(init) = &mut local.init {
            self.visit_expr_mut(&mut init.expr);
            if let Some((_, diverge)) = &mut init.diverge {
                self.visit_expr_mut(diverge);
            }
        }
        let before = self.locals.len();
        self.bind(&mut local.pat);
        if local
            .init
            .as_ref()
            .is_none_or(|init| init.diverge.is_none())
        {
            self.refuse_capital(&local.pat);
        }
        if let Pat::Type(typed) = &local.pat
            && matches!(*typed.pat, Pat::Ident(_))
            && self.locals.len() > before
        {
            self.locals[before].ty = Some((*typed.ty).clone());
        }
    }

    fn visit_expr_let_mut(&mut self, expr: &mut syn::ExprLet) {
        self.visit_expr_mut(&mut expr.expr);
        self.bind(&mut expr.pat);
    }

    fn visit_expr_if_mut(&mut self, expr: &mut syn::ExprIf) {
        self.scoped(|this| {
            this.visit_expr_mut(&mut expr.cond);
            this.visit_block_mut(&mut expr.then_branch);
        });
        if let Some((_, other)) = &mut expr.else_branch {
            self.visit_expr_mut(other);
        }
    }

    fn visit_expr_while_mut(&mut self, expr: &mut syn::ExprWhile) {
        self.scoped(|this| {
            this.visit_expr_mut(&mut expr.cond);
            this.visit_block_mut(&mut expr.body);
        });
    }

    fn visit_expr_for_loop_mut(&mut self, expr: &mut syn::ExprForLoop) {
        self.visit_expr_mut(&mut expr.expr);
        self.scoped(|this| {
            this.bind(&mut expr.pat);
            this.visit_block_mut(&mut expr.body);
        });
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        self.scoped(|this| {
            this.bind(&mut arm.pat);
            this.visit_expr_mut(&mut arm.body);
        });
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut syn::ExprClosure) {
        self.foreign(|this| {
            for input in &mut closure.inputs {
                this.bind(input);
            }
            this.visit_expr_mut(&mut closure.body);
        });
    }

    fn visit_expr_async_mut(&mut self, block: &mut syn::ExprAsync) {
        self.foreign(|this| this.visit_block_mut(&mut block.block));
    }

    fn visit_expr_path_mut(&mut self, expr: &mut syn::ExprPath) {
        if let Some(ident) = expr.path.get_ident()
            && expr.qself.is_none()
            && let Some(marked) = self.marked(&ident.to_string(), ident.span())
        {
            expr.path = marked.into();
        }
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        if field.colon_token.is_none() {
            field.colon_token = Some(syn::Token![:](Span::call_site()));
        }
        self.visit_expr_mut(&mut field.expr);
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let named = named_arguments(&mac.tokens);
        if crate::syntax::takes_expressions(mac)
            && (mac.has_await() || crate::syntax::has_acting_args(mac))
            && let Some(mut args) = crate::syntax::macro_args(mac)
        {
            // What awaits is taken apart, so that what binds in there must be known; so must what is assigned.
            for arg in &mut args {
                match arg {
                    Expr::Assign(named) => self.visit_expr_mut(&mut named.right),
                    Expr::Lit(found) => {
                        if let Some(captured) = self.captures(&found.lit, &named) {
                            found.lit = syn::Lit::new(captured);
                        }
                    }
                    arg => self.visit_expr_mut(arg),
                }
            }
            mac.tokens = quote::quote!(#(#args),*);
            return;
        }
        let tokens = std::mem::take(&mut mac.tokens);
        let this = std::cell::RefCell::new(self);
        mac.tokens = names::map_tokens(
            tokens,
            &mut |ident, around| {
                if around.variable() {
                    this.borrow_mut()
                        .marked(&ident.to_string(), ident.span())
                        .map(ToTokens::into_token_stream)
                } else {
                    None
                }
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    if named.contains(name) {
                        return None;
                    }
                    this.borrow_mut()
                        .marked(name, Span::call_site())
                        .map(|ident| ident.to_string())
                })
            },
        );
    }
}

/// The names that arguments behind a format string have there: `"{n}", n = count`. The string captures no local of that name.
fn named_arguments(tokens: &proc_macro2::TokenStream) -> HashSet<String> {
    use proc_macro2::{Spacing, TokenTree};
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    // Before the string of a log macro there may be fields: `target: "net", n = 5, "{n}"`.
    let is_comma =
        |at: usize| matches!(&trees[at], TokenTree::Punct(punct) if punct.as_char() == ',');
    let text = (0..trees.len()).rev().find(|&at| {
        let begins = at.checked_sub(1).is_none_or(is_comma);
        let ends = at + 1 == trees.len() || is_comma(at + 1);
        matches!(trees[at], TokenTree::Literal(_)) && begins && ends
    });
    let behind = &trees[text.unwrap_or(trees.len())..];
    let named = behind.windows(3).filter_map(|three| match three {
        [
            TokenTree::Punct(comma),
            TokenTree::Ident(name),
            TokenTree::Punct(sign),
        ] if comma.as_char() == ','
            && sign.as_char() == '='
            && sign.spacing() == Spacing::Alone =>
        {
            Some(name.to_string())
        }
        _ => None,
    });
    named.collect()
}
