//! What emitted code mentions.

use super::{any_token, kept};
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::sets::Set;
use proc_macro2::{Spacing, TokenStream, TokenTree};
use std::collections::HashSet;

/// The locals that a piece of emitted code mentions.
pub(super) struct Mentions<'a> {
    layout: &'a Layout,
    /// By marked names.
    locals: Set<LocalId>,
    /// By final names.
    names: HashSet<String>,
    /// The awaits whose slots are to be kept: see [`super::kept`].
    pub(super) waits: Vec<AwaitId>,
    /// There is a `let` without a value, or one of a vacant guard.
    pub(super) declares: bool,
}

impl<'a> Mentions<'a> {
    pub(super) fn of(code: &TokenStream, layout: &'a Layout) -> Self {
        let mut found = Mentions {
            layout,
            locals: Set::default(),
            names: HashSet::new(),
            waits: Vec::new(),
            declares: false,
        };
        found.read(code);
        found
    }

    /// Whether a local is there, by its mark or by its final name.
    pub(super) fn has(&self, local: LocalId) -> bool {
        self.locals.contains(&local) || !self.names.is_empty() && self.has_name(local)
    }

    /// Whether a local is there by its final name.
    pub(super) fn has_name(&self, local: LocalId) -> bool {
        names::with_text(self.layout.name(local), |name| self.names.contains(name))
    }

    fn read(&mut self, tokens: &TokenStream) {
        let mut after_let = false;
        // A field or method has a name of its own; but the frame's fields are those of the locals.
        let mut member = false;
        let mut of_frame = false;
        // `Point { x: 1, y }`
        let mut first = true;
        // A piece of a path has a name of its own as well.
        let mut in_path = false;
        let mut trees = tokens.clone().into_iter().peekable();
        while let Some(tree) = trees.next() {
            let may_name_field = std::mem::take(&mut first);
            first = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ',');
            let after_dot = member;
            let after_path = in_path;
            in_path = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ':'
                && (punct.spacing() == Spacing::Joint || after_path));
            member = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '.' && !of_frame && !member);
            match &tree {
                TokenTree::Ident(ident) if ident == kept::LATER => {
                    self.waits.push(kept::waits_at(trees.nth(1).as_ref()));
                }
                TokenTree::Ident(ident) if ident == "let" => after_let = true,
                // `let mut x = rt::Live::vacant();`
                TokenTree::Ident(ident) if ident == "vacant" => self.declares = true,
                TokenTree::Ident(ident) => {
                    of_frame = *ident == self.layout.fresh.frame;
                    let names_field = may_name_field
                        && matches!(trees.peek(), Some(TokenTree::Punct(punct))
                            if punct.as_char() == ':' && punct.spacing() == Spacing::Alone);
                    let begins_path = matches!(trees.peek(), Some(TokenTree::Punct(punct))
                        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
                    if !after_dot && !names_field && !after_path && !begins_path {
                        names::with_text(ident, |name| self.name(name));
                    }
                    continue;
                }
                TokenTree::Punct(punct) => {
                    self.declares |= after_let && punct.as_char() == ';';
                    after_let &= !matches!(punct.as_char(), ';' | '=');
                }
                TokenTree::Literal(literal) => {
                    names::map_captures(literal, &mut |name| {
                        if let Some((local, _)) = names::unmark(name) {
                            self.locals.insert(local);
                        }
                        None
                    });
                }
                TokenTree::Group(group) => self.read(&group.stream()),
            }
            of_frame = false;
        }
    }

    fn name(&mut self, name: &str) {
        if let Some((local, _)) = names::unmark(name) {
            self.locals.insert(local);
        } else if self.layout.names_a_local(name) && !self.names.contains(name) {
            self.names.insert(name.to_owned());
        }
    }
}

/// The locals that code uses up whenever control comes to its end, by one of these mentions: as a statement of its own, which no jump or
/// branch passes by.
pub(super) fn used_up(code: &TokenStream, moves: &Set<names::Mention>) -> Set<LocalId> {
    let mut found = Set::default();
    let mut statement = Vec::new();
    for tree in code.clone() {
        // A jump may pass by all that follows.
        let jumps = |tree: &TokenTree| matches!(tree, TokenTree::Ident(word) if word == "break" || word == "continue");
        if any_token(&tree.clone().into(), &mut { jumps }) {
            break;
        }
        if matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ';') {
            if !is_conditional(&statement) {
                statement
                    .iter()
                    .for_each(|tree| read_moves(tree, moves, &mut found));
            }
            statement.clear();
        } else {
            statement.push(tree);
        }
    }
    found
}

/// Whether pieces of a statement may be evaluated or not: branches, closures, lazy operators.
fn is_conditional(trees: &[TokenTree]) -> bool {
    use proc_macro2::{Delimiter, Spacing};
    trees.iter().any(|tree| match tree {
        TokenTree::Punct(punct) => match punct.as_char() {
            '|' => true,
            '&' => punct.spacing() == Spacing::Joint,
            _ => false,
        },
        TokenTree::Group(group) => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            group.delimiter() == Delimiter::Brace || is_conditional(&inside)
        }
        _ => false,
    })
}

fn read_moves(tree: &TokenTree, moves: &Set<names::Mention>, found: &mut Set<LocalId>) {
    match tree {
        TokenTree::Ident(ident) => {
            if let Some((local, mention)) = names::mention(ident)
                && moves.contains(&mention)
            {
                found.insert(local);
            }
        }
        TokenTree::Group(group) => group
            .stream()
            .into_iter()
            .for_each(|tree| read_moves(&tree, moves, found)),
        _ => {}
    }
}
