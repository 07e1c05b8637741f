//! The generator's view of locals: what is alive, moved or borrowed where it writes.

use super::random::Random;
use super::tree::{Name, Names, Node, Part, Sort, Ty};
use handroll_lowering::Edition;

/// A local.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub(crate) ty: Ty,
    pub(crate) mutable: bool,
    /// Has a value, as far as every way to here goes.
    pub(crate) ready: bool,
    /// In scope, and not shadowed.
    pub(crate) visible: bool,
    /// Reached through a reference: cannot be moved.
    pub(crate) by_reference: bool,
    /// How many loops were around it.
    depth: usize,
    loan: Option<Loan>,
    /// Borrows by operands that wait for their call.
    shared_by_operands: usize,
    taken_by_operands: usize,
}

/// What a local borrows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loan {
    pub(crate) of: Name,
    pub(crate) exclusive: bool,
    /// The borrower's drop looks at it: it ends with the borrower's scope or move only.
    pub(crate) to_the_end: bool,
}

/// What can be left by a jump.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) label: Option<Name>,
    pub(crate) is_loop: bool,
    /// The type of a `break`'s value.
    pub(crate) value: Ty,
}

/// A function's generator.
pub(crate) struct Gen {
    pub(crate) random: Random,
    pub(crate) edition: Edition,
    pub(crate) names: Names,
    pub(crate) vars: Vec<Var>,
    scopes: Vec<Vec<Name>>,
    pub(crate) targets: Vec<Target>,
    /// What is left to be written, in tenths of statements.
    pub(crate) budget: i32,
    pub(crate) nesting: usize,
    /// How deep expressions nest.
    pub(crate) deepest: usize,
    pub(crate) returns: Ty,
    /// How likely a piece awaits where it can, of 100.
    pub(crate) eager: usize,
    /// Above 0 where nothing may await, jump, be moved, be changed.
    pub(crate) no_await: usize,
    pub(crate) no_exit: usize,
    pub(crate) no_move: usize,
    pub(crate) no_change: usize,
    /// Above 0 where the way ends in a `return`: locals outside of loops may go.
    pub(crate) leaving: usize,
    /// Above 0 in heads, where a struct literal wants parentheses.
    pub(crate) in_head: usize,
    /// Other async functions that can be called: name, parameters.
    pub(crate) callees: Vec<(String, Vec<Ty>, Ty)>,
    labels: usize,
}

/// The parameter that decides conditions, the first of every function.
pub(crate) const CONDITION: Name = 0;

pub(crate) struct Snapshot(Vec<bool>);

impl Gen {
    pub(crate) fn new(random: Random, edition: Edition, names: Names) -> Gen {
        let vars = vec![
            Var {
                ty: Ty::Unit,
                mutable: false,
                ready: false,
                visible: false,
                by_reference: false,
                depth: 0,
                loan: None,
                shared_by_operands: 0,
                taken_by_operands: 0,
            };
            names.len()
        ];
        Gen {
            random,
            edition,
            names,
            vars,
            scopes: vec![Vec::new()],
            targets: Vec::new(),
            budget: 0,
            nesting: 0,
            deepest: 3,
            returns: Ty::Usize,
            eager: 50,
            no_await: 0,
            no_exit: 0,
            no_move: 0,
            no_change: 0,
            leaving: 0,
            in_head: 0,
            callees: Vec::new(),
            labels: 0,
        }
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.random.chance(percent)
    }

    /// A name for the trace.
    pub(crate) fn label(&mut self) -> Part {
        self.labels += 1;
        format!("\"e{}\"", self.labels).into()
    }

    /// A local that is not yet in scope.
    pub(crate) fn fresh(&mut self, ty: Ty) -> Name {
        let prefix = match ty {
            Ty::Label | Ty::LabelOf(_) => "'l",
            Ty::Usize | Ty::Bool => "n",
            Ty::Ref | Ty::RefMut => "r",
            Ty::Future | Ty::FutureLoud | Ty::FutureRef | Ty::Block => "fut",
            _ => "v",
        };
        let name = self.names.len();
        self.names.push(format!("{prefix}{name}"));
        self.vars.push(Var {
            ty,
            mutable: false,
            ready: false,
            visible: false,
            by_reference: false,
            depth: self.targets.iter().filter(|target| target.is_loop).count(),
            loan: None,
            shared_by_operands: 0,
            taken_by_operands: 0,
        });
        name
    }

