//! The passes in order, for one function and for a file.

use crate::analysis::{Analysis, analyse};
use crate::checkpoint;
use crate::conditional::{Configured, configurations, parameter_attrs};
use crate::desugar::{Body, desugar};
use crate::diagnostics::{Code, Diagnostic, Sink};
use crate::emit::{self, Input, Item, Signature, emit};
use crate::graph::{Graph, graph};
use crate::hold::hold;
use crate::layout::{Context, Fresh, Layout, layout};
use crate::macro_names;
use crate::messages;
use crate::named;
use crate::names::LocalId;
use crate::nested::{self, Nested};
use crate::open::{Opened, open};
use crate::parse::{self, Found, Kind};
use crate::print;
use crate::report::{
    FlowGraph, Form, Function, Held, Lowered, LoweredFile, NativeBlock, Node, Options, Stage,
    Storage, Suspension,
};
use crate::resolve::{Resolved, resolve};
use crate::text::Text;
use crate::types::{Bounds, Table, Trust};
use crate::unknown;
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

/// See [`crate::lower_file`].
pub(crate) fn file(source: &str, options: &Options) -> Result<LoweredFile, Vec<Diagnostic>> {
    let (file, skipped) = parse_file(source)?;
    let mut table = Table::of(&file);
    table.adopt(options, source);
    let (found, plain) = parse::find_all(&file);
    let mut writing = Writing {
        lines: Text::new(&source[skipped..]),
        skipped,
        table: &table,
        options,
        edits: Vec::new(),
        functions: Vec::new(),
        native_blocks: Vec::new(),
    };
    for found in found {
        writing.function(found);
    }
    if options.nested {
        plain.iter().for_each(|found| writing.blocks(found));
    }
    let Writing {
        mut edits,
        mut functions,
        mut native_blocks,
        ..
    } = writing;
    edits.sort_by_key(|(bytes, _)| bytes.start);
    functions.sort_by_key(|function| function.bytes.start);
    native_blocks.sort_by_key(|block| block.line);
    let mut text = String::with_capacity(source.len() * 2);
    let mut copied = 0;
    for (bytes, lowered) in edits {
        text.push_str(&source[copied..bytes.start]);
        text.push_str(&lowered);
        copied = bytes.end;
    }
    text.push_str(&source[copied..]);
    Ok(LoweredFile {
        text,
        functions,
        native_blocks,
    })
}

/// What becomes of a file.
struct Writing<'a> {
    lines: Text<'a>,
    /// The bytes at the front of the file that the parser does not count.
    skipped: usize,
    table: &'a Table,
    options: &'a Options,
    /// What goes in the place of which bytes.
    edits: Vec<(Range<usize>, String)>,
    functions: Vec<Function>,
    native_blocks: Vec<NativeBlock>,
}

