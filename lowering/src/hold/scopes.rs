//! The scopes of what a holder owns: it holds values whose scopes end together, or those of two scopes one in the other.
//!
//! ```text
//! let url_held;
//! let mut temp = Options::new();
//! let temp_held;
//! temp.connect(url.text())   =>   #[held(url_held, url)] { #[held(temp_held, temp)] { temp.connect(url.text()) } }
//! ```

use super::within::Chosen;
use crate::desugar::Body;
use crate::ir::{Block, Expr as Node, Loop, Stmt as NodeStmt};
use crate::names::{self, LocalId};
use crate::syntax::is_place;
use syn::visit::{self, Visit};
use syn::{Expr, Stmt};

/// These locals in order of declaration, if their scopes end together. A hidden local for what a tail leaves is declared before others
/// that are older.
pub(super) fn in_order(body: &Body, owners: &[LocalId]) -> Option<Vec<LocalId>> {
    if let [only] = owners {
        return Some(vec![*only]);
    }
    scopes(body).into_iter().find_map(|scope| {
        let declared = scope.into_iter().filter(|local| owners.contains(local));
        let declared: Vec<LocalId> = declared.collect();
        (declared.len() == owners.len()).then_some(declared)
    })
}

/// The locals of each scope, in order of declaration; a scope comes before those inside of it.
fn scopes(body: &Body) -> Vec<Vec<LocalId>> {
    let mut scopes = Vec::new();
    scopes_of(&body.block, &mut scopes);
    // The parameters outlive the function's own block, and nothing but what is declared among them drops in between.
    let mut outermost = body.params.clone();
    outermost.extend(own(&body.block));
    if let Some(NodeStmt::Expr {
        expr: Node::Block { label: None, block },
        ..
    }) = body.block.stmts.last()
    {
        outermost.extend(own(block));
    }
    scopes.push(outermost);
    scopes.reverse();
    scopes
}

/// The locals that a block declares itself, in order.
fn own(block: &Block) -> Vec<LocalId> {
    let pats = block.stmts.iter().filter_map(|stmt| match stmt {
        NodeStmt::Plain(Stmt::Local(local)) => Some(&local.pat),
        NodeStmt::Let { pat, .. } => Some(pat),
        _ => None,
    });
    pats.flat_map(|pat| super::bound(|finder| finder.visit_pat(pat)))
        .collect()
}

/// The locals of each scope of the structured form, after those of the scopes inside of it.
fn scopes_of(block: &Block, scopes: &mut Vec<Vec<LocalId>>) {
    for stmt in &block.stmts {
        match stmt {
            NodeStmt::Plain(_) => {}
            NodeStmt::Let { init, els, .. } => {
                scopes_in(init, scopes);
                els.iter().for_each(|els| scopes_of(els, scopes));
            }
            NodeStmt::Expr { expr, .. } => scopes_in(expr, scopes),
        }
    }
    scopes.push(own(block));
}

fn scopes_in(expr: &Node, scopes: &mut Vec<Vec<LocalId>>) {
    match expr {
        Node::Plain(_) | Node::Await(_) => {}
        Node::Block { block, .. } => scopes_of(block, scopes),
        Node::If { cond, then, els } => {
            scopes_of(then, scopes);
            els.iter().for_each(|els| scopes_in(els, scopes));
            scopes.push(super::bound(|finder| finder.visit_expr(cond)));
        }
        Node::Match { arms, .. } => {
            for arm in arms {
                scopes_in(&arm.body, scopes);
                scopes.push(super::bound(|finder| finder.visit_pat(&arm.pat)));
            }
        }
        Node::Loop(Loop { cond, body, .. }) => {
            scopes_of(body, scopes);
            if let Some(cond) = cond {
                scopes.push(super::bound(|finder| finder.visit_expr(cond)));
            }
        }
    }
}

/// The values that a holder owns whose scopes end at two times: those of the outer scope, then those of the inner one.
///
/// The block for the inner ones reaches the others as a closure does. So it takes a value away with it that the expression moves only on
/// some ways, or of which it moves a part: neither is allowed.
pub(super) fn nested_owners(body: &Body, chosen: &Chosen) -> Option<[Vec<LocalId>; 2]> {
    let mut left = chosen.owners.clone();
    let mut groups = Vec::new();
    for scope in scopes(body) {
        let declared: Vec<LocalId> = scope
            .into_iter()
            .filter(|local| left.contains(local))
            .collect();
        left.retain(|local| !declared.contains(local));
        if !declared.is_empty() {
            groups.push(declared);
        }
    }
    let groups: [Vec<LocalId>; 2] = groups.try_into().ok()?;
    let whole = !groups[0]
        .iter()
        .any(|local| chosen.uses.apart.contains(local));
    (left.is_empty() && !chosen.uses.branches && whole).then_some(groups)
}

/// How an expression uses locals, for a block that captures them.
#[derive(Default)]
pub(super) struct Uses {
    /// It evaluates some operands on some ways only.
    pub(super) branches: bool,
    /// The locals that it uses in other ways than as a whole.
    pub(super) apart: Vec<LocalId>,
}

impl Uses {
    fn apart(&mut self, tokens: &impl quote::ToTokens) {
        crate::syntax::tokens_have(&tokens.to_token_stream(), &mut |ident| {
            self.apart.extend(names::local(ident));
            false
        });
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Closure(_) | Expr::Async(_) => return self.apart(expr),
            Expr::Field(field) if is_place(expr) => self.apart(&field.base),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.apart(&unary.expr);
            }
            Expr::Struct(expr) => expr.rest.iter().for_each(|rest| self.apart(rest)),
            // Nor does it fill the slots of temporaries on the way.
            Expr::Block(_) => {
                self.branches |= super::holder_of(expr).is_none_or(|(_, owners)| owners.is_empty());
            }
            Expr::Call(call) => self.branches |= crate::syntax::lent(call).is_some(),
            Expr::Binary(binary) => {
                self.branches |= matches!(binary.op, syn::BinOp::And(_) | syn::BinOp::Or(_));
            }
            Expr::If(_) | Expr::Match(_) | Expr::Loop(_) | Expr::While(_) | Expr::ForLoop(_) => {
                self.branches = true;
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        match crate::syntax::macro_args(mac) {
            Some(args) if matches!(crate::syntax::macro_name(mac).as_str(), "format" | "vec") => {
                args.iter().for_each(|arg| self.visit_expr(arg));
            }
            _ => self.apart(&mac.tokens),
        }
    }
}
