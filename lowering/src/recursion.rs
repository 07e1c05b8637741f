//! Which functions' futures may hold themselves: by the names that they call, they lead back to themselves.
//!
//! A future that holds itself holds a box, or something like one, in between: a ring of calls that are all awaited at once is none that
//! the compiler accepts. Beyond that names alone decide, so a function may be taken for recursive that is not. That costs a little and
//! changes nothing.

use crate::parse::{Found, Kind};
use crate::syntax::bare;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{HashMap, HashSet};
use syn::Expr;
use syn::visit::{self, Visit};

/// Marks the functions that may hold their own futures, at once or through others of the file: also through those that are not async, and
/// give back something whose type has no name.
pub(crate) fn mark(found: &mut [Found], plain_functions: &[Found]) {
    let unnamed = |function: &&Found| {
        let output = function.sig.output.to_token_stream();
        crate::syntax::tokens_have(&output, &mut |ident| ident == "impl")
    };
    let others = plain_functions.iter().filter(unnamed);
    let all: Vec<&Found> = found.iter().chain(others).collect();
    for i in recursive(&all) {
        if let Some(found) = found.get_mut(i) {
            found.recursive = true;
        }
    }
}

fn recursive(all: &[&Found]) -> HashSet<usize> {
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, found) in all.iter().enumerate() {
        names.entry(plain(&found.sig.ident)).or_default().push(i);
    }
    let calls: Vec<Vec<Edge>> = (0..all.len()).map(|at| edges(all, &names, at)).collect();
    let reached: Vec<HashSet<usize>> = (0..all.len()).map(|from| reach(&calls, from)).collect();
    let mut recursive: HashSet<usize> = HashSet::new();
    for (from, edges) in calls.iter().enumerate() {
        for edge in edges.iter().filter(|edge| !edge.at_once) {
            // All that leads to this call, and to which it leads.
            let ring = reached[edge.to].iter();
            recursive.extend(ring.filter(|node| reached[**node].contains(&from)));
        }
    }
    recursive
}

struct Edge {
    to: usize,
    /// Its result is awaited where it is called.
    at_once: bool,
}

/// The function itself, and all that it leads to.
fn reach(calls: &[Vec<Edge>], from: usize) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut todo = vec![from];
    while let Some(next) = todo.pop() {
        if seen.insert(next) {
            todo.extend(calls[next].iter().map(|edge| edge.to));
        }
    }
    seen
}

/// The functions of the file that one may call.
fn edges(all: &[&Found], names: &HashMap<String, Vec<usize>>, at: usize) -> Vec<Edge> {
    let caller = all[at];
    let mut calls = Calls::default();
    calls.visit_block(&caller.block);
    let mut edges = Vec::new();
    for Call { name, on, at_once } in calls.found {
        let fits = |callee: &&usize| {
            let callee = all[**callee];
            match on {
                On::Nothing => callee.kind == Kind::Free,
                On::Myself => callee.kind != Kind::Free && owner(callee) == owner(caller),
                On::Another => callee.kind != Kind::Free && calls.boxes && !at_once,
            }
        };
        let candidates = names.get(&name).into_iter().flatten().filter(fits);
        let candidates: Vec<usize> = candidates.copied().collect();
        // A type's own method hides a trait's.
        let own = |callee: &usize| all[*callee].kind == Kind::Inherent;
        let hides = on == On::Myself && candidates.iter().any(own);
        edges.extend(
            candidates
                .into_iter()
                .filter(|callee| !hides || own(callee))
                .map(|to| Edge { to, at_once }),
        );
    }
    edges
}

/// The path of what a method belongs to.
fn owner(found: &Found) -> &str {
    found.path.rsplit_once("::").map_or("", |(owner, _)| owner)
}

fn plain(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

struct Call {
    name: String,
    on: On,
    at_once: bool,
}

/// What a function is called on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// `run()`, `super::run()`
    Nothing,
    /// `self.run()`, `Self::run()`
    Myself,
    /// `other.run()`, `Other::run()`
    Another,
}

#[derive(Default)]
struct Calls {
    found: Vec<Call>,
    /// Something is mentioned that can keep a future behind a pointer.
    boxes: bool,
}

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        let before = self.found.len();
        self.visit_expr(&expr.base);
        if matches!(bare(&expr.base), Expr::Call(_) | Expr::MethodCall(_))
            && let Some(outermost) = self.found.get_mut(before)
        {
            outermost.at_once = true;
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        // Also for what is no path: the outermost call comes first.
        let (name, on) = match bare(&call.func) {
            Expr::Path(path) => of_path(&path.path),
            _ => (String::new(), On::Another),
        };
        self.add(name, on);
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let of_self = crate::syntax::as_ident(&call.receiver).is_some_and(|ident| ident == "self");
        let on = if of_self { On::Myself } else { On::Another };
        self.add(plain(&call.method), on);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.boxes |= BOXES.iter().any(|name| ident == name);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        visit::visit_macro(self, mac);
        self.tokens(mac.tokens.clone());
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

const BOXES: &[&str] = &[
    "Box",
    "Rc",
    "Arc",
    "Vec",
    "vec",
    "boxed",
    "boxed_local",
    "collect",
    "join_all",
    "try_join_all",
    "FuturesUnordered",
    "FuturesOrdered",
    "buffer_unordered",
    "buffered",
];

impl Calls {
    fn add(&mut self, name: String, on: On) {
        self.found.push(Call {
            name,
            on,
            at_once: false,
        });
    }

    /// Whatever stands before parentheses in a macro's arguments.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut last: Option<Ident> = None;
        for tree in tokens {
            match tree {
                TokenTree::Ident(ident) => {
                    self.visit_ident(&ident);
                    last = Some(ident);
                }
                TokenTree::Group(group) => {
                    if let Some(ident) = last.take() {
                        for on in [On::Nothing, On::Myself, On::Another] {
                            self.add(plain(&ident), on);
                        }
                    }
                    self.tokens(group.stream());
                }
                _ => last = None,
            }
        }
    }
}

fn of_path(path: &syn::Path) -> (String, On) {
    let Some(last) = path.segments.last() else {
        return (String::new(), On::Another);
    };
    let before = path.segments.iter().rev().nth(1);
    let on = match before.map(|segment| segment.ident.to_string()) {
        None => On::Nothing,
        Some(before) if before == "Self" => On::Myself,
        Some(before) if before.starts_with(char::is_lowercase) => On::Nothing,
        Some(_) => On::Another,
    };
    (plain(&last.ident), on)
}
