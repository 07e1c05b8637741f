use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn twice<T>(t: T) -> (T, T) {
    read("x").await;
    (t, t)
}

fn main() {}
