#![deny(unused)]
use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, ()> { Ok(text.len() as u32) }
#[lower]
async fn twice() -> u32 {
    let s = 3;
    let mut q = 4;
    read("x").await;
    return q;
    7
}

fn main() {}
