//! Where ways come together with a value of which only some of them say the type.
//!
//! ```text
//! let mut list = Vec::new();
//! if wanted {
//!     list.push(fetch().await);
//! }
//! list.iter().map(|user| user.name())    // of the way around the await nothing says what is in the list
//! ```
//!
//! Inference follows the text from top to bottom, and what comes behind the branch would stand in two arms: in that of the state before
//! the await, where the type is not known yet, and behind the await. So the first statement that asks for the type stands once, behind
//! all ways: a checkpoint leads to it. A number whose kind nothing says is no error but an `i32`: the copies of such a local are tied
//! together where they are written.

use crate::desugar::Body;
use crate::ir::{Block, Expr, Loop, Stmt};
use crate::names::{self, LocalId, Mention};
use crate::resolve::Resolved;
use crate::syntax::{as_ident, bare};
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};

/// What a value leaves open about its own type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Open {
    /// It may have the type of a number that a function was given.
    Maybe,
    /// Which kind of number it is.
    Number,
    /// Some arguments of a known type: `None`, `Vec::new()`.
    Arguments,
    /// All of it: `text.parse()`.
    All,
}

/// The mentions before which the ways must come together.
pub(crate) fn joins(body: &Body, open: &HashMap<LocalId, Open>) -> HashSet<Mention> {
    let mut joining = Joining {
        open,
        inside: Vec::new(),
        pending: HashSet::new(),
        found: HashSet::new(),
    };
    if !open.is_empty() {
        joining.block(&body.block);
    }
    joining.found
}

/// The locals whose declarations leave their types open, and those of them that have a number somewhere of which nothing says what it is.
#[derive(Debug, Default)]
pub(crate) struct OpenLocals {
    pub(crate) all: HashMap<LocalId, Open>,
    pub(crate) numbers: HashSet<LocalId>,
}

pub(crate) fn open_locals(body: &Body, resolved: &Resolved) -> OpenLocals {
    let mut finder = Finder::default();
    finder.block(&body.block);
    let Finder {
        mut open,
        mut numbers,
        late,
        assigned,
        ..
    } = finder;
    for (local, how, number) in assigned {
        if late.contains(&local) {
            add(&mut open, local, how);
            numbers.extend(number.then_some(local));
        }
    }
    // `Vec<_>` says no more than `Vec::new()`.
    let spelled = |ty: &syn::Type| {
        let tokens = quote::ToTokens::to_token_stream(ty);
        !crate::syntax::tokens_have(&tokens, &mut |ident| ident == "_")
    };
    open.retain(|local, _| !resolved.locals[local.0].ty.as_ref().is_some_and(spelled));
    numbers.retain(|local| open.contains_key(local));
    OpenLocals { all: open, numbers }
}

fn add(open: &mut HashMap<LocalId, Open>, local: LocalId, how: Open) {
    let known = open.entry(local).or_insert(how);
    *known = how.max(*known);
}

#[derive(Default)]
struct Finder {
    open: HashMap<LocalId, Open>,
    numbers: HashSet<LocalId>,
    /// Locals that are declared without a value.
    late: HashSet<LocalId>,
    assigned: Vec<(LocalId, Open, bool)>,
    /// What calls of closures give.
    closures: HashMap<LocalId, Open>,
}

