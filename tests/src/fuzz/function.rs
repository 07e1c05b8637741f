//! Whole programs: a function, the functions it awaits, and calls of it.

use super::random::Random;
use super::scope::Gen;
use super::tree::{Names, Node, Part, Sort, Ty};
use handroll_lowering::Edition;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

/// A parameter and what the cases pass for it.
#[derive(Clone, Debug)]
pub struct Param {
    /// The pattern and the type.
    pub node: Node,
    /// The argument.
    pub argument: String,
}

/// An async function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Generic parameters, with their brackets.
    pub generics: &'static str,
    /// The first parameter is `self`.
    pub is_method: bool,
    /// What follows the first parameter, `c: u32`.
    pub params: Vec<Param>,
    /// What it gives.
    pub returns: Ty,
    /// Its body, with braces.
    pub body: Node,
}

/// A generated program.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it was made from.
    pub seed: u64,
    /// How its locals are called.
    pub names: Names,
    /// Functions that the main one may await.
    pub callees: Vec<Function>,
    /// The function that the cases call.
    pub main: Function,
    /// The values of `c` that it is called with.
    pub flags: Vec<usize>,
}

/// Items that programs use; each program has those that it mentions.
const WORDS: &[(&str, &str)] = &[
    (
        "Two",
        "#[derive(Debug)]\npub struct Two {\n    pub x: Loud,\n    pub y: Loud,\n}\n\nimpl Two {\n    pub fn both(&self) -> usize {\n        self.x.touch() + self.y.touch()\n    }\n    pub fn into_x(self) -> Loud {\n        self.x\n    }\n    pub fn get_x(&self) -> &Loud {\n        &self.x\n    }\n    pub fn x_mut(&mut self) -> &mut Loud {\n        &mut self.x\n    }\n    pub async fn wait(&self, n: usize, name: &'static str) -> usize {\n        tick(n, name).await + self.y.touch()\n    }\n}\n",
    ),
    (
        "Shape",
        "#[derive(Debug)]\npub enum Shape {\n    One(Loud),\n    Both { a: Loud, b: Loud, n: usize },\n    Nothing,\n}\n",
    ),
    (
        "two",
        "pub fn two(x: &'static str, y: &'static str) -> Two {\n    Two { x: make(x), y: make(y) }\n}\n",
    ),
    (
        "pair",
        "pub fn pair(x: &'static str, y: &'static str) -> (Loud, Loud) {\n    (make(x), make(y))\n}\n",
    ),
    (
        "sum",
        "pub fn sum(a: usize, b: usize) -> usize {\n    event(format!(\"sum {a} {b}\"));\n    a + b\n}\n",
    ),
    (
        "join",
        "pub fn join(a: Loud, n: usize) -> usize {\n    event(\"join\");\n    a.0.len() + n\n}\n",
    ),
    (
        "eat2",
        "pub fn eat2(a: Loud, b: Loud) -> usize {\n    event(\"eat2\");\n    a.0.len() + b.0.len()\n}\n",
    ),
    (
        "four",
        "pub fn four(a: Loud, b: &Loud, c: Loud, n: usize) -> usize {\n    event(\"four\");\n    a.0.len() + b.0.len() + c.0.len() + n\n}\n",
    ),
    (
        "fail",
        "pub fn fail(c: bool, n: usize) -> Result<usize, Fault> {\n    event(\"fail\");\n    if c { Err(Fault(\"no\")) } else { Ok(n) }\n}\n",
    ),
    (
        "waits",
        "trait Waits {\n    async fn waits(&self, n: usize, name: &'static str) -> usize;\n}\n\nimpl Waits for Two {\n    async fn waits(&self, n: usize, name: &'static str) -> usize {\n        let held = make(\"held\");\n        self.x.touch() + tick(n, name).await + held.touch()\n    }\n}\n",
    ),
    (
        "down",
        "async fn down(n: usize) -> usize {\n    let held = make(\"down\");\n    if n == 0 {\n        return held.touch();\n    }\n    Box::pin(down(n - 1)).await + held.touch()\n}\n",
    ),
    (
        "both",
        "async fn both<A, B>(a: A, b: B) -> usize\nwhere\n    A: std::future::Future<Output = usize>,\n    B: std::future::Future<Output = usize>,\n{\n    let (mut a, mut b) = (Box::pin(a), Box::pin(b));\n    let (mut x, mut y) = (None, None);\n    std::future::poll_fn(|cx| {\n        if x.is_none() {\n            if let std::task::Poll::Ready(n) = a.as_mut().poll(cx) {\n                x = Some(n);\n            }\n        }\n        if y.is_none() {\n            if let std::task::Poll::Ready(n) = b.as_mut().poll(cx) {\n                y = Some(n);\n            }\n        }\n        match (x, y) {\n            (Some(x), Some(y)) => std::task::Poll::Ready(x + y),\n            _ => std::task::Poll::Pending,\n        }\n    })\n    .await\n}\n",
    ),
    (
        "waited",
        "macro_rules! waited {\n    ($n:expr, $name:expr) => {{\n        let n = $n;\n        let before = make(\"before\");\n        tick(n, $name).await + before.touch()\n    }};\n}\n",
    ),
    (
        "quit",
        "macro_rules! quit {\n    ($c:expr, $v:expr) => {\n        if $c {\n            return $v;\n        }\n    };\n}\n",
    ),
];

