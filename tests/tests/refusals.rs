//! Every refusal says what to write instead: for each message there is a case in `tests/refusals` (or on a page of the catalogue) with
//! what it refuses and the same rewritten. The first must be refused so, the second lowered, and all of it must compile.

use handroll_lowering::{Code, Diagnostic, Edition, LoweredFile, Options, lower_file};
use handroll_tests::fixture::{Fixture, year};
use handroll_tests::lower::LoweredFixture;
use handroll_tests::place;
use handroll_tests::program::{Pair, Program};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};

/// Macros "of another crate", and an attribute: what the lowering does not see.
const ELSEWHERE: &str = "
#[allow(unused_macros)]
macro_rules! record { ($($x:tt)*) => { let _ = format_args!($($x)*); } }
#[allow(unused_macros)]
macro_rules! demand { ($x:expr) => { { let _ = $x; } } }
#[allow(unused_macros)]
macro_rules! ensure { ($x:expr $(, $y:tt)*) => { if !$x { return Err(()); } }; }
#[allow(unused_macros)]
macro_rules! padded { ($x:expr) => { $x.as_str() } }
";

fn rust_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn files() -> std::io::Result<Vec<Fixture>> {
    let folder = place::workspace().join("tests/refusals");
    let files = rust_files(&folder)?;
    files.iter().map(|path| Fixture::read(path)).collect()
}

fn lowered(file: &Fixture, edition: Edition) -> Result<LoweredFile, String> {
    let mut options = Options::default();
    options.edition = edition;
    options.no_holders = file.text.contains("\n// option: no_holders\n");
    lower_file(&file.text, &options).map_err(|errors| format!("{}: {errors:?}", file.name))
}

/// A case: the module's name, and how its message begins.
struct Case {
    name: String,
    message: String,
}

fn cases(file: &Fixture) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for item in syn::parse_file(&file.text)?.items {
        let syn::Item::Mod(module) = item else {
            continue;
        };
        let message = module.attrs.iter().find_map(|attr| match &attr.meta {
            syn::Meta::NameValue(doc) if doc.path.is_ident("doc") => string(&doc.value),
            _ => None,
        });
        let message = message.ok_or_else(|| format!("{} has no message", module.ident))?;
        cases.push(Case {
            name: module.ident.to_string(),
            message: message.trim().to_owned(),
        });
    }
    Ok(cases)
}

/// What is wrong with a case, as it is lowered today.
fn stale(case: &Case, file: &LoweredFile) -> Option<String> {
    let within = |part: &str| {
        let prefix = format!("{}::{part}::", case.name);
        let functions = file.functions.iter();
        functions.filter(move |function| function.path.starts_with(&prefix))
    };
    let refusals: Vec<&Diagnostic> = within("refused")
        .filter_map(|function| function.outcome.as_ref().err())
        .flatten()
        .collect();
    if refusals.is_empty() {
        return Some("is lowered now: take a case that is still refused so; if nothing is, delete the message and this case".into());
    }
    if !refusals
        .iter()
        .any(|found| found.message.starts_with(&case.message))
    {
        return Some(format!("is refused otherwise: {}", refusals[0].message));
    }
    if within("instead").next().is_none() {
        return Some("has no rewrite".into());
    }
    let still = within("instead")
        .filter_map(|function| function.outcome.as_ref().err())
        .flatten()
        .next()?;
    Some(format!("has a rewrite that is refused: {}", still.message))
}

#[test]
fn what_is_refused_has_a_rewrite_that_is_lowered() -> Result<(), Box<dyn Error>> {
    let mut all = String::new();
    for file in files()? {
        let cases = cases(&file)?;
        for &edition in &file.editions {
            let lowered = lowered(&file, edition)?;
            for case in &cases {
                if let Some(what) = stale(case, &lowered) {
                    all.push_str(&format!(
                        "tests/refusals/{}.rs, `{}` (edition {}) {what}\n",
                        file.name,
                        case.name,
                        year(edition)
                    ));
                }
            }
        }
    }
    assert!(all.is_empty(), "stale cases:\n{all}");
    Ok(())
}

/// The cases and the pages of the catalogue are real code, before the lowering and after it.
#[test]
fn refused_and_rewritten_code_compiles() -> Result<(), Box<dyn Error>> {
    let mut failures = String::new();
    for edition in [Edition::E2021, Edition::E2024] {
        let mut pairs = Vec::new();
        for file in files()? {
            if file.editions.contains(&edition) {
                let lowered = lowered(&file, edition)?;
                pairs.push(pair(&file, lowered));
            }
        }
        for code in Code::ALL {
            for (number, text) in examples(code.page()).into_iter().enumerate() {
                // Of text that is not Rust there is nothing to compile.
                if *code == Code::Syntax && number == 0 {
                    continue;
                }
                let file = Fixture {
                    nested: false,
                    name: format!("{}_{number}", code.id().to_lowercase()),
                    text: text.replace("#[lower(name = \"Count\")]\n", ""),
                    editions: vec![edition],
                };
                pairs.push(pair(&file, lowered(&file, edition)?));
            }
        }
        let program = Program {
            name: "refusals".into(),
            edition,
            release: false,
            features: &[],
        };
        failures.push_str(&program.check(pairs)?.problems());
    }
    assert!(failures.is_empty(), "\n{failures}");
    Ok(())
}

