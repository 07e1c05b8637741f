//! Ties the copies of a local together whose type only some of them say.
//!
//! ```text
//! let n = 0;            // before the await, where the branch goes around it
//! let n = ready;        // behind the await
//! ```
//!
//! In the source these are one local of one type. Here they are two, and a number of which nothing else is known would be an `i32`. So
//! each of them is said to be of one type, which [`Alike`](handroll_rt::Alike) stands for; no code comes of it.

use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::resolve::Resolved;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Ties what is declared in several places and in different ways. `numbers`: the locals that may have a number in them of which nothing
/// says what it is.
pub(super) fn tie(
    turns: TokenStream,
    numbers: &HashSet<LocalId>,
    layout: &Layout,
    resolved: &Resolved,
) -> TokenStream {
    if numbers.is_empty() {
        return turns;
    }
    let rt = &layout.fresh.rt;
    let mut values: BTreeMap<LocalId, Vec<Option<String>>> = BTreeMap::new();
    each_declaration(&turns, rt, &mut |ident, value| {
        if let Some(local) = names::local(ident)
            && numbers.contains(&local)
        {
            values.entry(local).or_default().push(value.clone());
        }
    });
    // Copies of one and the same code come to the same type by themselves.
    let differ = |values: &[Option<String>]| {
        values.len() > 1
            && (values.contains(&None) || values.iter().any(|value| *value != values[0]))
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut kinds: BTreeMap<LocalId, Ident> = BTreeMap::new();
    for (local, _) in values.iter().filter(|(_, values)| differ(values)) {
        let base = layout.name(*local).to_string();
        let wanted = format!("{}_type", base.trim_start_matches("r#"));
        let names = (2..).map(|n| format!("{wanted}_{n}"));
        let free = |name: &String| {
            !resolved.mentioned.contains(name)
                && !layout.names_a_local(name)
                && !taken.contains(name)
        };
        let name = std::iter::once(wanted.clone()).chain(names).find(free);
        let name = name.expect("numbers do not end");
        kinds.insert(*local, format_ident!("{name}"));
        taken.insert(name);
    }
    if kinds.is_empty() {
        return turns;
    }
    let tied = with_ties(turns, &kinds, rt);
    let kinds = kinds.values();
    quote!(#(let #kinds = #rt::Alike::unknown();)* #tied)
}

/// The names that `let`s declare, and with what value, but for those that only take it out of a state or a slot, or put it there: these are
/// of one type anyway.
fn each_declaration(
    tokens: &TokenStream,
    rt: &Ident,
    each: &mut impl FnMut(&Ident, &Option<String>),
) {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        if let TokenTree::Group(group) = tree {
            each_declaration(&group.stream(), rt, each);
        }
        if let Some(found) = Declaration::at(&trees, at, rt) {
            let value = found.value.clone();
            found.names.iter().for_each(|name| each(name, &value));
        }
    }
}

struct Declaration {
    names: Vec<Ident>,
    /// Its value, with locals under their own names.
    value: Option<String>,
    /// Where its semicolon stands.
    end: usize,
}

impl Declaration {
    fn at(trees: &[TokenTree], at: usize, rt: &Ident) -> Option<Declaration> {
        let is = |at: usize, word: &str| matches!(trees.get(at), Some(TokenTree::Ident(ident)) if ident == word);
        let punct = |at: usize, mark: char| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
        // Not that of a condition.
        let before = at.checked_sub(1);
        let condition = before.is_some_and(|before| {
            is(before, "if") || is(before, "while") || punct(before, '&') || punct(before, '|')
        });
        if !is(at, "let") || condition {
            return None;
        }
        let end = (at..trees.len()).find(|&at| punct(at, ';'))?;
        let pattern = (at..end).find(|&at| {
            punct(at, '=') || punct(at, ':') && !punct(at - 1, ':') && !punct(at + 1, ':')
        });
        let value = (at..end)
            .find(|&at| punct(at, '='))
            .map_or(end, |at| at + 1);
        if is_kept(&trees[value..end], rt) {
            return None;
        }
        let mut names = Vec::new();
        let pattern = trees[at + 1..pattern.unwrap_or(end)].iter().cloned();
        marked(pattern.collect(), &mut names);
        // Each alternative of a pattern names them all.
        let mut seen = HashSet::new();
        names.retain(|name| names::local(name).is_some_and(|local| seen.insert(local)));
        let init: TokenStream = trees[value..end].iter().cloned().collect();
        let value = (value < end).then(|| plain(init).to_string());
        Some(Declaration { names, value, end })
    }
}

/// Whether a value comes out of a state or a slot, goes into one, or only gets its name again.
fn is_kept(init: &[TokenTree], runtime: &Ident) -> bool {
    match init {
        [TokenTree::Ident(_)] => true,
        [
            TokenTree::Ident(rt),
            _,
            _,
            TokenTree::Ident(name),
            TokenTree::Punct(bang),
            TokenTree::Group(_),
            ..,
        ] => {
            // Also what gives a guard, which is not of the local's type.
            const KEPT: [&str; 9] = [
                "begin", "carried", "fill", "flag", "held", "open", "poll", "resume", "there",
            ];
            let ours = rt == runtime || rt == "rt__hr";
            ours && bang.as_char() == '!' && KEPT.iter().any(|known| name == known)
        }
        _ => false,
    }
}

/// Tokens without the numbers of mentions.
fn plain(tokens: TokenStream) -> TokenStream {
    names::map_tokens(
        tokens,
        &mut |ident, _| {
            let (local, _) = names::mention(ident)?;
            let ident = format_ident!("local_{}", local.0);
            Some(quote!(#ident))
        },
        &mut |_| None,
    )
}

fn marked(tokens: TokenStream, names: &mut Vec<Ident>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) if names::local(&ident).is_some() => names.push(ident),
            TokenTree::Group(group) => marked(group.stream(), names),
            _ => {}
        }
    }
}

fn with_ties(tokens: TokenStream, kinds: &BTreeMap<LocalId, Ident>, rt: &Ident) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut behind: HashMap<usize, TokenStream> = HashMap::new();
    for at in 0..trees.len() {
        let Some(found) = Declaration::at(&trees, at, rt) else {
            continue;
        };
        for name in found.names {
            if let Some(kind) = names::local(&name).and_then(|local| kinds.get(&local)) {
                let ties = behind.entry(found.end).or_default();
                ties.extend(quote!(#rt::alike!(#kind, #name);));
            }
        }
    }
    let mut out = TokenStream::new();
    for (at, tree) in trees.into_iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                let inside = with_ties(group.stream(), kinds, rt);
                let mut inner = Group::new(group.delimiter(), inside);
                inner.set_span(group.span());
                out.extend([TokenTree::Group(inner)]);
            }
            tree => out.extend([tree]),
        }
        out.extend(behind.remove(&at));
    }
    out
}
