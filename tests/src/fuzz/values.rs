//! Expressions by type.

use super::random::Menu;
use super::scope::Gen;
use super::tree::{Name, Node, Part, Sort, Ty};

/// An expression node from a template.
pub(crate) fn ex<const N: usize>(
    form: &'static str,
    ty: Ty,
    template: &'static str,
    holes: [Part; N],
) -> Node {
    Node::new(form, Sort::Expr(ty), template, holes)
}

impl Gen {
    /// An expression of a type.
    pub(crate) fn expr(&mut self, ty: Ty, d: usize) -> Node {
        self.budget -= 1;
        match ty {
            Ty::Unit => self.unit(d),
            Ty::Usize => self.usize(d),
            Ty::Bool => self.bool(d),
            Ty::Loud => self.loud(d),
            Ty::Maybe => self.maybe(d),
            Ty::Pair => self.pair(d),
            Ty::Two => self.two(d),
            Ty::Many => self.many(d),
            Ty::Array => self.array(d),
            Ty::Boxed => self.boxed(d),
            Ty::Shape => self.shape(d),
            Ty::Result => self.result(d),
            Ty::MaybeUsize => self.maybe_usize(d),
            Ty::Text => self.text(d),
            Ty::Ref => self.shared(d, true).0,
            _ => ex("", Ty::Unit, "()", []),
        }
    }

    /// An expression as a part, one level down.
    pub(crate) fn sub(&mut self, ty: Ty, d: usize) -> Part {
        self.expr(ty, d + 1).into()
    }

    /// The value of a local that goes, with the local.
    fn moved(&mut self, ty: Ty) -> Option<Node> {
        let name = self.movable(ty)?;
        self.take(name);
        let form = if self.chance(15) {
            ex("move by block", ty, "{ § }", [name.into()])
        } else {
            ex("move of a local", ty, "§", [name.into()])
        };
        Some(form)
    }

    /// Forms that every type has: await of a child with the value, control flow with the value.
    fn common(&mut self, menu: &mut Menu, d: usize, ty: Ty) {
        if d >= self.deepest {
            return;
        }
        let awaits = self.awaits();
        menu.add_if(awaits, 4, "await of a child");
        let control = self.budget > 0 && self.nesting < 4;
        menu.add_if(control, 1, "if with a value")
            .add_if(control, 1, "match with a value")
            .add_if(control, 1, "block with a value")
            .add_if(control && self.chance(40), 1, "loop with a value")
            .add_if(awaits && self.chance(30), 1, "async block, awaited");
        let callee = self.callees.iter().any(|(_, _, returns)| *returns == ty);
        menu.add_if(awaits && callee, 4, "await of an async function");
    }

    fn common_form(&mut self, form: &'static str, ty: Ty, d: usize) -> Option<Node> {
        Some(match form {
            "await of a child" => {
                let (value, label) = (self.sub(ty, d), self.label());
                ex(form, ty, "tick(§, §).await", [value, label])
            }
            "if with a value" => self.if_value(ty, d),
            "match with a value" => self.match_value(ty, d),
            "block with a value" => self.block_value(ty),
            "loop with a value" => self.loop_value(ty),
            "await of an async function" => self.call_async(ty, d)?,
            "async block, awaited" => {
                // A jump or `?` would leave the block only, and a move into it is a capture.
                (self.no_exit, self.no_move) = (self.no_exit + 1, self.no_move + 1);
                let targets = std::mem::take(&mut self.targets);
                self.no_change += 1;
                let block = self.block(ty);
                self.no_change -= 1;
                self.targets = targets;
                (self.no_exit, self.no_move) = (self.no_exit - 1, self.no_move - 1);
                ex(form, ty, "async §.await", [block.into()])
            }
            _ => return None,
        })
    }

