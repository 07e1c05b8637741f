//! Macros of the file itself, put in place where they jump or await: `macro_rules!` as the compiler expands it.
//!
//! A local that the macro declares gets a name of its own. What it mentions besides must mean the same where it is used: so a macro whose
//! template names a local of the function is put in place only when it is defined inside of the function, and there is one local of
//! that name.

mod matching;
mod transcribe;

use super::Opening;
use crate::report::MacroRules;
use matching::{Bindings, matches, repetition};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::{HashMap, HashSet};
use syn::parse::Parser;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// The mark of a template's identifiers.
const MARK: &str = "__hrules";

/// How deep macros may stand in macros.
const DEPTH: usize = 16;

/// A macro's definition, or several of which `#[cfg]` keeps one.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    definitions: Vec<Definition>,
    /// Defined inside of a function.
    pub(super) nested: bool,
}

#[derive(Clone, Debug)]
struct Definition {
    condition: Option<syn::Attribute>,
    rules: Vec<(Vec<TokenTree>, TokenStream)>,
}

impl Rules {
    /// The definitions of one macro, each `macro_rules! name { .. }` with its attributes; none when they are not to be told apart.
    pub(crate) fn of(items: &[&syn::ItemMacro], nested: bool) -> Option<Self> {
        let mut definitions = Vec::new();
        for item in items {
            let mut conditions = item.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
            let condition = (items.len() > 1).then(|| conditions.next()).flatten();
            if items.len() > 1 && (condition.is_none() || conditions.next().is_some()) {
                return None;
            }
            definitions.push(Definition {
                condition: condition.cloned(),
                rules: rules(&item.mac.tokens)?,
            });
        }
        Some(Rules {
            definitions,
            nested,
        })
    }

    /// Whether a template may leave the code around its use, or wait there.
    pub(crate) fn jumps(&self) -> bool {
        self.templates().any(jumps)
    }

    /// Whether a template may bind a name that is given to it.
    fn binds(&self) -> bool {
        let names = |kind: &Ident| {
            ![
                "expr",
                "expr_2021",
                "literal",
                "ty",
                "path",
                "lifetime",
                "vis",
            ]
            .iter()
            .any(|other| kind == other)
        };
        self.takes(&names)
            && self.templates().any(|template| {
                crate::syntax::tokens_have(template, &mut |ident| {
                    ident == "let" || ident == "match" || ident == "for" || ident == "macro_rules"
                }) || template.to_string().contains('|')
            })
    }

    fn templates(&self) -> impl Iterator<Item = &TokenStream> {
        let definitions = self.definitions.iter();
        definitions.flat_map(|definition| definition.rules.iter().map(|(_, template)| template))
    }

    /// Whether a rule wants an identifier, for which no expression may stand.
    pub(crate) fn takes_names(&self) -> bool {
        self.takes(&|kind| kind == "ident")
    }

    /// Whether a rule takes something of such a kind.
    fn takes(&self, kinds: &dyn Fn(&Ident) -> bool) -> bool {
        fn takes(pattern: &[TokenTree], kinds: &dyn Fn(&Ident) -> bool) -> bool {
            pattern.iter().enumerate().any(|(i, tree)| match tree {
                TokenTree::Group(group) => {
                    takes(&group.stream().into_iter().collect::<Vec<_>>(), kinds)
                }
                TokenTree::Ident(kind) => {
                    kinds(kind) && i > 0 && punct(pattern.get(i - 1)) == Some(':')
                }
                _ => false,
            })
        }
        let mut matchers = self
            .definitions
            .iter()
            .flat_map(|definition| definition.rules.iter().map(|(matcher, _)| matcher));
        matchers.any(|matcher| takes(matcher, kinds))
    }
}

/// The rules of a macro: matchers and templates.
fn rules(tokens: &TokenStream) -> Option<Vec<(Vec<TokenTree>, TokenStream)>> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut rules = Vec::new();
    let mut at = 0;
    while at < trees.len() {
        let (Some(TokenTree::Group(matcher)), Some(TokenTree::Group(template))) =
            (trees.get(at), trees.get(at + 3))
        else {
            return None;
        };
        rules.push((matcher.stream().into_iter().collect(), template.stream()));
        at += 4;
        if punct(trees.get(at)) == Some(';') {
            at += 1;
        }
    }
    Some(rules)
}