impl Finder {
    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Plain(stmt) => self.visit_stmt(stmt),
                Stmt::Let { pat, init, els, .. } => {
                    self.expr(init);
                    let (mut how, mut number) = (None, false);
                    tails(init, &mut |tail| {
                        let open = self.of(tail);
                        how = how.max(open);
                        number |= open.is_some() && self.has_number(tail);
                    });
                    self.bound(pat, how, number);
                    els.iter().for_each(|els| self.block(els));
                }
                Stmt::Expr { expr, .. } => self.expr(expr),
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Plain(expr) => self.visit_expr(expr),
            Expr::Await(_) => {}
            Expr::Block { block, .. } => self.block(block),
            Expr::If { then, els, .. } => {
                self.block(then);
                els.iter().for_each(|els| self.expr(els));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|arm| self.expr(&arm.body)),
            Expr::Loop(found) => self.block(&found.body),
        }
    }

    fn bound(&mut self, pat: &syn::Pat, how: Option<Open>, number: bool) {
        if let Some(how) = how {
            for local in bound(pat) {
                add(&mut self.open, local, how);
                self.numbers.extend(number.then_some(local));
            }
        }
    }

    /// Whether a number without a kind, or a local with one in it, may be in a value.
    fn has_number(&self, expr: &syn::Expr) -> bool {
        struct Numbers<'a>(&'a HashSet<LocalId>, bool);
        impl<'ast> Visit<'ast> for Numbers<'_> {
            fn visit_lit_int(&mut self, int: &'ast syn::LitInt) {
                self.1 |= int.suffix().is_empty();
            }
            fn visit_lit_float(&mut self, float: &'ast syn::LitFloat) {
                self.1 |= float.suffix().is_empty();
            }
            fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
                self.1 |= names::local(ident).is_some_and(|local| self.0.contains(&local));
            }
            fn visit_macro(&mut self, _: &'ast syn::Macro) {
                self.1 = true;
            }
        }
        let mut numbers = Numbers(&self.numbers, false);
        numbers.visit_expr(expr);
        numbers.1
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        visit::visit_local(self, local);
        match &local.init {
            Some(init) => {
                if let syn::Expr::Closure(closure) = bare(&init.expr) {
                    let gives = self.of(&closure.body);
                    let number = self.has_number(&closure.body);
                    for local in bound(&local.pat) {
                        self.closures.extend(gives.map(|gives| (local, gives)));
                        self.numbers.extend(number.then_some(local));
                    }
                } else {
                    let number = self.has_number(&init.expr);
                    self.bound(&local.pat, self.of(&init.expr), number);
                }
            }
            None => self.late.extend(bound(&local.pat)),
        }
    }
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if let Some(local) = as_ident(&assign.left).and_then(names::local)
            && let Some(how) = self.of(&assign.right)
        {
            self.assigned
                .push((local, how, self.has_number(&assign.right)));
        }
        visit::visit_expr_assign(self, assign);
    }
}

/// The locals that a pattern binds.
fn bound(pat: &syn::Pat) -> Vec<LocalId> {
    struct Bound(Vec<LocalId>);
    impl<'ast> Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.extend(names::local(&pat.ident));
            visit::visit_pat_ident(self, pat);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut bound = Bound(Vec::new());
    bound.visit_pat(pat);
    bound.0
}

/// The values that a construct may have.
fn tails(expr: &Expr, each: &mut impl FnMut(&syn::Expr)) {
    fn of_block(block: &Block, each: &mut impl FnMut(&syn::Expr)) {
        match block.stmts.last() {
            Some(Stmt::Expr { expr, semi: false }) => tails(expr, each),
            Some(Stmt::Plain(syn::Stmt::Expr(expr, None))) => each(expr),
            _ => {}
        }
    }
    match expr {
        Expr::Plain(expr) => each(expr),
        Expr::Await(_) => {}
        Expr::Block { label, block } => {
            of_block(block, each);
            if label.is_some() {
                breaks(block, each);
            }
        }
        Expr::If { then, els, .. } => {
            of_block(then, each);
            els.iter().for_each(|els| tails(els, each));
        }
        Expr::Match { arms, .. } => arms.iter().for_each(|arm| tails(&arm.body, each)),
        Expr::Loop(Loop {
            cond: None, body, ..
        }) => breaks(body, each),
        Expr::Loop(_) => {}
    }
}

/// The values that jumps leave a construct with, or another one in it.
fn breaks(block: &Block, each: &mut impl FnMut(&syn::Expr)) {
    struct Breaks<'a, F>(&'a mut F);
    impl<'ast, F: FnMut(&syn::Expr)> Visit<'ast> for Breaks<'_, F> {
        fn visit_expr_break(&mut self, jump: &'ast syn::ExprBreak) {
            if let Some(value) = &jump.expr {
                (self.0)(value);
            }
            visit::visit_expr_break(self, jump);
        }
    }
    plain(block, &mut Breaks(each));
}

