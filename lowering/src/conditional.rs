//! `#[cfg]` inside of a body, and on parameters.
//!
//! What such an attribute guards stays guarded in one of two ways. A statement that awaits nothing and declares nothing stays in the plain
//! code as it is: the analyses take it for code that may or may not run. Where it guards an await, a `let`, an arm, a field or a block's value, the
//! function is lowered once with it and once without it, and each copy stands under the condition:
//!
//! ```text
//! // Input:
//! async fn run() {
//!     #[cfg(feature = "trace")]
//!     let span = enter().await;
//!     work().await;
//! }
//! // Output:
//! #[cfg(feature = "trace")]
//! fn run() -> impl Future<Output = ()> { .. }
//! #[cfg(not(feature = "trace"))]
//! fn run() -> impl Future<Output = ()> { .. }
//! ```
//!
//! Each copy has the states and fields of its own configuration, and is as exact as any other function.

use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::syntax::HasAwait;
use quote::{ToTokens, quote};
use std::collections::HashSet;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Meta, Stmt, Token};

/// One configuration of a function.
pub(crate) struct Configured {
    pub(crate) sig: syn::Signature,
    pub(crate) block: syn::Block,
    /// `#[cfg(..)]`, when there are several.
    pub(crate) condition: Option<Attribute>,
}

/// At most so many copies of a function are written.
const COPIES: usize = 8;

