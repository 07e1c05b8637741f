//! Statements: `let`, assignments, control flow.

use super::control::pattern;
use super::random::Menu;
use super::scope::{Gen, Loan};
use super::tree::{Node, Part, Sort, Ty};

/// A statement node from a template.
pub(crate) fn st<const N: usize>(
    form: &'static str,
    template: &'static str,
    holes: [Part; N],
) -> Node {
    Node::new(form, Sort::Stmt, template, holes)
}

/// An optional piece.
fn optional<const N: usize>(form: &'static str, template: &'static str, holes: [Part; N]) -> Part {
    Node::new(form, Sort::Optional, template, holes).into()
}

impl Gen {
    /// A statement.
    pub(crate) fn statement(&mut self) -> Node {
        self.budget -= 10;
        let mut menu = Menu::default();
        menu.add(34, "let")
            .add(14, "assignment")
            .add(10, "expression")
            .add(8, "if")
            .add(5, "match")
            .add_if(self.nesting < 4, 11, "loop")
            .add(4, "block")
            .add(7, "exit")
            .add(4, "wider")
            .add(4, "other");
        match menu.pick(&mut self.random) {
            "let" => self.let_(),
            "assignment" => self.assignment(),
            "if" => self.if_statement(),
            "match" => {
                let node = self.match_value(Ty::Unit, 1);
                st("match as a statement", "§", [node.into()])
            }
            "loop" => self.loop_(),
            "block" => {
                let block = self.block(Ty::Unit);
                st("block as a statement", "§", [block.into()])
            }
            "exit" => self.exit(),
            "wider" => match self.wider_statement() {
                Some(node) => node,
                None => self.other(),
            },
            "other" => self.other(),
            _ => self.expression_statement(),
        }
    }

    fn expression_statement(&mut self) -> Node {
        let ty = self.random.of(&[
            Ty::Usize,
            Ty::Usize,
            Ty::Loud,
            Ty::Unit,
            Ty::Maybe,
            Ty::Pair,
            Ty::Two,
            Ty::Text,
            Ty::Bool,
        ]);
        let value = self.expr(ty, 0);
        let template = self
            .random
            .of(&["§;", "§;", "let _ = §;", "drop(§);", "_ = §;"]);
        let form = match template {
            "§;" => "expression as a statement",
            "let _ = §;" => "let _",
            "_ = §;" => "assignment to _",
            _ => "drop",
        };
        st(form, template, [value.into()])
    }

    fn let_(&mut self) -> Node {
        let mut menu = Menu::default();
        menu.add(14, "let of an owner")
            .add(7, "let of a number")
            .add(5, "let of an option")
            .add(4, "let of a tuple")
            .add(4, "let of a struct")
            .add(2, "let of an array")
            .add(2, "let of a box")
            .add(3, "let of an enum")
            .add(3, "let of a vector")
            .add(1, "let of a text")
            .add(8, "let with a pattern")
            .add(7, "let of a reference")
            .add(4, "let of an exclusive reference")
            .add(6, "let of a future")
            .add(2, "let of a buffer")
            .add(4, "let of a closure")
            .add(3, "let without a value")
            .add(3, "let else");
        menu.add_if(self.lock().is_some(), 3, "let of a guard");
        let form = menu.pick(&mut self.random);
        let ty = match form {
            "let of an owner" => Ty::Loud,
            "let of a number" => Ty::Usize,
            "let of an option" => Ty::Maybe,
            "let of a tuple" => Ty::Pair,
            "let of a struct" => Ty::Two,
            "let of an array" => Ty::Array,
            "let of a box" => Ty::Boxed,
            "let of an enum" => Ty::Shape,
            "let of a vector" => Ty::Many,
            "let of a text" => Ty::Text,
            "let with a pattern" => return self.let_pattern(),
            "let of a reference" => return self.let_reference(),
            "let of an exclusive reference" => return self.let_exclusive(),
            "let of a future" => return self.let_future(),
            "let of a buffer" => {
                let name = self.bind(Ty::Buffer, true);
                return st(form, "let mut § = [0u8; 3];", [name]);
            }
            "let of a closure" => return self.let_closure(),
            "let without a value" => return self.let_deferred(),
            "let else" => return self.let_else(),
            _ => match self.lock() {
                Some(lock) if self.no_await == 0 && self.chance(60) => {
                    let name = self.bind(Ty::Guard, true);
                    return st(form, "let mut § = §.lock().await;", [name, lock.into()]);
                }
                Some(lock) => {
                    let name = self.bind(Ty::Guard, true);
                    return st(form, "let mut § = §.guard();", [name, lock.into()]);
                }
                None => Ty::Usize,
            },
        };
        let value = self.expr(ty, 0);
        let mutable = self.chance(40);
        let shadowed = if self.chance(12) {
            let here = self.here(ty);
            self.one(here)
        } else {
            None
        };
        let name = self.fresh(ty);
        if let Some(old) = shadowed {
            self.shadow(old, name);
        }
        self.declare(name, mutable);
        let mut parts: Vec<Part> = vec!["let ".into()];
        if mutable {
            parts.push("mut ".into());
        }
        parts.push(Part::Bind(name));
        if self.chance(20)
            && let Some(spelled) = ty.spelled()
        {
            parts.push(optional("type of a let", ": §", [spelled.into()]));
        }
        parts.extend([" = ".into(), value.into(), ";".into()]);
        let form = if shadowed.is_some() {
            "shadowing let"
        } else {
            form
        };
        Node::row(form, Sort::Stmt, parts)
    }

