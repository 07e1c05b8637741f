use handroll_rt::lower;

async fn get(n: u32) -> u32 {
    n
}

struct Counter(u32);

#[lower(nested)]
impl Counter {
    fn next(&mut self) -> impl Future<Output = u32> + '_ {
        async move {
            self.0 += get("a").await;
            self.0
        }
    }
}

fn main() {}
