use handroll_rt::lower;

struct Conn;
#[lower]
async fn add(c: Conn) -> u32 {
    let x = c.reed().await;
    x
}

fn main() {}
