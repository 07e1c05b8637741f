use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(a: u32) -> u32 {
    let b = read("x").await;
    "no"
}

fn main() {}
