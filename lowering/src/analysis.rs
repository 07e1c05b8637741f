//! What each suspension point must hold: liveness, initialisation, drop duty and borrows.
//!
//! Liveness and initialisation are the classic bit-vector problems (see any compiler textbook, for example Aho, Lam, Sethi and Ullman,
//! chapter 9), solved over the blocks of [`crate::graph`]. Borrows are tracked without order: once something of `x` may flow into
//! `y`, `y` may hold a borrow of `x` for good.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::graph::{Event, Graph, Holder, How, Use, Within};
use crate::hold::{Unclear, Way};
use crate::names::{LocalId, Mention};
use crate::report::Why;
use crate::resolve::Resolved;
use crate::seeded::{self, Bug};
use crate::sets::Set;
use crate::types::{Receiver, Trust};
use fixedbitset::FixedBitSet;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is known at each suspension point.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analysis {
    /// What is held at each await, in order of declaration.
    pub(crate) held: Vec<Vec<Holding>>,
    /// Locals that must keep their address.
    pub(crate) pinned: Set<LocalId>,
    /// Pinned locals that have a value on some ways to an await only.
    pub(crate) flagged: Set<LocalId>,
    /// Uses that must be rewritten before the function can be laid out.
    pub(crate) unclear: Vec<Unclear>,
    /// For each holder's expression, the pinned locals that drop before what it holds.
    pub(crate) later: HashMap<Mention, Vec<LocalId>>,
    /// For each expression in a holder, by the holder's mention: the other locals that it mentions and that need a slot for that.
    pub(crate) inside: HashMap<Mention, Vec<LocalId>>,
    /// Mentions that end their local: it is moved, or copied for the last time.
    pub(crate) moves: Set<Mention>,
    /// Locals without a drop that stay held, as something may borrow from them, where some way has used them for the last time.
    pub(crate) lasting: Set<LocalId>,
    /// Temporaries that get their value where they are borrowed.
    pub(crate) lent: Set<LocalId>,
    /// Assignments to a local that has no value yet.
    pub(crate) first_assignments: Set<Mention>,
    /// Pairs of hidden locals that are needed at the same time.
    pub(crate) together: HashSet<(LocalId, LocalId)>,
}

impl Analysis {
    /// Where an expression begins to run in a holder.
    fn enter(
        &mut self,
        resolved: &Resolved,
        graph: &Graph,
        within: &Within,
        assigned: &HashSet<LocalId>,
        before: &State,
        sink: &mut Sink,
    ) {
        let drops =
            |local: &&LocalId| before.init.contains(local.0) && !graph.facts[local.0].no_drop;
        let structured = |local: &LocalId| graph.structured.contains(local);
        // What moves in as it stands drops in the holder.
        let handed = |local: &LocalId| {
            !graph.structured.contains(local)
                && within.others.iter().any(|(other, _)| other == local)
        };
        let later: Vec<LocalId> = graph.later[&within.holder]
            .iter()
            .filter(|local| !handed(local))
            .filter(|local| drops(local) || within.nested.contains(local))
            .copied()
            .collect();
        self.flagged.extend(within.nested.iter().copied());
        let moved =
            |mentions: &[Mention]| mentions.iter().all(|mention| self.moves.contains(mention));
        let owned = within
            .owners
            .iter()
            .all(|(_, mention)| self.moves.contains(mention));
        let between = within.between.iter().any(|local| {
            drops(&local) || assigned.contains(local) && !graph.facts[local.0].no_drop
        });
        let reached = within.others.iter().all(|(local, mentions)| {
            structured(local)
                || graph.facts[local.0].copy
                || mentions.len() == 1 && moved(mentions) && !within.captures
        });
        if !owned || between || !reached || !later.iter().all(structured) {
            let used = |(_, mention): &&(LocalId, Mention)| !self.moves.contains(mention);
            sink.push(match within.owners.iter().find(used) {
                Some((local, _)) => used_after_part(resolved, *local),
                None => match within.owners.first() {
                    Some((local, _)) => in_holder(resolved, *local),
                    None => not_kept(resolved, within.local),
                },
            });
        }
        // In the holder each has its own name.
        let owners = within.owners.iter().map(|(local, _)| *local);
        let named = owners.chain(within.others.iter().map(|(local, _)| *local));
        let named: Vec<LocalId> = named
            .filter(|local| resolved.locals[local.0].hidden)
            .collect();
        for (at, one) in named.iter().enumerate() {
            let pairs = named[..at].iter().filter(|other| *other != one);
            self.together
                .extend(pairs.map(|other| (*one.min(other), *one.max(other))));
        }
        let slots = within.others.iter().map(|(local, _)| *local);
        let slots = slots.filter(|local| structured(local) && !graph.facts[local.0].copy);
        self.inside.insert(within.holder, slots.collect());
        self.later.insert(within.holder, later);
    }
}

