//! Which slots share a place: those whose values are never there at the same time.
//!
//! Two locals of which neither is in scope where the other is declared exclude each other. So do two of one scope when the first has
//! no drop and is not used any more once the second gets its value, with a suspension in between: what a statement borrows for its
//! own length is gone by then.

use crate::analysis::{Analysis, Holds, Liveness};
use crate::graph::{Event, Graph};
use crate::names::LocalId;
use fixedbitset::FixedBitSet;
use petgraph::Direction;
use std::collections::{HashMap, HashSet};

/// Groups of the slots, in order of declaration; a group of one has its place to itself. `small` says of which locals the place is
/// not worth sharing.
pub(crate) fn overlap(
    graph: &Graph,
    analysis: &Analysis,
    slots: &[LocalId],
    small: impl Fn(LocalId) -> bool,
) -> Vec<Vec<LocalId>> {
    let scopes = Scopes::of(graph);
    let over = over(graph, analysis, &scopes, slots);
    let together = |a: LocalId, b: LocalId| {
        scopes.holds(a, b) && !over.contains(&(a, b))
            || scopes.holds(b, a) && !over.contains(&(b, a))
    };
    let mut groups: Vec<Vec<LocalId>> = Vec::new();
    for &local in slots {
        let joined = groups.iter_mut().find(|group| {
            !small(local) && !small(group[0]) && group.iter().all(|&other| !together(local, other))
        });
        match joined {
            Some(group) => group.push(local),
            None => groups.push(vec![local]),
        }
    }
    groups
}

/// The pairs of locals of one scope of which the first is over when the second gets its value.
fn over(
    graph: &Graph,
    analysis: &Analysis,
    scopes: &Scopes,
    slots: &[LocalId],
) -> HashSet<(LocalId, LocalId)> {
    let assigned = graph.assigned();
    let candidates: Vec<LocalId> = slots
        .iter()
        .copied()
        .filter(|local| {
            graph.facts[local.0].no_drop
                && !analysis.flagged.contains(local)
                && !assigned.contains(local)
        })
        .collect();
    if candidates.is_empty() {
        return HashSet::new();
    }
    let locals = graph.facts.len();
    let live = Liveness::solve(graph, locals);
    let borrows = Holds::of(graph, &analysis.moves);
    let touched = Touched::of(graph, locals);
    let slots: HashSet<LocalId> = slots.iter().copied().collect();
    let mut seen: HashSet<(LocalId, LocalId)> = HashSet::new();
    let mut there: HashSet<(LocalId, LocalId)> = HashSet::new();
    for node in graph.blocks.node_indices() {
        let mut before = touched.ins[node.index()].clone();
        let mut touched_at = Vec::new();
        for event in &graph.blocks[node].events {
            Touched::step(event, &mut before);
            touched_at.push(before.clone());
        }
        live.backwards(graph, node, |index, event, after| {
            let local = match event {
                Event::Init(local, _) => *local,
                Event::Declare(local) if analysis.flagged.contains(local) => *local,
                _ => return,
            };
            if !slots.contains(&local) {
                return;
            }
            for &first in candidates
                .iter()
                .filter(|first| scopes.holds(**first, local))
            {
                seen.insert((first, local));
                // Whatever is in scope and drops counts as used.
                let lent = (0..locals).map(LocalId).any(|other| {
                    (after.contains(other.0)
                        || !graph.facts[other.0].no_drop && scopes.holds(other, local))
                        && borrows.local(other).contains(&first)
                });
                if after.contains(first.0)
                    || touched_at[index].contains(first.0)
                    || lent
                    || borrows.local(local).contains(&first)
                {
                    there.insert((first, local));
                }
            }
        });
    }
    &seen - &there
}

/// The locals in scope where each local is declared, as intervals of a walk over the tree of declarations.
struct Scopes {
    intervals: Vec<Option<(usize, usize)>>,
}

impl Scopes {
    fn of(graph: &Graph) -> Self {
        let mut inner: HashMap<Option<LocalId>, Vec<LocalId>> = HashMap::new();
        for (i, outer) in graph.declared_in.iter().enumerate() {
            if let Some(outer) = outer {
                inner.entry(*outer).or_default().push(LocalId(i));
            }
        }
        let mut intervals = vec![None; graph.declared_in.len()];
        let mut clock = 0;
        let mut stack: Vec<(LocalId, Option<usize>)> = Vec::new();
        let roots = inner.get(&None).into_iter().flatten();
        stack.extend(roots.map(|&root| (root, None)));
        while let Some((local, entered)) = stack.pop() {
            clock += 1;
            match entered {
                Some(entered) => intervals[local.0] = Some((entered, clock)),
                None => {
                    stack.push((local, Some(clock)));
                    let inside = inner.get(&Some(local)).into_iter().flatten();
                    stack.extend(inside.map(|&local| (local, None)));
                }
            }
        }
        Scopes { intervals }
    }

    /// Whether `outer` is in scope where `inner` is declared. What was not declared once is taken to be everywhere.
    fn holds(&self, outer: LocalId, inner: LocalId) -> bool {
        match (self.intervals[outer.0], self.intervals[inner.0]) {
            (Some((from, to)), Some((entered, left))) => from < entered && left < to,
            _ => true,
        }
    }
}

/// What was used since the last suspension.
struct Touched {
    ins: Vec<FixedBitSet>,
}

impl Touched {
    fn of(graph: &Graph, locals: usize) -> Self {
        let mut ins = vec![FixedBitSet::with_capacity(locals); graph.blocks.node_count()];
        let mut work: Vec<_> = graph.blocks.node_indices().collect();
        while let Some(node) = work.pop() {
            let mut state = ins[node.index()].clone();
            for event in &graph.blocks[node].events {
                Touched::step(event, &mut state);
            }
            for next in graph.blocks.neighbors_directed(node, Direction::Outgoing) {
                if !state.is_subset(&ins[next.index()]) {
                    ins[next.index()].union_with(&state);
                    work.push(next);
                }
            }
        }
        Touched { ins }
    }

    fn step(event: &Event, state: &mut FixedBitSet) {
        match event {
            Event::Declare(_) | Event::Refill(..) | Event::Leave => {}
            Event::Init(local, _) => state.insert(local.0),
            Event::Use(found) => state.insert(found.local.0),
            Event::Suspend(_) => state.clear(),
        }
    }
}
