//! Blocks, conditions, `match`, and loops with a value.

use super::random::Menu;
use super::scope::{Gen, Loan, Target};
use super::tree::{Name, Node, Part, Sort, Ty, Value};
use super::values::ex;

/// A pattern.
pub(crate) fn pattern<const N: usize>(
    form: &'static str,
    template: &'static str,
    holes: [Part; N],
) -> Node {
    Node::new(form, Sort::Pattern, template, holes)
}

/// The patterns of a `match`'s arms: the next one each time it is called, which also declares what it binds.
type Arms = Vec<Box<dyn Fn(&mut Gen) -> Node>>;

impl Gen {
    /// A block in braces with a value.
    pub(crate) fn block(&mut self, ty: Ty) -> Node {
        self.open();
        self.nesting += 1;
        let in_head = std::mem::take(&mut self.in_head);
        let mut parts: Vec<Part> = vec!["{\n".into()];
        let statements = if self.nesting <= 5 {
            self.random.below(4)
        } else {
            0
        };
        for _ in 0..statements {
            if self.budget <= 0 {
                break;
            }
            parts.push(self.statement().into());
            parts.push("\n".into());
        }
        if ty != Ty::Unit || self.chance(25) {
            parts.push(self.expr(ty, 1).into());
        }
        parts.push("\n}".into());
        self.in_head = in_head;
        self.nesting -= 1;
        self.close();
        Node::row("", Sort::Block(ty), parts)
    }

    pub(crate) fn block_value(&mut self, ty: Ty) -> Node {
        self.budget -= 5;
        let value = match ty {
            Ty::Unit => Some(Value::Unit),
            Ty::Usize => Some(Value::Usize),
            Ty::Loud => Some(Value::Loud),
            _ => None,
        };
        if let Some(value) = value.filter(|_| self.random.chance(30)) {
            let label = self.fresh(Ty::LabelOf(value));
            self.targets.push(Target {
                label: Some(label),
                is_loop: false,
                value: ty,
            });
            let block = self.block(ty);
            self.targets.pop();
            let parts = vec![Part::Bind(label), ": ".into(), block.into()];
            return Node::row("labelled block", Sort::Expr(ty), parts);
        }
        let block = self.block(ty);
        ex("block with a value", ty, "§", [block.into()])
    }

    /// What follows `if` or `while`; declares what it binds in the innermost scope.
    pub(crate) fn condition(&mut self, d: usize) -> Node {
        self.in_head += 1;
        let node = if self.chance(60) {
            self.bool(d)
        } else {
            self.let_condition(d)
        };
        let node = if self.edition == handroll_lowering::Edition::E2024 && self.chance(15) {
            // The second part runs only if the first has succeeded.
            let before = self.snapshot();
            let rest = if self.chance(50) {
                self.bool(d + 1)
            } else {
                self.let_condition(d + 1)
            };
            let before = self.extended(before);
            self.merge(&[before]);
            Node::new(
                "let chain",
                Sort::Fixed,
                "§ && §",
                [node.into(), rest.into()],
            )
        } else {
            node
        };
        self.in_head -= 1;
        node
    }

    fn let_condition(&mut self, d: usize) -> Node {
        let mut menu = Menu::default();
        let maybe = self.readable(Ty::Maybe);
        menu.add(3, "if let Some")
            .add(2, "if let Ok")
            .add(2, "if let variant")
            .add_if(maybe.is_some(), 3, "if let Some of a reference")
            .add_if(maybe.is_some(), 2, "if let Some with ref")
            .add_if(
                self.changeable(Ty::Maybe).is_some(),
                2,
                "if let Some of an exclusive reference",
            )
            .add(1, "if let Some at");
        let form = menu.pick(&mut self.random);
        let fixed = |template, holes: [Part; 2]| Node::new(form, Sort::Fixed, template, holes);
        match (form, maybe) {
            ("if let Ok", _) => {
                let value = self.sub(Ty::Result, d);
                let name = self.bind(Ty::Usize, false);
                fixed("let Ok(§) = §", [name, value])
            }
            ("if let variant", _) => {
                let value = self.sub(Ty::Shape, d);
                let pattern = self.shape_pattern();
                fixed("let § = §", [pattern.into(), value])
            }
            ("if let Some of a reference", Some(of)) => {
                let name = self.borrower(Ty::Ref, of, false);
                fixed("let Some(§) = &§", [name, of.into()])
            }
            ("if let Some with ref", Some(of)) => {
                let name = self.borrower(Ty::Ref, of, false);
                fixed("let Some(ref §) = §", [name, of.into()])
            }
            ("if let Some of an exclusive reference", _) => match self.changeable(Ty::Maybe) {
                Some(of) => {
                    self.end_loans(of);
                    let name = self.borrower(Ty::RefMut, of, true);
                    let template = self
                        .random
                        .of(&["let Some(§) = &mut §", "let Some(§) = §.as_mut()"]);
                    fixed(template, [name, of.into()])
                }
                None => self.flag(),
            },
            ("if let Some at", _) => {
                let value = self.sub(Ty::Maybe, d);
                let name = self.bind(Ty::Loud, false);
                fixed("let Some(§ @ Loud(_)) = §", [name, value])
            }
            _ => {
                let value = self.sub(Ty::Maybe, d);
                let mutable = self.chance(30);
                let name = self.bind(Ty::Loud, mutable);
                let template = if mutable {
                    "let Some(mut §) = §"
                } else {
                    "let Some(§) = §"
                };
                fixed(template, [name, value])
            }
        }
    }

