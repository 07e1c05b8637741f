//! The little of Markdown that the documents use: fenced blocks, generated parts, code spans.

/// The code of all blocks in one language, in order.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if info == language {
            blocks.push(code.join("\n"));
        }
    }
    blocks
}

/// Replaces what follows the comment `<!-- generated: NAME -->`: a fenced block, or all up to `<!-- end -->`.
///
/// # Panics
/// When the document has no such part.
pub(crate) fn with_generated(text: &str, name: &str, new: &str) -> String {
    let comment = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text
        .split_once(&comment)
        .unwrap_or_else(|| panic!("no `{}`", comment.trim()));
    let fenced = rest.starts_with("```");
    let (opening, rest) = if fenced {
        rest.split_at(rest.find('\n').map_or(rest.len(), |newline| newline + 1))
    } else {
        ("", rest)
    };
    let closing = if fenced { "```\n" } else { "<!-- end -->\n" };
    let end = if rest.starts_with(closing) {
        0
    } else {
        rest.find(&format!("\n{closing}"))
            .unwrap_or_else(|| panic!("`{name}` has no end"))
            + 1
    };
    format!(
        "{before}{comment}{opening}{}\n{}",
        new.trim_end(),
        &rest[end..]
    )
}

/// The texts in backticks outside of fenced blocks.
pub(crate) fn spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{blocks, spans, with_generated};

    const TEXT: &str = "a `b`\n<!-- generated: x -->\n```sh\nold `c`\n```\n<!-- generated: y -->\n<!-- end -->\nz `d`\n";

    #[test]
    fn finds_blocks_and_spans() {
        assert_eq!(blocks(TEXT, "sh"), ["old `c`"]);
        assert_eq!(spans(TEXT), ["b", "d"]);
    }

    #[test]
    fn replaces_generated_parts() {
        let new = with_generated(&with_generated(TEXT, "x", "new\n"), "y", "table\n");
        assert!(new.contains("```sh\nnew\n```\n"), "{new}");
        assert!(new.contains("y -->\ntable\n<!-- end -->\nz"), "{new}");
        assert_eq!(with_generated(&new, "x", "new\n"), new);
    }
}
