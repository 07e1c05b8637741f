//! Printed text whose tokens know where in the source they came from.
//!
//! Tokens keep their spans through all passes, but a printer gives bare text. Here the text is lexed again, and its tokens are matched
//! with those that were printed. The two sequences differ only in what the printer adds or leaves out: commas, braces, parentheses.

use super::calls::{self, BANG};
use crate::lex::{Kind, Token, lex};
use crate::text::Text;
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use std::ops::Range;
use syn::visit_mut::{self, VisitMut};

/// A printed text.
pub(super) struct Printed<'a> {
    pub(super) text: Text<'a>,
    /// Without blanks.
    pub(super) tokens: Vec<Token>,
    /// The byte of the source where each token stands.
    pub(super) origins: Vec<Option<usize>>,
    /// For an opening token its closing one, and the other way round; for others themselves.
    pub(super) partner: Vec<usize>,
    /// The opening token of the group around each token.
    parent: Vec<Option<usize>>,
    /// Which tokens are the first of a line.
    begins: Vec<bool>,
    /// For the opening tokens of blocks of statements the first tokens of these.
    blocks: Vec<Option<Vec<usize>>>,
    /// Tokens of types that were declared for what is stored: they repeat what stands elsewhere.
    declarations: Vec<Range<usize>>,
}

impl<'a> Printed<'a> {
    /// `tokens` is what was printed as `text`, from [`tokens`]; of the source, only bytes in `within` are of interest.
    pub(super) fn new(
        text: &'a str,
        tokens: TokenStream,
        source: &Text<'_>,
        within: &Range<usize>,
    ) -> Self {
        let mut leaves = Vec::new();
        flatten(tokens, None, &mut leaves);
        let tokens: Vec<Token> = lex(text)
            .filter(|token| token.kind != Kind::Blank)
            .collect();
        let matched = align(&leaves, &tokens, text);
        // Braces that the printer added stand around statements.
        let is_block = |token: usize| {
            &text[tokens[token].bytes.clone()] == "{"
                && matched[token].is_none_or(|leaf| matches!(leaves[leaf], Leaf::Open(.., true)))
        };
        let blocks: Vec<usize> = (0..tokens.len()).filter(|&token| is_block(token)).collect();
        let origins = matched
            .into_iter()
            .map(|leaf| leaf.and_then(|leaf| origin(&leaves[leaf], source, within)))
            .collect();
        let (partner, parent) = groups(&tokens);
        let begins = (0..tokens.len()).map(|token| {
            let before = token.checked_sub(1).map(|before| tokens[before].bytes.end);
            before.is_none_or(|end| text[end..tokens[token].bytes.start].contains('\n'))
        });
        let begins = begins.collect();
        let mut printed = Printed {
            text: Text::new(text),
            blocks: vec![None; tokens.len()],
            tokens,
            origins,
            partner,
            parent,
            begins,
            declarations: Vec::new(),
        };
        for block in blocks {
            printed.blocks[block] = Some(printed.find_statements(block));
        }
        printed.declarations = printed.find_declarations();
        printed
    }

    /// The enums, structs and unions that were made up.
    fn find_declarations(&self) -> Vec<Range<usize>> {
        let keywords = (0..self.tokens.len()).filter(|&token| {
            self.origins[token].is_none()
                && matches!(self.word(token), "enum" | "struct" | "union")
                && self
                    .tokens
                    .get(token + 1)
                    .is_some_and(|name| name.kind == Kind::Word)
        });
        let declaration = |keyword: usize| {
            let mut head = keyword..self.tokens.len();
            let end = head.find(|&token| matches!(self.word(token), "{" | "(" | ";"))?;
            (self.word(end) == "{").then(|| keyword..self.partner[end] + 1)
        };
        keywords.filter_map(declaration).collect()
    }

    /// Whether a token belongs to code, not to a declaration that was made up.
    pub(super) fn is_code(&self, token: usize) -> bool {
        let after = self
            .declarations
            .partition_point(|tokens| tokens.start <= token);
        after == 0 || self.declarations[after - 1].end <= token
    }

