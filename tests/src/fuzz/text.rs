//! The parser's side: any text, and mutated real sources, must give an answer: no panic, no hang, no error of handroll's own, and output
//! that parses.

use super::function::generate;
use super::random::Random;
use crate::fixture::EDITIONS;
use crate::{fixture, place};
use handroll_lowering::{Code, Options, lower_file};
use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// What a run over texts has come to.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// How many texts were lowered.
    pub executions: u64,
    /// How many of them parse.
    pub parsed: u64,
    /// How many functions were lowered, and how many refused.
    pub lowered: u64,
    /// See `lowered`.
    pub refused: u64,
    /// What went wrong, by its first line: the number of the text that showed it first, the text, and how often.
    pub defects: BTreeMap<String, (u64, String, u64)>,
}

/// A text of this size or more is cut.
const LONGEST: usize = 20_000;

/// A text that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Deep nesting needs a deep stack.
const STACK: usize = 512 << 20;

/// Where texts start from: fixtures, and the lowering's own sources.
///
/// # Errors
/// When a file cannot be read.
pub fn sources() -> io::Result<Vec<String>> {
    let mut found: Vec<String> = fixture::all()?
        .into_iter()
        .map(|found| found.text)
        .collect();
    let mut folders = vec![
        place::workspace().join("lowering/src"),
        place::workspace().join("fixtures/examples"),
    ];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path)?);
            }
        }
    }
    Ok(found)
}

/// Lowers texts `first`, `first + 1`, .. until the time is over.
pub fn texts(sources: Vec<String>, first: u64, time: Duration) -> Texts {
    let started = Instant::now();
    let sources = Arc::new(sources);
    let mut all = Texts::default();
    let mut next = first;
    while started.elapsed() < time {
        let (sender, receiver) = mpsc::channel::<(u64, Result<[u64; 3], String>)>();
        let present = Arc::new(Mutex::new((next, String::new())));
        let (shared, from) = (Arc::clone(&present), Arc::clone(&sources));
        let work = move || {
            for number in next.. {
                let text = text(&from, number);
                if let Ok(mut present) = shared.lock() {
                    *present = (number, text.clone());
                }
                if sender.send((number, one(&text, number))).is_err() {
                    // Nobody listens any more.
                    return;
                }
            }
        };
        if thread::Builder::new()
            .stack_size(STACK)
            .spawn(work)
            .is_err()
        {
            return all;
        }
        loop {
            let message = receiver.recv_timeout(PATIENCE);
            let hangs = message.is_err();
            let (number, result) = message.unwrap_or((next, Err("a text takes too long".into())));
            next = number + 1;
            all.executions += 1;
            match result {
                Ok([parsed, lowered, refused]) => {
                    all.parsed += parsed;
                    all.lowered += lowered;
                    all.refused += refused;
                }
                Err(what) => {
                    let text = match present.lock() {
                        Ok(present) if present.0 == number => present.1.clone(),
                        _ => text(&sources, number),
                    };
                    all.defects.entry(what).or_insert((number, text, 0)).2 += 1;
                }
            }
            if hangs || started.elapsed() >= time {
                break;
            }
        }
    }
    all
}

/// Lowers one text: whether it parses, and how many functions were lowered and refused.
fn one(text: &str, number: u64) -> Result<[u64; 3], String> {
    let mut options = Options::default();
    options.edition = EDITIONS[(number % 3) as usize];
    let result = catch_unwind(AssertUnwindSafe(|| lower_file(text, &options)));
    let lowered = result.map_err(|payload| {
        let text = payload.downcast_ref::<String>().cloned();
        let text = text.or_else(|| {
            payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
        });
        format!("panic: {}", text.unwrap_or_default())
    })?;
    let Ok(file) = lowered else {
        return Ok([0, 0, 0]);
    };
    let mut counts = [1, 0, 0];
    for function in &file.functions {
        match &function.outcome {
            Ok(_) => counts[1] += 1,
            Err(diagnostics) => {
                counts[2] += 1;
                if let Some(own) = diagnostics
                    .iter()
                    .find(|found| found.code == Code::Internal)
                {
                    return Err(format!("internal error: {}", own.message));
                }
            }
        }
    }
    if counts[1] > 0
        && let Err(error) = syn::parse_file(&file.text)
    {
        return Err(format!("the output does not parse: {error}"));
    }
    Ok(counts)
}

/// The text of a number.
pub fn text(sources: &[String], number: u64) -> String {
    let mut random = Random::new(number);
    let edition = EDITIONS[(number % 3) as usize];
    let base = match random.below(10) {
        0 | 1 => generate(random.draw(), edition).print(),
        2 => arbitrary(&mut random),
        _ => sources[random.below(sources.len())].clone(),
    };
    let base = excerpt(&base, &mut random);
    let changes = 1 + random.below(4);
    if random.chance(80)
        && let Ok(tokens) = base.parse::<TokenStream>()
    {
        let other = &sources[random.below(sources.len())];
        let donor: TokenStream = excerpt(other, &mut random).parse().unwrap_or_default();
        let mut pool = Vec::new();
        pieces(donor, &mut pool);
        let mut tokens = tokens;
        for _ in 0..changes {
            let mut at = random.below(count(&tokens).max(1));
            tokens = mutate(tokens, &mut at, &pool, &mut random);
        }
        return tokens.to_string();
    }
    let mut text: Vec<char> = base.chars().collect();
    for _ in 0..changes {
        let at = random.below(text.len() + 1);
        match random.below(4) {
            0 => {
                let piece = random.of(SNIPPETS);
                text.splice(at..at, piece.chars());
            }
            1 if at < text.len() => {
                let end = (at + 1 + random.below(20)).min(text.len());
                text.drain(at..end);
            }
            2 if at < text.len() => {
                let end = (at + 1 + random.below(60)).min(text.len());
                let copy: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                let c = char::from_u32(random.below(0x250) as u32).unwrap_or('\u{fffd}');
                text.insert(at, c);
            }
        }
    }
    text.into_iter().collect()
}