/// Finds the suspension points from which control gets to one where a local is held because it is borrowed, without a new value on the way,
/// and which do not hold it themselves. False if there is none.
fn keep_before(
    graph: &Graph,
    init: &Initialised,
    analysis: &Analysis,
    kept: &mut [Set<LocalId>],
) -> bool {
    let is_borrowed = |holding: &&Holding| matches!(holding.why, Why::Borrowed);
    let borrowed = analysis.held.iter().enumerate().flat_map(|(id, held)| {
        let held = held.iter().filter(is_borrowed);
        held.map(move |holding| (id, holding.local))
    });
    let mut work: Vec<(NodeIndex, LocalId)> = borrowed
        .map(|(id, local)| (graph.suspends[id], local))
        .collect();
    if work.is_empty() {
        return false;
    }
    let at: HashMap<NodeIndex, usize> = graph.suspends.iter().copied().zip(0..).collect();
    let mut seen: HashSet<(NodeIndex, LocalId)> = work.iter().copied().collect();
    let mut more = false;
    while let Some((node, local)) = work.pop() {
        let begins = |event: &Event| matches!(event, Event::Declare(found) | Event::Init(found, _) if *found == local);
        if graph.blocks[node].events.iter().any(begins) {
            continue;
        }
        for before in graph.blocks.neighbors_directed(node, Direction::Incoming) {
            if !seen.insert((before, local)) {
                continue;
            }
            if let Some(&id) = at.get(&before) {
                let held = analysis.held[id].iter().any(|held| held.local == local);
                // Where such a local was used for the last time it still has its value.
                let has = || {
                    let state = init.at_suspension(graph, before, &analysis.moves);
                    state.init.contains(local.0)
                        || state.had.contains(local.0) && analysis.lasting.contains(&local)
                };
                if !held && graph.in_scope[id].contains(&local) && has() {
                    kept[id].insert(local);
                    more = true;
                }
            }
            work.push((before, local));
        }
    }
    more
}

/// A local held at a suspension point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub(crate) local: LocalId,
    pub(crate) why: Why,
}

