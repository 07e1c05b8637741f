use handroll_rt::lower;

async fn read(text: &mut Vec<u8>) -> u32 { text.len() as u32 }
#[lower]
async fn add(mut v: Vec<u8>) -> usize {
    let first = &v[0];
    read(&mut v).await;
    *first as usize
}

fn main() {}
