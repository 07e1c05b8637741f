//! Comments and notes, in places where they could get lost or go astray.

use crate::lex::{Kind, lex};
use crate::report::Options;

/// The lowered text of the first function of a source, each line without its indentation.
fn lowered(source: &str) -> Vec<String> {
    let file = crate::lower_file(source, &Options::default()).expect("the source parses");
    let function = &file.functions[0];
    let text = match &function.outcome {
        Ok(lowered) => &lowered.text,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    };
    let comments = |text| {
        let comments = lex(text).filter(|token| token.kind == Kind::Comment);
        comments.map(|token| one_line(&text[token.bytes])).collect()
    };
    let found: Vec<String> = comments(text);
    let wanted: Vec<String> = comments(&source[function.bytes.clone()]);
    for comment in wanted {
        assert!(found.contains(&comment), "{comment} is lost in\n{text}");
    }
    assert!(!text.contains("__hr"), "{text}");
    syn::parse_file(text).expect("it is Rust");
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The line after each line that is this.
#[track_caller]
fn below<'a>(lines: &'a [String], line: &str) -> Vec<&'a str> {
    let pairs = lines.windows(2).filter(|pair| pair[0] == line);
    let found: Vec<&str> = pairs.map(|pair| pair[1].as_str()).collect();
    assert!(!found.is_empty(), "no line {line}");
    found
}

#[test]
fn comments_stay_with_statements_as_written() {
    let lines = lowered(
        "async fn f() {
            // Above.
            let x = one(); // Behind.
            wait().await;
            /* A block
               of lines. */
            two(/* inside */ x, 2 /* at the end */);
        }",
    );
    assert_eq!(below(&lines, "// Above."), ["let x = one(); // Behind."]);
    assert_eq!(
        below(&lines, "of lines. */"),
        ["two(/* inside */ x, 2 /* at the end */);"]
    );
}

#[test]
fn comments_of_what_waits_go_to_the_suspension() {
    let lines = lowered(
        "async fn f() -> u32 {
            // What for.
            let Some(n) = wait().await else { // In the head.
                // Nothing there.
                return 0;
            }; // At the end.
            n // The value.
        }",
    );
    assert_eq!(below(&lines, "// What for."), ["// At the end."]);
    assert_eq!(
        below(&lines, "// At the end."),
        ["let child = rt::Child::new(wait());"]
    );
    assert_eq!(
        below(&lines, "// In the head."),
        ["// Nothing there."],
        "both belong to the `else` block"
    );
    assert_eq!(below(&lines, "// Nothing there."), ["return rt::Ready(0);"]);
}

#[test]
fn comments_go_with_each_copy_but_those_of_a_loop_only_once() {
    let lines = lowered(
        "async fn f() {
            // All of it.
            while more() {
                // One.
                wait().await;
                // One done.
            }
            // Done.
            end();
        }",
    );
    let count = |line: &str| lines.iter().filter(|other| *other == line).count();
    assert_eq!(count("// All of it."), 1);
    assert_eq!(
        below(&lines, "// One."),
        ["let child = rt::Child::new(wait());"; 2]
    );
    assert_eq!(
        below(&lines, "// One done."),
        ["// Line 3: `while more()`, next round"]
    );
    assert_eq!(below(&lines, "// Done."), ["end();"; 2]);
}

#[test]
fn comments_stay_in_their_arms_and_branches() {
    let lines = lowered(
        "async fn f(n: u32) -> u32 {
            if n == 0 { // None.
                // Wait.
                wait().await;
                // Waited.
            } else {
                // Else.
            }
            match n {
                // Few.
                1 => 1, // Just one.
                2 => wait().await, // Two.
                // Many.
                _ => {
                    // Nothing to do.
                    3
                }
                // No other.
            } // The result.
        }",
    );
    assert_eq!(below(&lines, "// None."), ["// Wait."]);
    assert_eq!(
        below(&lines, "// Wait."),
        ["let child = rt::Child::new(wait());"]
    );
    assert_eq!(
        below(&lines, "// Waited."),
        ["// Line 9: after the `if` of line 2"]
    );
    assert_eq!(below(&lines, "// Few."), ["1 => {"; 2]);
    assert_eq!(below(&lines, "// Two."), ["2 => {"; 2]);
    assert_eq!(below(&lines, "// Many."), ["_ => {"; 2]);
    assert_eq!(
        below(&lines, "// Nothing to do."),
        ["return rt::Ready(3);"; 2]
    );
}

