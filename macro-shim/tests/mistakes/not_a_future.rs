use handroll_rt::lower;

fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: u32) -> u32 {
    let x = read("a").await;
    x
}

fn main() {}