/// Whether a template holds a jump or an await, or declares a local where it is used.
fn jumps(template: &TokenStream) -> bool {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    leaves(&trees)
        || trees
            .iter()
            .any(|tree| matches!(tree, TokenTree::Ident(ident) if ident == "let"))
}

fn leaves(trees: &[TokenTree]) -> bool {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let found = match tree {
            TokenTree::Ident(ident) => ["return", "break", "continue", "await"]
                .iter()
                .any(|word| ident == word),
            TokenTree::Punct(mark) if mark.as_char() == '?' => true,
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let repeated = at > 0 && punct(trees.get(at - 1)) == Some('$');
                if repeated && let Some((_, _, end)) = repetition(trees, at + 1) {
                    // A `?` behind it is no operator.
                    if leaves(&inner) {
                        return true;
                    }
                    at = end;
                    continue;
                }
                leaves(&inner)
            }
            _ => false,
        };
        if found {
            return true;
        }
        at += 1;
    }
    false
}

impl Opening<'_> {
    /// The expansion of a macro of the file as statements, if it is to be put in place.
    pub(super) fn statements(&mut self, mac: &syn::Macro) -> Option<Vec<Stmt>> {
        let (tokens, nested) = self.expansion(mac)?;
        let stmts = syn::Block::parse_within.parse2(tokens).ok()?;
        let mut block = syn::Block {
            brace_token: Default::default(),
            stmts,
        };
        self.settle(nested, |visit| visit.visit_block_mut(&mut block))?;
        Needless.visit_block_mut(&mut block);
        Some(block.stmts)
    }

    /// The same as an expression.
    pub(super) fn expression(&mut self, mac: &syn::Macro) -> Option<Expr> {
        let (tokens, nested) = self.expansion(mac)?;
        let mut expr: Expr = syn::parse2(tokens).ok()?;
        self.settle(nested, |visit| visit.visit_expr_mut(&mut expr))?;
        Needless.visit_expr_mut(&mut expr);
        Some(expr)
    }

    fn expansion(&mut self, mac: &syn::Macro) -> Option<(TokenStream, bool)> {
        let name = mac.path.get_ident()?.to_string();
        let rules = self.rules.get(&name)?.clone();
        let jumps = |ident: &Ident| {
            ident == "return" || ident == "break" || ident == "continue" || ident == "await"
        };
        // A definition in the body could not be moved to its front when it names a local.
        let wanted = std::mem::take(&mut self.wanted)
            || rules.nested
            || self.table.opens(&name)
            || crate::syntax::tokens_have(&mac.tokens, &mut |ident| jumps(ident));
        if !wanted || self.depth >= DEPTH {
            return None;
        }
        let span = mac.path.segments.first()?.ident.span();
        let mut expanded = Vec::new();
        for definition in &rules.definitions {
            expanded.push((
                &definition.condition,
                self.transcribed(definition, mac, span)?,
            ));
        }
        // Of several definitions one is compiled.
        let tokens = match &expanded[..] {
            [(None, tokens)] => tokens.clone(),
            several => {
                let conditions = several.iter().map(|(condition, _)| condition);
                let tokens = several.iter().map(|(_, tokens)| tokens);
                quote!({ #(#conditions { #tokens })* })
            }
        };
        Some((tokens, rules.nested))
    }

    /// What one definition makes of a macro's arguments.
    fn transcribed(
        &mut self,
        definition: &Definition,
        mac: &syn::Macro,
        span: Span,
    ) -> Option<TokenStream> {
        let input: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
        for (matcher, template) in &definition.rules {
            let mut bindings = Bindings::new();
            let Some(rest) = matches(matcher, &input, &mut bindings) else {
                continue;
            };
            if rest != input.len() {
                continue;
            }
            if !is_plain(template) {
                return None;
            }
            let mut labels = Vec::new();
            transcribe::labels(template, &mut labels);
            let labels = labels.into_iter().map(|label| {
                let fresh = self.fresh(&label, span).to_string();
                (label, fresh)
            });
            let template = transcribe::relabel(template, &labels.collect());
            return transcribe::transcribe(&template, &bindings, span);
        }
        None
    }

    /// Gives the locals that a template declares names of their own, and takes the marks off everything else. None when the template may
    /// mean a local of the function that its definition does not see.
    fn settle(&mut self, nested: bool, mut visit: impl FnMut(&mut Unmark)) -> Option<()> {
        let mut unmark = Unmark {
            declared: HashMap::new(),
            mentioned: HashSet::new(),
            collecting: true,
        };
        visit(&mut unmark);
        for (name, fresh) in &mut unmark.declared {
            *fresh = self.fresh(name, Span::call_site()).to_string();
        }
        unmark.collecting = false;
        visit(&mut unmark);
        let clashes = unmark
            .mentioned
            .iter()
            .any(|name| match self.bound.get(name) {
                None => false,
                Some(count) => !nested || *count > 1,
            });
        (!clashes).then_some(())
    }
}

/// Whether nothing in a template depends on where it stands.
fn is_plain(template: &TokenStream) -> bool {
    let spelled = crate::syntax::tokens_have(template, &mut |ident| {
        matches!(
            ident.to_string().as_str(),
            "line" | "column" | "macro_rules" | "fn" | "impl" | "struct" | "enum" | "use"
        )
    });
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    let captures = trees.iter().any(|tree| {
        matches!(tree, TokenTree::Literal(literal) if crate::names::map_captures(literal, &mut |name| Some(name.to_owned())).is_some())
    });
    let inner = trees.iter().all(|tree| match tree {
        TokenTree::Group(group) => is_plain(&group.stream()),
        _ => true,
    });
    !spelled && !captures && inner
}

fn punct(tree: Option<&TokenTree>) -> Option<char> {
    match tree {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    }
}

/// An argument as the one expression that it is, wherever it is put.
pub(super) fn guarded(expr: Expr) -> Expr {
    match expr {
        Expr::Array(_)
        | Expr::Await(_)
        | Expr::Block(_)
        | Expr::Call(_)
        | Expr::Field(_)
        | Expr::Group(_)
        | Expr::Index(_)
        | Expr::Lit(_)
        | Expr::Macro(_)
        | Expr::MethodCall(_)
        | Expr::Paren(_)
        | Expr::Path(_)
        | Expr::Try(_)
        | Expr::Tuple(_) => expr,
        expr => syn::parse_quote!((#expr)),
    }
}

/// Takes off the parentheses that an argument does not need where it was put.
struct Needless;

impl Needless {
    fn bare(expr: &mut Expr) {
        if let Expr::Paren(paren) = expr
            && paren.attrs.is_empty()
            && !matches!(*paren.expr, Expr::Struct(_))
        {
            *expr = (*paren.expr).clone();
        }
    }
}

/// Whether a condition may need the parentheses of this: a struct literal does, or a reference to one.
fn may_need_them(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(reference) => may_need_them(&reference.expr),
        Expr::Path(_) | Expr::Lit(_) | Expr::Field(_) => false,
        _ => true,
    }
}

impl VisitMut for Needless {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Assign(assign) => Self::bare(&mut assign.right),
            Expr::Binary(binary)
                if matches!(
                    binary.op.to_token_stream().to_string().as_str(),
                    "+=" | "-=" | "*=" | "/="
                ) =>
            {
                Self::bare(&mut binary.right)
            }
            Expr::Call(call) => call.args.iter_mut().for_each(Self::bare),
            Expr::MethodCall(call) => call.args.iter_mut().for_each(Self::bare),
            Expr::Match(found) => Self::bare(&mut found.expr),
            Expr::If(found) => Self::bare(&mut found.cond),
            // `if let Some(x) = (&y)`
            Expr::Let(found) if matches!(&*found.expr, Expr::Paren(paren) if !may_need_them(&paren.expr)) => {
                Self::bare(&mut found.expr)
            }
            Expr::Return(found) => found.expr.iter_mut().for_each(|expr| Self::bare(expr)),
            Expr::Array(array) => array.elems.iter_mut().for_each(Self::bare),
            Expr::Tuple(tuple) => tuple.elems.iter_mut().for_each(Self::bare),
            _ => {}
        }
        visit_mut::visit_expr_mut(self, expr);
    }
    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        if let Some(init) = &mut local.init
            && init.diverge.is_none()
        {
            Self::bare(&mut init.expr);
        }
        visit_mut::visit_local_mut(self, local);
    }
}