/// Visits the plain syntax of a block.
fn plain<'ast>(block: &'ast Block, visit: &mut impl Visit<'ast>) {
    fn expr<'ast>(node: &'ast Expr, visit: &mut impl Visit<'ast>) {
        match node {
            Expr::Plain(found) => visit.visit_expr(found),
            Expr::Await(_) => {}
            Expr::Block { block, .. } => plain(block, visit),
            Expr::If { then, els, .. } => {
                plain(then, visit);
                els.iter().for_each(|els| expr(els, visit));
            }
            Expr::Match { arms, .. } => arms.iter().for_each(|arm| expr(&arm.body, visit)),
            Expr::Loop(found) => plain(&found.body, visit),
        }
    }
    for stmt in &block.stmts {
        match stmt {
            Stmt::Plain(stmt) => visit.visit_stmt(stmt),
            Stmt::Let { init, els, .. } => {
                expr(init, visit);
                els.iter().for_each(|els| plain(els, visit));
            }
            Stmt::Expr { expr: node, .. } => expr(node, visit),
        }
    }
}

impl Finder {
    /// What a value leaves open about its type.
    fn of(&self, expr: &syn::Expr) -> Option<Open> {
        use syn::Expr;
        match bare(expr) {
            Expr::Lit(lit) => match &lit.lit {
                syn::Lit::Int(int) if int.suffix().is_empty() => Some(Open::Number),
                syn::Lit::Float(float) if float.suffix().is_empty() => Some(Open::Number),
                _ => None,
            },
            Expr::Cast(_) | Expr::Assign(_) => None,
            Expr::Unary(unary) => self.of(&unary.expr),
            Expr::Binary(binary) => match binary.op {
                syn::BinOp::Add(_)
                | syn::BinOp::Sub(_)
                | syn::BinOp::Mul(_)
                | syn::BinOp::Div(_)
                | syn::BinOp::Rem(_)
                | syn::BinOp::BitXor(_)
                | syn::BinOp::BitAnd(_)
                | syn::BinOp::BitOr(_)
                | syn::BinOp::Shl(_)
                | syn::BinOp::Shr(_) => self.of(&binary.left).max(self.of(&binary.right)),
                // A comparison.
                _ => None,
            },
            Expr::Path(path) => match as_ident(expr).and_then(names::local) {
                Some(local) => self.open.get(&local).copied(),
                None => path.path.segments.last().and_then(|last| {
                    (last.ident == "None" && last.arguments.is_none()).then_some(Open::Arguments)
                }),
            },
            Expr::Field(field) => self.of(&field.base),
            Expr::Index(index) => self.of(&index.expr),
            Expr::Range(range) => {
                let ends = range.start.iter().chain(&range.end);
                ends.map(|end| self.of(end)).max().flatten()
            }
            Expr::Call(call) => {
                if let Some(local) = as_ident(&call.func).and_then(names::local) {
                    return self.closures.get(&local).copied();
                }
                let Expr::Path(path) = bare(&call.func) else {
                    return None;
                };
                let inside = call.args.iter().map(|part| self.of(part)).max().flatten();
                let spelled = |segment: &syn::PathSegment| {
                    !segment.arguments.is_none() && !leaves_open(&segment.arguments)
                };
                if path.path.segments.iter().any(spelled) {
                    return None;
                }
                let names: Vec<String> = path
                    .path
                    .segments
                    .iter()
                    .map(|segment| segment.ident.to_string())
                    .collect();
                match names.as_slice() {
                    [.., name] if name == "Ok" || name == "Err" => Some(Open::Arguments),
                    [.., name] if name == "Some" => inside.map(|_| Open::Arguments),
                    [.., owner, name] if owner == "Default" && name == "default" => Some(Open::All),
                    [.., owner, _] if is_container(owner) => Some(Open::Arguments),
                    _ => inside.map(|_| Open::Maybe),
                }
            }
            Expr::MethodCall(call) if call.turbofish.as_ref().is_none_or(leaves_open) => {
                let name = call.method.to_string();
                match name.as_str() {
                    "into" | "try_into" | "parse" | "collect" | "sum" | "product" => {
                        Some(Open::All)
                    }
                    _ => self.of(&call.receiver).or_else(|| {
                        let args = call.args.iter().map(|arg| self.of(arg));
                        args.max().flatten().map(|_| Open::Maybe)
                    }),
                }
            }
            Expr::Macro(found) if crate::syntax::macro_name(&found.mac) == "vec" => {
                match crate::syntax::macro_args(&found.mac) {
                    Some(args) if args.is_empty() => Some(Open::Arguments),
                    Some(args) => args
                        .iter()
                        .map(|part| self.of(part))
                        .max()
                        .flatten()
                        .map(|_| Open::Arguments),
                    // `vec![value; n]`
                    None => Some(Open::Maybe),
                }
            }
            Expr::Macro(found) => {
                let name = crate::syntax::macro_name(&found.mac);
                (!has_known_type(&name)).then_some(Open::Maybe)
            }
            Expr::Struct(value) => {
                let fields = value.fields.iter().map(|field| &field.expr);
                let parts = fields.chain(value.rest.as_deref());
                let inside = parts.map(|part| self.of(part)).max().flatten();
                // The struct itself is named.
                inside.map(|inside| match inside {
                    Open::Maybe | Open::Number => Open::Maybe,
                    Open::Arguments | Open::All => Open::Arguments,
                })
            }
            Expr::Tuple(tuple) => tuple.elems.iter().map(|part| self.of(part)).max().flatten(),
            Expr::Array(array) => array.elems.iter().map(|part| self.of(part)).max().flatten(),
            Expr::Repeat(repeat) => self.of(&repeat.expr),
            Expr::Reference(reference) => self.of(&reference.expr),
            Expr::Try(value) => self.of(&value.expr),
            Expr::If(found) => {
                let els = found.else_branch.as_ref().and_then(|(_, els)| self.of(els));
                self.of_block(&found.then_branch).max(els)
            }
            Expr::Match(found) => found
                .arms
                .iter()
                .map(|arm| self.of(&arm.body))
                .max()
                .flatten(),
            Expr::Block(found) => self.of_block(&found.block),
            Expr::Unsafe(found) => self.of_block(&found.block),
            // Whatever else has a number in it may be of its type.
            expr => self.has_number(expr).then_some(Open::Maybe),
        }
    }

