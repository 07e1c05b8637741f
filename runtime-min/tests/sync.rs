//! What interrupts and threads hand to tasks.

use handroll_rt::exec::{Task, Tasks};
use handroll_rt::sync::{Bell, Ring, Signal};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_ring_gives_what_it_got_in_order() {
    let ring = Ring::<4>::new();
    assert!(ring.is_empty() && ring.pop().is_none());
    for round in 0..300_u16 {
        let bytes = [0, 1, 2].map(|i| (round + i) as u8);
        assert!(bytes.iter().all(|byte| ring.push(*byte)));
        assert!(
            !ring.push(99) && ring.vacancy().is_none(),
            "full with one less"
        );
        assert!(!ring.is_empty());
        assert_eq!([(); 3].map(|()| ring.pop()), bytes.map(Some));
        assert_eq!(ring.pop(), None);
    }
}

#[test]
fn rings_have_many_sizes() {
    fn holds<const N: usize>() {
        let ring = Ring::<N>::default();
        for _ in 0..3 {
            let pushed = (0..=255).take_while(|byte| ring.push(*byte)).count();
            assert_eq!(pushed, N - 1);
            assert!((0..pushed).all(|byte| ring.pop() == Some(byte as u8)));
        }
    }
    holds::<1>();
    holds::<2>();
    holds::<16>();
    holds::<128>();
    holds::<256>();
}

#[test]
fn a_cancelled_read_takes_nothing() {
    static RING: Ring<4> = Ring::new();
    static BELL: Bell = Bell::new();
    let mut read = Box::pin(RING.read(&BELL));
    assert!(poll(read.as_mut(), Waker::noop()).is_pending());
    RING.push(5);
    drop(read);
    assert_eq!(poll(pin!(RING.read(&BELL)), Waker::noop()), Poll::Ready(5));
}

#[test]
fn a_cancelled_wait_takes_nothing() {
    let signal = Signal::new();
    {
        let mut wait = pin!(signal.wait());
        assert!(poll(wait.as_mut(), Waker::noop()).is_pending());
        signal.set();
    }
    assert!(signal.take());
    assert!(!signal.take());
    signal.set();
    signal.set();
    assert!(poll(pin!(signal.wait()), Waker::noop()).is_ready());
    assert!(
        poll(pin!(signal.wait()), Waker::noop()).is_pending(),
        "twice is once"
    );
}

#[test]
fn a_bell_wakes_the_task_that_listened_last() {
    let mut tasks =
        [(); 2].map(|()| Box::leak(Box::new(Task::new(std::future::pending::<()>()))).spawn());
    tasks.round();
    let bell = Bell::new();
    bell.ring();
    bell.listen(&tasks[0].ready().waker());
    bell.listen(&tasks[1].ready().waker());
    bell.ring();
    assert_eq!([tasks[0].is_awake(), tasks[1].is_awake()], [false, true]);
    tasks.round();
    bell.ring();
    assert!(tasks[1].is_awake(), "it need not listen again");
}

#[cfg(feature = "std")]
#[test]
fn a_bell_wakes_tasks_of_other_executors_once() {
    let count = Arc::new(Count::default());
    let bell = Bell::default();
    bell.listen(&count.clone().into());
    bell.listen(&count.clone().into());
    bell.ring();
    bell.ring();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&count), 1, "nothing is kept");
    let own = Box::leak(Box::new(Task::new(async {}))).spawn();
    bell.listen(&count.clone().into());
    bell.listen(&own.ready().waker());
    bell.ring();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&count), 1);
}

/// Without a place for their wakers, tasks of other executors look again and again.
#[cfg(not(feature = "std"))]
#[test]
fn tasks_of_other_executors_are_woken_at_once() {
    let count = Arc::new(Count::default());
    let bell = Bell::new();
    bell.listen(&count.clone().into());
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
}

#[cfg(feature = "std")]
#[test]
fn bytes_pass_between_threads() {
    static RING: Ring<8> = Ring::new();
    static BELL: Bell = Bell::new();
    const MANY: usize = if cfg!(miri) { 50 } else { 20_000 };
    let producer = std::thread::spawn(|| {
        for i in 0..MANY {
            while !RING.push(i as u8) {
                std::thread::yield_now();
            }
            BELL.ring();
        }
    });
    handroll_rt::block_on(async {
        for i in 0..MANY {
            assert_eq!(RING.read(&BELL).await, i as u8);
        }
    });
    producer.join().expect("no panic");
}
