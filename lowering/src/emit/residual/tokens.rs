//! Questions about emitted tokens: labels and declarations in them.

use crate::emit::mentions::Mentions;
use crate::layout::Layout;
use crate::names::{self, LocalId, Mention};
use crate::sets::Set;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};

/// Leaves out declarations without a value, `let x;`, of locals that nothing else in the code mentions.
pub(in crate::emit) fn prune_declarations(tokens: TokenStream, layout: &Layout) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
    let mut i = 0;
    while i < trees.len() {
        if let Some((local, len)) = empty_declaration(&trees[i..], layout) {
            let rest: TokenStream = trees[i + len..].iter().cloned().collect();
            if !Mentions::of(&rest, layout).has(local) {
                i += len;
                continue;
            }
        }
        match &trees[i] {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(
                    group.delimiter(),
                    prune_declarations(group.stream(), layout),
                );
                inner.set_span(group.span());
                out.push(inner.into());
            }
            tree => out.push(tree.clone()),
        }
        i += 1;
    }
    out.into_iter().collect()
}

/// The local of a `let x;`, `let x: T;` or `let mut x = rt::Live::vacant();` that begins here, and its length.
fn empty_declaration(trees: &[TokenTree], layout: &Layout) -> Option<(LocalId, usize)> {
    let [TokenTree::Ident(first), rest @ ..] = trees else {
        return None;
    };
    if first != "let" {
        return None;
    }
    let skip =
        usize::from(matches!(rest.first(), Some(TokenTree::Ident(ident)) if *ident == "mut"));
    let TokenTree::Ident(name) = rest.get(skip)? else {
        return None;
    };
    let end = rest[skip + 1..].iter().position(
        |tree| matches!(tree, TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | '=')),
    )?;
    let punct = &rest[skip + 1 + end];
    let mut len = skip + end + 3;
    if !matches!(punct, TokenTree::Punct(punct) if punct.as_char() == ';') {
        // `rt :: Live :: vacant ( ) ;`
        const VACANT: usize = 6;
        if !matches!(trees.get(len + VACANT), Some(TokenTree::Ident(ident)) if ident == "vacant") {
            return None;
        }
        len += VACANT + 3;
    }
    let local = names::local(name).or_else(|| layout.by_name(name))?;
    Some((local, len))
}

/// Whether the tokens declare a local themselves.
pub(super) fn declares_local(tokens: &TokenStream, local: LocalId, name: &Ident) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut i = 0;
    while i < trees.len() {
        match &trees[i] {
            TokenTree::Ident(ident) if ident == "let" => {
                let mut next = i + 1;
                if matches!(&trees.get(next), Some(TokenTree::Ident(ident)) if *ident == "mut") {
                    next += 1;
                }
                if let Some(TokenTree::Ident(ident)) = trees.get(next)
                    && (names::local(ident) == Some(local) || ident == name)
                    && !is_captured(ident, &trees[next + 1..])
                {
                    return true;
                }
            }
            TokenTree::Group(group) if declares_local(&group.stream(), local, name) => return true,
            _ => {}
        }
        i += 1;
    }
    false
}

/// `let mut name = value;`
pub(in crate::emit) struct Binding<'t> {
    pub(in crate::emit) mutability: Option<&'t Ident>,
    pub(in crate::emit) name: &'t Ident,
}

impl<'t> Binding<'t> {
    /// The binding of this value that the tokens begin with.
    pub(in crate::emit) fn of(trees: &'t [TokenTree], value: &Ident) -> Option<Self> {
        let (binding, bound) = Binding::any(trees)?;
        (bound == value).then_some(binding)
    }

    /// The binding of a variable that the tokens begin with, and that variable.
    pub(in crate::emit) fn any(trees: &'t [TokenTree]) -> Option<(Self, &'t Ident)> {
        let [TokenTree::Ident(keyword), rest @ ..] = trees else {
            return None;
        };
        if keyword != "let" {
            return None;
        }
        let (mutability, rest) = match rest {
            [TokenTree::Ident(word), rest @ ..] if word == "mut" => (Some(word), rest),
            rest => (None, rest),
        };
        match rest {
            [
                TokenTree::Ident(name),
                equals,
                TokenTree::Ident(value),
                end,
                ..,
            ] if is_punct(equals, '=') && is_punct(end, ';') => {
                Some((Binding { mutability, name }, value))
            }
            _ => None,
        }
    }

    pub(in crate::emit) fn length(mutability: Option<&Ident>) -> usize {
        5 + usize::from(mutability.is_some())
    }
}

/// Whether code binds a local that it finds bound again: `let x = x;`, or `let _x = x;` only to drop it in its place.
pub(super) fn binds_again(code: &TokenStream, name: &Ident) -> bool {
    let trees: Vec<TokenTree> = code.clone().into_iter().collect();
    let silent = format_ident!("_{}", name);
    let again = |at: usize| {
        Binding::any(&trees[at..]).is_some_and(|(binding, value)| {
            value == name && (binding.name == name || *binding.name == silent)
        })
    };
    (0..trees.len()).any(|at| match &trees[at] {
        TokenTree::Group(group) => binds_again(&group.stream(), name),
        _ => again(at),
    })
}

