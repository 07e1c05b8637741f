//! Templates of `macro_rules!`, with what their metavariables stand for.

use super::super::spelling;
use super::matching::{Bindings, Bound, repetition};
use super::{MARK, punct};
use proc_macro2::{Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use std::collections::HashMap;

/// The template with its metavariables replaced and its own identifiers marked.
pub(super) fn transcribe(
    template: &TokenStream,
    bindings: &Bindings,
    span: Span,
) -> Option<TokenStream> {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    let mut out = TokenStream::new();
    let mut i = 0;
    while i < trees.len() {
        match (&trees[i], trees.get(i + 1)) {
            (TokenTree::Punct(dollar), Some(TokenTree::Ident(name))) if dollar.as_char() == '$' => {
                if name == "crate" {
                    out.extend([TokenTree::Ident(Ident::new("crate", span))]);
                } else {
                    let Bound::One(one) = bindings.get(&name.to_string())? else {
                        return None;
                    };
                    out.extend(one.tokens.clone());
                }
                i += 2;
            }
            (TokenTree::Punct(dollar), Some(TokenTree::Group(group)))
                if dollar.as_char() == '$' =>
            {
                let (separator, _, end) = repetition(&trees, i + 2)?;
                let rounds = rounds(&group.stream(), bindings)?;
                for (n, round) in rounds.iter().enumerate() {
                    if n > 0
                        && let Some(separator) = separator
                    {
                        out.extend([TokenTree::Punct(Punct::new(separator, Spacing::Alone))]);
                    }
                    let mut all = bindings.clone();
                    all.extend(round.clone());
                    out.extend(transcribe(&group.stream(), &all, span)?);
                }
                i = end;
            }
            (TokenTree::Group(group), _) => {
                let mut inner = Group::new(
                    group.delimiter(),
                    transcribe(&group.stream(), bindings, span)?,
                );
                inner.set_span(span);
                out.extend([TokenTree::Group(inner)]);
                i += 1;
            }
            (TokenTree::Ident(name), _) if name == "stringify" => {
                let text = spelled(&trees[i + 1..], bindings)?;
                let mut text = Literal::string(&text);
                text.set_span(span);
                out.extend([TokenTree::Literal(text)]);
                i += 3;
            }
            (TokenTree::Ident(ident), _) => {
                let name = ident.to_string();
                let after_quote = i > 0 && punct(trees.get(i - 1)) == Some('\'');
                let markable = name.starts_with(|c: char| c.is_lowercase() || c == '_')
                    && name != "_"
                    && !after_quote
                    && syn::parse_str::<Ident>(&name).is_ok();
                let name = if markable {
                    format!("{name}{MARK}")
                } else {
                    name
                };
                let new = match name.strip_prefix("r#") {
                    Some(raw) => Ident::new_raw(raw, span),
                    None => Ident::new(&name, span),
                };
                out.extend([TokenTree::Ident(new)]);
                i += 1;
            }
            (tree, _) => {
                let mut tree = tree.clone();
                tree.set_span(span);
                out.extend([tree]);
                i += 1;
            }
        }
    }
    Some(out)
}

/// What `stringify!($name)` gives, of which the `stringify` is gone.
fn spelled(rest: &[TokenTree], bindings: &Bindings) -> Option<String> {
    let [TokenTree::Punct(bang), TokenTree::Group(group), ..] = rest else {
        return None;
    };
    let trees: Vec<TokenTree> = group.stream().into_iter().collect();
    let [TokenTree::Punct(dollar), TokenTree::Ident(name)] = &trees[..] else {
        return None;
    };
    let Bound::One(one) = bindings.get(&name.to_string())? else {
        return None;
    };
    let known = bang.as_char() == '!' && dollar.as_char() == '$';
    known.then(|| spelling::tokens(&one.given)).flatten()
}

/// The template with its own labels, which no other macro or the function may jump to, under names that these do not use.
pub(super) fn relabel(template: &TokenStream, labels: &HashMap<String, String>) -> TokenStream {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    let mut out = TokenStream::new();
    for (i, tree) in trees.iter().enumerate() {
        let quoted = i > 0 && punct(trees.get(i - 1)) == Some('\'');
        out.extend([match tree {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), relabel(&group.stream(), labels));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            TokenTree::Ident(ident) if quoted => match labels.get(&ident.to_string()) {
                Some(name) => TokenTree::Ident(Ident::new(name, ident.span())),
                None => tree.clone(),
            },
            tree => tree.clone(),
        }]);
    }
    out
}

/// The labels that a template puts on blocks and loops.
pub(super) fn labels(template: &TokenStream, found: &mut Vec<String>) {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => labels(&group.stream(), found),
            TokenTree::Ident(name)
                if i > 0
                    && punct(trees.get(i - 1)) == Some('\'')
                    && punct(trees.get(i + 1)) == Some(':') =>
            {
                found.push(name.to_string());
            }
            _ => {}
        }
    }
}

/// The rounds of a repetition: those of a metavariable in it.
fn rounds(template: &TokenStream, bindings: &Bindings) -> Option<Vec<Bindings>> {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let found = match tree {
            TokenTree::Group(group) => rounds(&group.stream(), bindings),
            TokenTree::Ident(name) if i > 0 && punct(trees.get(i - 1)) == Some('$') => {
                match bindings.get(&name.to_string()) {
                    Some(Bound::Many(rounds)) => Some(rounds.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
