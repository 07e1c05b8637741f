//! Deep functions: they hold so much at their awaits that naming all of it in every arm would make the output grow with the square of
//! the number of awaits.
//!
//! Most of it only waits for the end of its scope. So an arm names what it moves, binds again or declares; for the rest, as far as it
//! was declared before all of that, stands one guard:
//!
//! ```text
//! let held_0 = rt::resume!(frame.held_0);        let kept = rt::kept!(frame, 7);
//! let held_2 = rt::resume!(frame.held_2);
//! let held_4 = rt::resume!(frame.held_4);   =>   let held_4 = rt::there!(frame.held_4);
//! look(&rt::at!(held_4));                        look(&rt::at!(held_4));
//! ```
//!
//! The guard drops what the state of that number holds, by the function that also ends the frame. So it can stand for a set of values
//! only if some state holds exactly these.

use super::Input;
use super::mentions::Mentions;
use super::residual::Residual;
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::sets::Set;
use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use quote::quote;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::RangeInclusive;

/// Stands for what leaves the slots as they are before a wait, until it is known which guards an arm has.
pub(super) const LATER: &str = "keep__hr";

pub(super) fn later(id: AwaitId) -> TokenStream {
    let (later, id) = (
        Ident::new(LATER, proc_macro2::Span::call_site()),
        Literal::usize_unsuffixed(id),
    );
    quote!(#later!(#id);)
}

/// The number by which a state is known; 0 holds nothing.
pub(super) fn number(id: AwaitId) -> Literal {
    Literal::usize_unsuffixed(id + 1)
}

/// The numbers of the states that hold a local.
pub(super) fn numbers(layout: &Layout) -> HashMap<LocalId, Vec<RangeInclusive<usize>>> {
    let mut numbers: HashMap<LocalId, Vec<RangeInclusive<usize>>> = HashMap::new();
    for (id, state) in layout.states.iter().enumerate() {
        for local in &state.pinned {
            let ranges = numbers.entry(*local).or_default();
            match ranges.last_mut() {
                Some(range) if *range.end() == id => *range = *range.start()..=id + 1,
                _ => ranges.push(id + 1..=id + 1),
            }
        }
    }
    numbers
}

/// A set of values as a number that is hardly ever another set's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Print(usize, u64);

/// The sets of values with a drop that states hold.
pub(super) struct Sets<'a> {
    input: &'a Input<'a>,
    states: HashMap<Print, AwaitId>,
}

impl<'a> Sets<'a> {
    pub(super) fn of(input: &'a Input<'a>) -> Self {
        let mut this = Sets {
            input,
            states: HashMap::new(),
        };
        if input.layout.deep {
            for id in 0..input.layout.states.len() {
                if let Some(print) = prints(this.dropped(id)).last() {
                    this.states.entry(print).or_insert(id);
                }
            }
        }
        this
    }

    /// What a state holds that has a drop, in order of declaration.
    fn dropped(&self, id: AwaitId) -> impl Iterator<Item = LocalId> {
        let facts = &self.input.graph.facts;
        let pinned = self.input.layout.states[id].pinned.iter().copied();
        pinned.filter(|local| !facts[local.0].no_drop)
    }

    /// How many of the first `most` values of a state one guard can stand for, and the number that it goes by.
    fn guard(&self, id: AwaitId, most: usize) -> Option<(usize, AwaitId)> {
        let prints: Vec<Print> = prints(self.dropped(id)).take(most).collect();
        prints.iter().rev().find_map(|print| {
            let state = *self.states.get(print)?;
            let same = self.dropped(state).eq(self.dropped(id).take(print.0));
            same.then_some((print.0, state))
        })
    }
}

/// For each beginning of a list, its print.
fn prints(locals: impl Iterator<Item = LocalId>) -> impl Iterator<Item = Print> {
    let mut hasher = DefaultHasher::new();
    locals.enumerate().map(move |(i, local)| {
        local.hash(&mut hasher);
        Print(i + 1, hasher.finish())
    })
}

/// What an arm has instead of a guard for each value.
#[derive(Default)]
pub(super) struct Plan {
    /// The state whose number the one guard goes by.
    guard: Option<AwaitId>,
    /// The values that have no guard of their own.
    placed: Set<LocalId>,
}

