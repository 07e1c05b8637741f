//! Arguments, help, colors and what does not need a source.

mod common;

use common::{ECHO, Folder, finish};
use std::path::Path;

const COMMANDS: [&str; 8] = [
    "show",
    "lower",
    "graph",
    "states",
    "check",
    "explain",
    "schema",
    "completions",
];

#[test]
fn help_has_examples_in_every_subcommand() {
    let folder = Folder::new();
    let ended = folder.run("--help").code(0);
    for command in COMMANDS {
        assert!(ended.out.contains(&format!("  {command} ")), "{ended:#?}");
        let ended = folder.run(&format!("{command} --help")).code(0);
        assert!(
            ended.out.contains("Example") && ended.out.contains(&format!("handroll {command}")),
            "{ended:#?}"
        );
    }
    assert!(ended.out.contains("Exit status:"), "{ended:#?}");
    assert!(folder.run("--version").code(0).out.starts_with("handroll "));
}

#[test]
fn bad_usage_is_status_2() {
    let folder = Folder::with(&[("a.rs", ""), ("b.rs", "")]);
    for arguments in [
        "",
        "nonsense",
        "show",
        "lower",
        "graph",
        "states",
        "schema",
        "schema nonsense",
        "completions",
        "completions nonsense",
        "show a.rs --stage nonsense",
        "show a.rs --edition 1999",
        "show --nonsense",
        "show a.rs --nonsense",
        "show a.rs:0",
        "show a.rs::",
        "graph a.rs --format png",
        "lower a.rs --write --check",
        "lower a.rs --diff -o b.rs",
        "lower a.rs b.rs -o c.rs",
        "lower a.rs b.rs --item x",
        "lower - --write",
        "explain HR9999",
        "--color sometimes check",
    ] {
        let ended = folder.run(arguments).code(2).silent();
        assert!(!ended.err.is_empty(), "{arguments}");
    }
    assert_eq!(folder.names(), ["a.rs", "b.rs"]);
}

#[test]
fn explains_codes() {
    let folder = Folder::new();
    let all = folder.run("explain").code(0).out;
    assert!(
        all.lines()
            .any(|line| line == "HR0001: the source does not parse"),
        "{all}"
    );
    assert!(
        folder
            .run("explain hr0001")
            .code(0)
            .out
            .starts_with("HR0001: the source does not parse\n\n")
    );
    for line in all.lines() {
        let page = folder.run(&format!("explain {}", &line[..6])).code(0).out;
        let text = page.strip_prefix(&format!("{line}\n\n"));
        assert!(text.is_some_and(|text| text.len() > 60), "{page}");
    }
    folder
        .run("explain E0308")
        .code(2)
        .says(&["there is no code `E0308`", "handroll explain"]);
}

#[test]
fn completes_for_every_shell() {
    let folder = Folder::new();
    for (shell, sign) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef handroll"),
        ("fish", "complete -c handroll"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = folder.run(&format!("completions {shell}")).code(0).out;
        assert!(
            script.contains(sign) && script.contains("states"),
            "{shell}"
        );
    }
}

#[test]
fn schemas_are_json() {
    let folder = Folder::new();
    for of in ["check", "states"] {
        let schema: serde_json::Value =
            serde_json::from_str(&folder.run(&format!("schema {of}")).code(0).out).unwrap();
        assert_eq!(schema["properties"]["version"]["const"], 1);
    }
}

#[test]
fn cargo_starts_the_same_command() {
    let folder = Folder::with(&[("a.rs", ECHO)]);
    let run = |arguments: &str| {
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-handroll"));
        finish(
            folder
                .command_of(program)
                .args(arguments.split_whitespace()),
            "",
        )
    };
    assert_eq!(
        run("handroll explain").code(0).out,
        folder.run("explain").out
    );
    assert_eq!(run("explain").code(0).out, folder.run("explain").out);
    assert!(
        run("handroll lower --help")
            .code(0)
            .out
            .contains("Usage: cargo handroll lower"),
    );
    run("handroll show missing.rs")
        .code(2)
        .says(&["cannot read `missing.rs`"]);
}

#[test]
fn color_is_asked_for_or_not() {
    let folder = Folder::new();
    let colored = |arguments: &str, variables: &[(&str, &str)]| {
        let mut command = folder.command();
        command
            .args(arguments.split_whitespace())
            .envs(variables.iter().copied());
        finish(&mut command, "").code(2).err.contains('\x1b')
    };
    for arguments in ["show missing.rs", "show", "check --nonsense"] {
        assert!(!colored(arguments, &[]), "{arguments}");
        assert!(
            colored(&format!("--color always {arguments}"), &[]),
            "{arguments}"
        );
        assert!(
            colored(arguments, &[("CLICOLOR_FORCE", "1")]),
            "{arguments}"
        );
        assert!(
            !colored(
                &format!("--color=never {arguments}"),
                &[("CLICOLOR_FORCE", "1")]
            ),
            "{arguments}"
        );
        assert!(
            !colored(arguments, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]),
            "{arguments}"
        );
    }
}
