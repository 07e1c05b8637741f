//! Runs two futures in every way that a program can tell apart, and compares the traces.
//!
//! For each number of pending polls that children make (0, 1, 2, and 0 and 1 in turns): dropped before the first poll, cancelled after every number of
//! polls, run to completion, polled again after completion; and each of these again with a panic injected at every event,
//! followed by one more poll. A panic before the cancellation is injected in the full run only: the shorter runs are
//! prefixes of it up to there.

use crate::log::{self, Event, Pends, note};
use crate::outcome::Outcome;
use std::fmt::{Debug, Write};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Collects the cases of a fixture.
#[derive(Default)]
pub struct Tester {
    cases: Vec<Case>,
}

struct Case {
    base: &'static str,
    name: String,
    make: Box<dyn Fn() -> Pin<Box<dyn Subject>>>,
}

impl Tester {
    /// A case: `make` calls an async function. A name that was there before gets a number.
    pub fn case<F>(&mut self, name: &'static str, make: impl Fn() -> F + 'static)
    where
        F: Future<Output: Debug> + 'static,
    {
        let before = self.cases.iter().filter(|case| case.base == name).count();
        let numbered = if before == 0 {
            name.to_owned()
        } else {
            format!("{name} #{}", before + 1)
        };
        self.cases.push(Case {
            base: name,
            name: numbered,
            make: Box::new(move || Box::pin(make())),
        });
    }

    /// A case whose future must be [`Send`].
    pub fn case_send<F>(&mut self, name: &'static str, make: impl Fn() -> F + 'static)
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.case(name, make);
    }
}

/// A future of any output.
trait Subject {
    fn poll_once(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

impl<F: Future<Output: Debug>> Subject for F {
    fn poll_once(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(cx).map(|output| {
            note(format!("ready {output:?}"));
        })
    }
}

/// One way to run a future.
#[derive(Clone, Copy)]
struct Plan {
    pends: Pends,
    /// Polls before the future is dropped, if it is not complete earlier.
    polls: usize,
    panic_at: usize,
    /// Poll again after completion.
    again: bool,
}

const NEVER: usize = usize::MAX;
/// A case with more polls than this does not end.
const MOST_POLLS: usize = 1_000;
const CANCEL: Event = Event::Borrowed("cancel");

struct Idle;

impl Wake for Idle {
    fn wake(self: Arc<Self>) {}
}

/// Whether the future went to its end.
struct Ended(bool);

fn run(case: &Case, plan: Plan) -> (Vec<Event>, Ended) {
    let waker = Waker::from(Arc::new(Idle));
    log::start(plan.pends, plan.panic_at, waker.data());
    let mut ended = Ended(false);
    let all = catch_unwind(AssertUnwindSafe(|| {
        let mut future = (case.make)();
        let mut cx = Context::from_waker(&waker);
        let mut left = plan.polls;
        while left > 0 {
            left -= 1;
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll_once(&mut cx))) {
                Ok(Poll::Pending) => {
                    note("pending");
                }
                Ok(Poll::Ready(())) if plan.again && !ended.0 => {
                    ended = Ended(true);
                    left = 2;
                }
                Ok(Poll::Ready(())) => {
                    ended = Ended(true);
                    break;
                }
                Err(payload) => {
                    note(log::panic_text(&*payload));
                    if !ended.0 {
                        // twice more: the message of a panicked future
                        ended = Ended(true);
                        left = 2;
                    }
                }
            }
        }
        note(CANCEL);
        drop(future);
        note("gone");
    }));
    if let Err(payload) = all {
        note("the drop panicked");
        note(log::panic_text(&*payload));
    }
    (log::finish(), ended)
}

