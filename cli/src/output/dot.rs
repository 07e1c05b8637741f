//! Graphs in the language of Graphviz.

use crate::output::drawing::Drawing;
use handroll_lowering::Edge;
use std::fmt::Write as _;

/// The drawing as a `digraph`.
pub(crate) fn dot(drawing: &Drawing) -> String {
    let mut text = String::new();
    let title = quoted(&drawing.title);
    // Lines of code read best when they start together: `\l` ends a line that is aligned to the left.
    let _ = writeln!(text, "digraph {title} {{");
    let _ = writeln!(text, "  label={title}; labelloc=t; fontname=\"monospace\";");
    let _ = writeln!(
        text,
        "  node [shape=box, fontname=\"monospace\"]; edge [fontname=\"monospace\"];"
    );
    for node in &drawing.nodes {
        let label: String = node
            .text
            .iter()
            .map(|line| format!("{}\\l", escaped(line)))
            .collect();
        let style = if node.waits {
            ", style=\"rounded,filled\", fillcolor=\"lightyellow\""
        } else {
            ""
        };
        let _ = writeln!(text, "  b{} [label=\"{label}\"{style}];", node.id);
    }
    for edge in &drawing.edges {
        let style = match edge.kind {
            Edge::Goto => "",
            Edge::Branch => " [style=dashed]",
            Edge::Resume => " [style=bold, color=\"blue\", label=\"ready\"]",
        };
        let _ = writeln!(text, "  b{} -> b{}{style};", edge.from, edge.to);
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Inside a quoted string, a quote and a backslash (which would start an escape such as `\N`, the node's name) need one.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::drawing::sample;

    #[test]
    fn spells_nodes_and_edges() {
        let expect = r##"digraph "a::\"b\"" {
  label="a::\"b\""; labelloc=t; fontname="monospace";
  node [shape=box, fontname="monospace"]; edge [fontname="monospace"];
  b0 [label="line 1\lx < \"y\\n\" & #z\l"];
  b1 [label="waits in Read\l", style="rounded,filled", fillcolor="lightyellow"];
  b2 [label=""];
  b0 -> b1;
  b1 -> b0 [style=bold, color="blue", label="ready"];
  b0 -> b2 [style=dashed];
}
"##;
        assert_eq!(dot(&sample()), expect);
    }
}
