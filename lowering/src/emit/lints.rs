//! Which lints a finished function needs to have allowed: as few as can be.
//!
//! A segment between two awaits uses some of what the function declared, and changes less. So the `mut` of a local that a segment only
//! passes on goes; and a lint stays allowed only where a look at the code cannot tell that it is silent.

use crate::names;
use crate::syntax::is_format_macro;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::HashSet;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr, Pat, PatIdent, Stmt};

const LINTS: [&str; 5] = [
    "unused_mut",
    "unused_assignments",
    "unused_braces",
    "unused_parens",
    "unused_variables",
];

/// Takes needless `mut`s and allowed lints off the functions of a file.
pub(crate) fn prune(file: &mut syn::File) {
    Functions.visit_file_mut(file);
}

struct Functions;

impl Functions {
    fn function(attrs: &mut Vec<syn::Attribute>, block: &mut syn::Block) {
        let Some(ours) = attrs.iter().position(is_ours) else {
            return;
        };
        let mut walk = Walk::default();
        walk.visit_block(block);
        let needed = walk.needed();
        let needless = walk.needless();
        Muts { needless }.visit_block_mut(block);
        let lints: Vec<Ident> = LINTS
            .iter()
            .zip(needed)
            .filter(|(_, needed)| *needed)
            .map(|(lint, _)| Ident::new(lint, proc_macro2::Span::call_site()))
            .collect();
        if lints.is_empty() {
            attrs.remove(ours);
        } else {
            attrs[ours] = syn::parse_quote!(#[allow(#(#lints),*)]);
        }
    }
}

impl VisitMut for Functions {
    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        Self::function(&mut item.attrs, &mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        Self::function(&mut item.attrs, &mut item.block);
    }
}

/// Whether this is the attribute that `emit` wrote: it names all of the lints.
fn is_ours(attr: &syn::Attribute) -> bool {
    let Ok(list) = attr.meta.require_list() else {
        return false;
    };
    let named = list
        .tokens
        .clone()
        .into_iter()
        .filter_map(|tree| match tree {
            TokenTree::Ident(ident) => Some(ident.to_string()),
            _ => None,
        });
    attr.path().is_ident("allow") && named.eq(LINTS)
}

struct Muts {
    needless: HashSet<*const PatIdent>,
}

impl VisitMut for Muts {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        if self.needless.contains(&std::ptr::from_ref(&*pat)) {
            pat.mutability = None;
        }
        visit_mut::visit_pat_ident_mut(self, pat);
    }
}

/// A local, and what the code does with it.
struct Binding {
    name: String,
    pat: *const PatIdent,
    is_mut: bool,
    /// Since its declaration.
    has_value: bool,
    read: bool,
    /// It is assigned or borrowed exclusively.
    changes: bool,
    /// It may be: only types tell.
    may_change: bool,
    /// It has a value that nothing has read yet.
    unread: bool,
    assigned: bool,
}

/// Goes through a function with the locals in scope.
#[derive(Default)]
struct Walk {
    bindings: Vec<Binding>,
    scope: Vec<usize>,
    /// Some assigned value may never be read, as far as this can tell.
    lost_values: bool,
    /// A block holds nothing but a value.
    braces: bool,
    /// A macro gets a place in parentheses.
    parens: bool,
    /// How many loops are around.
    depth: usize,
    /// The code here is compiled in some configurations only.
    sometimes: bool,
}

/// Loops in more loops than that are gone through once.
const DEEP: usize = 4;

/// `(rt::at!(x))`
fn has_place_in_parens(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Group(group) => {
            let trees: Vec<TokenTree> = group.stream().into_iter().collect();
            let place = matches!(trees.as_slice(), [TokenTree::Ident(_), _, _, TokenTree::Ident(at), TokenTree::Punct(bang), TokenTree::Group(_)]
                if at == "at" && bang.as_char() == '!');
            place && group.delimiter() == proc_macro2::Delimiter::Parenthesis
                || has_place_in_parens(&group.stream())
        }
        _ => false,
    })
}

impl Walk {
    /// For each of [`LINTS`], whether it may speak.
    fn needed(&self) -> [bool; 5] {
        let ambiguous =
            |binding: &Binding| binding.is_mut && binding.may_change && !binding.changes;
        let unused = |binding: &Binding| !binding.read && !binding.name.starts_with('_');
        [
            self.bindings.iter().any(ambiguous),
            self.lost_values || self.bindings.iter().any(|b| b.assigned && b.unread),
            self.braces,
            self.parens,
            self.bindings.iter().any(unused),
        ]
    }

