use super::Code;
use crate::{Options, lower_file};

/// The two examples of a page: what is refused, and the same rewritten. The page of an internal error has none.
fn examples(code: Code) -> Option<[String; 2]> {
    let mut blocks = Vec::new();
    let mut lines = code.page().lines();
    while lines.by_ref().any(|line| line == "```rust") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    if code == Code::Internal && blocks.is_empty() {
        return None;
    }
    Some(blocks.try_into().unwrap_or_else(|blocks: Vec<_>| {
        panic!(
            "{}: its page has {} examples, not two",
            code.id(),
            blocks.len()
        )
    }))
}

/// The codes that an example is refused with, and the first message.
fn refused(example: &str) -> (Vec<Code>, String) {
    let mut options = Options::default();
    // The attribute's own option is the only one that an example has.
    let name = example.split_once("#[lower(name = \"");
    options.name = name.and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
    let diagnostics = match lower_file(example, &options) {
        Err(diagnostics) => diagnostics,
        Ok(file) => file
            .functions
            .into_iter()
            .filter_map(|function| function.outcome.err())
            .flatten()
            .collect(),
    };
    let message = diagnostics
        .first()
        .map_or(String::new(), |first| first.message.clone());
    let mut codes: Vec<Code> = diagnostics.iter().map(|found| found.code).collect();
    codes.dedup();
    (codes, message)
}

#[test]
fn pages_tell_the_truth() {
    let mut stale = String::new();
    for &code in Code::ALL {
        let Some([example, rewrite]) = examples(code) else {
            continue;
        };
        let page = code.id().to_lowercase();
        let (codes, _) = refused(&example);
        if codes.is_empty() {
            stale.push_str(&format!(
                "pages/{page}.md is stale: its first example is lowered now. Take one that still is refused with {}; if nothing is, take the code out of the catalogue.\n",
                code.id()
            ));
        } else if codes != [code] {
            stale.push_str(&format!(
                "pages/{page}.md is stale: its first example is refused with {codes:?}.\n"
            ));
        }
        let (codes, message) = refused(&rewrite);
        if !codes.is_empty() {
            stale.push_str(&format!(
                "pages/{page}.md is stale: its rewrite is refused with {codes:?}: {message}.\n"
            ));
        }
    }
    assert!(stale.is_empty(), "\n{stale}");
}

#[test]
fn pages_fit_a_terminal() {
    for &code in Code::ALL {
        for line in code.page().lines() {
            assert!(line.chars().count() <= 140, "{}: {line}", code.id());
        }
    }
}