impl Writing<'_> {
    /// Whether the caller asks for an item, or for the function around a block.
    fn wants(&self, path: &str) -> bool {
        let only = self.options.only.as_ref();
        only.is_none_or(|only| {
            path.strip_prefix(only.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::{"))
        })
    }

    fn bytes(&self, found: &Found) -> Range<usize> {
        found.bytes.start + self.skipped..found.bytes.end + self.skipped
    }

    fn function(&mut self, found: Found) {
        if !self.wants(&found.path) {
            self.blocks(&found);
            return;
        }
        let bytes = self.bytes(&found);
        let outcome = function(&found, self.table, self.options);
        let outcome = outcome.map(|Copies { copies, nested }| {
            let lowered = reports(&found, copies, &self.lines);
            self.edits.push((bytes.clone(), lowered.text.clone()));
            (lowered, nested)
        });
        if outcome.is_err()
            && self.options.nested
            && refuse_attributes(&found, self.table).is_empty()
        {
            self.blocks(&found);
        }
        let outcome = outcome.map(|(lowered, nested)| {
            self.nested(nested);
            lowered
        });
        self.functions.push(Function {
            path: found.path,
            lines: found.lines,
            bytes,
            awaits: found.awaits,
            outcome,
        });
    }

    /// The async blocks of a function that stays as it is.
    fn blocks(&mut self, found: &Found) {
        if !self.options.nested || !refuse_attributes(found, self.table).is_empty() {
            return;
        }
        let mentioned = crate::layout::mentioned(&found.sig, &found.block);
        let block = found.block.clone();
        let opened = Opened { block, mentioned };
        let (_, nested) = nested::nested(found, opened, self.table, self.options);
        for machine in &nested.machines {
            if self.wants(&machine.found.path) {
                let text = print::block(machine, &self.lines);
                self.edits.push((self.bytes(&machine.found), text));
            }
        }
        self.nested(nested);
    }

    /// What is said of async blocks.
    fn nested(&mut self, nested: Nested) {
        for machine in nested.machines {
            if !self.wants(&machine.found.path) {
                continue;
            }
            let text = print::block(&machine, &self.lines);
            let bytes = self.bytes(&machine.found);
            let nested::Machine {
                found,
                stages,
                inner,
                ..
            } = machine;
            self.functions.push(Function {
                lines: found.lines,
                bytes,
                awaits: found.awaits,
                outcome: Ok(report(text, &stages)),
                path: found.path,
            });
            self.nested(inner);
        }
        let native = nested.native.into_iter().map(|block| NativeBlock {
            path: block.path,
            line: block.line,
            why: block.why,
        });
        self.native_blocks.extend(native);
    }
}

/// See [`crate::lower_fn`].
pub(crate) fn free(item: &syn::ItemFn, options: &Options) -> Result<TokenStream, Vec<Diagnostic>> {
    let file = syn::File {
        items: vec![syn::Item::Fn(item.clone())],
        ..syn::parse_quote!()
    };
    let table = Table::of(&file);
    match parse::find(&file).first() {
        Some(found) if item.sig.asyncness.is_some() => {
            function(found, &table, options).map(|lowered| {
                lowered
                    .copies
                    .into_iter()
                    .map(|(tokens, _)| tokens)
                    .collect()
            })
        }
        _ => {
            let message = "only async functions are lowered";
            let help = Some("write `async fn`".to_owned());
            let span = item.sig.fn_token.span;
            Err(vec![Diagnostic::new(
                Code::Unsupported,
                span,
                message,
                "this function",
                help,
            )])
        }
    }
}

/// See [`crate::print_stage`].
pub(crate) fn stage(
    source: &str,
    at: usize,
    stage: Stage,
    options: &Options,
) -> Result<String, Vec<Diagnostic>> {
    let (file, skipped) = parse_file(source)?;
    let mut table = Table::of(&file);
    table.adopt(options, source);
    let text = Text::new(&source[skipped..]);
    let (found, plain) = parse::find_all(&file);
    for found in found.iter().chain(&plain) {
        let bytes = found.bytes.start + skipped..found.bytes.end + skipped;
        if bytes.start == at && found.sig.asyncness.is_some() {
            return print::stage(found, &text, &table, stage, options);
        }
        if options.nested && bytes.contains(&at) {
            let mentioned = crate::layout::mentioned(&found.sig, &found.block);
            let block = found.block.clone();
            let opened = Opened { block, mentioned };
            let (_, nested) = nested::nested(found, opened, &table, options);
            if let Some(machine) = nested.at(at - skipped) {
                return match stage {
                    Stage::Emit => Ok(print::block(machine, &text)),
                    stage => print::stage(&machine.found, &text, &table, stage, options),
                };
            }
        }
    }
    Err(vec![Diagnostic::new(
        Code::Internal,
        proc_macro2::Span::call_site(),
        "no async function starts here",
        "",
        None,
    )])
}

fn parse_file(source: &str) -> Result<(syn::File, usize), Vec<Diagnostic>> {
    // `syn` takes off the byte order mark and the `#!` line before it counts bytes.
    let mut rest = source.strip_prefix('\u{feff}').unwrap_or(source);
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
    }
    let skipped = source.len() - rest.len();
    match syn::parse_file(source) {
        Ok(file) => Ok((file, skipped)),
        Err(error) => Err(error
            .into_iter()
            .map(|error| {
                let message = match error.to_string() {
                    // What is said of text that is not even tokens.
                    bare if bare.starts_with("cannot parse string") => {
                        "a bracket without its counterpart, an open string, or a character that Rust does not have".to_owned()
                    }
                    said => said,
                };
                let help = "handroll reads whole files: mend first what the compiler says of this one";
                Diagnostic::new(Code::Syntax, error.span(), message, "here", Some(help.into()))
            })
            .collect()),
    }
}

