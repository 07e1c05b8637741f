//! Loops and the ways out of them.

use super::control::pattern;
use super::random::Menu;
use super::scope::{Gen, Target};
use super::statements::st;
use super::tree::{Node, Part, Sort, Ty};

impl Gen {
    /// A loop with a bounded number of turns.
    pub(crate) fn loop_(&mut self) -> Node {
        self.budget -= 5;
        self.open();
        let mut menu = Menu::default();
        menu.add(3, "while")
            .add(3, "loop")
            .add(4, "for over a range")
            .add(4, "for over values")
            .add_if(self.readable(Ty::Many).is_some(), 3, "for over references")
            .add_if(
                self.changeable(Ty::Many).is_some(),
                2,
                "for over exclusive references",
            )
            .add_if(self.changeable(Ty::Many).is_some(), 2, "for over a drain")
            .add_if(self.changeable(Ty::Many).is_some(), 3, "while let of a pop")
            .add_if(
                self.changeable(Ty::Feed).is_some() && self.no_await == 0,
                5,
                "while let of an await",
            )
            .add_if(
                self.changeable(Ty::Maybe).is_some(),
                2,
                "while let of a take",
            )
            .add(1, "for over an option")
            .add(3, "for with a pattern that leaves a part")
            .add(1, "for over an awaited value");
        let form = menu.pick(&mut self.random);
        let label = self.chance(40).then(|| {
            let label = self.fresh(Ty::Label);
            Part::Bind(label)
        });
        let before = self.snapshot();
        let node = self.loop_form(form, &label);
        // The body may not have run.
        let before = self.extended(before);
        self.merge(&[before]);
        self.close();
        node
    }

    fn enter(&mut self, label: &Option<Part>) {
        self.targets.push(Target {
            label: match label {
                Some(Part::Bind(label)) => Some(*label),
                _ => None,
            },
            is_loop: true,
            value: Ty::Unit,
        });
    }

    /// Where the label goes.
    fn prefix(label: &Option<Part>) -> Part {
        match label {
            Some(label) => Node::new("label", Sort::Optional, "§: ", [label.clone()]).into(),
            None => "".into(),
        }
    }

    fn loop_form(&mut self, form: &'static str, label: &Option<Part>) -> Node {
        match form {
            "while" | "loop" => {
                let turns = self.fresh(Ty::Unit);
                self.names[turns] = format!("turns{turns}");
                let limit = (1 + self.random.below(3)).to_string();
                if form == "loop" {
                    self.enter(label);
                }
                let node = if form == "while" {
                    // Made anew in each turn, and no place for a jump.
                    (self.no_move, self.no_exit) = (self.no_move + 1, self.no_exit + 1);
                    let extra = if self.chance(40) {
                        self.in_head += 1;
                        let extra = self.bool(1);
                        self.in_head -= 1;
                        Node::new("", Sort::Optional, " && §", [extra.into()]).into()
                    } else {
                        "".into()
                    };
                    (self.no_move, self.no_exit) = (self.no_move - 1, self.no_exit - 1);
                    self.enter(label);
                    let body = self.block(Ty::Unit);
                    st(
                        form,
                        "let mut § = 0; §while § < §§ { § += 1; § }",
                        [
                            Part::Bind(turns),
                            Self::prefix(label),
                            turns.into(),
                            limit.into(),
                            extra,
                            turns.into(),
                            body.into(),
                        ],
                    )
                } else {
                    let body = self.block(Ty::Unit);
                    st(
                        form,
                        "let mut § = 0; §loop { § += 1; if § > § { break; } § }",
                        [
                            Part::Bind(turns),
                            Self::prefix(label),
                            turns.into(),
                            turns.into(),
                            limit.into(),
                            body.into(),
                        ],
                    )
                };
                self.targets.pop();
                node
            }
            "while let of a pop" | "while let of an await" | "while let of a take" => {
                let (ty, template) = match form {
                    "while let of a pop" => (Ty::Many, "§while let Some(§) = §.pop() §"),
                    "while let of a take" => (Ty::Maybe, "§while let Some(§) = §.take() §"),
                    _ => (Ty::Feed, "§while let Some(§) = §.recv().await §"),
                };
                let Some(of) = self.changeable(ty) else {
                    return st("", "", []);
                };
                self.end_loans(of);
                // A value put back would let the loop run on.
                self.vars[of].ready = false;
                let visible = std::mem::replace(&mut self.vars[of].visible, false);
                self.enter(label);
                self.open();
                let name = self.bind(Ty::Loud, false);
                let body = self.block(Ty::Unit);
                self.close();
                self.targets.pop();
                self.vars[of].visible = visible;
                self.vars[of].ready = true;
                st(
                    form,
                    template,
                    [Self::prefix(label), name, of.into(), body.into()],
                )
            }
            _ => self.for_(form, label),
        }
    }

