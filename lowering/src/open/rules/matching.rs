//! Matchers of `macro_rules!`, and what their metavariables stand for.

use super::{guarded, punct};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{HashMap, HashSet};
use syn::Pat;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

/// What a metavariable stands for.
#[derive(Clone)]
pub(super) enum Bound {
    One(One),
    Many(Vec<HashMap<String, Bound>>),
}

/// What stands for one metavariable, and the trees that it was made of.
#[derive(Clone)]
pub(super) struct One {
    pub(super) tokens: TokenStream,
    pub(super) given: Vec<TokenTree>,
}

pub(super) type Bindings = HashMap<String, Bound>;

/// A repetition's separator and operator, and where it ends: what stands behind `$( .. )`.
pub(super) fn repetition(trees: &[TokenTree], at: usize) -> Option<(Option<char>, char, usize)> {
    let op = |tree: Option<&TokenTree>| punct(tree).filter(|c| "*+?".contains(*c));
    if let Some(op) = op(trees.get(at)) {
        return Some((None, op, at + 1));
    }
    Some((Some(punct(trees.get(at))?), op(trees.get(at + 1))?, at + 2))
}

/// Matches a pattern with the front of the input; gives how much of that it took.
pub(super) fn matches(
    pattern: &[TokenTree],
    input: &[TokenTree],
    bindings: &mut Bindings,
) -> Option<usize> {
    let mut at = 0;
    let mut i = 0;
    while i < pattern.len() {
        match (&pattern[i], pattern.get(i + 1)) {
            (TokenTree::Punct(dollar), Some(TokenTree::Ident(name)))
                if dollar.as_char() == '$' && punct(pattern.get(i + 2)) == Some(':') =>
            {
                let Some(TokenTree::Ident(kind)) = pattern.get(i + 3) else {
                    return None;
                };
                let (tokens, taken) = fragment(&kind.to_string(), &input[at..])?;
                let given = input[at..at + taken].to_vec();
                bindings.insert(name.to_string(), Bound::One(One { tokens, given }));
                at += taken;
                i += 4;
            }
            (TokenTree::Punct(dollar), Some(TokenTree::Group(group)))
                if dollar.as_char() == '$' =>
            {
                let (separator, op, end) = repetition(pattern, i + 2)?;
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut rounds: Vec<Bindings> = Vec::new();
                loop {
                    let mut from = at;
                    if let Some(separator) = separator
                        && !rounds.is_empty()
                    {
                        if punct(input.get(from)) != Some(separator) {
                            break;
                        }
                        from += 1;
                    }
                    let mut round = Bindings::new();
                    let Some(taken) = matches(&inner, &input[from..], &mut round) else {
                        break;
                    };
                    if from + taken == at {
                        break;
                    }
                    at = from + taken;
                    rounds.push(round);
                    if op == '?' {
                        break;
                    }
                }
                if op == '+' && rounds.is_empty() {
                    return None;
                }
                let mut names = HashSet::new();
                metavariables(&inner, &mut names);
                for name in names {
                    bindings.insert(name, Bound::Many(rounds.clone()));
                }
                i = end;
            }
            (TokenTree::Group(group), _) => {
                let Some(TokenTree::Group(found)) = input.get(at) else {
                    return None;
                };
                if found.delimiter() != group.delimiter() {
                    return None;
                }
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let given: Vec<TokenTree> = found.stream().into_iter().collect();
                if matches(&inner, &given, bindings)? != given.len() {
                    return None;
                }
                at += 1;
                i += 1;
            }
            (literal, _) => {
                let found = input.get(at)?;
                if matches!(found, TokenTree::Group(_)) || found.to_string() != literal.to_string()
                {
                    return None;
                }
                at += 1;
                i += 1;
            }
        }
    }
    Some(at)
}

/// The names that a pattern binds.
fn metavariables(pattern: &[TokenTree], names: &mut HashSet<String>) {
    for (i, tree) in pattern.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                metavariables(&inner, names);
            }
            TokenTree::Ident(name)
                if i > 0
                    && punct(pattern.get(i - 1)) == Some('$')
                    && punct(pattern.get(i + 1)) == Some(':') =>
            {
                names.insert(name.to_string());
            }
            _ => {}
        }
    }
}

/// What a fragment takes from the front of the input, and how many trees that is.
fn fragment(kind: &str, input: &[TokenTree]) -> Option<(TokenStream, usize)> {
    if kind == "tt" {
        return Some((input.first()?.clone().into(), 1));
    }
    let parse = |stream: ParseStream<'_>| -> syn::Result<(TokenStream, TokenStream)> {
        let tokens = match kind {
            "expr" | "expr_2021" => guarded(stream.parse()?).into_token_stream(),
            "ident" => stream
                .call(proc_macro2::Ident::parse_any)
                .map(ToTokens::into_token_stream)?,
            "ty" => stream.parse::<syn::Type>()?.into_token_stream(),
            "path" => stream.parse::<syn::Path>()?.into_token_stream(),
            "pat" => Pat::parse_multi(stream)?.into_token_stream(),
            "pat_param" => Pat::parse_single(stream)?.into_token_stream(),
            "literal" => stream.parse::<syn::Lit>()?.into_token_stream(),
            "lifetime" => stream.parse::<syn::Lifetime>()?.into_token_stream(),
            "block" => stream.parse::<syn::Block>()?.into_token_stream(),
            _ => return Err(stream.error("not known")),
        };
        Ok((tokens, stream.parse()?))
    };
    let given: TokenStream = input.iter().cloned().collect();
    let (tokens, rest) = parse.parse2(given).ok()?;
    Some((tokens, input.len().checked_sub(rest.into_iter().count())?))
}