/// The configurations of a function; only conditions that the plain code cannot keep tell them apart, and those of parameters.
pub(crate) fn configurations(
    sig: &syn::Signature,
    block: syn::Block,
    sink: &mut Sink,
) -> Vec<Configured> {
    let single = |block| {
        vec![Configured {
            sig: sig.clone(),
            block,
            condition: None,
        }]
    };
    let mut structural = Structural::default();
    for input in &sig.inputs {
        let conditions = parameter_attrs(input)
            .iter()
            .filter(|attr| attr.path().is_ident("cfg"));
        structural.attrs.extend(conditions.cloned());
    }
    if !block.has_await() && structural.attrs.is_empty() {
        return single(block);
    }
    structural.visit_block(&block);
    structural.rivals();
    let mut predicates: Vec<Predicate> = Vec::new();
    for attr in &structural.attrs {
        let Some(found) = guards(attr).map(|meta| Predicate::of(&meta)) else {
            continue;
        };
        if !predicates.iter().any(|known| known.text == found.text) {
            predicates.push(found);
        }
    }
    let Some(choices) = choices(&predicates) else {
        let attr = structural.attrs.last().expect("there are several");
        sink.push(Diagnostic::new(
            Code::Unsupported,
            attr.pound_token.span,
            "the body has too many configurations to be lowered in each",
            "one of its conditions",
            Some("move conditional code into functions of its own, and call them here".into()),
        ));
        return single(block);
    };
    if predicates.is_empty() {
        return single(block);
    }
    // Conditions such as `all()` hold always.
    let several = choices.len() > 1;
    choices
        .into_iter()
        .map(|chosen| {
            let (mut sig, mut block) = (sig.clone(), block.clone());
            let mut select = Select {
                predicates: &predicates,
                chosen: &chosen,
            };
            select.visit_signature_mut(&mut sig);
            select.visit_block_mut(&mut block);
            let parts = predicates.iter().zip(&chosen).map(|(predicate, holds)| {
                let meta = &predicate.meta;
                if *holds {
                    quote!(#meta)
                } else {
                    quote!(not(#meta))
                }
            });
            let parts: Vec<_> = parts.collect();
            let condition = match parts.as_slice() {
                [only] => syn::parse_quote!(#[cfg(#only)]),
                parts => syn::parse_quote!(#[cfg(all(#(#parts),*))]),
            };
            Configured {
                sig,
                block,
                condition: several.then_some(condition),
            }
        })
        .collect()
}

/// Whether attributes say that something is compiled only sometimes.
pub(crate) fn is_conditional(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| guards(attr).is_some())
}

/// Whether a statement is compiled only sometimes.
pub(crate) fn is_conditional_stmt(stmt: &Stmt) -> bool {
    is_conditional(attributes(stmt))
}

/// The condition of `#[cfg(condition)]` and `#[cfg_attr(condition, ..)]`.
fn guards(attr: &Attribute) -> Option<Meta> {
    if attr.path().is_ident("cfg") {
        attr.parse_args().ok()
    } else if attr.path().is_ident("cfg_attr") {
        let metas = attr
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok()?;
        metas.into_iter().next()
    } else {
        None
    }
}

/// A condition, without a `not` around it.
struct Predicate {
    meta: Meta,
    text: String,
}

impl Predicate {
    fn of(meta: &Meta) -> Self {
        let (meta, _) = positive(meta);
        let text = meta.to_token_stream().to_string();
        Predicate { meta, text }
    }
}

/// A condition without the `not`s around it, and whether their number is odd.
fn positive(meta: &Meta) -> (Meta, bool) {
    if let Meta::List(list) = meta
        && list.path.is_ident("not")
        && let Ok(inner) = list.parse_args::<Meta>()
    {
        let (meta, negated) = positive(&inner);
        return (meta, !negated);
    }
    (meta.clone(), false)
}

/// The ways in which the conditions can hold together; none when these are too many.
fn choices(predicates: &[Predicate]) -> Option<Vec<Vec<bool>>> {
    let mut atoms = Vec::new();
    for predicate in predicates {
        collect(&predicate.meta, &mut atoms);
    }
    if atoms.len() > 12 {
        return None;
    }
    let mut found: Vec<Vec<bool>> = Vec::new();
    // What holds comes first.
    for bits in (0..1_u32 << atoms.len()).rev() {
        let holds = |atom: &str| {
            let at = atoms.iter().position(|known| known == atom);
            at.is_some_and(|at| bits & (1 << at) != 0)
        };
        let chosen: Vec<bool> = predicates
            .iter()
            .map(|predicate| evaluate(&predicate.meta, &holds))
            .collect();
        if !found.contains(&chosen) {
            found.push(chosen);
        }
    }
    (found.len() <= COPIES).then_some(found)
}

fn parts(list: &syn::MetaList) -> Vec<Meta> {
    list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

fn combines(meta: &Meta) -> Option<(String, Vec<Meta>)> {
    let Meta::List(list) = meta else { return None };
    let name = list.path.get_ident()?.to_string();
    matches!(name.as_str(), "all" | "any" | "not").then(|| (name, parts(list)))
}

fn collect(meta: &Meta, atoms: &mut Vec<String>) {
    match combines(meta) {
        Some((_, parts)) => parts.iter().for_each(|part| collect(part, atoms)),
        None => {
            let text = meta.to_token_stream().to_string();
            if !atoms.contains(&text) {
                atoms.push(text);
            }
        }
    }
}

fn evaluate(meta: &Meta, holds: &impl Fn(&str) -> bool) -> bool {
    match combines(meta) {
        Some((name, parts)) => {
            let mut parts = parts.iter().map(|part| evaluate(part, holds));
            match name.as_str() {
                "all" => parts.all(|part| part),
                "any" => parts.any(|part| part),
                _ => !parts.any(|part| part),
            }
        }
        None => holds(&meta.to_token_stream().to_string()),
    }
}

/// The conditions that plain code cannot keep.
#[derive(Default)]
struct Structural {
    attrs: Vec<Attribute>,
    /// What plain code keeps: its condition, and the variables that it may use by value.
    kept: Vec<(Attribute, HashSet<String>)>,
}

impl Structural {
    /// What several conditions guard may move one variable several times: no order of events says that.
    fn rivals(&mut self) {
        for (i, (attr, names)) in self.kept.iter().enumerate() {
            let text = attr.to_token_stream().to_string();
            let rival = |(j, (other, others)): (usize, &(Attribute, HashSet<String>))| {
                i != j && !names.is_disjoint(others) && other.to_token_stream().to_string() != text
            };
            if self.kept.iter().enumerate().any(rival) {
                self.attrs.push(attr.clone());
            }
        }
    }

    fn keep(&mut self, attrs: &[Attribute], visit: impl FnOnce(&mut ByValue)) {
        let mut names = ByValue::default();
        visit(&mut names);
        for attr in attrs.iter().filter(|attr| guards(attr).is_some()) {
            self.kept.push((attr.clone(), names.0.clone()));
        }
    }
}

/// The variables that an expression may use by value.
#[derive(Default)]
struct ByValue(HashSet<String>);

impl<'ast> Visit<'ast> for ByValue {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Path(path) => self
                .0
                .extend(path.path.get_ident().map(ToString::to_string)),
            Expr::Reference(reference) if crate::syntax::is_place(&reference.expr) => {}
            expr => visit::visit_expr(self, expr),
        }
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        if !crate::syntax::is_format_macro(&crate::syntax::macro_name(mac)) {
            crate::syntax::tokens_have(&mac.tokens, &mut |ident| {
                self.0.insert(ident.to_string());
                false
            });
        }
    }
}

/// Finds what await-free code guards.
struct Kept<'a>(&'a mut Structural);

impl<'ast> Visit<'ast> for Kept<'_> {
    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        self.0
            .keep(attributes(stmt), |names| names.visit_stmt(stmt));
        visit::visit_stmt(self, stmt);
    }
    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        self.0
            .keep(&field.attrs, |names| names.visit_expr(&field.expr));
        visit::visit_field_value(self, field);
    }
    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.0.keep(&arm.attrs, |names| names.visit_arm(arm));
        visit::visit_arm(self, arm);
    }
    fn visit_expr(&mut self, expr: &'ast Expr) {
        // An operand may be spelled otherwise in the output, and its attribute with it.
        for operand in operands(expr).into_iter().flatten() {
            self.0.attrs.extend(attributes_of(operand).iter().cloned());
        }
        visit::visit_expr(self, expr);
    }
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