/// Takes the marks off, but for the locals that the template declares: these get a new name.
struct Unmark {
    declared: HashMap<String, String>,
    /// Names that may be variables, and are not the template's own.
    mentioned: HashSet<String>,
    collecting: bool,
}

fn unmarked(ident: &Ident) -> Option<String> {
    ident.to_string().strip_suffix(MARK).map(str::to_owned)
}

impl Unmark {
    /// Any identifier but a variable's.
    fn plain(&self, ident: &mut Ident) {
        if !self.collecting
            && let Some(name) = unmarked(ident)
        {
            *ident = Ident::new(&name, ident.span());
        }
    }

    fn variable(&mut self, ident: &mut Ident) {
        if !self.collecting
            && let Some(name) = unmarked(ident)
        {
            let new = self.declared.get(&name).cloned().unwrap_or_else(|| {
                self.mentioned.insert(name.clone());
                name
            });
            *ident = Ident::new(&new, ident.span());
        }
    }

    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let this = std::cell::RefCell::new(self);
        crate::names::map_tokens(
            tokens,
            &mut |ident, around| {
                unmarked(ident)?;
                let mut new = ident.clone();
                if around.variable() {
                    this.borrow_mut().variable(&mut new);
                } else {
                    this.borrow().plain(&mut new);
                }
                Some(new.into_token_stream())
            },
            &mut |_| None,
        )
    }
}

