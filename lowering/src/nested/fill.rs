//! Puts machines in the places of the calls that stood for them.

use super::{ARGUMENT, CALL, Machine, Nested};
use crate::emit;
use crate::names;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// What takes the place of a call, from the machine and the call's arguments.
type Place<'a> = &'a dyn Fn(&Machine, &[TokenStream]) -> TokenStream;

/// Puts the machines in the places of their calls. The function around them has the runtime under the name `rt`.
pub(crate) fn fill(tokens: TokenStream, nested: &Nested, rt: &Ident) -> TokenStream {
    put(tokens, nested, &|machine, arguments| {
        machine.expression(arguments, Some(rt))
    })
}

fn put(tokens: TokenStream, nested: &Nested, place: Place<'_>) -> TokenStream {
    if nested.machines.is_empty() {
        return tokens;
    }
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = TokenStream::new();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        at += 1;
        match tree {
            TokenTree::Ident(ident) => match (called(ident, nested), trees.get(at)) {
                (Some(machine), Some(TokenTree::Group(arguments))) => {
                    at += 1;
                    let arguments = put(arguments.stream(), nested, place);
                    out.extend(place(machine, &split(arguments)));
                }
                _ => out.extend([tree.clone()]),
            },
            TokenTree::Group(group) => {
                let inside = put(group.stream(), nested, place);
                let mut inner = Group::new(group.delimiter(), inside);
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            tree => out.extend([tree.clone()]),
        }
    }
    out
}

fn called<'n>(ident: &Ident, nested: &'n Nested) -> Option<&'n Machine> {
    let index = names::with_text(ident, |text| {
        text.strip_prefix(CALL)
            .and_then(|text| text.parse::<usize>().ok())
    });
    nested.machines.get(index?)
}

/// The arguments of a call.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    for tree in tokens {
        match &tree {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                arguments.push(TokenStream::new());
            }
            _ => arguments
                .last_mut()
                .expect("there is one at least")
                .extend([tree]),
        }
    }
    arguments
}

impl Machine {
    /// The machine, made of what it captures, in a block where `known` names the runtime.
    fn expression(&self, arguments: &[TokenStream], known: Option<&Ident>) -> TokenStream {
        fn given(tokens: TokenStream, arguments: &[TokenStream]) -> TokenStream {
            let one = |tree: TokenTree| match tree {
                TokenTree::Ident(ident) => {
                    let index = names::with_text(&ident, |text| {
                        text.strip_prefix(ARGUMENT)
                            .and_then(|text| text.parse::<usize>().ok())
                    });
                    match index.and_then(|index| arguments.get(index)) {
                        Some(argument) => argument.clone(),
                        None => ident.into_token_stream(),
                    }
                }
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), given(group.stream(), arguments));
                    inner.set_span(group.span());
                    inner.into_token_stream()
                }
                tree => tree.into_token_stream(),
            };
            tokens.into_iter().map(one).collect()
        }
        let rt = &self.stages.layout.fresh.rt;
        let alias = (known != Some(rt)).then(|| emit::alias(rt));
        let machine = given(self.tokens.clone(), arguments);
        quote!({ #alias #machine })
    }

    /// The machine where its block stood.
    pub(crate) fn in_place(&self) -> TokenStream {
        let arguments: Vec<TokenStream> = self
            .arguments
            .iter()
            .map(ToTokens::to_token_stream)
            .collect();
        self.expression(&arguments, None)
    }
}
