//! Makes a failing program as small as it gets while it fails in the same manner.

use super::batch::{self, Finding};
use super::function::Program;
use super::tree::{Node, Part, Sort};
use handroll_lowering::Edition;
use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

/// How many candidates are compiled together.
const TOGETHER: usize = 40;

/// The smallest program found within the time, and what came of it.
///
/// # Errors
/// When cargo cannot be run or a file not be written.
pub fn shrink(
    name: &str,
    program: Program,
    finding: Finding,
    edition: Edition,
    time: Duration,
) -> io::Result<(Program, Finding)> {
    let started = Instant::now();
    let (mut program, mut finding) = (program, finding);
    let mut tried: HashSet<String> = HashSet::from([program.print()]);
    'smaller: loop {
        let mut candidates: Vec<Program> = candidates(&program)
            .into_iter()
            .filter(Program::is_scoped)
            .collect();
        candidates.sort_by_cached_key(Program::size);
        candidates.retain(|candidate| tried.insert(candidate.print()));
        for chunk in candidates.chunks(TOGETHER) {
            if started.elapsed() > time {
                return Ok((program, finding));
            }
            let findings = batch::check(name, chunk, edition)?;
            let first = findings.iter().position(|found| finding.is_like(found));
            if let Some(first) = first {
                program = chunk[first].clone();
                finding = findings[first].clone();
                continue 'smaller;
            }
        }
        return Ok((program, finding));
    }
}

/// All programs that are one step smaller.
fn candidates(program: &Program) -> Vec<Program> {
    let mut found = Vec::new();
    if program.flags.len() > 1 {
        for &flag in &program.flags {
            found.push(Program {
                flags: vec![flag],
                ..program.clone()
            });
        }
    }
    for i in 0..program.callees.len() {
        let mut smaller = program.clone();
        smaller.callees.remove(i);
        found.push(smaller);
        for body in bodies(&program.callees[i].body) {
            let mut smaller = program.clone();
            smaller.callees[i].body = body;
            found.push(smaller);
        }
    }
    for i in usize::from(program.main.is_method)..program.main.params.len() {
        let mut smaller = program.clone();
        smaller.main.params.remove(i);
        found.push(smaller);
    }
    for body in bodies(&program.main.body) {
        let mut smaller = program.clone();
        smaller.main.body = body;
        found.push(smaller);
    }
    found
}

fn bodies(body: &Node) -> Vec<Node> {
    let variants = variants(body).into_iter();
    variants
        .filter_map(|parts| match <[Part; 1]>::try_from(parts) {
            Ok([Part::Node(node)]) => Some(node),
            _ => None,
        })
        .collect()
}

/// What may stand in a node's place: the node with one thing changed.
fn variants(node: &Node) -> Vec<Vec<Part>> {
    let mut found = instead(node);
    for (i, part) in node.parts.iter().enumerate() {
        let Part::Node(child) = part else { continue };
        for replacement in variants(child) {
            let mut parts = node.parts.clone();
            parts.splice(i..=i, replacement);
            found.push(vec![Part::Node(Node {
                parts,
                ..node.clone()
            })]);
        }
    }
    found
}

/// What may stand in the place of the whole node.
fn instead(node: &Node) -> Vec<Vec<Part>> {
    let mut found: Vec<Vec<Part>> = Vec::new();
    match node.sort {
        Sort::Expr(ty) => {
            if node.children().next().is_some()
                || node.parts.iter().any(|p| !matches!(p, Part::Text(_)))
            {
                for &text in ty.simplest() {
                    found.push(vec![
                        Node::row("simplest", node.sort, vec![text.into()]).into(),
                    ]);
                }
            }
            let mut inner = Vec::new();
            descendants(
                node,
                &|n| n.sort == Sort::Expr(ty) || n.sort == Sort::Block(ty),
                &mut inner,
            );
            found.extend(inner.into_iter().map(|node| vec![Part::Node(node.clone())]));
        }
        Sort::Block(ty) => {
            let mut inner = Vec::new();
            descendants(
                node,
                &|n| n.sort == Sort::Expr(ty) || n.sort == Sort::Block(ty),
                &mut inner,
            );
            found.extend(inner.into_iter().map(|inner| {
                let parts = vec!["{ ".into(), Part::Node(inner.clone()), " }".into()];
                vec![Node::row("", node.sort, parts).into()]
            }));
            if ty == super::tree::Ty::Unit
                && !node.parts.is_empty()
                && node.children().next().is_some()
            {
                found.push(vec![Node::row("", node.sort, vec!["{}".into()]).into()]);
            }
        }
        Sort::Stmt => {
            found.push(Vec::new());
            let mut statements = Vec::new();
            outermost(node, &|n| n.sort == Sort::Stmt, &mut statements);
            if !statements.is_empty() {
                found.push(
                    statements
                        .into_iter()
                        .map(|n| Part::Node(n.clone()))
                        .collect(),
                );
            }
            let mut values = Vec::new();
            outermost(node, &|n| matches!(n.sort, Sort::Expr(_)), &mut values);
            for value in values {
                if node.children().count() != 1
                    || node.parts.iter().any(|p| matches!(p, Part::Bind(_)))
                    || node.form.contains("as a statement")
                {
                    let parts = vec![Part::Node(value.clone()), ";".into()];
                    if node.form != "expression as a statement" {
                        found.push(vec![
                            Node::row("expression as a statement", Sort::Stmt, parts).into(),
                        ]);
                    }
                }
            }
        }
        Sort::Arm | Sort::Optional => found.push(Vec::new()),
        Sort::Pattern => {
            if node.form != "wildcard" {
                found.push(vec![
                    Node::row("wildcard", Sort::Pattern, vec!["_".into()]).into(),
                ]);
            }
        }
        Sort::Fixed => {}
    }
    found
}

/// All nodes of a kind inside, without the node itself.
fn descendants<'n>(node: &'n Node, wanted: &dyn Fn(&Node) -> bool, found: &mut Vec<&'n Node>) {
    for child in node.children() {
        if wanted(child) {
            found.push(child);
        }
        descendants(child, wanted, found);
    }
}

/// The nodes of a kind inside that are not inside of another one.
fn outermost<'n>(node: &'n Node, wanted: &dyn Fn(&Node) -> bool, found: &mut Vec<&'n Node>) {
    for child in node.children() {
        if wanted(child) {
            found.push(child);
        } else {
            outermost(child, wanted, found);
        }
    }
}