impl<'ast> Visit<'ast> for Structural {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        for (i, stmt) in block.stmts.iter().enumerate() {
            let last = i + 1 == block.stmts.len();
            if matches!(stmt, Stmt::Item(_)) {
                continue;
            }
            if stmt.has_await() {
                self.visit_stmt(stmt);
            } else if is_conditional_stmt(stmt) && (last && has_value(stmt) || !stays(stmt)) {
                self.attrs.extend(attributes(stmt).iter().cloned());
            } else {
                Kept(self).visit_stmt(stmt);
            }
        }
    }
    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        self.attrs.push(attr.clone());
    }
    fn visit_expr(&mut self, expr: &'ast Expr) {
        // A part that awaits nothing stays as it is.
        if expr.has_await() {
            visit::visit_expr(self, expr);
        } else {
            self.attrs.extend(attributes_of(expr).iter().cloned());
            Kept(self).visit_expr(expr);
        }
    }
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Whether a guarded statement without an await can stay where it is, with its attribute.
fn stays(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Macro(mac) => !matches!(
            crate::syntax::macro_name(&mac.mac).as_str(),
            "bail" | "ensure" | "pin" | "pin_mut"
        ),
        Stmt::Expr(expr, _) => matches!(
            expr,
            Expr::Call(_)
                | Expr::MethodCall(_)
                | Expr::Block(_)
                | Expr::If(_)
                | Expr::Match(_)
                | Expr::ForLoop(_)
                | Expr::While(_)
                | Expr::Try(_)
                | Expr::Unsafe(_)
        ),
        _ => false,
    }
}

/// Whether a statement at the end of a block gives the block its value.
fn has_value(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Expr(_, semi) => semi.is_none(),
        Stmt::Macro(mac) => mac.semi_token.is_none(),
        _ => false,
    }
}

/// The operands of an expression that may each have a condition.
fn operands(expr: &Expr) -> Option<&Punctuated<Expr, Token![,]>> {
    match expr {
        Expr::Array(expr) => Some(&expr.elems),
        Expr::Call(expr) => Some(&expr.args),
        Expr::MethodCall(expr) => Some(&expr.args),
        Expr::Tuple(expr) => Some(&expr.elems),
        _ => None,
    }
}

/// The attributes of a parameter.
pub(crate) fn parameter_attrs(input: &syn::FnArg) -> &[Attribute] {
    match input {
        syn::FnArg::Receiver(receiver) => &receiver.attrs,
        syn::FnArg::Typed(typed) => &typed.attrs,
    }
}

/// The attributes of a statement.
pub(crate) fn attributes(stmt: &Stmt) -> &[Attribute] {
    match stmt {
        Stmt::Local(local) => &local.attrs,
        Stmt::Macro(mac) => &mac.attrs,
        Stmt::Expr(expr, _) => attributes_of(expr),
        Stmt::Item(_) => &[],
    }
}

/// The attributes of an expression, as those of the statement that it is.
pub(crate) fn attributes_of(expr: &Expr) -> &[Attribute] {
    match expr {
        Expr::Array(expr) => &expr.attrs,
        Expr::Assign(expr) => attributes_of(&expr.left),
        Expr::Async(expr) => &expr.attrs,
        Expr::Await(expr) => &expr.attrs,
        Expr::Binary(expr) => attributes_of(&expr.left),
        Expr::Block(expr) => &expr.attrs,
        Expr::Break(expr) => &expr.attrs,
        Expr::Call(expr) => &expr.attrs,
        Expr::Closure(expr) => &expr.attrs,
        Expr::Continue(expr) => &expr.attrs,
        Expr::Field(expr) => &expr.attrs,
        Expr::ForLoop(expr) => &expr.attrs,
        Expr::If(expr) => &expr.attrs,
        Expr::Index(expr) => &expr.attrs,
        Expr::Lit(expr) => &expr.attrs,
        Expr::Loop(expr) => &expr.attrs,
        Expr::Macro(expr) => &expr.attrs,
        Expr::Match(expr) => &expr.attrs,
        Expr::MethodCall(expr) => &expr.attrs,
        Expr::Paren(expr) => &expr.attrs,
        Expr::Path(expr) => &expr.attrs,
        Expr::Reference(expr) => &expr.attrs,
        Expr::Return(expr) => &expr.attrs,
        Expr::Struct(expr) => &expr.attrs,
        Expr::Try(expr) => &expr.attrs,
        Expr::Tuple(expr) => &expr.attrs,
        Expr::Unary(expr) => &expr.attrs,
        Expr::Unsafe(expr) => &expr.attrs,
        Expr::While(expr) => &expr.attrs,
        _ => &[],
    }
}

