use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(s: String) -> usize {
    let b = read(&s).await;
    let t = s;
    read(&t).await;
    s.len() + t.len()
}

fn main() {}
