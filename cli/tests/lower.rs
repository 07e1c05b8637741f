//! `handroll lower`. All of these need the library.

mod common;

use common::{ECHO, Folder};
use std::fs;

/// The lowered text of [`ECHO`], as printed.
fn lowered() -> String {
    let text = Folder::new().pipe("lower -", ECHO).code(0).out;
    assert!(
        text.contains("RunState") && text.contains("fn plain() {}"),
        "{text}"
    );
    text
}

#[test]
fn prints_whole_files() {
    let folder = Folder::with(&[("a.rs", ECHO), ("b.rs", "fn b() {}\n")]);
    assert_eq!(folder.run("lower a.rs").code(0).out, lowered());
    assert_eq!(folder.run("lower a.rs -o -").code(0).out, lowered());
    assert_eq!(
        folder.run("lower a.rs b.rs").code(0).out,
        lowered() + "fn b() {}\n"
    );
    assert_eq!(folder.read("a.rs"), ECHO);
}

#[test]
fn writes_one_file_elsewhere() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    folder.run("lower a.rs -o out.rs").code(0).silent();
    assert_eq!(folder.read("out.rs"), lowered());
    folder.run("lower a.rs -o a.rs").code(0).silent();
    assert_eq!(folder.read("a.rs"), lowered());
    assert_eq!(folder.names(), ["a.rs", "out.rs"]);
}

#[test]
fn writes_in_place_and_leaves_nothing_behind() {
    let folder = Folder::with(&[("a.rs", ECHO), ("b.rs", ECHO), ("c.rs", "fn c() {}")]);
    let before = fs::metadata(folder.path("c.rs"))
        .unwrap()
        .modified()
        .unwrap();
    folder.run("lower a.rs b.rs c.rs --write").code(0).silent();
    assert_eq!(folder.read("a.rs"), lowered());
    assert_eq!(folder.read("b.rs"), lowered());
    assert_eq!(folder.names(), ["a.rs", "b.rs", "c.rs"]);
    let after = fs::metadata(folder.path("c.rs"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after, "what does not change is not written");
}

#[cfg(unix)]
#[test]
fn keeps_permissions_and_links() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = Folder::with(&[("real/a.rs", ECHO), ("locked.rs", ECHO)]);
    fs::set_permissions(folder.path("real/a.rs"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("real/a.rs", folder.path("link.rs")).unwrap();
    symlink(folder.path("link.rs"), folder.path("twice.rs")).unwrap();
    let before = fs::metadata(folder.path("real/a.rs")).unwrap();
    folder.run("lower twice.rs --write").code(0);
    let after = fs::metadata(folder.path("real/a.rs")).unwrap();
    assert_eq!(folder.read("real/a.rs"), lowered());
    assert_eq!(after.mode(), before.mode());
    assert_ne!(
        after.ino(),
        before.ino(),
        "the file was replaced, not written over"
    );
    for link in ["link.rs", "twice.rs"] {
        assert!(
            fs::symlink_metadata(folder.path(link))
                .unwrap()
                .is_symlink()
        );
    }
    // A file that its owner has protected is left alone.
    fs::set_permissions(folder.path("locked.rs"), fs::Permissions::from_mode(0o444)).unwrap();
    folder
        .run("lower locked.rs --write")
        .code(2)
        .says(&["cannot write `locked.rs`: permission denied"]);
    assert_eq!(folder.read("locked.rs"), ECHO);
}

#[cfg(unix)]
#[test]
fn writes_into_what_is_no_regular_file() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    folder.run("lower a.rs -o /dev/null").code(0).silent();
    assert_eq!(
        folder.run("lower a.rs -o /dev/stdout").code(0).out,
        lowered()
    );
}

#[test]
fn checks_without_writing() {
    let folder = Folder::with(&[("a.rs", ECHO), ("b.rs", "fn b() {}\n")]);
    let ended = folder.run("lower a.rs b.rs --check").code(1);
    assert_eq!(ended.out, "a.rs: 4 of 4 async functions would be lowered\n");
    folder.run("lower b.rs --check").code(0).silent();
    folder.pipe("lower - --check", ECHO).code(1);
    assert_eq!(folder.read("a.rs"), ECHO);
}

#[test]
fn shows_what_would_change() {
    let folder = Folder::with(&[("a.rs", ECHO), ("b.rs", "fn b() {}\n")]);
    let diff = folder.run("lower a.rs b.rs --diff").code(0).out;
    assert!(
        diff.starts_with("--- a.rs\n+++ a.rs (lowered)\n@@ -"),
        "{diff}"
    );
    assert!(
        diff.contains("\n-    step().await;\n") && !diff.contains("b.rs"),
        "{diff}"
    );
    assert_eq!(folder.read("a.rs"), ECHO);
    assert!(
        folder
            .run("--color always lower a.rs --diff")
            .code(0)
            .out
            .contains("\x1b[32m+")
    );
}

#[test]
fn lowers_one_item() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    let one = folder.run("lower a.rs --item Echo::run").code(0).out;
    assert!(
        one.contains("super::step().await") && !one.contains("pub async fn run(&self)"),
        "{one}"
    );
    let named = folder.run("lower a.rs --item step --name Step").code(0).out;
    assert!(
        named.contains("pub struct Step") || named.contains("struct Step"),
        "{named}"
    );
    folder
        .run("lower a.rs --item nonsense")
        .code(2)
        .silent()
        .says(&[
            "no async function `nonsense` in `a.rs`",
            "a.rs::inner::Echo::stop",
        ]);
    folder
        .run("lower a.rs --name Step")
        .code(2)
        .silent()
        .says(&["4 async functions of `a.rs` fit"]);
}

#[test]
fn lowering_twice_changes_nothing() {
    let text = lowered();
    assert_eq!(Folder::new().pipe("lower -", &text).code(0).out, text);
}

#[test]
fn every_other_byte_stays() {
    let text = "#!/usr/bin/env run\n//! é\u{202a}\r\n\r\nfn  odd ( )  { /* 漢 */ }\r\nasync fn f() {}\r\n\tconst  X : u8=1 ;";
    for head in ["", "\u{feff}"] {
        let text = format!("{head}{text}");
        let out = Folder::new().pipe("lower -", &text).code(0).out;
        let (before, after) = text.split_once("async fn f() {}").unwrap();
        assert!(out.starts_with(before) && out.ends_with(after), "{out:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let folder = Folder::with(&[("a.rs", &ECHO.repeat(200).replace("//!", "//"))]);
    let mut child = folder
        .command()
        .args(["lower", "a.rs"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