/// `pin_all`: every held local gets a slot.
pub(crate) fn analyse(
    resolved: &Resolved,
    graph: &Graph,
    holders: &HashSet<LocalId>,
    pin_all: bool,
    sink: &mut Sink,
) -> Analysis {
    let locals = resolved.locals.len();
    for &span in &graph.guarded_elements {
        sink.push(Diagnostic::new(
            Code::PartialMove,
            span,
            "a guard may leave before an arm takes elements out of an array, and the order in which that drops then is another outside of an async function",
            "this `match`",
            Some("give the guard's condition a name in a `let` before the `match`".into()),
        ));
    }
    let live = Liveness::solve(graph, locals);
    let mut analysis = Analysis::default();
    let mut unclear: Vec<(NodeIndex, usize, Use, FixedBitSet)> = Vec::new();
    for node in graph.blocks.node_indices() {
        live.backwards(graph, node, |index, event, after| match event {
            Event::Use(found) => {
                let used_later = after.contains(found.local.0);
                match found.how {
                    How::Value | How::Taken if !used_later => {
                        analysis.moves.insert(found.mention);
                        if found.how == How::Taken {
                            unclear.push((node, index, found.clone(), after.clone()));
                        }
                    }
                    How::Receiver(Some(Receiver::ByValue)) if !used_later => {
                        analysis.moves.insert(found.mention);
                    }
                    How::Receiver(None) | How::Unclear if !used_later => {
                        unclear.push((node, index, found.clone(), after.clone()))
                    }
                    How::Part => unclear.push((node, index, found.clone(), after.clone())),
                    How::PartReceiver
                        if !used_later
                            || graph.trust == Trust::Types
                            || refilled_after(graph, node, index, found) =>
                    {
                        unclear.push((node, index, found.clone(), after.clone()))
                    }
                    _ => {}
                }
            }
            Event::Init(local, _) if resolved.locals[local.0].hidden => {
                for other in after.ones().map(LocalId) {
                    if other != *local && resolved.locals[other.0].hidden {
                        analysis
                            .together
                            .insert((other.min(*local), other.max(*local)));
                    }
                }
            }
            _ => {}
        });
    }
    let mut copied = Set::default();
    let parts = unclear
        .iter()
        .filter(|(_, _, found, _)| matches!(found.how, How::Part | How::PartReceiver));
    let again =
        parts.filter(|(node, index, found, _)| part_used_again(graph, *node, *index, found));
    copied.extend(again.map(|(_, _, found, _)| found.mention));
    let mut maybe = Set::default();
    let init = Initialised::solve(graph, locals, &analysis.moves);
    let moves = analysis.moves.clone();
    let assigned = graph.assigned();
    for node in graph.blocks.node_indices() {
        init.forwards(graph, node, &moves, |event, before| {
            if let Event::Use(found) = event
                && let Some(within) = graph.within.get(&found.mention)
            {
                analysis.enter(resolved, graph, within, &assigned, before, sink);
            }
            if let Event::Init(_, Some(mention)) = event
                && let Some(within) = graph.within.get(mention)
            {
                analysis.enter(resolved, graph, within, &assigned, before, sink);
            }
            if let Event::Init(local, Some(mention)) = event {
                if !before.init.contains(local.0) {
                    analysis.first_assignments.insert(*mention);
                } else if before.uninit.contains(local.0) {
                    maybe.insert(*local);
                }
                if let Some(later) = graph.later.get(mention)
                    && !analysis.later.contains_key(mention)
                {
                    let there = later.iter().copied().filter(|local| {
                        before.init.contains(local.0) && !graph.facts[local.0].no_drop
                    });
                    analysis.later.insert(*mention, there.collect());
                }
            }
        });
    }

    let holds = Holds::of(graph, &analysis.moves);
    let mut refilled: Vec<(usize, LocalId)> = Vec::new();
    let mut position = vec![0; locals];
    // What is borrowed at a suspension point, and so stays in its slot there, stays at those before it.
    let mut kept: Vec<Set<LocalId>> = vec![Set::default(); graph.suspends.len()];
    loop {
        refilled.clear();
        analysis.held.clear();
        for (id, kept) in kept.iter().enumerate() {
            let at = graph.suspends[id];
            let after = live.after_suspension(graph, at);
            let state = init.at_suspension(graph, at, &analysis.moves);
            let mut held: Vec<Holding> = Vec::new();
            let mut there = Set::default();
            let mut loans = holds.child(id).clone();
            for &local in &graph.in_scope[id] {
                if after.contains(local.0) && state.init.contains(local.0) {
                    held.push(Holding {
                        local,
                        why: Why::UsedLater,
                    });
                } else if state.init.contains(local.0)
                    && !graph.facts[local.0].no_drop
                    && !seeded::is(Bug::NoDropDuty)
                {
                    if state.uninit.contains(local.0) && !seeded::is(Bug::FlagIgnored) {
                        analysis.flagged.insert(local);
                    }
                    held.push(Holding {
                        local,
                        why: Why::DroppedAtScopeEnd,
                    });
                } else {
                    if state.init.contains(local.0) && assigned.contains(&local) {
                        refilled.push((id, local));
                    }
                    continue;
                }
                there.insert(local);
                loans.add(holds.local(local));
            }
            // What is borrowed is held, even when it is not used again and has no drop; and it keeps its address.
            let in_order = held.len();
            let mut more = true;
            while more {
                more = false;
                for &local in &graph.in_scope[id] {
                    if !loans.contains(&local) && !kept.contains(&local)
                        || !state.had.contains(local.0)
                    {
                        continue;
                    }
                    analysis.pinned.insert(local);
                    let has = state.init.contains(local.0) || kept.contains(&local);
                    if has && !there.contains(&local) {
                        if state.uninit.contains(local.0) {
                            analysis.lasting.insert(local);
                        }
                        held.push(Holding {
                            local,
                            why: Why::Borrowed,
                        });
                        there.insert(local);
                        more |= loans.add(holds.local(local));
                    }
                }
            }
            if held.len() > in_order {
                for (at, local) in graph.in_scope[id].iter().enumerate() {
                    position[local.0] = at;
                }
                held.sort_by_key(|holding| position[holding.local.0]);
            }
            analysis.held.push(held);
        }
        if !keep_before(graph, &init, &analysis, &mut kept) {
            break;
        }
    }
    analysis.pinned.extend(holders.iter().copied());
    for (begun, scope) in &graph.finished {
        let borrowed = holds.local(*begun);
        let borrowed = scope.iter().filter(|local| borrowed.contains(local));
        analysis.pinned.extend(borrowed.copied());
    }
    let locals = resolved.locals.iter().enumerate();
    let lent = locals.filter(|(_, local)| local.lent);
    analysis.lent = lent.map(|(id, _)| LocalId(id)).collect();
    analysis.pinned.add(&analysis.lent);
    let inside: Vec<LocalId> = analysis.inside.values().flatten().copied().collect();
    analysis.pinned.extend(inside);
    analysis
        .pinned
        .extend(analysis.later.values().flatten().copied());
    analysis.pinned.add(&analysis.flagged);
    if pin_all {
        analysis
            .pinned
            .extend(analysis.held.iter().flatten().map(|holding| holding.local));
    }
    // An assignment to a slot needs its guard.
    for (id, local) in refilled {
        if analysis.pinned.contains(&local)
            && !analysis.held[id].iter().any(|held| held.local == local)
        {
            analysis.held[id].push(Holding {
                local,
                why: Why::UsedLater,
            });
            for (at, local) in graph.in_scope[id].iter().enumerate() {
                position[local.0] = at;
            }
            analysis.held[id].sort_by_key(|holding| position[holding.local.0]);
        }
    }
    // Slots drop after the state, so what was declared before a slot and drops with it needs a slot too.
    let drops = |local: LocalId| !graph.facts[local.0].no_drop && !seeded::is(Bug::NoPrefixRule);
    loop {
        let mut more = false;
        for held in &analysis.held {
            let last = held.iter().rposition(|holding| {
                analysis.pinned.contains(&holding.local) && drops(holding.local)
            });
            for holding in held.iter().take(last.unwrap_or(0)) {
                if drops(holding.local) && !analysis.pinned.contains(&holding.local) {
                    analysis.pinned.insert(holding.local);
                    more = true;
                }
            }
        }
        if !more {
            break;
        }
    }
    let pinned_maybe = maybe.iter().filter(|local| analysis.pinned.contains(local));
    analysis.flagged.extend(pinned_maybe);
    let stored: Set<LocalId> = analysis
        .held
        .iter()
        .flatten()
        .map(|holding| holding.local)
        .collect();
    analysis.flagged = analysis
        .flagged
        .iter()
        .filter(|local| stored.contains(local) || maybe.contains(local))
        .collect();
    // It has something or not when the value that it owned is assigned anew.
    analysis.flagged.extend(graph.released.iter().copied());
    assigned_within(resolved, graph, &analysis.flagged, sink);
    // The patterns of a `match` share the mention of its head: what one of them borrows while the function waits, another may move.
    let mut lent_heads: Set<Mention> = Set::default();
    for (_, _, taken, _) in &unclear {
        if !matches!(taken.how, How::Taken | How::Part) || lent_heads.contains(&taken.mention) {
            continue;
        }
        for node in graph.blocks.node_indices() {
            for (index, event) in graph.blocks[node].events.iter().enumerate() {
                if let Event::Use(found) = event
                    && found.how == How::Borrow
                    && found.mention == taken.mention
                    && suspends_in_scope(graph, node, index, found.local)
                {
                    lent_heads.insert(found.mention);
                }
            }
        }
    }

    // Of an unclear use itself nothing is borrowed that could be moved away: in a holder the value keeps its address from then on.
    let mut settled = analysis.moves.clone();
    settled.extend(unclear.iter().map(|(_, _, found, _)| found.mention));
    let lends = Holds::of(graph, &settled);
    // Where a local gets its next value in a place that it may not need once its other uses are settled.
    let mut replacing: Vec<Unclear> = Vec::new();
    for (node, index, found, after) in unclear {
        let facts = graph.facts[found.local.0];
        let mut holdings = analysis.held.iter().flatten();
        let moves = matches!(found.how, How::Taken | How::Part) && !facts.no_drop;
        let taken = found.elements && moves;
        let held = taken && holdings.any(|holding| holding.local == found.local);
        let sometimes = taken && !held && ends_without(graph, &found);
        // It goes into a holder, with all patterns that look at it.
        let joined = resolved.locals[found.local.0].joined;
        if (held || sometimes) && !joined {
            sink.push(if resolved.locals[found.local.0].hidden {
                refusal(resolved, &found)
            } else if held {
                elements_taken(resolved, &found)
            } else {
                elements_taken_sometimes(resolved, &found)
            });
            continue;
        }
        let lent_head = lent_heads.contains(&found.mention);
        let pinned = analysis.pinned.contains(&found.local);
        let waits = suspends_in_scope(graph, node, index, found.local);
        let place = facts.copy || facts.unique || facts.shared;
        if !lent_head
            && (facts.no_drop && (place || !(pinned && found.how != How::Part))
                || copied.contains(&found.mention))
        {
            continue;
        }
        let lent = after
            .ones()
            .any(|other| lends.local(LocalId(other)).contains(&found.local));
        let assigned_later = assigned_after(graph, node, index, found.local);
        let rewrite = |way| Unclear {
            local: found.local,
            mention: found.mention,
            apart: None,
            assigned: assigned_later,
            way,
        };
        let refused = || Box::new(refusal(resolved, &found));
        let within = || rewrite(Way::Within(refused()));
        // A struct of which the fields are known needs no holder that its other fields could not leave.
        let part = matches!(found.how, How::Part | How::PartReceiver);
        let known = graph.structs.get(&found.local).filter(|_| part);
        let apart = |otherwise| Unclear {
            apart: known.cloned(),
            ..rewrite(otherwise)
        };
        // An assignment drops the old value, if it is still there: that depends on what the use did.
        let replaced = !matches!(found.how, How::Taken) && (waits || pinned) && assigned_later;
        let assigned_part = found.how == How::PartReceiver && after.contains(found.local.0);
        // Another pattern borrows from it while the function waits: only in a holder can it keep its address and be moved. And only there
        // does an array know of all elements that patterns take, which decides in which order it drops.
        if lent_head || held || sometimes {
            if lent || replaced {
                sink.push(refusal(resolved, &found));
            } else {
                analysis.unclear.push(within());
            }
            continue;
        }
        match found.how {
            // What is used again was copied, or another part of it is used.
            How::Part
                if !waits
                    && after.contains(found.local.0)
                    && !refilled_after(graph, node, index, &found) =>
            {
                let rest = pinned && !lent && !replaced && !facts.no_drop;
                if rest && !resolved.copies.contains(&found.mention) {
                    analysis.unclear.push(rewrite(Way::LastOut));
                }
            }
            _ if replaced && (lent || found.in_guard) => sink.push(refusal(resolved, &found)),
            _ if let Some(args) = found.replaced.as_ref().filter(|_| replaced) => {
                // Where the method only borrows and panics, the old value drops before what was declared later.
                let state = init.before(graph, node, index, &analysis.moves);
                let drops = found.later.iter().any(|local| {
                    !graph.facts[local.0].no_drop
                        && (state.init.contains(local.0) || args.contains(local))
                });
                let held = through_holder(
                    graph,
                    &init,
                    &analysis.moves,
                    (node, index, &found),
                    refused(),
                );
                let way = if drops {
                    held
                } else {
                    Way::Replaced(Box::new(held))
                };
                replacing.push(rewrite(way));
            }
            How::Taken if !pinned => {}
            // What a pattern leaves behind on the ways on which it fails would need its flag back.
            How::Taken if analysis.flagged.contains(&found.local) && lent => {
                sink.push(refusal(resolved, &found))
            }
            How::Taken if analysis.flagged.contains(&found.local) => {
                analysis.unclear.push(within())
            }
            // What is left of it is held beside a pinned local, so that a real local would be one again; or an assignment drops it.
            How::Taken
                if !lent
                    && (assigned_later
                        || resolved.locals[found.local.0].out
                        || held_before_pinned(graph, &analysis, node, index, found.local)) =>
            {
                analysis.unclear.push(within())
            }
            How::Taken if !lent => analysis.unclear.push(rewrite(Way::Out)),
            _ if !waits && !replaced && (!pinned || facts.no_drop && facts.copy) => {}
            // A part of it may still be assigned.
            _ if !waits
                && !replaced
                && !lent
                && found.how != How::Taken
                && !assigned_part
                && !resolved.locals[found.local.0].out
                && (!found.in_guard || found.by_pattern) =>
            {
                analysis.unclear.push(rewrite(Way::Out))
            }
            // What something that lives on borrows from is not moved, nor what a guard looks at. If it is no borrow after all, the output
            // does not compile.
            How::Receiver(_) | How::PartReceiver
                if (lent || found.in_guard)
                    && found.likely_borrowed
                    && (graph.trust == Trust::Names || known.is_none()) => {}
            _ if found.in_guard && !found.by_pattern => sink.push(refusal(resolved, &found)),
            How::Part | How::PartReceiver if lent => {
                analysis.unclear.push(apart(Way::Refused(refused())))
            }
            How::Part | How::PartReceiver if !found.holdable || after.contains(found.local.0) => {
                analysis.unclear.push(apart(Way::Within(refused())))
            }
            How::Receiver(_) | How::Part | How::PartReceiver if (waits || replaced) && !lent => {
                let found = (node, index, &found);
                let way = through_holder(graph, &init, &analysis.moves, found, refused());
                analysis.unclear.push(match way {
                    Way::Held(_) => rewrite(way),
                    Way::Within(_) => within(),
                    way => apart(way),
                });
            }
            How::Unclear if (waits || replaced) && !lent => analysis.unclear.push(within()),
            _ => sink.push(refusal(resolved, &found)),
        }
    }
    for found in replacing {
        let local = found.local;
        let first =
            |unclear: &Unclear| unclear.local == local && !matches!(unclear.way, Way::Replaced(_));
        if !analysis.unclear.iter().any(first) {
            analysis.unclear.push(found);
        }
    }
    analysis
}

