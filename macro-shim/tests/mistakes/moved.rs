use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(s: String) -> usize {
    drop(s);
    let b = read("x").await;
    s.len()
}

fn main() {}