/// As a pair that compares nothing: it only has to compile. `#[traced]` is an attribute of another crate that is not there.
fn pair(file: &Fixture, lowered: LoweredFile) -> Pair {
    let whole = |text: &str| {
        let text = text.replace("#[traced]\n", "");
        format!("{ELSEWHERE}\n{text}\npub fn cases(_: &mut crate::trace::Tester) {{}}\n")
    };
    Pair {
        name: file.name.clone(),
        native: whole(&file.text),
        lowered: LoweredFixture {
            text: format!("#![allow(warnings, unsafe_code)]\n{}", whole(&lowered.text)),
            functions: lowered.functions,
        },
    }
}

/// The Rust code of a page.
fn examples(page: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line == "```rust") {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        examples.push(block.join("\n") + "\n");
    }
    examples
}

fn string(expr: &syn::Expr) -> Option<String> {
    match expr {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// The messages that the sources write as literals, up to what they fill in, with their codes.
#[derive(Default)]
struct Messages(Vec<(String, String)>);

impl Messages {
    fn add(&mut self, code: String, message: &syn::Expr) {
        let text = match message {
            syn::Expr::Macro(mac) => mac
                .mac
                .parse_body_with(
                    syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
                )
                .ok()
                .and_then(|arguments| string(arguments.first()?)),
            other => string(other),
        };
        self.0.extend(text.map(|text| (code, text)));
    }
}

impl<'ast> Visit<'ast> for Messages {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func
            && let [.., owner, new] = &path.path.segments.iter().collect::<Vec<_>>()[..]
            && owner.ident == "Diagnostic"
            && new.ident == "new"
        {
            self.add(last_segment(&call.args[0]), &call.args[2]);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "refuse" && call.args.len() == 5 {
            self.add(last_segment(&call.args[0]), &call.args[2]);
        } else if call.method == "order" && call.args.len() == 2 {
            self.add("Order".into(), &call.args[1]);
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn last_segment(expr: &syn::Expr) -> String {
    match expr {
        syn::Expr::Path(path) => path.path.segments.last(),
        _ => None,
    }
    .map_or(String::new(), |segment| segment.ident.to_string())
}

/// Codes whose messages are tested elsewhere: handroll's own mistakes, and those of the attribute.
const ELSEWHERE_TESTED: [&str; 3] = ["Internal", "Syntax", "Unspelled"];

/// Messages for which no program is known, and why.
const UNREACHED: &[(&str, &str)] = &[
    (
        "conditional compilation of this part of the body",
        "each part with a condition that can be taken out makes a configuration before this looks",
    ),
    (
        "handroll does not know this syntax",
        "the parser knows all of stable Rust; the next syntax will show this",
    ),
    (
        "an await inside this expression is not lowered",
        "every expression of stable Rust that may hold an await has a rule",
    ),
    (
        "a macro that declares a local",
        "`pin!` and `pin_mut!` as they are published are written out before",
    ),
    (
        "only types decide what an expression moves of",
        "seen in a fixture only, in which closures assign what they look at",
    ),
    (
        "types decide whether the called value is moved",
        "a called variable can always be begun; what has no holder is refused as a move or borrow",
    ),
    (
        "only async functions are lowered",
        "the command finds async functions only; the attribute's tests have this",
    ),
];

#[test]
fn every_message_has_a_case() -> Result<(), Box<dyn Error>> {
    let mut messages = Messages::default();
    for path in rust_files(&place::workspace().join("lowering/src"))? {
        messages.visit_file(&syn::parse_file(&fs::read_to_string(path)?)?);
    }
    assert!(
        messages.0.len() > 20,
        "the sources write their messages in another way"
    );
    let mut known = Vec::new();
    for file in files()? {
        known.extend(cases(&file)?.into_iter().map(|case| case.message));
    }
    let unreached = |text: &str| UNREACHED.iter().any(|(start, _)| text.starts_with(start));
    let missing: Vec<_> = messages
        .0
        .iter()
        .filter(|(code, _)| !ELSEWHERE_TESTED.contains(&&**code))
        .filter(|(_, text)| !unreached(text) && !known.iter().any(|known| agree(known, text)))
        .collect();
    assert!(
        missing.is_empty(),
        "messages without a case in tests/refusals:\n{missing:#?}"
    );
    Ok(())
}

/// Whether a case's message begins as a literal does, up to what the literal fills in, or the literal as the message does.
fn agree(message: &str, literal: &str) -> bool {
    match literal.split_once('{') {
        Some((fixed, _)) => message.starts_with(fixed),
        None => literal.starts_with(message),
    }
}
