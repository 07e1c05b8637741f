//! Constructs beyond a function's own statements: traits, recursion, blocks and closures that are futures, macros of the file, `#[cfg]`.

use super::random::Menu;
use super::scope::{Gen, Loan};
use super::statements::st;
use super::tree::{Node, Part, Ty};
use super::values::ex;

impl Gen {
    /// Numbers that await in some wider way.
    pub(crate) fn wider(&mut self, menu: &mut Menu) {
        menu.add(1, "await of a recursion")
            .add(1, "join of two children")
            .add(1, "macro that awaits")
            .add(1, "await of an async closure");
        menu.add_if(
            self.readable(Ty::Two).is_some(),
            2,
            "await of a trait's method",
        );
        menu.add_if(
            self.readable(Ty::Loud).is_some(),
            1,
            "join with an async block",
        );
        menu.add_if(
            self.movable(Ty::Loud).is_some(),
            1,
            "await of a boxed block",
        );
        menu.add_if(self.movable(Ty::Block).is_some(), 10, "await of a block");
    }

    pub(crate) fn wider_form(&mut self, form: &'static str, d: usize) -> Option<Node> {
        const T: Ty = Ty::Usize;
        Some(match form {
            "await of a recursion" => {
                let n = self.sub(T, d);
                ex(form, T, "down((§) % 3).await", [n])
            }
            "join of two children" => {
                let (a, b) = (self.sub(T, d), self.sub(T, d));
                let (name, other) = (self.label(), self.label());
                ex(
                    form,
                    T,
                    "both(tick(§, §), tick(§, §)).await",
                    [a, name, b, other],
                )
            }
            "join with an async block" => {
                let of = self.readable(Ty::Loud)?;
                self.occupy(Some(of), false);
                let (n, label) = (self.sub(T, d), self.label());
                self.release(Some(of), false);
                ex(
                    form,
                    T,
                    "both(async { §.touch() }, tick(§, §)).await",
                    [of.into(), n, label],
                )
            }
            "macro that awaits" => {
                let (n, label) = (self.sub(T, d), self.label());
                ex(form, T, "waited!(§, §)", [n, label])
            }
            "await of an async closure" => {
                let label = self.label();
                let n = self.sub(T, d);
                ex(
                    form,
                    T,
                    "(async |n: usize| tick(n, §).await + 1)(§).await",
                    [label, n],
                )
            }
            "await of a trait's method" => {
                let name = self.readable(Ty::Two)?;
                self.occupy(Some(name), false);
                let (n, label) = (self.sub(T, d), self.label());
                self.release(Some(name), false);
                ex(form, T, "§.waits(§, §).await", [name.into(), n, label])
            }
            "await of a boxed block" => {
                let name = self.movable(Ty::Loud)?;
                self.take(name);
                let label = self.label();
                ex(
                    form,
                    T,
                    "Box::pin(async move { tick(§.touch(), §).await }).await",
                    [name.into(), label],
                )
            }
            "await of a block" => {
                let name = self.movable(Ty::Block)?;
                self.take(name);
                ex(form, T, "§.await", [name.into()])
            }
            _ => return None,
        })
    }

    /// A statement of some wider kind; none where it does not fit.
    pub(crate) fn wider_statement(&mut self) -> Option<Node> {
        Some(match self.random.below(7) {
            0 => {
                let of = self.movable(Ty::Loud)?;
                self.take(of);
                let label = self.label();
                let name = self.bind(Ty::Block, false);
                st(
                    "let of an async move block",
                    "let § = async move { let n = §.touch(); tick(n, §).await };",
                    [name, of.into(), label],
                )
            }
            1 => {
                let of = self.readable(Ty::Loud)?;
                let label = self.label();
                let name = self.fresh(Ty::Block);
                self.declare(name, false);
                self.lend(
                    name,
                    Loan {
                        of,
                        exclusive: false,
                        to_the_end: true,
                    },
                );
                st(
                    "let of a borrowing async block",
                    "let § = async { tick(§.touch(), §).await };",
                    [Part::Bind(name), of.into(), label],
                )
            }
            2 => {
                let of = self.readable(Ty::Loud).filter(|_| self.no_await == 0)?;
                let label = self.label();
                st(
                    "`#[cfg]` that is off",
                    "#[cfg(any())] { tick(§.touch(), §).await; }",
                    [of.into(), label],
                )
            }
            3 => {
                let value = self.sub(Ty::Loud, 1);
                let name = self.bind(Ty::Loud, false);
                st(
                    "`#[cfg]` on a `let`",
                    "#[cfg(all())] let § = §;",
                    [name, value],
                )
            }
            4 => {
                let value = self.sub(Ty::Usize, 1);
                let name = self.bind(Ty::Usize, false);
                st(
                    "`#[cfg]` on a value",
                    "let § = { #[cfg(any())] { 7 } #[cfg(not(any()))] { § } };",
                    [name, value],
                )
            }
            5 => {
                let name = self.bind(Ty::Usize, false);
                st("const block", "let § = const { 2 + 1 };", [name])
            }
            _ => {
                let ty = self.returns;
                if self.no_exit > 0 || ty == Ty::Unit {
                    return None;
                }
                let flag = self.flag();
                let before = self.snapshot();
                let value = self.expr(ty, 2);
                self.restore(&before);
                st(
                    "macro that jumps",
                    "quit!(§, §);",
                    [flag.into(), value.into()],
                )
            }
        })
    }
}