    fn of_block(&self, block: &syn::Block) -> Option<Open> {
        match block.stmts.last() {
            Some(syn::Stmt::Expr(expr, None)) => self.of(expr),
            _ => None,
        }
    }
}

/// Whether some of the arguments in a path, `_`, are left open.
fn leaves_open(arguments: &impl quote::ToTokens) -> bool {
    crate::syntax::tokens_have(&arguments.to_token_stream(), &mut |ident| ident == "_")
}

/// Macros of the standard library whose value is of one type, or of that of nothing.
fn has_known_type(name: &str) -> bool {
    crate::syntax::is_format_macro(name) && name != "dbg"
        || matches!(
            name,
            "matches"
                | "stringify"
                | "concat"
                | "line"
                | "column"
                | "file"
                | "module_path"
                | "cfg"
                | "env"
                | "include_str"
        )
}

/// Types whose arguments their functions leave open.
fn is_container(name: &str) -> bool {
    matches!(
        name,
        "Vec"
            | "VecDeque"
            | "HashMap"
            | "HashSet"
            | "BTreeMap"
            | "BTreeSet"
            | "BinaryHeap"
            | "IndexMap"
            | "IndexSet"
    )
}

/// Methods of those that say nothing of what they hold.
fn is_silent(method: &str) -> bool {
    matches!(
        method,
        "push"
            | "push_back"
            | "push_front"
            | "insert"
            | "extend"
            | "append"
            | "len"
            | "is_empty"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "clear"
            | "truncate"
            | "reserve"
            | "reverse"
            | "sort"
            | "sort_unstable"
            | "dedup"
    )
}

