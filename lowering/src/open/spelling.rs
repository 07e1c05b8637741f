//! How the compiler spells code in messages: what `assert!` says of its condition, and what `stringify!` gives.
//!
//! A condition that awaits is taken out of its `assert!`, and what that says when it fails must stay the same, line breaks included. So this
//! follows the compiler's printer: boxes within boxes, broken at blanks only where a line would get too long (Oppen, "Prettyprinting", 1980).
//! What it does not know gives no text, and the caller refuses the function.

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{Expr, GenericArgument, Pat, Type};

/// The length of a line.
const MARGIN: isize = 78;

/// However deep the indentation, a line has so much room.
const ROOM: isize = 60;

/// By how much the content of an expression is indented.
const INDENT: isize = 4;

enum Piece {
    Text(String),
    /// A blank, or a new line.
    Blank,
    Begin(isize),
    End,
}

/// A condition as the compiler spells it.
pub(super) fn expression(expr: &Expr) -> Option<String> {
    let mut out = Pieces(Vec::new());
    out.expr(expr)?;
    Some(print(&out.0))
}

/// Some tokens of the source as `stringify!` spells them.
pub(super) fn tokens(given: &[TokenTree]) -> Option<String> {
    let mut out = Pieces(Vec::new());
    out.trees(given)?;
    Some(print(&out.0))
}

struct Pieces(Vec<Piece>);

impl Pieces {
    fn text(&mut self, text: &str) {
        self.0.push(Piece::Text(text.to_owned()));
    }

    fn within(
        &mut self,
        indent: isize,
        inside: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.0.push(Piece::Begin(indent));
        inside(self)?;
        self.0.push(Piece::End);
        Some(())
    }

    fn list<'a, T: 'a>(
        &mut self,
        items: impl IntoIterator<Item = &'a T>,
        mut each: impl FnMut(&mut Self, &'a T) -> Option<()>,
    ) -> Option<()> {
        self.within(0, |this| {
            for (i, item) in items.into_iter().enumerate() {
                if i > 0 {
                    this.text(",");
                    this.0.push(Piece::Blank);
                }
                each(this, item)?;
            }
            Some(())
        })
    }

    fn exprs<'a>(
        &mut self,
        open: &str,
        items: impl IntoIterator<Item = &'a Expr>,
        close: &str,
    ) -> Option<()> {
        self.text(open);
        self.list(items, Self::expr)?;
        self.text(close);
        Some(())
    }

    fn expr(&mut self, expr: &Expr) -> Option<()> {
        self.within(INDENT, |this| this.inside(expr))
    }