const SNIPPETS: &[&str] = &[
    ".await",
    "?",
    "{",
    "}",
    "(",
    ")",
    "&mut ",
    "async ",
    "move ",
    "|x| ",
    "match x { _ => 1 }",
    "return ",
    "break 'a ",
    "continue;",
    "let x = ",
    " else { return }",
    "..",
    "'a: loop { ",
    "unsafe ",
    "#[cfg(x)] ",
    "/* ",
    "\"",
    "r#\"",
    "\u{feff}",
    "\0",
    "macro_rules! m { () => {} }",
    "if let Some(x) = x && ",
    "0..",
    "<'a, T: 'a>",
    "impl ",
    "dyn ",
    "const ",
    "*",
    "!",
    "x__hr1_2",
];

fn arbitrary(random: &mut Random) -> String {
    let mut text =
        String::from(random.of(&["async fn f() { ", "", "#!", "async fn f() -> u32 { x("]));
    for _ in 0..random.below(40) {
        if random.chance(60) {
            text.push_str(random.of(SNIPPETS));
        } else {
            text.push(char::from_u32(random.below(0x7f) as u32).unwrap_or(' '));
        }
    }
    text
}

/// Some whole items of a source, so that there is more to see a second.
fn excerpt(source: &str, random: &mut Random) -> String {
    if source.len() < 400 || random.chance(3) {
        return source.chars().take(LONGEST).collect();
    }
    let items: Vec<&str> = source.split("\n\n").collect();
    let first = random.below(items.len());
    let last = (first + 1 + random.below(4)).min(items.len());
    items[first..last].join("\n\n")
}

fn count(tokens: &TokenStream) -> usize {
    let inner = |tree: TokenTree| match tree {
        TokenTree::Group(group) => count(&group.stream()),
        _ => 0,
    };
    tokens.clone().into_iter().map(|tree| 1 + inner(tree)).sum()
}

/// Runs of tokens to put elsewhere.
fn pieces(tokens: TokenStream, pool: &mut Vec<TokenStream>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, tree) in trees.iter().enumerate() {
        pool.push(
            trees[i..(i + 1 + i % 5).min(trees.len())]
                .iter()
                .cloned()
                .collect(),
        );
        if let TokenTree::Group(group) = tree {
            pieces(group.stream(), pool);
        }
    }
}

/// Changes the tree that is the `at`th in the order of the text.
fn mutate(
    tokens: TokenStream,
    at: &mut usize,
    pool: &[TokenStream],
    random: &mut Random,
) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut done = false;
    for tree in tokens {
        if done {
            out.push(tree);
            continue;
        }
        if *at == 0 {
            done = true;
            *at = usize::MAX;
            let piece = || TokenStream::new();
            let piece = if pool.is_empty() {
                piece()
            } else {
                pool[random.below(pool.len())].clone()
            };
            match random.below(8) {
                0 => {}
                1 => out.extend([tree.clone(), tree]),
                2 => out.extend(piece),
                3 => {
                    out.extend(piece);
                    out.push(tree);
                }
                4 => {
                    out.push(tree);
                    out.push(Punct::new('.', Spacing::Alone).into());
                    out.push(Ident::new("await", Span::call_site()).into());
                }
                5 => {
                    out.push(tree);
                    out.push(
                        Punct::new(
                            random.of(&['?', '&', '*', ';', ',', '!', '=']),
                            Spacing::Alone,
                        )
                        .into(),
                    );
                }
                6 => match tree {
                    TokenTree::Group(group) => out.extend(group.stream()),
                    tree => {
                        let inner = TokenStream::from(tree);
                        let delimiter = random.of(&[
                            proc_macro2::Delimiter::Brace,
                            proc_macro2::Delimiter::Parenthesis,
                            proc_macro2::Delimiter::Bracket,
                        ]);
                        out.push(Group::new(delimiter, inner).into());
                    }
                },
                _ => {
                    let words = [
                        "await", "async", "move", "return", "break", "continue", "loop", "match",
                        "if", "let", "ref", "mut", "self", "unsafe", "else", "_", "const",
                        "static", "dyn", "for", "in", "x",
                    ];
                    out.push(Ident::new(random.of(&words), Span::call_site()).into());
                }
            }
            continue;
        }
        *at -= 1;
        match tree {
            TokenTree::Group(group) => {
                let size = count(&group.stream());
                if *at < size {
                    let inner = mutate(group.stream(), at, pool, random);
                    out.push(Group::new(group.delimiter(), inner).into());
                    done = true;
                } else {
                    *at -= size;
                    out.push(TokenTree::Group(group));
                }
            }
            tree => out.push(tree),
        }
    }
    out.into_iter().collect()
}
