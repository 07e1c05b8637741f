//! Moves a value into a real local before it is used, where the function does not wait any more: see the head of [`super`].

use super::{FindMention, each_plain};
use crate::desugar::Body;
use crate::ir::{Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId, Mention};
use crate::resolve::Resolved;
use proc_macro2::Ident;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};

/// Moves a local into a real one before the statement that mentions it, and has that statement and those behind it in its block mention the
/// other.
pub(super) struct Moving<'a> {
    pub(super) resolved: &'a mut Resolved,
    pub(super) local: LocalId,
    pub(super) other: LocalId,
    pub(super) mention: Mention,
    pub(super) statement: Option<syn::Stmt>,
    /// The block of that statement ends with a `return`: nothing behind it follows the move.
    pub(super) returns: bool,
}

impl Moving<'_> {
    pub(super) fn block(&mut self, block: &mut Block) {
        let mut at = None;
        for (i, stmt) in block.stmts.iter_mut().enumerate() {
            match stmt {
                Stmt::Plain(stmt) => {
                    self.visit_stmt_mut(stmt);
                    if self.statement.is_some() && self.mentioned(|finder| finder.visit_stmt(stmt))
                    {
                        self.rename(|rename| rename.visit_stmt_mut(stmt));
                        at = Some(i);
                    }
                }
                Stmt::Let { init, els, .. } => {
                    if self.head(init) {
                        at = Some(i);
                    }
                    els.iter_mut().for_each(|els| self.block(els));
                }
                Stmt::Expr { expr, .. } => {
                    if self.head(expr) {
                        at = Some(i);
                    }
                }
            }
            if self.statement.is_none() || at.is_some() {
                break;
            }
        }
        if let Some(at) = at {
            let mut rest = Block::new(block.stmts.split_off(at));
            self.returns = match rest.stmts.last() {
                Some(Stmt::Plain(syn::Stmt::Expr(expr, _))) => is_return(expr),
                Some(Stmt::Expr {
                    expr: Expr::Plain(expr),
                    ..
                }) => is_return(expr),
                _ => false,
            };
            self.rename(|rename| each_plain(&mut rest, rename));
            block.stmts.extend(self.statement.take().map(Stmt::Plain));
            block.stmts.append(&mut rest.stmts);
        }
    }

    /// Whether the mention is evaluated first in a construct, so that the move goes before it.
    fn head(&mut self, expr: &mut Expr) -> bool {
        let plain = match expr {
            Expr::Plain(expr) => expr,
            Expr::Await(found) => match &mut found.operand {
                Some(operand) => operand,
                None => return false,
            },
            Expr::Block { block, .. } => {
                self.block(block);
                return false;
            }
            Expr::If { cond, then, els } => {
                if self.here(cond) {
                    return true;
                }
                self.block(then);
                return els.as_mut().is_some_and(|els| {
                    // An `else if` has no statement of its own to stand before.
                    if let Expr::If { .. } = **els
                        && self.mentions_head(els)
                    {
                        let inner = std::mem::replace(
                            &mut **els,
                            Expr::Plain(syn::Expr::Verbatim(Default::default())),
                        );
                        **els = Expr::Block {
                            label: None,
                            block: Block::new(vec![Stmt::Expr {
                                expr: inner,
                                semi: false,
                            }]),
                        };
                    }
                    self.head(els)
                });
            }
            Expr::Match { head, arms } => {
                if self.here(head) {
                    return true;
                }
                for arm in arms {
                    if self.head(&mut arm.body) {
                        // A single expression becomes a block that can hold the move.
                        let body = std::mem::replace(
                            &mut arm.body,
                            Expr::Plain(syn::Expr::Verbatim(Default::default())),
                        );
                        let stmts = self
                            .statement
                            .take()
                            .map(Stmt::Plain)
                            .into_iter()
                            .chain([Stmt::Expr {
                                expr: body,
                                semi: false,
                            }])
                            .collect();
                        arm.body = Expr::Block {
                            label: None,
                            block: Block::new(stmts),
                        };
                        return false;
                    }
                }
                return false;
            }
            Expr::Loop(Loop { body, .. }) => {
                self.block(body);
                return false;
            }
        };
        self.here(plain)
    }

    fn mentions_head(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::If { cond, .. } if self.mentioned(|finder| finder.visit_expr(cond)))
    }

    fn here(&mut self, expr: &mut syn::Expr) -> bool {
        self.visit_expr_mut(expr);
        let found = self.statement.is_some() && self.mentioned(|finder| finder.visit_expr(expr));
        if found {
            self.rename(|rename| rename.visit_expr_mut(expr));
        }
        found
    }

    fn mentioned(&self, visit: impl FnOnce(&mut FindMention)) -> bool {
        let mut finder = FindMention {
            mention: self.mention,
            found: false,
        };
        visit(&mut finder);
        finder.found
    }

    fn rename(&mut self, visit: impl FnOnce(&mut Rename<'_>)) {
        let mut rename = Rename {
            resolved: self.resolved,
            local: self.local,
            other: self.other,
        };
        visit(&mut rename);
    }
}

