//! What the attribute can stand on.

use handroll_rt::{block_on, lower};
use std::future::Future;
use std::num::ParseIntError;
use std::pin::Pin;

async fn read(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

async fn fill(buf: &mut [u8]) {
    buf[0] = 7;
}

#[lower]
async fn sum(a: u32, text: &str) -> Result<u32, ParseIntError> {
    let read = read(text).await?;
    let mut buf = [0u8; 4];
    fill(&mut buf).await;
    Ok(a + read + u32::from(buf[0]))
}

struct Of<T>(T);

impl<T: Clone> Of<T> {
    #[lower]
    async fn repeat(&self, n: usize) -> Vec<T> {
        let mut all = Vec::new();
        for _ in 0..n {
            let one = self.one().await;
            all.push(one);
        }
        all
    }

    #[lower]
    async fn one(&self) -> T {
        let read = read("4").await;
        drop(read);
        self.0.clone()
    }
}

struct Counter(u8);

#[lower]
impl Counter {
    const STEP: u8 = 2;

    async fn next(&mut self) -> u8 {
        self.0 += Self::STEP;
        let read = read("1").await;
        assert_eq!(read, Ok(1));
        self.get().await
    }

    async fn get(&self) -> u8 {
        let read = read("1").await;
        assert!(read.is_ok());
        self.0
    }

    fn now(&self) -> u8 {
        self.0
    }
}

#[lower]
mod inner {
    pub(super) async fn count() -> u8 {
        let mut counter = super::Counter(3);
        let next = counter.next().await;
        let now = super::Counter::now(&counter);
        assert_eq!(next, now);
        next
    }

    pub(super) mod deeper {
        pub(in super::super) async fn count() -> u8 {
            super::count().await + 1
        }
    }
}

trait Source {
    async fn one(&self) -> u32;

    // Nothing says that the future of `one` is `Send`.
    #[lower]
    async fn two(&self) -> u32 {
        let first = self.one().await;
        first + self.one().await
    }
}

struct Sevens;

impl Source for Sevens {
    async fn one(&self) -> u32 {
        7
    }
}

#[lower]
async fn depth(n: u32) -> u32 {
    if n == 0 {
        return 0;
    }
    Box::pin(depth(n - 1)).await + 1
}

#[test]
fn functions_methods_blocks_and_modules_are_lowered() {
    assert_eq!(block_on(sum(1, "5")), Ok(13));
    assert!(block_on(sum(1, "x")).is_err());
    assert_eq!(block_on(Of("a").repeat(3)), ["a"; 3]);
    assert_eq!(block_on(inner::deeper::count()), 6);
    assert_eq!(block_on(Sevens.two()), 14);
    assert_eq!(block_on(depth(3)), 3);
}

#[lower(nested)]
fn later(n: u32, name: &str) -> impl Future<Output = Result<u32, ParseIntError>> {
    async move {
        let first = read(name).await?;
        Ok(first + n)
    }
}

#[lower(nested)]
impl Of<u32> {
    fn boxed(&self) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        Box::pin(async move {
            let read = read("1").await;
            self.0 + read.unwrap_or_default()
        })
    }

    async fn twice(&self) -> u32 {
        let again = async move { self.boxed().await };
        self.boxed().await + again.await
    }
}

trait Call {
    fn call<'a>(&'a mut self, n: u8) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>>;
}

impl Call for Counter {
    #[lower(nested)]
    fn call<'a>(&'a mut self, n: u8) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>> {
        Box::pin(async move {
            let next = self.next().await;
            next + n
        })
    }
}

#[lower(nested)]
fn generic<T: Clone + Send, F>((first, second): (T, u8), make: F) -> impl Future<Output = (T, u8)>
where
    F: Fn(u8) -> u8,
{
    let made = make(second);
    async move {
        let read = read("1").await;
        drop(read);
        (first, made)
    }
}

#[test]
fn blocks_of_functions_that_are_not_async_are_lowered() {
    assert_eq!(block_on(later(1, "5")), Ok(6));
    assert_eq!(block_on(Of(3).twice()), 8);
    assert_eq!(block_on(Counter(1).call(2)), 5);
    assert_eq!(block_on(generic(("a", 1), |n| n + 1)), ("a", 2));
}

struct Kept<'k, T> {
    text: &'k str,
    all: Vec<T>,
}

/// What they return borrows from `self`, which holds values of any type; and there is another reference.
#[lower]
impl<'k, T: PartialEq> Kept<'k, T> {
    async fn first(&self, default: &str) -> Option<&T> {
        let read = read(default).await;
        self.all.get(read.map_or(0, |n| n as usize))
    }

    async fn last(&mut self, text: &'k str, value: T) -> &mut T {
        if read(self.text).await.is_err() {
            self.text = text;
        }
        self.all.push(value);
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    async fn others(&self, text: &str, value: T) -> impl Iterator<Item = &T> {
        let n = read(text).await.unwrap_or(0);
        let (all, value) = (self.all.iter(), value);
        all.skip(n as usize).filter(move |other| **other != value)
    }

    async fn boxed(&self, text: &str) -> Result<Box<dyn Iterator<Item = &T> + '_>, ParseIntError> {
        let n = read(text).await?;
        Ok(Box::new(self.all.iter().skip(n as usize)))
    }
}

#[test]
fn what_is_returned_may_borrow() {
    let mut kept = Kept {
        text: "k",
        all: vec![1, 2],
    };
    assert_eq!(block_on(kept.first("1")), Some(&2));
    *block_on(kept.last("3", 4)) += 1;
    assert_eq!((kept.text, &kept.all), ("3", &vec![1, 2, 5]));
    assert!(block_on(kept.others("0", 2)).eq(&[1, 5]));
    let boxed = block_on(kept.boxed("2")).map(Iterator::count);
    assert_eq!(boxed, Ok(1));
    assert!(block_on(kept.boxed("none")).is_err());
}

/// Each awaits the one before.
macro_rules! chain {
    ($first:ident $second:ident $($more:ident)*) => {
        #[lower]
        async fn $second(text: &str) -> usize {
            let n = $first(text).await;
            n + 1
        }
        chain!($second $($more)*);
    };
    ($last:ident) => {};
}

#[lower]
async fn f0(text: &str) -> usize {
    read(text).await.map_or(0, |n| n as usize)
}

chain!(f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14);

/// The compiler is neither led too deep nor kept too long.
#[test]
fn functions_await_each_other() {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    assert_eq!(block_on(sent(f14("3"))), 17);
}
