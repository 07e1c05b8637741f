use handroll_rt::lower;

async fn read(text: &str) -> Option<u32> { Some(text.len() as u32) }
#[lower]
async fn add(v: u32) -> u32 {
    match read("b").await { Some(x) => x }
}

fn main() {}
