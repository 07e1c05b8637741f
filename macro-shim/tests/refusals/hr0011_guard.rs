use handroll_rt::lower;

async fn limit() -> u32 {
    1
}

#[lower]
async fn open(port: u32) -> u32 {
    match port {
        n if limit().await > n => n,
        _ => 0,
    }
}

fn main() {}