    fn let_pattern(&mut self) -> Node {
        let ty = self
            .random
            .of(&[Ty::Pair, Ty::Pair, Ty::Two, Ty::Two, Ty::Array]);
        let value = self.expr(ty, 0);
        let loud = |g: &mut Gen| g.bind(Ty::Loud, false);
        let pattern = match (ty, self.random.below(6)) {
            (Ty::Pair, 0) => {
                let (a, b) = (loud(self), loud(self));
                pattern("tuple pattern", "(§, §)", [a, b])
            }
            (Ty::Pair, 1 | 2) => {
                let template = self.random.of(&["(§, _)", "(_, §)", "(§, ..)", "(.., §)"]);
                pattern("tuple pattern with a rest", template, [loud(self)])
            }
            (Ty::Pair, 3) => {
                let (a, b) = (self.bind(Ty::Ref, false), loud(self));
                pattern("pattern with ref", "(ref §, §)", [a, b])
            }
            (Ty::Pair, 4) => {
                let (a, b) = (self.bind(Ty::Loud, true), loud(self));
                pattern("pattern with mut", "(mut §, §)", [a, b])
            }
            (Ty::Pair, _) => {
                let a = self.bind(Ty::RefMut, true);
                pattern("pattern with ref mut", "(ref mut §, _)", [a])
            }
            (Ty::Two, 0 | 1) => {
                let (a, b) = (loud(self), loud(self));
                pattern("struct pattern", "Two { y: §, x: § }", [a, b])
            }
            (Ty::Two, 2 | 3) => pattern(
                "struct pattern with a rest",
                "Two { x: §, .. }",
                [loud(self)],
            ),
            (Ty::Two, _) => {
                let a = self.bind(Ty::Ref, false);
                pattern("pattern with ref", "Two { y: ref §, .. }", [a])
            }
            (_, 0..=2) => {
                let (a, b) = (loud(self), loud(self));
                pattern("array pattern", "[§, §]", [a, b])
            }
            (_, _) => {
                let template = self.random.of(&["[§, _]", "[_, §]", "[§, ..]"]);
                pattern("array pattern with a rest", template, [loud(self)])
            }
        };
        st(
            "let with a pattern",
            "let § = §;",
            [pattern.into(), value.into()],
        )
    }

    fn let_reference(&mut self) -> Node {
        if self.no_await == 0 && self.chance(20) {
            let (node, of) = self.shared(1, false);
            if let Some(of) = of {
                let label = self.label();
                let name = self.borrower(Ty::Ref, of, false);
                return st(
                    "let of an awaited reference",
                    "let § = lend(§, §).await;",
                    [name, node.into(), label],
                );
            }
        }
        let (node, of) = self.shared(1, false);
        let name = match of {
            Some(of) => self.borrower(Ty::Ref, of, false),
            None => self.bind(Ty::Ref, false),
        };
        st("let of a reference", "let § = §;", [name, node.into()])
    }

