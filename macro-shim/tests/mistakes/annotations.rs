use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: u32) -> u32 {
    let x = "5".parse().unwrap();
    read("b").await;
    v
}

fn main() {}