/// The results of all passes.
pub(crate) struct Stages {
    pub(crate) resolved: Resolved,
    pub(crate) body: Body,
    pub(crate) graph: Graph,
    pub(crate) analysis: Analysis,
    pub(crate) layout: Layout,
}

/// A lowered function: once, or once for each configuration that its body has.
pub(crate) struct Copies {
    pub(crate) copies: Vec<(TokenStream, Stages)>,
    /// Its async blocks.
    pub(crate) nested: Nested,
}

/// Lowers one function, up to tokens.
pub(crate) fn function(
    found: &Found,
    table: &Table,
    options: &Options,
) -> Result<Copies, Vec<Diagnostic>> {
    let mut sink = Sink::new();
    refuse_kind(found, table, &mut sink);
    macro_names::refuse_declaring(found, table, &mut sink);
    gate(&mut sink)?;
    let opened = open(&found.sig, &found.block, table, options.edition);
    let (Opened { block, mentioned }, nested) = if options.nested {
        nested::nested(found, opened, table, options)
    } else {
        (opened, Nested::default())
    };
    let configurations = configurations(&found.sig, block, &mut sink);
    gate(&mut sink)?;
    let mut found = found.clone();
    let copies = configurations
        .into_iter()
        .map(|copy| {
            let Configured {
                sig,
                block,
                condition,
            } = copy;
            found.sig = sig;
            let mentioned = mentioned.clone();
            let opened = Opened { block, mentioned };
            let (tokens, stages) = configured(&found, opened, condition.as_ref(), table, options)
                .map_err(|diagnostics| placed(&found, diagnostics))?;
            let around = &stages.layout.fresh;
            Ok((nested::fill(tokens, &nested, around), stages))
        })
        .collect::<Result<_, Vec<Diagnostic>>>()?;
    Ok(Copies { copies, nested })
}

/// Lowers the async blocks of a function that is not async, for an expansion.
///
/// # Errors
/// Says of each block why none is lowered; nothing where there is none.
pub(crate) fn plain(
    found: &Found,
    table: &Table,
    options: &Options,
) -> Result<TokenStream, Vec<Diagnostic>> {
    let Found { sig, block, .. } = found;
    let known = refuse_attributes(found, table).is_empty();
    let unnamed = |param: &syn::FnArg| matches!(param, syn::FnArg::Typed(typed) if emit::has_impl(&typed.ty) && !matches!(*typed.pat, syn::Pat::Ident(_)));
    if !known || sig.constness.is_some() || sig.abi.is_some() || sig.inputs.iter().any(unnamed) {
        return Err(Vec::new());
    }
    let mut mentioned = crate::layout::mentioned(sig, block);
    mentioned.extend(table.constants().cloned());
    let opened = Opened {
        block: block.clone(),
        mentioned: mentioned.clone(),
    };
    let (opened, nested) = nested::nested(found, opened, table, options);
    if nested.machines.is_empty() {
        let kept = |block: &nested::Native| {
            let message = format!("this async block stays the compiler's own: {}", block.why);
            let help = "take the attribute off, or put what the block needs into a `let` with a type before it";
            let label = "the block";
            Diagnostic::new(
                Code::MoveOrBorrow,
                block.span,
                message,
                label,
                Some(help.into()),
            )
        };
        return Err(nested.native.iter().map(kept).collect());
    }
    let fresh = Fresh::new(&sig.ident.to_string(), &mentioned, options.output, None);
    let item = Item {
        attrs: &found.attrs,
        vis: &found.vis,
        sig,
        outer: found.outer.as_ref(),
        self_ty: found.self_ty.as_ref(),
        in_trait: found.kind == Kind::Trait
            || found.kind != Kind::Inherent && sig.receiver().is_some(),
        is_block: false,
        stays_async: false,
        recursive: false,
        handed_on: false,
        awaits_generic: false,
        block,
        condition: None,
        edition: options.edition,
        output: options.output,
        after_completion: options.after_completion,
    };
    let body = nested::fill(opened.block.to_token_stream(), &nested, &fresh);
    Ok(emit::of_plain(&item, &fresh, body))
}