/// Lints that random code is bound to set off.
const ALLOWED: &str = "#![allow(unused, unreachable_code, unreachable_patterns, irrefutable_let_patterns, dropping_references, dropping_copy_types, for_loops_over_fallibles, redundant_semicolons, path_statements, non_upper_case_globals)]";

/// Makes the program of a seed.
pub fn generate(seed: u64, edition: Edition) -> Program {
    let mut random = Random::new(seed);
    let mut names = Names::new();
    let mut callees = Vec::new();
    if random.chance(25) {
        let size = 20 + random.below(40) as i32;
        let mut gen_ = Gen::new(
            Random::new(random.draw()),
            edition,
            std::mem::take(&mut names),
        );
        callees.push(gen_.function("callee", size));
        names = gen_.names;
    }
    let mut gen_ = Gen::new(Random::new(random.draw()), edition, names);
    gen_.callees = callees
        .iter()
        .map(|callee| {
            let types = callee.params.iter().map(Param::ty).collect();
            (callee.name.clone(), types, callee.returns)
        })
        .collect();
    let size = random.of(&[20, 30, 40, 50, 60, 80, 120]) + random.below(20) as i32;
    let main = gen_.function("f", size);
    let third = 1 + random.below(14);
    Program {
        seed,
        names: gen_.names,
        callees,
        main,
        flags: vec![0, 15, third],
    }
}

impl Param {
    /// The type, of a callee's parameter.
    fn ty(&self) -> Ty {
        match self.node.sort {
            Sort::Expr(ty) => ty,
            _ => Ty::Unit,
        }
    }
}

impl Gen {
    fn function(&mut self, name: &str, size: i32) -> Function {
        let is_main = name == "f";
        self.budget = size;
        self.deepest = self.random.of(&[1, 2, 2, 3]);
        self.eager = self.random.of(&[25, 45, 60, 75]);
        self.returns = self.random.of(&[
            Ty::Usize,
            Ty::Result,
            Ty::Result,
            Ty::Loud,
            Ty::MaybeUsize,
            Ty::Unit,
            Ty::Usize,
        ]);
        if !is_main {
            self.returns = self.random.of(&[Ty::Usize, Ty::Loud, Ty::Usize, Ty::Maybe]);
        }
        let condition = if self.names.is_empty() {
            self.fresh(Ty::Unit)
        } else {
            super::scope::CONDITION
        };
        self.names[condition] = "c".to_owned();
        let is_method = is_main && self.chance(12);
        let mut generics = "";
        let mut params = Vec::new();
        if is_method {
            params.push(self.receiver());
        }
        for i in 0..self.random.below(4) {
            let (param, generic) = if is_main {
                self.param(i, generics.is_empty())
            } else {
                (self.callee_param(), "")
            };
            if !generic.is_empty() {
                generics = generic;
            }
            params.push(param);
        }
        self.open();
        self.nesting = 1;
        let mut parts: Vec<Part> = vec!["{\n".into()];
        while self.budget > 0 && parts.len() < 60 {
            parts.push(self.statement().into());
            parts.push("\n".into());
        }
        if self.returns != Ty::Unit || self.chance(30) {
            self.budget = 15;
            parts.push(self.return_value().into());
        }
        parts.push("\n}".into());
        self.close();
        Function {
            name: name.to_owned(),
            generics,
            is_method,
            params,
            returns: self.returns,
            body: Node::row("", Sort::Fixed, parts),
        }
    }

