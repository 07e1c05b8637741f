use handroll_rt::lower;

async fn get(n: u32) -> u32 {
    n
}

#[lower(nested)]
fn nothing(n: u32) -> u32 {
    n
}

#[lower(nested)]
fn captures(pair: (String, u32)) -> impl Future<Output = u32> {
    async move { get(pair.1).await }
}

#[lower(nested)]
fn closures() -> Vec<impl Future<Output = u32>> {
    (0..3).map(|n| async move { get(n).await }).collect()
}

#[lower(nestd)]
async fn typo() {}

fn main() {}
