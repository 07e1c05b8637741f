//! `handroll check`.

mod common;

use common::{ECHO, Folder, schema};
use serde_json::Value;

fn json(folder: &Folder, arguments: &str, code: i32) -> Value {
    let ended = folder.run(arguments).code(code);
    let report = serde_json::from_str(&ended.out).unwrap();
    let schema = serde_json::from_str(&folder.run("schema check").out).unwrap();
    schema::check(&schema, &report);
    report
}

fn paths(report: &Value) -> Vec<&str> {
    report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect()
}

#[test]
fn what_cannot_be_read_is_reported_and_does_not_stop_the_rest() {
    let folder = Folder::with(&[("src/b.rs", "fn ("), ("src/notes.txt", "fn (")]);
    folder.write("src/a.rs", b"\xff");
    let report = json(&folder, "check src missing.rs --json", 2);
    assert_eq!(paths(&report), ["src/a.rs", "src/b.rs", "missing.rs"]);
    assert_eq!(report["totals"]["unreadable"], 2);
    let text = folder.run("check src missing.rs").code(2).out;
    assert!(
        text.contains("missing.rs") && text.contains("unreadable"),
        "{text}"
    );
}

#[test]
fn an_empty_folder_is_remarked_on() {
    let folder = Folder::new();
    folder
        .run("check .")
        .code(0)
        .says(&["there are no Rust files here"]);
}

// The tests below need the library.

#[test]
fn folders_are_searched_as_git_sees_them() {
    let folder = Folder::with(&[
        (".gitignore", "ignored.rs\n/out\n"),
        ("src/b.rs", ECHO),
        ("src/a/z.rs", ""),
        ("src/ignored.rs", "fn ("),
        ("src/.hidden.rs", "fn ("),
        ("out/x.rs", "fn ("),
        ("target/CACHEDIR.TAG", ""),
        ("target/x.rs", "fn ("),
        ("c.rs", ""),
    ]);
    let report = json(&folder, "check --json", 0);
    assert_eq!(paths(&report), ["c.rs", "src/a/z.rs", "src/b.rs"]);
    assert_eq!(
        report,
        json(&folder, "check --json .", 0),
        "the current folder is the default"
    );
    let report = json(&folder, "check --json c.rs src ./c.rs src/b.rs", 0);
    assert_eq!(
        paths(&report),
        ["c.rs", "src/a/z.rs", "src/b.rs"],
        "none twice"
    );
    let report = json(&folder, "check --json src/ignored.rs", 2);
    assert_eq!(
        paths(&report),
        ["src/ignored.rs"],
        "what is named is checked"
    );
    assert_eq!(report["files"][0]["status"], "not-rust");
}

#[test]
fn functions_are_listed_and_counted() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    let report = json(&folder, "check a.rs --json", 0);
    let items: Vec<&Value> = report["files"][0]["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|function| &function["item"])
        .collect();
    assert_eq!(
        items,
        ["step", "run", "inner::Echo::run", "inner::Echo::stop"]
    );
    assert_eq!(report["totals"]["functions"], 4);
    assert_eq!(report["totals"]["awaits"], 3);
    assert_eq!(report["totals"]["lowered"], 4);
    assert_eq!(report["files"][0]["edition"], "2024");
    let text = folder.run("check a.rs").code(0).out;
    assert!(
        text.contains("lowered  inner::Echo::run")
            && text.contains("4 async functions in 1 file: 4 lowered, 0 refused"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_not_rust_among_others() {
    let folder = Folder::with(&[("src/a.rs", "fn ("), ("src/b.rs", ECHO)]);
    let report = json(&folder, "check src --json", 2);
    assert_eq!(report["totals"]["not_rust"], 1);
    assert_eq!(report["totals"]["lowered"], 4);
    let text = folder.run("check src").code(2).out;
    assert!(
        text.contains("not Rust") && text.contains("1 file not Rust"),
        "{text}"
    );
}

#[test]
fn many_files_come_in_a_stable_order() {
    let folder = Folder::new();
    for number in 0..200 {
        folder.write(&format!("src/m{number:03}.rs"), ECHO);
    }
    let first = folder.run("check src --json").code(0).out;
    assert_eq!(first, folder.run("check src --json").code(0).out);
    let report: Value = serde_json::from_str(&first).unwrap();
    assert!(paths(&report).is_sorted());
    assert_eq!(report["totals"]["functions"], 800);
}
