//! Makes the printer's layout more compact: what fits on a line of 100 columns stands on one.
//!
//! prettyplease breaks lines at 89 columns and puts each argument of a broken call on a line of its own, closures too. A machine is
//! nested deeply, so much would be broken that need not be:
//!
//! ```text
//! // Input:
//! rt::Machine::new(
//!     frame,
//!     |frame, cx| {
//!         ..
//!     },
//! )
//! // Output:
//! rt::Machine::new(frame, |frame, cx| {
//!     ..
//! })
//! ```

use crate::lex::{Kind, Token, lex};
use crate::text::Text;

const WIDTH: usize = 100;

/// The text in a more compact layout; only blanks and trailing commas change.
pub(super) fn join(text: &str) -> String {
    let lines = Joiner::new(text).lines();
    match Joiner::new(&lines).closures() {
        // What moved to the left may fit now.
        Some(moved) => Joiner::new(&moved).lines(),
        None => lines,
    }
}

struct Joiner<'a> {
    text: Text<'a>,
    /// Without blanks.
    tokens: Vec<Token>,
    /// For an opening token its closing one; for others themselves.
    close: Vec<usize>,
}

impl<'a> Joiner<'a> {
    fn new(text: &'a str) -> Self {
        let tokens: Vec<Token> = lex(text)
            .filter(|token| token.kind != Kind::Blank)
            .collect();
        let mut close: Vec<usize> = (0..tokens.len()).collect();
        let mut open = Vec::new();
        for (i, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Open => open.push(i),
                Kind::Close => {
                    if let Some(start) = open.pop() {
                        close[start] = i;
                    }
                }
                _ => {}
            }
        }
        Joiner {
            text: Text::new(text),
            tokens,
            close,
        }
    }

    fn word(&self, token: usize) -> &'a str {
        &self.text.text[self.tokens[token].bytes.clone()]
    }

    /// What stands between a token and the next.
    fn gap(&self, token: usize) -> &'a str {
        &self.text.text[self.tokens[token].bytes.end..self.tokens[token + 1].bytes.start]
    }

    fn breaks(&self, token: usize) -> bool {
        token + 1 < self.tokens.len() && self.gap(token).contains('\n')
    }

    /// The text up to a token on its line, and from its end.
    fn before(&self, token: usize) -> &'a str {
        let start = self.tokens[token].bytes.start;
        &self.text.text[self.text.start(self.text.line(start))..start]
    }

    fn after(&self, token: usize) -> &'a str {
        let rest = &self.text.text[self.tokens[token].bytes.end..];
        rest.split('\n').next().unwrap_or_default()
    }

    // Groups on one line.

    fn lines(&self) -> String {
        let mut out = String::with_capacity(self.text.text.len());
        let mut token = 0;
        let mut copied = 0;
        while token < self.tokens.len() {
            if let Some(joined) = self.head(token) {
                out.push_str(&self.text.text[copied..self.tokens[token].bytes.end]);
                out.push_str(&joined);
                token += 3;
                copied = self.tokens[token].bytes.end;
            } else if let Some(joined) = self.joined(token) {
                out.push_str(&self.text.text[copied..self.tokens[token].bytes.start]);
                out.push_str(&joined);
                token = self.close[token];
                copied = self.tokens[token].bytes.end;
            }
            token += 1;
        }
        out.push_str(&self.text.text[copied..]);
        out
    }

    /// What follows on one line where a head was broken at its last field: `if let .. = &mut frame⏎.state⏎{`.
    fn head(&self, token: usize) -> Option<String> {
        let broken = token + 3 < self.tokens.len()
            && self.breaks(token)
            && self.word(token + 1) == "."
            && self.breaks(token + 2)
            && self.word(token + 3) == "{";
        if !broken {
            return None;
        }
        let out = format!(".{} {{", self.word(token + 2));
        let line = self.before(token).chars().count() + self.word(token).chars().count();
        (line + out.len() <= WIDTH).then_some(out)
    }

    /// The group that begins here as one line, if it stands on several and fits.
    fn joined(&self, open: usize) -> Option<String> {
        let close = self.close[open];
        if close == open || close - open > WIDTH || !self.may_join(open, close) {
            return None;
        }
        let mut out = String::new();
        for token in open..=close {
            let trailing = token + 1 < close || !self.is_tuple_of_one(open, close);
            let drops = self.word(token) == ","
                && self.breaks(token)
                && trailing
                && matches!(self.word(token + 1), ")" | "]" | "}" | ">");
            if !drops {
                out.push_str(self.word(token));
            }
            if token < close {
                out.push_str(self.separator(token));
            }
        }
        let width = self.before(open).chars().count() + out.chars().count();
        (width + self.after(close).chars().count() <= WIDTH).then_some(out)
    }

    /// What goes between two tokens on one line.
    fn separator(&self, token: usize) -> &'a str {
        if !self.breaks(token) {
            return self.gap(token);
        }
        let (this, next) = (self.word(token), self.word(token + 1));
        match (this, next) {
            ("(" | "[" | "<", _) | (_, ")" | "]" | ">" | "." | "?" | ",") => "",
            _ => " ",
        }
    }

    fn may_join(&self, open: usize, close: usize) -> bool {
        let inside = open + 1..close;
        let plain = inside.clone().all(|token| {
            let one_line = !self.word(token).contains('\n');
            let kept = matches!(
                self.word(token),
                ";" | "match" | "if" | "loop" | "while" | "for" | "unsafe" | "async" | "|"
            );
            one_line && !kept && !matches!(self.tokens[token].kind, Kind::Doc | Kind::Comment)
        });
        let broken = (open..close).any(|token| self.breaks(token));
        if !plain || !broken || inside.is_empty() || self.is_foreign_macro(open) {
            return false;
        }
        match self.word(open) {
            "{" => self.is_let_else(open, close) || self.is_struct(open, close),
            // Of a signature, each parameter keeps its line; and attributes stay as they are.
            "(" => !self.is_signature(open),
            _ => open == 0 || self.word(open - 1) != "#",
        }
    }

    /// `let .. else { return rt::Pending };`
    fn is_let_else(&self, open: usize, close: usize) -> bool {
        open > 0
            && self.word(open - 1) == "else"
            && close + 1 < self.tokens.len()
            && self.word(close + 1) == ";"
    }

    /// `State::Read { child, this: self }`, without values that are more than names.
    fn is_struct(&self, open: usize, close: usize) -> bool {
        let named = open > 2
            && self.word(open - 2) == ":"
            && self.word(open - 1).starts_with(char::is_uppercase);
        let list = (open + 1..close).all(|token| {
            self.tokens[token].kind == Kind::Word || matches!(self.word(token), "," | ":")
        });
        named && list && self.word(close - 1) == ","
    }

    fn is_signature(&self, open: usize) -> bool {
        let line = self.before(open).trim_start();
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| word == "fn")
    }

    /// Whether a group is the argument of a macro that may care for its commas.
    fn is_foreign_macro(&self, open: usize) -> bool {
        let bang = open > 0 && self.word(open - 1) == "!";
        bang && !(open > 3 && self.word(open - 3) == ":" && self.word(open - 4) == ":")
    }

    /// `(x,)`
    fn is_tuple_of_one(&self, open: usize, close: usize) -> bool {
        let call = open > 0
            && (self.tokens[open - 1].kind == Kind::Word
                || matches!(self.word(open - 1), ">" | ")" | "]" | "!" | "?"));
        let mut commas = 0;
        let mut token = open + 1;
        while token < close {
            commas += usize::from(self.word(token) == ",");
            token = self.close[token] + 1;
        }
        self.word(open) == "(" && !call && commas == 1
    }

    // Closures that end a call.

    /// Nothing where there are none to move.
    fn closures(&self) -> Option<String> {
        let mut out = String::with_capacity(self.text.text.len());
        // The lines that move to the left, and by how many steps.
        let mut steps = vec![0_i32; self.text.text.matches('\n').count() + 2];
        let mut dropped: Vec<usize> = Vec::new();
        let mut glued: Vec<(usize, &str)> = Vec::new();
        for open in 0..self.tokens.len() {
            let Some((last, end)) = self.last_closure(open) else {
                continue;
            };
            let close = self.close[open];
            for token in open..last {
                if self.breaks(token) {
                    glued.push((token, if token == open { "" } else { " " }));
                }
            }
            if end + 1 < close {
                dropped.push(end + 1);
            }
            glued.push((close - 1, ""));
            let line = |token: usize| self.text.line(self.tokens[token].bytes.start);
            steps[line(last) + 1] += 1;
            steps[line(end) + 1] -= 1;
        }
        if glued.is_empty() {
            return None;
        }
        glued.sort_unstable();
        let mut glued = glued.into_iter().peekable();
        let mut left = 0;
        let mut line = 0;
        for (i, token) in self.tokens.iter().enumerate() {
            if !dropped.contains(&i) {
                out.push_str(self.word(i));
            }
            if i + 1 == self.tokens.len() {
                out.push_str(&self.text.text[token.bytes.end..]);
                break;
            }
            let next = self.text.line(self.tokens[i + 1].bytes.start);
            while line < next {
                line += 1;
                left += steps[line];
            }
            let gap = self.gap(i);
            match glued.next_if(|(at, _)| *at == i) {
                Some((_, glue)) => out.push_str(glue),
                None => match gap.rsplit_once('\n') {
                    Some((lines, blanks)) => {
                        let steps = usize::try_from(left).unwrap_or_default();
                        out.push_str(lines);
                        out.push('\n');
                        out.push_str(&blanks[(4 * steps).min(blanks.len())..]);
                    }
                    None => out.push_str(gap),
                },
            }
        }
        Some(out)
    }

    /// The closure that is the last argument of a call which would fit if only the closure's block were broken: its first and
    /// last token.
    fn last_closure(&self, open: usize) -> Option<(usize, usize)> {
        let close = self.close[open];
        if self.word(open) != "(" || !self.breaks(open) || self.is_foreign_macro(open) {
            return None;
        }
        let mut last = open + 1;
        let mut token = open + 1;
        while token < close {
            let next = self.close[token] + 1;
            if self.word(token) == "," && next < close && self.breaks(token) {
                last = next;
            }
            token = next;
        }
        let end = if self.word(close - 1) == "," {
            close - 2
        } else {
            close - 1
        };
        let is_closure = matches!(self.word(last), "|" | "move")
            && self.word(end) == "}"
            && !self.before(last).contains(|c: char| !c.is_whitespace());
        // Its head, up to the block.
        let arguments: usize = (open + 1..last)
            .map(|token| self.word(token).chars().count() + 1)
            .sum();
        let one_line = (open + 1..last)
            .filter(|token| self.breaks(*token))
            .all(|token| self.word(token) == ",");
        let head = self.before(open).chars().count()
            + arguments
            + self.word(last).chars().count()
            + self.after(last).chars().count();
        (is_closure && one_line && head <= WIDTH && self.after(last).ends_with('{'))
            .then_some((last, end))
    }
}
