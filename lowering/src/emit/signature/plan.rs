//! How the machine's own lifetimes find a place among those of the signature.
//!
//! What the machine stores must be written with the lifetimes that the function captures. A child that takes two references at once
//! has the part that both have in common, and a borrow of the machine's own slots has whatever the compiler picks: the least of the
//! captured lifetimes when there is one, else `'static`. So a least lifetime is needed: one that everything outlives.

use super::scope::{Scope, Thing};

/// What is done to the signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing: it has a least lifetime, or needs none.
    AsIs,
    /// These parameters are given the one lifetime at entry. The function stays late-bound in all of them.
    Lengthen {
        to: Thing,
        from: Vec<Thing>,
        params: Vec<usize>,
    },
    /// A lifetime of its own, which these outlive.
    Frame { bounds: Vec<Thing> },
}

/// `slots`: the machine borrows from slots of its own whose types it infers. `spellable`: whether the type of a parameter can be written
/// without the given lifetimes.
pub(super) fn plan(
    scope: &Scope,
    slots: bool,
    awaits: bool,
    spellable: impl Fn(usize, &[Thing]) -> bool,
) -> Plan {
    if !awaits {
        return Plan::AsIs;
    }
    if slots && scope.types().next().is_some() {
        // A borrow of a slot that holds a `T` must be picked so that `T` outlives it.
        let least = scope
            .lifetimes()
            .any(|least| scope.all.iter().all(|thing| scope.outlives(thing, least)));
        let closed = || {
            scope.lifetimes().next().is_none()
                && scope
                    .types()
                    .all(|ty| scope.outlives(ty, &Thing::Lifetime("static".into())))
        };
        return if least || closed() {
            Plan::AsIs
        } else {
            frame(scope)
        };
    }
    let carried = scope.carried();
    let several = carried.len() > 1 || carried.contains(&&Thing::Me) && scope.several_unnamed;
    if !several
        || carried.iter().any(|least| {
            least.is_lifetime() && carried.iter().all(|thing| scope.outlives(thing, least))
        })
    {
        return Plan::AsIs;
    }
    let lengthened = carried
        .iter()
        .filter(|to| to.is_lifetime())
        .filter_map(|to| lengthen(scope, &carried, to, &spellable));
    let fewest = lengthened.min_by_key(|(_, _, params)| params.len());
    fewest.map_or_else(
        || frame(scope),
        |(to, from, params)| Plan::Lengthen { to, from, params },
    )
}

/// Which lifetimes become the one, in which parameters.
fn lengthen(
    scope: &Scope,
    carried: &[&Thing],
    to: &Thing,
    spellable: &impl Fn(usize, &[Thing]) -> bool,
) -> Option<(Thing, Vec<Thing>, Vec<usize>)> {
    let from: Vec<Thing> = carried
        .iter()
        .filter(|thing| !scope.outlives(thing, to))
        .map(|thing| (*thing).clone())
        .collect();
    if !from.iter().all(|thing| scope.is_free(thing)) {
        return None;
    }
    let params: Vec<usize> = (0..scope.params.len())
        .filter(|&i| from.iter().any(|thing| scope.params[i].contains(thing)))
        .collect();
    // With the new lifetime their types must still be well formed.
    let formed = |i: usize| {
        scope.params[i]
            .iter()
            .all(|thing| from.contains(thing) || scope.outlives(thing, to))
    };
    params
        .iter()
        .all(|&i| formed(i) && spellable(i, &from))
        .then_some((to.clone(), from, params))
}

/// The fewest bounds that put a new lifetime below everything.
fn frame(scope: &Scope) -> Plan {
    let follows = |(i, thing): (usize, &Thing)| {
        let below = |(j, other): (usize, &Thing)| {
            i != j
                && other.is_lifetime()
                && scope.outlives(thing, other)
                && (j < i || !scope.outlives(other, thing))
        };
        scope.outlives(thing, &Thing::Lifetime("static".into()))
            || scope.all.iter().enumerate().any(below)
    };
    let mut bounds: Vec<Thing> = scope
        .all
        .iter()
        .enumerate()
        .filter(|&found| !follows(found))
        .map(|(_, thing)| thing.clone())
        .collect();
    // `Self: 'f` says as much as a bound for each parameter of the `impl` block.
    let of_self = |thing: &Thing| scope.outer.contains(thing) && scope.of_self.contains(thing);
    if bounds.iter().filter(|thing| of_self(thing)).count() > 1 {
        bounds.retain(|thing| !of_self(thing));
        bounds.push(Thing::Me);
    }
    Plan::Frame { bounds }
}