    fn needless(&self) -> HashSet<*const PatIdent> {
        let pats = |changes: bool| {
            let found = self.bindings.iter().filter(move |binding| {
                binding.is_mut && (binding.changes || binding.may_change) == changes
            });
            found.map(|binding| binding.pat).collect::<HashSet<_>>()
        };
        // A loop is gone through twice.
        &pats(false) - &pats(true)
    }

    fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        let outer = self.scope.len();
        inside(self);
        self.scope.truncate(outer);
    }

    /// A loop: what one round assigns the next may read.
    fn rounds(&mut self, mut inside: impl FnMut(&mut Self)) {
        self.depth += 1;
        self.scoped(&mut inside);
        if self.depth <= DEEP {
            self.scoped(&mut inside);
        }
        self.depth -= 1;
    }

    fn local(&mut self, name: &Ident) -> Option<&mut Binding> {
        let found = self.scope.iter().rev();
        let mut found = found.filter(|binding| *name == self.bindings[**binding].name);
        let binding = *found.next()?;
        Some(&mut self.bindings[binding])
    }

    fn read(&mut self, name: &Ident) {
        let always = !self.sometimes;
        if let Some(binding) = self.local(name) {
            binding.read |= always;
            binding.unread = false;
        }
    }

    fn bind(&mut self, pat: &Pat, has_value: bool) {
        struct Idents<'a>(Vec<&'a PatIdent>);
        impl<'ast> Visit<'ast> for Idents<'ast> {
            fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
                self.0.push(pat);
                visit::visit_pat_ident(self, pat);
            }
            fn visit_expr(&mut self, _: &'ast Expr) {}
        }
        let mut idents = Idents(Vec::new());
        idents.visit_pat(pat);
        for pat in idents.0 {
            self.scope.push(self.bindings.len());
            self.bindings.push(Binding {
                name: pat.ident.to_string(),
                pat,
                is_mut: pat.by_ref.is_none() && pat.mutability.is_some(),
                has_value,
                read: false,
                changes: false,
                // A local that gets its value later may get it twice.
                may_change: !has_value,
                unread: has_value,
                assigned: false,
            });
        }
        if let Pat::Guard(guard) = pat {
            self.visit_expr(&guard.guard);
        }
    }

    /// A value is put into a place.
    fn assign(&mut self, place: &Expr) {
        // `(a, b) = pair()`
        match place {
            Expr::Paren(paren) => return self.assign(&paren.expr),
            Expr::Tuple(tuple) => return tuple.elems.iter().for_each(|elem| self.assign(elem)),
            Expr::Array(array) => return array.elems.iter().for_each(|elem| self.assign(elem)),
            Expr::Call(call) if hidden_macro(call).is_none() => {
                return call.args.iter().for_each(|arg| self.assign(arg));
            }
            Expr::Struct(value) => {
                let fields = value.fields.iter();
                return fields.for_each(|field| self.assign(&field.expr));
            }
            _ => {}
        }
        match as_ident(place).and_then(|name| self.local(name)) {
            Some(binding) => {
                let lost = binding.unread;
                (binding.unread, binding.assigned) = (true, true);
                // One that was declared without a value may only now get it.
                binding.changes |= binding.has_value;
                self.lost_values |= lost;
            }
            None => {
                self.may_change(place);
                self.visit_expr(place);
            }
        }
    }

    /// What a place is a part of may have to be `mut`.
    fn may_change(&mut self, place: &Expr) {
        let root = match place {
            Expr::Field(field) => &field.base,
            Expr::Index(index) => &index.expr,
            Expr::Paren(paren) => &paren.expr,
            Expr::Unary(unary) => &unary.expr,
            Expr::MethodCall(call) => &call.receiver,
            Expr::Path(_) => {
                if let Some(binding) = as_ident(place).and_then(|name| self.local(name)) {
                    binding.may_change = true;
                }
                return;
            }
            _ => return,
        };
        self.may_change(root);
    }

    /// A pattern with a `ref mut` may need a place that is `mut`.
    fn looks_at(&mut self, pat: &Pat, place: &Expr) {
        struct RefMut(bool);
        impl<'ast> Visit<'ast> for RefMut {
            fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
                self.0 |= pat.by_ref.is_some() && pat.mutability.is_some();
                visit::visit_pat_ident(self, pat);
            }
        }
        let mut found = RefMut(false);
        found.visit_pat(pat);
        if found.0 {
            self.may_change(place);
        }
    }

    /// `name = value` in the list of what a holder owns: a local of the holder.
    fn owned(&mut self, value: &Expr) {
        let Expr::Assign(named) = value else {
            return self.visit_expr(value);
        };
        self.visit_expr(&named.right);
        if let Some(name) = as_ident(&named.left) {
            self.scope.push(self.bindings.len());
            self.bindings.push(Binding {
                name: name.to_string(),
                pat: std::ptr::null(),
                is_mut: false,
                has_value: true,
                read: true,
                changes: false,
                may_change: false,
                unread: false,
                assigned: false,
            });
        }
    }

    /// An expression that may well be a block.
    fn branch(&mut self, expr: &Expr) {
        match expr {
            Expr::Block(block) => self.visit_block(&block.block),
            expr => self.visit_expr(expr),
        }
    }

    /// Tokens of a macro that nobody here knows.
    fn tokens(&mut self, tokens: &TokenStream, may_change: bool) {
        let walk = std::cell::RefCell::new(self);
        let touch = |name: &Ident| {
            let mut walk = walk.borrow_mut();
            walk.read(name);
            if let Some(binding) = walk.local(name) {
                binding.may_change |= may_change;
            }
        };
        names::map_tokens(
            tokens.clone(),
            &mut |ident, _| {
                touch(ident);
                None
            },
            &mut |literal| {
                names::map_captures(literal, &mut |name| {
                    if let Ok(name) = syn::parse_str(name) {
                        touch(&name);
                    }
                    None
                })
            },
        );
    }
}