    fn let_exclusive(&mut self) -> Node {
        let (node, of) = self.exclusive(1);
        let (template, label) = match of {
            Some(_) if self.no_await == 0 && self.chance(25) => {
                ("let § = lend_mut(§, §).await;", Some(self.label()))
            }
            _ => ("let § = §;", None),
        };
        let name = match of {
            Some(of) => self.borrower(Ty::RefMut, of, true),
            None => self.bind(Ty::RefMut, true),
        };
        match label {
            Some(label) => st(
                "let of an awaited exclusive reference",
                template,
                [name, node.into(), label],
            ),
            None => st(
                "let of an exclusive reference",
                template,
                [name, node.into()],
            ),
        }
    }

    fn let_future(&mut self) -> Node {
        match self.random.below(3) {
            0 => {
                let (value, label) = (self.expr(Ty::Usize, 1), self.label());
                let name = self.bind(Ty::Future, false);
                st(
                    "let of a future",
                    "let § = tick(§, §);",
                    [name, value.into(), label],
                )
            }
            1 => {
                let (value, label) = (self.expr(Ty::Loud, 1), self.label());
                let name = self.bind(Ty::FutureLoud, false);
                let template = self
                    .random
                    .of(&["let § = tick(§, §);", "let § = §.send(§);"]);
                st("let of a future", template, [name, value.into(), label])
            }
            _ => match self.readable(Ty::Loud) {
                Some(of) => {
                    let label = self.label();
                    let name = self.fresh(Ty::FutureRef);
                    self.declare(name, false);
                    self.lend(
                        name,
                        Loan {
                            of,
                            exclusive: false,
                            to_the_end: true,
                        },
                    );
                    let template = self
                        .random
                        .of(&["let § = lend(&§, §);", "let § = §.watch(§);"]);
                    st(
                        "let of a borrowing future",
                        template,
                        [Part::Bind(name), of.into(), label],
                    )
                }
                None => self.expression_statement(),
            },
        }
    }

    fn let_closure(&mut self) -> Node {
        match self.random.below(4) {
            0 => match self.movable(Ty::Loud) {
                Some(of) => {
                    self.take(of);
                    let name = self.bind(Ty::Closure, false);
                    st(
                        "let of a move closure",
                        "let § = move || §.touch();",
                        [name, of.into()],
                    )
                }
                None => self.expression_statement(),
            },
            1 => match self.readable(Ty::Usize) {
                Some(of) => {
                    let name = self.bind(Ty::Closure, false);
                    st(
                        "let of a move closure",
                        "let § = move || § + 1;",
                        [name, of.into()],
                    )
                }
                None => self.expression_statement(),
            },
            2 => match self.readable(Ty::Two) {
                Some(of) => {
                    let name = self.borrower(Ty::Closure, of, false);
                    let template = self
                        .random
                        .of(&["let § = || §.x.touch();", "let § = || §.both();"]);
                    st("let of a closure", template, [name, of.into()])
                }
                None => self.expression_statement(),
            },
            _ => match self.readable(Ty::Loud) {
                Some(of) => {
                    let name = self.borrower(Ty::Closure, of, false);
                    st(
                        "let of a closure",
                        "let § = || §.touch();",
                        [name, of.into()],
                    )
                }
                None => self.expression_statement(),
            },
        }
    }