/// Whether the function can wait after a use while the local, as far as it has a value then, is held in front of a pinned one.
fn held_before_pinned(
    graph: &Graph,
    analysis: &Analysis,
    node: NodeIndex,
    index: usize,
    local: LocalId,
) -> bool {
    let drops = |local: &LocalId| analysis.pinned.contains(local) && !graph.facts[local.0].no_drop;
    reaches(graph, node, index, |event| match event {
        Event::Declare(other) | Event::Init(other, _) if *other == local => Some(false),
        Event::Suspend(id) => {
            let held = &analysis.held[*id];
            let at = held.iter().position(|holding| holding.local == local)?;
            let mut later = held[at + 1..].iter().map(|holding| &holding.local);
            later.any(drops).then_some(true)
        }
        _ => None,
    })
}

/// How a call of which only types say whether it moves its receiver goes through a holder.
fn through_holder(
    graph: &Graph,
    init: &Initialised,
    moves: &Set<Mention>,
    (node, index, found): (NodeIndex, usize, &Use),
    refused: Box<Diagnostic>,
) -> Way {
    let state = init.before(graph, node, index, moves);
    let mut later = found
        .later
        .iter()
        .filter(|local| state.init.contains(local.0) && !graph.facts[local.0].no_drop);
    // The holder drops what is in slots; a local of plain code has none.
    if later.any(|local| !graph.structured.contains(local)) {
        Way::Refused(refused)
    } else if found.blocked || !found.simple {
        // What the receiver's `Deref` does comes before the arguments, and what is evaluated before drops after it.
        Way::Within(refused)
    } else {
        Way::Held(refused)
    }
}