    /// Puts a local into the innermost scope, with a value.
    pub(crate) fn declare(&mut self, name: Name, mutable: bool) {
        let depth = self.depth();
        let var = &mut self.vars[name];
        (var.mutable, var.ready, var.visible, var.depth) = (mutable, true, true, depth);
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(name);
        }
    }

    pub(crate) fn lend(&mut self, name: Name, loan: Loan) {
        self.vars[name].loan = Some(loan);
    }

    /// A new local, declared at once: its name and the place of its declaration.
    pub(crate) fn bind(&mut self, ty: Ty, mutable: bool) -> Part {
        let name = self.fresh(ty);
        self.declare(name, mutable);
        Part::Bind(name)
    }

    pub(crate) fn open(&mut self) {
        self.scopes.push(Vec::new());
    }

    pub(crate) fn close(&mut self) {
        for name in self.scopes.pop().unwrap_or_default() {
            self.vars[name].ready = false;
            self.vars[name].visible = false;
        }
    }

    /// Lets a new local shadow an older one of the innermost scope, which keeps its value to the scope's end.
    pub(crate) fn shadow(&mut self, old: Name, new: Name) {
        self.names[new] = self.names[old].clone();
        self.vars[old].visible = false;
    }

    /// Locals of the innermost scope that could be shadowed.
    pub(crate) fn here(&self, ty: Ty) -> Vec<Name> {
        let scope = self.scopes.last().cloned().unwrap_or_default();
        scope
            .into_iter()
            .filter(|&name| self.vars[name].visible && self.vars[name].ty == ty)
            .collect()
    }

    fn depth(&self) -> usize {
        self.targets.iter().filter(|target| target.is_loop).count()
    }

    fn loans_of(&self, name: Name) -> impl Iterator<Item = (&Var, Loan)> {
        self.vars
            .iter()
            .filter(|var| var.ready)
            .filter_map(|var| Some((var, var.loan?)))
            .filter(move |(_, loan)| loan.of == name)
    }

    /// Whether all loans of a local can end here.
    fn loans_can_end(&self, name: Name) -> bool {
        let depth = self.depth();
        self.loans_of(name).all(|(var, loan)| {
            !loan.to_the_end && var.depth == depth && var.shared_by_operands == 0
        })
    }

    pub(crate) fn can_read(&self, name: Name) -> bool {
        let var = &self.vars[name];
        var.ready
            && var.visible
            && var.taken_by_operands == 0
            && !self.loans_of(name).any(|(_, loan)| loan.exclusive)
    }

    pub(crate) fn can_change(&self, name: Name) -> bool {
        let var = &self.vars[name];
        self.no_change == 0
            && var.ready
            && var.visible
            && var.mutable
            && var.taken_by_operands == 0
            && var.shared_by_operands == 0
            && self.loans_can_end(name)
    }

    /// Whether an assignment can give a new value to a local that was moved out of.
    pub(crate) fn can_refill(&self, name: Name) -> bool {
        let var = &self.vars[name];
        self.no_change == 0
            && !var.ready
            && var.depth == self.depth()
            && var.taken_by_operands == 0
            && var.shared_by_operands == 0
    }

    pub(crate) fn can_move(&self, name: Name) -> bool {
        let var = &self.vars[name];
        self.no_move == 0
            && var.ready
            && var.visible
            && !var.by_reference
            && var.taken_by_operands == 0
            && var.shared_by_operands == 0
            && (var.depth == self.depth() || self.leaving > 0)
            && self.loans_can_end(name)
    }

    /// The local has no value from here on.
    pub(crate) fn take(&mut self, name: Name) {
        self.vars[name].ready = false;
        self.end_loans(name);
    }

    /// What borrows the local cannot be used any more.
    pub(crate) fn end_loans(&mut self, name: Name) {
        for borrower in 0..self.vars.len() {
            if self.vars[borrower].ready
                && self.vars[borrower].loan.is_some_and(|loan| loan.of == name)
            {
                self.vars[borrower].ready = false;
                self.end_loans(borrower);
            }
        }
    }

    /// An operand borrows the local until [`Gen::release`].
    pub(crate) fn occupy(&mut self, name: Option<Name>, exclusive: bool) {
        if let Some(name) = name {
            if exclusive {
                self.end_loans(name);
                self.vars[name].taken_by_operands += 1;
            } else {
                self.vars[name].shared_by_operands += 1;
            }
        }
    }

    pub(crate) fn release(&mut self, name: Option<Name>, exclusive: bool) {
        if let Some(name) = name {
            if exclusive {
                self.vars[name].taken_by_operands -= 1;
            } else {
                self.vars[name].shared_by_operands -= 1;
            }
        }
    }

    pub(crate) fn all(&self, ty: Ty) -> Vec<Name> {
        (0..self.vars.len())
            .filter(|&name| self.vars[name].ty == ty)
            .collect()
    }

    pub(crate) fn one(&mut self, names: Vec<Name>) -> Option<Name> {
        (!names.is_empty()).then(|| names[self.random.below(names.len())])
    }

    pub(crate) fn readable(&mut self, ty: Ty) -> Option<Name> {
        let names = self.all(ty);
        let names = names.into_iter().filter(|&n| self.can_read(n)).collect();
        self.one(names)
    }

    pub(crate) fn changeable(&mut self, ty: Ty) -> Option<Name> {
        let names = self.all(ty);
        let names = names.into_iter().filter(|&n| self.can_change(n)).collect();
        self.one(names)
    }

    pub(crate) fn movable(&mut self, ty: Ty) -> Option<Name> {
        let names = self.all(ty);
        let names = names.into_iter().filter(|&n| self.can_move(n)).collect();
        self.one(names)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.vars.iter().map(|var| var.ready).collect())
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) {
        for (var, &ready) in self.vars.iter_mut().zip(&snapshot.0) {
            // What has gone out of scope since stays gone.
            var.ready = ready && var.visible;
        }
    }

    /// The snapshot with the locals that were declared since as they are.
    pub(crate) fn extended(&self, mut snapshot: Snapshot) -> Snapshot {
        let known = snapshot.0.len();
        snapshot
            .0
            .extend(self.vars[known..].iter().map(|var| var.ready));
        snapshot
    }

    /// After several ways have come together: what has a value on all of them.
    pub(crate) fn merge(&mut self, ways: &[Snapshot]) {
        for (i, var) in self.vars.iter_mut().enumerate() {
            for way in ways {
                var.ready &= way.0.get(i).copied().unwrap_or(false);
            }
        }
    }

    /// Whether a piece here may await, by chance and by what is left.
    pub(crate) fn awaits(&mut self) -> bool {
        self.no_await == 0 && self.budget > 0 && self.chance(self.eager)
    }

    /// A condition that the caller decides.
    pub(crate) fn flag(&mut self) -> Node {
        let mask = 1 << self.random.below(4);
        Node::row(
            "condition",
            Sort::Expr(Ty::Bool),
            vec![
                Part::Text("(".into()),
                Part::Use(CONDITION),
                format!(" & {mask} != 0)").into(),
            ],
        )
    }
}
