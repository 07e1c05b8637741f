use handroll_rt::lower;
use std::pin::Pin;

async fn get(n: u32) -> u32 {
    n
}

#[lower(nested)]
fn mismatch(n: u32) -> impl Future<Output = u32> {
    async move {
        let text: String = get(n).await;
        text.len() as u32
    }
}

#[lower(nested)]
fn outside(n: u32) -> impl Future<Output = u32> {
    let text: String = n;
    let missing = unknown(1);
    async move { get(n).await }
}

#[lower(nested)]
fn closures(list: Vec<u32>) {
    let with = |n: u32| async move {
        let got: String = get(n).await;
        got.missing()
    };
    let later = move |n: u32| async move {
        let got: String = get(n).await;
        got.len()
    };
}

struct Counter(u32);

trait Service {
    fn call(&mut self, n: u32) -> Pin<Box<dyn Future<Output = u32> + '_>>;
}

impl Service for Counter {
    #[lower(nested)]
    fn call(&mut self, n: u32) -> Pin<Box<dyn Future<Output = u32> + '_>> {
        Box::pin(async move {
            self.1 = get(n).await;
            self.0
        })
    }
}

fn main() {}