/// What is about syntax that stands nowhere in the source, as an opened macro has it, is about the function.
fn placed(found: &Found, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let name = found.sig.ident.span();
    let nowhere = |span: Span| span.byte_range().end == 0;
    // In a macro the compiler says of no span where its bytes are.
    if !nowhere(name) {
        let lost = diagnostics.iter_mut().filter(|found| nowhere(found.span));
        lost.for_each(|diagnostic| diagnostic.span = name);
    }
    diagnostics
}

/// Lowers one configuration of a function. A wrong guess at how a method takes `self` gives output that does not compile, so a holder comes
/// first wherever one can decide.
fn configured(
    found: &Found,
    opened: Opened,
    condition: Option<&syn::Attribute>,
    table: &Table,
    options: &Options,
) -> Result<(TokenStream, Stages), Vec<Diagnostic>> {
    let lowered = |opened, trust| trusting(found, opened, condition, table, options, trust);
    lowered(opened.clone(), Trust::Types).or_else(|_| lowered(opened, Trust::Names))
}

fn trusting(
    found: &Found,
    opened: Opened,
    condition: Option<&syn::Attribute>,
    table: &Table,
    options: &Options,
    trust: Trust,
) -> Result<(TokenStream, Stages), Vec<Diagnostic>> {
    let mut sink = Sink::new();
    let mut resolved = resolve(&found.sig, opened, &mut sink);
    resolved.self_ty.clone_from(&found.self_ty);
    resolved.bounds = Bounds::of(
        found.outer.iter().chain([&found.sig.generics]),
        &found.block,
    );
    resolved.module.clone_from(&found.module);
    gate(&mut sink)?;
    let mut body = desugar(&mut resolved, table, options.edition, &mut sink);
    gate(&mut sink)?;
    if options.no_holders {
        refuse_left(&resolved, &body, &mut sink);
        gate(&mut sink)?;
    }
    let mut holders: HashSet<_> = body.holders.iter().copied().collect();
    for _ in 0..ROUNDS {
        let graph = graph(&resolved, &body, table, trust);
        let wide = body.awaits.len() > NARROW;
        let analysis = analyse(&resolved, &graph, &holders, wide, &mut sink);
        gate(&mut sink)?;
        if !analysis.unclear.is_empty() {
            if options.no_holders {
                refuse_holders(&resolved, &analysis, &mut sink);
                gate(&mut sink)?;
            }
            hold(
                &mut resolved,
                &mut body,
                (table, options.edition),
                &analysis.unclear,
                &mut holders,
                &mut sink,
            );
            gate(&mut sink)?;
            continue;
        }
        macro_names::refuse_named(found, &resolved, &analysis.pinned, table, &mut sink);
        gate(&mut sink)?;
        let mut stages = lay_out(found, table, options, resolved, body, graph, analysis);
        if options.name.is_some() {
            named::spell(
                found,
                table,
                &stages.resolved,
                &stages.body,
                &stages.analysis,
                &mut stages.layout,
                &mut sink,
            );
            gate(&mut sink)?;
        }
        messages::write_out(
            &mut stages.body,
            &stages.analysis,
            &stages.layout,
            options.edition,
            &mut sink,
        );
        gate(&mut sink)?;
        match emit_item(found, table, &stages, condition, options) {
            Ok(tokens) => return Ok((tokens, stages)),
            Err(copies) => {
                (resolved, body) = (stages.resolved, stages.body);
                checkpoint::insert(&mut body, &copies);
            }
        }
    }
    let span = found.sig.ident.span();
    Err(vec![Diagnostic::new(
        Code::MoveOrBorrow,
        span,
        "only types decide what several uses of a local move, and each way to settle one unsettles another",
        "this function",
        Some(
            "take the value apart in a `let` before it, and choose between the cases with `if`"
                .into(),
        ),
    )])
}