/// Takes one configuration.
struct Select<'a> {
    predicates: &'a [Predicate],
    chosen: &'a [bool],
}

impl Select<'_> {
    /// Whether an attribute's condition holds, if that is settled.
    fn holds(&self, attr: &Attribute) -> Option<bool> {
        let (meta, negated) = positive(&guards(attr)?);
        let text = meta.to_token_stream().to_string();
        let at = self
            .predicates
            .iter()
            .position(|known| known.text == text)?;
        Some(self.chosen[at] != negated)
    }

    /// Whether what has these attributes is there.
    fn keeps(&self, attrs: &[Attribute]) -> bool {
        !attrs
            .iter()
            .any(|attr| attr.path().is_ident("cfg") && self.holds(attr) == Some(false))
    }
}

impl VisitMut for Select<'_> {
    fn visit_signature_mut(&mut self, sig: &mut syn::Signature) {
        let inputs = std::mem::take(&mut sig.inputs).into_iter();
        sig.inputs = inputs
            .filter(|input| self.keeps(parameter_attrs(input)))
            .collect();
        visit_mut::visit_signature_mut(self, sig);
    }

    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        let settled = std::mem::take(attrs).into_iter().flat_map(|attr| {
            match (self.holds(&attr), attr.path().is_ident("cfg_attr")) {
                (None, _) => vec![attr],
                (Some(true), true) => {
                    let style = attr.style;
                    let metas = attr
                        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                        .unwrap_or_default();
                    let metas = metas.into_iter().skip(1);
                    metas
                        .map(|meta| Attribute {
                            style,
                            meta,
                            ..attr.clone()
                        })
                        .collect()
                }
                (Some(_), _) => Vec::new(),
            }
        });
        *attrs = settled.collect();
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|stmt| match stmt {
            Stmt::Item(_) => true,
            stmt => self.keeps(attributes(stmt)),
        });
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let operands = match expr {
            Expr::Array(expr) => Some(&mut expr.elems),
            Expr::Call(expr) => Some(&mut expr.args),
            Expr::MethodCall(expr) => Some(&mut expr.args),
            Expr::Tuple(expr) => Some(&mut expr.elems),
            _ => None,
        };
        if let Some(operands) = operands {
            let all = std::mem::take(operands).into_pairs();
            *operands = all
                .filter(|pair| self.keeps(attributes_of(pair.value())))
                .collect();
        }
        visit_mut::visit_expr_mut(self, expr);
    }

    fn visit_expr_match_mut(&mut self, expr: &mut syn::ExprMatch) {
        expr.arms.retain(|arm| self.keeps(&arm.attrs));
        visit_mut::visit_expr_match_mut(self, expr);
    }

    fn visit_expr_struct_mut(&mut self, expr: &mut syn::ExprStruct) {
        let fields = std::mem::take(&mut expr.fields);
        expr.fields = fields
            .into_iter()
            .filter(|field| self.keeps(&field.attrs))
            .collect();
        // The printer relies on the comma in front of `..`.
        if expr.rest.is_some() && !expr.fields.empty_or_trailing() {
            expr.fields.push_punct(Default::default());
        }
        visit_mut::visit_expr_struct_mut(self, expr);
    }

    fn visit_pat_struct_mut(&mut self, pat: &mut syn::PatStruct) {
        let fields = std::mem::take(&mut pat.fields);
        pat.fields = fields
            .into_iter()
            .filter(|field| self.keeps(&field.attrs))
            .collect();
        visit_mut::visit_pat_struct_mut(self, pat);
    }
}

/// Refuses conditions that are left where they cannot stay.
pub(crate) fn refuse(block: &syn::Block, sink: &mut Sink) {
    let mut structural = Structural::default();
    structural.visit_block(block);
    for attr in structural.attrs {
        if guards(&attr).is_some() {
            let help = "move the conditional code into a function of its own, and call that here";
            sink.push(Diagnostic::new(
                Code::Unsupported,
                attr.pound_token.span,
                "conditional compilation of this part of the body is not lowered",
                "this attribute",
                Some(help.into()),
            ));
        }
    }
}