pub(in crate::emit) fn is_punct(tree: &TokenTree, char: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// Whether code may run something, which can panic, before it moves a local. `moves`: the mentions that do.
pub(super) fn runs_before(
    code: &TokenStream,
    local: LocalId,
    name: &Ident,
    moves: &Set<Mention>,
) -> bool {
    reaches(code, local, name, moves) != Way::Move
}

/// What code comes to first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    End,
    Move,
    Call,
}

fn reaches(code: &TokenStream, local: LocalId, name: &Ident, moves: &Set<Mention>) -> Way {
    let trees: Vec<TokenTree> = code.clone().into_iter().collect();
    let is_word = |at: usize, words: &[&str]| matches!(trees.get(at), Some(TokenTree::Ident(word)) if words.iter().any(|other| word == other));
    let is_mark = |at: usize, mark: char| trees.get(at).is_some_and(|tree| is_punct(tree, mark));
    for (i, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Ident(ident) => {
                let mention = names::mention(ident);
                let moved = |(other, mention)| other == local && moves.contains(&mention);
                if mention.map_or(ident == name, moved) {
                    return Way::Move;
                }
            }
            TokenTree::Group(group) => {
                let inside = reaches(&group.stream(), local, name, moves);
                // A place of ours: `rt::at!(x)`.
                let place = i > 1 && is_mark(i - 1, '!') && is_word(i - 2, &["at", "out"]);
                let alone = group.delimiter() == Delimiter::Brace || i == 0 || is_mark(i - 1, '=');
                if inside != Way::End || !(place || alone) {
                    return if inside == Way::End {
                        Way::Call
                    } else {
                        inside
                    };
                }
            }
            TokenTree::Punct(punct)
                if !matches!(punct.as_char(), '.' | ',' | ':' | '&' | '=' | ';' | '!') =>
            {
                return Way::Call;
            }
            // An assignment drops the value before it.
            TokenTree::Punct(punct) if punct.as_char() == '=' => {
                let first = trees[..i].iter().rposition(
                    |tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'),
                );
                if !is_word(first.map_or(0, |first| first + 1), &["let"]) {
                    return Way::Call;
                }
            }
            _ => {}
        }
    }
    Way::End
}

/// Whether a `let x` goes on with `= rt::pointer!(x)` or the like, which hands a local to a closure.
fn is_captured(declared: &Ident, trees: &[TokenTree]) -> bool {
    let Some(end) = trees
        .iter()
        .position(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ';'))
    else {
        return false;
    };
    let [.., TokenTree::Punct(bang), TokenTree::Group(group)] = &trees[..end] else {
        return false;
    };
    let mut inside = group.stream().into_iter();
    bang.as_char() == '!'
        && matches!(inside.next(), Some(TokenTree::Ident(ident)) if names::local(&ident).is_some() && names::local(&ident) == names::local(declared))
        && inside.next().is_none()
}

pub(super) fn ends_with_semi(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ';')
}

/// Whether the tokens hold `break 'label` or `continue 'label`.
pub(super) fn mentions(tokens: &TokenStream, jump: &str, label: &syn::Lifetime) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().any(|(i, tree)| match tree {
        TokenTree::Group(group) => mentions(&group.stream(), jump, label),
        TokenTree::Ident(ident) if ident == jump => is_label(&trees[i + 1..], label),
        _ => false,
    })
}

fn is_label(trees: &[TokenTree], label: &syn::Lifetime) -> bool {
    matches!(trees, [TokenTree::Punct(punct), TokenTree::Ident(ident), ..] if punct.as_char() == '\'' && *ident == label.ident)
}

/// Jumps to a loop's label lead elsewhere: `continue` to the end of the block `next`, `break` out of `done`.
pub(super) fn retarget(
    tokens: TokenStream,
    label: &syn::Lifetime,
    next: &syn::Lifetime,
    done: &syn::Lifetime,
) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
    let mut i = 0;
    while i < trees.len() {
        match &trees[i] {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(
                    group.delimiter(),
                    retarget(group.stream(), label, next, done),
                );
                inner.set_span(group.span());
                out.push(inner.into());
            }
            TokenTree::Ident(ident)
                if (ident == "break" || ident == "continue")
                    && is_label(&trees[i + 1..], label) =>
            {
                let target = if ident == "break" { done } else { next };
                out.push(Ident::new("break", ident.span()).into());
                out.extend(target.to_token_stream());
                i += 2;
            }
            tree => out.push(tree.clone()),
        }
        i += 1;
    }
    out.into_iter().collect()
}

pub(super) fn suffixed(label: &syn::Lifetime, suffix: &str) -> syn::Lifetime {
    syn::Lifetime {
        apostrophe: label.apostrophe,
        ident: format_ident!("{}_{suffix}", label.ident),
    }
}
