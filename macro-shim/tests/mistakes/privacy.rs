use handroll_rt::lower;

mod m { pub struct S { x: u32 } impl S { pub fn new() -> S { S { x: 1 } } } }
async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn twice() -> u32 {
    let s = m::S::new();
    read("x").await;
    s.x
}

fn main() {}
