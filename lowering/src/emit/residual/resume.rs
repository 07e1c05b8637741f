//! What is left of the function after an await.

use super::index::holds_expr;
use super::shape::{declared, is_local, locals_of, pattern_locals, within_items};
use super::tokens::{binds_again, declares_local, mentions, retarget, runs_before, suffixed};
use super::{Dest, Out, Place, Residual, as_block, outlives_locals, unused};
use crate::emit::mentions::{self, Mentions};
use crate::ir::{AwaitId, Block, Expr, Loop, Stmt, Tail};
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::sets::Set;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};

impl Residual<'_> {
    /// What is left of a block, which ends what its value leaves. `flat`: its locals are bound already, and nothing follows it in the arm.
    pub(super) fn resume_stmts(
        &self,
        block: &Block,
        id: AwaitId,
        bound: &[LocalId],
        dest: Dest,
        place: Place,
        flat: bool,
    ) -> Out {
        match block.tail {
            Tail::Closed if dest == Dest::Value => {
                let locals = self.bound_before(block, id, bound);
                let out = self.rest(block, id, &locals, dest, place, flat);
                return closed(out);
            }
            Tail::Branch if dest == Dest::Value || outlives_locals(block) => {}
            _ => {
                let locals = self.bound_before(block, id, bound);
                return self.rest(block, id, &locals, dest, place, flat);
            }
        }
        // Behind the branch's locals, and before what its pattern binds.
        let at = self.index[&(std::ptr::from_ref(block), id)];
        let (mut around, mut own) = (bound.to_vec(), Vec::new());
        let (front, rest) = block.stmts[..at].split_at(block.front.min(at));
        front.iter().for_each(|stmt| declared(stmt, &mut around));
        rest.iter().for_each(|stmt| declared(stmt, &mut own));
        let out = self.rest(block, id, &own, Dest::Value, place.inner(), false);
        let out = self.ended(out, dest);
        self.rebind(out, &around, id, dest, flat)
    }

    /// The locals that are bound where an await in a block is: those of the pattern before the block, and its own.
    fn bound_before(&self, block: &Block, id: AwaitId, bound: &[LocalId]) -> Vec<LocalId> {
        let at = self.index[&(std::ptr::from_ref(block), id)];
        let mut locals = bound.to_vec();
        block.stmts[..at]
            .iter()
            .for_each(|stmt| declared(stmt, &mut locals));
        locals
    }

    /// What is left of a block. `locals` are bound again, unless it is flat.
    fn rest(
        &self,
        block: &Block,
        id: AwaitId,
        locals: &[LocalId],
        dest: Dest,
        place: Place,
        flat: bool,
    ) -> Out {
        let at = self.index[&(std::ptr::from_ref(block), id)];
        let last = at + 1 == block.stmts.len();
        let head = self.resume_stmt(
            &block.stmts[at],
            id,
            last,
            dest,
            Place {
                tail: place.tail && last,
            },
        );
        let rest = &block.stmts[at + 1..];
        // What the resumed statement itself binds ends with its block as well.
        let mut declares = matches!(&block.stmts[at], Stmt::Let { .. });
        let out = if !head.completes {
            head
        } else if rest.is_empty() {
            self.end_block(head.tokens, block.stmts.last(), dest)
        } else {
            declares |= rest.iter().any(is_local);
            let mut tokens = head.tokens;
            let out = self.stmts(rest, dest);
            tokens.extend(out.tokens);
            Out {
                tokens,
                completes: out.completes,
            }
        };
        // Behind the bindings: what an item brings in would stand before a local from outside.
        let out = within_items(&block.stmts[..at], out);
        if flat {
            return out;
        }
        let mut tokens = self.bindings(id, locals, &out.tokens);
        let rebound = !tokens.is_empty();
        tokens.extend(out.tokens);
        self.braced(
            Out {
                tokens,
                completes: out.completes,
            },
            rebound || declares || dest == Dest::Value && !rest.is_empty(),
            dest,
        )
    }

    fn resume_stmt(&self, stmt: &Stmt, id: AwaitId, last: bool, dest: Dest, place: Place) -> Out {
        match stmt {
            Stmt::Plain(_) => unreachable!("plain statements hold no await"),
            Stmt::Let {
                attrs,
                pat,
                init,
                els,
            } => {
                if holds_expr(init, id) {
                    let mut value = self.resume_expr(init, id, &[], Dest::Value, place.inner());
                    if matches!(init, Expr::Await(_)) && !super::binds_whole(pat) {
                        // What the pattern leaves drops with the statement, as a temporary does.
                        let (rt, tokens) = (&self.layout.fresh.rt, value.tokens);
                        value.tokens = quote!(#rt::value(#tokens));
                    }
                    return self.let_(attrs, pat, value, false, els.as_ref());
                }
                let els = els.as_ref().expect("the await is in the `else` block");
                // The `else` block does not end normally.
                self.resume_stmts(els, id, &[], Dest::Nothing, place.inner(), false)
            }
            Stmt::Expr { expr, semi } => {
                let dest = if *semi || !last { Dest::Nothing } else { dest };
                let mut out = self.resume_expr(expr, id, &[], dest, place);
                if dest == Dest::Nothing && out.completes && matches!(expr, Expr::Await(_)) {
                    out.tokens = quote!();
                }
                out
            }
        }
    }

    fn resume_expr(
        &self,
        expr: &Expr,
        id: AwaitId,
        bound: &[LocalId],
        dest: Dest,
        place: Place,
    ) -> Out {
        let flat = place.tail && dest != Dest::Value;
        match expr {
            Expr::Plain(_) => unreachable!("plain expressions hold no await"),
            Expr::Await(found) => {
                let Layout { fresh, .. } = self.layout;
                let (rt, ready) = (&fresh.rt, &fresh.ready);
                let value = if found.operand.is_some() {
                    ready.to_token_stream()
                } else {
                    quote!(())
                };
                match dest {
                    Dest::Value => Out {
                        tokens: value,
                        completes: true,
                    },
                    Dest::Nothing => Out {
                        tokens: quote!(),
                        completes: true,
                    },
                    Dest::Return => Out {
                        tokens: quote!(return #rt::Ready(#value);),
                        completes: false,
                    },
                }
            }
            Expr::Block { label, block } => {
                if label.is_some() {
                    let inner = as_block(dest);
                    let place = Place {
                        tail: place.tail && inner == dest,
                    };
                    let flat = place.tail && inner != Dest::Value;
                    let out = self.resume_stmts(block, id, bound, inner, place, flat);
                    return self.labelled(out, label.as_ref(), dest);
                }
                if block.tail == Tail::Outlives {
                    let locals = self.bound_before(block, id, bound);
                    let out = self.rest(block, id, &locals, Dest::Value, place.inner(), false);
                    let out = self.returned(self.braced(out, true, Dest::Value), dest);
                    return unused(out, dest);
                }
                self.resume_stmts(block, id, bound, dest, place, flat)
            }
            Expr::If { cond, then, els } => {
                let unit = els.is_none() && dest == Dest::Return;
                let (dest, place) = if unit {
                    (Dest::Nothing, place.inner())
                } else {
                    (dest, place)
                };
                let flat = place.tail && dest != Dest::Value;
                let mut out = if self.index.contains_key(&(std::ptr::from_ref(then), id)) {
                    let mut bound = Vec::new();
                    pattern_locals(cond, &mut bound);
                    self.resume_stmts(then, id, &bound, dest, place, flat)
                } else {
                    self.resume_expr(
                        els.as_ref().expect("the await is in the `else` branch"),
                        id,
                        &[],
                        dest,
                        place,
                    )
                };
                if unit && out.completes {
                    let rt = &self.layout.fresh.rt;
                    out.tokens.extend(quote!(return #rt::Ready(());));
                    out.completes = false;
                }
                out
            }
            Expr::Match { arms, .. } => {
                let arm = arms
                    .iter()
                    .find(|arm| holds_expr(&arm.body, id))
                    .expect("the await is in an arm");
                let mut bound = Vec::new();
                locals_of(&arm.pat, &mut bound);
                match &arm.body {
                    Expr::Block { label: None, block } => {
                        self.resume_stmts(block, id, &bound, dest, place, flat)
                    }
                    body => {
                        // Only a block binds again; a single expression is its own tail.
                        let out = self.resume_expr(body, id, &bound, dest, place);
                        self.rebind(out, &bound, id, dest, flat)
                    }
                }
            }
            Expr::Loop(found) => self.resume_loop(found, id, dest, place),
        }
    }

    fn rebind(&self, out: Out, bound: &[LocalId], id: AwaitId, dest: Dest, flat: bool) -> Out {
        if flat {
            return out;
        }
        let mut tokens = self.bindings(id, bound, &out.tokens);
        let any = !tokens.is_empty();
        tokens.extend(out.tokens);
        let out = Out {
            tokens,
            completes: out.completes,
        };
        if any {
            self.braced(out, true, dest)
        } else {
            out
        }
    }

    fn resume_loop(&self, found: &Loop, id: AwaitId, dest: Dest, place: Place) -> Out {
        let Loop { label, cond, body } = found;
        let mut bound = Vec::new();
        if let Some(cond) = cond {
            pattern_locals(cond, &mut bound);
        }
        // The rest of this round. What it holds ends with it, so it is flat only if nothing follows.
        let copies = self.copies.borrow().clone();
        let round = self.resume_stmts(body, id, &bound, Dest::Nothing, place, place.tail);
        let again = round.completes || mentions(&round.tokens, "continue", label);
        let round = if again || dest == Dest::Return && mentions(&round.tokens, "break", label) {
            *self.copies.borrow_mut() = copies;
            self.resume_stmts(body, id, &bound, Dest::Nothing, place.inner(), false)
        } else {
            round
        };
        let next = suffixed(label, "next");
        let done = suffixed(label, "done");
        let skips = mentions(&round.tokens, "continue", label);
        let left = mentions(&round.tokens, "break", label);
        let mut tokens = retarget(round.tokens, label, &next, &done);
        if skips {
            tokens = quote!(#next: { #tokens });
        }
        let mut completes = false;
        if again {
            let inner = if dest == Dest::Return && left {
                Dest::Value
            } else {
                dest
            };
            let rest = self.loop_(found, inner);
            completes = rest.completes;
            tokens.extend(rest.tokens);
        }
        if left {
            return self.labelled(Out { tokens, completes }, Some(&done), dest);
        }
        if !again && dest == Dest::Value {
            return Out { tokens, completes };
        }
        if again && dest == Dest::Value && completes {
            return Out {
                tokens: quote!({ #tokens }),
                completes,
            };
        }
        Out { tokens, completes }
    }

    /// Binds again, in a scope of their own, those of these locals that are held; the others have no value yet.
    fn bindings(&self, id: AwaitId, locals: &[LocalId], code: &TokenStream) -> TokenStream {
        let mut tokens = TokenStream::new();
        if locals.is_empty() {
            return tokens;
        }
        let held: Set<LocalId> = self.held(id).collect();
        let locals: Set<LocalId> = locals.iter().copied().collect();
        let mentions = Mentions::of(code, self.layout);
        let used_up = mentions::used_up(code, &self.analysis.moves);
        for &local in &self.in_scope[id] {
            let name = self.layout.name(local);
            let mutability = self.mutability(local);
            if !locals.contains(&local) {
                // A scope inside did not bind it again, as nothing is left of it there; but an older one moves behind it.
                let stays = mentions.has(local)
                    && !binds_again(code, name)
                    && runs_before(code, local, name, &self.analysis.moves);
                if !tokens.is_empty() && held.contains(&local) && self.drops(local) && stays {
                    tokens.extend(quote!(let #mutability #name = #name;));
                }
            } else if held.contains(&local) {
                // Nothing is left of it at the end of its scope, and no older local moves behind it by being bound again.
                if tokens.is_empty() && used_up.contains(&local) {
                    continue;
                }
                // In a deep function a wait inside may keep it by its name.
                if mentions.has(local) || self.layout.deep && self.drops(local) {
                    tokens.extend(quote!(let #mutability #name = #name;));
                } else if self.drops(local) {
                    let silent = format_ident!("_{}", name);
                    tokens.extend(quote!(let #silent = #name;));
                }
            } else if self.may_be_late(local) && self.needs(local, &mentions) {
                tokens.extend(self.declaration(local));
            }
        }
        tokens
    }

    /// The declaration of a local that has no value yet.
    fn declaration(&self, local: LocalId) -> TokenStream {
        let Layout { fresh, .. } = self.layout;
        let (rt, frame, name) = (&fresh.rt, &fresh.frame, self.layout.name(local));
        let mutability = self.mutability(local);
        if self.analysis.flagged.contains(&local) {
            let slot = self.layout.place(local);
            return quote!(let #mutability #name = #rt::open!(#frame.#slot););
        }
        if self.analysis.lent.contains(&local) {
            return quote!(let mut #name = #rt::Live::vacant(););
        }
        // For what is pinned the name is that of a guard.
        if self.analysis.pinned.contains(&local) {
            return quote!(let #mutability #name;);
        }
        let found = &self.resolved.locals[local.0];
        let ty = found.ty.iter().filter(|_| !found.hidden);
        // Its mark says which local has a copy here.
        let name = names::mark(&found.base, local, names::Mention(0), name.span());
        quote!(let #mutability #name #(: #ty)*;)
    }

    fn may_be_late(&self, local: LocalId) -> bool {
        self.assigned.contains(&local) || self.analysis.flagged.contains(&local)
    }

    fn drops(&self, local: LocalId) -> bool {
        !self.facts[local.0].no_drop
    }

    /// The locals of flattened scopes that get their value only in the code of an arm: declared in their place, so that all drop in
    /// order.
    pub(in crate::emit) fn late(
        &self,
        id: AwaitId,
        code: &TokenStream,
        mentions: &Mentions<'_>,
    ) -> TokenStream {
        let held: Set<LocalId> = self.held(id).collect();
        let mut tokens = TokenStream::new();
        let mut any = false;
        for &local in &self.in_scope[id] {
            let name = self.layout.name(local);
            let mutability = self.mutability(local);
            if held.contains(&local) {
                let silent = format_ident!("_{}", name);
                let again = |name: &Ident| any && declares_local(code, local, name);
                if again(name) || again(&silent) {
                    // A scope inside binds it again.
                } else if any && (mentions.has(local) || self.layout.deep) {
                    tokens.extend(quote!(let #mutability #name = #name;));
                } else if any {
                    tokens.extend(quote!(let #silent = #silent;));
                }
            } else if self.is_late(local, code, mentions) {
                tokens.extend(self.declaration(local));
                any = true;
            }
        }
        tokens
    }

    /// Where in scope the first local stands that gets its value only in the code of an arm.
    pub(in crate::emit) fn first_late(
        &self,
        id: AwaitId,
        code: &TokenStream,
        mentions: &Mentions<'_>,
    ) -> Option<usize> {
        let held: Set<LocalId> = self.held(id).collect();
        self.in_scope[id]
            .iter()
            .position(|&local| !held.contains(&local) && self.is_late(local, code, mentions))
    }

    /// Whether code mentions a local, or will when it is known what it keeps.
    fn needs(&self, local: LocalId, mentions: &Mentions<'_>) -> bool {
        let states = &self.layout.states;
        mentions.has(local)
            || self.analysis.flagged.contains(&local)
                && mentions
                    .waits
                    .iter()
                    .any(|id| states[*id].pinned.contains(&local))
    }

    fn is_late(&self, local: LocalId, code: &TokenStream, mentions: &Mentions<'_>) -> bool {
        self.may_be_late(local)
            && self.needs(local, mentions)
            && !declares_local(code, local, self.layout.name(local))
    }
}

/// A block whose braces stay: they end what its value leaves.
fn closed(out: Out) -> Out {
    if !out.completes {
        return out;
    }
    let mut trees = out.tokens.clone().into_iter();
    let inside = match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => {
            group.stream()
        }
        _ => out.tokens,
    };
    // The braces of a block of ours go.
    let span = inside.clone().into_iter().map(|tree| tree.span());
    let span = span.into_iter().find(|span| span.byte_range().end > 0);
    let mut group = Group::new(Delimiter::Brace, inside);
    if let Some(span) = span {
        group.set_span(span);
    }
    Out {
        tokens: TokenTree::Group(group).into(),
        completes: true,
    }
}
