//! Async blocks as machines of their own.
//!
//! ```text
//! // Input:
//! spawn(async move { serve(socket).await });
//! // Output:
//! spawn({
//!     enum BlockState<Serve, Socket> { .. }
//!     rt::Machine::new(BlockState::Start { socket }, |state, cx| { .. })
//! });
//! ```
//!
//! A block is lowered as an async function would be whose parameters are what it captures. What it captures, and whether by value or by
//! reference, is settled by [`captures`]; where only types would tell, the block stays as it is, and the compiler lowers it.
//!
//! The passes over the function around it see a call in the block's place, whose arguments are the captures: `block__hr_0(socket)`. So
//! the captures are used there like the arguments of any call, and the machine goes in once all else is written.

mod captures;
mod fill;

pub(crate) use fill::fill;

use crate::diagnostics::Diagnostic;
use crate::emit;
use crate::lower::{self, Stages};
use crate::names::{self, LocalId};
use crate::open::{Opened, open};
use crate::parse::{Found, Kind};
use crate::report::{Options, Output};
use crate::resolve::{Resolved, resolve};
use crate::types::Table;
use captures::{Around, Capture, Dereference, declared};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::HashSet;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat};

/// The async blocks of a function that were lowered, and those that were not.
#[derive(Default)]
pub(crate) struct Nested {
    pub(crate) machines: Vec<Machine>,
    pub(crate) native: Vec<Native>,
}

impl Nested {
    /// The block that begins at a byte.
    pub(crate) fn at(&self, byte: usize) -> Option<&Machine> {
        self.machines.iter().find_map(|machine| {
            let here = machine.found.bytes.start == byte;
            if here {
                Some(machine)
            } else {
                machine.inner.at(byte)
            }
        })
    }
}

/// A lowered block.
pub(crate) struct Machine {
    pub(crate) found: Found,
    pub(crate) stages: Stages,
    /// Its expression. Where it names a capture stands a mark for the argument.
    tokens: TokenStream,
    /// What it captures, as the function around it names that.
    arguments: Vec<Expr>,
    /// The blocks inside.
    pub(crate) inner: Nested,
}

/// A block that stays as it is.
pub(crate) struct Native {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) span: Span,
    pub(crate) why: String,
}

const CALL: &str = "block__hr_";
const ARGUMENT: &str = "capture__hr_";
const AROUND: &str = "around__hr_";

/// Whether an identifier stands for a block.
pub(crate) fn is_block(ident: &Ident) -> bool {
    names::with_text(ident, |text| text.starts_with(CALL))
}

/// What stands for the value of a machine's capture.
pub(crate) fn argument(index: usize) -> Ident {
    format_ident!("{ARGUMENT}{index}")
}

/// What stands, in an expansion, for the [`accepted`](crate::layout::Fresh::accepted) original of the function around.
pub(crate) fn around(span: Span) -> Ident {
    Ident::new(AROUND, span)
}

/// Lowers the async blocks of a body, and puts calls in their places.
pub(crate) fn nested(
    found: &Found,
    opened: Opened,
    table: &Table,
    options: &Options,
) -> (Opened, Nested) {
    if !has_blocks(&opened.block) {
        return (opened, Nested::default());
    }
    let mut block = opened.block.clone();
    let mut opening = Open {
        found,
        table,
        options,
        originals: Vec::new(),
    };
    opening.visit_block_mut(&mut block);
    let originals = opening.originals;
    let mut sink = Vec::new();
    let mentioned = opened.mentioned.clone();
    let mut resolved = resolve(&found.sig, Opened { block, mentioned }, &mut sink);
    if !sink.is_empty() {
        // The function itself is refused for that.
        return (opened, Nested::default());
    }
    let mut block = std::mem::replace(&mut resolved.block, syn::parse_quote!({}));
    let receiver = receiver(&found.sig, &resolved);
    let mut replace = Replace {
        found,
        around: Around::of(&resolved, &block, table, options.edition),
        receiver,
        options,
        nested: Nested::default(),
        again: Vec::new(),
        borrowed: false,
    };
    replace.visit_block_mut(&mut block);
    let nested = replace.nested;
    let mut unmark = Unmark {
        resolved: &resolved,
        receiver,
    };
    unmark.visit_block_mut(&mut block);
    Restore { originals }.visit_block_mut(&mut block);
    let mentioned = opened.mentioned;
    (Opened { block, mentioned }, nested)
}