/// Says of which values only types tell what is left of them.
fn refuse_holders(resolved: &Resolved, analysis: &Analysis, sink: &mut Sink) {
    let held = analysis
        .unclear
        .iter()
        .filter(|unclear| unclear.way.holds());
    let held: std::collections::BTreeSet<LocalId> = held.map(|unclear| unclear.local).collect();
    for local in held {
        let local = &resolved.locals[local.0];
        let help = format!(
            "write its type, or `{{ {0} }}` where it is moved and `(&{0})` where it is borrowed",
            local.base
        );
        sink.push(Diagnostic::new(
            Code::MoveOrBorrow,
            local.span,
            format!(
                "only types decide what is left of `{}` after a use, and holders are not allowed",
                local.base
            ),
            "declared here",
            Some(help),
        ));
    }
}

/// Says of which expressions only types tell what they leave.
fn refuse_left(resolved: &Resolved, body: &Body, sink: &mut Sink) {
    for local in &body.holders {
        sink.push(Diagnostic::new(
            Code::Temporary,
            resolved.locals[local.0].span,
            "only types decide what this expression leaves until the end of the statement, and holders are not allowed",
            "the function waits meanwhile",
            Some("give its parts names in `let`s before the statement".into()),
        ));
    }
}

/// Up to so many awaits the states hold their children and locals themselves, which reads best and costs the compiler little.
const NARROW: usize = 16;

/// How often a function may be rewritten before its layout: each round settles what the one before has shown.
const ROUNDS: usize = 32;

/// An error gate between passes.
fn gate(sink: &mut Sink) -> Result<(), Vec<Diagnostic>> {
    if sink.is_empty() {
        Ok(())
    } else {
        let mut found = std::mem::take(sink);
        // Several uses can lead to one refusal.
        found.dedup_by(|one, other| {
            one.message == other.message && one.span.start() == other.span.start()
        });
        Err(found)
    }
}

/// Attributes that say something about an item and do not rewrite it.
const PLAIN_ATTRIBUTES: &[&str] = &[
    "doc",
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "inline",
    "cold",
    "must_use",
    "deprecated",
    "cfg",
    "automatically_derived",
    "track_caller",
    "ignore",
    "should_panic",
    "macro_use",
    "path",
];

/// Attributes of crates that put something before the body, and keep the body as it is: the crate, then the attribute.
const PREFIXES: &[(&str, &[&str])] = &[("function_name", &["named"])];

/// Attributes that run an async function, and take its body as it is: the crate, then the attribute.
const RUNNERS: &[(&str, &[&str])] = &[
    ("tokio", &["main", "test"]),
    ("async_std", &["main", "test"]),
    ("smol_potat", &["main", "test"]),
    ("actix_rt", &["main", "test"]),
    ("actix_web", &["main", "test"]),
    ("futures_test", &["test"]),
];

/// Attributes that leave an async function where it is, or put one with the same parameters and body somewhere.
const KEEPERS: &[(&str, &[&str])] = &[
    ("embassy_executor", &["task", "main"]),
    (
        "actix_web",
        &[
            "get", "post", "put", "delete", "head", "connect", "options", "trace", "patch", "route",
        ],
    ),
    ("axum", &["debug_handler"]),
    ("axum_macros", &["debug_handler"]),
    ("poem", &["handler"]),
    ("utoipa", &["path"]),
];

