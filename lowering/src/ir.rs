//! The structured form between `desugar` and `emit`: Rust's own control flow, with every await in a place of its own.
//!
//! What holds no await stays a `syn` tree, as it was written. A construct that holds one is opened just so far that the awaits inside
//! can be reached. So the continuation of an await is again a piece of ordinary Rust: the rest of each block around it.

use crate::names::{self, LocalId};

/// An await's number, in source order.
pub(crate) type AwaitId = usize;

#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) stmts: Vec<Stmt>,
    /// How many of the statements belong to the pattern before the block: what they declare outlives what the block's value leaves.
    pub(crate) front: usize,
    pub(crate) tail: Tail,
}

/// What becomes of the temporaries that a block's value leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tail {
    /// It leaves none.
    #[default]
    Free,
    /// Before edition 2024 they live as long as the statement around the block, and so longer than its locals.
    Outlives,
    /// The same of a branch or a loop's body, which ends them itself, behind its locals.
    Branch,
    /// Since edition 2024 they end with the value, before the block's locals.
    Closed,
}

impl Block {
    pub(crate) fn new(stmts: Vec<Stmt>) -> Self {
        Block {
            stmts,
            front: 0,
            tail: Tail::Free,
        }
    }

    /// Puts statements for what the pattern before the block binds in front of it.
    pub(crate) fn put_in_front(&mut self, stmts: Vec<Stmt>) {
        self.front += stmts.len();
        self.stmts.splice(0..0, stmts);
    }

    /// Inserts statements behind one of the block's, among those in front if that is one of them.
    pub(crate) fn insert_behind(&mut self, at: usize, stmts: Vec<Stmt>) {
        if at < self.front {
            self.front += stmts.len();
        }
        self.stmts.splice(at + 1..at + 1, stmts);
    }

    /// Keeps the statements that meet a condition.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Stmt) -> bool) {
        let front = self.stmts[..self.front].iter();
        self.front = front.filter(|stmt| keep(stmt)).count();
        self.stmts.retain(keep);
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    /// Holds no await.
    Plain(syn::Stmt),
    /// `let pat = init else { .. };`, with an await in `init` or in the `else` block.
    Let {
        attrs: Vec<syn::Attribute>,
        pat: syn::Pat,
        init: Expr,
        els: Option<Block>,
    },
    /// An expression, with or without semicolon.
    Expr { expr: Expr, semi: bool },
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// Holds no await.
    Plain(syn::Expr),
    Await(Await),
    Block {
        label: Option<syn::Lifetime>,
        block: Block,
    },
    If {
        cond: syn::Expr,
        then: Block,
        els: Option<Box<Expr>>,
    },
    Match {
        head: syn::Expr,
        arms: Vec<Arm>,
    },
    Loop(Loop),
}

impl Expr {
    /// The same for the body of an arm.
    pub(crate) fn put_in_front(&mut self, stmts: Vec<Stmt>) {
        if stmts.is_empty() {
            return;
        }
        if let Expr::Block { label: None, block } = self {
            return block.put_in_front(stmts);
        }
        let nothing = Expr::Plain(syn::Expr::Verbatim(Default::default()));
        let body = std::mem::replace(self, nothing);
        let mut block = Block::new(vec![Stmt::Expr {
            expr: body,
            semi: false,
        }]);
        block.put_in_front(stmts);
        *self = Expr::Block { label: None, block };
    }
}

/// A suspension point.
#[derive(Clone, Debug)]
pub(crate) struct Await {
    pub(crate) id: AwaitId,
    /// What is awaited; holds no await itself. None for a checkpoint: nothing is awaited, only the code after it stands once.
    pub(crate) operand: Option<syn::Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// With its guard.
    pub(crate) pat: syn::Pat,
    pub(crate) attrs: Vec<syn::Attribute>,
    pub(crate) body: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub(crate) label: syn::Lifetime,
    /// `while cond`, holding no await.
    pub(crate) cond: Option<syn::Expr>,
    pub(crate) body: Block,
}

/// The awaits that a piece of the tree holds.
pub(crate) trait Awaits {
    fn each(&self, f: &mut impl FnMut(&Await));
}

impl Awaits for Block {
    fn each(&self, f: &mut impl FnMut(&Await)) {
        self.stmts.iter().for_each(|stmt| stmt.each(f));
    }
}

impl Awaits for Stmt {
    fn each(&self, f: &mut impl FnMut(&Await)) {
        match self {
            Stmt::Plain(_) => {}
            Stmt::Let { init, els, .. } => {
                init.each(f);
                els.iter().for_each(|els| els.each(f));
            }
            Stmt::Expr { expr, .. } => expr.each(f),
        }
    }
}

