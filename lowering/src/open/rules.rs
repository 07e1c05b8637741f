//! Macros of the file itself, put in place where they jump or await: `macro_rules!` as the compiler expands it.
//!
//! A local that the macro declares gets a name of its own. What it mentions besides must mean the same where it is used: so a macro whose
//! template names a local of the function is put in place only when it is defined inside of the function, and there is one local of
//! that name.

use super::Opening;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{HashMap, HashSet};
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Pat, Stmt};

/// The mark of a template's identifiers.
const MARK: &str = "__hrules";

/// How deep macros may stand in macros.
const DEPTH: usize = 16;

/// A macro's definition.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    rules: Vec<(Vec<TokenTree>, TokenStream)>,
    /// Defined inside of a function.
    pub(super) nested: bool,
}

impl Rules {
    /// The rules of `macro_rules! name { .. }`.
    pub(crate) fn of(tokens: &TokenStream, nested: bool) -> Option<Self> {
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
            if matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ';') {
                at += 1;
            }
        }
        Some(Rules { rules, nested })
    }
}

/// What a metavariable stands for.
#[derive(Clone)]
enum Bound {
    One(TokenStream),
    Many(Vec<HashMap<String, Bound>>),
}

type Bindings = HashMap<String, Bound>;

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
            || self.table.jumping().contains(&name)
            || crate::syntax::tokens_have(&mac.tokens, &mut |ident| jumps(ident));
        if !wanted || self.depth >= DEPTH {
            return None;
        }
        let span = mac.path.segments.first()?.ident.span();
        let input: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
        for (matcher, template) in &rules.rules {
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
            let tokens = transcribe(template, &bindings, span)?;
            return Some((tokens, rules.nested));
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

/// Whether nothing in a template depends on how its tokens are spelled, or on labels.
fn is_plain(template: &TokenStream) -> bool {
    let spelled = crate::syntax::tokens_have(template, &mut |ident| {
        matches!(
            ident.to_string().as_str(),
            "stringify"
                | "concat"
                | "line"
                | "column"
                | "macro_rules"
                | "fn"
                | "impl"
                | "struct"
                | "enum"
                | "use"
        )
    });
    // `'label: loop`
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    let labels = trees.windows(3).any(|window| {
        matches!(window, [TokenTree::Punct(quote), TokenTree::Ident(_), TokenTree::Punct(colon)] if quote.as_char() == '\'' && colon.as_char() == ':')
    });
    let captures = trees.iter().any(|tree| {
        matches!(tree, TokenTree::Literal(literal) if crate::names::map_captures(literal, &mut |name| Some(name.to_owned())).is_some())
    });
    let inner = trees.iter().all(|tree| match tree {
        TokenTree::Group(group) => is_plain(&group.stream()),
        _ => true,
    });
    !spelled && !labels && !captures && inner
}

fn punct(tree: Option<&TokenTree>) -> Option<char> {
    match tree {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    }
}

/// A repetition's separator and operator, and where it ends: what stands behind `$( .. )`.
fn repetition(trees: &[TokenTree], at: usize) -> Option<(Option<char>, char, usize)> {
    let op = |tree: Option<&TokenTree>| punct(tree).filter(|c| "*+?".contains(*c));
    if let Some(op) = op(trees.get(at)) {
        return Some((None, op, at + 1));
    }
    Some((Some(punct(trees.get(at))?), op(trees.get(at + 1))?, at + 2))
}

/// Matches a pattern with the front of the input; gives how much of that it took.
fn matches(pattern: &[TokenTree], input: &[TokenTree], bindings: &mut Bindings) -> Option<usize> {
    let mut at = 0;
    let mut i = 0;
    while i < pattern.len() {
        match (&pattern[i], pattern.get(i + 1)) {
            (TokenTree::Punct(dollar), Some(TokenTree::Ident(name)))
                if dollar.as_char() == '$' && punct(pattern.get(i + 2)) == Some(':') =>
            {
                let Some(TokenTree::Ident(kind)) = pattern.get(i + 3) else {
                    return None;
                };
                let (tokens, taken) = fragment(&kind.to_string(), &input[at..])?;
                bindings.insert(name.to_string(), Bound::One(tokens));
                at += taken;
                i += 4;
            }
            (TokenTree::Punct(dollar), Some(TokenTree::Group(group)))
                if dollar.as_char() == '$' =>
            {
                let (separator, op, end) = repetition(pattern, i + 2)?;
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut rounds: Vec<Bindings> = Vec::new();
                loop {
                    let mut from = at;
                    if let Some(separator) = separator
                        && !rounds.is_empty()
                    {
                        if punct(input.get(from)) != Some(separator) {
                            break;
                        }
                        from += 1;
                    }
                    let mut round = Bindings::new();
                    let Some(taken) = matches(&inner, &input[from..], &mut round) else {
                        break;
                    };
                    if from + taken == at {
                        break;
                    }
                    at = from + taken;
                    rounds.push(round);
                    if op == '?' {
                        break;
                    }
                }
                if op == '+' && rounds.is_empty() {
                    return None;
                }
                let mut names = HashSet::new();
                metavariables(&inner, &mut names);
                for name in names {
                    bindings.insert(name, Bound::Many(rounds.clone()));
                }
                i = end;
            }
            (TokenTree::Group(group), _) => {
                let Some(TokenTree::Group(found)) = input.get(at) else {
                    return None;
                };
                if found.delimiter() != group.delimiter() {
                    return None;
                }
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let given: Vec<TokenTree> = found.stream().into_iter().collect();
                if matches(&inner, &given, bindings)? != given.len() {
                    return None;
                }
                at += 1;
                i += 1;
            }
            (literal, _) => {
                let found = input.get(at)?;
                if matches!(found, TokenTree::Group(_)) || found.to_string() != literal.to_string()
                {
                    return None;
                }
                at += 1;
                i += 1;
            }
        }
    }
    Some(at)
}

/// The names that a pattern binds.
fn metavariables(pattern: &[TokenTree], names: &mut HashSet<String>) {
    for (i, tree) in pattern.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                metavariables(&inner, names);
            }
            TokenTree::Ident(name)
                if i > 0
                    && punct(pattern.get(i - 1)) == Some('$')
                    && punct(pattern.get(i + 1)) == Some(':') =>
            {
                names.insert(name.to_string());
            }
            _ => {}
        }
    }
}