    pub(super) fn word(&self, token: usize) -> &'a str {
        &self.text.text[self.tokens[token].bytes.clone()]
    }

    pub(super) fn begins_line(&self, token: usize) -> bool {
        self.begins[token]
    }

    pub(super) fn is_block(&self, token: usize) -> bool {
        self.blocks[token].is_some()
    }

    /// The block that begins first.
    pub(super) fn first_block(&self) -> Option<usize> {
        self.blocks.iter().position(Option::is_some)
    }

    /// The block that holds a token's statement, as its opening token, and the first token of the statement.
    pub(super) fn statement(&self, token: usize) -> Option<(usize, usize)> {
        let mut at = token;
        loop {
            let parent = self.parent[at]?;
            let starts = self.statements(parent);
            let after = starts.partition_point(|start| *start <= at);
            if let Some(before) = after.checked_sub(1) {
                return Some((parent, starts[before]));
            }
            at = parent;
        }
    }

    /// The first tokens of the statements of a block. None of a block on one line.
    pub(super) fn statements(&self, block: usize) -> &[usize] {
        self.blocks[block].as_deref().unwrap_or_default()
    }

    fn find_statements(&self, block: usize) -> Vec<usize> {
        let close = self.partner[block];
        let mut found = Vec::new();
        let mut next = block + 1;
        let (mut pound, mut attribute) = (false, false);
        let indent = (next < close).then(|| self.text.indent(self.tokens[next].bytes.start));
        while next < close {
            let token = next;
            next = self.partner[token].max(token) + 1;
            let starts = self.tokens[token].kind != Kind::Close
                && self.begins_line(token)
                && Some(self.text.indent(self.tokens[token].bytes.start)) == indent;
            // The statement begins with its attributes.
            let follows_attribute = attribute;
            attribute = pound && self.tokens[token].kind == Kind::Open;
            pound = self.word(token) == "#";
            if starts && !follows_attribute {
                found.push(token);
            }
        }
        found
    }

    /// The last token of the statement that begins here.
    pub(super) fn statement_end(&self, block: usize, start: usize) -> usize {
        let starts = self.statements(block);
        let next = starts.partition_point(|other| *other <= start);
        starts.get(next).unwrap_or(&self.partner[block]) - 1
    }
}

/// What marks a block of statements, as its first.
const BLOCK: &str = "block__hr";

/// A file's tokens, with its blocks marked.
pub(super) fn tokens(file: &mut syn::File) -> TokenStream {
    Blocks { mark: true }.visit_file_mut(file);
    let tokens = file.to_token_stream();
    Blocks { mark: false }.visit_file_mut(file);
    tokens
}

/// Puts the marks in, or takes them out. In a macro's arguments there are no blocks.
struct Blocks {
    mark: bool,
}

impl VisitMut for Blocks {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        if !self.mark {
            block.stmts.remove(0);
        }
        visit_mut::visit_block_mut(self, block);
        if self.mark {
            let mark = Ident::new(BLOCK, Span::call_site());
            let mark = syn::Expr::Verbatim(mark.into_token_stream());
            block.stmts.insert(0, syn::Stmt::Expr(mark, None));
        }
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        if !calls::is_hidden(call) {
            visit_mut::visit_expr_call_mut(self, call);
        }
    }
}

/// A token as it was printed.
enum Leaf {
    Word(Ident, Span),
    Lifetime(Ident, Span),
    Literal(String, Span),
    Punct(char, Span),
    /// Whether it begins a block of statements.
    Open(char, Span, bool),
    Close(char, Span),
    /// `#[doc = ".."]`
    Doc(Span),
}

impl Leaf {
    fn is(&self, text: &str, kind: Kind) -> bool {
        let is_char = |c: char| {
            let mut chars = text.chars();
            chars.next() == Some(c) && chars.next().is_none()
        };
        match self {
            Leaf::Word(ident, _) => ident == text,
            Leaf::Lifetime(ident, _) => text.strip_prefix('\'').is_some_and(|name| ident == name),
            Leaf::Literal(literal, _) => literal == text,
            Leaf::Punct(c, _) | Leaf::Open(c, ..) | Leaf::Close(c, _) => is_char(*c),
            Leaf::Doc(_) => kind == Kind::Doc,
        }
    }

    fn span(&self) -> Span {
        match self {
            Leaf::Word(_, span)
            | Leaf::Lifetime(_, span)
            | Leaf::Literal(_, span)
            | Leaf::Punct(_, span)
            | Leaf::Open(_, span, _)
            | Leaf::Close(_, span)
            | Leaf::Doc(span) => *span,
        }
    }
}