fn attribute(attr: &syn::Attribute) -> Diagnostic {
    let path: Vec<String> = attr
        .path()
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let help = "put the body into an async function without the attribute, and await that here";
    Diagnostic::new(
        Code::Attribute,
        attr.pound_token.span,
        format!("`#[{}]` decides what becomes of this", path.join("::")),
        "only its expansion is what runs",
        Some(help.into()),
    )
}

/// Whether a path is that of the attribute `#[lower]` itself, which says nothing more once the function is lowered.
pub(crate) fn is_lower(path: &syn::Path) -> bool {
    path.segments
        .last()
        .is_some_and(|last| last.ident == "lower")
}

/// Whether an attribute leaves its function as it is.
fn is_plain(attr: &syn::Attribute) -> bool {
    let plain = |path: &syn::Path| {
        is_lower(path)
            || path
                .get_ident()
                .is_some_and(|ident| PLAIN_ATTRIBUTES.iter().any(|plain| ident == plain))
            || path.segments.first().is_some_and(|first| {
                ["rustfmt", "clippy", "diagnostic"]
                    .iter()
                    .any(|tool| first.ident == tool)
            })
    };
    if !attr.path().is_ident("cfg_attr") {
        return plain(attr.path());
    }
    // `cfg_attr(condition, attribute, ..)`
    let metas = attr.parse_args_with(
        syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated,
    );
    metas.is_ok_and(|metas| metas.iter().skip(1).all(|meta| plain(meta.path())))
}

/// Whether an attribute is one of these, by its path or an import: `#[test]` is no test of the language's where another is imported.
fn is_imported(attr: &syn::Attribute, known: &[(&str, &[&str])], table: &Table) -> bool {
    let is = |path: &syn::Path| {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let (package, name) = match segments.as_slice() {
            [name] => match table.imported_from(name) {
                Some(package) => (package, name),
                None => return false,
            },
            [package, name] => (package.as_str(), name),
            _ => return false,
        };
        known
            .iter()
            .any(|(known, names)| package == *known && names.contains(&name.as_str()))
    };
    if !attr.path().is_ident("cfg_attr") {
        return is(attr.path());
    }
    let metas = attr.parse_args_with(
        syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated,
    );
    metas.is_ok_and(|metas| metas.iter().skip(1).all(|meta| is(meta.path())))
}

/// Whether an attribute runs its function.
fn is_runner(attr: &syn::Attribute, table: &Table) -> bool {
    is_imported(attr, RUNNERS, table)
}

/// Whether an attribute takes the function for an async one whose body may be any other that does the same.
fn takes_async(attr: &syn::Attribute, found: &Found, table: &Table) -> bool {
    // Of a parameter, the function that runs another decides what becomes.
    is_runner(attr, table) && found.sig.inputs.is_empty() || is_imported(attr, KEEPERS, table)
}

/// Whether an attribute is one of these.
fn is_of(attr: &syn::Attribute, known: &[(&str, &[&str])]) -> bool {
    let mut segments = attr.path().segments.iter();
    let [Some(package), Some(name), None] = [segments.next(), segments.next(), segments.next()]
    else {
        return false;
    };
    known.iter().any(|(known, names)| {
        package.ident == known && names.iter().any(|known| name.ident == known)
    })
}

/// Whether the function must stay an `async fn`, with its machine awaited inside: an attribute wants one, or it may await itself.
fn stays_async(found: &Found, table: &Table) -> bool {
    found
        .attrs
        .iter()
        .any(|attr| takes_async(attr, found, table))
        || found.recursive
}

fn refuse_kind(found: &Found, table: &Table, sink: &mut Sink) {
    unknown::refuse(found, sink);
    sink.extend(refuse_attributes(found, table));
    for attr in found.sig.inputs.iter().flat_map(parameter_attrs) {
        if !is_plain(attr) {
            sink.push(attribute(attr));
        }
    }
}

