//! The user's comments: taken from the source, put back where their code went.
//!
//! ```text
//! // Source:
//! // One packet at a time.
//! let n = port.read(&mut buf).await; // may be short
//! // Printed:
//! // One packet at a time.
//! // may be short
//! rt::set(&mut frame.state, EchoState::Read { child: rt::Child::new(port.read(&mut buf)) });
//! ```
//!
//! A comment belongs to the token after it, or to the one before it on its line. It goes to each place where that token was printed,
//! since a copy of code is to be read as the code was. A token that was not printed (the `let` of a statement that waits) is stood in
//! for by the first printed one of its statement.

use super::outline::{self, Unit};
use super::printed::Printed;
use super::weave::Edits;
use crate::lex::{Kind, Token, lex};
use crate::parse::Found;
use crate::text::Text;
use std::collections::HashMap;
use std::ops::Range;

/// A comment in the source, between two tokens.
#[derive(Debug)]
struct Comment {
    bytes: Range<usize>,
    /// The tokens around it.
    before: Option<usize>,
    after: Option<usize>,
    /// Only blanks and comments stand before it on its line.
    begins_line: bool,
    /// No token stands behind it on its line.
    ends_line: bool,
}

/// A comment at the end of a block whose brace was not printed: it goes where control leaves the block.
pub(super) struct Ending {
    /// Where the block begins.
    open: usize,
    at: usize,
    comment: usize,
}

impl Ending {
    /// Whether control comes by on its way from one place to another; `round` is where the block of the loop begins that goes round.
    pub(super) fn is_between(&self, last: usize, next: usize, round: Option<usize>) -> bool {
        let leaves = next > self.at || next < self.open || round == Some(self.open);
        self.open < last && last < self.at && leaves
    }
}

/// The comments of a function.
pub(super) struct Carrier<'a, 'b> {
    source: &'a Text<'b>,
    printed: &'a Printed<'b>,
    comments: Vec<Comment>,
    /// Those of the source.
    tokens: Vec<Token>,
    units: Vec<Unit>,
    /// Where each token of the source was printed, in order.
    occurrences: HashMap<usize, Vec<usize>>,
    /// Where the function's block begins.
    body: usize,
}

/// Whether a function has comments of its own, beside its documentation.
pub(super) fn has_comments(found: &Found, source: &Text<'_>) -> bool {
    let text = &source.text[found.bytes.clone()];
    (text.contains("//") || text.contains("/*")) && !comments(source, &found.bytes).1.is_empty()
}

impl<'a, 'b> Carrier<'a, 'b> {
    /// None if there are no comments.
    pub(super) fn new(
        found: &Found,
        source: &'a Text<'b>,
        printed: &'a Printed<'b>,
    ) -> Option<Self> {
        let (tokens, comments) = comments(source, &found.bytes);
        if comments.is_empty() {
            return None;
        }
        let mut occurrences: HashMap<usize, Vec<usize>> = HashMap::new();
        let body = found.block.brace_token.span.open().start();
        let body = source.byte(body).unwrap_or(found.bytes.start);
        for (token, origin) in printed.origins.iter().enumerate() {
            let Some(origin) = origin else { continue };
            // What a type repeats of the signature is no place for its comments.
            let repeats = *origin < body && occurrences.contains_key(origin);
            if printed.is_code(token) && !repeats {
                occurrences.entry(*origin).or_default().push(token);
            }
        }
        Some(Carrier {
            source,
            printed,
            comments,
            tokens,
            units: outline::units(&found.block, source),
            occurrences,
            body,
        })
    }

    /// Puts the comments into the printed text, but for those that the flow of control must place.
    pub(super) fn carry(&self, edits: &mut Edits) -> Vec<Ending> {
        let mut endings = Vec::new();
        for (i, comment) in self.comments.iter().enumerate() {
            edits.next_comment();
            match self.ending(i) {
                Some(ending) => endings.push(ending),
                None => self.put(comment, edits),
            }
        }
        endings
    }

    /// Puts a comment above the line that this token begins, at the end of what stands above it.
    pub(super) fn end(&self, ending: &Ending, token: usize, edits: &mut Edits) {
        let (text, column) = self.text(&self.comments[ending.comment]);
        edits.next_comment();
        edits.ending(self.printed, token, &text, column);
    }