/// A holder has the address of a local only, not its drop flag: an assignment in there would not set it.
fn assigned_within(resolved: &Resolved, graph: &Graph, flagged: &Set<LocalId>, sink: &mut Sink) {
    let assignments: Set<Mention> = graph
        .blocks
        .node_weights()
        .flat_map(|block| &block.events)
        .filter_map(|event| match event {
            Event::Init(local, Some(mention)) if flagged.contains(local) => Some(*mention),
            _ => None,
        })
        .collect();
    let others = graph.within.values().flat_map(|within| &within.others);
    let assigned: BTreeSet<LocalId> = others
        .filter(|(_, mentions)| mentions.iter().any(|mention| assignments.contains(mention)))
        .map(|(local, _)| *local)
        .collect();
    for local in assigned {
        sink.push(in_holder(resolved, local));
    }
}

fn refusal(resolved: &Resolved, found: &Use) -> Diagnostic {
    let local = &resolved.locals[found.local.0];
    let name = &local.base;
    if local.hidden {
        let code = match found.how {
            How::Part | How::PartReceiver => Code::PartialMove,
            _ => Code::MoveOrBorrow,
        };
        return Diagnostic::new(
            code,
            found.span,
            "only types decide what this moves of a value without a name, and the function waits while that is in scope",
            "last use of the value",
            Some("give the value a name in a `let` before the statement, and move or borrow it there".into()),
        );
    }
    let (code, message, help) = match found.how {
        How::Part | How::PartReceiver => (
            Code::PartialMove,
            format!(
                "only types decide whether this moves a part of `{name}` out or copies it, and the function waits while `{name}` is in scope"
            ),
            format!("take `{name}` apart in one `let` pattern, or borrow the part with `&`"),
        ),
        How::Receiver(_) => (
            Code::MoveOrBorrow,
            format!(
                "only types decide whether this method moves `{name}` or borrows it, and the function waits while `{name}` is in scope"
            ),
            format!(
                "write `{{ {name} }}.method()` to move it, or `(&{name}).method()` to borrow it"
            ),
        ),
        _ => (
            Code::MoveOrBorrow,
            format!(
                "only types decide whether this moves `{name}` or borrows it, and the function waits while `{name}` is in scope"
            ),
            format!("pass `&{name}`, or move it in a statement of its own"),
        ),
    };
    Diagnostic::new(
        code,
        found.span,
        message,
        format!("last use of `{name}`"),
        Some(help),
    )
}