    fn receiver(&mut self) -> Param {
        let name = self.fresh(Ty::Two);
        self.names[name] = "self".to_owned();
        let kind = self.random.of(&["self", "mut self", "&self", "&mut self"]);
        self.declare(name, kind.contains("mut"));
        self.vars[name].by_reference = kind.starts_with('&');
        let (form, prefix) = match kind {
            "self" => ("self", ""),
            "mut self" => ("mut self", "mut "),
            "&self" => ("&self", "&"),
            _ => ("&mut self", "&mut "),
        };
        let argument = if kind.starts_with('&') {
            "leak(two(\"sx\", \"sy\"))"
        } else {
            "two(\"sx\", \"sy\")"
        };
        Param {
            node: Node::row(form, Sort::Fixed, vec![prefix.into(), Part::Bind(name)]),
            argument: argument.to_owned(),
        }
    }

    fn callee_param(&mut self) -> Param {
        let ty = self
            .random
            .of(&[Ty::Usize, Ty::Loud, Ty::Ref, Ty::Two, Ty::Maybe]);
        let name = self.bind(ty, false);
        let spelled = ty.spelled().unwrap_or("()");
        Param {
            node: Node::new("parameter", Sort::Expr(ty), "§: §", [name, spelled.into()]),
            argument: String::new(),
        }
    }

    fn param(&mut self, i: usize, may_be_generic: bool) -> (Param, &'static str) {
        let node = |form, template, holes: [Part; 1]| Node::new(form, Sort::Fixed, template, holes);
        let label = |suffix: &str| format!("\"p{i}{suffix}\"");
        let made = format!("make({})", label(""));
        let pair = format!("pair({}, {})", label("a"), label("b"));
        let two = format!("two({}, {})", label("x"), label("y"));
        let mut generic = "";
        let (node, argument) = match self.random.below(if may_be_generic { 20 } else { 19 }) {
            0..=3 => {
                let mutable = self.chance(40);
                let template = if mutable { "mut §: Loud" } else { "§: Loud" };
                (
                    node("parameter", template, [self.bind(Ty::Loud, mutable)]),
                    made,
                )
            }
            4 | 5 => {
                let bound = self.bind(Ty::RefMut, true);
                (
                    node("&mut parameter", "§: &mut Loud", [bound]),
                    format!("leak({made})"),
                )
            }
            6 | 7 => {
                let bound = self.bind(Ty::Ref, false);
                (
                    node("& parameter", "§: &Loud", [bound]),
                    format!("leak({made})"),
                )
            }
            8 => {
                let bound = self.bind(Ty::Maybe, true);
                (
                    node("mut parameter", "mut §: Option<Loud>", [bound]),
                    format!("Some({made})"),
                )
            }
            9 => {
                let template = self
                    .random
                    .of(&["(§, _): (Loud, Loud)", "(_, §): (Loud, Loud)"]);
                (
                    node(
                        "pattern parameter with _",
                        template,
                        [self.bind(Ty::Loud, false)],
                    ),
                    pair,
                )
            }
            10 => {
                let (a, b) = (self.bind(Ty::Loud, false), self.bind(Ty::Loud, true));
                let node = Node::new(
                    "pattern parameter",
                    Sort::Fixed,
                    "(§, mut §): (Loud, Loud)",
                    [a, b],
                );
                (node, pair)
            }
            11 => {
                let (a, b) = (self.bind(Ty::Loud, false), self.bind(Ty::Ref, false));
                let node = Node::new(
                    "struct pattern parameter",
                    Sort::Fixed,
                    "Two { x: §, y: ref § }: Two",
                    [a, b],
                );
                (node, two)
            }
            12 | 13 => (
                node("parameter", "mut §: Two", [self.bind(Ty::Two, true)]),
                two,
            ),
            14 => (Node::new("parameter _", Sort::Fixed, "_: Loud", []), made),
            15 => {
                let bound = self.bind(Ty::Feed, true);
                let argument = format!(
                    "Feed::new({}, [make({}), make({})])",
                    label(""),
                    label("a"),
                    label("b")
                );
                (
                    node("mut parameter", "mut §: Feed<Loud>", [bound]),
                    argument,
                )
            }
            16 | 17 => {
                let bound = self.bind(Ty::Lock, false);
                let argument = format!("leak(Lock::new({}, 2))", label(""));
                (node("& parameter", "§: &Lock<usize>", [bound]), argument)
            }
            18 => {
                let bound = self.bind(Ty::Closure, false);
                (
                    node("impl parameter", "§: impl Fn() -> usize", [bound]),
                    "|| 3".to_owned(),
                )
            }
            _ => {
                generic = "<T: std::fmt::Debug>";
                (
                    node("generic parameter", "§: T", [self.bind(Ty::Generic, false)]),
                    made,
                )
            }
        };
        (Param { node, argument }, generic)
    }
}

