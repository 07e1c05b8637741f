//! Macros of `log` and `tracing` with awaits among their arguments, which they evaluate only when their level is on.
//!
//! Only the macro itself can say that: it is awaited as an opaque leaf that borrows what it mentions.
//!
//! ```text
//! // Input:
//! info!(target: "net", peer = %peer, "{} left", queue.len().await);
//! // Output:
//! async { info!(target: "net", peer = %peer, "{} left", queue.len().await) }.await;
//! ```

use super::leaving::only_looks;
use super::{Opening, leaf};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Expr;

impl Opening<'_> {
    pub(super) fn logging(&self, name: &str, mac: &syn::Macro) -> Option<Expr> {
        let level = ["error", "warn", "info", "debug", "trace", "log", "event"];
        let first = mac.path.segments.first()?.ident.to_string();
        let package = if mac.path.segments.len() > 1 {
            first.as_str()
        } else if self.table.defines_macro(&first) {
            return None;
        } else {
            self.table.imported_from(&first)?
        };
        let known = level.contains(&name) && matches!(package, "log" | "tracing");
        // In the leaf a jump would mean something else, and a value that it moves would belong to it.
        // Whether a method moves its receiver is asked again where the leaf's captures are.
        let borrows = |method: &str| self.table.likely_borrows(method);
        let looks = known
            && arguments(&mac.tokens)
                .into_iter()
                .map(|arg| self.without_copies(arg))
                .all(|arg| syn::parse2(arg).is_ok_and(|arg| only_looks(&arg, &borrows)));
        let mut leaf = looks.then(|| leaf(mac, mac.to_token_stream()))?;
        if let Expr::Await(found) = &mut leaf
            && let Expr::Async(block) = &mut *found.base
        {
            block.capture = None;
        }
        Some(leaf)
    }

    /// Tokens with a constant for each variable that is copied wherever it is used.
    fn without_copies(&self, tokens: TokenStream) -> TokenStream {
        crate::names::map_tokens(
            tokens,
            &mut |ident, around| {
                let copied = around.variable() && self.copied.contains(&ident.to_string());
                copied.then(|| quote::quote!(0))
            },
            &mut |_| None,
        )
    }
}

/// The values among a macro's arguments: without `name =`, `target:`, `?` and `%` before them.
fn arguments(tokens: &TokenStream) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is = |tree: Option<&TokenTree>, mark: char| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let mut found = Vec::new();
    for arg in trees.split(|tree| is(Some(tree), ',')) {
        let mut rest = arg;
        // `a.b = value`, and no `a == b`.
        let named = rest
            .iter()
            .position(|tree| !matches!(tree, TokenTree::Ident(_)) && !is(Some(tree), '.'));
        if let Some(at @ 1..) = named {
            let equals = is(rest.get(at), '=') && !is(rest.get(at + 1), '=');
            let colon = is(rest.get(at), ':') && !is(rest.get(at + 1), ':');
            if equals || colon {
                rest = &rest[at + 1..];
            }
        }
        if is(rest.first(), '?') || is(rest.first(), '%') {
            rest = &rest[1..];
        }
        if !rest.is_empty() {
            found.push(rest.iter().cloned().collect());
        }
    }
    found
}
