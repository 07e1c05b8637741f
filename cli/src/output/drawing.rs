//! A graph made ready for drawing; the languages differ only in how they spell it.

use handroll_lowering::{Edge, FlowGraph};
use petgraph::visit::{EdgeRef as _, IntoNodeReferences as _};

/// A drawing: boxes and arrows.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) title: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Arrow>,
}

/// A box; arrows refer to it by its `id`.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: usize,
    /// The lines of its text.
    pub(crate) text: Vec<String>,
    /// Whether the function waits at its end.
    pub(crate) waits: bool,
}

/// An arrow.
#[derive(Debug)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: Edge,
}

impl Drawing {
    /// Draws the graph of a function.
    pub(crate) fn of(title: &str, graph: &FlowGraph) -> Drawing {
        let nodes = graph.graph.node_references().map(|(index, node)| {
            let lines = match node.lines {
                Some((first, last)) if first == last => Some(format!("line {first}")),
                Some((first, last)) => Some(format!("lines {first} to {last}")),
                None => None,
            };
            let label = node.label.lines().map(str::to_owned);
            let waits = node
                .suspends
                .as_ref()
                .map(|state| format!("waits in {state}"));
            Node {
                id: index.index(),
                text: lines.into_iter().chain(label).chain(waits).collect(),
                waits: node.suspends.is_some(),
            }
        });
        let edges = graph.graph.edge_references();
        let edges = edges.map(|edge| Arrow {
            from: edge.source().index(),
            to: edge.target().index(),
            kind: *edge.weight(),
        });
        Drawing {
            title: title.to_owned(),
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}

/// A drawing that has everything a printer must cope with.
#[cfg(test)]
pub(crate) fn sample() -> Drawing {
    Drawing {
        title: "a::\"b\"".to_owned(),
        nodes: vec![
            Node {
                id: 0,
                text: vec!["line 1".to_owned(), "x < \"y\\n\" & #z".to_owned()],
                waits: false,
            },
            Node {
                id: 1,
                text: vec!["waits in Read".to_owned()],
                waits: true,
            },
            Node {
                id: 2,
                text: vec![],
                waits: false,
            },
        ],
        edges: vec![
            Arrow {
                from: 0,
                to: 1,
                kind: Edge::Goto,
            },
            Arrow {
                from: 1,
                to: 0,
                kind: Edge::Resume,
            },
            Arrow {
                from: 0,
                to: 2,
                kind: Edge::Branch,
            },
        ],
    }
}
