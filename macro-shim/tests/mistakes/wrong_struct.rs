use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
struct P { x: u32, y: u32 }
#[lower]
async fn pick() -> P {
    P { x: read("x").await, z: 3 }
}

fn main() {}