impl Awaits for Expr {
    fn each(&self, f: &mut impl FnMut(&Await)) {
        match self {
            Expr::Plain(_) => {}
            Expr::Await(found) => f(found),
            Expr::Block { block, .. } => block.each(f),
            Expr::If { then, els, .. } => {
                then.each(f);
                els.iter().for_each(|els| els.each(f));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|arm| arm.body.each(f)),
            Expr::Loop(Loop { body, .. }) => body.each(f),
        }
    }
}

/// The locals that the structured form declares itself; those of plain code inside are not among them.
pub(crate) fn declared(block: &Block) -> std::collections::HashSet<LocalId> {
    #[derive(Default)]
    struct Declared(std::collections::HashSet<LocalId>);
    impl<'ast> syn::visit::Visit<'ast> for Declared {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            syn::visit::visit_pat_ident(self, pat);
        }
        // Of expressions only the `let`s of a condition count.
        fn visit_expr(&mut self, expr: &'ast syn::Expr) {
            match expr {
                syn::Expr::Let(link) => self.visit_pat(&link.pat),
                syn::Expr::Binary(binary) if matches!(binary.op, syn::BinOp::And(_)) => {
                    self.visit_expr(&binary.left);
                    self.visit_expr(&binary.right);
                }
                _ => {}
            }
        }
    }
    impl Declared {
        fn block(&mut self, block: &Block) {
            for stmt in &block.stmts {
                match stmt {
                    Stmt::Plain(syn::Stmt::Local(local)) => self.visit_pat(&local.pat),
                    Stmt::Plain(_) => {}
                    Stmt::Let { pat, init, els, .. } => {
                        self.visit_pat(pat);
                        self.expr(init);
                        els.iter().for_each(|els| self.block(els));
                    }
                    Stmt::Expr { expr, .. } => self.expr(expr),
                }
            }
        }
        fn expr(&mut self, expr: &Expr) {
            match expr {
                Expr::Plain(_) | Expr::Await(_) => {}
                Expr::Block { block, .. } => self.block(block),
                Expr::If { cond, then, els } => {
                    self.visit_expr(cond);
                    self.block(then);
                    els.iter().for_each(|els| self.expr(els));
                }
                Expr::Match { arms, .. } => {
                    for arm in arms {
                        self.visit_pat(&arm.pat);
                        self.expr(&arm.body);
                    }
                }
                Expr::Loop(Loop { cond, body, .. }) => {
                    cond.iter().for_each(|cond| self.visit_expr(cond));
                    self.block(body);
                }
            }
        }
    }
    use syn::visit::Visit;
    let mut declared = Declared::default();
    declared.block(block);
    declared.0
}

/// Prints a block, one statement a line.
pub(crate) fn print(
    block: &Block,
    depth: usize,
    f: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    let pad = "    ".repeat(depth);
    for stmt in &block.stmts {
        match stmt {
            Stmt::Plain(stmt) => writeln!(f, "{pad}{}", spelled(stmt))?,
            Stmt::Let { pat, init, els, .. } => {
                write!(f, "{pad}let {} = ", spelled(pat))?;
                print_expr(init, depth, f)?;
                if let Some(els) = els {
                    writeln!(f, "{pad}else")?;
                    print(els, depth + 1, f)?;
                }
            }
            Stmt::Expr { expr, semi } => {
                write!(f, "{pad}{}", if *semi { "do " } else { "value " })?;
                print_expr(expr, depth, f)?;
            }
        }
    }
    Ok(())
}

fn print_expr(expr: &Expr, depth: usize, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    let pad = "    ".repeat(depth);
    match expr {
        Expr::Plain(expr) => writeln!(f, "{}", spelled(expr)),
        Expr::Await(Await { id, operand }) => writeln!(
            f,
            "await #{id} {}",
            operand.as_ref().map(spelled).unwrap_or_default()
        ),
        Expr::Block { label, block } => {
            writeln!(
                f,
                "block {}",
                label.as_ref().map(spelled).unwrap_or_default()
            )?;
            print(block, depth + 1, f)
        }
        Expr::If { cond, then, els } => {
            writeln!(f, "if {}", spelled(cond))?;
            print(then, depth + 1, f)?;
            if let Some(els) = els {
                write!(f, "{pad}else ")?;
                print_expr(els, depth, f)?;
            }
            Ok(())
        }
        Expr::Match { head, arms } => {
            writeln!(f, "match {}", spelled(head))?;
            for arm in arms {
                write!(f, "{pad}    {} => ", spelled(&arm.pat))?;
                print_expr(&arm.body, depth + 1, f)?;
            }
            Ok(())
        }
        Expr::Loop(Loop { label, cond, body }) => {
            writeln!(
                f,
                "{}: {}",
                spelled(label),
                cond.as_ref().map_or_else(
                    || "loop".to_owned(),
                    |cond| format!("while {}", spelled(cond))
                )
            )?;
            print(body, depth + 1, f)
        }
    }
}

fn spelled(tokens: &impl quote::ToTokens) -> String {
    crate::print::spelled(&tokens.to_token_stream())
}
