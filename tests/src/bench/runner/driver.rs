//! Runs every case and tells its sizes and polls; the instructions are counted from outside.

use std::fmt::Debug;
use std::future::Future;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub struct Tester {
    cases: Vec<Case>,
}

struct Case {
    name: &'static str,
    bytes: usize,
    native: bool,
    make: Box<dyn Fn() -> Pin<Box<dyn Subject>>>,
}

impl Tester {
    pub fn case<F>(&mut self, name: &'static str, make: impl Fn() -> F + 'static)
    where
        F: Future<Output: Debug> + 'static,
    {
        self.cases.push(Case {
            name,
            bytes: size_of::<F>(),
            // The compiler's own futures have no other name.
            native: std::any::type_name::<F>().ends_with("{{closure}}"),
            make: Box::new(move || Box::pin(make())),
        });
    }

    pub fn case_send<F>(&mut self, name: &'static str, make: impl Fn() -> F + 'static)
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.case(name, make);
    }
}

trait Subject {
    fn step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

impl<F: Future> Subject for F {
    fn step(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(cx).map(|output| drop(black_box(output)))
    }
}

/// Instructions count inside of this one.
#[inline(never)]
fn handroll_poll(future: Pin<&mut dyn Subject>, cx: &mut Context<'_>) -> Poll<()> {
    black_box(future.step(cx))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn handroll_mark() {
    black_box(());
}

const MOST_POLLS: usize = 1_000;

/// Runs a case to its end; how many polls that took.
fn run(case: &Case) -> Option<usize> {
    let run = || {
        let mut future = (case.make)();
        let mut cx = Context::from_waker(Waker::noop());
        let ended = |_: &usize| handroll_poll(future.as_mut(), &mut cx).is_ready();
        (1..=MOST_POLLS).find(ended)
    };
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}

pub type Cases = fn(&mut Tester);

/// Behind a line `rows`, a line for each case that comes to its end on both sides: fixture, case, then twice bytes, polls and whether it is the compiler's.
/// The marks are: one before each side of each case, and one at the end.
pub fn main(fixtures: &[(&str, Cases, Cases)]) {
    std::panic::set_hook(Box::new(|_| {}));
    let mut overhead = Tester::default();
    overhead.case("overhead", std::future::pending::<()>);
    let mut rows = Vec::new();
    for &(fixture, native, lowered) in fixtures {
        let [native, lowered] = [native, lowered].map(|cases| {
            let mut tester = Tester::default();
            cases(&mut tester);
            tester.cases
        });
        rows.extend(native.into_iter().zip(lowered).map(|(native, lowered)| (fixture, native, lowered)));
    }
    // Once in advance: what panics is left out, what is done once is done.
    rows.retain(|(_, native, lowered)| run(native).is_some() && run(lowered).is_some());
    handroll_mark();
    run(&overhead.cases[0]);
    // Cases may print.
    let mut lines = format!("\nrows\n{MOST_POLLS}\n");
    for (fixture, native, lowered) in &rows {
        lines += &format!("{fixture}\t{}", native.name);
        for case in [native, lowered] {
            handroll_mark();
            let polls = run(case).unwrap_or(1);
            lines += &format!("\t{}\t{polls}\t{}", case.bytes, case.native);
        }
        lines.push('\n');
    }
    handroll_mark();
    print!("{lines}");
}
