use handroll_rt::lower;
use std::ops::Range;

async fn read() -> String {
    String::new()
}

#[lower]
async fn all(start: Range<String>) -> String {
    let two = start;
    let x = two.start;
    let more = read().await;
    x + &more + &two.end
}

fn main() {}
