//! Printed text whose tokens know where in the source they came from.
//!
//! Tokens keep their spans through all passes, but a printer gives bare text. Here the text is lexed again, and its tokens are matched
//! with those that were printed. The two sequences differ only in what the printer adds or leaves out: commas, braces, parentheses.

use super::calls::BANG;
use crate::lex::{Kind, Token, lex};
use crate::text::Text;
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use std::collections::HashSet;
use std::ops::Range;
use syn::visit::{self, Visit};

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
    /// The opening tokens of blocks of statements.
    blocks: HashSet<usize>,
    /// Tokens of types that were declared for what is stored: they repeat what stands elsewhere.
    declarations: Vec<Range<usize>>,
}

impl<'a> Printed<'a> {
    /// `tokens` is what was printed as `text`; of the source, only bytes in `within` are of interest.
    pub(super) fn new(
        text: &'a str,
        tokens: TokenStream,
        source: &Text<'_>,
        within: &Range<usize>,
    ) -> Self {
        let mut leaves = Vec::new();
        flatten(tokens, &mut leaves);
        let tokens: Vec<Token> = lex(text)
            .filter(|token| token.kind != Kind::Blank)
            .collect();
        let matched = align(&leaves, &tokens, text);
        let origins = matched
            .into_iter()
            .map(|leaf| leaf.and_then(|leaf| origin(&leaves[leaf], source, within)))
            .collect();
        let (partner, parent) = groups(&tokens);
        let mut printed = Printed {
            text: Text::new(text),
            tokens,
            origins,
            partner,
            parent,
            blocks: HashSet::new(),
            declarations: Vec::new(),
        };
        printed.find_structure();
        printed
    }

    /// What only a parser tells: which braces hold statements, and what is a declaration.
    fn find_structure(&mut self) {
        let Ok(file) = syn::parse_file(self.text.text) else {
            return;
        };
        let mut structure = Structure::default();
        structure.visit_file(&file);
        let at = |span: Span| self.token_at(self.text.byte(span.start())?);
        let blocks = structure.blocks.into_iter().filter_map(at).collect();
        let declarations = structure
            .declarations
            .into_iter()
            .filter_map(|(keyword, end)| Some(at(keyword)?..at(end)? + 1))
            .filter(|tokens| self.origins[tokens.start].is_none())
            .collect();
        (self.blocks, self.declarations) = (blocks, declarations);
    }

    /// The token that begins at this byte of the text.
    fn token_at(&self, byte: usize) -> Option<usize> {
        self.tokens
            .binary_search_by_key(&byte, |token| token.bytes.start)
            .ok()
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
        self.text.begins_line(self.tokens[token].bytes.start)
    }

    pub(super) fn is_block(&self, token: usize) -> bool {
        self.blocks.contains(&token)
    }

    /// The block that begins first.
    pub(super) fn first_block(&self) -> Option<usize> {
        self.blocks.iter().copied().min()
    }

    /// The block that holds a token's statement, as its opening token, and the first token of the statement.
    pub(super) fn statement(&self, token: usize) -> Option<(usize, usize)> {
        let mut at = token;
        loop {
            let parent = self.parent[at]?;
            if self.is_block(parent) {
                let start = self
                    .statements(parent)
                    .take_while(|start| *start <= at)
                    .last();
                if let Some(start) = start {
                    return Some((parent, start));
                }
            }
            at = parent;
        }
    }

    /// The first tokens of the statements of a block. None of a block on one line.
    pub(super) fn statements(&self, block: usize) -> impl Iterator<Item = usize> {
        let close = self.partner[block];
        let mut next = block + 1;
        let (mut pound, mut attribute) = (false, false);
        let indent = (next < close).then(|| self.text.indent(self.tokens[next].bytes.start));
        std::iter::from_fn(move || {
            while next < close {
                let token = next;
                next = self.partner[token].max(token) + 1;
                let bytes = &self.tokens[token].bytes;
                let starts = self.tokens[token].kind != Kind::Close
                    && self.begins_line(token)
                    && Some(self.text.indent(bytes.start)) == indent;
                // The statement begins with its attributes.
                let follows_attribute = attribute;
                attribute = pound && self.tokens[token].kind == Kind::Open;
                pound = self.word(token) == "#";
                if starts && !follows_attribute {
                    return Some(token);
                }
            }
            None
        })
    }

    /// The last token of the statement that begins here.
    pub(super) fn statement_end(&self, block: usize, start: usize) -> usize {
        let next = self.statements(block).find(|other| *other > start);
        next.unwrap_or(self.partner[block]) - 1
    }
}

#[derive(Default)]
struct Structure {
    blocks: Vec<Span>,
    declarations: Vec<(Span, Span)>,
}

impl<'ast> Visit<'ast> for Structure {
    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.blocks.push(block.brace_token.span.open());
        visit::visit_block(self, block);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let end = item.brace_token.span.close();
        self.declarations.push((item.enum_token.span, end));
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if let syn::Fields::Named(fields) = &item.fields {
            let end = fields.brace_token.span.close();
            self.declarations.push((item.struct_token.span, end));
        }
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        let end = item.fields.brace_token.span.close();
        self.declarations.push((item.union_token.span, end));
    }
}

/// A token as it was printed.
enum Leaf {
    Word(Ident, Span),
    Lifetime(Ident, Span),
    Literal(String, Span),
    Punct(char, Span),
    Open(char, Span),
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
            Leaf::Punct(c, _) | Leaf::Open(c, _) | Leaf::Close(c, _) => is_char(*c),
            Leaf::Doc(_) => kind == Kind::Doc,
        }
    }

    fn span(&self) -> Span {
        match self {
            Leaf::Word(_, span)
            | Leaf::Lifetime(_, span)
            | Leaf::Literal(_, span)
            | Leaf::Punct(_, span)
            | Leaf::Open(_, span)
            | Leaf::Close(_, span)
            | Leaf::Doc(span) => *span,
        }
    }
}

fn flatten(tokens: TokenStream, leaves: &mut Vec<Leaf>) {
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Ident(ident) => {
                let span = ident.span();
                let text = ident.to_string();
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
                        flatten(group.stream(), leaves);
                        continue;
                    }
                };
                leaves.push(Leaf::Open(open, group.span_open()));
                flatten(group.stream(), leaves);
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
        Leaf::Punct(c, _) | Leaf::Open(c, _) | Leaf::Close(c, _) => rest.starts_with(*c),
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
