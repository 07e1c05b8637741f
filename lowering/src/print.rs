//! Printers: of the output, and of each intermediate form.

use crate::diagnostics::Diagnostic;
use crate::emit;
use crate::lower;
use crate::parse::Found;
use crate::report::{Options, Stage};
use crate::types::Table;
use proc_macro2::TokenStream;
use quote::ToTokens;

/// A finished item as text, indented as it stood in its file.
pub(crate) fn item(tokens: TokenStream, indent: usize, line: usize) -> String {
    let _ = line;
    let mut file: syn::File = match syn::parse2(tokens.clone()) {
        Ok(file) => file,
        Err(error) => {
            return format!(
                "compile_error!(\"handroll wrote something that is not Rust: {error}; please report it\");\n/* {tokens} */"
            );
        }
    };
    emit::prune(&mut file);
    let depth = indent / 4;
    for _ in 0..depth {
        let mut around: syn::ItemMod = syn::parse_quote!(
            mod around {}
        );
        around.content = Some((Default::default(), std::mem::take(&mut file.items)));
        file.items.push(syn::Item::Mod(around));
    }
    let text = prettyplease::unparse(&file);
    let lines: Vec<&str> = text.lines().collect();
    let inner = lines[depth..lines.len() - depth].join("\n");
    inner.trim_start().to_owned()
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
        return Ok(item(
            quote::quote!(#(#attrs)* #vis #sig #block),
            0,
            found.lines.0,
        ));
    }
    let (tokens, stages) = lower::function(found, table, options)?;
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
            let _ = writeln!(out, "{:#?}", Debug(body));
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
        Stage::Emit => out = item(tokens, 0, found.lines.0),
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

/// Tokens on one line.
pub(crate) fn tokens(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}
