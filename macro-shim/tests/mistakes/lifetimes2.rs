use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, ()> { Ok(text.len() as u32) }
#[lower]
async fn pick<'a, 'b>(a: &'a str, b: &'b str) -> &'a str {
    read("x").await;
    b
}

fn main() {}
