use handroll_rt::lower;

async fn read(text: &mut Vec<u8>) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: Vec<u8>) -> usize {
    read(&mut v).await;
    v.len()
}

fn main() {}
