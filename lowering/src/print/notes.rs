//! Notes where the lowered code leaves the order of the source: a loop goes round, an `if` that was left behind ends.
//!
//! ```text
//! EchoState::Write { child, .. } => {
//!     ..
//!     total += n;
//!     // Line 12: `loop`, next round
//!     rt::set(&mut frame.state, EchoState::Read { .. });
//! ```
//!
//! The code of an arm is read from its top, with the place in the source in mind that each statement comes from. What the next
//! statement's place is to the last one's tells what happened between them.

use super::comments::{Carrier, Ending};
use super::outline::{self, Construct, Kind};
use super::printed::Printed;
use super::weave::Edits;
use crate::parse::Found;
use crate::text::Text;

/// Whether there is control flow that notes tell of.
pub(super) fn has_constructs(found: &Found, source: &Text<'_>) -> bool {
    !outline::constructs(&found.block, source).is_empty()
}

/// Writes the notes of a function, and the comments that end blocks of it.
pub(super) fn note(
    found: &Found,
    source: &Text<'_>,
    printed: &Printed<'_>,
    comments: Option<&Carrier<'_, '_>>,
    edits: &mut Edits,
) {
    let endings = comments
        .map(|comments| comments.carry(edits))
        .unwrap_or_default();
    let constructs = outline::constructs(&found.block, source);
    if constructs.is_empty() && endings.is_empty() {
        return;
    }
    let open = found.block.brace_token.span.open().start();
    let mut notes = Notes {
        source,
        printed,
        constructs,
        body: source.byte(open).unwrap_or(found.bytes.end)..found.bytes.end,
        comments,
        placed: vec![false; endings.len()],
        endings,
        edits,
    };
    if let Some(block) = printed.first_block() {
        notes.block(block, None);
    }
    let left = notes.endings.iter().zip(notes.placed);
    for (ending, _) in left.filter(|(_, placed)| !placed) {
        comments.inspect(|comments| comments.leave(ending, notes.edits));
    }
}

struct Notes<'a, 'b> {
    source: &'a Text<'b>,
    printed: &'a Printed<'b>,
    constructs: Vec<Construct>,
    /// The function's block in the source.
    body: std::ops::Range<usize>,
    comments: Option<&'a Carrier<'a, 'b>>,
    endings: Vec<Ending>,
    /// Which of them have found a place.
    placed: Vec<bool>,
    edits: &'a mut Edits,
}

impl Notes<'_, '_> {
    /// Goes through the statements of a block, from a place in the source; gives the place of the last.
    fn block(&mut self, block: usize, mut last: Option<usize>) -> Option<usize> {
        for &start in self.printed.statements(block) {
            let end = self.printed.statement_end(block, start);
            last = self.statement(start, end, last);
        }
        last
    }

    fn statement(&mut self, start: usize, end: usize, last: Option<usize>) -> Option<usize> {
        if let Some(inner) = self.plain_block(start, end) {
            return self.block(inner, last);
        }
        if is_item(self.printed.word(start)) {
            return last;
        }
        let place = self.place(start, end);
        if let (Some(last), Some(place)) = (last, place) {
            self.between(last, place, start);
        }
        // The blocks inside begin where the statement does.
        let mut token = start;
        while token <= end {
            if self.printed.is_block(token) {
                let from = place.or(last).or_else(|| self.at_start(token));
                self.block(token, from);
                token = self.printed.partner[token];
            }
            token += 1;
        }
        place.or(last)
    }

    /// Where the function begins, for the block of the machine's first arm.
    fn at_start(&self, block: usize) -> Option<usize> {
        let pattern = block.checked_sub(3)?;
        let name = match self.printed.word(pattern) {
            "}" => self.printed.partner[pattern].checked_sub(1)?,
            _ => pattern,
        };
        (self.printed.word(name) == "Start").then_some(self.body.start)
    }

    /// The block that a statement is nothing but: `{ .. }`, `'label: { .. }`, `let x = { .. };`.
    fn plain_block(&self, start: usize, end: usize) -> Option<usize> {
        let block = (start..=end).find(|token| self.printed.is_block(*token))?;
        let after = self.printed.partner[block];
        if after + 1 < end || after + 1 == end && self.printed.word(end) != ";" {
            return None;
        }
        let before = (start..block).map(|token| self.printed.word(token));
        let before: Vec<&str> = before.collect();
        let plain = match before.as_slice() {
            [] => true,
            [label, ":"] => label.starts_with('\''),
            ["let", .., label, ":"] => label.starts_with('\''),
            ["let", .., "="] => true,
            _ => false,
        };
        plain.then_some(block)
    }

