//! Names that carry an identity: after `resolve`, each mention of a local is an identifier of its own.
//!
//! `x` becomes `x__hr3_17`: local 3, mention 17. So later passes need no scopes, and each can speak of one mention. The last
//! pass takes the marks away again. Names with this mark in the source are refused.

use crate::syntax::bare;
use proc_macro2::{Group, Ident, Literal, Span, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use syn::Expr;

/// A local's index in [`crate::resolve::Resolved::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LocalId(pub(crate) usize);

/// One mention of a local in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mention(pub(crate) usize);

const MARK: &str = "__hr";

/// The marked identifier.
pub(crate) fn mark(base: &str, local: LocalId, mention: Mention, span: Span) -> Ident {
    let base = base.strip_prefix("r#").unwrap_or(base);
    Ident::new(&format!("{base}{MARK}{}_{}", local.0, mention.0), span)
}

/// What a marked identifier stands for.
pub(crate) fn unmark(ident: &str) -> Option<(LocalId, Mention)> {
    // Most names of a program end so that no search is needed.
    if !ident.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    // Short texts: a search that prepares itself first takes longer.
    let mut windows = ident.as_bytes().windows(MARK.len());
    let at = windows.rposition(|window| window == MARK.as_bytes())?;
    let (local, mention) = ident[at + MARK.len()..].split_once('_')?;
    Some((LocalId(local.parse().ok()?), Mention(mention.parse().ok()?)))
}

/// The name in the source of a marked identifier.
pub(crate) fn source_name(ident: &str) -> Option<&str> {
    unmark(ident)?;
    ident.rfind(MARK).map(|at| &ident[..at])
}

/// A text with marked names as a reader wants them: `x`, or `x#3` where several locals have that name.
pub(crate) fn readable(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = || text.split_inclusive(|c| !is_word(c));
    let mut locals: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let parts = |word: &'_ str| -> Option<(usize, LocalId)> {
        let (local, _) = unmark(word)?;
        Some((word.rfind(MARK)?, local))
    };
    for word in words() {
        let word = word.trim_end_matches(|c| !is_word(c));
        if let Some((end, local)) = parts(word) {
            locals.entry(&word[..end]).or_default().insert(local.0);
        }
    }
    let mut out = String::with_capacity(text.len());
    for piece in words() {
        let word = piece.trim_end_matches(|c| !is_word(c));
        match parts(word) {
            Some((end, local)) => {
                out.push_str(&word[..end]);
                if locals[&word[..end]].len() > 1 {
                    out.push_str(&format!("#{}", local.0));
                }
            }
            // Labels and the runtime's name carry the mark alone.
            None => out.push_str(&word.replace(MARK, "")),
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// The name that a marked identifier has in the source.
pub(crate) fn plain(ident: &Ident) -> Option<Ident> {
    let text = ident.to_string();
    unmark(&text)?;
    let name = &text[..text.rfind(MARK)?];
    let plain =
        syn::parse_str::<Ident>(name).unwrap_or_else(|_| Ident::new_raw(name, ident.span()));
    Some(match plain.to_string().strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, ident.span()),
        None => Ident::new(name, ident.span()),
    })
}

/// What an identifier stands for, if it is a marked one.
pub(crate) fn mention(ident: &Ident) -> Option<(LocalId, Mention)> {
    with_text(ident, unmark)
}

/// The local that an identifier stands for, if it stands for one.
pub(crate) fn local(ident: &Ident) -> Option<LocalId> {
    mention(ident).map(|(local, _)| local)
}

/// The local at the root of a place, and whether the place is that local itself.
pub(crate) fn as_root(place: &Expr) -> Option<(&Ident, bool)> {
    match bare(place) {
        Expr::Path(path) => path
            .path
            .get_ident()
            .filter(|ident| local(ident).is_some())
            .map(|ident| (ident, true)),
        Expr::Field(field) => as_root(&field.base).map(|(ident, _)| (ident, false)),
        Expr::Index(index) => as_root(&index.expr).map(|(ident, _)| (ident, false)),
        Expr::Unary(unary) => as_root(&unary.expr).map(|(ident, _)| (ident, false)),
        _ => None,
    }
}

/// Looks at an identifier's text. Every pass does that with every identifier, so a short one takes no place on the heap.
pub(crate) fn with_text<R>(ident: &Ident, look: impl FnOnce(&str) -> R) -> R {
    struct Short {
        bytes: [u8; 64],
        len: usize,
    }
    impl fmt::Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = self.len + text.len();
            let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
            place.copy_from_slice(text.as_bytes());
            self.len = end;
            Ok(())
        }
    }
    let mut short = Short {
        bytes: [0; 64],
        len: 0,
    };
    if fmt::Write::write_fmt(&mut short, format_args!("{ident}")).is_ok()
        && let Ok(text) = std::str::from_utf8(&short.bytes[..short.len])
    {
        return look(text);
    }
    look(&ident.to_string())
}

/// Whether a source name looks like a mark.
pub(crate) fn is_reserved(ident: &str) -> bool {
    ident.contains(MARK)
}