/// What a fragment takes from the front of the input, and how many trees that is.
fn fragment(kind: &str, input: &[TokenTree]) -> Option<(TokenStream, usize)> {
    if kind == "tt" {
        return Some((input.first()?.clone().into(), 1));
    }
    let parse = |stream: ParseStream<'_>| -> syn::Result<(TokenStream, TokenStream)> {
        let tokens = match kind {
            "expr" | "expr_2021" => guarded(stream.parse()?).into_token_stream(),
            "ident" => stream
                .call(syn::ext::IdentExt::parse_any)
                .map(|ident: Ident| ident.into_token_stream())?,
            "ty" => stream.parse::<syn::Type>()?.into_token_stream(),
            "path" => stream.parse::<syn::Path>()?.into_token_stream(),
            "pat" => Pat::parse_multi(stream)?.into_token_stream(),
            "pat_param" => Pat::parse_single(stream)?.into_token_stream(),
            "literal" => stream.parse::<syn::Lit>()?.into_token_stream(),
            "lifetime" => stream.parse::<syn::Lifetime>()?.into_token_stream(),
            "block" => stream.parse::<syn::Block>()?.into_token_stream(),
            _ => return Err(stream.error("not known")),
        };
        Ok((tokens, stream.parse()?))
    };
    let given: TokenStream = input.iter().cloned().collect();
    let (tokens, rest) = parse.parse2(given).ok()?;
    Some((tokens, input.len().checked_sub(rest.into_iter().count())?))
}

