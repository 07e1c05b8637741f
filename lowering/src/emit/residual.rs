//! Control flow between suspension points: what runs from the start of a construct, and what is left of it after an await.
//!
//! What is left after an await is the rest of its block, then the rest of the block around that, and so on outwards: again plain
//! Rust, in which every construct stands where it stood. A loop around the await goes on with another round: first the rest of the
//! present one, then the loop itself. A piece that waits stores its state and leaves, so that no code follows it; a loop whose body
//! always waits or leaves becomes plain straight-line code.

mod index;
mod resume;
mod shape;
mod tokens;

use crate::analysis::Analysis;
use crate::checkpoint::Once;
use crate::ir::{Arm, Await, AwaitId, Block, Expr, Loop, Stmt, Tail};
use crate::layout::Layout;
use crate::names::LocalId;
use crate::resolve::Resolved;
use crate::seeded::{self, Bug};
use crate::types::Facts;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use shape::{block_like, declares, diverges, is_item, within_items};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use tokens::{ends_with_semi, mentions};

pub(super) use index::index;
pub(super) use tokens::{Binding, is_punct, prune_declarations};

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
    /// The same of branches that are an expression alone.
    pub(super) once_branches: HashMap<*const Expr, Once>,
    /// The states that emitted code enters.
    pub(super) entered: RefCell<BTreeSet<AwaitId>>,
    /// A macro of which nothing is known may jump.
    pub(super) foreign: bool,
    /// The function's output is spelled, and is not `()`.
    pub(super) has_value: bool,
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

/// Whether a pattern binds the whole value, and is no constant.
fn binds_whole(pat: &syn::Pat) -> bool {
    matches!(pat, syn::Pat::Ident(pat) if pat.subpat.is_none() && !pat.ident.to_string().starts_with(char::is_uppercase))
}