    fn let_deferred(&mut self) -> Node {
        let name = self.fresh(Ty::Loud);
        self.budget -= 10;
        let node = if self.chance(50) {
            let value = self.expr(Ty::Loud, 0);
            st(
                "let without a value",
                "let §; § = §;",
                [Part::Bind(name), name.into(), value.into()],
            )
        } else {
            let head = {
                self.in_head += 1;
                let head = self.bool(1);
                self.in_head -= 1;
                head
            };
            let before = self.snapshot();
            let (first, a) = (self.block_as_statement(), self.expr(Ty::Loud, 1));
            let way = self.snapshot();
            self.restore(&before);
            let (second, b) = (self.block_as_statement(), self.expr(Ty::Loud, 1));
            self.merge(&[way]);
            st(
                "let with a value in branches",
                "let §: Loud; if § { §\n§ = §; } else { §\n§ = §; }",
                [
                    Part::Bind(name),
                    head.into(),
                    first,
                    name.into(),
                    a.into(),
                    second,
                    name.into(),
                    b.into(),
                ],
            )
        };
        self.declare(name, false);
        node
    }

    fn block_as_statement(&mut self) -> Part {
        if self.budget > 0 && self.chance(40) {
            let block = self.block(Ty::Unit);
            st("block as a statement", "§", [block.into()]).into()
        } else {
            "".into()
        }
    }

    fn let_else(&mut self) -> Node {
        let (ty, template) = self.random.of(&[
            (Ty::Maybe, "let Some(§) = (§) else { § };"),
            (Ty::Maybe, "let Some(§ @ Loud(_)) = (§) else { § };"),
            (Ty::Result, "let Ok(§) = (§) else { § };"),
            (
                Ty::Shape,
                "let (Shape::One(§) | Shape::Both { a: §, .. }) = (§) else { § };",
            ),
        ]);
        let value = self.expr(ty, 1);
        let before = self.snapshot();
        let leave = self.leave(true);
        self.restore(&before);
        let bound = if ty == Ty::Result {
            Ty::Usize
        } else {
            Ty::Loud
        };
        let name = self.fresh(bound);
        self.declare(name, false);
        if ty == Ty::Shape {
            let parts = [Part::Bind(name), name.into(), value.into(), leave.into()];
            return st("let else", template, parts);
        }
        st(
            "let else",
            template,
            [Part::Bind(name), value.into(), leave.into()],
        )
    }

    fn assignment(&mut self) -> Node {
        let mut menu = Menu::default();
        menu.add_if(
            self.assignable(Ty::Loud).is_some(),
            8,
            "assignment to a local",
        )
        .add_if(
            self.changeable(Ty::Usize).is_some(),
            5,
            "compound assignment",
        )
        .add_if(
            self.changeable(Ty::Two).is_some(),
            4,
            "assignment to a field",
        )
        .add_if(
            self.changeable(Ty::Pair).is_some(),
            3,
            "assignment to a part of a tuple",
        )
        .add_if(
            self.changeable(Ty::Array).is_some(),
            2,
            "assignment to an element",
        )
        .add_if(
            self.changeable(Ty::RefMut).is_some(),
            5,
            "assignment through a reference",
        )
        .add_if(
            self.changeable(Ty::Boxed).is_some(),
            3,
            "assignment into a box",
        )
        .add_if(
            self.assignable(Ty::Maybe).is_some(),
            3,
            "assignment of an option",
        )
        .add_if(
            self.changeable(Ty::Guard).is_some(),
            4,
            "compound assignment through a guard",
        )
        .add_if(
            self.lock().is_some(),
            2,
            "compound assignment through a temporary",
        )
        .add_if(
            self.changeable(Ty::Buffer).is_some(),
            2,
            "compound assignment to an element",
        )
        .add_if(self.changeable(Ty::Many).is_some(), 3, "push")
        .add_if(
            self.changeable(Ty::Loud).is_some(),
            3,
            "method that changes",
        )
        .add_if(self.refillable().is_some(), 4, "move and refill")
        .add(1, "expression");
        let two = |g: &mut Gen| {
            let names: Vec<_> = g
                .all(Ty::Loud)
                .into_iter()
                .filter(|&n| g.can_change(n))
                .collect();
            (names.len() > 1).then(|| (names[0], names[names.len() - 1]))
        };
        menu.add_if(two(self).is_some(), 3, "destructuring assignment");
        let form = menu.pick(&mut self.random);
        let both = two(self);
        self.assignment_form(form, both)
            .unwrap_or_else(|| self.expression_statement())
    }