    /// A new local that borrows another.
    pub(crate) fn borrower(&mut self, ty: Ty, of: Name, exclusive: bool) -> Part {
        let name = self.fresh(ty);
        self.declare(name, exclusive);
        self.lend(
            name,
            Loan {
                of,
                exclusive,
                to_the_end: false,
            },
        );
        Part::Bind(name)
    }

    fn shape_pattern(&mut self) -> Node {
        match self.random.below(4) {
            0 => {
                let name = self.bind(Ty::Loud, false);
                pattern("tuple variant pattern", "Shape::One(§)", [name])
            }
            1 => {
                let (a, n) = (self.bind(Ty::Loud, false), self.bind(Ty::Usize, false));
                pattern(
                    "struct variant pattern",
                    "Shape::Both { a: §, n: §, .. }",
                    [a, n],
                )
            }
            2 => {
                let (a, b) = (self.bind(Ty::Loud, false), self.bind(Ty::Loud, false));
                pattern(
                    "struct variant pattern",
                    "Shape::Both { b: §, a: §, n: 1..=9 }",
                    [b, a],
                )
            }
            _ => {
                let a = self.bind(Ty::Loud, false);
                // Each alternative binds the same name.
                let again = match a {
                    Part::Bind(name) => Part::Use(name),
                    _ => "_".into(),
                };
                pattern(
                    "or-pattern",
                    "(Shape::One(§) | Shape::Both { a: §, b: _, .. })",
                    [a, again],
                )
            }
        }
    }

    pub(crate) fn if_value(&mut self, ty: Ty, d: usize) -> Node {
        self.budget -= 8;
        self.open();
        let head = self.condition(d + 1);
        let between = self.snapshot();
        let then = self.block(ty);
        self.close();
        let first = self.snapshot();
        self.restore(&between);
        let otherwise = if self.chance(15) && self.nesting < 4 {
            let inner = self.if_value(ty, d + 1);
            Node::new("else if", Sort::Fixed, "§", [inner.into()])
        } else {
            self.block(ty)
        };
        self.merge(&[first]);
        ex(
            "if with a value",
            ty,
            "if § § else §",
            [head.into(), then.into(), otherwise.into()],
        )
    }

    /// `match` over a value of a random type.
    pub(crate) fn match_value(&mut self, ty: Ty, d: usize) -> Node {
        self.budget -= 8;
        self.open();
        self.in_head += 1;
        let (head, arms) = self.scrutinee(d);
        self.in_head -= 1;
        let before = self.snapshot();
        let mut ways = Vec::new();
        let mut parts: Vec<Part> = vec!["match ".into(), head, " {\n".into()];
        for arm in arms {
            self.restore(&before);
            self.open();
            let pattern = arm(self);
            let irrefutable = pattern.form == "wildcard";
            let mut arm_parts: Vec<Part> = vec![pattern.into()];
            if !irrefutable && self.chance(30) {
                arm_parts.push(self.guard());
            }
            arm_parts.push(" => ".into());
            if self.chance(50) {
                let in_head = std::mem::take(&mut self.in_head);
                arm_parts.push(self.expr(ty, d.max(1)).into());
                self.in_head = in_head;
                arm_parts.push(",\n".into());
            } else {
                arm_parts.push(self.block(ty).into());
                arm_parts.push("\n".into());
            }
            self.close();
            ways.push(self.snapshot());
            parts.push(Node::row("arm", Sort::Arm, arm_parts).into());
        }
        self.merge(&ways);
        self.close();
        parts.push("}".into());
        Node::row("match with a value", Sort::Expr(ty), parts)
    }

    /// ` if CONDITION`, where bound values can only be looked at.
    fn guard(&mut self) -> Part {
        (self.no_move, self.no_change) = (self.no_move + 1, self.no_change + 1);
        let pause = usize::from(self.chance(80));
        self.no_await += pause;
        let awaited = self.bool(2);
        self.no_await -= pause;
        (self.no_move, self.no_change) = (self.no_move - 1, self.no_change - 1);
        Node::new("guard of an arm", Sort::Optional, " if §", [awaited.into()]).into()
    }

