//! Editions and module paths, from Cargo.toml.

mod common;

use common::{ECHO, Ended, Folder, finish};
use std::path::Path;

/// Runs `cargo-handroll handroll ..` in a folder of the package.
fn cargo(folder: &Folder, inside: &str, arguments: &str) -> Ended {
    let mut command = folder.command_of(Path::new(env!("CARGO_BIN_EXE_cargo-handroll")));
    command.current_dir(folder.path(inside)).arg("handroll");
    finish(command.args(arguments.split_whitespace()), "")
}

fn package() -> Folder {
    let one =
        |name: &str| format!("pub async fn {name}() {{\n    std::future::ready(()).await;\n}}\n");
    Folder::with(&[
        (
            "Cargo.toml",
            "[package]\nname = \"de-mo\"\nedition = \"2021\"\n",
        ),
        (
            "src/lib.rs",
            "mod net;\nmod odd;\n#[path = \"elsewhere.rs\"]\nmod moved;\nmod inline { pub mod deep; #[path = \"strange.rs\"] mod far; }\n",
        ),
        ("src/main.rs", &one("start")),
        ("src/net.rs", &format!("mod tcp;\n{}", one("listen"))),
        (
            "src/net/tcp.rs",
            &format!("pub struct Echo;\nimpl Echo {{ {} }}", one("run")),
        ),
        ("src/odd/mod.rs", &format!("mod beside;\n{}", one("run"))),
        ("src/odd/beside.rs", &one("by")),
        ("src/elsewhere.rs", &format!("mod inner;\n{}", one("gone"))),
        ("src/inner.rs", &one("in_moved")),
        ("src/inline/deep.rs", &one("dive")),
        ("src/inline/strange.rs", &one("away")),
        ("src/bin/tool.rs", &one("tool")),
        ("src/unused.rs", &one("unreachable")),
    ])
}

#[test]
fn an_item_that_is_not_there() {
    let folder = package();
    cargo(&folder, ".", "show net::nothing")
        .code(2)
        .silent()
        .says(&[
            "no async function `net::nothing` in the package of",
            "net::listen (src/net.rs:2)",
        ]);
    cargo(&folder, ".", "show unreachable").code(2).silent();
    cargo(&folder, ".", "show run").code(2).silent().says(&[
        "2 async functions fit `run`",
        "net::tcp::Echo::run (src/net/tcp.rs:2)",
        "odd::run (src/odd/mod.rs:2)",
    ]);
    Folder::new()
        .run("show net::listen")
        .code(2)
        .says(&["`net::listen` is no file, and there is no Cargo.toml here"]);
    let workspace = Folder::with(&[("Cargo.toml", "[workspace]\nmembers = []\n")]);
    workspace
        .run("show net::listen")
        .code(2)
        .says(&["has no crate root"]);
}

#[test]
fn a_broken_manifest() {
    let folder = Folder::with(&[("Cargo.toml", "[package\n"), ("a.rs", ECHO)]);
    folder
        .run("lower a.rs")
        .code(2)
        .silent()
        .says(&["Cargo.toml", "on line 1", "--edition"]);
    let text = folder.run("check a.rs").code(2).out;
    assert!(
        text.contains("unreadable") && text.contains("Cargo.toml"),
        "{text}"
    );
}

// The tests below need the library.

#[test]
fn items_are_found_by_module_path() {
    let folder = package();
    for (item, name) in [
        ("net::listen", "listen"),
        ("crate::net::listen", "listen"),
        ("de_mo::net::listen", "listen"),
        ("net::tcp::Echo::run", "run"),
        ("Echo::run", "run"),
        ("odd::run", "run"),
        ("odd::beside::by", "by"),
        ("moved::gone", "gone"),
        ("moved::inner::in_moved", "in_moved"),
        ("inline::deep::dive", "dive"),
        ("inline::far::away", "away"),
        ("start", "start"),
        ("tool", "tool"),
    ] {
        for inside in [".", "src/net"] {
            let ended = cargo(&folder, inside, &format!("show {item}")).code(0);
            assert!(
                ended.out.contains(&format!("fn {name}(")),
                "{item}: {ended:#?}"
            );
        }
        let plain = folder.run(&format!("show {item}")).code(0);
        assert!(plain.out.contains(&format!("fn {name}(")), "{item}");
    }
    assert_eq!(
        cargo(&folder, ".", "show odd::run").out,
        folder.run("show src/odd/mod.rs::run").out
    );
}

#[test]
fn crate_roots_may_be_anywhere() {
    let folder = Folder::with(&[
        (
            "Cargo.toml",
            "[package]\nname = \"x\"\n[lib]\nname = \"y\"\npath = \"code/root.rs\"\n[[bin]]\nname = \"z\"\npath = \"code/z.rs\"\n",
        ),
        ("code/root.rs", "mod m;"),
        ("code/m.rs", "async fn f() {}"),
        ("code/z.rs", "async fn g() {}"),
    ]);
    folder.run("show y::m::f").code(0);
    folder.run("show z::g").code(0);
}

fn edition(folder: &Folder, arguments: &str) -> (String, Ended) {
    let ended = folder.run(&format!("check --json {arguments}")).code(0);
    let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    (
        report["files"][0]["edition"].as_str().unwrap().to_owned(),
        ended,
    )
}

#[test]
fn the_edition_comes_from_the_nearest_manifest() {
    let folder = Folder::with(&[
        ("a.rs", "async fn f() {}"),
        (
            "w/Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n[workspace.package]\nedition = \"2021\"\n",
        ),
        (
            "w/given/Cargo.toml",
            "[package]\nname = \"given\"\nedition = \"2018\"\n",
        ),
        ("w/given/src/a.rs", ""),
        (
            "w/inherits/Cargo.toml",
            "[package]\nname = \"inherits\"\nedition.workspace = true\n",
        ),
        ("w/inherits/src/deep/a.rs", ""),
        (
            "far/Cargo.toml",
            "[package]\nname = \"far\"\nworkspace = \"../w\"\nedition = { workspace = true }\n",
        ),
        ("far/a.rs", ""),
        ("old/Cargo.toml", "[package]\nname = \"old\"\n"),
        ("old/a.rs", ""),
        (
            "new/Cargo.toml",
            "[package]\nname = \"new\"\nedition = \"2099\"\n",
        ),
        ("new/a.rs", ""),
    ]);
    for (file, expect) in [
        ("a.rs", "2024"),
        ("w/given/src/a.rs", "2018"),
        ("w/inherits/src/deep/a.rs", "2021"),
        ("far/a.rs", "2021"),
    ] {
        let (found, ended) = edition(&folder, file);
        assert_eq!((found.as_str(), ended.err.as_str()), (expect, ""), "{file}");
        assert_eq!(
            edition(&folder, &format!("{file} --edition 2018")).0,
            "2018"
        );
    }
    let (found, ended) = edition(&folder, "old/a.rs");
    assert_eq!(found, "2018");
    ended.says(&["names no edition", "taken as 2018"]);
    let (found, ended) = edition(&folder, "new/a.rs");
    assert_eq!(found, "2024");
    ended.says(&["says edition 2099"]);
    let (found, ended) = edition(&folder, "old/a.rs --edition 2021");
    assert_eq!((found.as_str(), ended.err.as_str()), ("2021", ""));
}