/// `around` is the leaf that opens the group around the tokens.
fn flatten(tokens: TokenStream, around: Option<usize>, leaves: &mut Vec<Leaf>) {
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Ident(ident) => {
                let span = ident.span();
                let text = ident.to_string();
                if text == BLOCK {
                    if let Some(Leaf::Open(.., block)) = around.map(|open| &mut leaves[open]) {
                        *block = true;
                    }
                    continue;
                }
                match text.strip_suffix(BANG) {
                    Some(name) => {
                        leaves.push(Leaf::Word(Ident::new(name, span), span));
                        leaves.push(Leaf::Punct('!', Span::call_site()));
                    }
                    None => leaves.push(Leaf::Word(ident, span)),
                }
            }
            TokenTree::Literal(literal) => {
                leaves.push(Leaf::Literal(literal.to_string(), literal.span()));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = trees.next() {
                    leaves.push(Leaf::Lifetime(name, punct.span()));
                }
            }
            TokenTree::Punct(punct) => {
                if punct.as_char() == '#'
                    && matches!(trees.peek(), Some(TokenTree::Group(group)) if is_doc(group))
                {
                    trees.next();
                    leaves.push(Leaf::Doc(punct.span()));
                    continue;
                }
                leaves.push(Leaf::Punct(punct.as_char(), punct.span()));
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => {
                        flatten(group.stream(), around, leaves);
                        continue;
                    }
                };
                let around = Some(leaves.len());
                leaves.push(Leaf::Open(open, group.span_open(), false));
                flatten(group.stream(), around, leaves);
                leaves.push(Leaf::Close(close, group.span_close()));
            }
        }
    }
}

fn is_doc(group: &proc_macro2::Group) -> bool {
    let mut inside = group.stream().into_iter();
    matches!(inside.next(), Some(TokenTree::Ident(ident)) if ident == "doc")
        && matches!(inside.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
        && matches!(inside.next(), Some(TokenTree::Literal(_)))
}

/// How far apart two sequences may be before they meet again, and how much must then agree.
const APART: usize = 64;
const AGREE: usize = 3;

/// For each token the leaf that it is.
fn align(leaves: &[Leaf], tokens: &[Token], text: &str) -> Vec<Option<usize>> {
    let is = |leaf: usize, token: usize| {
        let token = &tokens[token];
        leaves[leaf].is(&text[token.bytes.clone()], token.kind)
    };
    let agree = |leaf: usize, token: usize| {
        (0..AGREE).all(
            |i| match (leaf + i < leaves.len(), token + i < tokens.len()) {
                (true, true) => is(leaf + i, token + i),
                (more, others) => more == others,
            },
        )
    };
    let mut matched = vec![None; tokens.len()];
    let (mut leaf, mut token) = (0, 0);
    while leaf < leaves.len() && token < tokens.len() {
        if is(leaf, token) {
            matched[token] = Some(leaf);
            (leaf, token) = (leaf + 1, token + 1);
            continue;
        }
        let skip = (1..APART).find_map(|skip| {
            (0..=skip)
                .map(|leaves| (leaves, skip - leaves))
                .find(|(skipped, others)| {
                    leaf + skipped <= leaves.len()
                        && token + others <= tokens.len()
                        && agree(leaf + skipped, token + others)
                })
        });
        let (skipped, others) = skip.unwrap_or((1, 1));
        (leaf, token) = (leaf + skipped, token + others);
    }
    matched
}

/// Where in the source a token stands, if it was there.
fn origin(leaf: &Leaf, source: &Text<'_>, within: &Range<usize>) -> Option<usize> {
    let span = leaf.span();
    let start = span.start();
    let byte = source.byte(start)?;
    if !within.contains(&byte) {
        return None;
    }
    // What a pass made up has the span of what it stands for, and what it parsed one in a text of its own.
    let rest = &source.text[byte..];
    let same = match leaf {
        Leaf::Word(ident, _) => word_at(rest, ident),
        Leaf::Lifetime(ident, _) => rest.starts_with('\'') && word_at(&rest[1..], ident),
        Leaf::Literal(text, _) => rest.starts_with(text.as_str()),
        Leaf::Punct(c, _) | Leaf::Open(c, ..) | Leaf::Close(c, _) => rest.starts_with(*c),
        Leaf::Doc(_) => rest.starts_with(['/', '#']),
    };
    (same && start != span.end()).then_some(byte)
}

/// Whether the source has this word here; with `done` the code after an `await` begins.
fn word_at(rest: &str, ident: &Ident) -> bool {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '#'));
    let word = &rest[..end.unwrap_or(rest.len())];
    ident == word || word == "await" && (ident == "done" || ident == "done_field")
}

/// The partner of each delimiter, and the group around each token.
fn groups(tokens: &[Token]) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut partner: Vec<usize> = (0..tokens.len()).collect();
    let mut parent = vec![None; tokens.len()];
    let mut open = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Close
            && let Some(start) = open.pop()
        {
            (partner[i], partner[start]) = (start, i);
        }
        parent[i] = open.last().copied();
        if token.kind == Kind::Open {
            open.push(i);
        }
    }
    (partner, parent)
}
