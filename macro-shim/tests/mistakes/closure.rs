use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, ()> { Ok(text.len() as u32) }
#[lower]
async fn pick(v: Vec<String>) -> usize {
    let f = move || v.len();
    read("x").await;
    f() + v.len()
}

fn main() {}
