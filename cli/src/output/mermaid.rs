//! Graphs in the language of Mermaid, which Markdown renderers draw.

use crate::output::drawing::Drawing;
use handroll_lowering::Edge;
use std::fmt::Write as _;

/// The drawing as a `flowchart`.
pub(crate) fn mermaid(drawing: &Drawing) -> String {
    let mut text = String::new();
    // In the front matter the title is YAML, where a quoted string takes the escapes of JSON.
    let _ = writeln!(
        text,
        "---\ntitle: {}\n---\nflowchart TD",
        serde_json::Value::from(drawing.title.as_str())
    );
    for node in &drawing.nodes {
        let label = node
            .text
            .iter()
            .map(|line| escaped(line))
            .collect::<Vec<_>>()
            .join("<br/>");
        // An empty label is an error; a blank one is drawn as an empty box.
        let label = if label.is_empty() {
            " ".to_owned()
        } else {
            label
        };
        let _ = match node.waits {
            true => writeln!(text, "  b{}([\"{label}\"]):::waits", node.id),
            false => writeln!(text, "  b{}[\"{label}\"]", node.id),
        };
    }
    for edge in &drawing.edges {
        let arrow = match edge.kind {
            Edge::Goto => "-->",
            Edge::Branch => "-.->",
            Edge::Resume => "==>|ready|",
        };
        let _ = writeln!(text, "  b{} {arrow} b{}", edge.from, edge.to);
    }
    text.push_str("  classDef waits fill:#ffffe0\n");
    text
}

/// Mermaid has no backslash escapes: what could be taken for markup is written as an entity.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | ';' | '[' | ']' | '(' | ')'
            | '{' | '}' | '|' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::drawing::sample;

    #[test]
    fn spells_nodes_and_edges() {
        let expect = r##"---
title: "a::\"b\""
---
flowchart TD
  b0["line 1<br/>x #60; #34;y#92;n#34; #38; #35;z"]
  b1(["waits in Read"]):::waits
  b2[" "]
  b0 --> b1
  b1 ==>|ready| b0
  b0 -.-> b2
  classDef waits fill:#ffffe0
"##;
        assert_eq!(mermaid(&sample()), expect);
    }
}