impl Residual<'_> {
    /// The function from its start.
    pub(super) fn start(&self, block: &Block) -> TokenStream {
        self.stmts(&block.stmts, Dest::Return).tokens
    }

    /// The function after an await: `ready` stands for its value.
    pub(super) fn resume(&self, block: &Block, id: AwaitId) -> TokenStream {
        let place = Place { tail: true };
        self.resume_stmts(block, id, &[], Dest::Return, place, true)
            .tokens
    }

    // From the start.

    fn stmts(&self, stmts: &[Stmt], dest: Dest) -> Out {
        let items = stmts.iter().take_while(|stmt| is_item(stmt)).count();
        if items > 0 {
            // Braces of their own: the block may stand in the arm without its own.
            let (items, stmts) = stmts.split_at(items);
            return within_items(items, self.stmts(stmts, dest));
        }
        let mut tokens = TokenStream::new();
        for (i, stmt) in stmts.iter().enumerate() {
            let last = i + 1 == stmts.len();
            let out = self.stmt(stmt, last, dest);
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
        // Where it cannot be the function's value, its last statement does not end, as the compiler knows.
        if dest == Dest::Return && !has_value && !self.has_value {
            let rt = &self.layout.fresh.rt;
            tokens.extend(quote!(return #rt::Ready(());));
        }
        Out { tokens, completes }
    }

    fn stmt(&self, stmt: &Stmt, last: bool, dest: Dest) -> Out {
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
                let value = self.expr(init, Dest::Value);
                let place = matches!(init, Expr::Plain(_));
                self.let_(attrs, pat, value, place, els.as_ref())
            }
            Stmt::Expr { expr, semi } => {
                let dest = if *semi || !last { Dest::Nothing } else { dest };
                let out = self.expr(expr, dest);
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
        place: bool,
        els: Option<&Block>,
    ) -> Out {
        let tokens = value.tokens;
        if !value.completes {
            return Out {
                tokens,
                completes: false,
            };
        }
        // The bare name of a value would be a place, of which a pattern may leave a part, or all, for the end of the scope.
        let bare = !place && syn::parse2::<syn::Ident>(tokens.clone()).is_ok();
        let simple = binds_whole(pat);
        let tokens = if bare && !simple && !seeded::is(Bug::RestStays) {
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
            let out = self.stmts(&els.stmts, Dest::Nothing);
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
        let completes = !shape::stmt_diverges(stmt);
        if let syn::Stmt::Macro(mac) = stmt
            && mac.semi_token.is_none()
            && last
            && dest == Dest::Return
            && completes
        {
            let rt = &self.layout.fresh.rt;
            let mac = &mac.mac;
            return Out {
                tokens: quote!(return #rt::Ready(#mac);),
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
            Dest::Nothing if block_like(expr) && !shape::has_value(expr) => expr.to_token_stream(),
            Dest::Nothing => quote!(#expr;),
            Dest::Return if !completes => quote!(#expr;),
            Dest::Return => quote!(return #rt::Ready(#expr);),
        };
        Out {
            tokens,
            completes: completes && dest != Dest::Return,
        }
    }

    fn expr(&self, expr: &Expr, dest: Dest) -> Out {
        if let Some(once) = self.once_branches.get(&std::ptr::from_ref(expr)) {
            *self.copies.borrow_mut().entry(*once).or_default() += 1;
        }
        match expr {
            Expr::Plain(expr) => self.plain(expr, dest),
            Expr::Await(found) => self.suspend(found),
            Expr::Block { label, block } => {
                let label = label.as_ref();
                if label.is_some() {
                    // A labelled block may be left with a value.
                    let out = self.stmts(&block.stmts, as_block(dest));
                    return self.labelled(out, label, dest);
                }
                if block.tail == Tail::Outlives {
                    let out = self.stmts(&block.stmts, Dest::Value);
                    let out = self.returned(self.braced(out, true, Dest::Value), dest);
                    return unused(out, dest);
                }
                let out = self.stmts(&block.stmts, dest);
                if block.tail == Tail::Branch && dest == Dest::Value {
                    return self.branch_value(out);
                }
                // Several statements without braces could read as one expression.
                let several = dest == Dest::Value && block.stmts.len() > 1;
                self.braced(out, several || declares(block), dest)
            }
            Expr::If { cond, then, els } => {
                if els.is_none() && dest == Dest::Return {
                    let mut out = self.expr(expr, Dest::Nothing);
                    let rt = &self.layout.fresh.rt;
                    out.tokens.extend(quote!(return #rt::Ready(());));
                    return Out {
                        tokens: out.tokens,
                        completes: false,
                    };
                }
                let then = self.branch_stmts(then, dest);
                let tokens = then.tokens;
                match els {
                    None => Out {
                        tokens: quote!(if #cond { #tokens }),
                        completes: true,
                    },
                    Some(els) => {
                        let els = self.branch(els, dest);
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
                        let out = self.branch_body(body, dest);
                        completes |= out.completes;
                        let tokens = out.tokens;
                        // Braces would end what the value leaves.
                        if dest == Dest::Value && matches!(body, Expr::Plain(_)) {
                            quote!(#(#attrs)* #pat => #tokens,)
                        } else {
                            quote!(#(#attrs)* #pat => { #tokens })
                        }
                    })
                    .collect();
                Out {
                    tokens: quote!(match #head { #(#arms)* }),
                    completes,
                }
            }
            Expr::Loop(found) => self.loop_(found, dest),
        }
    }

    /// An `else` branch, with its braces.
    fn branch(&self, expr: &Expr, dest: Dest) -> Out {
        if matches!(expr, Expr::If { els: Some(_), .. })
            || matches!(expr, Expr::If { .. }) && dest != Dest::Return
        {
            return self.expr(expr, dest);
        }
        let out = self.branch_body(expr, dest);
        let tokens = out.tokens;
        Out {
            tokens: quote!({ #tokens }),
            completes: out.completes,
        }
    }

    /// The content of a branch, without braces.
    fn branch_body(&self, expr: &Expr, dest: Dest) -> Out {
        match expr {
            Expr::Block { label: None, block } => self.branch_stmts(block, dest),
            expr => self.expr(expr, dest),
        }
    }

    /// The content of a branch or a loop's body, whose value's temporaries end behind its locals: in a `return` statement they would end
    /// before them, so what is returned is a block.
    fn branch_stmts(&self, block: &Block, dest: Dest) -> Out {
        if !outlives_locals(block) {
            return self.stmts(&block.stmts, dest);
        }
        let (front, own) = block.stmts.split_at(block.front);
        if front.is_empty() {
            let out = self.stmts(own, Dest::Value);
            return match dest {
                Dest::Return => self.returned(self.braced(out, true, Dest::Value), dest),
                Dest::Value | Dest::Nothing => out,
            };
        }
        let mut tokens = self.stmts(front, Dest::Nothing).tokens;
        let out = self.stmts(own, Dest::Value);
        let out = self.ended(self.braced(out, own.len() > 1, Dest::Value), dest);
        tokens.extend(out.tokens);
        Out {
            tokens,
            completes: out.completes,
        }
    }

    /// A branch's value, of which something else than the branch must end the temporaries.
    fn ended(&self, out: Out, dest: Dest) -> Out {
        match dest {
            Dest::Return => self.returned(self.braced(out, true, Dest::Value), dest),
            _ if !out.completes => out,
            Dest::Nothing => {
                let tokens = out.tokens;
                Out {
                    tokens: quote!({ #tokens };),
                    completes: true,
                }
            }
            Dest::Value => self.branch_value(out),
        }
    }

    /// The value of a branch that is gone, so that something else must end its temporaries.
    fn branch_value(&self, out: Out) -> Out {
        if !out.completes {
            return out;
        }
        let (rt, value) = (&self.layout.fresh.rt, out.tokens);
        Out {
            tokens: quote!(#rt::branch!(#value)),
            completes: true,
        }
    }

    /// A block's value as the function's.
    fn returned(&self, out: Out, dest: Dest) -> Out {
        if dest != Dest::Return || !out.completes {
            return out;
        }
        let (rt, tokens) = (&self.layout.fresh.rt, out.tokens);
        Out {
            tokens: quote!(return #rt::Ready(#tokens);),
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
                tokens: quote!(return #rt::Ready(#tokens);),
                completes: false,
            };
        }
        Out { tokens, completes }
    }

    fn loop_(&self, found: &Loop, dest: Dest) -> Out {
        let Loop { label, cond, body } = found;
        let body = self.branch_stmts(body, Dest::Nothing);
        let left = mentions(&body.tokens, "break", label);
        if !body.completes && !mentions(&body.tokens, "continue", label) {
            // The body waits or leaves on every way: it runs at most once.
            let Out { tokens, completes } = body;
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
        let tokens = body.tokens;
        let turn = match cond {
            Some(cond) => quote!(while #cond { #tokens }),
            None => quote!(loop { #tokens }),
        };
        // What jumps there in the source may stand in another arm.
        let shown = super::mentions_label(&turn, label).then(|| quote!(#label:));
        let tokens = quote!(#shown #turn);
        let completes = cond.is_some() || left;
        if dest == Dest::Return && completes {
            let rt = &self.layout.fresh.rt;
            if cond.is_some() {
                return Out {
                    tokens: quote!(#tokens return #rt::Ready(());),
                    completes: false,
                };
            }
            return Out {
                tokens: quote!(return #rt::Ready(#tokens);),
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
                tokens: quote!(#tokens return #rt::Ready(());),
                completes: false,
            };
        }
        out
    }

    /// Stores the state and leaves the arm.
    fn suspend(&self, found: &Await) -> Out {
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
        let keep = if self.layout.deep {
            super::kept::later(found.id)
        } else {
            let pinned = state.pinned.iter().rev();
            self.keep(pinned.map(|local| self.layout.name(*local)))
        };
        let frame = &fresh.frame;
        let beside = found.operand.as_ref().map(|operand| {
            let operand = crate::syntax::bare(operand);
            if self.layout.wide {
                let field = self.layout.child_field(found.id);
                quote!(#frame.children.#field = #rt::wait(#operand);)
            } else {
                quote!(let #child = #rt::Child::new(#operand);)
            }
        });
        let stored = found.operand.is_some() && !self.layout.wide;
        let fields: Vec<&Ident> = stored.then_some(child).into_iter().chain(carried).collect();
        let fields = (!fields.is_empty()).then(|| quote!({ #(#fields),* }));
        let label = fresh.jump(found.id);
        Out {
            tokens: quote!(#beside #rt::set(#target, #ty::#name #fields); #keep continue #label;),
            completes: false,
        }
    }

    /// Leaves the values that these guards stand for in their slots.
    pub(super) fn keep<'i>(&self, guards: impl Iterator<Item = &'i Ident>) -> TokenStream {
        let rt = &self.layout.fresh.rt;
        let guards: Vec<&Ident> = guards.collect();
        if guards.is_empty() {
            return TokenStream::new();
        }
        quote!(#rt::keep!(#(#guards),*);)
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

/// Whether temporaries of a block's value end behind locals of the block.
fn outlives_locals(block: &Block) -> bool {
    matches!(block.tail, Tail::Outlives | Tail::Branch) && declares(block)
}

/// What becomes of a block's value that is emitted as a block, inside the statement that its temporaries end with, or that a `break` may
/// give.
fn as_block(dest: Dest) -> Dest {
    match dest {
        Dest::Return => Dest::Value,
        dest => dest,
    }
}

/// A value that nobody takes.
fn unused(mut out: Out, dest: Dest) -> Out {
    if dest == Dest::Nothing && out.completes {
        out.tokens.extend(quote!(;));
    }
    out
}