    /// Puts a comment where no control comes by.
    pub(super) fn leave(&self, ending: &Ending, edits: &mut Edits) {
        let comment = &self.comments[ending.comment];
        let (text, column) = self.text(comment);
        edits.next_comment();
        if !self.below_last(comment, &text, column, edits) {
            self.leading(comment, &text, column, edits);
        }
    }

    fn ending(&self, comment: usize) -> Option<Ending> {
        let found = &self.comments[comment];
        let (before, after) = (found.before?, found.after?);
        if !found.ends_line || self.kind(before) == Kind::Open {
            return None;
        }
        if !found.begins_line {
            // `} // comment`
            if self.word(before) != "}" || !self.places(before).is_empty() {
                return None;
            }
            let unit = self.unit(self.tokens[before].bytes.start)?;
            return Some(Ending {
                open: unit.bytes.start,
                at: found.bytes.start,
                comment,
            });
        }
        let close = after;
        if self.word(close) != "}" || !self.places(close).is_empty() {
            return None;
        }
        let mut depth = 0;
        let open = self.tokens[..close].iter().rev().find(|token| {
            match token.kind {
                Kind::Close => depth += 1,
                Kind::Open if depth == 0 => return true,
                Kind::Open => depth -= 1,
                _ => {}
            }
            false
        })?;
        Some(Ending {
            open: open.bytes.start,
            at: found.bytes.start,
            comment,
        })
    }

    fn text(&self, comment: &Comment) -> (Text<'b>, usize) {
        let line = self.source.line(comment.bytes.start);
        let column = comment.bytes.start - self.source.start(line);
        (Text::new(&self.source.text[comment.bytes.clone()]), column)
    }

    fn put(&self, comment: &Comment, edits: &mut Edits) {
        let (text, column) = self.text(comment);
        let done = match (comment.begins_line, comment.ends_line) {
            (false, true) => self.trailing(comment, &text, column, edits),
            (_, false) => self.inside(comment, &text, edits),
            (true, true) => false,
        };
        if !done {
            self.leading(comment, &text, column, edits);
        }
    }

    /// `foo(); // comment`
    fn trailing(
        &self,
        comment: &Comment,
        text: &Text<'_>,
        column: usize,
        edits: &mut Edits,
    ) -> bool {
        let Some(mut before) = comment.before else {
            return false;
        };
        if self.kind(before) == Kind::Open {
            // Of what the brace opens, where that still stands.
            let places = self.places(before);
            if places.iter().any(|place| !self.ends_line(*place)) || places.is_empty() {
                return false;
            }
        }
        // The printer sets commas and semicolons as it likes.
        if matches!(self.word(before), "," | ";") && before > 0 {
            before -= 1;
        }
        if self.word(before) == "await" {
            // It speaks of what is awaited.
            let places = self.stand_in(self.tokens[before].bytes.start);
            for place in &places {
                edits.above(self.printed, *place, text, column);
            }
            return !places.is_empty();
        }
        let places = self.places(before);
        for place in places {
            match self.last_of_line(*place) {
                Some(last) => edits.behind(self.printed, last, text, column),
                None => edits.above(self.printed, self.line_start(*place), text, column),
            }
        }
        if places.is_empty() && self.kind(before) != Kind::Open {
            let places = self.stand_in(self.tokens[before].bytes.start);
            for place in &places {
                edits.above(self.printed, *place, text, column);
            }
            return !places.is_empty();
        }
        !places.is_empty()
    }

    /// `foo(/* comment */ x)`
    fn inside(&self, comment: &Comment, text: &Text<'_>, edits: &mut Edits) -> bool {
        let Some(after) = comment.after else {
            return false;
        };
        let separates = self.kind(after) == Kind::Close || matches!(self.word(after), "," | ";");
        if let Some(before) = comment.before
            && separates
            && self.kind(before) != Kind::Open
        {
            let places = self.places(before);
            for place in places {
                edits.after(self.printed, *place, text);
            }
            return !places.is_empty();
        }
        let places = self.places(after);
        for place in places {
            edits.before(self.printed, *place, text);
        }
        !places.is_empty()
    }