/// A whole array drops forward, but backward where the compiler drops it in the same place as what is left of one.
fn elements_taken(resolved: &Resolved, found: &Use) -> Diagnostic {
    let name = &resolved.locals[found.local.0].base;
    Diagnostic::new(
        Code::PartialMove,
        found.span,
        format!(
            "elements are taken out of the array `{name}`, which is held across an await, and what is made of them decides in which order it drops there"
        ),
        "its elements are taken here",
        Some(format!(
            "take the elements by reference, `let [..] = &{name};`, or move `{name}` into a function that takes it apart"
        )),
    )
}

/// Where an array drops whole on some ways and without some of its elements on others, the compiler drops the elements from the last to
/// the first in plain code, and from the first to the last in an async function.
fn elements_taken_sometimes(resolved: &Resolved, found: &Use) -> Diagnostic {
    let local = &resolved.locals[found.local.0];
    let name = &local.base;
    Diagnostic::new(
        Code::PartialMove,
        found.span,
        format!(
            "elements are taken out of the array `{name}` on some ways only, and the order in which it drops on the others is another outside of an async function"
        ),
        "its elements are taken here",
        Some("take the array apart in a `let` pattern right where it is made".into()),
    )
}

/// Whether some way leads from where a local gets its value to an end of the function, or of its own scope, with no use that takes it apart.
fn ends_without(graph: &Graph, taken: &Use) -> bool {
    let takes = |event: &Event| matches!(event, Event::Use(found) if found.local == taken.local && found.elements);
    let mut seen = HashSet::new();
    let mut stack = Vec::new();
    for node in graph.blocks.node_indices() {
        for (index, event) in graph.blocks[node].events.iter().enumerate() {
            if matches!(event, Event::Init(local, _) if *local == taken.local) {
                stack.push((node, index + 1));
            }
        }
    }
    while let Some((node, from)) = stack.pop() {
        let mut rest = graph.blocks[node].events.iter().skip(from);
        match rest.find(|event| takes(event) || matches!(event, Event::Leave)) {
            Some(Event::Leave) => return true,
            Some(_) => continue,
            None => {}
        }
        let next = graph
            .blocks
            .neighbors_directed(node, Direction::Outgoing)
            .collect::<Vec<_>>();
        if next.is_empty() {
            return true;
        }
        stack.extend(
            next.into_iter()
                .filter(|next| seen.insert(*next))
                .map(|next| (next, 0)),
        );
    }
    false
}

/// A value is used again after an expression that may move a part of it.
fn used_after_part(resolved: &Resolved, local: LocalId) -> Diagnostic {
    let local = &resolved.locals[local.0];
    let name = &local.base;
    Diagnostic::new(
        Code::PartialMove,
        local.span,
        format!(
            "only types decide what a use of `{name}` moves out of it, and `{name}` is used again while the function waits"
        ),
        "declared here",
        Some(format!(
            "take `{name}` apart in one `let` pattern, or borrow the part with `&`"
        )),
    )
}

/// An expression that leaves temporaries cannot run in a holder.
fn not_kept(resolved: &Resolved, holder: LocalId) -> Diagnostic {
    Diagnostic::new(
        Code::Temporary,
        resolved.locals[holder.0].span,
        "a temporary of this expression may be held across an await, and it uses values that have no place of their own",
        "only types or an expansion say for how long",
        Some("give it a name in a `let` before it".into()),
    )
}

/// An expression cannot run in a holder as it stands.
fn in_holder(resolved: &Resolved, local: LocalId) -> Diagnostic {
    let local = &resolved.locals[local.0];
    let name = &local.base;
    Diagnostic::new(
        Code::MoveOrBorrow,
        local.span,
        format!(
            "only types decide what an expression moves of `{name}`, and it uses other values that drop before it"
        ),
        "declared here",
        Some(format!(
            "evaluate the part with `{name}` in a `let` before it, as `{{ {name} }}` where it is moved and `(&{name})` where it is borrowed"
        )),
    )
}

/// Whether the function can wait after an event while a local is still in scope and has not got a new value.
fn suspends_in_scope(graph: &Graph, node: NodeIndex, index: usize, local: LocalId) -> bool {
    reaches(graph, node, index, |event| match event {
        Event::Declare(other) | Event::Init(other, _) if *other == local => Some(false),
        Event::Suspend(id) if graph.in_scope[*id].contains(&local) => Some(true),
        _ => None,
    })
}

/// Whether a use of a part can be followed by a use of something in it, or around it, before that gets a new value: then it was copied,
/// as the original compiles.
fn part_used_again(graph: &Graph, node: NodeIndex, index: usize, part: &Use) -> bool {
    reaches(graph, node, index, |event| match event {
        Event::Declare(other) | Event::Init(other, _) if *other == part.local => Some(false),
        Event::Refill(other, path) if *other == part.local => {
            overlap(&part.path, path).unwrap_or(true).then_some(false)
        }
        Event::Use(found) if found.local == part.local => {
            let whole = matches!(found.how, How::Value | How::Taken | How::Receiver(_));
            (whole || overlap(&part.path, &found.path) == Some(true)).then_some(true)
        }
        _ => None,
    })
}