    fn scrutinee(&mut self, d: usize) -> (Part, Arms) {
        fn wild(_: &mut Gen) -> Node {
            pattern("wildcard", "_", [])
        }
        let of = self.readable(Ty::Maybe).filter(|_| self.random.chance(40));
        if let Some(of) = of {
            let template = self.random.of(&["&§", "§.as_ref()"]);
            let some = move |g: &mut Gen| {
                let name = g.borrower(Ty::Ref, of, false);
                pattern("some pattern, by reference", "Some(§)", [name])
            };
            let head = ex("match on a reference", Ty::Unit, template, [of.into()]);
            return (head.into(), vec![Box::new(some), Box::new(wild)]);
        }
        match self.random.below(8) {
            0 => (
                self.sub(Ty::Usize, d),
                vec![
                    Box::new(|g| {
                        let template = g.random.of(&["1", "1 | 2", "2..=3", "..=1"]);
                        pattern("literal or range pattern", template, [])
                    }),
                    Box::new(|g| {
                        let name = g.bind(Ty::Usize, false);
                        let template = g.random.of(&["§", "§ @ 2..", "§ @ (1 | 3)"]);
                        pattern("binding of a number", template, [name])
                    }),
                    Box::new(wild),
                ],
            ),
            1 | 2 => (
                self.sub(Ty::Maybe, d),
                vec![
                    Box::new(|g| {
                        let mutable = g.chance(30);
                        let name = g.bind(Ty::Loud, mutable);
                        let template = if mutable {
                            "Some(mut §)"
                        } else {
                            g.random.of(&["Some(§)", "Some(§)", "Some(§ @ Loud(_))"])
                        };
                        pattern("some pattern", template, [name])
                    }),
                    Box::new(|g| {
                        if g.chance(50) {
                            let name = g.bind(Ty::Maybe, false);
                            pattern("binding of the whole", "§", [name])
                        } else {
                            pattern("none pattern", "None", [])
                        }
                    }),
                    Box::new(wild),
                ],
            ),
            3 => (
                self.sub(Ty::Pair, d),
                vec![
                    Box::new(|g| {
                        let name = g.bind(Ty::Loud, false);
                        let template = g.random.of(&["(§, _)", "(_, §)", "(§, ..)", "(ref §, _)"]);
                        pattern("tuple pattern with a rest", template, [name])
                    }),
                    Box::new(|g| {
                        let (a, b) = (g.bind(Ty::Loud, false), g.bind(Ty::Loud, false));
                        pattern("tuple pattern", "(§, §)", [a, b])
                    }),
                    Box::new(wild),
                ],
            ),
            4 => (
                self.sub(Ty::Two, d),
                vec![
                    Box::new(|g| {
                        let name = g.bind(Ty::Loud, false);
                        let template = g.random.of(&["Two { x: §, .. }", "Two { y: §, x: _ }"]);
                        pattern("struct pattern", template, [name])
                    }),
                    Box::new(wild),
                ],
            ),
            5 => (
                self.sub(Ty::Shape, d),
                vec![
                    Box::new(Gen::shape_pattern),
                    Box::new(|g| {
                        let name = g.bind(Ty::Shape, false);
                        pattern("binding of the whole", "§", [name])
                    }),
                    Box::new(wild),
                ],
            ),
            6 => (
                self.sub(Ty::Array, d),
                vec![
                    Box::new(|g| {
                        let name = g.bind(Ty::Loud, false);
                        let template = g.random.of(&["[§, _]", "[_, §]", "[§, ..]", "[.., §]"]);
                        pattern("slice pattern", template, [name])
                    }),
                    Box::new(wild),
                ],
            ),
            _ => (
                self.sub(Ty::Result, d),
                vec![
                    Box::new(|g| {
                        let name = g.bind(Ty::Usize, false);
                        pattern("ok pattern", "Ok(§)", [name])
                    }),
                    Box::new(|_| pattern("err pattern", "Err(Fault(\"no\"))", [])),
                    Box::new(wild),
                ],
            ),
        }
    }

    /// `loop` with a bounded number of turns and a value.
    pub(crate) fn loop_value(&mut self, ty: Ty) -> Node {
        self.budget -= 8;
        self.open();
        let turns = self.fresh(Ty::Unit);
        self.names[turns] = format!("turns{turns}");
        self.targets.push(Target {
            label: None,
            is_loop: true,
            value: ty,
        });
        // The value is made in a turn: what is outside of the loop stays there. A `continue` in it would never end.
        self.no_exit += 1;
        let value = self.sub(ty, 1);
        self.no_exit -= 1;
        let body = self.block(Ty::Unit);
        self.targets.pop();
        self.close();
        let limit = (1 + self.random.below(2)).to_string();
        let parts = vec![
            "{ let mut ".into(),
            Part::Bind(turns),
            " = 0; loop { ".into(),
            Part::Use(turns),
            " += 1; if ".into(),
            Part::Use(turns),
            " > ".into(),
            limit.into(),
            " { break ".into(),
            value,
            "; }\n".into(),
            body.into(),
            "} }".into(),
        ];
        Node::row("loop with a value", Sort::Expr(ty), parts)
    }
}
