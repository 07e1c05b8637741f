//! Macros that are given the names of locals: to declare one, or to mention one by its name alone.
//!
//! ```text
//! listener!(event => listener);   // of another crate: `listener` is a local from here on
//! listener.await;
//!
//! poll!(queue)                    // of this file, with `$queue:ident`: `rt::at!(queue)` is no name
//! ```

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::names::LocalId;
use crate::parse::Found;
use crate::resolve::Resolved;
use crate::sets::Set;
use crate::syntax::{is_format_macro, macro_name};
use crate::types::Table;
use proc_macro2::{Span, TokenStream, TokenTree};
use std::collections::HashSet;
use syn::visit::{self, Visit};

/// Refuses macros of other crates that declare a local: a name among their arguments that nothing else declares, and that is used.
pub(crate) fn refuse_declaring(found: &Found, table: &Table, sink: &mut Sink) {
    let mut names = Names::default();
    names.visit_signature(&found.sig);
    names.visit_block(&found.block);
    for (mac, span) in &names.statements {
        let name = macro_name(mac);
        if is_format_macro(&name) || table.defines_macro(&name) {
            continue;
        }
        crate::syntax::tokens_have(&mac.tokens, &mut |ident| {
            let text = ident.to_string();
            let declared = names.used.contains(&text) && !names.bound.contains(&text);
            if declared {
                sink.push(Diagnostic::new(
                    Code::Macro,
                    *span,
                    format!("`{name}!` seems to declare the local `{text}`"),
                    "what it expands to is not seen",
                    Some(format!(
                        "write out what the macro does, or put it and what uses `{text}` into a function of its own"
                    )),
                ));
            }
            declared
        });
    }
}

/// Refuses macros of the file that want the name of a local which is mentioned as a place of the machine.
pub(crate) fn refuse_named(
    found: &Found,
    resolved: &Resolved,
    pinned: &Set<LocalId>,
    table: &Table,
    sink: &mut Sink,
) {
    if !table.rules().values().any(|rules| rules.takes_names()) {
        return;
    }
    let mut calls = Calls {
        table,
        pinned: pinned
            .iter()
            .map(|local| resolved.locals[local.0].base.clone())
            .collect(),
        found: Vec::new(),
    };
    calls.visit_block(&found.block);
    for (mac, local, span) in calls.found {
        sink.push(Diagnostic::new(
            Code::Macro,
            span,
            format!("`{mac}!` takes `{local}` by its name, and it is kept in a place of the machine, which is an expression"),
            format!("`{local}` keeps its address while the function waits"),
            Some("let the macro take an expression (`:expr`), or make it a function".into()),
        ));
    }
}

/// What a function declares and uses, by name.
#[derive(Default)]
struct Names<'ast> {
    bound: HashSet<String>,
    /// As values of their own, and not to be called.
    used: HashSet<String>,
    /// Macros that are statements.
    statements: Vec<(&'ast syn::Macro, Span)>,
}

impl<'ast> Visit<'ast> for Names<'ast> {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.bound.insert(pat.ident.to_string());
        visit::visit_pat_ident(self, pat);
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(item) => self.bound.insert(item.ident.to_string()),
            syn::Item::Static(item) => self.bound.insert(item.ident.to_string()),
            syn::Item::Fn(item) => self.bound.insert(item.sig.ident.to_string()),
            _ => false,
        };
    }

    fn visit_stmt_macro(&mut self, mac: &'ast syn::StmtMacro) {
        if let Some(first) = mac.mac.path.segments.first() {
            self.statements.push((&mac.mac, first.ident.span()));
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if !matches!(&*call.func, syn::Expr::Path(_)) {
            self.visit_expr(&call.func);
        }
        call.args.iter().for_each(|arg| self.visit_expr(arg));
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(ident) = path.path.get_ident() {
            let text = ident.to_string();
            if text.starts_with(|c: char| c.is_lowercase() || c == '_') && text != "self" {
                self.used.insert(text);
            }
        }
    }
}

/// Macros of the file that take names, also among the arguments of other macros.
struct Calls<'a> {
    table: &'a Table,
    pinned: HashSet<String>,
    found: Vec<(String, String, Span)>,
}

impl Calls<'_> {
    fn call(&mut self, name: &str, tokens: &TokenStream) {
        let known = self.table.rules().get(name);
        if known.is_some_and(|rules| rules.takes_names())
            && !self.table.jumping().contains(name)
            && !tokens.is_empty()
        {
            for tree in tokens.clone() {
                if let TokenTree::Ident(ident) = tree
                    && self.pinned.contains(&ident.to_string())
                {
                    self.found
                        .push((name.to_owned(), ident.to_string(), ident.span()));
                    return;
                }
            }
        }
        self.tokens(tokens);
    }

    /// Calls in the arguments of a macro.
    fn tokens(&mut self, tokens: &TokenStream) {
        let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
        for (i, tree) in trees.iter().enumerate() {
            let TokenTree::Group(group) = tree else {
                continue;
            };
            match i.checked_sub(2).map(|at| &trees[at..i]) {
                Some([TokenTree::Ident(name), TokenTree::Punct(bang)]) if bang.as_char() == '!' => {
                    self.call(&name.to_string(), &group.stream());
                }
                _ => self.tokens(&group.stream()),
            }
        }
    }
}

impl<'ast> Visit<'ast> for Calls<'_> {
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.call(&macro_name(mac), &mac.tokens);
    }
}

#[cfg(test)]
mod tests {
    use crate::report::Options;

    fn refused(source: &str) -> Vec<String> {
        let file = crate::lower_file(source, &Options::default()).expect("it parses");
        let refused = file
            .functions
            .into_iter()
            .filter_map(|function| function.outcome.err());
        refused.flatten().map(|found| found.message).collect()
    }

    #[test]
    fn a_macro_of_another_crate_declares_a_local() {
        let source =
            "async fn f(e: &E) { listener!(e => listener); listener.await; log(e, other); }";
        assert_eq!(
            refused(source),
            ["`listener!` seems to declare the local `listener`"]
        );
        let known =
            "async fn f(e: &E) { listener!(e => e2); let it = 1; show!(it); g(e).await; it; }";
        assert_eq!(refused(known), [""; 0]);
    }

    #[test]
    fn a_macro_of_the_file_wants_a_name() {
        let rules = "macro_rules! poll { ($q:ident) => { $q.poll() }; }";
        let source = format!(
            "{rules} async fn f() {{ let q = queue(); wait(&q).await; ready!(poll!(q)); }}"
        );
        let message = "`poll!` takes `q` by its name, and it is kept in a place of the machine, which is an expression";
        assert_eq!(refused(&source), [message]);
        let carried = format!("{rules} async fn f(q: u8) {{ wait().await; ready!(poll!(q)); }}");
        assert_eq!(refused(&carried), [""; 0]);
    }
}