fn has_blocks(block: &syn::Block) -> bool {
    struct Blocks(bool);
    impl<'ast> Visit<'ast> for Blocks {
        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {
            self.0 = true;
        }
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            self.0 |= crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "async");
        }
        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    let mut blocks = Blocks(false);
    blocks.visit_block(block);
    blocks.0
}

fn receiver(sig: &syn::Signature, resolved: &Resolved) -> Option<LocalId> {
    let mut params = sig.inputs.iter().zip(&resolved.params);
    params.find_map(|(input, (pat, _))| match (input, pat) {
        (syn::FnArg::Receiver(_), Pat::Ident(pat)) => names::local(&pat.ident),
        _ => None,
    })
}

/// Opens the macros inside of blocks, and keeps what they were.
struct Open<'a> {
    found: &'a Found,
    table: &'a Table,
    options: &'a Options,
    originals: Vec<syn::ExprAsync>,
}

impl VisitMut for Open<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
    fn visit_expr_async_mut(&mut self, block: &mut syn::ExprAsync) {
        if !block.attrs.is_empty() {
            return;
        }
        let opened = open(
            &self.found.sig,
            &block.block,
            self.table,
            self.options.edition,
        );
        if opened.block == block.block {
            return;
        }
        let index = self.originals.len();
        self.originals.push(block.clone());
        block.block = opened.block;
        block.attrs.push(syn::parse_quote!(#[original__hr(#index)]));
    }
}

fn original(block: &syn::ExprAsync) -> Option<usize> {
    let attr = block.attrs.first()?;
    let index: syn::LitInt = attr
        .path()
        .is_ident("original__hr")
        .then(|| attr.parse_args().ok())??;
    index.base10_parse().ok()
}

/// Puts blocks that stay as they are back to what they were.
struct Restore {
    originals: Vec<syn::ExprAsync>,
}

impl VisitMut for Restore {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
    fn visit_expr_async_mut(&mut self, block: &mut syn::ExprAsync) {
        if let Some(index) = original(block) {
            *block = self.originals[index].clone();
        } else {
            visit_mut::visit_expr_async_mut(self, block);
        }
    }
}

struct Replace<'a> {
    found: &'a Found,
    around: Around<'a>,
    /// The local of `self`.
    receiver: Option<LocalId>,
    options: &'a Options,
    nested: Nested,
    /// What is declared inside of each loop and closure around.
    again: Vec<HashSet<LocalId>>,
    /// Inside of a closure or block that borrows what it mentions.
    borrowed: bool,
}