/// Goes through the identifiers of a token stream, and the names captured in format strings.
pub(crate) fn each_name(tokens: TokenStream, each: &mut impl FnMut(&str)) {
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => each_name(group.stream(), each),
            TokenTree::Ident(ident) => with_text(&ident, &mut *each),
            TokenTree::Literal(literal) => {
                map_captures(&literal, &mut |name| {
                    each(name);
                    None
                });
            }
            TokenTree::Punct(_) => {}
        }
    }
}

/// Replaces identifiers (and the names captured in format strings) of a token stream.
pub(crate) fn map_tokens(
    tokens: TokenStream,
    map: &mut impl FnMut(&Ident, Around) -> Option<TokenStream>,
    literal: &mut impl FnMut(&Literal) -> Option<Literal>,
) -> TokenStream {
    let trees = tokens.into_iter().collect();
    map_trees(trees, map, literal).0.into_iter().collect()
}

/// The same, and whether anything was replaced. In a macro every token that goes out of a stream or into one is a call into the
/// compiler, so a group in which nothing was stays as it is.
fn map_trees(
    trees: Vec<TokenTree>,
    map: &mut impl FnMut(&Ident, Around) -> Option<TokenStream>,
    literal: &mut impl FnMut(&Literal) -> Option<Literal>,
) -> (Vec<TokenTree>, bool) {
    let mut out = Vec::with_capacity(trees.len());
    let mut replaced = false;
    let puncts: Vec<Option<char>> = trees
        .iter()
        .map(|tree| match tree {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        })
        .collect();
    let punct = |i: usize| puncts.get(i).copied().flatten();
    for (i, tree) in trees.into_iter().enumerate() {
        match &tree {
            TokenTree::Group(group) => {
                let inner = group.stream().into_iter().collect();
                let (inner, changed) = map_trees(inner, map, literal);
                if !changed {
                    out.push(tree);
                    continue;
                }
                replaced = true;
                let mut inner = Group::new(group.delimiter(), inner.into_iter().collect());
                inner.set_span(group.span());
                out.push(TokenTree::Group(inner));
            }
            TokenTree::Ident(ident) => {
                let before = i.checked_sub(1).and_then(punct);
                let before2 = i.checked_sub(2).and_then(punct);
                let (after, after2) = (punct(i + 1), punct(i + 2));
                let around = Around {
                    member: before == Some('.') && before2 != Some('.'),
                    path: before == Some(':') && before2 == Some(':')
                        || after == Some(':') && after2 == Some(':'),
                    lifetime: before == Some('\''),
                    label: after == Some('=')
                        && after2 != Some('=')
                        && (before.is_none() && i == 0 || before == Some(','))
                        || after == Some(':') && after2 != Some(':'),
                };
                match map(ident, around) {
                    Some(tokens) => {
                        replaced = true;
                        out.extend(tokens);
                    }
                    None => out.push(tree),
                }
            }
            TokenTree::Literal(lit) => {
                let new = literal(lit).map(TokenTree::Literal);
                replaced |= new.is_some();
                out.push(new.unwrap_or(tree));
            }
            TokenTree::Punct(_) => out.push(tree),
        }
    }
    (out, replaced)
}

/// What stands around an identifier in a token stream.
#[derive(Clone, Copy)]
pub(crate) struct Around {
    /// `.ident`
    pub(crate) member: bool,
    /// `path::ident` or `ident::path`
    pub(crate) path: bool,
    /// `'ident`
    pub(crate) lifetime: bool,
    /// `ident = ..` as an argument, or `ident: ..`
    pub(crate) label: bool,
}

impl Around {
    /// Whether an identifier here can be a variable.
    pub(crate) fn variable(self) -> bool {
        !self.member && !self.path && !self.lifetime && !self.label
    }
}

/// Replaces the names that a format string captures: `"{x:?}"`, `"{:width$}"`.
pub(crate) fn map_captures(
    literal: &Literal,
    map: &mut impl FnMut(&str) -> Option<String>,
) -> Option<Literal> {
    let text = literal.to_string();
    if !text.ends_with(['"', '#']) || !text.contains('{') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let bytes = text.as_bytes();
    let word = |from: usize| {
        let len = text[from..]
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(text.len() - from);
        &text[from..from + len]
    };
    let mut i = 0;
    let mut inside = false;
    while i < bytes.len() {
        let c = text[i..].chars().next().expect("i is a character boundary");
        if c == '{' && bytes.get(i + 1) == Some(&b'{') && !inside {
            out.push_str("{{");
            i += 2;
            continue;
        }
        let opens = c == '{';
        if opens {
            inside = true;
        } else if c == '}' {
            inside = false;
        }
        out.push(c);
        i += c.len_utf8();
        if !inside {
            continue;
        }
        // After `{` a name ends at `}` or `:`; inside the specification a name ends at `$`.
        let name = word(i);
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || (!opens && text[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            continue;
        }
        let ends = bytes.get(i + name.len()).copied();
        let is_name = if opens {
            matches!(ends, Some(b'}' | b':'))
        } else {
            ends == Some(b'$')
        };
        if is_name && let Some(new) = map(name) {
            out.push_str(&new);
            i += name.len();
            changed = true;
        }
    }
    changed.then(|| out.parse().expect("only names inside braces changed"))
}