impl Function {
    fn print(&self, names: &Names) -> String {
        let mut params: Vec<_> = self
            .params
            .iter()
            .map(|param| param.node.print(names))
            .collect();
        params.insert(usize::from(self.is_method), "c: u32".to_owned());
        let returns = match self.returns {
            Ty::Unit => String::new(),
            ty => format!(" -> {}", ty.spelled().unwrap_or("()")),
        };
        let text = format!(
            "async fn {}{}({}){returns} {}\n",
            self.name,
            self.generics,
            params.join(", "),
            self.body.print(names)
        );
        if self.is_method {
            format!("impl Two {{\n{text}}}\n")
        } else {
            text
        }
    }

    fn call(&self, flags: usize) -> String {
        let mut arguments: Vec<_> = self.params.iter().map(|param| &*param.argument).collect();
        let flags = flags.to_string();
        if self.is_method {
            let receiver = arguments.remove(0);
            arguments.insert(0, &flags);
            format!("{receiver}.f({})", arguments.join(", "))
        } else {
            arguments.insert(0, &flags);
            format!("{}({})", self.name, arguments.join(", "))
        }
    }

    fn is_scoped(&self) -> bool {
        let mut bound = HashSet::from([super::scope::CONDITION]);
        self.params
            .iter()
            .all(|param| param.node.is_scoped(&mut bound))
            && self.body.is_scoped(&mut bound)
    }
}

impl Program {
    /// The program as a fixture.
    pub fn print(&self) -> String {
        let mut functions = String::new();
        for function in self.callees.iter().chain([&self.main]) {
            functions.push_str(&function.print(&self.names));
            functions.push('\n');
        }
        let mut cases = "pub fn cases(t: &mut Tester) {\n".to_owned();
        for flags in &self.flags {
            let _ = writeln!(
                cases,
                "    t.case(\"c is {flags}\", || {});",
                self.main.call(*flags)
            );
        }
        cases.push_str("}\n");
        let body = functions + &cases;
        let mut words = String::new();
        for (word, text) in WORDS.iter().rev() {
            let mentions = |text: &str| {
                text.match_indices(word).any(|(at, _)| {
                    let part = |c: char| c.is_alphanumeric() || c == '_';
                    !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part)
                })
            };
            if mentions(&body) || mentions(&words) {
                words = format!("{text}\n{words}");
            }
        }
        let allow_unsafe = if body.contains("unsafe") {
            "#![allow(unsafe_code)]\n"
        } else {
            ""
        };
        let text = format!("{ALLOWED}\n{allow_unsafe}use crate::trace::*;\n\n{words}{body}");
        match syn::parse_file(&text) {
            Ok(file) => prettyplease::unparse(&file),
            Err(_) => text,
        }
    }

    /// Whether every mentioned local is declared before.
    pub(crate) fn is_scoped(&self) -> bool {
        self.callees
            .iter()
            .chain([&self.main])
            .all(Function::is_scoped)
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        let nodes = |function: &Function| {
            function.body.size() + function.params.iter().map(|p| p.node.size()).sum::<usize>()
        };
        self.callees
            .iter()
            .chain([&self.main])
            .map(nodes)
            .sum::<usize>()
            + self.flags.len()
    }

    /// Adds the counts of its constructs.
    pub fn count(&self, counts: &mut BTreeMap<&'static str, usize>) {
        for function in self.callees.iter().chain([&self.main]) {
            for param in &function.params {
                param.node.count(counts);
            }
            function.body.count(counts);
        }
    }
}
