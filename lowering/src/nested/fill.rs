//! Puts machines in the places of the calls that stood for them.

use super::{ARGUMENT, AROUND, CALL, Machine, Nested};
use crate::emit;
use crate::layout::Fresh;
use crate::names;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

/// What takes the place of a call, from the machine and the call's arguments.
type Place<'a> = &'a dyn Fn(&Machine, &[TokenStream]) -> TokenStream;

/// Puts the machines in the places of their calls. The function around them has these names for what is not the user's.
pub(crate) fn fill(tokens: TokenStream, nested: &Nested, around: &Fresh) -> TokenStream {
    put(tokens, nested, &|machine, arguments| {
        machine.expression(arguments, Some(around))
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
    /// The machine, made of what it captures, in a function that has these names for what is not the user's.
    fn expression(&self, arguments: &[TokenStream], around: Option<&Fresh>) -> TokenStream {
        fn given(
            tokens: TokenStream,
            arguments: &[TokenStream],
            around: &TokenStream,
        ) -> TokenStream {
            let one = |tree: TokenTree| match tree {
                TokenTree::Ident(ident) if names::with_text(&ident, |text| text == AROUND) => {
                    around.clone()
                }
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
                    let mut inner =
                        Group::new(group.delimiter(), given(group.stream(), arguments, around));
                    inner.set_span(group.span());
                    inner.into_token_stream()
                }
                tree => tree.into_token_stream(),
            };
            tokens.into_iter().map(one).collect()
        }
        let rt = &self.stages.layout.fresh.rt;
        let known = around.is_some_and(|around| around.rt == *rt);
        let alias = (!known).then(|| emit::alias(rt));
        // The command's output has no mark for it.
        let accepted = around.map(|around| around.accepted.to_token_stream());
        let accepted = accepted.unwrap_or_default();
        let machine = given(self.tokens.clone(), arguments, &accepted);
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
