use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, ()> { Ok(text.len() as u32) }
#[lower]
async fn pick(a: &str, b: &str) -> &str {
    read("x").await;
    a
}

fn main() {}
