//! `handroll show`, `states` and `graph`. All of these need the library.

mod common;

use common::{ECHO, Folder, schema};
use serde_json::Value;

#[test]
fn shows_only_the_item() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    let run = folder.run("show a.rs::run").code(0).out;
    assert!(
        run.contains("pub fn run(x: u32)") && run.contains("RunState"),
        "{run}"
    );
    assert!(
        !run.contains("plain") && !run.contains("mod inner"),
        "{run}"
    );
    // `run` is the whole path of one function and the end of another's: the whole path goes first.
    assert_ne!(run, folder.run("show a.rs::Echo::run").code(0).out);
    assert_eq!(run, folder.run("show a.rs:8").code(0).out);
    assert_eq!(run, folder.run("show a.rs::run:6").code(0).out);
    assert_eq!(
        folder.run("show a.rs::Echo::run").out,
        folder.run("show a.rs::inner::Echo::run").out
    );
    assert_eq!(run, folder.pipe("show -::run", ECHO).code(0).out);
    let all = folder.run("show a.rs").code(0).out;
    assert!(
        all.contains(run.trim_end()) && all.contains("fn stop"),
        "{all}"
    );
}

#[test]
fn lists_candidates() {
    let folder = Folder::with(&[(
        "a.rs",
        &format!("mod m {{\n{}}}\n{ECHO}", ECHO.replace("//!", "//")).replace("//! ", "// "),
    )]);
    folder.run("show a.rs::Echo::run").code(2).silent().says(&[
        "2 async functions of `a.rs` fit",
        "a.rs::m::inner::Echo::run",
        "a.rs::inner::Echo::run",
    ]);
    folder
        .run("show a.rs::ru")
        .code(2)
        .silent()
        .says(&["no async function `ru` in `a.rs`", "a.rs::run"]);
    folder
        .run("show a.rs::plain")
        .code(2)
        .says(&["no async function `plain`"]);
    folder
        .run("show a.rs:1")
        .code(2)
        .says(&["no async function at line 1"]);
    folder
        .run("graph a.rs")
        .code(2)
        .silent()
        .says(&["8 async functions of `a.rs` fit"]);
}

#[test]
fn shows_every_stage() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    for stage in [
        "parse", "resolve", "desugar", "graph", "analysis", "layout", "emit",
    ] {
        let ended = folder
            .run(&format!("show a.rs::run --stage {stage}"))
            .code(0);
        assert!(!ended.out.trim().is_empty(), "{stage}");
    }
}

#[test]
fn gives_a_name() {
    let folder = Folder::with(&[(
        "a.rs",
        "async fn step() {}\nasync fn tick() { step().await }\n",
    )]);
    let text = folder.run("show a.rs::step --name Step").code(0).out;
    assert!(text.contains("struct Step"), "{text}");
}

#[test]
fn color_is_added_and_nothing_else() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    let plain = folder.run("show a.rs").code(0).out;
    let mut colored = folder.run("--color always show a.rs").code(0).out;
    assert!(!plain.contains('\x1b') && colored.contains("\x1b[35mfn\x1b[0m"));
    while let Some(start) = colored.find('\x1b') {
        let end = start + colored[start..].find('m').unwrap();
        colored.replace_range(start..=end, "");
    }
    assert_eq!(colored, plain);
}

#[test]
fn lists_states() {
    let text = "\
async fn run(x: String) -> usize {
    let y = 1;
    first(&x).await;
    second().await;
    x.len() + y
}
async fn first(_: &str) {}
async fn second() {}
";
    let folder = Folder::with(&[("a.rs", text)]);
    let table = folder.run("states a.rs::run").code(0).out;
    for part in [
        "run, lines 1 to 6",
        "2 suspension points",
        "first(&x)",
        "second()",
    ] {
        assert!(table.contains(part), "{part:?} in {table}");
    }
    let report: Value =
        serde_json::from_str(&folder.run("states a.rs::run --json").code(0).out).unwrap();
    let schema = serde_json::from_str(&folder.run("schema states").out).unwrap();
    schema::check(&schema, &report);
    let states = report["functions"][0]["states"].as_array().unwrap();
    assert_eq!(
        (states[0]["line"].clone(), states[1]["line"].clone()),
        (3.into(), 4.into())
    );
    assert!(
        states[0]["held"]
            .as_array()
            .unwrap()
            .iter()
            .any(|held| held["name"] == "x"),
        "{report:#}"
    );
    let all: Value = serde_json::from_str(&folder.run("states a.rs --json").code(0).out).unwrap();
    schema::check(&schema, &all);
    assert_eq!(all["functions"].as_array().unwrap().len(), 3);
}

#[test]
fn draws_graphs() {
    let folder = Folder::with(&[(
        "a.rs",
        "async fn run(n: u32) {\n    for i in 0..n {\n        step(\"\\\"\", i).await;\n    }\n}\n",
    )]);
    let dot = folder.run("graph a.rs::run").code(0).out;
    assert!(
        dot.starts_with("digraph \"run\" {\n") && dot.ends_with("}\n"),
        "{dot}"
    );
    assert!(
        dot.contains("waits in") && dot.contains("label=\"ready\"") && dot.contains("style=dashed"),
        "{dot}"
    );
    assert!(dot.contains("line 3"), "{dot}");
    let mermaid = folder.run("graph a.rs::run --format mermaid").code(0).out;
    assert!(
        mermaid.contains("flowchart TD\n")
            && mermaid.contains("==>|ready|")
            && mermaid.contains("-.->"),
        "{mermaid}"
    );
}