    fn inside(&mut self, expr: &Expr) -> Option<()> {
        if !crate::conditional::attributes_of(expr).is_empty() {
            return None;
        }
        match expr {
            Expr::Path(path) if path.qself.is_none() => self.path(&path.path),
            Expr::Lit(lit) => {
                let text = lit.lit.to_token_stream().to_string();
                let plain = !text.contains('\n');
                plain.then(|| self.text(&text))
            }
            Expr::Paren(inner) => {
                self.text("(");
                self.expr(&inner.expr)?;
                self.text(")");
                Some(())
            }
            Expr::Call(call) => {
                let plain = matches!(*call.func, Expr::Path(_) | Expr::Paren(_) | Expr::Call(_));
                plain.then_some(())?;
                self.expr(&call.func)?;
                self.exprs("(", &call.args, ")")
            }
            Expr::MethodCall(call) => {
                self.expr(&call.receiver)?;
                self.text(".");
                self.text(&call.method.to_string());
                if let Some(turbofish) = &call.turbofish {
                    self.text("::");
                    self.generics(turbofish)?;
                }
                self.exprs("(", &call.args, ")")
            }
            Expr::Await(inner) => {
                self.expr(&inner.base)?;
                self.text(".await");
                Some(())
            }
            Expr::Try(inner) => {
                self.expr(&inner.expr)?;
                self.text("?");
                Some(())
            }
            Expr::Field(field) => {
                self.expr(&field.base)?;
                self.text(".");
                self.text(&field.member.to_token_stream().to_string());
                Some(())
            }
            Expr::Index(index) => {
                self.expr(&index.expr)?;
                self.text("[");
                self.expr(&index.index)?;
                self.text("]");
                Some(())
            }
            Expr::Unary(unary) => {
                self.text(&unary.op.to_token_stream().to_string());
                self.expr(&unary.expr)
            }
            Expr::Reference(reference) => {
                self.text(if reference.mutability.is_some() {
                    "&mut "
                } else {
                    "&"
                });
                self.expr(&reference.expr)
            }
            Expr::Binary(binary) => {
                self.expr(&binary.left)?;
                self.0.push(Piece::Blank);
                self.text(&binary.op.to_token_stream().to_string());
                self.0.push(Piece::Blank);
                self.expr(&binary.right)
            }
            Expr::Cast(cast) => {
                self.expr(&cast.expr)?;
                self.0.push(Piece::Blank);
                self.text("as");
                self.0.push(Piece::Blank);
                self.ty(&cast.ty)
            }
            Expr::Tuple(tuple) => {
                let close = if tuple.elems.len() == 1 { ",)" } else { ")" };
                self.exprs("(", &tuple.elems, close)
            }
            Expr::Array(array) => self.within(INDENT, |this| this.exprs("[", &array.elems, "]")),
            Expr::Range(range) => {
                if let Some(start) = &range.start {
                    self.expr(start)?;
                }
                self.text(&range.limits.to_token_stream().to_string());
                match &range.end {
                    Some(end) => self.expr(end),
                    None => Some(()),
                }
            }
            Expr::Closure(closure) => self.closure(closure),
            Expr::Macro(mac) => self.mac(&mac.mac),
            _ => None,
        }
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> Option<()> {
        let plain = closure.lifetimes.is_none()
            && closure.constness.is_none()
            && closure.asyncness.is_none()
            && matches!(closure.output, syn::ReturnType::Default);
        plain.then_some(())?;
        if closure.capture.is_some() {
            self.text("move");
            self.0.push(Piece::Blank);
        }
        self.text("|");
        self.list(&closure.inputs, |this, pat| {
            this.within(INDENT, |this| this.pat(pat))
        })?;
        self.text("|");
        self.0.push(Piece::Blank);
        self.expr(&closure.body)
    }

    fn pat(&mut self, pat: &Pat) -> Option<()> {
        match pat {
            Pat::Wild(_) => self.text("_"),
            Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                if pat.mutability.is_some() {
                    self.text("mut ");
                }
                self.text(&pat.ident.to_string());
            }
            Pat::Tuple(pat) => {
                self.text("(");
                self.list(&pat.elems, Self::pat)?;
                self.text(if pat.elems.len() == 1 { ",)" } else { ")" });
            }
            Pat::TupleStruct(pat) if pat.qself.is_none() => {
                self.path(&pat.path)?;
                self.text("(");
                self.list(&pat.elems, Self::pat)?;
                self.text(")");
            }
            Pat::Reference(pat) if pat.mutability.is_none() => {
                self.text("&");
                self.pat(&pat.pat)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn path(&mut self, path: &syn::Path) -> Option<()> {
        if path.leading_colon.is_some() {
            self.text("::");
        }
        for (i, segment) in path.segments.iter().enumerate() {
            if i > 0 {
                self.text("::");
            }
            self.text(&segment.ident.to_string());
            match &segment.arguments {
                syn::PathArguments::None => {}
                syn::PathArguments::AngleBracketed(args) => {
                    if args.colon2_token.is_some() {
                        self.text("::");
                    }
                    self.generics(args)?;
                }
                syn::PathArguments::Parenthesized(_) => return None,
            }
        }
        Some(())
    }

    fn generics(&mut self, args: &syn::AngleBracketedGenericArguments) -> Option<()> {
        self.text("<");
        self.list(&args.args, |this, arg| match arg {
            GenericArgument::Type(ty) => this.ty(ty),
            GenericArgument::Lifetime(lifetime) => {
                this.text(&lifetime.to_string());
                Some(())
            }
            _ => None,
        })?;
        self.text(">");
        Some(())
    }

    fn ty(&mut self, ty: &Type) -> Option<()> {
        self.within(0, |this| match ty {
            Type::Path(path) if path.qself.is_none() => this.path(&path.path),
            Type::Infer(_) => {
                this.text("_");
                Some(())
            }
            Type::Reference(reference) => {
                this.text("&");
                if let Some(lifetime) = &reference.lifetime {
                    this.text(&format!("{lifetime} "));
                }
                if reference.mutability.is_some() {
                    this.text("mut ");
                }
                this.ty(&reference.elem)
            }
            Type::Tuple(tuple) => {
                this.text("(");
                this.list(&tuple.elems, Self::ty)?;
                this.text(if tuple.elems.len() == 1 { ",)" } else { ")" });
                Some(())
            }
            _ => None,
        })
    }

    /// Of a macro's arguments the tokens are spelled as they stand in the source.
    fn mac(&mut self, mac: &syn::Macro) -> Option<()> {
        let path = mac.path.to_token_stream().to_string().replace(' ', "");
        self.text(&format!("{path}!"));
        let (open, close) = match mac.delimiter {
            syn::MacroDelimiter::Paren(_) => ("(", ")"),
            syn::MacroDelimiter::Bracket(_) => ("[", "]"),
            syn::MacroDelimiter::Brace(_) => return None,
        };
        self.text(open);
        let given: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
        self.within(0, |this| this.trees(&given))?;
        self.text(close);
        Some(())
    }

    /// Tokens with a blank between them where the source has one, but for those that nobody would write.
    fn trees(&mut self, given: &[TokenTree]) -> Option<()> {
        for (i, tree) in given.iter().enumerate() {
            if let Some(before) = i.checked_sub(1).map(|before| &given[before])
                && apart(before, tree)?
                && !close(before, tree)
            {
                self.0.push(Piece::Blank);
            }
            match tree {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                        proc_macro2::Delimiter::Bracket => ("[", "]"),
                        _ => return None,
                    };
                    self.text(open);
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.within(0, |this| this.trees(&inner))?;
                    self.text(close);
                }
                tree => {
                    let text = tree.to_string();
                    if text.contains('\n') {
                        return None;
                    }
                    self.text(&text);
                }
            }
        }
        Some(())
    }
}

/// Whether something stands between two tokens of the source, a comment or a blank: none when that is not known.
fn apart(one: &TokenTree, other: &TokenTree) -> Option<bool> {
    // In a macro the compiler says of no span where its bytes are, but where its lines are.
    let (end, start) = (one.span().end(), other.span().start());
    let known = end.line > 0 && start.line > 0 && end <= start;
    known.then_some(end < start)
}

/// Whether the compiler leaves no blank between two tokens that stand apart.
fn close(one: &TokenTree, other: &TokenTree) -> bool {
    let is_punct = |tree: &TokenTree| matches!(tree, TokenTree::Punct(_));
    match (one, other) {
        (TokenTree::Punct(dot), other) if dot.as_char() == '.' => !is_punct(other),
        (one, TokenTree::Punct(end)) if matches!(end.as_char(), ',' | ';' | '.') => !is_punct(one),
        (TokenTree::Ident(name), TokenTree::Group(group)) => {
            let call = group.delimiter() == proc_macro2::Delimiter::Parenthesis;
            call && syn::parse_str::<syn::Ident>(&name.to_string()).is_ok()
        }
        _ => false,
    }
}

/// The distance from each piece to the next place where a line may break: for a box that is behind it.
fn sizes(pieces: &[Piece]) -> Vec<isize> {
    let mut sizes = vec![0; pieces.len()];
    let mut open: Vec<usize> = Vec::new();
    let mut total = 0;
    let settle = |open: &mut Vec<usize>, sizes: &mut Vec<isize>, total: isize| {
        let mut depth = 0;
        while let Some(&top) = open.last() {
            match pieces[top] {
                Piece::Begin(_) if depth == 0 => break,
                Piece::Begin(_) => {
                    depth -= 1;
                    sizes[top] += total;
                    open.pop();
                }
                Piece::End => {
                    depth += 1;
                    open.pop();
                }
                _ => {
                    sizes[top] += total;
                    open.pop();
                    if depth == 0 {
                        break;
                    }
                }
            }
        }
    };
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => total += text.len() as isize,
            Piece::Begin(_) => {
                sizes[i] = -total;
                open.push(i);
            }
            Piece::End => open.push(i),
            Piece::Blank => {
                settle(&mut open, &mut sizes, total);
                sizes[i] = -total;
                open.push(i);
                total += 1;
            }
        }
    }
    settle(&mut open, &mut sizes, total);
    sizes
}

fn print(pieces: &[Piece]) -> String {
    let sizes = sizes(pieces);
    let mut out = String::new();
    let (mut room, mut indent) = (MARGIN, 0);
    // Of each box around, the indentation outside of it when it is broken.
    let mut around: Vec<Option<isize>> = Vec::new();
    for (piece, size) in pieces.iter().zip(sizes) {
        match piece {
            Piece::Text(text) => {
                room -= text.len() as isize;
                out.push_str(text);
            }
            Piece::Begin(by) if size > room => {
                around.push(Some(indent));
                indent += by;
            }
            Piece::Begin(_) => around.push(None),
            Piece::End => {
                if let Some(Some(outside)) = around.pop() {
                    indent = outside;
                }
            }
            Piece::Blank => {
                let fits = matches!(around.last(), Some(None)) || size <= room;
                if fits {
                    out.push(' ');
                    room -= 1;
                } else {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(' ', indent as usize));
                    room = ROOM.max(MARGIN - indent);
                }
            }
        }
    }
    out
}
