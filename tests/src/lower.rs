//! Lowered fixtures.

use crate::fixture::{Fixture, year};
use handroll_lowering::{Diagnostic, Edition, Function, Options, lower_file};
use std::collections::BTreeSet;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A fixture after lowering.
#[derive(Clone, Debug)]
pub struct LoweredFixture {
    /// The new text.
    pub text: String,
    /// Its functions, lowered or refused.
    pub functions: Vec<Function>,
}

/// Lowers a fixture.
///
/// # Errors
/// A message, when the file as a whole is refused.
pub fn lower(fixture: &Fixture, edition: Edition) -> Result<LoweredFixture, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.nested = fixture.nested;
    match lower_file(&fixture.text, &options) {
        Ok(file) => Ok(LoweredFixture {
            text: file.text,
            functions: file.functions,
        }),
        Err(diagnostics) => Err(format!(
            "{}.rs is refused as a whole (edition {}):\n{}",
            fixture.name,
            year(edition),
            list(&diagnostics)
        )),
    }
}

/// A fixture with the attribute on each function that it takes.
///
/// # Errors
/// A message, when the file is not Rust.
pub fn with_attribute(fixture: &Fixture, edition: Edition) -> Result<LoweredFixture, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.nested = fixture.nested;
    let file = lower_file(&fixture.text, &options)
        .map_err(|errors| format!("{}:\n{}", fixture.name, list(&errors)))?;
    let mut text = fixture.text.clone();
    let attribute = if fixture.nested {
        "#[::handroll_rt::lower(nested)]\n"
    } else {
        "#[::handroll_rt::lower]\n"
    };
    let lowered = file.functions.iter().filter(|found| found.outcome.is_ok());
    let (blocks, functions): (Vec<_>, Vec<_>) = lowered.partition(|found| found.path.contains('{'));
    let mut places: BTreeSet<usize> = functions.iter().map(|found| found.bytes.start).collect();
    let blocks: Vec<usize> = blocks.iter().map(|block| block.bytes.start).collect();
    places.extend(owners(&fixture.text, &blocks));
    for place in places.into_iter().rev() {
        text.insert_str(place, attribute);
    }
    Ok(LoweredFixture {
        text,
        functions: file.functions,
    })
}

/// Where the functions begin that are not async and have these blocks in them, without functions between.
fn owners(text: &str, blocks: &[usize]) -> Vec<usize> {
    struct Owners<'a> {
        blocks: &'a [usize],
        found: Vec<usize>,
    }
    impl Owners<'_> {
        fn function(&mut self, item: Range<usize>, sig: &syn::Signature, inside: usize) {
            let owns = self.blocks.iter().any(|block| item.contains(block));
            // One that has functions inside stays as it is; and the table of the cases has blocks in closures that borrow.
            if owns && inside == 0 && sig.asyncness.is_none() && sig.ident != "cases" {
                self.found.push(item.start);
            }
        }
    }
    impl<'ast> Visit<'ast> for Owners<'_> {
        fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
            let inside = functions(&item.block);
            self.function(item.span().byte_range(), &item.sig, inside);
            visit::visit_item_fn(self, item);
        }
        fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
            let inside = functions(&item.block);
            self.function(item.span().byte_range(), &item.sig, inside);
            visit::visit_impl_item_fn(self, item);
        }
        fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
            let inside = item.default.as_ref().map_or(0, functions);
            self.function(item.span().byte_range(), &item.sig, inside);
            visit::visit_trait_item_fn(self, item);
        }
    }
    let mut owners = Owners {
        blocks,
        found: Vec::new(),
    };
    if let Ok(file) = syn::parse_file(text) {
        owners.visit_file(&file);
    }
    owners.found
}

/// How many functions stand in a block.
fn functions(block: &syn::Block) -> usize {
    struct Functions(usize);
    impl<'ast> Visit<'ast> for Functions {
        fn visit_signature(&mut self, _: &'ast syn::Signature) {
            self.0 += 1;
        }
    }
    let mut functions = Functions(0);
    functions.visit_block(block);
    functions.0
}

/// Diagnostics, a line each.
pub fn list(diagnostics: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| {
        format!(
            "  {} line {}: {} ({})\n",
            d.code.id(),
            d.line(),
            d.message,
            d.label
        )
    };
    diagnostics.iter().map(line).collect()
}

impl LoweredFixture {
    /// The function that a line of the new text, counted from 1, belongs to.
    pub fn function_at(&self, line: usize) -> Option<&str> {
        let before = |lines: usize| {
            self.text
                .split_inclusive('\n')
                .take(lines)
                .map(str::len)
                .sum::<usize>()
        };
        let wanted = before(line.saturating_sub(1))..before(line);
        self.functions.iter().find_map(|function| {
            let lowered = &function.outcome.as_ref().ok()?.text;
            let at = self.text.find(lowered.as_str())?;
            (at < wanted.end && wanted.start < at + lowered.len()).then_some(function.path.as_str())
        })
    }
}
