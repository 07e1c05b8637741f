//! The named form: every stored type must be spelled, because a struct of a module spells its fields.

use crate::analysis::Analysis;
use crate::desugar::Body;
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::ir::Awaits;
use crate::layout::Layout;
use crate::names::LocalId;
use crate::parse::{Found, Kind};
use crate::resolve::Resolved;
use crate::types::Table;
use quote::ToTokens;
use std::collections::{HashMap, HashSet};

/// Refuses what cannot have a name, and says what is missing; else spells the children's types.
pub(crate) fn spell(
    found: &Found,
    table: &Table,
    resolved: &Resolved,
    body: &Body,
    analysis: &Analysis,
    layout: &mut Layout,
    sink: &mut Sink,
) {
    let name = found.sig.ident.span();
    if found.kind != Kind::Free {
        let help = "give a name to a free function, and call it from the method";
        sink.push(Diagnostic::new(
            Code::Unspelled,
            name,
            "a method cannot have the named form: its struct would stand inside the `impl` block",
            "this method",
            Some(help.into()),
        ));
        return;
    }
    if !found.sig.generics.params.is_empty() {
        let help = "leave out the name: the form without one takes generics";
        sink.push(Diagnostic::new(
            Code::Unspelled,
            name,
            "a generic function cannot have the named form",
            "this function",
            Some(help.into()),
        ));
        return;
    }
    let none = HashSet::new();
    let stored: HashSet<LocalId> = body
        .params
        .iter()
        .copied()
        .chain(analysis.held.iter().flatten().map(|holding| holding.local))
        .chain(analysis.pinned.iter())
        .collect();
    let mut stored: Vec<LocalId> = stored.into_iter().collect();
    stored.sort();
    for local in stored {
        let known = &resolved.locals[local.0];
        if layout.spells(local) {
            continue;
        }
        let (message, help) = if known.hidden {
            (
                format!(
                    "a value without a name (`{}`) is held here, and the source does not spell its type",
                    known.base
                ),
                "give it a name and a type in a `let` before it".to_owned(),
            )
        } else if let Some(ty) = &known.ty {
            (
                format!(
                    "`{}` is held across an await, and its type `{}` cannot be that of a field: it is a reference or has a lifetime, or the file does not show what it names",
                    known.base,
                    crate::print::ty(ty)
                ),
                "hold a value of a type that the file declares, or leave out the name".to_owned(),
            )
        } else {
            (
                format!(
                    "`{}` is held across an await, and the source does not spell its type",
                    known.base
                ),
                format!(
                    "write the type: `let {}: Type = ..` on line {}",
                    known.base,
                    known.span.start().line
                ),
            )
        };
        sink.push(Diagnostic::new(
            Code::Unspelled,
            known.span,
            message,
            "declared here",
            Some(help),
        ));
    }
    let mut operands = HashMap::new();
    body.block.each(&mut |found| {
        operands.insert(found.id, found.operand.clone());
    });
    for (id, awaited) in body.awaits.iter().enumerate() {
        let Some(Some(operand)) = operands.get(&id) else {
            continue;
        };
        match table.type_of(operand).filter(|ty| table.closed(ty, &none)) {
            Some(ty) => layout.child_types[id] = ty.to_token_stream(),
            None => {
                let help = "await a function of this file that is not async and returns a future with a name";
                sink.push(Diagnostic::new(
                    Code::Unspelled,
                    awaited.span,
                    "the type of what is awaited is not spelled",
                    "awaited here",
                    Some(help.into()),
                ));
            }
        }
    }
}
