//! Control flow between suspension points: what runs from the start of a construct, and what is left of it after an await.
//!
//! What is left after an await is the rest of its block, then the rest of the block around that, and so on outwards: again plain
//! Rust, in which every construct stands where it stood. A loop around the await goes on with another round: first the rest of the
//! present one, then the loop itself. A piece that waits stores its state and leaves, so that no code follows it; a loop whose body
//! always waits or leaves becomes plain straight-line code.

use crate::analysis::Analysis;
use crate::checkpoint::Once;
use crate::ir::{Arm, Await, AwaitId, Awaits, Block, Expr, Loop, Stmt};
use crate::layout::Layout;
use crate::names::{self, LocalId};
use crate::resolve::Resolved;
use crate::types::Facts;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use syn::visit::Visit;

/// What becomes of the value of a piece of code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dest {
    /// It is the value of the emitted expression.
    Value,
    /// The function returns it.
    Return,
    /// Nothing: it is `()`, or dropped.
    Nothing,
}

/// Emitted code, and whether control can go on after it.
pub(super) struct Out {
    pub(super) tokens: TokenStream,
    pub(super) completes: bool,
}

pub(super) struct Residual<'a> {
    pub(super) layout: &'a Layout,
    pub(super) analysis: &'a Analysis,
    pub(super) resolved: &'a Resolved,
    /// The locals in scope at each await.
    pub(super) in_scope: &'a [Vec<LocalId>],
    pub(super) facts: &'a [Facts],
    /// The locals that an assignment can give their value.
    pub(super) assigned: HashSet<LocalId>,
    /// Which statement of a block holds an await.
    pub(super) index: HashMap<(*const Block, AwaitId), usize>,
    /// How often statements that must stand once were emitted, by what makes them so. Found before plain code was rewritten.
    pub(super) copies: RefCell<HashMap<Once, usize>>,
    pub(super) once: HashMap<*const Stmt, Once>,
    /// The states that emitted code enters.
    pub(super) entered: RefCell<BTreeSet<AwaitId>>,
}

/// Where in an arm code stands.
#[derive(Clone, Copy)]
struct Place {
    /// Falling off the end leads to the end of the arm, and so to the next turn of the machine's loop.
    tail: bool,
}

impl Place {
    fn inner(self) -> Self {
        Place { tail: false }
    }
}

