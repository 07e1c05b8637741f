//! Expressions of compound types, and references.

use super::random::Menu;
use super::scope::Gen;
use super::tree::{Name, Node, Part, Sort, Ty};
use super::values::ex;

impl Gen {
    /// A local that moves, or `None` to write something else.
    fn often_moved(&mut self, ty: Ty) -> Option<Node> {
        let name = self.movable(ty)?;
        if self.chance(45) {
            self.take(name);
            Some(ex("move of a local", ty, "§", [name.into()]))
        } else {
            None
        }
    }

    /// A child that gives the value, or control flow that does.
    fn wrapped(&mut self, ty: Ty, d: usize) -> Option<Node> {
        if d < self.deepest && self.awaits() && self.chance(50) {
            let (value, label) = (self.sub(ty, d), self.label());
            return Some(ex(
                "await of a child",
                ty,
                "tick(§, §).await",
                [value, label],
            ));
        }
        if d < self.deepest && self.budget > 0 && self.nesting < 4 && self.chance(8) {
            return Some(match self.random.below(3) {
                0 => self.if_value(ty, d),
                1 => self.match_value(ty, d),
                _ => self.block_value(ty),
            });
        }
        None
    }

    pub(crate) fn maybe(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Maybe;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        let mut menu = Menu::default();
        menu.add(5, "some").add(2, "none");
        menu.add_if(self.changeable(T).is_some(), 3, "take");
        menu.add_if(self.changeable(Ty::Many).is_some(), 3, "pop");
        menu.add_if(d < self.deepest, 1, "filter with a closure");
        let feed = d < self.deepest && self.awaits() && self.changeable(Ty::Feed).is_some();
        menu.add_if(feed, 8, "await of a feed");
        match menu.pick(&mut self.random) {
            "some" => {
                let value = self.sub(Ty::Loud, d);
                ex("some", T, "Some(§)", [value])
            }
            "filter with a closure" => {
                let value = self.sub(T, d);
                ex(
                    "filter with a closure",
                    T,
                    "§.filter(|l| l.touch() > 1)",
                    [value],
                )
            }
            "take" if let Some(name) = self.changeable(T) => {
                self.end_loans(name);
                ex("take", T, "§.take()", [name.into()])
            }
            "pop" if let Some(name) = self.changeable(Ty::Many) => {
                self.end_loans(name);
                ex("pop", T, "§.pop()", [name.into()])
            }
            "await of a feed" if let Some(name) = self.changeable(Ty::Feed) => {
                self.end_loans(name);
                ex("await of a feed", T, "§.recv().await", [name.into()])
            }
            _ => ex("none", T, "None::<Loud>", []),
        }
    }

    pub(crate) fn pair(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Pair;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        if self.chance(60) {
            let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
            ex("tuple", T, "(§, §)", [a, b])
        } else {
            let (a, b) = (self.label(), self.label());
            ex("call that gives a tuple", T, "pair(§, §)", [a, b])
        }
    }