impl Plan {
    pub(super) fn new(
        sets: &Sets<'_>,
        residual: &Residual<'_>,
        id: AwaitId,
        code: &TokenStream,
        mentions: &Mentions<'_>,
    ) -> Self {
        let Input {
            layout,
            graph,
            analysis,
            ..
        } = sets.input;
        let mut uses = Uses {
            rt: &layout.fresh.rt,
            moved: Set::default(),
        };
        uses.read(code);
        // What is declared behind a local that has no value yet is bound again, to drop before that.
        let late = residual.first_late(id, code, mentions);
        let behind: Set<LocalId> = late
            .map(|at| graph.in_scope[id][at..].iter().copied().collect())
            .unwrap_or_default();
        let untouched = |local: &LocalId| {
            let touched = uses.moved.contains(local)
                || mentions.has_name(*local)
                || behind.contains(local)
                || analysis.flagged.contains(local) && mentions.has(*local);
            !touched
        };
        let next: Vec<Set<LocalId>> = mentions
            .waits
            .iter()
            .map(|&id| layout.states[id].pinned.iter().copied().collect())
            .collect();
        let most = sets
            .dropped(id)
            .take_while(|local| untouched(local) && next.iter().all(|next| next.contains(local)))
            .count();
        let guard = sets.guard(id, most);
        let guarded = guard.map_or(0, |(len, _)| len);
        let without_drop = layout.states[id]
            .pinned
            .iter()
            .copied()
            .filter(|local| graph.facts[local.0].no_drop && untouched(local));
        Plan {
            guard: guard.map(|(_, state)| state),
            placed: sets.dropped(id).take(guarded).chain(without_drop).collect(),
        }
    }

    /// What stands at the beginning of the arm.
    pub(super) fn bindings(
        &self,
        input: &Input<'_>,
        residual: &Residual<'_>,
        id: AwaitId,
        mentions: &Mentions<'_>,
    ) -> TokenStream {
        let layout = input.layout;
        let (rt, frame, kept) = (&layout.fresh.rt, &layout.fresh.frame, &layout.fresh.kept);
        let mut tokens = TokenStream::new();
        if let Some(state) = self.guard {
            let number = number(state);
            tokens.extend(quote!(let #kept = #rt::kept!(#frame, #number);));
        }
        for &local in &layout.states[id].pinned {
            let (name, slot) = (layout.name(local), layout.place(local));
            if !self.placed.contains(&local) {
                let mutability = residual.mutability(local);
                tokens.extend(quote!(let #mutability #name = #rt::resume!(#frame.#slot);));
            } else if mentions.has(local) {
                tokens.extend(quote!(let #name = #rt::there!(#frame.#slot);));
            }
        }
        tokens
    }

    /// Puts in what leaves the slots as they are before each wait.
    pub(super) fn expand(
        &self,
        layout: &Layout,
        residual: &Residual<'_>,
        code: TokenStream,
    ) -> TokenStream {
        let mut out = Vec::new();
        let mut trees = code.into_iter();
        while let Some(tree) = trees.next() {
            match tree {
                TokenTree::Ident(ident) if ident == LATER => {
                    let id = waits_at(trees.nth(1).as_ref());
                    let single = layout.states[id].pinned.iter().rev();
                    let single = single.filter(|local| !self.placed.contains(local));
                    let guards = single
                        .map(|local| layout.name(*local))
                        .chain(self.guard.map(|_| &layout.fresh.kept));
                    out.extend(residual.keep(guards));
                    // The semicolon.
                    trees.next();
                }
                TokenTree::Group(group) => {
                    let inner = self.expand(layout, residual, group.stream());
                    let mut new = Group::new(group.delimiter(), inner);
                    new.set_span(group.span());
                    out.push(new.into());
                }
                tree => out.push(tree),
            }
        }
        out.into_iter().collect()
    }
}

/// The await in the parentheses behind [`LATER`].
pub(super) fn waits_at(tree: Option<&TokenTree>) -> AwaitId {
    match tree {
        Some(TokenTree::Group(group)) => group.stream().to_string().parse().expect("a number"),
        _ => unreachable!("`later` writes parentheses"),
    }
}

/// How an arm's code uses locals.
struct Uses<'a> {
    rt: &'a Ident,
    /// Those that are mentioned not only as places.
    moved: Set<LocalId>,
}

impl Uses<'_> {
    fn read(&mut self, tokens: &TokenStream) {
        let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
        for (i, tree) in trees.iter().enumerate() {
            match tree {
                TokenTree::Ident(ident) => self.moved.extend(names::local(ident)),
                TokenTree::Group(group) => {
                    let content = group.stream();
                    if !(self.is_place(&trees[..i]) && content.clone().into_iter().count() == 1) {
                        self.read(&content);
                    }
                }
                TokenTree::Literal(literal) => {
                    names::map_captures(literal, &mut |name| {
                        self.moved
                            .extend(names::unmark(name).map(|(local, _)| local));
                        None
                    });
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// Whether `rt::at!` or `rt::pointer!` stands before a group.
    fn is_place(&self, before: &[TokenTree]) -> bool {
        matches!(
            before,
            [.., TokenTree::Ident(rt), TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Ident(name), TokenTree::Punct(bang)]
                if rt == self.rt && bang.as_char() == '!' && (name == "at" || name == "pointer")
        )
    }
}
