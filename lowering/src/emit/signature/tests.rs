//! Signatures as they are written, for the cases that differ.

use crate::report::{Edition, Options};

/// The signature of the last function of the source, on one line.
fn lowered(edition: Edition, source: &str) -> String {
    let options = Options {
        edition,
        ..Options::default()
    };
    let file = crate::lower_file(source, &options).expect("the source parses");
    let text = match &file.functions.last().expect("there is a function").outcome {
        Ok(lowered) => lowered.text.clone(),
        Err(diagnostics) => panic!("{diagnostics:?}"),
    };
    let body = text.find("use ::handroll_rt").expect("the body begins so");
    let signature = text[..body].trim_end().trim_end_matches('{');
    let signature = signature
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ");
    signature
        .replace("( ", "(")
        .replace(", )", ")")
        .replace(",)", ")")
        .replace("::core::future::Future", "Future")
        .replace("::handroll_rt::", "rt::")
}

fn new(source: &str) -> String {
    lowered(Edition::E2024, source)
}

fn old(source: &str) -> String {
    lowered(Edition::E2021, source)
}

#[test]
fn elision_stays_where_nothing_speaks_of_a_lifetime() {
    let source = "async fn f(a: &str) -> &str { g(a).await }";
    assert_eq!(new(source), "fn f(a: &str) -> impl Future<Output = &str>");
    assert_eq!(
        old(source),
        "fn f(a: &str) -> impl Future<Output = &str> + '_"
    );
    let source = "async fn f(a: &mut [&str]) { g(a).await }";
    assert_eq!(
        new(source),
        "fn f(a: &mut [&str]) -> impl Future<Output = ()>"
    );
    assert_eq!(
        old(source),
        "fn f<'a, 'b>(a: &'a mut [&'b str]) -> impl Future<Output = ()> + use<'a, 'b>"
    );
}

#[test]
fn one_lifetime_gets_a_name_to_lengthen_others_to() {
    let source = "async fn f(a: &str, b: &mut str) { g(a, b).await }";
    assert_eq!(
        new(source),
        "fn f<'a>(a: &'a str, b: &mut str) -> impl Future<Output = ()>"
    );
    let source = "struct S; impl S { async fn f(&mut self, b: &str) -> &u8 { g(self, b).await } }";
    assert_eq!(
        new(source),
        "fn f<'a>(&'a mut self, b: &str) -> impl Future<Output = &'a u8>"
    );
    let source = "async fn f<'o>(a: &str, b: &'o str) -> &'o str { g(a, b).await }";
    assert_eq!(
        new(source),
        "fn f<'o>(a: &str, b: &'o str) -> impl Future<Output = &'o str>"
    );
}

#[test]
fn bounds_stand_only_where_nothing_else_tells() {
    let source =
        "async fn f<'a, 'b>(a: &'a str, b: &'b str) -> (&'a str, &'b str) { g(a, b).await }";
    assert_eq!(
        new(source),
        "fn f<'f, 'a, 'b>(a: &'a str, b: &'b str) -> impl Future<Output = (&'a str, &'b str)> where 'a: 'f, 'b: 'f,"
    );
    let source = "async fn f<T>(a: T, b: &mut T) { let c = h(); g(&a, &c).await; i(b).await }";
    assert_eq!(
        new(source),
        "fn f<T>(a: T, b: &mut T) -> impl Future<Output = ()>"
    );
}

#[test]
fn parameters_without_a_name_are_bounded_in_place() {
    let source = "async fn f(a: impl Clone) { let c = &a; g(c).await; h(c).await }";
    assert_eq!(
        new(source),
        "fn f<'f>(a: impl Clone + 'f) -> impl Future<Output = ()>"
    );
    assert_eq!(
        old(source),
        "fn f<'f>(a: impl Clone + 'f) -> impl Future<Output = ()> + rt::Captures<&'f ()>"
    );
}

#[test]
fn the_impl_block_counts() {
    let source = "impl<'a, T> S<'a, T> { async fn f(&self, b: &str) { g(self, b).await } }";
    assert_eq!(
        new(source),
        "fn f<'b>(&'b self, b: &str) -> impl Future<Output = ()>"
    );
    assert_eq!(
        old(source),
        "fn f<'b, 'c>(&'b self, b: &'c str) -> impl Future<Output = ()> + use<'b, 'c, 'a, T>"
    );
    let source = "impl S<'_> { async fn f(self) { g(self).await } }";
    assert_eq!(new(source), "fn f(self) -> impl Future<Output = ()>");
    assert_eq!(
        old(source),
        "fn f(self) -> impl Future<Output = ()> + rt::Captures<Self>"
    );
}

#[test]
fn names_avoid_those_of_the_body() {
    let source =
        "async fn f(a: &str, b: &str) { let c = |x: for<'a> fn(&'a u8)| x; g(a, b, c).await }";
    assert_eq!(
        new(source),
        "fn f<'b>(a: &'b str, b: &str) -> impl Future<Output = ()>"
    );
}