    /// `for (_, a) in vec![(make("a"), make("b"))] { .. }`
    fn for_with_pattern(&mut self, form: &'static str, label: &Option<Part>) -> Node {
        let (item, shape, bound) = self.random.of(&[
            (Ty::Loud, "_", None),
            (Ty::Loud, "ref §", Some(Ty::Ref)),
            (Ty::Pair, "_", None),
            (Ty::Pair, "(_, §)", Some(Ty::Loud)),
            (Ty::Pair, "(§, _)", Some(Ty::Loud)),
            (Ty::Pair, "(§, ..)", Some(Ty::Loud)),
            (Ty::Pair, "(ref §, _)", Some(Ty::Ref)),
            (Ty::Two, "Two { x: §, .. }", Some(Ty::Loud)),
            (Ty::Two, "Two { ref y, x: § }", Some(Ty::Loud)),
            (Ty::Maybe, "_", None),
        ]);
        self.in_head += 1;
        let head: Node = if self.chance(50) {
            Node::new("", Sort::Fixed, "vec![§]", [self.sub(item, 0)])
        } else {
            Node::new(
                "",
                Sort::Fixed,
                "[§, §]",
                [self.sub(item, 0), self.sub(item, 0)],
            )
        };
        self.in_head -= 1;
        self.enter(label);
        self.open();
        let bound_pattern = match bound {
            Some(ty) => pattern("", shape, [self.bind(ty, false)]),
            None => pattern("", shape, []),
        };
        let body = self.block(Ty::Unit);
        self.close();
        self.targets.pop();
        st(
            form,
            "§for § in § §",
            [
                Self::prefix(label),
                bound_pattern.into(),
                head.into(),
                body.into(),
            ],
        )
    }

    fn for_(&mut self, form: &'static str, label: &Option<Part>) -> Node {
        if form == "for with a pattern that leaves a part" {
            return self.for_with_pattern(form, label);
        }
        self.in_head += 1;
        let mut occupied = None;
        let (template, head, bound): (_, Part, _) = match form {
            "for over values" => match self.random.below(4) {
                0 => ("§for § in § §", self.sub(Ty::Array, 0), Ty::Loud),
                1 => (
                    "§for (_i, §) in §.into_iter().enumerate() §",
                    self.sub(Ty::Many, 0),
                    Ty::Loud,
                ),
                2 => (
                    "§for § in §.into_iter().rev() §",
                    self.sub(Ty::Many, 0),
                    Ty::Loud,
                ),
                _ => ("§for § in § §", self.sub(Ty::Many, 0), Ty::Loud),
            },
            "for over an option" => ("§for § in § §", self.sub(Ty::Maybe, 0), Ty::Loud),
            "for over an awaited value" if self.no_await == 0 => {
                let (value, label) = (self.sub(Ty::Many, 0), self.label());
                let node = Node::new(
                    "await of a child",
                    Sort::Expr(Ty::Many),
                    "tick(§, §).await",
                    [value, label],
                );
                ("§for § in § §", node.into(), Ty::Loud)
            }
            "for over references" => match self.readable(Ty::Many) {
                Some(of) => {
                    occupied = Some((of, false));
                    let template = self.random.of(&[
                        "§for § in &§ §",
                        "§for § in §.iter() §",
                        "§for (_i, §) in §.iter().enumerate() §",
                    ]);
                    (template, of.into(), Ty::Ref)
                }
                None => ("§for § in 0..§ §", "2usize".into(), Ty::Usize),
            },
            "for over exclusive references" | "for over a drain" => match self.changeable(Ty::Many)
            {
                Some(of) => {
                    self.end_loans(of);
                    occupied = Some((of, true));
                    match form {
                        "for over a drain" => ("§for § in §.drain(..) §", of.into(), Ty::Loud),
                        _ => ("§for § in §.iter_mut() §", of.into(), Ty::RefMut),
                    }
                }
                None => ("§for § in 0..§ §", "2usize".into(), Ty::Usize),
            },
            _ => {
                let template = self.random.of(&[
                    "§for § in 0..§ §",
                    "§for § in 1..=§ §",
                    "§for § in (0..§).rev() §",
                ]);
                let end = format!("{}usize", 1 + self.random.below(3));
                (template, end.into(), Ty::Usize)
            }
        };
        self.in_head -= 1;
        if let Some((of, exclusive)) = occupied {
            self.occupy(Some(of), exclusive);
        }
        self.enter(label);
        self.open();
        let name = self.bind(bound, bound == Ty::RefMut);
        let bound_pattern = pattern("", "§", [name]);
        let body = self.block(Ty::Unit);
        self.close();
        self.targets.pop();
        if let Some((of, exclusive)) = occupied {
            self.release(Some(of), exclusive);
        }
        st(
            form,
            template,
            [Self::prefix(label), bound_pattern.into(), head, body.into()],
        )
    }