    /// A call of another async function of the file.
    fn call_async(&mut self, ty: Ty, d: usize) -> Option<Node> {
        let fitting: Vec<_> = self
            .callees
            .iter()
            .filter(|(_, _, returns)| *returns == ty)
            .cloned()
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let (name, params, _) = fitting[self.random.below(fitting.len())].clone();
        let mut parts = vec![
            format!("{name}(").into(),
            self.random.below(16).to_string().into(),
        ];
        let mut occupied = Vec::new();
        for param in params {
            parts.push(", ".into());
            if param == Ty::Ref {
                let (node, of) = self.shared(d + 1, true);
                self.occupy(of, false);
                occupied.push(of);
                parts.push(node.into());
            } else {
                parts.push(self.sub(param, d + 1));
            }
        }
        for of in occupied {
            self.release(of, false);
        }
        parts.push(").await".into());
        Some(Node::row(
            "await of an async function",
            Sort::Expr(ty),
            parts,
        ))
    }

    fn unit(&mut self, d: usize) -> Node {
        let mut menu = Menu::default();
        menu.add(2, "unit");
        menu.add(2, "drop of a value");
        self.common(&mut menu, d, Ty::Unit);
        let form = menu.pick(&mut self.random);
        if let Some(node) = self.common_form(form, Ty::Unit, d) {
            return node;
        }
        match form {
            "drop of a value" => {
                let value = self.sub(Ty::Loud, d);
                ex(form, Ty::Unit, "drop(§)", [value])
            }
            _ => ex(form, Ty::Unit, "()", []),
        }
    }

    pub(crate) fn usize(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Usize;
        let mut menu = Menu::default();
        let local = self.readable(T);
        let loud = self.readable(Ty::Loud);
        let reference = self.readable(Ty::Ref);
        let exclusive = self.changeable(Ty::RefMut);
        menu.add(3, "number")
            .add_if(local.is_some(), 5, "copy of a local");
        menu.add_if(loud.is_some(), 3, "method of a local")
            .add_if(reference.is_some(), 4, "method of a reference")
            .add_if(exclusive.is_some(), 3, "method of an exclusive reference");
        if d < self.deepest {
            if self.awaits() {
                menu.add(5, "await of a borrowing child")
                    .add(3, "await of a borrowing method")
                    .add(3, "await of an exclusively borrowing child")
                    .add(1, "await of `IntoFuture`");
                let future = self.movable(Ty::Future);
                menu.add_if(future.is_some(), 12, "await of a local");
                menu.add_if(future.is_some(), 2, "await of a pinned box");
                menu.add_if(
                    self.movable(Ty::FutureRef).is_some(),
                    10,
                    "await of a local borrower",
                );
                menu.add_if(
                    self.changeable(Ty::Buffer).is_some(),
                    6,
                    "await of a filling child",
                );
                menu.add_if(self.lock().is_some(), 4, "await of a guard");
                self.wider(&mut menu);
                menu.add_if(
                    self.readable(Ty::Two).is_some(),
                    3,
                    "await of an async method",
                );
            }
            menu.add(3, "arithmetic")
                .add(3, "call of a function")
                .add(2, "call with an owner")
                .add(2, "call with two owners")
                .add(3, "call with references")
                .add(3, "method that consumes")
                .add(3, "method of a temporary")
                .add(1, "part of a temporary tuple")
                .add(1, "cast")
                .add(1, "index of an array of numbers")
                .add(1, "method with a closure")
                .add(1, "text length")
                .add(1, "`unsafe` block")
                .add(1, "sum of an iterator");
            menu.add_if(self.readable(Ty::Closure).is_some(), 4, "call of a closure");
            menu.add_if(
                self.readable(Ty::Guard).is_some(),
                4,
                "read through a guard",
            );
            menu.add_if(self.lock().is_some(), 2, "read through a temporary guard");
            menu.add_if(self.readable(Ty::Pair).is_some(), 3, "field of a tuple");
            menu.add_if(self.readable(Ty::Two).is_some(), 3, "field of a struct");
            menu.add_if(self.readable(Ty::Array).is_some(), 2, "element of an array");
            menu.add_if(self.readable(Ty::Many).is_some(), 2, "length of a vector");
            menu.add_if(self.readable(Ty::Boxed).is_some(), 2, "method of a box");
            menu.add_if(
                self.readable(Ty::Buffer).is_some(),
                2,
                "element of a buffer",
            );
            menu.add_if(local.is_some(), 1, "format with a capture");
            let question = self.no_exit == 0 && matches!(self.returns, Ty::Result | Ty::MaybeUsize);
            menu.add_if(question, 5, "question mark");
            self.common(&mut menu, d, T);
        }
        let form = menu.pick(&mut self.random);
        let special = self.common_form(form, T, d);
        if let Some(node) = special.or_else(|| self.wider_form(form, d)) {
            return node;
        }
        self.usize_form(form, d, local, loud, reference.or(exclusive))
            .unwrap_or_else(|| self.number())
    }

