//! What emitted code mentions.

use super::kept;
use crate::ir::AwaitId;
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::sets::Set;
use proc_macro2::{TokenStream, TokenTree};
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
    /// There is a `let` without a value.
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
        let mut trees = tokens.clone().into_iter();
        while let Some(tree) = trees.next() {
            match &tree {
                TokenTree::Ident(ident) if ident == kept::LATER => {
                    self.waits.push(kept::waits_at(trees.nth(1).as_ref()));
                }
                TokenTree::Ident(ident) if ident == "let" => after_let = true,
                TokenTree::Ident(ident) => names::with_text(ident, |name| self.name(name)),
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
