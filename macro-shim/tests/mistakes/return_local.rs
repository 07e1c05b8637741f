use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: &str) -> &str {
    let s = String::from("a");
    read(&s).await;
    &s
}

fn main() {}