impl VisitMut for Unmark {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        self.plain(ident);
    }

    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if self.collecting {
            if let Some(name) = unmarked(&pat.ident) {
                self.declared.insert(name.clone(), name);
            }
        } else {
            self.variable(&mut pat.ident);
        }
        if let Some((_, pat)) = &mut pat.subpat {
            self.visit_pat_mut(pat);
        }
    }

    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        if !self.collecting && field.colon_token.is_none() {
            field.colon_token = Some(Default::default());
        }
        visit_mut::visit_field_pat_mut(self, field);
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        if !self.collecting && field.colon_token.is_none() {
            field.colon_token = Some(Default::default());
        }
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_expr_path_mut(&mut self, expr: &mut syn::ExprPath) {
        if expr.qself.is_none() && expr.path.get_ident().is_some() {
            self.variable(&mut expr.path.segments[0].ident);
        } else {
            visit_mut::visit_expr_path_mut(self, expr);
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        self.visit_path_mut(&mut mac.path);
        if !self.collecting {
            mac.tokens = self.tokens(std::mem::take(&mut mac.tokens));
        }
    }

    fn visit_attribute_mut(&mut self, attr: &mut syn::Attribute) {
        if !self.collecting {
            let tokens = self.tokens(attr.meta.to_token_stream());
            if let Ok(meta) = syn::parse2(tokens) {
                attr.meta = meta;
            }
        }
    }
}

/// How many bindings of each name a function has.
pub(super) fn bound(
    sig: &syn::Signature,
    block: &syn::Block,
    known: &HashMap<String, Rules>,
) -> HashMap<String, usize> {
    struct Names<'a>(HashMap<String, usize>, &'a HashMap<String, Rules>);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            *self.0.entry(pat.ident.to_string()).or_default() += 1;
            visit::visit_pat_ident(self, pat);
        }
        fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            // What a macro's tokens bind is not known: none of its variables may be meant.
            let rules = mac
                .path
                .get_ident()
                .and_then(|name| self.1.get(&name.to_string()));
            let expressions =
                crate::syntax::takes_expressions(mac) || rules.is_some_and(|rules| !rules.binds());
            if expressions && let Some(args) = crate::syntax::macro_args(mac) {
                args.iter().for_each(|arg| self.visit_expr(arg));
                return;
            }
            crate::names::map_tokens(
                mac.tokens.clone(),
                &mut |ident, around| {
                    if around.variable() {
                        *self.0.entry(ident.to_string()).or_default() += 1;
                    }
                    None
                },
                &mut |_| None,
            );
        }
    }
    let mut names = Names(HashMap::new(), known);
    names.visit_signature(sig);
    names.visit_block(block);
    names.0
}