/// Follows the statements in the order of the text.
struct Joining<'a> {
    open: &'a HashMap<LocalId, Open>,
    /// What the constructs around mention so far.
    inside: Vec<HashSet<LocalId>>,
    /// Locals that a construct with an await has mentioned, and that nothing behind it has asked for the type of.
    pending: HashSet<LocalId>,
    found: HashSet<Mention>,
}

impl Joining<'_> {
    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match stmt {
                Stmt::Plain(stmt) => self.own(|uses| uses.visit_stmt(stmt)),
                Stmt::Let { pat, init, els, .. } => {
                    self.construct(init, Some(pat));
                    els.iter().for_each(|els| self.block(els));
                }
                Stmt::Expr { expr, .. } => self.construct(expr, None),
            }
        }
    }

    /// What a statement mentions itself, before any block in it.
    fn own(&mut self, visit: impl FnOnce(&mut Uses<'_>)) {
        let mut uses = Uses {
            open: self.open,
            found: Vec::new(),
        };
        visit(&mut uses);
        for (local, mention, asks) in uses.found {
            if asks && self.pending.remove(&local) {
                self.found.insert(mention);
            }
            if let Some(inside) = self.inside.last_mut() {
                inside.insert(local);
            }
        }
    }

    fn construct(&mut self, expr: &Expr, pat: Option<&syn::Pat>) {
        let waits = match expr {
            Expr::Plain(expr) => return self.own(|uses| uses.visit_expr(expr)),
            Expr::Await(found) => {
                return self.own(|uses| {
                    found
                        .operand
                        .iter()
                        .for_each(|operand| uses.visit_expr(operand));
                });
            }
            construct => waits(construct),
        };
        self.inside.push(HashSet::new());
        match expr {
            Expr::Plain(_) | Expr::Await(_) => {}
            Expr::Block { block, .. } => self.block(block),
            Expr::If { cond, then, els } => {
                self.own(|uses| uses.visit_expr(cond));
                self.block(then);
                els.iter().for_each(|els| self.construct(els, None));
            }
            Expr::Match { head, arms } => {
                self.own(|uses| uses.looked_at(head));
                for arm in arms {
                    self.own(|uses| uses.visit_pat(&arm.pat));
                    self.construct(&arm.body, None);
                }
            }
            Expr::Loop(Loop { cond, body, .. }) => {
                if let Some(cond) = cond {
                    self.own(|uses| uses.visit_expr(cond));
                }
                self.block(body);
            }
        }
        let inside = self.inside.pop().unwrap_or_default();
        if waits {
            self.pending.extend(&inside);
            let bound = pat.map(bound).unwrap_or_default();
            let open = bound
                .into_iter()
                .filter(|local| self.open.contains_key(local));
            self.pending.extend(open);
        }
        if let Some(around) = self.inside.last_mut() {
            around.extend(inside);
        }
    }
}

/// Whether a construct awaits something.
fn waits(expr: &Expr) -> bool {
    let block = |block: &Block| {
        block.stmts.iter().any(|stmt| match stmt {
            Stmt::Plain(_) => false,
            Stmt::Let { init, els, .. } => {
                waits(init)
                    || els.as_ref().is_some_and(|els| {
                        waits(&Expr::Block {
                            label: None,
                            block: els.clone(),
                        })
                    })
            }
            Stmt::Expr { expr, .. } => waits(expr),
        })
    };
    match expr {
        Expr::Plain(_) => false,
        Expr::Await(found) => found.operand.is_some(),
        Expr::Block { block: inner, .. } => block(inner),
        Expr::If { then, els, .. } => block(then) || els.as_ref().is_some_and(|els| waits(els)),
        Expr::Match { arms, .. } => arms.iter().any(|arm| waits(&arm.body)),
        Expr::Loop(found) => block(&found.body),
    }
}

/// The mentions of open locals, and whether each asks for the type.
struct Uses<'a> {
    open: &'a HashMap<LocalId, Open>,
    found: Vec<(LocalId, Mention, bool)>,
}