    fn number(&mut self) -> Node {
        let number = (1 + self.random.below(3)).to_string();
        ex("number", Ty::Usize, "§", [number.into()])
    }

    fn usize_form(
        &mut self,
        form: &'static str,
        d: usize,
        local: Option<Name>,
        loud: Option<Name>,
        reference: Option<Name>,
    ) -> Option<Node> {
        const T: Ty = Ty::Usize;
        Some(match form {
            "copy of a local" => ex(form, T, "§", [local?.into()]),
            "method of a local" => ex(form, T, "§.touch()", [loud?.into()]),
            "method of a reference" => {
                let name = self.readable(Ty::Ref)?;
                ex(form, T, "§.touch()", [name.into()])
            }
            "method of an exclusive reference" => {
                let name = self.changeable(Ty::RefMut).or(reference)?;
                ex(form, T, "§.touch()", [name.into()])
            }
            "arithmetic" => {
                let (a, b) = (self.sub(T, d), self.sub(T, d));
                let template = self
                    .random
                    .of(&["(§ + §)", "(§ * §)", "(§ | §)", "(§ + § % 7)"]);
                ex(form, T, template, [a, b])
            }
            "call of a function" => {
                let (a, b) = (self.sub(T, d), self.sub(T, d));
                ex(form, T, "sum(§, §)", [a, b])
            }
            "call with an owner" => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(T, d));
                ex(form, T, "join(§, §)", [a, b])
            }
            "call with two owners" => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
                ex(form, T, "eat2(§, §)", [a, b])
            }
            "call with references" => {
                let a = self.sub(Ty::Loud, d);
                let (b, of) = self.shared(d + 1, true);
                self.occupy(of, false);
                let (c, e) = (self.sub(Ty::Loud, d), self.sub(T, d));
                self.release(of, false);
                ex(form, T, "four(§, §, §, §)", [a, b.into(), c, e])
            }
            "method that consumes" => {
                let a = self.sub(Ty::Loud, d);
                ex(form, T, "§.eat()", [a])
            }
            "method of a temporary" => match self.random.below(4) {
                0 => {
                    let a = self.sub(Ty::Two, d);
                    ex(form, T, "§.both()", [a])
                }
                1 => {
                    let a = self.sub(Ty::Pair, d);
                    ex(form, T, "§.0.touch()", [a])
                }
                _ => {
                    let a = self.sub(Ty::Loud, d);
                    ex(form, T, "§.touch()", [a])
                }
            },
            "part of a temporary tuple" => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(T, d));
                ex(form, T, "(§, §).1", [a, b])
            }
            "cast" => {
                let a = self.sub(T, d);
                ex(form, T, "(§ as u8 as usize)", [a])
            }
            "index of an array of numbers" => {
                let (a, b, c) = (self.sub(T, d), self.sub(T, d), self.sub(T, d));
                ex(form, T, "[§, §][§ % 2]", [a, b, c])
            }
            "method with a closure" => {
                let a = self.sub(Ty::MaybeUsize, d);
                let b = self.plain_number();
                ex(form, T, "§.map_or(§, |n| say(n) + 1)", [a, b])
            }
            "text length" => {
                let a = self.sub(Ty::Text, d);
                ex(form, T, "§.len()", [a])
            }
            "`unsafe` block" => {
                let a = self.sub(T, d);
                ex(form, T, "unsafe { § }", [a])
            }
            "sum of an iterator" => {
                let a = self.sub(Ty::Many, d);
                ex(form, T, "§.iter().map(|l| l.touch()).sum::<usize>()", [a])
            }
            "format with a capture" => ex(form, T, "format!(\"{§}\").len()", [local?.into()]),
            "call of a closure" => {
                let name = self.readable(Ty::Closure)?;
                ex(form, T, "§()", [name.into()])
            }
            "read through a guard" => {
                let name = self.readable(Ty::Guard)?;
                ex(form, T, "*§", [name.into()])
            }
            "read through a temporary guard" => {
                let name = self.lock()?;
                ex(form, T, "*§.guard()", [name.into()])
            }
            "field of a tuple" => {
                let name = self.readable(Ty::Pair)?;
                let template = self.random.of(&["§.0.touch()", "§.1.touch()"]);
                ex(form, T, template, [name.into()])
            }
            "field of a struct" => {
                let name = self.readable(Ty::Two)?;
                let template = self.random.of(&["§.x.touch()", "§.y.touch()", "§.both()"]);
                ex(form, T, template, [name.into()])
            }
            "element of an array" => {
                let name = self.readable(Ty::Array)?;
                let index = self.sub(T, d);
                ex(form, T, "§[§ % 2].touch()", [name.into(), index])
            }
            "length of a vector" => {
                let name = self.readable(Ty::Many)?;
                let template = self.random.of(&[
                    "§.len()",
                    "§.iter().map(Loud::touch).sum::<usize>()",
                    "§.first().map_or(0, |l| l.touch())",
                ]);
                ex(form, T, template, [name.into()])
            }
            "method of a box" => {
                let name = self.readable(Ty::Boxed)?;
                let template = self.random.of(&["§.touch()", "(*§).touch()"]);
                ex(form, T, template, [name.into()])
            }
            "element of a buffer" => {
                let name = self.readable(Ty::Buffer)?;
                let index = self.sub(T, d);
                ex(form, T, "usize::from(§[§ % 3])", [name.into(), index])
            }
            "question mark" => match self.returns {
                Ty::Result => {
                    let a = self.sub(Ty::Result, d);
                    ex(form, T, "§?", [a])
                }
                _ => {
                    let a = self.sub(Ty::MaybeUsize, d);
                    ex(form, T, "§?", [a])
                }
            },
            _ => return self.usize_await(form, d),
        })
    }

    fn usize_await(&mut self, form: &'static str, d: usize) -> Option<Node> {
        const T: Ty = Ty::Usize;
        Some(match form {
            "await of a borrowing child" => {
                let (a, _) = self.shared(d + 1, true);
                let template = self
                    .random
                    .of(&["lend(§, §).await.touch()", "tick(§, §).await.touch()"]);
                let label = self.label();
                ex(form, T, template, [a.into(), label])
            }
            "await of a borrowing method" => {
                let a = match self.readable(Ty::Loud).filter(|_| self.random.chance(70)) {
                    Some(name) => name.into(),
                    None => self.sub(Ty::Loud, d),
                };
                let label = self.label();
                ex(form, T, "§.watch(§).await.touch()", [a, label])
            }
            "await of an exclusively borrowing child" => {
                let (a, _) = self.exclusive(d + 1);
                let label = self.label();
                ex(form, T, "lend_mut(§, §).await.touch()", [a.into(), label])
            }
            "await of `IntoFuture`" => {
                let label = self.label();
                ex(form, T, "Later(§).await.len()", [label])
            }
            "await of a local" => {
                let name = self.movable(Ty::Future)?;
                self.take(name);
                ex(form, T, "§.await", [name.into()])
            }
            "await of a pinned box" => {
                let name = self.movable(Ty::Future)?;
                self.take(name);
                ex(form, T, "Box::pin(§).await", [name.into()])
            }
            "await of a local borrower" => {
                let name = self.movable(Ty::FutureRef)?;
                self.take(name);
                ex(form, T, "§.await.touch()", [name.into()])
            }
            "await of a filling child" => {
                let name = self.changeable(Ty::Buffer)?;
                let label = self.label();
                let template = self
                    .random
                    .of(&["fill(&mut §, §).await", "fill(&mut §[..2], §).await"]);
                ex(form, T, template, [name.into(), label])
            }
            "await of a guard" => {
                let name = self.lock()?;
                ex(form, T, "*§.lock().await", [name.into()])
            }
            "await of an async method" => {
                let name = self.readable(Ty::Two)?;
                self.occupy(Some(name), false);
                let (a, label) = (self.sub(T, d), self.label());
                self.release(Some(name), false);
                ex(form, T, "§.wait(§, §).await", [name.into(), a, label])
            }
            _ => return None,
        })
    }

    /// A lock that nothing holds, as far as the generator knows.
    pub(crate) fn lock(&mut self) -> Option<Name> {
        let held = self
            .all(Ty::Guard)
            .iter()
            .any(|&guard| self.vars[guard].ready);
        if held { None } else { self.readable(Ty::Lock) }
    }

    /// A number without effects.
    fn plain_number(&mut self) -> Part {
        (1 + self.random.below(3)).to_string().into()
    }

    pub(crate) fn bool(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Bool;
        let mut menu = Menu::default();
        menu.add(6, "condition");
        let maybe = self.readable(Ty::Maybe);
        let shape = self.readable(Ty::Shape);
        if d < self.deepest {
            menu.add(2, "comparison")
                .add(3, "lazy operator")
                .add(1, "not");
            menu.add_if(maybe.is_some(), 2, "is some");
            menu.add_if(maybe.is_some() || shape.is_some(), 2, "matches!");
            menu.add(1, "matches! of a value");
            self.common(&mut menu, d, T);
        }
        let form = menu.pick(&mut self.random);
        if let Some(node) = self.common_form(form, T, d) {
            return node;
        }
        match form {
            "comparison" => {
                let (a, b) = (self.sub(Ty::Usize, d), self.sub(Ty::Usize, d));
                let template = self
                    .random
                    .of(&["(§ == §)", "(§ < §)", "(§ != §)", "(§ >= §)"]);
                ex(form, T, template, [a, b])
            }
            "lazy operator" => {
                let a = self.sub(T, d);
                let before = self.snapshot();
                let b = self.sub(T, d);
                self.merge(&[before]);
                let template = self.random.of(&["(§ && §)", "(§ || §)"]);
                ex(form, T, template, [a, b])
            }
            "not" => {
                let a = self.sub(T, d);
                ex(form, T, "!(§)", [a])
            }
            "is some" => match maybe {
                Some(name) => ex(form, T, "§.is_some()", [name.into()]),
                None => self.flag(),
            },
            "matches!" => match (maybe, shape) {
                (Some(name), _) => ex(form, T, "matches!(§, Some(_))", [name.into()]),
                (_, Some(name)) => ex(
                    form,
                    T,
                    "matches!(§, Shape::One(ref l) if l.touch() > 1)",
                    [name.into()],
                ),
                _ => self.flag(),
            },
            "matches! of a value" => {
                let a = self.sub(Ty::MaybeUsize, d);
                ex(form, T, "matches!(§, Some(1..=2))", [a])
            }
            _ => self.flag(),
        }
    }

    pub(crate) fn loud(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Loud;
        let mut menu = Menu::default();
        menu.add(4, "new value");
        let local = self.movable(T);
        menu.add_if(local.is_some(), 8, "moved");
        if d < self.deepest {
            if self.awaits() {
                menu.add(3, "await of a consuming method");
                menu.add_if(
                    self.movable(Ty::FutureLoud).is_some(),
                    12,
                    "await of a local",
                );
            }
            menu.add(1, "field of a temporary tuple")
                .add(1, "field of a temporary struct")
                .add(1, "method that gives a part")
                .add(2, "unwrap or else")
                .add(1, "call of a closure at once");
            menu.add_if(self.changeable(T).is_some(), 3, "replace");
            menu.add_if(
                self.changeable(Ty::RefMut).is_some(),
                3,
                "replace through a reference",
            );
            menu.add_if(self.movable(Ty::Pair).is_some(), 4, "part of a tuple");
            menu.add_if(self.movable(Ty::Two).is_some(), 4, "part of a struct");
            menu.add_if(self.movable(Ty::Boxed).is_some(), 4, "out of a box");
            self.common(&mut menu, d, T);
        }
        let form = menu.pick(&mut self.random);
        if form == "moved"
            && let Some(node) = self.moved(T)
        {
            return node;
        }
        if let Some(node) = self.common_form(form, T, d) {
            return node;
        }
        if let Some(node) = self.loud_form(form, d) {
            return node;
        }
        let label = self.label();
        ex("new value", T, "make(§)", [label])
    }

    fn loud_form(&mut self, form: &'static str, d: usize) -> Option<Node> {
        const T: Ty = Ty::Loud;
        Some(match form {
            "await of a consuming method" => {
                let (a, label) = (self.sub(T, d), self.label());
                ex(form, T, "§.send(§).await", [a, label])
            }
            "await of a local" => {
                let name = self.movable(Ty::FutureLoud)?;
                self.take(name);
                ex(form, T, "§.await", [name.into()])
            }
            "field of a temporary tuple" => {
                let a = self.sub(Ty::Pair, d);
                let template = self.random.of(&["§.0", "§.1"]);
                ex(form, T, template, [a])
            }
            "field of a temporary struct" => {
                let a = self.sub(Ty::Two, d);
                let template = self.random.of(&["§.x", "§.y"]);
                ex(form, T, template, [a])
            }
            "method that gives a part" => {
                let a = self.sub(Ty::Two, d);
                ex(form, T, "§.into_x()", [a])
            }
            "unwrap or else" => {
                let (a, label) = (self.sub(Ty::Maybe, d), self.label());
                ex(form, T, "§.unwrap_or_else(|| make(§))", [a, label])
            }
            "call of a closure at once" => {
                let label = self.label();
                ex(form, T, "(|| make(§))()", [label])
            }
            "replace" => {
                let name = self.changeable(T)?;
                self.occupy(Some(name), true);
                let value = self.sub(T, d);
                self.release(Some(name), true);
                ex(
                    form,
                    T,
                    "std::mem::replace(&mut §, §)",
                    [name.into(), value],
                )
            }
            "replace through a reference" => {
                let name = self.changeable(Ty::RefMut)?;
                self.occupy(Some(name), true);
                let value = self.sub(T, d);
                self.release(Some(name), true);
                ex(form, T, "std::mem::replace(§, §)", [name.into(), value])
            }
            "part of a tuple" => {
                let name = self.movable(Ty::Pair)?;
                self.take(name);
                let template = self.random.of(&["§.0", "§.1"]);
                ex(form, T, template, [name.into()])
            }
            "part of a struct" => {
                let name = self.movable(Ty::Two)?;
                self.take(name);
                let template = self.random.of(&["§.x", "§.y", "§.into_x()"]);
                ex(form, T, template, [name.into()])
            }
            "out of a box" => {
                let name = self.movable(Ty::Boxed)?;
                self.take(name);
                ex(form, T, "(*§)", [name.into()])
            }
            _ => return None,
        })
    }
}
