//! The options of the attribute.

use handroll_rt::{Inspect, block_on, lower};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Gives a byte at once.
pub(crate) struct Read(u8);

impl Future for Read {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        Poll::Ready(self.0)
    }
}

fn read(n: u8) -> Read {
    Read(n)
}

/// Waits for one byte.
#[lower(name = "Echo")]
pub(crate) async fn echo(n: u8) -> u8 {
    let first = read(n).await;
    first + 1
}

static TASK: Mutex<Echo> = Mutex::new(echo(4));
const START: Echo = echo(7);

#[test]
fn a_named_future_can_be_constant_and_stand_in_a_static() {
    assert_eq!(START.state().name(), "Start");
    assert_eq!(block_on(START), 8);
    let mut task = TASK.lock().expect("nobody panicked");
    // SAFETY: what is in a static does not move.
    let task = unsafe { Pin::new_unchecked(&mut *task) };
    assert_eq!(poll(task), Poll::Ready(5));
}

#[lower(after_completion = "pending")]
async fn once(n: u8) -> u8 {
    read(n).await
}

#[test]
fn after_completion_it_can_wait_for_good() {
    let mut once = pin!(once(3));
    assert_eq!(poll(once.as_mut()), Poll::Ready(3));
    assert_eq!(poll(once.as_mut()), Poll::Pending);
    assert_eq!(poll(once.as_mut()), Poll::Pending);
}

mod elsewhere {
    pub(crate) use handroll_rt as runtime;
}

#[lower(crate = crate::options::elsewhere::runtime, no_holders)]
async fn through_another_path(cell: &RefCell<u8>, n: u8) -> Option<u8> {
    *cell.borrow_mut() = read(n).await;
    let sum = cell.borrow().checked_add(1)?;
    Some(read(sum).await)
}

#[test]
fn the_runtime_can_be_found_elsewhere() {
    let cell = RefCell::new(0);
    assert_eq!(block_on(through_another_path(&cell, 3)), Some(4));
    assert_eq!(block_on(through_another_path(&cell, 255)), None);
}

#[lower(dump)]
async fn dumped(n: u8) -> u8 {
    // Written with its comments.
    read(n).await + 1
}

#[test]
fn the_lowered_source_can_be_read() {
    assert_eq!(block_on(dumped(1)), 2);
    let running = std::env::current_exe().expect("it is running");
    let folder = running.parent().and_then(|deps| deps.parent());
    let folder = folder.expect("cargo builds into a folder of its own");
    let text = std::fs::read_to_string(folder.join("handroll-dump/attribute/dumped.rs"))
        .expect("it was written");
    assert!(text.contains("enum DumpedState"), "{text}");
    assert!(text.contains("// Written with its comments."), "{text}");
}

#[lower]
async fn leaf() {
    pending::<()>().await;
}

struct Server {
    name: &'static str,
}

#[lower]
impl Server {
    async fn serve(&self) -> usize {
        for _ in 0..3 {
            leaf().await;
        }
        self.name.len()
    }
}

#[lower]
async fn top(server: &Server) -> usize {
    server.serve().await + 1
}

#[test]
fn a_parked_task_prints_its_stack() {
    let server = Server { name: "a" };
    let mut task = pin!(top(&server));
    let place = task.state().place();
    assert_eq!(
        (place.function, place.state, place.awaited),
        ("top", "Start", "")
    );
    assert!(poll(task.as_mut()).is_pending());
    let state = task.state();
    let stack: Vec<_> = state.stack().map(|state| *state.place()).collect();
    let functions: Vec<_> = stack.iter().map(|place| place.function).collect();
    assert_eq!(functions, ["top", "serve", "leaf"]);
    let awaited: Vec<_> = stack.iter().map(|place| place.awaited).collect();
    assert_eq!(
        awaited,
        [
            "server.serve().await",
            "leaf().await",
            "pending::<()>().await"
        ]
    );
    for place in &stack {
        let source = include_str!("options.rs")
            .lines()
            .nth(place.line as usize - 1);
        assert!(
            source.is_some_and(|line| line.contains(place.awaited)),
            "{place}"
        );
        assert!(place.file.ends_with("options.rs"), "{place}");
    }
    let printed = format!("{task:?}");
    assert!(printed.contains("top::Serve at "), "{printed}");
    assert!(printed.ends_with(": pending::<()>().await"), "{printed}");
    assert_eq!(format!("{task:#?}").lines().count(), 3);
}

async fn waits() -> u8 {
    pending().await
}

#[lower(nested)]
async fn of_blocks(name: String) -> usize {
    let inner = async move {
        let first = waits().await;
        usize::from(first) + name.len()
    };
    let outer = async move {
        let got = inner.await;
        got + 1
    };
    outer.await
}

#[test]
fn blocks_are_machines_of_their_own() {
    let mut task = pin!(of_blocks("a".to_owned()));
    assert!(poll(task.as_mut()).is_pending());
    let stack: Vec<_> = task.state().stack().map(|state| *state.place()).collect();
    let awaited: Vec<_> = stack.iter().map(|place| place.awaited).collect();
    assert_eq!(awaited, ["outer.await", "inner.await", "waits().await"]);
    let functions: Vec<_> = stack.iter().map(|place| place.function).collect();
    assert_eq!(functions, ["of_blocks", "{async block}", "{async block}"]);
}