    /// A conditional jump.
    pub(crate) fn exit(&mut self) -> Node {
        let flag = self.flag();
        let before = self.snapshot();
        let leave = self.leave(false);
        self.restore(&before);
        st(
            "conditional jump",
            "if § { § }",
            [flag.into(), leave.into()],
        )
    }

    /// A jump, or a panic where none is allowed.
    pub(crate) fn leave(&mut self, must: bool) -> Node {
        let st = |form, template, holes: Vec<Part>| {
            let mut parts: Vec<Part> = vec![template];
            parts.extend(holes);
            parts.push(";".into());
            Node::row(form, Sort::Fixed, parts)
        };
        if self.no_exit > 0 {
            return if must {
                st("panic", "panic!(\"exit\")".into(), vec![])
            } else {
                Node::new("", Sort::Fixed, "", [])
            };
        }
        if self.chance(5) {
            return st("panic", "panic!(\"exit\")".into(), vec![]);
        }
        if !self.targets.is_empty() && self.chance(60) {
            let innermost = self.targets.iter().rposition(|target| target.is_loop);
            let at = if self.chance(60) {
                self.targets.len() - 1
            } else {
                self.random.below(self.targets.len())
            };
            let target = self.targets[at].clone();
            let is_innermost = innermost == Some(at);
            match target.label {
                Some(label) if target.is_loop => {
                    let jump = self.random.of(&["break", "continue"]);
                    if is_innermost && self.chance(50) {
                        return st(jump, jump.into(), vec![]);
                    }
                    let form = if jump == "break" {
                        "break with a label"
                    } else {
                        "continue with a label"
                    };
                    return st(form, jump.into(), vec![" ".into(), label.into()]);
                }
                Some(label) => {
                    let value = self.expr(target.value, 2);
                    let parts = vec![" ".into(), label.into(), " ".into(), value.into()];
                    return st("break out of a block", "break".into(), parts);
                }
                None if is_innermost && target.value == Ty::Unit => {
                    let jump = self.random.of(&["break", "continue"]);
                    return st(jump, jump.into(), vec![]);
                }
                None if is_innermost => return st("continue", "continue".into(), vec![]),
                None => {}
            }
        }
        self.leaving += 1;
        let value = self.return_value();
        self.leaving -= 1;
        st("return", "return ".into(), vec![value.into()])
    }

    /// A value of the function's return type.
    pub(crate) fn return_value(&mut self) -> Node {
        let ty = self.returns;
        if ty == Ty::Result {
            match self.random.below(3) {
                0 => {
                    let value = self.sub(Ty::Usize, 1);
                    return Node::new("ok", Sort::Expr(ty), "Ok(§)", [value]);
                }
                1 => return Node::new("err", Sort::Expr(ty), "Err(Fault(\"r\"))", []),
                _ => {}
            }
        }
        self.expr(ty, 1)
    }
}