    /// Where in the source a statement stands: at its await, or at its first token.
    fn place(&self, start: usize, end: usize) -> Option<usize> {
        let head = (start..=end).find(|token| self.printed.is_block(*token));
        let head = start..head.unwrap_or(end + 1);
        let places = self.printed.origins[head].iter().flatten();
        let mut places = places.filter(|place| self.body.contains(place));
        let awaits = |place: &&usize| self.source.text[**place..].starts_with("await");
        let place = places.clone().find(awaits).or_else(|| places.next());
        // A `return` that was made up is the end of the function.
        let ends = self.printed.word(start) == "return"
            && (start..=end).any(|token| self.printed.word(token) == "Ready");
        place.copied().or(ends.then_some(self.body.end))
    }

    /// Says what happened on the way from one place to the other.
    fn between(&mut self, last: usize, place: usize, token: usize) {
        let round = self.round(last, place);
        let again = round.map(|round| self.constructs[round].head.end);
        for (ending, placed) in self.endings.iter().zip(&mut self.placed) {
            if let Some(comments) = self.comments
                && ending.is_between(last, place, again)
            {
                comments.end(ending, token, self.edits);
                *placed = true;
            }
        }
        let mut notes: Vec<String> = Vec::new();
        if let Some(found) = round {
            let found = &self.constructs[found];
            notes.push(format!("{}, next round", self.title(found)));
        } else if let Some(left) = self.left(last, place) {
            let left = &self.constructs[left];
            notes.push(format!(
                "Line {}: after the `{}` of line {}",
                self.source.line(place) + 1,
                keyword(left.kind),
                self.source.line(left.head.start) + 1
            ));
        }
        for (i, found) in self.constructs.iter().enumerate() {
            if Some(i) != round && self.enters(found, last, place) && !self.is_printed(found, token)
            {
                notes.push(self.title(found));
            }
        }
        for note in notes {
            self.edits.note(self.printed, token, &note);
        }
    }

    /// The loop that has gone round.
    fn round(&self, last: usize, place: usize) -> Option<usize> {
        let around = self.constructs.iter().enumerate().rev();
        let mut around =
            around.filter(|(_, found)| found.is_loop() && found.body().contains(&last));
        loop {
            let (i, found) = around.next()?;
            if found.head.contains(&place) {
                return Some(i);
            }
            if found.body().contains(&place) {
                return (found.statement(place) < found.statement(last)).then_some(i);
            }
        }
    }

    /// The outermost construct that was left behind.
    fn left(&self, last: usize, place: usize) -> Option<usize> {
        self.constructs
            .iter()
            .position(|found| found.body().contains(&last) && place >= found.end)
    }

    /// Whether a loop begins between the two places.
    fn enters(&self, found: &Construct, last: usize, place: usize) -> bool {
        let inside = |byte| found.head.start <= byte && byte < found.end;
        found.is_loop() && inside(place) && !inside(last)
    }

    /// Whether a statement still is the loop.
    fn is_printed(&self, found: &Construct, token: usize) -> bool {
        let word = self.printed.word(token);
        let word = if word.starts_with('\'') {
            self.printed.word(token + 2)
        } else {
            word
        };
        word == keyword(found.kind)
    }

    /// `Line 12: `while total < limit``
    fn title(&self, found: &Construct) -> String {
        let head = self.source.text[found.head.clone()].trim();
        let head: Vec<&str> = head.split_whitespace().collect();
        let mut head = head.join(" ").replace('`', "'");
        if head.contains("//") || head.chars().count() > LONG {
            head = keyword(found.kind).to_owned();
        }
        format!("Line {}: `{head}`", self.source.line(found.head.start) + 1)
    }
}

/// Longer heads are not quoted.
const LONG: usize = 60;

/// Whether a statement that begins with this word is an item.
fn is_item(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "fn",
        "const",
        "static",
        "struct",
        "enum",
        "union",
        "impl",
        "trait",
        "type",
        "use",
        "mod",
        "macro_rules",
        "pub",
    ];
    WORDS.contains(&word)
}

fn keyword(kind: Kind) -> &'static str {
    match kind {
        Kind::Loop => "loop",
        Kind::While => "while",
        Kind::For => "for",
        Kind::If => "if",
        Kind::Match => "match",
    }
}