impl Uses<'_> {
    fn name(&mut self, found: Option<(LocalId, Mention)>, asks: impl FnOnce(Open) -> bool) {
        if let Some((local, mention)) = found
            && let Some(how) = self.open.get(&local)
        {
            self.found.push((local, mention, asks(*how)));
        }
    }

    /// A local, or a reference to one, whose type is asked for; anything else is visited.
    fn asked(&mut self, expr: &syn::Expr, asks: impl Fn(Open) -> bool) {
        let mut place = bare(expr);
        while let syn::Expr::Reference(reference) = place {
            place = bare(&reference.expr);
        }
        match as_ident(place) {
            Some(ident) => self.name(names::mention(ident), asks),
            None => self.visit_expr(expr),
        }
    }

    /// What a pattern takes apart.
    fn looked_at(&mut self, expr: &syn::Expr) {
        self.asked(expr, |how| how > Open::Number);
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            match &local.pat {
                syn::Pat::Type(_) | syn::Pat::Wild(_) => self.visit_expr(&init.expr),
                _ => self.looked_at(&init.expr),
            }
            if let Some((_, els)) = &init.diverge {
                self.visit_expr(els);
            }
        }
    }
    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        use syn::Expr;
        match expr {
            Expr::MethodCall(call) => {
                let silent = is_silent(&call.method.to_string());
                let receiver = bare(&call.receiver);
                // A method of a number in there.
                if let Some((root, false)) = names::as_root(receiver)
                    && crate::syntax::is_place(receiver)
                {
                    self.name(names::mention(root), |how| how == Open::Number);
                    self.visit_expr(receiver);
                    call.args.iter().for_each(|arg| self.visit_expr(arg));
                    return;
                }
                self.asked(&call.receiver, |how| match how {
                    Open::Maybe => false,
                    Open::Number | Open::All => true,
                    Open::Arguments => !silent,
                });
                call.args.iter().for_each(|arg| self.visit_expr(arg));
            }
            Expr::Field(field) => self.looked_at(&field.base),
            Expr::Index(index) => {
                self.looked_at(&index.expr);
                self.visit_expr(&index.index);
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.looked_at(&unary.expr);
            }
            Expr::Unary(unary) => self.asked(&unary.expr, |how| how == Open::All),
            Expr::Binary(binary) => {
                self.asked(&binary.left, |how| how == Open::All);
                self.asked(&binary.right, |how| how == Open::All);
            }
            Expr::Try(value) => self.asked(&value.expr, |how| how > Open::Maybe),
            Expr::Match(found) => {
                self.looked_at(&found.expr);
                found.arms.iter().for_each(|arm| self.visit_arm(arm));
            }
            Expr::Let(found) => self.looked_at(&found.expr),
            Expr::ForLoop(found) => {
                self.looked_at(&found.expr);
                self.visit_block(&found.body);
            }
            Expr::Cast(cast) => self.looked_at(&cast.expr),
            // Another name for it.
            Expr::Assign(assign) => {
                self.visit_expr(&assign.left);
                self.looked_at(&assign.right);
            }
            Expr::Call(call) => {
                let ours = matches!(bare(&call.func), Expr::Path(path)
                    if path.path.segments.first().is_some_and(|first| first.ident == "rt__hr"));
                self.asked(&call.func, |how| how > Open::Maybe);
                for arg in &call.args {
                    if ours {
                        self.looked_at(arg);
                    } else {
                        self.visit_expr(arg);
                    }
                }
            }
            expr => visit::visit_expr(self, expr),
        }
    }
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.name(names::mention(ident), |_| false);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        let known = crate::syntax::is_format_macro(&name) || crate::syntax::takes_values(mac);
        match crate::syntax::macro_args(mac).filter(|_| known) {
            Some(args) => args.iter().for_each(|arg| self.visit_expr(arg)),
            None => names::each_name(mac.tokens.clone(), &mut |name| {
                self.name(names::unmark(name), |how| how > Open::Number);
            }),
        }
    }
}