    /// A mutable local whose old value, if any, can be dropped by an assignment.
    fn assignable(&mut self, ty: Ty) -> Option<usize> {
        let names = self.all(ty);
        let fits = |g: &Gen, n: usize| {
            g.can_change(n) || (g.vars[n].visible && g.vars[n].mutable && g.can_refill(n))
        };
        let names = names.into_iter().filter(|&n| fits(self, n)).collect();
        self.one(names)
    }

    fn refillable(&mut self) -> Option<usize> {
        if self.no_move > 0 {
            return None;
        }
        let names = self.all(Ty::Loud);
        let names = names
            .into_iter()
            .filter(|&n| self.can_change(n) && !self.vars[n].by_reference)
            .collect();
        self.one(names)
    }

    fn assignment_form(&mut self, form: &'static str, two: Option<(usize, usize)>) -> Option<Node> {
        Some(match form {
            "assignment to a local" => {
                let value = self.expr(Ty::Loud, 0);
                let name = self.assignable(Ty::Loud)?;
                self.end_loans(name);
                self.vars[name].ready = true;
                st(form, "§ = §;", [name.into(), value.into()])
            }
            "assignment of an option" => {
                let value = self.expr(Ty::Maybe, 0);
                let name = self.assignable(Ty::Maybe)?;
                self.end_loans(name);
                self.vars[name].ready = true;
                st(form, "§ = §;", [name.into(), value.into()])
            }
            "compound assignment" => {
                let value = self.expr(Ty::Usize, 0);
                let name = self.changeable(Ty::Usize)?;
                self.end_loans(name);
                let template = self.random.of(&["§ += §;", "§ = § + §;", "§ |= §;"]);
                if template == "§ = § + §;" {
                    st(form, template, [name.into(), name.into(), value.into()])
                } else {
                    st(form, template, [name.into(), value.into()])
                }
            }
            "assignment to a field" => {
                let value = self.expr(Ty::Loud, 0);
                let name = self.changeable(Ty::Two)?;
                self.end_loans(name);
                let template = self.random.of(&["§.x = §;", "§.y = §;"]);
                st(form, template, [name.into(), value.into()])
            }
            "assignment to a part of a tuple" => {
                let value = self.expr(Ty::Loud, 0);
                let name = self.changeable(Ty::Pair)?;
                self.end_loans(name);
                st(form, "§.1 = §;", [name.into(), value.into()])
            }
            "assignment to an element" => {
                let name = self.changeable(Ty::Array)?;
                self.occupy(Some(name), true);
                let (index, value) = (self.usize(1), self.expr(Ty::Loud, 0));
                self.release(Some(name), true);
                st(
                    form,
                    "§[§ % 2] = §;",
                    [name.into(), index.into(), value.into()],
                )
            }
            "assignment through a reference" => {
                let value = self.expr(Ty::Loud, 0);
                let name = self.changeable(Ty::RefMut)?;
                self.end_loans(name);
                if self.chance(70) {
                    st(form, "*§ = §;", [name.into(), value.into()])
                } else {
                    let label = self.label();
                    st(form, "§.rename(§);", [name.into(), label])
                }
            }
            "assignment into a box" => {
                let value = self.expr(Ty::Loud, 0);
                let name = self.changeable(Ty::Boxed)?;
                self.end_loans(name);
                st(form, "*§ = §;", [name.into(), value.into()])
            }
            "compound assignment through a guard" => {
                let name = self.changeable(Ty::Guard)?;
                let value = self.expr(Ty::Usize, 0);
                st(form, "*§ += §;", [name.into(), value.into()])
            }
            "compound assignment through a temporary" => {
                // The value comes first for numbers, so it may not lock.
                let name = self.lock()?;
                self.occupy(Some(name), true);
                let value = self.expr(Ty::Usize, 1);
                self.release(Some(name), true);
                st(form, "*§.guard() += §;", [name.into(), value.into()])
            }
            "compound assignment to an element" => {
                let name = self.changeable(Ty::Buffer)?;
                self.occupy(Some(name), true);
                let (index, value) = (self.usize(2), self.usize(1));
                self.release(Some(name), true);
                st(
                    form,
                    "§[§ % 3] |= § as u8;",
                    [name.into(), index.into(), value.into()],
                )
            }
            "push" => {
                let name = self.changeable(Ty::Many)?;
                self.end_loans(name);
                self.occupy(Some(name), true);
                let value = self.expr(Ty::Loud, 0);
                self.release(Some(name), true);
                st(form, "§.push(§);", [name.into(), value.into()])
            }
            "method that changes" => {
                let name = self.changeable(Ty::Loud)?;
                self.end_loans(name);
                let label = self.label();
                st(form, "§.rename(§);", [name.into(), label])
            }
            "move and refill" => {
                let name = self.refillable()?;
                self.take(name);
                let pause = usize::from(self.chance(50));
                self.no_await += pause;
                let value = self.expr(Ty::Loud, 1);
                self.no_await -= pause;
                self.vars[name].ready = true;
                let template = self.random.of(&[
                    "drop(§); § = §;",
                    "§.eat(); § = §;",
                    "let _moved = §; § = §;",
                ]);
                st(form, template, [name.into(), name.into(), value.into()])
            }
            "destructuring assignment" => {
                let (a, b) = two?;
                let value = self.expr(Ty::Pair, 0);
                if !(self.can_change(a) && self.can_change(b)) {
                    let value = value.into();
                    return Some(st("expression as a statement", "§;", [value]));
                }
                self.end_loans(a);
                self.end_loans(b);
                if self.chance(50) {
                    st(form, "(§, _) = §;", [a.into(), value.into()])
                } else {
                    st(form, "(§, §) = §;", [a.into(), b.into(), value.into()])
                }
            }
            _ => return None,
        })
    }