/// An argument as the one expression that it is, wherever it is put.
fn guarded(expr: Expr) -> Expr {
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

/// The template with its metavariables replaced and its own identifiers marked.
fn transcribe(template: &TokenStream, bindings: &Bindings, span: Span) -> Option<TokenStream> {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    let mut out = TokenStream::new();
    let mut i = 0;
    while i < trees.len() {
        match (&trees[i], trees.get(i + 1)) {
            (TokenTree::Punct(dollar), Some(TokenTree::Ident(name))) if dollar.as_char() == '$' => {
                if name == "crate" {
                    out.extend([TokenTree::Ident(Ident::new("crate", span))]);
                } else {
                    let Bound::One(tokens) = bindings.get(&name.to_string())? else {
                        return None;
                    };
                    out.extend(tokens.clone());
                }
                i += 2;
            }
            (TokenTree::Punct(dollar), Some(TokenTree::Group(group)))
                if dollar.as_char() == '$' =>
            {
                let (separator, _, end) = repetition(&trees, i + 2)?;
                let rounds = rounds(&group.stream(), bindings)?;
                for (n, round) in rounds.iter().enumerate() {
                    if n > 0
                        && let Some(separator) = separator
                    {
                        out.extend([TokenTree::Punct(proc_macro2::Punct::new(
                            separator,
                            proc_macro2::Spacing::Alone,
                        ))]);
                    }
                    let mut all = bindings.clone();
                    all.extend(round.clone());
                    out.extend(transcribe(&group.stream(), &all, span)?);
                }
                i = end;
            }
            (TokenTree::Group(group), _) => {
                let mut inner = Group::new(
                    group.delimiter(),
                    transcribe(&group.stream(), bindings, span)?,
                );
                inner.set_span(span);
                out.extend([TokenTree::Group(inner)]);
                i += 1;
            }
            (TokenTree::Ident(ident), _) => {
                let name = ident.to_string();
                let after_quote = i > 0 && punct(trees.get(i - 1)) == Some('\'');
                let markable = name.starts_with(|c: char| c.is_lowercase() || c == '_')
                    && name != "_"
                    && !after_quote
                    && syn::parse_str::<Ident>(&name).is_ok();
                let name = if markable {
                    format!("{name}{MARK}")
                } else {
                    name
                };
                let new = match name.strip_prefix("r#") {
                    Some(raw) => Ident::new_raw(raw, span),
                    None => Ident::new(&name, span),
                };
                out.extend([TokenTree::Ident(new)]);
                i += 1;
            }
            (tree, _) => {
                let mut tree = tree.clone();
                tree.set_span(span);
                out.extend([tree]);
                i += 1;
            }
        }
    }
    Some(out)
}

/// The rounds of a repetition: those of a metavariable in it.
fn rounds(template: &TokenStream, bindings: &Bindings) -> Option<Vec<Bindings>> {
    let trees: Vec<TokenTree> = template.clone().into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        let found = match tree {
            TokenTree::Group(group) => rounds(&group.stream(), bindings),
            TokenTree::Ident(name) if i > 0 && punct(trees.get(i - 1)) == Some('$') => {
                match bindings.get(&name.to_string()) {
                    Some(Bound::Many(rounds)) => Some(rounds.clone()),
                    _ => None,
                }
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
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
pub(super) fn bound(sig: &syn::Signature, block: &syn::Block) -> HashMap<String, usize> {
    #[derive(Default)]
    struct Names(HashMap<String, usize>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            *self.0.entry(pat.ident.to_string()).or_default() += 1;
            visit::visit_pat_ident(self, pat);
        }
        fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
        fn visit_macro(&mut self, mac: &'ast syn::Macro) {
            // What a macro's tokens bind is not known: none of its variables may be meant.
            if crate::syntax::takes_expressions(mac) {
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
    let mut names = Names::default();
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
                let rules = item
                    .attrs
                    .is_empty()
                    .then(|| Rules::of(&item.mac.tokens, true));
                self.0.push((name.to_string(), rules.flatten()));
            }
        }
    }
    let mut definitions = Definitions::default();
    definitions.visit_block(block);
    definitions.0
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