    /// A comment with its lines to itself.
    fn leading(&self, comment: &Comment, text: &Text<'_>, column: usize, edits: &mut Edits) {
        let closes = comment
            .after
            .is_none_or(|after| self.kind(after) == Kind::Close);
        if closes && self.at_end(comment, text, column, edits) {
            return;
        }
        let mut places = match comment.before {
            Some(before) if closes => self.before_last(before),
            _ => Vec::new(),
        };
        if places.is_empty() {
            places = self.before_next(comment);
        }
        for place in &places {
            edits.above(self.printed, *place, text, column);
        }
        if places.is_empty() {
            // None of the code around it was printed.
            let top = self.printed.first_block();
            let top = top.and_then(|block| self.printed.statements(block).first().copied());
            edits.above(self.printed, top.unwrap_or(0), text, column);
        }
    }

    /// At the end of a block or list, with nothing after it.
    fn at_end(&self, comment: &Comment, text: &Text<'_>, column: usize, edits: &mut Edits) -> bool {
        if let Some(after) = comment.after {
            let closes: Vec<usize> = self.places(after).to_vec();
            if !closes.is_empty() && closes.iter().all(|close| self.printed.begins_line(*close)) {
                for close in closes {
                    edits.at_end(self.printed, close, text, column);
                }
                return true;
            }
        }
        self.below_last(comment, text, column, edits)
    }

    /// Below the last piece that was printed of the statement before.
    fn below_last(
        &self,
        comment: &Comment,
        text: &Text<'_>,
        column: usize,
        edits: &mut Edits,
    ) -> bool {
        let Some(before) = comment.before else {
            return false;
        };
        if self.kind(before) == Kind::Open {
            return false;
        }
        let Some(unit) = self.unit(self.tokens[before].bytes.start) else {
            return false;
        };
        let last = self.tokens[..=before]
            .iter()
            .rev()
            .take_while(|token| token.bytes.start >= unit.bytes.start)
            .find_map(|token| self.occurrences.get(&token.bytes.start));
        let mut ends: Vec<usize> = last
            .into_iter()
            .flatten()
            .filter_map(|place| {
                let (block, start) = self.printed.statement(*place)?;
                Some(self.printed.statement_end(block, start))
            })
            .collect();
        ends.dedup();
        for end in &ends {
            edits.below(self.printed, *end, text, column);
        }
        !ends.is_empty()
    }

    /// The tokens above whose lines a comment goes.
    fn before_next(&self, comment: &Comment) -> Vec<usize> {
        let Some(after) = comment.after else {
            return Vec::new();
        };
        let start = self.tokens[after].bytes.start;
        let begins = self.units.iter().find(|unit| unit.bytes.start == start);
        let places = self.places(after);
        match begins {
            Some(unit) => {
                let mut first = self.first_of(&unit.bytes);
                if self.is_loop(after) {
                    // Its rounds need not tell it again.
                    first.truncate(1);
                }
                self.starts(first, unit)
            }
            None if !places.is_empty() => {
                places.iter().map(|place| self.line_start(*place)).collect()
            }
            None => self.around(start),
        }
    }

    /// What stands in for a token in the middle of a statement: the next one that was printed, or the statement.
    fn around(&self, start: usize) -> Vec<usize> {
        let end = match self.unit(start) {
            Some(unit) => unit.bytes.end,
            None if start < self.body => self.body,
            None => return Vec::new(),
        };
        let next = self
            .tokens
            .iter()
            .skip_while(|token| token.bytes.start < start)
            .take_while(|token| token.bytes.start < end)
            .find_map(|token| self.occurrences.get(&token.bytes.start));
        if let Some(places) = next {
            return places.iter().map(|place| self.line_start(*place)).collect();
        }
        self.stand_in(start)
    }

    /// The statements in which something of the statement around a byte was printed first.
    fn stand_in(&self, byte: usize) -> Vec<usize> {
        let units = self.units.iter().rev();
        let mut units = units.filter(|unit| unit.bytes.contains(&byte));
        let found = units.find_map(|unit| {
            let first = self.first_of(&unit.bytes);
            (!first.is_empty()).then(|| self.starts(first, unit))
        });
        found.unwrap_or_default()
    }