/// Whether a part can get a new value after a use of it.
fn refilled_after(graph: &Graph, node: NodeIndex, index: usize, part: &Use) -> bool {
    reaches(graph, node, index, |event| match event {
        Event::Declare(other) | Event::Init(other, _) if *other == part.local => Some(false),
        Event::Refill(other, path) if *other == part.local => {
            overlap(&part.path, path).unwrap_or(true).then_some(true)
        }
        _ => None,
    })
}

/// Whether one of two parts is in the other; none where it is not known what they are.
fn overlap(one: &Option<Vec<String>>, other: &Option<Vec<String>>) -> Option<bool> {
    let mut both = one.as_ref()?.iter().zip(other.as_ref()?);
    Some(both.all(|(one, other)| one == other))
}

/// Whether some way from an event on leads to one that decides so.
fn reaches(
    graph: &Graph,
    node: NodeIndex,
    index: usize,
    decide: impl Fn(&Event) -> Option<bool>,
) -> bool {
    let mut seen = HashSet::new();
    let mut stack = vec![(node, index + 1)];
    while let Some((node, from)) = stack.pop() {
        let events = graph.blocks[node].events.iter().skip(from);
        match events.filter_map(&decide).next() {
            Some(true) => return true,
            Some(false) => {}
            None => {
                let next = graph.blocks.neighbors_directed(node, Direction::Outgoing);
                stack.extend(next.filter(|next| seen.insert(*next)).map(|next| (next, 0)));
            }
        }
    }
    false
}

/// Whether an assignment to a local can follow an event while the local is in scope.
fn assigned_after(graph: &Graph, node: NodeIndex, index: usize, local: LocalId) -> bool {
    reaches(graph, node, index, |event| match event {
        Event::Init(other, Some(_)) if *other == local => Some(true),
        Event::Declare(other) if *other == local => Some(false),
        _ => None,
    })
}

/// What each holder may borrow from, all the way.
pub(crate) struct Holds {
    locals: Vec<Set<LocalId>>,
    children: Vec<Set<LocalId>>,
}

impl Holds {
    pub(crate) fn of(graph: &Graph, moves: &Set<Mention>) -> Self {
        let locals = graph.facts.len();
        let mut this = Holds {
            locals: vec![Set::default(); locals],
            children: vec![Set::default(); graph.suspends.len()],
        };
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); locals];
        for (i, flow) in graph.flows.iter().enumerate() {
            for &from in &flow.from {
                if readers[from.0].last() != Some(&i) {
                    readers[from.0].push(i);
                }
            }
        }
        let mut work: Vec<usize> = (0..graph.flows.len()).rev().collect();
        let mut waiting = vec![true; graph.flows.len()];
        while let Some(i) = work.pop() {
            waiting[i] = false;
            let flow = &graph.flows[i];
            if let Holder::Local(local) = flow.into
                && (graph.facts[local.0].owned || graph.given.contains(&local))
            {
                continue;
            }
            let mut set = std::mem::take(this.of_holder(flow.into));
            let before = set.len();
            let loans = flow.loans.iter();
            set.extend(
                loans
                    .filter(|(_, mention)| !moves.contains(mention))
                    .map(|(local, _)| *local),
            );
            for &from in &flow.from {
                set.add(this.local(from));
            }
            if let Holder::Local(local) = flow.into {
                set.remove(local);
            }
            let grown = set.len() > before;
            *this.of_holder(flow.into) = set;
            if grown && let Holder::Local(local) = flow.into {
                for &reader in &readers[local.0] {
                    if !std::mem::replace(&mut waiting[reader], true) {
                        work.push(reader);
                    }
                }
            }
        }
        this
    }

    fn of_holder(&mut self, holder: Holder) -> &mut Set<LocalId> {
        match holder {
            Holder::Local(local) => &mut self.locals[local.0],
            Holder::Child(id) => &mut self.children[id],
        }
    }

    pub(crate) fn local(&self, local: LocalId) -> &Set<LocalId> {
        &self.locals[local.0]
    }

    fn child(&self, id: usize) -> &Set<LocalId> {
        &self.children[id]
    }
}

/// The blocks that control can reach, each after those that it leads to.
struct PostOrder {
    nodes: Vec<NodeIndex>,
    /// Each block's place in it.
    positions: Vec<Option<usize>>,
}

impl PostOrder {
    fn of(graph: &Graph) -> Self {
        let mut nodes = Vec::new();
        let mut positions = vec![None; graph.blocks.node_count()];
        let mut order = petgraph::visit::DfsPostOrder::new(&graph.blocks, graph.entry);
        while let Some(node) = order.next(&graph.blocks) {
            positions[node.index()] = Some(nodes.len());
            nodes.push(node);
        }
        PostOrder { nodes, positions }
    }
}

pub(crate) struct Liveness {
    out: Vec<FixedBitSet>,
}

