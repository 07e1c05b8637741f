//! Where each await stands.

use crate::ir::{AwaitId, Awaits, Block, Expr, Loop, Stmt};
use std::collections::HashMap;

/// Notes for each await, in each block around it, the statement that holds it.
pub(in crate::emit) fn index(block: &Block) -> HashMap<(*const Block, AwaitId), usize> {
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

pub(super) fn holds_expr(expr: &Expr, id: AwaitId) -> bool {
    let mut found = false;
    expr.each(&mut |one| found |= one.id == id);
    found
}