impl Replace<'_> {
    /// The call that takes a block's place, if it is lowered.
    fn replace(&mut self, block: &syn::ExprAsync) -> Option<Expr> {
        let line = block.async_token.span.start().line;
        let path = format!("{}::{{async block at line {line}}}", self.found.path);
        let captures = if self.borrowed && self.options.output == Output::Expansion {
            // What the machine is checked through would be borrowed from the function like the rest.
            Err("a closure or block without `move` is around it".to_owned())
        } else {
            self.around.captures(block, &self.again)
        };
        match captures.and_then(|captures| self.lower(block, &captures, &path)) {
            Ok((machine, arguments)) => {
                let span = block.async_token.span;
                let name = format_ident!("{CALL}{}", self.nested.machines.len(), span = span);
                let mut call: syn::ExprCall = syn::parse_quote!(#name(#(#arguments),*));
                let mut paren = Group::new(Delimiter::Parenthesis, TokenStream::new());
                paren.set_span(block.block.brace_token.span.join());
                call.paren_token.span = paren.delim_span();
                self.nested.machines.push(machine);
                Some(Expr::Call(call))
            }
            Err(why) => {
                let span = block.async_token.span;
                self.nested.native.push(Native {
                    path,
                    line,
                    span,
                    why,
                });
                None
            }
        }
    }

    /// The machine of a block, and what it captures.
    fn lower(
        &self,
        block: &syn::ExprAsync,
        captures: &[Capture],
        path: &str,
    ) -> Result<(Machine, Vec<Expr>), String> {
        let resolved = self.around.resolved;
        let mut unmark = Unmark {
            resolved,
            receiver: self.receiver,
        };
        let mut inner = block.block.clone();
        Dereference { captures }.visit_block_mut(&mut inner);
        unmark.visit_block_mut(&mut inner);
        let name = Ident::new("block", block.async_token.span);
        let mut sig: syn::Signature = syn::parse_quote!(async fn #name() -> _);
        // What drops first was declared last.
        let reversed = captures.iter().rev();
        sig.inputs = reversed.map(|capture| self.parameter(capture)).collect();
        let generics = self.found.outer.iter().chain([&self.found.sig.generics]);
        let generics = generics.flat_map(|generics| &generics.params);
        let (start, close) = (block.async_token.span, block.block.brace_token.span.close());
        let found = Found {
            path: path.to_owned(),
            bytes: start.byte_range().start..close.byte_range().end,
            lines: (start.start().line, close.end().line),
            awaits: crate::syntax::count_awaits(&inner),
            attrs: Vec::new(),
            vis: syn::Visibility::Inherited,
            sig,
            block: inner,
            outer: Some(syn::parse_quote!(<#(#generics),*>)),
            self_ty: None,
            module: self.found.module.clone(),
            kind: Kind::Block,
            around: Vec::new(),
            recursive: false,
        };
        let options = Options {
            name: None,
            ..self.options.clone()
        };
        let lower::Copies { copies, nested } =
            lower::function(&found, self.around.table, &options).map_err(|found| why(&found))?;
        let mut copies = copies.into_iter();
        let (Some((tokens, stages)), None) = (copies.next(), copies.next()) else {
            return Err("it has several configurations".to_owned());
        };
        let arguments: Vec<Expr> = captures.iter().rev().map(Capture::argument).collect();
        let mut written = arguments.clone();
        let written_as = |argument| unmark.visit_expr_mut(argument);
        written.iter_mut().for_each(written_as);
        let machine = Machine {
            found,
            stages,
            tokens,
            arguments: written,
            inner: nested,
        };
        Ok((machine, arguments))
    }

    /// A capture as a parameter.
    fn parameter(&self, capture: &Capture) -> syn::FnArg {
        let local = &self.around.resolved.locals[capture.local.0];
        if Some(capture.local) == self.receiver {
            let mut inputs = self.found.sig.inputs.iter();
            let receiver = inputs.find(|input| matches!(input, syn::FnArg::Receiver(_)));
            return receiver.cloned().expect("`self` is one of them");
        }
        let name = source_name(&local.base, local.span);
        let mutability = (local.mutable && !capture.by_reference).then(|| quote!(mut));
        let ty = match &local.ty {
            _ if capture.by_reference => quote!(&_),
            Some(ty) if !emit::has_impl(ty) => ty.to_token_stream(),
            _ => quote!(_),
        };
        syn::parse_quote!(#mutability #name: #ty)
    }

    fn capturing(&mut self, by_move: bool, inside: impl FnOnce(&mut Self)) {
        let outer = self.borrowed;
        self.borrowed |= !by_move;
        inside(self);
        self.borrowed = outer;
    }

    fn repeated(&mut self, declares: HashSet<LocalId>, inside: impl FnOnce(&mut Self)) {
        self.again.push(declares);
        inside(self);
        self.again.pop();
    }
}

/// What keeps a block from being lowered.
fn why(diagnostics: &[Diagnostic]) -> String {
    let first = diagnostics.first();
    first.map_or_else(String::new, |found| found.message.clone())
}

fn source_name(base: &str, span: Span) -> Ident {
    match base.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, span),
        None => Ident::new(base, span),
    }
}

impl VisitMut for Replace<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Async(block) = expr
            && (block.attrs.is_empty() || original(block).is_some())
        {
            if let Some(call) = self.replace(block) {
                *expr = call;
                return;
            }
            if original(block).is_some() {
                return;
            }
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_async_mut(&mut self, expr: &mut syn::ExprAsync) {
        self.capturing(expr.capture.is_some(), |this| {
            visit_mut::visit_expr_async_mut(this, expr);
        });
    }

    fn visit_expr_loop_mut(&mut self, expr: &mut syn::ExprLoop) {
        let declares = declared(|found| found.visit_expr_loop(expr));
        self.repeated(declares, |this| visit_mut::visit_expr_loop_mut(this, expr));
    }

    fn visit_expr_while_mut(&mut self, expr: &mut syn::ExprWhile) {
        let declares = declared(|found| found.visit_expr_while(expr));
        self.repeated(declares, |this| visit_mut::visit_expr_while_mut(this, expr));
    }

    fn visit_expr_for_loop_mut(&mut self, expr: &mut syn::ExprForLoop) {
        let declares = declared(|found| found.visit_expr_for_loop(expr));
        self.repeated(declares, |this| {
            visit_mut::visit_expr_for_loop_mut(this, expr);
        });
    }

    fn visit_expr_closure_mut(&mut self, expr: &mut syn::ExprClosure) {
        let declares = declared(|found| found.visit_expr_closure(expr));
        self.repeated(declares, |this| {
            this.capturing(expr.capture.is_some(), |this| {
                visit_mut::visit_expr_closure_mut(this, expr);
            });
        });
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let has_async = crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "async");
        if has_async && let Some(mut args) = captures::known_args(mac) {
            let before = self.nested.machines.len();
            args.iter_mut().for_each(|arg| self.visit_expr_mut(arg));
            if self.nested.machines.len() > before {
                mac.tokens = quote!(#(#args),*);
            }
        }
    }
}

/// Gives locals the names of the source again.
struct Unmark<'a> {
    resolved: &'a Resolved,
    /// The local of `self`.
    receiver: Option<LocalId>,
}

impl Unmark<'_> {
    fn name(&self, ident: &Ident) -> Option<Ident> {
        let local = names::local(ident)?;
        if Some(local) == self.receiver {
            return Some(Ident::new("self", ident.span()));
        }
        let base = &self.resolved.locals.get(local.0)?.base;
        Some(source_name(base, ident.span()))
    }
}

impl VisitMut for Unmark<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(name) = self.name(ident) {
            *ident = name;
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        mac.tokens = names::map_tokens(
            std::mem::take(&mut mac.tokens),
            &mut |ident, _| self.name(ident).map(ToTokens::into_token_stream),
            &mut |literal| {
                names::map_captures(literal, &mut |text| {
                    names::unmark(text)?;
                    let name = self.name(&Ident::new(text, Span::call_site()))?;
                    Some(name.to_string())
                })
            },
        );
    }

    fn visit_lit_mut(&mut self, lit: &mut syn::Lit) {
        if let syn::Lit::Str(text) = lit
            && let Some(text) = names::map_captures(&text.token(), &mut |text| {
                names::unmark(text)?;
                let name = self.name(&Ident::new(text, Span::call_site()))?;
                Some(name.to_string())
            })
        {
            *lit = syn::Lit::new(text);
        }
    }
}
