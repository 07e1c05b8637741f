use handroll_rt::lower;

async fn wait() {}

#[lower]
impl Counter {
    #[steady::counted]
    async fn count(&self) {
        wait().await;
    }
}

struct Counter;

fn main() {}