    pub(crate) fn two(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Two;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        let literal = if self.in_head > 0 {
            (
                "(Two { x: §, y: § })",
                "(Two { y: §, x: § })",
                "(Two { x: §, ..§ })",
            )
        } else {
            (
                "Two { x: §, y: § }",
                "Two { y: §, x: § }",
                "Two { x: §, ..§ }",
            )
        };
        match self.random.below(6) {
            0 | 1 => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
                ex("struct literal", T, literal.0, [a, b])
            }
            2 => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
                ex("struct literal, out of order", T, literal.1, [a, b])
            }
            3 if d < self.deepest => {
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(T, d + 1));
                ex("struct update", T, literal.2, [a, b])
            }
            _ => {
                let (a, b) = (self.label(), self.label());
                ex("call that gives a struct", T, "two(§, §)", [a, b])
            }
        }
    }

    pub(crate) fn many(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Many;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        if self.chance(15) {
            let a = self.sub(Ty::Array, d);
            return ex("vector of an array", T, "Vec::from(§)", [a]);
        }
        let mut parts: Vec<Part> = vec!["vec![".into()];
        for _ in 0..1 + self.random.below(3) {
            // An await among a macro's arguments is another matter.
            let pause = usize::from(self.chance(70));
            self.no_await += pause;
            let element = self.sub(Ty::Loud, d + 1);
            self.no_await -= pause;
            parts.push(element);
            parts.push(", ".into());
        }
        parts.push("]".into());
        Node::row("vec!", Sort::Expr(T), parts)
    }

    pub(crate) fn array(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Array;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
        ex("array", T, "[§, §]", [a, b])
    }

    pub(crate) fn boxed(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Boxed;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        let a = self.sub(Ty::Loud, d);
        ex("box", T, "Box::new(§)", [a])
    }

    pub(crate) fn shape(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Shape;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        match self.random.below(5) {
            0 => ex("unit variant", T, "Shape::Nothing", []),
            1 | 2 => {
                let a = self.sub(Ty::Loud, d);
                ex("tuple variant", T, "Shape::One(§)", [a])
            }
            _ => {
                let template = if self.in_head > 0 {
                    "(Shape::Both { a: §, b: §, n: § })"
                } else {
                    "Shape::Both { a: §, b: §, n: § }"
                };
                let (a, b) = (self.sub(Ty::Loud, d), self.sub(Ty::Loud, d));
                let n = self.sub(Ty::Usize, d);
                ex("struct variant", T, template, [a, b, n])
            }
        }
    }

    pub(crate) fn result(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Result;
        if let Some(node) = self.wrapped(T, d) {
            return node;
        }
        let (a, b) = (self.sub(Ty::Bool, d), self.sub(Ty::Usize, d));
        ex("call that may fail", T, "fail(§, §)", [a, b])
    }

    pub(crate) fn maybe_usize(&mut self, d: usize) -> Node {
        const T: Ty = Ty::MaybeUsize;
        if let Some(node) = self.wrapped(T, d) {
            return node;
        }
        match self.random.below(4) {
            0 => {
                let a = self.sub(Ty::Maybe, d);
                ex("map with a closure", T, "§.map(|l| l.touch())", [a])
            }
            1 if self.no_exit == 0 && self.returns == Ty::MaybeUsize => {
                let a = self.sub(Ty::Maybe, d);
                ex("question mark on a temporary", T, "Some(§?.touch())", [a])
            }
            2 => ex("none", T, "None::<usize>", []),
            _ => {
                let a = self.sub(Ty::Usize, d);
                ex("some", T, "Some(§)", [a])
            }
        }
    }

    pub(crate) fn text(&mut self, d: usize) -> Node {
        const T: Ty = Ty::Text;
        if let Some(node) = self.often_moved(T).or_else(|| self.wrapped(T, d)) {
            return node;
        }
        // An await among a macro's arguments is another matter.
        let pause = usize::from(self.chance(70));
        self.no_await += pause;
        let node = match self.random.below(3) {
            0 => {
                let a = self.sub(Ty::Loud, d);
                ex("format! of a temporary", T, "format!(\"{:?}\", §)", [a])
            }
            1 => {
                let (a, b) = (self.sub(Ty::Usize, d), self.sub(Ty::Usize, d));
                ex("format!", T, "format!(\"{} {n}\", §, n = §)", [a, b])
            }
            _ => {
                let a = self.sub(Ty::Usize, d);
                ex("to string", T, "§.to_string()", [a])
            }
        };
        self.no_await -= pause;
        node
    }

    /// A `&Loud`, and the local that it borrows.
    pub(crate) fn shared(&mut self, d: usize, temporaries: bool) -> (Node, Option<Name>) {
        const T: Ty = Ty::Ref;
        let mut menu = Menu::default();
        menu.add_if(self.readable(Ty::Loud).is_some(), 8, "reference")
            .add_if(self.readable(Ty::Ref).is_some(), 6, "copy of a reference")
            .add_if(self.readable(Ty::Two).is_some(), 4, "reference to a field")
            .add_if(self.readable(Ty::Pair).is_some(), 3, "reference to a part")
            .add_if(
                self.readable(Ty::Array).is_some(),
                2,
                "reference to an element",
            )
            .add_if(
                self.readable(Ty::Boxed).is_some(),
                3,
                "reference into a box",
            )
            .add_if(self.changeable(Ty::RefMut).is_some(), 3, "shared reborrow");
        if temporaries {
            menu.add(3, "reference to a temporary");
        } else {
            // What `let` keeps alive.
            menu.add(2, "extended temporary");
        }
        let form = menu.pick(&mut self.random);
        let (ty, template) = match form {
            "reference" => (
                Ty::Loud,
                self.random.of(&["&§", "&§", "std::convert::identity(&§)"]),
            ),
            "reference to a field" => (Ty::Two, self.random.of(&["&§.x", "&§.y", "§.get_x()"])),
            "reference to a part" => (Ty::Pair, self.random.of(&["&§.0", "&§.1"])),
            "reference to an element" => (Ty::Array, self.random.of(&["&§[0]", "&§[1]"])),
            "reference into a box" => (Ty::Boxed, self.random.of(&["&*§", "§.as_ref()", "&§"])),
            "shared reborrow" => (Ty::RefMut, "&*§"),
            "copy of a reference" => (Ty::Ref, "§"),
            "extended temporary" => {
                let value = self.sub(Ty::Loud, d);
                let template = self.random.of(&["&§", "&(§)", "&{ § }"]);
                return (ex(form, T, template, [value]), None);
            }
            _ => {
                let value = self.sub(Ty::Loud, d);
                return (ex("reference to a temporary", T, "&§", [value]), None);
            }
        };
        let name = match ty {
            Ty::RefMut => self.changeable(ty),
            _ => self.readable(ty),
        };
        match name {
            Some(name) => (ex(form, T, template, [name.into()]), Some(name)),
            None => {
                let label = self.label();
                (ex("reference to a temporary", T, "&make(§)", [label]), None)
            }
        }
    }

    /// A `&mut Loud`, and the local that it borrows.
    pub(crate) fn exclusive(&mut self, d: usize) -> (Node, Option<Name>) {
        const T: Ty = Ty::RefMut;
        let mut menu = Menu::default();
        menu.add_if(
            self.changeable(Ty::Loud).is_some(),
            8,
            "exclusive reference",
        )
        .add_if(self.changeable(Ty::RefMut).is_some(), 5, "reborrow")
        .add_if(
            self.changeable(Ty::Two).is_some(),
            4,
            "exclusive reference to a field",
        )
        .add_if(
            self.changeable(Ty::Pair).is_some(),
            3,
            "exclusive reference to a part",
        );
        menu.add(2, "exclusive reference to a temporary");
        let form = menu.pick(&mut self.random);
        let (ty, template) = match form {
            "exclusive reference" => (Ty::Loud, "&mut §"),
            "reborrow" => (Ty::RefMut, self.random.of(&["§", "&mut *§"])),
            "exclusive reference to a field" => (
                Ty::Two,
                self.random.of(&["&mut §.x", "&mut §.y", "§.x_mut()"]),
            ),
            "exclusive reference to a part" => {
                (Ty::Pair, self.random.of(&["&mut §.0", "&mut §.1"]))
            }
            _ => {
                let value = self.sub(Ty::Loud, d);
                return (ex(form, T, "&mut §", [value]), None);
            }
        };
        match self.changeable(ty) {
            Some(name) => {
                self.end_loans(name);
                (ex(form, T, template, [name.into()]), Some(name))
            }
            None => {
                let label = self.label();
                (
                    ex(
                        "exclusive reference to a temporary",
                        T,
                        "&mut make(§)",
                        [label],
                    ),
                    None,
                )
            }
        }
    }
}