/// The name of a macro of the runtime, where it is a call for the time of the printing.
fn hidden_macro(call: &syn::ExprCall) -> Option<String> {
    let Expr::Path(path) = &*call.func else {
        return None;
    };
    let name = path.path.segments.last()?.ident.to_string();
    name.strip_suffix(crate::print::BANG).map(str::to_owned)
}

fn as_ident(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

fn leaves(block: &syn::Block) -> bool {
    matches!(
        block.stmts.last(),
        Some(Stmt::Expr(
            Expr::Return(_) | Expr::Break(_) | Expr::Continue(_),
            _
        ))
    )
}

fn is_assignment(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.scoped(|this| {
            visit::visit_block(this, block);
            if leaves(block) {
                // What was assigned on this way is not read on it any more.
                let assigned = |binding: &Binding| binding.assigned && binding.unread;
                this.lost_values |= this.scope.iter().any(|i| assigned(&this.bindings[*i]));
            }
        });
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            self.looks_at(&local.pat, &init.expr);
            if let Some((_, diverge)) = &init.diverge {
                self.branch(diverge);
            }
        }
        self.bind(&local.pat, local.init.is_some());
    }

    fn visit_expr_let(&mut self, expr: &'ast syn::ExprLet) {
        self.visit_expr(&expr.expr);
        self.looks_at(&expr.pat, &expr.expr);
        self.bind(&expr.pat, true);
    }

    fn visit_expr_if(&mut self, expr: &'ast syn::ExprIf) {
        self.scoped(|this| {
            this.visit_expr(&expr.cond);
            this.visit_block(&expr.then_branch);
        });
        if let Some((_, els)) = &expr.else_branch {
            self.branch(els);
        }
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        self.rounds(|this| {
            this.visit_expr(&expr.cond);
            this.visit_block(&expr.body);
        });
    }

    fn visit_expr_loop(&mut self, expr: &'ast syn::ExprLoop) {
        self.rounds(|this| this.visit_block(&expr.body));
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        self.visit_expr(&expr.expr);
        self.rounds(|this| {
            this.bind(&expr.pat, true);
            this.visit_block(&expr.body);
        });
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.scoped(|this| {
            this.bind(&arm.pat, true);
            this.branch(&arm.body);
        });
    }

    fn visit_expr_closure(&mut self, expr: &'ast syn::ExprClosure) {
        self.scoped(|this| {
            expr.inputs.iter().for_each(|input| this.bind(input, true));
            this.branch(&expr.body);
        });
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        let outer = self.sometimes;
        self.sometimes |= crate::conditional::is_conditional_stmt(stmt);
        match stmt {
            // The tail of a block may be its value.
            Stmt::Expr(Expr::Block(expr), None) => self.visit_expr_block(expr),
            Stmt::Expr(expr, _) => self.branch(expr),
            stmt => visit::visit_stmt(self, stmt),
        }
        self.sometimes = outer;
    }

    fn visit_expr_block(&mut self, expr: &'ast syn::ExprBlock) {
        self.braces |=
            expr.label.is_none() && matches!(expr.block.stmts.as_slice(), [Stmt::Expr(_, None)]);
        visit::visit_expr_block(self, expr);
    }

    fn visit_expr_path(&mut self, expr: &'ast syn::ExprPath) {
        if let Some(name) = expr.path.get_ident() {
            self.read(name);
        }
    }

    fn visit_expr_assign(&mut self, expr: &'ast syn::ExprAssign) {
        self.visit_expr(&expr.right);
        self.assign(&expr.left);
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        if !is_assignment(&expr.op) {
            visit::visit_expr_binary(self, expr);
            return;
        }
        self.visit_expr(&expr.right);
        // It reads what was there before; whether anything reads it now is to be seen.
        if let Some(binding) = as_ident(&expr.left).and_then(|name| self.local(name)) {
            binding.unread = false;
        }
        self.assign(&expr.left);
    }

    fn visit_expr_reference(&mut self, expr: &'ast syn::ExprReference) {
        if expr.mutability.is_some() {
            match as_ident(&expr.expr).and_then(|name| self.local(name)) {
                Some(binding) => binding.changes = true,
                None => self.may_change(&expr.expr),
            }
        }
        visit::visit_expr_reference(self, expr);
    }

    fn visit_expr_raw_addr(&mut self, expr: &'ast syn::ExprRawAddr) {
        if matches!(expr.mutability, syn::PointerMutability::Mut(_)) {
            match as_ident(&expr.expr).and_then(|name| self.local(name)) {
                Some(binding) => binding.changes = true,
                None => self.may_change(&expr.expr),
            }
        }
        visit::visit_expr_raw_addr(self, expr);
    }

    fn visit_expr_method_call(&mut self, expr: &'ast syn::ExprMethodCall) {
        self.may_change(&expr.receiver);
        visit::visit_expr_method_call(self, expr);
    }

    fn visit_expr_call(&mut self, expr: &'ast syn::ExprCall) {
        // A closure may change what it captures.
        self.may_change(&expr.func);
        // The runtime's macros are calls for the time of the printing.
        let Some(name) = hidden_macro(expr) else {
            return visit::visit_expr_call(self, expr);
        };
        // Nothing of it runs, and it looks at nothing.
        if name == "alike" {
            expr.args
                .iter()
                .take(1)
                .for_each(|kind| self.visit_expr(kind));
            return;
        }
        if name == "pinned" {
            // This one borrows its place exclusively.
            expr.args.iter().for_each(|place| self.may_change(place));
        }
        self.scoped(|this| {
            // A holder's names are its own from there on.
            for arg in &expr.args {
                match arg {
                    Expr::Array(values) => values.elems.iter().for_each(|value| this.owned(value)),
                    arg => this.visit_expr(arg),
                }
            }
        });
    }

    fn visit_expr_match(&mut self, expr: &'ast syn::ExprMatch) {
        // `ref mut` in a pattern.
        self.may_change(&expr.expr);
        visit::visit_expr_match(self, expr);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = crate::syntax::macro_name(mac);
        self.parens |= !is_format_macro(&name) && has_place_in_parens(&mac.tokens);
        // What `write!` writes to is borrowed for that.
        let writes = matches!(name.as_str(), "write" | "writeln");
        if is_format_macro(&name)
            && !writes
            && let Some(args) = crate::syntax::macro_args(mac)
        {
            // What a closure in there binds is not what is outside of it.
            for arg in &args {
                match arg {
                    Expr::Lit(text) => self.tokens(&text.to_token_stream(), false),
                    Expr::Assign(named) => self.visit_expr(&named.right),
                    value => self.visit_expr(value),
                }
            }
            return;
        }
        self.tokens(&mac.tokens, writes || !is_format_macro(&name));
        // The arguments themselves are only borrowed, but what is in them may change something.
        for arg in crate::syntax::macro_args(mac).iter().flatten() {
            match arg {
                Expr::Path(_) => {}
                Expr::Assign(named) => self.visit_expr(&named.right),
                value => self.visit_expr(value),
            }
        }
    }
}