/// The attributes that decide what becomes of a function.
fn refuse_attributes(found: &Found, table: &Table) -> Vec<Diagnostic> {
    let takes = |attr: &&syn::Attribute| {
        is_plain(attr) || is_of(attr, PREFIXES) || takes_async(attr, found, table)
    };
    let around = found.around.iter().filter(|attr| !is_plain(attr));
    let own = found.attrs.iter().filter(|attr| !takes(attr));
    around.chain(own).map(attribute).collect()
}

fn lay_out(
    found: &Found,
    table: &Table,
    options: &Options,
    resolved: Resolved,
    body: Body,
    graph: Graph,
    analysis: Analysis,
) -> Stages {
    let generics: HashSet<String> = found
        .sig
        .generics
        .params
        .iter()
        .chain(found.outer.iter().flat_map(|outer| &outer.params))
        .map(|param| match param {
            syn::GenericParam::Lifetime(lifetime) => lifetime.lifetime.ident.to_string(),
            syn::GenericParam::Type(ty) => ty.ident.to_string(),
            syn::GenericParam::Const(constant) => constant.ident.to_string(),
        })
        .collect();
    let mut mentioned = resolved.mentioned.clone();
    mentioned.extend(table.constants().cloned());
    let cx = Context {
        name: &found.sig.ident.to_string(),
        generics: &generics,
        mentioned: &mentioned,
        table,
        wanted: options.name.as_deref(),
        wide: body.awaits.len() > NARROW,
        output: options.output,
    };
    let layout = layout(&cx, &resolved, &body, &graph, &analysis);
    Stages {
        resolved,
        body,
        graph,
        analysis,
        layout,
    }
}

fn emit_item(
    found: &Found,
    table: &Table,
    stages: &Stages,
    condition: Option<&syn::Attribute>,
    options: &Options,
) -> Result<TokenStream, Vec<checkpoint::Once>> {
    let item = Item {
        attrs: &found.attrs,
        vis: &found.vis,
        sig: &found.sig,
        outer: found.outer.as_ref(),
        self_ty: found.self_ty.as_ref(),
        in_trait: found.kind == Kind::Trait,
        is_block: found.kind == Kind::Block,
        stays_async: stays_async(found, table),
        recursive: found.recursive,
        handed_on: table.may_be_handed_on(&found.sig.ident.to_string()),
        // The attribute sees no other file, and what is awaited may come from one.
        awaits_generic: table.calls_generic(&found.block)
            || options.output == crate::report::Output::Expansion
                && crate::syntax::count_awaits(&found.block) > 0,
        block: &found.block,
        condition,
        edition: options.edition,
        output: options.output,
        after_completion: options.after_completion,
    };
    let signature = match &stages.layout.name {
        None if item.is_block => Signature::captured(&item, &stages.layout, &stages.body.params),
        Some(name) => Signature::named(&item, &stages.layout, &stages.body.params, name),
        None => Signature::new(&item, &found.block, &stages.layout, &stages.body.params),
    };
    let Stages {
        resolved,
        body,
        graph,
        analysis,
        layout,
    } = stages;
    emit(
        &Input {
            item: &item,
            resolved,
            graph,
            analysis,
            layout,
            signature: &signature,
        },
        body.clone(),
    )
}

/// The white space before an item on its first line.
pub(crate) fn indent(source: &Text<'_>, at: usize) -> usize {
    if source.begins_line(at) {
        let blanks = source.indent(at).chars();
        blanks.map(|c| if c == '\t' { 4 } else { 1 }).sum()
    } else {
        0
    }
}

/// The report of a function that was lowered once for each of its configurations: what any of them has.
fn reports(found: &Found, copies: Vec<(TokenStream, Stages)>, source: &Text<'_>) -> Lowered {
    let pad = " ".repeat(indent(source, found.bytes.start));
    let mut all: Option<Lowered> = None;
    for (tokens, stages) in copies {
        let text = print::lowered(tokens, indent(source, found.bytes.start), found, source);
        let one = report(text, &stages);
        let Some(all) = &mut all else {
            all = Some(one);
            continue;
        };
        all.text.push_str(&format!("\n\n{pad}"));
        all.text.push_str(&one.text);
        for suspension in one.suspensions {
            let same = |other: &Suspension| {
                other.line == suspension.line && other.awaited == suspension.awaited
            };
            if !all.suspensions.iter().any(same) {
                all.suspensions.push(suspension);
            }
        }
        all.suspensions.sort_by_key(|suspension| suspension.line);
    }
    all.expect("a body has a configuration")
}