impl Liveness {
    pub(crate) fn solve(graph: &Graph, locals: usize) -> Self {
        let blocks = graph.blocks.node_count();
        let mut ins = vec![FixedBitSet::with_capacity(locals); blocks];
        let mut this = Liveness {
            out: vec![FixedBitSet::with_capacity(locals); blocks],
        };
        // Successors first, so that most blocks are visited once.
        let order = PostOrder::of(graph);
        let mut work: BTreeSet<usize> = (0..order.nodes.len()).collect();
        while let Some(node) = work.pop_first().map(|at| order.nodes[at]) {
            let mut out = FixedBitSet::with_capacity(locals);
            for edge in graph.blocks.edges_directed(node, Direction::Outgoing) {
                out.union_with(&ins[edge.target().index()]);
            }
            this.out[node.index()] = out.clone();
            for event in graph.blocks[node].events.iter().rev() {
                Self::step(event, &mut out);
            }
            if ins[node.index()] != out {
                ins[node.index()] = out;
                work.extend(
                    graph
                        .blocks
                        .neighbors_directed(node, Direction::Incoming)
                        .filter_map(|previous| order.positions[previous.index()]),
                );
            }
        }
        this
    }

    fn step(event: &Event, live: &mut FixedBitSet) {
        match event {
            Event::Declare(local) | Event::Init(local, _) => live.set(local.0, false),
            Event::Use(found) => live.insert(found.local.0),
            _ => {}
        }
    }

    /// The events of a block from last to first, each with what is live after it.
    pub(crate) fn backwards(
        &self,
        graph: &Graph,
        node: NodeIndex,
        mut each: impl FnMut(usize, &Event, &FixedBitSet),
    ) {
        let mut live = self.out[node.index()].clone();
        for (i, event) in graph.blocks[node].events.iter().enumerate().rev() {
            each(i, event, &live);
            Self::step(event, &mut live);
        }
    }

    fn after_suspension(&self, _graph: &Graph, node: NodeIndex) -> &FixedBitSet {
        &self.out[node.index()]
    }
}

/// Which locals may have a value, and which may have none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    init: FixedBitSet,
    uninit: FixedBitSet,
    /// Which may have had a value since their declaration: what was copied out can still be borrowed.
    had: FixedBitSet,
}

impl State {
    fn empty(locals: usize) -> Self {
        let none = FixedBitSet::with_capacity(locals);
        State {
            init: none.clone(),
            uninit: none.clone(),
            had: none,
        }
    }
}

struct Initialised {
    ins: Vec<Option<State>>,
}

impl Initialised {
    fn solve(graph: &Graph, locals: usize, moves: &Set<Mention>) -> Self {
        let mut ins: Vec<Option<State>> = vec![None; graph.blocks.node_count()];
        ins[graph.entry.index()] = Some(State::empty(locals));
        // Predecessors first.
        let order = PostOrder::of(graph);
        let mut work: BTreeSet<usize> = order.positions[graph.entry.index()].into_iter().collect();
        while let Some(node) = work.pop_last().map(|at| order.nodes[at]) {
            let Some(mut state) = ins[node.index()].clone() else {
                continue;
            };
            run(&graph.blocks[node].events, moves, &mut state, |_, _| {});
            for next in graph.blocks.neighbors_directed(node, Direction::Outgoing) {
                let changed = match &mut ins[next.index()] {
                    slot @ None => {
                        *slot = Some(state.clone());
                        true
                    }
                    Some(old)
                        if state.init.is_subset(&old.init)
                            && state.uninit.is_subset(&old.uninit)
                            && state.had.is_subset(&old.had) =>
                    {
                        false
                    }
                    Some(old) => {
                        old.init.union_with(&state.init);
                        old.uninit.union_with(&state.uninit);
                        old.had.union_with(&state.had);
                        true
                    }
                };
                if changed {
                    work.extend(order.positions[next.index()]);
                }
            }
        }
        Initialised { ins }
    }

    fn forwards(
        &self,
        graph: &Graph,
        node: NodeIndex,
        moves: &Set<Mention>,
        each: impl FnMut(&Event, &State),
    ) {
        if let Some(mut state) = self.ins[node.index()].clone() {
            run(&graph.blocks[node].events, moves, &mut state, each);
        }
    }

    /// What has a value right before an event.
    fn before(&self, graph: &Graph, node: NodeIndex, index: usize, moves: &Set<Mention>) -> State {
        let mut state = self.ins[node.index()]
            .clone()
            .unwrap_or_else(|| State::empty(graph.facts.len()));
        run(
            &graph.blocks[node].events[..index],
            moves,
            &mut state,
            |_, _| {},
        );
        state
    }

    fn at_suspension(&self, graph: &Graph, node: NodeIndex, moves: &Set<Mention>) -> State {
        let mut state = self.ins[node.index()]
            .clone()
            .unwrap_or_else(|| State::empty(graph.facts.len()));
        run(&graph.blocks[node].events, moves, &mut state, |_, _| {});
        state
    }
}

fn run(
    events: &[Event],
    moves: &Set<Mention>,
    state: &mut State,
    mut each: impl FnMut(&Event, &State),
) {
    for event in events {
        each(event, state);
        match event {
            Event::Declare(local) => {
                state.init.set(local.0, false);
                state.uninit.insert(local.0);
                state.had.set(local.0, false);
            }
            Event::Init(local, _) => {
                state.had.insert(local.0);
                state.init.insert(local.0);
                state.uninit.set(local.0, false);
            }
            // The arms of a `match` share the mention of its head, and only some of them move it.
            Event::Use(found)
                if moves.contains(&found.mention)
                    && matches!(
                        found.how,
                        How::Value | How::Taken | How::Receiver(Some(Receiver::ByValue))
                    ) =>
            {
                state.init.set(found.local.0, false);
                state.uninit.insert(found.local.0);
            }
            _ => {}
        }
    }
}