#[test]
fn comments_of_the_signature_stay_there() {
    let lines = lowered(
        "/// Docs.
        // Between.
        #[inline]
        async fn f( // The parameters.
            a: u32, // The first.
            // The second.
            b: /* type */ u32,
        ) // Gives nothing.
        { // The body.
            // And nothing more.
        } // Not ours.",
    );
    assert_eq!(below(&lines, "/// Docs."), ["// Between."]);
    assert_eq!(
        below(&lines, "// Gives nothing."),
        ["fn f(a: u32, b: /* type */ u32) -> impl ::core::future::Future<Output = ()> {"]
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("/* type */"))
            .count(),
        1
    );
    assert!(!lines.iter().any(|line| line.contains("Not ours")));
}

#[test]
fn literals_are_no_comments() {
    let lines = lowered(
        "async fn f(url: &str) -> bool {
            // Real.
            let same = url == \"http://x /* y */\";
            let text = \"two
                // lines\"; // Behind both.
            wait(text).await;
            same && url.contains('/') // \"quoted\"
        }",
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("// Real."))
            .count(),
        1
    );
    assert!(lines.contains(&"// lines\"; // Behind both.".to_owned()));
}

#[test]
fn odd_comments_survive() {
    lowered("async fn f() { a(); //\n b().await; /**/ c() /* nested /* twice */ */ }");
    lowered("async fn f() { /* alone */ }");
    lowered("async fn f() -> u32 { // only this\n}");
    lowered("async fn f() { loop { /* turn */ wait().await /* waited */; } /* never */ }");
    lowered("async fn f() { g(|x| { // in\n x // out\n }).await }");
    lowered("async fn f() { let x = [ // one\n 1, // two\n 2 ]; g(&x).await; h(x) // h\n }");
    lowered("async fn f() {\r\n // one\r\n g().await; // two\r\n}\r\n");
    lowered("async fn f() { é(); /* ü */ g(\"ß\").await; // ö\n h() }");
    lowered("async fn f() { m! { // in a macro\n a // b\n } g().await; }");
    lowered("async fn f() { fn inner() { // inside\n } g(inner()).await; }");
}

#[test]
fn notes_tell_where_the_order_of_the_source_is_left() {
    let lines = lowered(
        "async fn f(n: u32) {
            'all: for i in 0..n {
                loop {
                    wait(i).await;
                    if i == 3 { continue 'all; }
                    match i { 1 => wait(1).await, _ => {} }
                    rest();
                }
            }
        }",
    );
    let notes: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("// "))
        .collect();
    assert_eq!(
        notes,
        [
            "// Line 2: `'all: for i in 0..n`",
            "// Line 3: `loop`",
            "// Line 3: `loop`, next round",
            "// Line 2: `'all: for i in 0..n`, next round",
            "// Line 3: `loop`",
            "// Line 7: after the `match` of line 6",
            "// Line 3: `loop`, next round",
        ]
    );
}

#[test]
fn macros_that_may_declare_outlive_no_block_and_no_wait() {
    let lines = lowered(
        "async fn f() {
            far::defer!(first());
            { wait().await; far::defer!(second()); }
            last();
        }",
    );
    // A declaration is no expression: one that would be gone at the wait does not compile.
    assert!(
        lines.contains(&"(far::defer!(first()));".to_owned()),
        "{lines:?}"
    );
    assert_eq!(below(&lines, "far::defer!(second());"), ["}"]);
}