fn report(text: String, stages: &Stages) -> Lowered {
    let Stages {
        resolved,
        body,
        graph,
        analysis,
        layout,
    } = stages;
    let types = vec![OnceCell::new(); resolved.locals.len()];
    let text_of = |local: LocalId| {
        let ty = resolved.locals[local.0].ty.as_ref();
        let text = types[local.0].get_or_init(|| ty.map(crate::print::ty));
        text.clone()
    };
    let suspensions = body
        .awaits
        .iter()
        .enumerate()
        .filter(|(_, awaited)| awaited.tokens.is_some())
        .map(|(id, awaited)| Suspension {
            state: layout.states[id].name.to_string(),
            line: awaited.span.start().line,
            awaited: awaited.span.source_text().map_or_else(
                || awaited.tokens.to_token_stream().to_string(),
                |text| emit::one_line(&text),
            ),
            opaque: awaited.leaf.is_some(),
            held: analysis.held[id]
                .iter()
                .map(|holding| Held {
                    name: layout.name(holding.local).to_string(),
                    ty: text_of(holding.local),
                    since: resolved.locals[holding.local.0].span.start().line,
                    storage: if analysis.pinned.contains(&holding.local) {
                        Storage::Pinned
                    } else {
                        Storage::Carried
                    },
                    why: holding.why,
                })
                .collect(),
        })
        .collect();
    let nodes = graph.blocks.map(
        |index, block| {
            let suspends = graph.suspends.iter().position(|node| {
                *node == index
                    && block
                        .events
                        .iter()
                        .any(|event| matches!(event, crate::graph::Event::Suspend(_)))
            });
            let suspends = suspends.map(|id| layout.states[id].name.to_string());
            Node {
                lines: block.lines,
                label: suspends.clone().unwrap_or_default(),
                suspends,
            }
        },
        |_, edge| *edge,
    );
    Lowered {
        text,
        form: if layout.name.is_some() {
            Form::Named
        } else {
            Form::Inferred
        },
        suspensions,
        graph: FlowGraph { graph: nodes },
    }
}

#[cfg(test)]
mod tests {
    use crate::report::Options;

    fn lowered(source: &str) -> Vec<Option<String>> {
        let file = crate::lower_file(source, &Options::default()).expect("it parses");
        let functions = file.functions.into_iter();
        let outcomes = functions.map(|function| function.outcome.ok());
        outcomes.map(|outcome| Some(outcome?.text)).collect()
    }

    #[test]
    fn attributes_that_take_any_body_get_that_of_the_machine() {
        for source in [
            "#[embassy_executor::task] async fn run(mut led: Output<'static>) { blink(&mut led).await }",
            "use actix_web::get; #[get(\"/\")] async fn index(data: Data<u8>) -> String { answer(&data).await }",
        ] {
            let text = lowered(source).pop().flatten();
            let text = text.unwrap_or_else(|| panic!("refused: {source}"));
            assert!(
                text.contains("async fn") && text.ends_with(".await\n}"),
                "{text}"
            );
        }
    }

    #[test]
    fn attributes_that_may_make_anything_of_a_function_are_left_alone() {
        for source in [
            // These rewrite what they stand at.
            "#[tracing::instrument] async fn get(key: String) { wait(&key).await }",
            "#[async_trait::async_trait] impl Get for Here { async fn get(&self) { wait().await } }",
            // Of that name there may be another.
            "#[handler] async fn get(key: &str) { wait(key).await }",
            "use mine::get; #[get(\"/\")] async fn index(key: &str) { wait(key).await }",
        ] {
            assert_eq!(lowered(source), [None], "{source}");
        }
    }
}