    fn if_statement(&mut self) -> Node {
        self.open();
        let head = self.condition(0);
        let between = self.snapshot();
        let then = self.block(Ty::Unit);
        self.close();
        let first = self.snapshot();
        self.restore(&between);
        let otherwise = if self.chance(45) {
            let block = self.block(Ty::Unit);
            optional("else", " else §", [block.into()])
        } else {
            "".into()
        };
        self.merge(&[first]);
        st(
            "if as a statement",
            "if § §§",
            [head.into(), then.into(), otherwise],
        )
    }

    fn other(&mut self) -> Node {
        match self.random.below(7) {
            0 => {
                let value = self.sub(Ty::Usize, 1);
                st("event", "say(§);", [value])
            }
            1 => {
                let flag = self.flag();
                st("assert", "assert!(§ || true);", [flag.into()])
            }
            2 => {
                let name = self.fresh(Ty::Usize);
                self.names[name] = format!("N{name}");
                self.declare(name, false);
                st("nested const", "const §: usize = 2;", [Part::Bind(name)])
            }
            3 => {
                let name = self.fresh(Ty::Closure);
                self.names[name] = format!("inner{name}");
                self.declare(name, false);
                st(
                    "nested function",
                    "fn §() -> usize { say(5) }",
                    [Part::Bind(name)],
                )
            }
            4 => {
                // Awaited through a pin in a local.
                match self.movable(Ty::Future) {
                    Some(future) if self.no_await == 0 => {
                        self.take(future);
                        let name = self.fresh(Ty::Unit);
                        self.declare(name, false);
                        st(
                            "await through a pinned local",
                            "let mut § = Box::pin(§); §.as_mut().await;",
                            [Part::Bind(name), future.into(), name.into()],
                        )
                    }
                    _ => self.expression_statement(),
                }
            }
            5 => match self.readable(Ty::Generic) {
                Some(name) if self.no_await == 0 => {
                    let label = self.label();
                    st(
                        "await that borrows a generic",
                        "lend(&§, §).await;",
                        [name.into(), label],
                    )
                }
                _ => self.expression_statement(),
            },
            _ => match self.movable(Ty::Generic) {
                Some(name) if self.no_await == 0 => {
                    self.take(name);
                    let label = self.label();
                    let new = self.bind(Ty::Generic, false);
                    st(
                        "await of a generic",
                        "let § = tick(§, §).await;",
                        [new, name.into(), label],
                    )
                }
                _ => self.expression_statement(),
            },
        }
    }
}
