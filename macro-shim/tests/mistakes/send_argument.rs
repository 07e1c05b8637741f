use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: std::rc::Rc<u32>) -> u32 {
    read("x").await + *v
}
fn need<T: Send>(_: T) {}
fn caller() { need(add(std::rc::Rc::new(3))); }

fn main() {}
