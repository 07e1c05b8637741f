use handroll_rt::lower;

struct Two {
    x: String,
    y: String,
}

async fn read() -> String {
    String::new()
}

#[lower]
async fn all(start: Two) -> String {
    let two = start;
    let x = two.x;
    let more = read().await;
    x + &more + &two.y
}
