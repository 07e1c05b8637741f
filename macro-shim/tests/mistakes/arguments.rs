use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: u32) -> u32 {
    let mut buf = String::new();
    read(&mut buf, 3).await + read(v).await
}

fn main() {}
