// What happens at the same time, once for each version of the sources.

use exec::{Spawned, Task, Tasks};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// A task that is ready when an interrupt has stored a number.
fn waits(number: &Arc<AtomicUsize>) -> Spawned<impl Future<Output = ()> + use<>> {
    let number = number.clone();
    let future = std::future::poll_fn(move |_| {
        if number.load(Ordering::Relaxed) == 1 {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    });
    Box::leak(Box::new(Task::new(future))).spawn()
}

/// An interrupt stores and wakes while the task is polled.
pub(crate) fn wakes() {
    loom::model(|| {
        let number = Arc::new(AtomicUsize::new(0));
        let mut task = waits(&number);
        let ready = task.ready();
        let interrupt = thread::spawn(move || {
            number.store(1, Ordering::Relaxed);
            ready.wake();
        });
        let mut lives = task.round() && task.round();
        interrupt.join().unwrap();
        while lives && task.is_awake() {
            lives = task.round();
        }
        assert!(!lives, "woken, and not polled");
    });
}

/// An interrupt comes while the executor is about to sleep.
pub(crate) fn sleeps() {
    loom::model(|| {
        let number = Arc::new(AtomicUsize::new(0));
        let mut task = waits(&number);
        let ready = task.ready();
        let interrupt = thread::spawn(move || {
            crate::chip::interrupt(|| {
                number.store(1, Ordering::Relaxed);
                ready.wake();
            });
        });
        while task.round() {
            exec::wfi::wfi(&task);
        }
        interrupt.join().unwrap();
    });
}

/// An interrupt puts bytes into a ring while a task reads them.
pub(crate) fn hands_over() {
    loom::model(|| {
        let shared = Arc::new((sync::Ring::<4>::new(), sync::Bell::new()));
        let got = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (reader, list) = (shared.clone(), got.clone());
        let mut task = Box::leak(Box::new(Task::new(async move {
            for _ in 0..2 {
                let byte = reader.0.read(&reader.1).await;
                list.lock().unwrap().push(byte);
            }
        })))
        .spawn();
        let interrupt = thread::spawn(move || {
            for byte in [7, 8] {
                assert!(shared.0.push(byte));
                shared.1.ring();
            }
        });
        let mut lives = task.round() && task.round();
        interrupt.join().unwrap();
        while lives && task.is_awake() {
            lives = task.round();
        }
        assert!(!lives && *got.lock().unwrap() == [7, 8], "other bytes");
    });
}
