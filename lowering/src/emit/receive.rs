//! How an arm receives what its child gave.

use super::has_ident;
use super::residual::{Binding, is_punct};
use crate::layout::Layout;
use crate::names::{self, LocalId};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;

/// What an arm gets from its child.
pub(super) struct Received {
    /// The name that the poll's `Ready` binds.
    pub(super) output: Ident,
    /// What is bound to it once the child is gone: `let n =`, or nothing.
    pub(super) bound: TokenStream,
    /// What follows.
    pub(super) code: TokenStream,
}

/// `let n = output;` needs no second binding when it starts the arm, or when what follows uses `n` up before anything else happens.
///
/// ```text
/// let output = done!(..);         let ready = done!(..);
/// {                               {
///     let iter = iter;        =>      let iter = iter;
///     let ready = output;             ready?;
///     ready?;                         ..
/// ```
///
/// It does need one when a local that the arm binds, one of `bound`, has its name, or when it would stand before older locals and drop
/// after them.
pub(super) fn receive(
    code: TokenStream,
    output: &Ident,
    layout: &Layout,
    bound: &[LocalId],
    may_be_early: &dyn Fn(LocalId) -> bool,
) -> Received {
    if !has_ident(&code, output) {
        // A statement drops it as `let _ =` would, but may have the type `()` without a word from clippy.
        return Received {
            output: output.clone(),
            bound: TokenStream::new(),
            code,
        };
    }
    let free = |local: LocalId| {
        let shown = layout.name(local);
        !bound.iter().any(|&local| layout.name(local) == shown)
    };
    let trees: Vec<TokenTree> = code.into_iter().collect();
    if let Some(binding) = Binding::of(&trees, output)
        && let Some(local) = names::local(binding.name)
        && may_be_early(local)
        && free(local)
    {
        let (mutability, name) = (binding.mutability, binding.name);
        return Received {
            bound: quote!(let #mutability #name =),
            output: name.clone(),
            code: trees[Binding::length(mutability)..]
                .iter()
                .cloned()
                .collect(),
        };
    }
    if let Some((name, code)) = at_once(&trees, output)
        && names::local(&name).is_some_and(free)
    {
        return Received {
            bound: quote!(let #name =),
            output: name,
            code,
        };
    }
    Received {
        output: output.clone(),
        bound: quote!(let #output =),
        code: trees.into_iter().collect(),
    }
}

/// Code without the `let val = val;` at its start, where they change no order: these locals are the last of `bound`, those that the arm binds
/// in this order and that have something to drop, or some of `others`, which have nothing.
pub(super) fn without_rebinding(
    code: TokenStream,
    layout: &Layout,
    bound: &[LocalId],
    others: &[LocalId],
) -> TokenStream {
    let trees: Vec<TokenTree> = code.into_iter().collect();
    let mut at = 0;
    let mut again = Vec::new();
    while let Some((binding, value)) = Binding::any(&trees[at..])
        && binding.name == value
    {
        at += Binding::length(binding.mutability);
        again.push(value);
    }
    again.retain(|again| !others.iter().any(|&local| layout.name(local) == *again));
    let bound = bound.iter().map(|&local| layout.name(local));
    if bound
        .rev()
        .zip(again.iter().rev())
        .filter(|(bound, again)| bound == *again)
        .count()
        < again.len()
    {
        at = 0;
    }
    trees.into_iter().skip(at).collect()
}

/// The code without its `let name = output;`, and `name`: where nothing but bindings of variables comes before it, and the next statement
/// uses `name` up before it does anything else. Moved at once, it matters to no order of drops where it was declared.
fn at_once(trees: &[TokenTree], output: &Ident) -> Option<(Ident, TokenStream)> {
    let mut at = 0;
    loop {
        let rest = &trees[at..];
        if let Some((binding, value)) = Binding::any(rest) {
            let length = Binding::length(binding.mutability);
            if value != output {
                at += length;
                continue;
            }
            let (before, after) = (&trees[..at], &rest[length..]);
            let name = binding.name;
            let whole: TokenStream = before.iter().chain(after).cloned().collect();
            return (binding.mutability.is_none()
                && uses_up(after, name)
                && mentions(&whole, names::local(name)) == 1)
                .then(|| (name.clone(), whole));
        }
        let [TokenTree::Group(group), after @ ..] = rest else {
            // `'label: { .. }`
            let [quote, TokenTree::Ident(_), colon, TokenTree::Group(_), ..] = rest else {
                return None;
            };
            if !is_punct(quote, '\'') || !is_punct(colon, ':') {
                return None;
            }
            at += 3;
            continue;
        };
        if group.delimiter() != Delimiter::Brace {
            return None;
        }
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let (name, inside) = at_once(&inside, output)?;
        let labelled = at > 0 && is_punct(&trees[at - 1], ':');
        let mut code: TokenStream = trees[..at].iter().cloned().collect();
        if !labelled && !after.is_empty() && needs_no_braces(&inside) {
            code.extend(inside);
        } else {
            let mut braced = Group::new(Delimiter::Brace, inside);
            braced.set_span(group.span());
            code.extend([TokenTree::Group(braced)]);
        }
        code.extend(after.iter().cloned());
        return (mentions(&code, names::local(&name)) == 1).then_some((name, code));
    }
}

/// Whether a statement begins by moving a variable: `name?..`, `place = name;`, `place += name?..`, `let pat = name?..`, `if name {`.
fn uses_up(trees: &[TokenTree], name: &Ident) -> bool {
    let name = names::local(name);
    let is_name =
        |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if names::local(ident) == name);
    match trees {
        [first, next, ..] if is_name(first) => is_punct(next, '?'),
        [TokenTree::Ident(word), first, next, ..] if word == "if" && is_name(first) => {
            is_punct(next, '?')
                || matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        }
        // What stands before it cannot fail.
        [
            TokenTree::Ident(word),
            TokenTree::Literal(_),
            one,
            other,
            first,
            next,
            ..,
        ] if word == "if" && is_punct(other, '=') && is_name(first) => {
            (is_punct(one, '=') || is_punct(one, '!')) && is_punct(next, '?')
        }
        [TokenTree::Ident(word), first, next, ..] if word == "match" && is_name(first) => {
            is_punct(next, '?')
        }
        [TokenTree::Ident(word), rest @ ..] if word == "let" => {
            let rest = match rest {
                [TokenTree::Ident(word), rest @ ..] if word == "mut" => rest,
                rest => rest,
            };
            matches!(rest, [TokenTree::Ident(_), equals, first, next, ..]
                if is_punct(equals, '=') && is_name(first) && is_punct(next, '?'))
        }
        [TokenTree::Ident(_), rest @ ..] => {
            let assigned = match rest {
                [operator, equals, rest @ ..]
                    if matches!(operator, TokenTree::Punct(punct) if "+-*/%&|^".contains(punct.as_char()))
                        && is_punct(equals, '=') =>
                {
                    rest
                }
                [equals, rest @ ..] if is_punct(equals, '=') => rest,
                _ => return false,
            };
            matches!(assigned, [first, next, ..]
                if is_name(first) && (is_punct(next, ';') || is_punct(next, '?')))
        }
        _ => false,
    }
}

/// Whether code may as well stand in the block around its own: it is one statement that declares nothing.
fn needs_no_braces(code: &TokenStream) -> bool {
    let trees: Vec<TokenTree> = code.clone().into_iter().collect();
    let ends = trees.iter().position(|tree| is_punct(tree, ';'));
    let declares = matches!(trees.first(), Some(TokenTree::Ident(word)) if word == "let");
    !declares && ends.is_some_and(|end| end + 1 == trees.len())
}

/// How often code mentions a local.
fn mentions(code: &TokenStream, local: Option<LocalId>) -> usize {
    code.clone()
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Group(group) => mentions(&group.stream(), local),
            TokenTree::Ident(ident) => usize::from(names::local(&ident) == local),
            _ => 0,
        })
        .sum()
}