impl Residual<'_> {
    /// The function from its start.
    pub(super) fn start(&self, block: &Block) -> TokenStream {
        self.body(self.stmts(&block.stmts, Dest::Return, Place { tail: true }))
    }

    /// The function after an await: `ready` stands for its value.
    pub(super) fn resume(&self, block: &Block, id: AwaitId) -> TokenStream {
        self.body(self.resume_stmts(block, id, &[], Dest::Return, Place { tail: true }, true))
    }

    fn body(&self, out: Out) -> TokenStream {
        out.tokens
    }

    // From the start.

    fn stmts(&self, stmts: &[Stmt], dest: Dest, place: Place) -> Out {
        let mut tokens = TokenStream::new();
        for (i, stmt) in stmts.iter().enumerate() {
            let last = i + 1 == stmts.len();
            let out = self.stmt(
                stmt,
                last,
                dest,
                Place {
                    tail: place.tail && last,
                },
            );
            tokens.extend(out.tokens);
            if !out.completes {
                return Out {
                    tokens,
                    completes: false,
                };
            }
        }
        self.end_block(tokens, stmts.last(), dest)
    }

    /// A block without a value gives `()`.
    fn end_block(&self, mut tokens: TokenStream, last: Option<&Stmt>, dest: Dest) -> Out {
        let has_value = match last {
            Some(Stmt::Expr { semi: false, .. }) => true,
            Some(Stmt::Plain(syn::Stmt::Expr(_, None))) => true,
            Some(Stmt::Plain(syn::Stmt::Macro(mac))) => mac.semi_token.is_none(),
            _ => false,
        };
        let completes = !(dest == Dest::Return);
        if dest == Dest::Return && !has_value {
            let rt = &self.layout.fresh.rt;
            tokens.extend(quote!(return #rt::Poll::Ready(());));
        }
        Out { tokens, completes }
    }

    fn stmt(&self, stmt: &Stmt, last: bool, dest: Dest, place: Place) -> Out {
        if let Some(once) = self.once.get(&std::ptr::from_ref(stmt)) {
            *self.copies.borrow_mut().entry(*once).or_default() += 1;
        }
        match stmt {
            Stmt::Plain(plain) => self.plain_stmt(plain, last, dest),
            Stmt::Let {
                attrs,
                pat,
                init,
                els,
            } => {
                let value = self.expr(init, Dest::Value, place.inner());
                self.let_(attrs, pat, value, els.as_ref(), place)
            }
            Stmt::Expr { expr, semi } => {
                let dest = if *semi || !last { Dest::Nothing } else { dest };
                let out = self.expr(expr, dest, place);
                self.terminated(out, expr, *semi, dest)
            }
        }
    }

    /// Puts the semicolon that a value without use needs.
    fn terminated(&self, mut out: Out, expr: &Expr, semi: bool, dest: Dest) -> Out {
        if dest == Dest::Nothing
            && semi
            && matches!(expr, Expr::Plain(_))
            && out.completes
            && !ends_with_semi(&out.tokens)
        {
            out.tokens.extend(quote!(;));
        }
        out
    }

    fn let_(
        &self,
        attrs: &[syn::Attribute],
        pat: &syn::Pat,
        value: Out,
        els: Option<&Block>,
        place: Place,
    ) -> Out {
        let tokens = value.tokens;
        if !value.completes {
            return Out {
                tokens,
                completes: false,
            };
        }
        // A bare name would be a place, of which a pattern may leave a part, or all, for the end of the scope.
        let bare = syn::parse2::<syn::Ident>(tokens.clone()).is_ok();
        let simple = matches!(pat, syn::Pat::Ident(pat) if pat.subpat.is_none());
        let tokens = if bare && !simple {
            let rt = &self.layout.fresh.rt;
            quote!(#rt::value(#tokens))
        } else {
            tokens
        };
        let braced = matches!(tokens.clone().into_iter().last(), Some(TokenTree::Group(group)) if group.delimiter() == proc_macro2::Delimiter::Brace);
        let tokens = if els.is_some() && braced {
            quote!((#tokens))
        } else {
            tokens
        };
        let els = els.map(|els| {
            let out = self.stmts(&els.stmts, Dest::Nothing, place.inner());
            let tokens = out.tokens;
            quote!(else { #tokens })
        });
        Out {
            tokens: quote!(#(#attrs)* let #pat = #tokens #els;),
            completes: true,
        }
    }

    fn plain_stmt(&self, stmt: &syn::Stmt, last: bool, dest: Dest) -> Out {
        if let syn::Stmt::Expr(expr, None) = stmt
            && last
        {
            return self.plain(expr, dest);
        }
        let completes = match stmt {
            syn::Stmt::Expr(expr, _) => !diverges(expr),
            syn::Stmt::Macro(mac) => !diverging_macro(&mac.mac),
            _ => true,
        };
        if let syn::Stmt::Macro(mac) = stmt
            && mac.semi_token.is_none()
            && last
            && dest == Dest::Return
            && completes
        {
            let rt = &self.layout.fresh.rt;
            let mac = &mac.mac;
            return Out {
                tokens: quote!(return #rt::Poll::Ready(#mac);),
                completes: false,
            };
        }
        Out {
            tokens: stmt.to_token_stream(),
            completes,
        }
    }

    fn plain(&self, expr: &syn::Expr, dest: Dest) -> Out {
        let completes = !diverges(expr);
        let rt = &self.layout.fresh.rt;
        let tokens = match dest {
            Dest::Value => expr.to_token_stream(),
            Dest::Nothing if block_like(expr) => expr.to_token_stream(),
            Dest::Nothing => quote!(#expr;),
            Dest::Return if !completes => quote!(#expr;),
            Dest::Return => quote!(return #rt::Poll::Ready(#expr);),
        };
        Out {
            tokens,
            completes: completes && dest != Dest::Return,
        }
    }

    fn expr(&self, expr: &Expr, dest: Dest, place: Place) -> Out {
        match expr {
            Expr::Plain(expr) => self.plain(expr, dest),
            Expr::Await(found) => self.suspend(found, place),
            Expr::Block { label, block } => {
                let label = label.as_ref();
                if label.is_some() {
                    // A labelled block may be left with a value.
                    let (inner, place) = if dest == Dest::Return {
                        (Dest::Value, place.inner())
                    } else {
                        (dest, place)
                    };
                    let out = self.stmts(&block.stmts, inner, place);
                    return self.labelled(out, label, dest);
                }
                if block.outlived {
                    let (inner, place) = outlived(dest, place);
                    let out = self.stmts(&block.stmts, inner, place);
                    return self.returned(self.braced(out, true, Dest::Value), dest);
                }
                let out = self.stmts(&block.stmts, dest, place);
                // Several statements without braces could read as one expression.
                let several = dest == Dest::Value && block.stmts.len() > 1;
                self.braced(out, several || declares(block), dest)
            }
            Expr::If { cond, then, els } => {
                if els.is_none() && dest == Dest::Return {
                    let mut out = self.expr(expr, Dest::Nothing, place.inner());
                    let rt = &self.layout.fresh.rt;
                    out.tokens.extend(quote!(return #rt::Poll::Ready(());));
                    return Out {
                        tokens: out.tokens,
                        completes: false,
                    };
                }
                let then = self.stmts(&then.stmts, dest, place);
                let tokens = then.tokens;
                match els {
                    None => Out {
                        tokens: quote!(if #cond { #tokens }),
                        completes: true,
                    },
                    Some(els) => {
                        let els = self.branch(els, dest, place);
                        let completes = then.completes || els.completes;
                        let els = els.tokens;
                        Out {
                            tokens: quote!(if #cond { #tokens } else #els),
                            completes,
                        }
                    }
                }
            }
            Expr::Match { head, arms } => {
                let mut completes = false;
                let arms: Vec<TokenStream> = arms
                    .iter()
                    .map(|Arm { pat, attrs, body }| {
                        let out = self.branch_body(body, dest, place);
                        completes |= out.completes;
                        let tokens = out.tokens;
                        quote!(#(#attrs)* #pat => { #tokens })
                    })
                    .collect();
                Out {
                    tokens: quote!(match #head { #(#arms)* }),
                    completes,
                }
            }
            Expr::Loop(found) => self.loop_(found, dest, place),
        }
    }

    /// An `else` branch, with its braces.
    fn branch(&self, expr: &Expr, dest: Dest, place: Place) -> Out {
        if matches!(expr, Expr::If { els: Some(_), .. })
            || matches!(expr, Expr::If { .. }) && dest != Dest::Return
        {
            return self.expr(expr, dest, place);
        }
        let out = self.branch_body(expr, dest, place);
        let tokens = out.tokens;
        Out {
            tokens: quote!({ #tokens }),
            completes: out.completes,
        }
    }

    /// The content of a branch, without braces.
    fn branch_body(&self, expr: &Expr, dest: Dest, place: Place) -> Out {
        match expr {
            Expr::Block { label: None, block } => self.stmts(&block.stmts, dest, place),
            expr => self.expr(expr, dest, place),
        }
    }

    /// A block's value as the function's.
    fn returned(&self, out: Out, dest: Dest) -> Out {
        if dest != Dest::Return || !out.completes {
            return out;
        }
        let (rt, tokens) = (&self.layout.fresh.rt, out.tokens);
        Out {
            tokens: quote!(return #rt::Poll::Ready(#tokens);),
            completes: false,
        }
    }

    fn braced(&self, out: Out, needs: bool, dest: Dest) -> Out {
        let Out { tokens, completes } = out;
        if dest == Dest::Value
            && completes
            && (needs || syn::parse2::<syn::Expr>(tokens.clone()).is_err())
            || dest != Dest::Value && needs && completes
        {
            return Out {
                tokens: quote!({ #tokens }),
                completes,
            };
        }
        Out { tokens, completes }
    }

    fn labelled(&self, out: Out, label: Option<&syn::Lifetime>, dest: Dest) -> Out {
        let Some(label) = label else { return out };
        let left = mentions(&out.tokens, "break", label);
        let Out { tokens, completes } = out;
        let completes = completes || left;
        let tokens = if left {
            quote!(#label: { #tokens })
        } else {
            quote!({ #tokens })
        };
        if dest == Dest::Return && completes {
            let rt = &self.layout.fresh.rt;
            return Out {
                tokens: quote!(return #rt::Poll::Ready(#tokens);),
                completes: false,
            };
        }
        Out { tokens, completes }
    }

    fn loop_(&self, found: &Loop, dest: Dest, place: Place) -> Out {
        let Loop { label, cond, body } = found;
        let copies = self.copies.borrow().clone();
        // After a `while` the function may return, so a round that waits must leave.
        let round = if cond.is_some() && dest != Dest::Nothing {
            place.inner()
        } else {
            place
        };
        let once = self.stmts(&body.stmts, Dest::Nothing, round);
        let again = once.completes || mentions(&once.tokens, "continue", label);
        if !again {
            // The body waits or leaves on every way: it runs at most once.
            let left = mentions(&once.tokens, "break", label);
            let once = if left && dest == Dest::Return {
                *self.copies.borrow_mut() = copies;
                self.stmts(&body.stmts, Dest::Nothing, place.inner())
            } else {
                once
            };
            let Out { tokens, completes } = once;
            let tokens = match cond {
                Some(cond) => quote!(if #cond { #tokens }),
                None => tokens,
            };
            let completes = completes || left || cond.is_some();
            let out = if left {
                self.labelled(Out { tokens, completes }, Some(label), dest)
            } else {
                Out { tokens, completes }
            };
            return self.finish_unit(out, cond.is_some() || left, dest, left);
        }
        *self.copies.borrow_mut() = copies;
        let body = self.stmts(&body.stmts, Dest::Nothing, Place { tail: false });
        let left = mentions(&body.tokens, "break", label);
        let tokens = body.tokens;
        let tokens = match cond {
            Some(cond) => quote!(#label: while #cond { #tokens }),
            None => quote!(#label: loop { #tokens }),
        };
        let completes = cond.is_some() || left;
        if dest == Dest::Return && completes {
            let rt = &self.layout.fresh.rt;
            if cond.is_some() {
                return Out {
                    tokens: quote!(#tokens return #rt::Poll::Ready(());),
                    completes: false,
                };
            }
            return Out {
                tokens: quote!(return #rt::Poll::Ready(#tokens);),
                completes: false,
            };
        }
        Out { tokens, completes }
    }

    /// After a `while` that runs at most once the function may return `()`.
    fn finish_unit(&self, out: Out, may_end: bool, dest: Dest, returned: bool) -> Out {
        if dest == Dest::Return && may_end && !returned {
            let rt = &self.layout.fresh.rt;
            let tokens = out.tokens;
            return Out {
                tokens: quote!(#tokens return #rt::Poll::Ready(());),
                completes: false,
            };
        }
        out
    }

    /// Stores the state and leaves the arm.
    fn suspend(&self, found: &Await, place: Place) -> Out {
        self.entered.borrow_mut().insert(found.id);
        let Layout { fresh, states, .. } = self.layout;
        let state = &states[found.id];
        let (rt, child, name, ty) = (&fresh.rt, &fresh.child, &state.name, &fresh.state_type);
        let target = self.state_reference();
        let carried = state
            .carried
            .iter()
            .rev()
            .map(|local| self.layout.name(*local));
        let keep = state.pinned.iter().rev().map(|local| {
            let name = self.layout.name(*local);
            let guard = if self.analysis.flagged.contains(local) {
                quote!(Flag)
            } else {
                quote!(Live)
            };
            quote!(#rt::#guard::keep(#name);)
        });
        let frame = &fresh.frame;
        let (beside, child) = match &found.operand {
            Some(operand) if self.layout.wide => {
                let field = self.layout.child_field(found.id);
                (
                    Some(quote!(#frame.children.#field = #rt::wait(#operand);)),
                    None,
                )
            }
            Some(operand) => (None, Some(quote!(#child: #rt::Child::new(#operand)))),
            None => (None, None),
        };
        let fields: Vec<TokenStream> = child
            .into_iter()
            .chain(carried.map(ToTokens::to_token_stream))
            .collect();
        let fields = (!fields.is_empty()).then(|| quote!({ #(#fields),* }));
        let label = fresh.machine();
        let leave = (!place.tail).then(|| quote!(continue #label;));
        Out {
            tokens: quote!(#beside #rt::set(#target, #ty::#name #fields); #(#keep)* #leave),
            completes: false,
        }
    }

    /// A reference to the state.
    pub(super) fn state_reference(&self) -> TokenStream {
        let fresh = &self.layout.fresh;
        let (frame, state) = (&fresh.frame, &fresh.state);
        if self.layout.framed() {
            quote!(&mut #frame.#state)
        } else {
            quote!(#state)
        }
    }

    // After an await.

    /// What is left of a block. `flat`: its locals are bound already, and nothing follows it in the arm.
    fn resume_stmts(
        &self,
        block: &Block,
        id: AwaitId,
        bound: &[LocalId],
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
            declares |= rest
                .iter()
                .any(|stmt| matches!(stmt, Stmt::Plain(syn::Stmt::Local(_)) | Stmt::Let { .. }));
            let mut tokens = head.tokens;
            let out = self.stmts(rest, dest, place);
            tokens.extend(out.tokens);
            Out {
                tokens,
                completes: out.completes,
            }
        };
        if flat {
            return out;
        }
        let mut locals: Vec<LocalId> = bound.to_vec();
        block.stmts[..at]
            .iter()
            .for_each(|stmt| declared(stmt, &mut locals));
        let mut tokens = self.bindings(id, &locals, &out.tokens);
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
                    if matches!(init, Expr::Await(_))
                        && !matches!(pat, syn::Pat::Ident(pat) if pat.subpat.is_none())
                    {
                        // What the pattern leaves drops with the statement, as a temporary does.
                        let (rt, tokens) = (&self.layout.fresh.rt, value.tokens);
                        value.tokens = quote!(#rt::value(#tokens));
                    }
                    return self.let_(attrs, pat, value, els.as_ref(), place);
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
                        tokens: quote!(return #rt::Poll::Ready(#value);),
                        completes: false,
                    },
                }
            }
            Expr::Block { label, block } => {
                if label.is_some() {
                    let (inner, place) = if dest == Dest::Return {
                        (Dest::Value, place.inner())
                    } else {
                        (dest, place)
                    };
                    let flat = place.tail && inner != Dest::Value;
                    let out = self.resume_stmts(block, id, bound, inner, place, flat);
                    return self.labelled(out, label.as_ref(), dest);
                }
                if block.outlived {
                    let (inner, place) = outlived(dest, place);
                    let out = self.resume_stmts(block, id, bound, inner, place, false);
                    return self.returned(self.braced(out, true, Dest::Value), dest);
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
                    out.tokens.extend(quote!(return #rt::Poll::Ready(());));
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
            let rest = self.loop_(
                found,
                inner,
                if left { Place { tail: false } } else { place },
            );
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
        let held: Vec<LocalId> = self.held(id).collect();
        let mut tokens = TokenStream::new();
        for &local in self.in_scope[id]
            .iter()
            .filter(|local| locals.contains(local))
        {
            let name = self.layout.name(local);
            let mutability = self.mutability(local);
            if held.contains(&local) {
                if super::mentions(code, self.layout, local) {
                    tokens.extend(quote!(let #mutability #name = #name;));
                } else if self.drops(local) {
                    let silent = format_ident!("_{}", name);
                    tokens.extend(quote!(let #silent = #name;));
                }
            } else if self.may_be_late(local) && super::mentions(code, self.layout, local) {
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
            let slot = self.layout.slot(local);
            return quote!(let #mutability #name = #rt::open!(#frame.#slot););
        }
        quote!(let #mutability #name;)
    }

    fn may_be_late(&self, local: LocalId) -> bool {
        self.assigned.contains(&local) || self.analysis.flagged.contains(&local)
    }

    fn drops(&self, local: LocalId) -> bool {
        !self.facts[local.0].no_drop
    }

    /// The locals of flattened scopes that get their value only in the code of an arm: declared in their place, so that all drop in
    /// order.
    pub(super) fn late(&self, id: AwaitId, code: &TokenStream) -> TokenStream {
        let held: Vec<LocalId> = self.held(id).collect();
        let mut tokens = TokenStream::new();
        let mut any = false;
        for &local in &self.in_scope[id] {
            let name = self.layout.name(local);
            let mutability = self.mutability(local);
            if held.contains(&local) {
                if any && declares_local(code, local, name) {
                    // A scope inside binds it again.
                } else if any && super::mentions(code, self.layout, local) {
                    tokens.extend(quote!(let #mutability #name = #name;));
                } else if any {
                    let silent = format_ident!("_{}", name);
                    tokens.extend(quote!(let #silent = #silent;));
                }
            } else if self.may_be_late(local)
                && super::mentions(code, self.layout, local)
                && !declares_local(code, local, name)
            {
                tokens.extend(self.declaration(local));
                any = true;
            }
        }
        tokens
    }

    /// What is held at an await, in order of declaration.
    fn held(&self, id: AwaitId) -> impl Iterator<Item = LocalId> {
        self.analysis.held[id].iter().map(|holding| holding.local)
    }

    pub(super) fn mutability(&self, local: LocalId) -> Option<syn::Token![mut]> {
        let declared = self.resolved.locals[local.0].mutable
            && (!self.analysis.pinned.contains(&local) || self.assigned.contains(&local));
        declared.then(|| syn::Token![mut](Span::call_site()))
    }
}

/// Leaves out declarations without a value, `let x;`, of locals that nothing else in the code mentions.
pub(super) fn prune_declarations(tokens: TokenStream, layout: &Layout) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
    let mut i = 0;
    while i < trees.len() {
        if let Some((local, len)) = empty_declaration(&trees[i..], layout) {
            let rest: TokenStream = trees[i + len..].iter().cloned().collect();
            if !super::mentions(&rest, layout, local) {
                i += len;
                continue;
            }
        }
        match &trees[i] {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(
                    group.delimiter(),
                    prune_declarations(group.stream(), layout),
                );
                inner.set_span(group.span());
                out.push(inner.into());
            }
            tree => out.push(tree.clone()),
        }
        i += 1;
    }
    out.into_iter().collect()
}

/// The local of a `let x;` or `let x: T;` that begins here, and its length.
fn empty_declaration(trees: &[TokenTree], layout: &Layout) -> Option<(LocalId, usize)> {
    let [TokenTree::Ident(first), rest @ ..] = trees else {
        return None;
    };
    if first != "let" {
        return None;
    }
    let skip =
        usize::from(matches!(rest.first(), Some(TokenTree::Ident(ident)) if *ident == "mut"));
    let TokenTree::Ident(name) = rest.get(skip)? else {
        return None;
    };
    let end = rest[skip + 1..].iter().position(
        |tree| matches!(tree, TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | '=')),
    )?;
    let punct = &rest[skip + 1 + end];
    if !matches!(punct, TokenTree::Punct(punct) if punct.as_char() == ';') {
        return None;
    }
    let local = names::local(name).or_else(|| layout.by_name(name))?;
    Some((local, skip + end + 3))
}

/// Whether the tokens declare a local themselves.
fn declares_local(tokens: &TokenStream, local: LocalId, name: &Ident) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut i = 0;
    while i < trees.len() {
        match &trees[i] {
            TokenTree::Ident(ident) if ident == "let" => {
                let mut next = i + 1;
                if matches!(&trees.get(next), Some(TokenTree::Ident(ident)) if *ident == "mut") {
                    next += 1;
                }
                if matches!(trees.get(next), Some(TokenTree::Ident(ident)) if names::local(ident) == Some(local) || ident == name)
                {
                    return true;
                }
            }
            TokenTree::Group(group) if declares_local(&group.stream(), local, name) => return true,
            _ => {}
        }
        i += 1;
    }
    false
}

/// A block whose value leaves temporaries is emitted as one, inside the statement that they end with.
fn outlived(dest: Dest, place: Place) -> (Dest, Place) {
    match dest {
        Dest::Return => (Dest::Value, place.inner()),
        dest => (dest, place.inner()),
    }
}

/// Notes for each await, in each block around it, the statement that holds it.
pub(super) fn index(block: &Block) -> HashMap<(*const Block, AwaitId), usize> {
    let mut index = HashMap::new();
    let mut around = Vec::new();
    index_block(block, &mut around, &mut index);
    index
}

type Around = Vec<(*const Block, usize)>;

fn index_block(
    block: &Block,
    around: &mut Around,
    index: &mut HashMap<(*const Block, AwaitId), usize>,
) {
    for (i, stmt) in block.stmts.iter().enumerate() {
        around.push((std::ptr::from_ref(block), i));
        match stmt {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                index_expr(init, around, index);
                els.iter().for_each(|els| index_block(els, around, index));
            }
            Stmt::Expr { expr, .. } => index_expr(expr, around, index),
        }
        around.pop();
    }
}

fn index_expr(
    expr: &Expr,
    around: &mut Around,
    index: &mut HashMap<(*const Block, AwaitId), usize>,
) {
    match expr {
        Expr::Plain(_) => {}
        Expr::Await(found) => index.extend(around.iter().map(|&(block, i)| ((block, found.id), i))),
        Expr::Block { block, .. } => index_block(block, around, index),
        Expr::If { then, els, .. } => {
            index_block(then, around, index);
            els.iter().for_each(|els| index_expr(els, around, index));
        }
        Expr::Match { arms, .. } => arms
            .iter()
            .for_each(|arm| index_expr(&arm.body, around, index)),
        Expr::Loop(Loop { body, .. }) => index_block(body, around, index),
    }
}

fn holds_expr(expr: &Expr, id: AwaitId) -> bool {
    let mut found = false;
    expr.each(&mut |one| found |= one.id == id);
    found
}

/// The locals that a statement declares in its block.
fn declared(stmt: &Stmt, locals: &mut Vec<LocalId>) {
    match stmt {
        Stmt::Plain(syn::Stmt::Local(local)) => locals_of(&local.pat, locals),
        Stmt::Let { pat, .. } => locals_of(pat, locals),
        _ => {}
    }
}

fn declares(block: &Block) -> bool {
    block
        .stmts
        .iter()
        .any(|stmt| matches!(stmt, Stmt::Plain(syn::Stmt::Local(_)) | Stmt::Let { .. }))
}

fn locals_of(pat: &syn::Pat, locals: &mut Vec<LocalId>) {
    struct Locals<'a>(&'a mut Vec<LocalId>);
    impl<'ast> Visit<'ast> for Locals<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            syn::visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    Locals(locals).visit_pat(pat);
}

fn pattern_locals(cond: &syn::Expr, locals: &mut Vec<LocalId>) {
    match cond {
        syn::Expr::Let(expr) => locals_of(&expr.pat, locals),
        syn::Expr::Binary(binary) => {
            pattern_locals(&binary.left, locals);
            pattern_locals(&binary.right, locals);
        }
        syn::Expr::Paren(paren) => pattern_locals(&paren.expr, locals),
        _ => {}
    }
}

/// Whether control cannot go on after an expression, as its syntax shows.
pub(super) fn diverges(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Return(_) | syn::Expr::Break(_) | syn::Expr::Continue(_) => true,
        syn::Expr::Macro(mac) => diverging_macro(&mac.mac),
        syn::Expr::Block(block) if block.label.is_none() => {
            block.block.stmts.iter().any(stmt_diverges)
        }
        syn::Expr::Unsafe(block) => block.block.stmts.iter().any(stmt_diverges),
        syn::Expr::If(expr) => {
            expr.then_branch.stmts.iter().any(stmt_diverges)
                && expr
                    .else_branch
                    .as_ref()
                    .is_some_and(|(_, els)| diverges(els))
        }
        syn::Expr::Match(expr) => {
            !expr.arms.is_empty() && expr.arms.iter().all(|arm| diverges(&arm.body))
        }
        syn::Expr::Paren(paren) => diverges(&paren.expr),
        syn::Expr::Loop(expr) => {
            struct Breaks(bool);
            impl<'ast> Visit<'ast> for Breaks {
                fn visit_expr_break(&mut self, _: &'ast syn::ExprBreak) {
                    self.0 = true;
                }
                fn visit_macro(&mut self, mac: &'ast syn::Macro) {
                    self.0 |=
                        crate::syntax::tokens_have(&mac.tokens, &mut |ident| ident == "break");
                }
            }
            let mut breaks = Breaks(false);
            breaks.visit_block(&expr.body);
            !breaks.0
        }
        _ => false,
    }
}

fn stmt_diverges(stmt: &syn::Stmt) -> bool {
    match stmt {
        syn::Stmt::Expr(expr, _) => diverges(expr),
        syn::Stmt::Macro(mac) => diverging_macro(&mac.mac),
        _ => false,
    }
}

fn diverging_macro(mac: &syn::Macro) -> bool {
    matches!(
        crate::syntax::macro_name(mac).as_str(),
        "panic" | "unreachable" | "todo" | "unimplemented" | "bail"
    )
}

fn block_like(expr: &syn::Expr) -> bool {
    matches!(
        expr,
        syn::Expr::If(_)
            | syn::Expr::Match(_)
            | syn::Expr::Block(_)
            | syn::Expr::Loop(_)
            | syn::Expr::While(_)
            | syn::Expr::ForLoop(_)
            | syn::Expr::Unsafe(_)
    )
}

fn ends_with_semi(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ';')
}

/// Whether the tokens hold `break 'label` or `continue 'label`.
fn mentions(tokens: &TokenStream, jump: &str, label: &syn::Lifetime) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().any(|(i, tree)| match tree {
        TokenTree::Group(group) => mentions(&group.stream(), jump, label),
        TokenTree::Ident(ident) if ident == jump => is_label(&trees[i + 1..], label),
        _ => false,
    })
}

fn is_label(trees: &[TokenTree], label: &syn::Lifetime) -> bool {
    matches!(trees, [TokenTree::Punct(punct), TokenTree::Ident(ident), ..] if punct.as_char() == '\'' && *ident == label.ident)
}

/// Jumps to a loop's label lead elsewhere: `continue` to the end of the block `next`, `break` out of `done`.
fn retarget(
    tokens: TokenStream,
    label: &syn::Lifetime,
    next: &syn::Lifetime,
    done: &syn::Lifetime,
) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out: Vec<TokenTree> = Vec::with_capacity(trees.len());
    let mut i = 0;
    while i < trees.len() {
        match &trees[i] {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(
                    group.delimiter(),
                    retarget(group.stream(), label, next, done),
                );
                inner.set_span(group.span());
                out.push(inner.into());
            }
            TokenTree::Ident(ident)
                if (ident == "break" || ident == "continue")
                    && is_label(&trees[i + 1..], label) =>
            {
                let target = if ident == "break" { done } else { next };
                out.push(Ident::new("break", ident.span()).into());
                out.extend(target.to_token_stream());
                i += 2;
            }
            tree => out.push(tree.clone()),
        }
        i += 1;
    }
    out.into_iter().collect()
}

fn suffixed(label: &syn::Lifetime, suffix: &str) -> syn::Lifetime {
    syn::Lifetime {
        apostrophe: label.apostrophe,
        ident: format_ident!("{}_{suffix}", label.ident),
    }
}
