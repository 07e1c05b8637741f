use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: u32) -> u32 {
    let rc = std::rc::Rc::new(v);
    read("x").await + *rc
}
fn need<T: Send>(_: T) {}
fn caller() { need(add(3)); }

fn main() {}