fn compare(fixture: &str, native: &Case, lowered: &Case) -> Outcome {
    let mut outcome = Outcome {
        fixture: fixture.to_owned(),
        case: native.name.clone(),
        ..Outcome::default()
    };
    log::start(Pends::Always(1), NEVER, std::ptr::null());
    outcome.native_bytes = size_of_val(&*(native.make)());
    outcome.lowered_bytes = size_of_val(&*(lowered.make)());
    let (mut plain, mut panicking, mut dropping) = (None, None, None);
    let mut pair = |plan: Plan| {
        PROGRESS.fetch_add(1, Ordering::Relaxed);
        let (expected, ended) = run(native, plan);
        let (found, _) = run(lowered, plan);
        outcome.runs += 1;
        if expected != found {
            outcome.differing += 1;
            let first = if plan.panic_at == NEVER {
                &mut plain
            } else if expected.iter().any(|event| event == log::PANIC_IN_DROP) {
                &mut dropping
            } else {
                &mut panicking
            };
            first.get_or_insert_with(|| difference(plan, &expected, &found));
        }
        (expected, ended)
    };
    for pends in [
        Pends::Always(0),
        Pends::Always(1),
        Pends::Always(2),
        Pends::Alternating(true),
        Pends::Alternating(false),
    ] {
        for polls in 0..=MOST_POLLS {
            let plan = Plan {
                pends,
                polls,
                panic_at: NEVER,
                again: false,
            };
            let (trace, Ended(ended)) = pair(plan);
            let from = trace
                .iter()
                .rposition(|event| *event == CANCEL)
                .unwrap_or(0);
            for panic_at in if ended { 0 } else { from }..trace.len() {
                pair(Plan { panic_at, ..plan });
            }
            if ended {
                pair(Plan {
                    polls: polls + 1,
                    again: true,
                    ..plan
                });
                break;
            }
            if polls == MOST_POLLS {
                outcome.differing += 1;
                outcome.report = "the compiler's own future does not end".to_owned();
                return outcome;
            }
        }
    }
    // A difference without any panic says most, one after a panic in a drop least.
    let reports = plain.into_iter().chain(panicking).chain(dropping);
    outcome.report = reports.take(2).collect();
    outcome
}

fn difference(plan: Plan, native: &[Event], lowered: &[Event]) -> String {
    let first = native
        .iter()
        .zip(lowered)
        .position(|(a, b)| a != b)
        .unwrap_or(native.len().min(lowered.len()));
    let panic = if plan.panic_at == NEVER {
        "no panic".to_owned()
    } else {
        format!("panic at event {}", plan.panic_at)
    };
    let mut text = format!(
        "differs at event {first}; children pend {:?}, cancelled after {} polls, {panic}{}\n",
        plan.pends,
        plan.polls,
        if plan.again { ", polled again" } else { "" }
    );
    let width = native
        .iter()
        .map(|event| event.chars().count())
        .max()
        .unwrap_or(0)
        .clamp(6, 60);
    let _ = writeln!(text, "       {:width$}  lowered", "native");
    for at in 0..native.len().max(lowered.len()) {
        let [a, b] = [native, lowered].map(|trace| trace.get(at).map_or("-", |event| &**event));
        let mark = if at == first {
            ">>"
        } else if a == b {
            "  "
        } else {
            " !"
        };
        let _ = writeln!(text, "{mark}{at:4} {a:width$}  {b}");
    }
    text
}

/// Counts pairs of runs, for the watchdog.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

/// A pair of runs that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(20);

fn watch() {
    std::thread::spawn(|| {
        let mut seen = u64::MAX;
        loop {
            let now = PROGRESS.load(Ordering::Relaxed);
            if now == seen {
                eprintln!("no progress for {} seconds", PATIENCE.as_secs());
                std::process::exit(3);
            }
            seen = now;
            std::thread::sleep(PATIENCE);
        }
    });
}

/// The runner's whole work: every fixture it was built with, but those named on its command line.
pub struct Suite {
    skip: Vec<String>,
    failed: bool,
}

impl Suite {
    /// Reads the command line.
    pub fn from_args() -> Self {
        std::panic::set_hook(Box::new(|_| {}));
        watch();
        Suite {
            skip: std::env::args().skip(1).collect(),
            failed: false,
        }
    }

    /// Compares all cases of a fixture, and prints their [`Outcome`]s.
    pub fn fixture(&mut self, name: &str, native: fn(&mut Tester), lowered: fn(&mut Tester)) {
        if self.skip.iter().any(|skip| skip == name) {
            return;
        }
        let [native, lowered] = [native, lowered].map(|cases| {
            let mut tester = Tester::default();
            cases(&mut tester);
            tester.cases
        });
        for (native, lowered) in native.iter().zip(&lowered) {
            println!("{}", Outcome::announce(name, &native.name));
            let outcome = compare(name, native, lowered);
            self.failed |= outcome.differing > 0;
            print!("{outcome}");
        }
    }

    /// Ends the process: 0 when nothing differed.
    pub fn finish(self) -> ! {
        std::process::exit(i32::from(self.failed))
    }
}