/// Inside plain syntax the move goes before the innermost statement.
impl VisitMut for Moving<'_> {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        let mut at = None;
        for (i, stmt) in block.stmts.iter_mut().enumerate() {
            visit_mut::visit_stmt_mut(self, stmt);
            if self.statement.is_some() && self.mentioned(|finder| finder.visit_stmt(stmt)) {
                at = Some(i);
                break;
            }
        }
        if let Some(at) = at {
            self.returns =
                matches!(block.stmts.last(), Some(syn::Stmt::Expr(expr, _)) if is_return(expr));
            let rest = block.stmts[at..].iter_mut();
            self.rename(|rename| rest.for_each(|stmt| rename.visit_stmt_mut(stmt)));
            block.stmts.splice(at..at, self.statement.take());
        }
    }
    fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
    fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
}

fn is_return(expr: &syn::Expr) -> bool {
    matches!(expr, syn::Expr::Return(_))
}

/// Whether nothing mentions a local behind a mention of it.
pub(super) fn is_last(body: &mut Body, local: LocalId, mention: Mention) -> bool {
    let mut order = Order {
        local,
        mention,
        found: false,
        behind: false,
    };
    each_plain(&mut body.block, &mut order);
    order.found && !order.behind
}

/// Goes through all mentions of a local, in order.
struct Order {
    local: LocalId,
    mention: Mention,
    found: bool,
    /// There is another mention behind it.
    behind: bool,
}

impl Order {
    fn name(&mut self, text: &str) {
        let Some((local, mention)) = names::unmark(text) else {
            return;
        };
        if mention == self.mention {
            self.found = true;
        } else if local == self.local {
            self.behind |= self.found;
        }
    }
}

impl VisitMut for Order {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        self.name(&ident.to_string());
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        names::each_name(mac.tokens.clone(), &mut |name| self.name(name));
    }
}

struct Rename<'a> {
    resolved: &'a mut Resolved,
    local: LocalId,
    other: LocalId,
}

impl Rename<'_> {
    fn new_name(&mut self, text: &str) -> Option<Ident> {
        let (local, _) = names::unmark(text)?;
        (local == self.local).then(|| self.resolved.mention(self.other))
    }
}

impl VisitMut for Rename<'_> {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if let Some(new) = self.new_name(&ident.to_string()) {
            *ident = new;
        }
    }
    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        let tokens = std::mem::take(&mut mac.tokens);
        let this = std::cell::RefCell::new(self);
        mac.tokens = names::map_tokens(
            tokens,
            &mut |ident, _| {
                this.borrow_mut()
                    .new_name(&ident.to_string())
                    .map(quote::ToTokens::into_token_stream)
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    this.borrow_mut()
                        .new_name(name)
                        .map(|ident| ident.to_string())
                })
            },
        );
    }
}
