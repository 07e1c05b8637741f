//! Printers: of the output, and of each intermediate form.

#[cfg(test)]
mod tests;

mod braces;
mod calls;
mod comments;
mod join;
mod notes;
mod outline;
mod printed;
mod spelled;
mod weave;

use crate::diagnostics::Diagnostic;
use crate::emit;
use crate::lex::{Kind, Token, lex};
use crate::lower;
use crate::nested::Machine;
use crate::parse::Found;
use crate::report::{Options, Stage};
use crate::text::Text;
use crate::types::Table;
pub(crate) use calls::{BANG, LETTERS};
use comments::Carrier;
use printed::Printed;
use proc_macro2::TokenStream;
use quote::ToTokens;
pub(crate) use spelled::spelled;
use weave::Edits;

/// A lowered function as text, indented as it stood in its file, with the comments of its source.
pub(crate) fn lowered(
    tokens: TokenStream,
    indent: usize,
    found: &Found,
    source: &Text<'_>,
) -> String {
    match parsed(tokens) {
        Ok(file) => pruned(file, indent / 4, |_| {}, found, source),
        Err(text) => text,
    }
}

/// The machine of an async block as text, in the place of the block.
pub(crate) fn block(machine: &Machine, source: &Text<'_>) -> String {
    let found = &machine.found;
    let (lints, machine) = (emit::lints(), machine.in_place());
    let tokens = quote::quote!(#lints fn around() { #machine });
    let line = source.start(source.line(found.bytes.start));
    match parsed(tokens) {
        Ok(file) => {
            // `around` is one more.
            let depth = (lower::indent(source, line) / 4).saturating_sub(1);
            let text = pruned(file, depth, allow_inside, found, source);
            let lines: Vec<&str> = text.lines().collect();
            let inner = lines[1..lines.len() - 1].join("\n");
            inner.trim_start().to_owned()
        }
        Err(text) => text,
    }
}

/// Puts the lints that a block's machine has allowed where they may stand.
///
/// ```text
/// #[allow(unused_mut)]         fn around() {
/// fn around() {                    {
///     { .. machine }       =>          ..
/// }                                    #[allow(unused_mut)]
///                                      let machine = machine;
///                                      machine
///                                  }
///                              }
/// ```
fn allow_inside(file: &mut syn::File) {
    let [syn::Item::Fn(around)] = file.items.as_mut_slice() else {
        return;
    };
    let Some(lints) = around.attrs.pop() else {
        return;
    };
    if let Some(syn::Stmt::Expr(syn::Expr::Block(block), None)) = around.block.stmts.last_mut()
        && let Some(syn::Stmt::Expr(machine, None)) = block.block.stmts.last_mut()
    {
        let machine = machine.clone();
        let allowed: syn::Block = syn::parse_quote!({
            #lints
            let machine = #machine;
            machine
        });
        block.block.stmts.pop();
        block.block.stmts.extend(allowed.stmts);
    }
}

/// Items without what they do not need, as text at a depth.
fn pruned(
    mut file: syn::File,
    depth: usize,
    change: impl FnOnce(&mut syn::File),
    found: &Found,
    source: &Text<'_>,
) -> String {
    // What stands in the runtime's macros is code like any other: labels are renamed there too.
    calls::hide(&mut file);
    emit::prune(&mut file);
    emit::prune_lints(&mut file);
    change(&mut file);
    for _ in 0..depth {
        let mut around: syn::ItemMod = syn::parse_quote!(
            mod around {}
        );
        around.content = Some((Default::default(), std::mem::take(&mut file.items)));
        file.items.push(syn::Item::Mod(around));
    }
    let wants_edits = comments::has_comments(found, source) || notes::has_constructs(found, source);
    let tokens = wants_edits.then(|| printed::tokens(&mut file));
    braces::hide(&mut file);
    let text = braces::show(prettyplease::unparse(&file));
    let text = join::join(&calls::show(&text));
    let Some(tokens) = tokens else {
        return unwrapped(&text, depth);
    };
    let printed = Printed::new(&text, tokens, source, &found.bytes);
    let mut edits = Edits::default();
    let comments = Carrier::new(found, source, &printed);
    notes::note(found, source, &printed, comments.as_ref(), &mut edits);
    let commented = edits.apply(&printed.text);
    debug_assert!(same_code(&text, &commented), "comments changed the code");
    unwrapped(&commented, depth)
}

/// Whether two texts differ in comments and blanks at most.
fn same_code(one: &str, other: &str) -> bool {
    let code =
        |text| lex(text).filter(|token: &Token| !matches!(token.kind, Kind::Blank | Kind::Comment));
    let words = |text| code(text).map(move |token: Token| &text[token.bytes]);
    words(one).eq(words(other))
}

/// An item as text.
fn item(tokens: TokenStream) -> String {
    match parsed(tokens) {
        Ok(file) => unwrapped(&prettyplease::unparse(&file), 0),
        Err(text) => text,
    }
}

fn parsed(tokens: TokenStream) -> Result<syn::File, String> {
    syn::parse2(tokens.clone()).map_err(|error| {
        format!(
            "compile_error!(\"handroll wrote something that is not Rust: {error}; please report it\");\n/* {tokens} */"
        )
    })
}

/// Takes off the modules that stand around an item for its indentation.
fn unwrapped(text: &str, depth: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let inner = lines[depth..lines.len() - depth].join("\n");
    inner.trim_start().to_owned()
}

/// An expression on one line, as long as that gets; none when a line breaks inside of a literal or block.
pub(crate) fn one_line(expr: &syn::Expr) -> Option<String> {
    let file: syn::File = syn::parse_quote!(
        fn f() {
            #expr
        }
    );
    let text = prettyplease::unparse(&file);
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    for line in &lines[1..lines.len() - 1] {
        let line = line.trim();
        let closes = line.starts_with([')', ']']);
        if closes && out.ends_with(',') {
            out.pop();
        }
        if !(out.is_empty() || closes || out.ends_with(['(', '[']) || line.starts_with(['.', '?']))
        {
            out.push(' ');
        }
        out.push_str(line);
    }
    let strings = |tokens: TokenStream| tokens.to_string().contains('\n');
    (!strings(expr.to_token_stream())).then_some(out)
}

pub(crate) fn ty(ty: &syn::Type) -> String {
    let file: syn::File = syn::parse_quote!(type T = #ty;);
    let text = prettyplease::unparse(&file);
    text.trim()
        .trim_start_matches("type T = ")
        .trim_end_matches(';')
        .to_owned()
}

pub(crate) fn stage(
    found: &Found,
    source: &Text<'_>,
    table: &Table,
    stage: Stage,
    options: &Options,
) -> Result<String, Vec<Diagnostic>> {
    if stage == Stage::Parse {
        let Found {
            attrs,
            vis,
            sig,
            block,
            ..
        } = found;
        return Ok(item(quote::quote!(#(#attrs)* #vis #sig #block)));
    }
    let lower::Copies { copies, .. } = lower::function(found, table, options)?;
    let (tokens, stages) = copies
        .into_iter()
        .next()
        .expect("a body has a configuration");
    let mut out = String::new();
    use std::fmt::Write;
    let lower::Stages {
        resolved,
        body,
        graph,
        analysis,
        layout,
    } = &stages;
    match stage {
        Stage::Parse => {}
        Stage::Resolve => {
            for (i, local) in resolved.locals.iter().enumerate() {
                let kind = if local.hidden {
                    "hidden"
                } else if local.foreign {
                    "of a closure"
                } else {
                    "local"
                };
                let ty = local
                    .ty
                    .as_ref()
                    .map(|ty| format!(": {}", self::ty(ty)))
                    .unwrap_or_default();
                let _ = writeln!(
                    out,
                    "{i:>3} line {:>4}  {kind:<12} {}{}{ty}",
                    local.span.start().line,
                    if local.mutable { "mut " } else { "" },
                    local.base
                );
            }
        }
        Stage::Desugar => {
            out = crate::names::readable(&format!("{:#?}", Debug(body)));
        }
        Stage::Graph => {
            for node in graph.blocks.node_indices() {
                let _ = writeln!(
                    out,
                    "{}: lines {:?}",
                    node.index(),
                    graph.blocks[node].lines
                );
                for event in &graph.blocks[node].events {
                    let _ = writeln!(out, "    {event:?}");
                }
                for edge in graph.blocks.edges(node) {
                    use petgraph::visit::EdgeRef;
                    let _ = writeln!(out, "    -> {} {:?}", edge.target().index(), edge.weight());
                }
            }
        }
        Stage::Analysis => {
            for (id, held) in analysis.held.iter().enumerate() {
                let _ = writeln!(out, "{}:", layout.states[id].name);
                for holding in held {
                    let pinned = if analysis.pinned.contains(&holding.local) {
                        "pinned"
                    } else {
                        "carried"
                    };
                    let _ = writeln!(
                        out,
                        "    {} {pinned} {:?}",
                        layout.name(holding.local),
                        holding.why
                    );
                }
            }
        }
        Stage::Layout => {
            for local in &layout.slots {
                let _ = writeln!(out, "slot {}: {}", layout.name(*local), layout.types[local]);
            }
            for (state, child) in layout.states.iter().zip(&layout.children) {
                let _ = writeln!(out, "{} {{ {}: {child} }}", state.name, layout.fresh.child);
                for local in &state.carried {
                    let _ = writeln!(out, "    {}: {}", layout.name(*local), layout.types[local]);
                }
            }
        }
        Stage::Emit => out = lowered(tokens, 0, found, source),
    }
    Ok(out)
}

/// The structured form of a body.
pub(crate) struct Debug<'a>(pub(crate) &'a crate::desugar::Body);

impl std::fmt::Debug for Debug<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::ir::print(&self.0.block, 0, f)
    }
}