    /// Where the printed statements or arms begin that these tokens of a statement or arm are in.
    fn starts(&self, places: Vec<usize>, unit: &Unit) -> Vec<usize> {
        let start = |place| {
            if unit.is_arm {
                self.line_start(place)
            } else {
                self.statement_start(place)
            }
        };
        let mut found: Vec<usize> = places.into_iter().map(start).collect();
        found.dedup();
        found
    }

    fn is_loop(&self, token: usize) -> bool {
        self.kind(token) == Kind::Lifetime || matches!(self.word(token), "for" | "while" | "loop")
    }

    /// For a comment in a block of its own: what was printed last before it.
    fn before_last(&self, before: usize) -> Vec<usize> {
        let Some(unit) = self.unit(self.tokens[before].bytes.start) else {
            return Vec::new();
        };
        let printed = self.tokens[..=before].iter().rev();
        let mut printed = printed.take_while(|token| token.bytes.start >= unit.bytes.start);
        let last = printed.find_map(|token| self.occurrences.get(&token.bytes.start));
        self.starts(last.cloned().unwrap_or_default(), unit)
    }

    /// The innermost statement or arm around a byte.
    fn unit(&self, byte: usize) -> Option<&Unit> {
        let units = self.units.iter().rev();
        let holds = |unit: &&Unit| unit.bytes.contains(&byte);
        units.filter(holds).min_by_key(|unit| unit.bytes.len())
    }

    /// Where the first printed token of this code stands, in each copy.
    fn first_of(&self, bytes: &Range<usize>) -> Vec<usize> {
        let from = self
            .tokens
            .partition_point(|token| token.bytes.start < bytes.start);
        self.tokens[from..]
            .iter()
            .take_while(|token| token.bytes.start < bytes.end)
            .filter_map(|token| self.occurrences.get(&token.bytes.start))
            .min_by_key(|places| places[0])
            .cloned()
            .unwrap_or_default()
    }

    fn places(&self, token: usize) -> &[usize] {
        let start = self.tokens[token].bytes.start;
        self.occurrences.get(&start).map_or(&[], Vec::as_slice)
    }

    fn kind(&self, token: usize) -> Kind {
        self.tokens[token].kind
    }

    fn word(&self, token: usize) -> &str {
        &self.source.text[self.tokens[token].bytes.clone()]
    }

    fn statement_start(&self, place: usize) -> usize {
        self.printed
            .statement(place)
            .map_or_else(|| self.line_start(place), |(_, start)| start)
    }

    /// The first token on the line of this one.
    fn line_start(&self, place: usize) -> usize {
        let mut first = place;
        while !self.printed.begins_line(first) {
            first -= 1;
        }
        first
    }

    fn ends_line(&self, place: usize) -> bool {
        self.last_of_line(place) == Some(place)
    }

    /// The last token on the line of this one, if only closing ones and separators follow.
    fn last_of_line(&self, place: usize) -> Option<usize> {
        let mut last = place;
        while last + 1 < self.printed.tokens.len() && !self.printed.begins_line(last + 1) {
            last += 1;
            if !matches!(self.printed.word(last), "," | ";" | ")" | "]" | "}") {
                return None;
            }
        }
        Some(last)
    }
}

/// The tokens and comments of a part of the source.
fn comments(source: &Text<'_>, within: &Range<usize>) -> (Vec<Token>, Vec<Comment>) {
    let mut tokens: Vec<Token> = Vec::new();
    let mut comments: Vec<Comment> = Vec::new();
    let mut newline = true;
    for token in lex(&source.text[within.clone()]) {
        let bytes = token.bytes.start + within.start..token.bytes.end + within.start;
        match token.kind {
            Kind::Blank => {
                if source.text[bytes].contains('\n') {
                    newline = true;
                    let open = comments.iter_mut().rev();
                    open.take_while(|comment| comment.after.is_none())
                        .for_each(|comment| comment.ends_line = true);
                }
            }
            Kind::Comment => comments.push(Comment {
                bytes,
                before: tokens.len().checked_sub(1),
                after: None,
                begins_line: newline,
                ends_line: false,
            }),
            kind => {
                let waiting = comments.iter_mut().rev();
                waiting
                    .take_while(|comment| comment.after.is_none())
                    .for_each(|comment| comment.after = Some(tokens.len()));
                newline = false;
                tokens.push(Token { kind, bytes });
            }
        }
    }
    (tokens, comments)
}
