//! Input that cannot be worked on: a clear message, the right status, never a panic, never a partial file.

mod common;

use common::{Ended, Folder};
use std::fmt::Write as _;

const LOWER: [&str; 5] = [
    "lower PATH",
    "lower PATH -o out.rs",
    "lower PATH --write",
    "lower PATH --check",
    "lower PATH --diff",
];
const OTHERS: [&str; 4] = [
    "show PATH",
    "states PATH --json",
    "graph PATH",
    "check PATH --json",
];

/// Runs every command on a path; all must end with status 2 and change nothing.
fn all_fail(folder: &Folder, path: &str, says: &[&str]) {
    let before = folder.names();
    for command in LOWER.iter().chain(&OTHERS) {
        let ended = folder.run(&command.replace("PATH", path)).code(2);
        if command.starts_with("check") {
            for part in says {
                assert!(ended.out.contains(part), "{part:?}: {ended:#?}");
            }
        } else {
            ended.silent().says(says);
        }
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn a_missing_file() {
    all_fail(
        &Folder::new(),
        "missing.rs",
        &["cannot read `missing.rs`: there is no such file"],
    );
}

#[test]
fn a_file_that_is_not_rust() {
    let folder = Folder::with(&[("a.rs", "async fn f( { \n")]);
    all_fail(&folder, "a.rs", &[]);
    folder.run("lower a.rs").code(2).says(&["HR0001", "a.rs"]);
    assert_eq!(folder.read("a.rs"), "async fn f( { \n");
}

#[test]
fn a_file_that_is_not_utf8() {
    let folder = Folder::new();
    folder.write("a.rs", b"fn main() {}\n// \xff\xfe\n");
    all_fail(
        &folder,
        "a.rs",
        &["`a.rs` is not UTF-8: byte 16, on line 2"],
    );
    folder.write("wide.rs", b"\xff\xfef\0n\0");
    folder
        .run("lower wide.rs")
        .code(2)
        .says(&["it looks like UTF-16"]);
    folder.write("binary.rs", b"\x7fELF\0\0\xf0");
    folder
        .run("show binary.rs")
        .code(2)
        .says(&["it looks like a binary file"]);
    folder
        .pipe("lower -", b"\xff")
        .code(2)
        .silent()
        .says(&["`standard input` is not UTF-8", "convert the file"]);
}

#[test]
fn a_folder_where_a_file_is_needed() {
    let folder = Folder::with(&[("src/a.rs", "")]);
    for command in LOWER.iter().chain(&OTHERS[..3]) {
        folder
            .run(&command.replace("PATH", "src"))
            .code(2)
            .silent()
            .says(&[
                "cannot read `src`: it is a folder, and a file is needed",
                "handroll check src",
            ]);
    }
    folder.write("b.rs", "");
    folder
        .run("lower b.rs -o src")
        .code(2)
        .says(&["cannot write `src`"]);
    folder
        .run("lower b.rs -o missing/out.rs")
        .code(2)
        .says(&["cannot write `missing/out.rs`"]);
}

#[test]
fn several_files_of_which_one_is_missing() {
    let folder = Folder::with(&[("a.rs", "fn a() {}\n"), ("b.rs", "fn b() {}\n")]);
    let ended = folder
        .run("lower a.rs missing.rs b.rs")
        .code(2)
        .says(&["cannot read `missing.rs`"]);
    assert_eq!(ended.out, "fn a() {}\nfn b() {}\n");
}

// The tests below need the library.

#[test]
fn an_empty_file() {
    let folder = Folder::with(&[("a.rs", ""), ("blank.rs", "\n  \n// nothing\n")]);
    for file in ["a.rs", "blank.rs"] {
        let ended = folder.run(&format!("lower {file}")).code(0);
        assert_eq!(ended.out, folder.read(file));
        ended.says(&["there is no async function"]);
        folder.run(&format!("check {file}")).code(0);
        folder
            .run(&format!("show {file}"))
            .code(2)
            .silent()
            .says(&["holds no async function"]);
    }
    folder.run("lower a.rs --write").code(0).silent();
    folder.run("lower a.rs --check").code(0).silent();
    assert_eq!(folder.pipe("lower -", "").code(0).out, "");
}

#[test]
fn ten_megabytes() {
    let mut text = String::new();
    let mut count = 0;
    while text.len() < 10 << 20 {
        let _ = writeln!(
            text,
            "/// Number {count}.\npub fn f{count}(x: u64) -> u64 {{\n    if x > {count} {{ x * 2 }} else {{ x + 1 }} // {}\n}}",
            "x".repeat(200)
        );
        count += 1;
    }
    text.push_str("async fn last() { step().await }\nasync fn step() {}\n");
    let folder = Folder::with(&[("big.rs", &text)]);
    folder.run("check big.rs").code(0);
    let lowered = folder.run("lower big.rs").code(0).out;
    let untouched = text.find("async fn last").unwrap();
    assert!(lowered[..untouched] == text[..untouched] && lowered.len() > text.len());
}

/// A file whose body nests `depth` deep, in the ways that need a parser's stack.
fn nested(depth: usize) -> Vec<(&'static str, String)> {
    let wrap = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let bodies = [
        ("parentheses", format!("let _ = {};", wrap("(", "1", ")"))),
        ("arrays", format!("let _ = {};", wrap("[", "1", "]"))),
        ("blocks", wrap("{", "", "}")),
        ("loops", wrap("loop {", "", "}")),
        ("matches", wrap("match a { _ => ", "1", "}")),
        ("closures", format!("let _ = {};", wrap("|| ", "1", ""))),
        ("not", format!("let _ = {};", wrap("!", "true", ""))),
        ("references", format!("let _ = {};", wrap("&", "1", ""))),
        ("sums", format!("let _ = 1{};", wrap("+1", "", ""))),
        ("methods", format!("a{};", wrap(".b()", "", ""))),
        ("calls", wrap("f(", "1", ")") + ";"),
        (
            "else if",
            format!("if a {{}} {}", wrap("else if a {} ", "", "")),
        ),
        ("types", format!("let _: {};", wrap("Vec<", "u8", ">"))),
        ("patterns", format!("let {} = 1;", wrap("(", "x", ")"))),
        ("macros", format!("m!{};", wrap("(", "", ")"))),
        ("returns", wrap("return ", "1", "") + ";"),
    ];
    bodies
        .into_iter()
        .map(|(name, body)| (name, format!("fn plain() {{ {body} }}\n")))
        .collect()
}

#[test]
fn a_thousand_deep_outside_of_async_code() {
    let folder = Folder::new();
    for (name, text) in nested(1_000) {
        let text = text + "async fn step() {}\n";
        folder.write("a.rs", &text);
        let ended = folder.run("lower a.rs").code(0);
        assert!(
            ended.out.starts_with(&text[..text.find("async").unwrap()]),
            "{name}"
        );
    }
}

#[test]
fn any_depth_inside_of_async_code() {
    let folder = Folder::new();
    for depth in [1_000, 10_000, 100_000] {
        for (name, text) in nested(depth) {
            let text = text.replacen("fn plain() { ", "async fn deep() { step().await; ", 1);
            folder.write("a.rs", &text);
            let Ended { code, out, err } = folder.run("lower a.rs");
            assert!(matches!(code, 0..=2), "{name}, {depth} deep: {code}, {err}");
            assert!(code != 2 || out.is_empty(), "{name}, {depth} deep");
            if depth > 10_000 {
                assert!(err.contains("nests too deep"), "{name}: {err}");
            }
        }
    }
}
