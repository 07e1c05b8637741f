//! Lowered functions beside the crates that people use.

use futures::{StreamExt, stream};
use handroll_rt::{Inspect, lower};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

#[derive(Debug)]
struct Counter(AtomicU32);

#[lower]
async fn slow_add(counter: Arc<Counter>, by: u32) -> u32 {
    let guard = Held(&counter);
    sleep(Duration::from_millis(1)).await;
    guard.0.0.fetch_add(by, Ordering::Relaxed) + by
}

struct Held<'c>(&'c Counter);

#[lower]
async fn produce(sender: mpsc::Sender<u32>, n: u32) -> Result<(), mpsc::error::SendError<u32>> {
    for i in 0..n {
        sender.send(i).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[lower]
async fn consume(mut receiver: mpsc::Receiver<u32>, total: &Mutex<u32>) -> usize {
    let mut n = 0;
    while let Some(one) = receiver.recv().await {
        let mut total = total.lock().await;
        *total += one;
        n += 1;
    }
    n
}

#[lower]
async fn macros_of_tokio(mut orders: mpsc::Receiver<u32>, open: bool) -> Result<u32, String> {
    let closing = sleep(Duration::from_millis(20));
    tokio::pin!(closing);
    let mut total = 0;
    loop {
        tokio::select! {
            biased;
            Some(order) = orders.recv(), if open => {
                if order == 0 {
                    continue;
                }
                tokio::task::yield_now().await;
                total += order;
            }
            () = &mut closing => break,
            else => return Err(format!("closed after {total}")),
        }
    }
    let counter = Arc::new(Counter(AtomicU32::new(0)));
    let (one, two) = tokio::join!(slow_add(counter.clone(), 1), async { 2 });
    let (three,) = tokio::try_join!(async { u32::try_from(3_u64).map_err(|e| e.to_string()) })?;
    Ok(total + one + two + three)
}

#[lower]
async fn macros_of_futures(n: u32) -> u32 {
    use futures::{FutureExt, select};
    let mut early = Box::pin(async move { n }.fuse());
    let late = sleep(Duration::from_millis(20)).fuse();
    futures::pin_mut!(late);
    let mut total = 0;
    loop {
        select! {
            n = early => total += n,
            () = late => total += 10,
            m = futures::future::ready(1).fuse() => total += m,
            complete => break,
        }
        if total > 30 {
            break;
        }
    }
    let (a, b) = futures::join!(
        async { 1 },
        slow_add(Arc::new(Counter(AtomicU32::new(0))), 1)
    );
    assert!(sleep(Duration::from_millis(1)).map(|()| true).await);
    total += a + b;
    total
}

#[tokio::test]
async fn macros_that_await_are_leaves() {
    let (sender, receiver) = mpsc::channel(8);
    for n in [1, 0, 2] {
        sender.send(n).await.expect("it is open");
    }
    assert_eq!(macros_of_tokio(receiver, true).await, Ok(3 + 1 + 2 + 3));
    let (_, receiver) = mpsc::channel(8);
    assert_eq!(macros_of_tokio(receiver, true).await, Ok(6));
    assert!(macros_of_futures(3).await > 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_spawns_joins_selects_and_times() {
    let counter = Arc::new(Counter(AtomicU32::new(0)));
    let tasks = (1..=4).map(|by| tokio::spawn(slow_add(counter.clone(), by)));
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("it does not panic");
    }
    assert_eq!(counter.0.load(Ordering::Relaxed), 10);

    let (sender, receiver) = mpsc::channel(1);
    let total = Mutex::new(0);
    let (sent, received) = tokio::join!(produce(sender, 5), consume(receiver, &total));
    assert_eq!((sent.is_ok(), received), (true, 5));
    assert_eq!(*total.lock().await, 10);

    let never = slow_add(counter.clone(), 1);
    let first = tokio::select! {
        biased;
        () = std::future::ready(()) => "ready",
        _ = never => "added",
    };
    assert_eq!(first, "ready");
    let late = tokio::time::timeout(Duration::from_millis(1), sleeps_long());
    assert!(late.await.is_err());
}

#[lower]
async fn sleeps_long() {
    sleep(Duration::from_secs(60)).await;
}

// The runner under the attribute, and above it.
#[lower]
#[tokio::test]
async fn the_attribute_stands_above_a_test() {
    sleep(Duration::from_millis(1)).await;
    let counter = Arc::new(Counter(AtomicU32::new(1)));
    let sum = slow_add(counter, 2).await;
    assert_eq!(sum, 3);
}

#[tokio::test]
#[lower]
async fn the_attribute_stands_below_a_test() {
    sleep(Duration::from_millis(1)).await;
    let counter = Arc::new(Counter(AtomicU32::new(1)));
    let sum = slow_add(counter, 2).await;
    assert_eq!(sum, 3);
}

#[tokio::main(flavor = "current_thread")]
#[lower]
async fn main_below() -> Result<u32, std::num::ParseIntError> {
    tokio::task::yield_now().await;
    let n: u32 = "7".parse()?;
    Ok(n)
}

#[lower]
#[tokio::main(flavor = "current_thread")]
async fn main_above() -> u32 {
    tokio::task::yield_now().await;
    7
}

#[test]
fn a_main_function_runs_either_way() {
    assert_eq!(main_below(), Ok(7));
    assert_eq!(main_above(), 7);
}

#[lower]
async fn double(n: u32) -> u32 {
    tokio::task::yield_now().await;
    n * 2
}

#[test]
fn futures_combine_them() {
    futures::executor::block_on(async {
        assert_eq!(futures::join!(double(1), double(2)), (2, 4));
        let all: Vec<u32> = stream::iter(1..4).then(double).collect().await;
        assert_eq!(all, [2, 4, 6]);
        let mut some = stream::iter(1..4).map(double).buffer_unordered(2);
        let mut sum = 0;
        while let Some(n) = some.next().await {
            sum += n;
        }
        assert_eq!(sum, 12);
    });
}

mod web {
    use super::{Counter, slow_add};
    use axum::Router;
    use axum::body::Body;
    use axum::extract::State;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use handroll_rt::lower;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;
    use tower::ServiceExt;

    #[lower]
    async fn count(State(counter): State<Arc<Counter>>) -> Result<String, StatusCode> {
        let n = slow_add(counter, 3).await;
        if n > 3 {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        Ok(n.to_string())
    }

    #[tokio::test]
    async fn a_lowered_function_is_a_handler() {
        let counter = Arc::new(Counter(AtomicU32::new(0)));
        let app = Router::new().route("/", get(count)).with_state(counter);
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let request = Request::get("/").body(Body::empty()).expect("a request");
            let response = app.clone().oneshot(request).await.expect("infallible");
            statuses.push(response.status());
        }
        assert_eq!(statuses, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    }
}

#[async_trait::async_trait]
trait Store: Send + Sync {
    async fn get(&self, key: &str) -> Option<u32>;
}

struct Memory(Vec<(String, u32)>);

impl Memory {
    #[lower]
    async fn find(&self, key: &str) -> Option<u32> {
        for (name, value) in &self.0 {
            tokio::task::yield_now().await;
            if name == key {
                return Some(*value);
            }
        }
        None
    }
}

#[async_trait::async_trait]
impl Store for Memory {
    async fn get(&self, key: &str) -> Option<u32> {
        self.find(key).await
    }
}

#[lower]
async fn look_up(store: &dyn Store, key: &str) -> u32 {
    store.get(key).await.unwrap_or_default()
}

#[tokio::test]
async fn async_trait_stands_beside_it() {
    let memory = Memory(vec![("a".into(), 1), ("b".into(), 2)]);
    assert_eq!(look_up(&memory, "b").await + look_up(&memory, "c").await, 2);
}

#[tracing::instrument]
#[lower]
async fn instrumented_above(n: u32) -> u32 {
    double(n).await
}

#[lower]
async fn calls_instrumented(n: u32) -> u32 {
    instrumented_above(n).await + 1
}

struct Gauge(u32);

#[lower]
impl Gauge {
    #[tracing::instrument(skip(self))]
    async fn read(&self) -> u32 {
        double(self.0).await
    }

    async fn twice(&self) -> u32 {
        let once = self.read().await;
        once + self.read().await
    }
}

#[tokio::test]
async fn what_other_attributes_rewrite_is_left_to_them() {
    let gauge = Gauge(2);
    assert_eq!(gauge.twice().state().name(), "Start");
    assert_eq!(gauge.twice().await, 8);
}

#[tokio::test]
async fn tracing_instruments_them() {
    let mut task = std::pin::pin!(calls_instrumented(1));
    assert_eq!(task.state().name(), "Start");
    assert_eq!(task.as_mut().await, 3);
    assert_eq!(task.state().name(), "Returned");
}