/// The definitions that a body holds itself.
pub(super) fn nested(block: &syn::Block) -> Vec<(String, Option<Rules>)> {
    #[derive(Default)]
    struct Definitions(Vec<(String, Option<Rules>)>);
    impl<'ast> Visit<'ast> for Definitions {
        fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
            if let Some(name) = &item.ident {
                let rules = item.attrs.is_empty().then(|| Rules::of(&[item], true));
                self.0.push((name.to_string(), rules.flatten()));
            }
        }
    }
    let mut definitions = Definitions::default();
    definitions.visit_block(block);
    definitions.0
}

/// See [`crate::macro_rules`].
pub(crate) fn macro_rules(source: &str) -> Vec<MacroRules> {
    #[derive(Default)]
    struct Items(Vec<MacroRules>);
    impl<'ast> Visit<'ast> for Items {
        fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
            if let Some(name) = &item.ident {
                self.0.push(MacroRules {
                    name: name.to_string(),
                    text: item.to_token_stream().to_string(),
                });
            }
        }
        // What a function defines is known in it only.
        fn visit_block(&mut self, _: &'ast syn::Block) {}
    }
    // Most files define none.
    if !source.contains("macro_rules") {
        return Vec::new();
    }
    let mut items = Items::default();
    if let Ok(file) = syn::parse_file(source) {
        items.visit_file(&file);
    }
    items.0
}

/// Takes the definitions away that nothing uses any more.
pub(super) fn prune(block: &mut syn::Block) {
    struct Prune<'a>(&'a HashSet<String>);
    impl VisitMut for Prune<'_> {
        fn visit_block_mut(&mut self, block: &mut syn::Block) {
            block.stmts.retain(|stmt| {
                !matches!(stmt, Stmt::Item(syn::Item::Macro(item)) if item.ident.as_ref().is_some_and(|name| self.0.contains(&name.to_string())))
            });
            visit_mut::visit_block_mut(self, block);
        }
    }
    let names: Vec<String> = nested(block).into_iter().map(|(name, _)| name).collect();
    let tokens = block.to_token_stream();
    let unused = names.into_iter().filter(|name| uses(&tokens, name) == 0);
    let unused: HashSet<String> = unused.collect();
    if !unused.is_empty() {
        Prune(&unused).visit_block_mut(block);
        prune(block);
    }
}

/// How often `name!` stands in tokens.
fn uses(tokens: &TokenStream, name: &str) -> usize {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let count = |(i, tree): (usize, &TokenTree)| match tree {
        TokenTree::Group(group) => uses(&group.stream(), name),
        TokenTree::Ident(ident) => {
            usize::from(ident == name && punct(trees.get(i + 1)) == Some('!'))
        }
        _ => 0,
    };
    trees.iter().enumerate().map(count).sum()
}

#[cfg(test)]
mod tests {
    use crate::{Options, lower_file, macro_rules};

    #[test]
    fn a_macro_of_another_file_of_the_package_is_put_in_place() {
        let other = "macro_rules! try_or_continue { ($expr:expr) => { match $expr { Ok(val) => val, Err(_) => continue } }; }";
        let source = "async fn f(list: Vec<u32>) -> u32 { for n in list { let n: u32 = try_or_continue!(get(n).await); return n; } 0 }";
        let refused = lower_file(source, &Options::default()).expect("it is Rust");
        assert!(refused.functions[0].outcome.is_err());
        let options = crate::report::Options {
            macros: macro_rules(other),
            ..Default::default()
        };
        let file = lower_file(source, &options).expect("it is Rust");
        assert!(
            file.functions[0].outcome.is_ok(),
            "{:?}",
            file.functions[0].outcome
        );
    }
}
