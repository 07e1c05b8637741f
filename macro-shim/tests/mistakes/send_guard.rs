use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: &std::sync::Mutex<u32>) -> u32 {
    let guard = v.lock().unwrap();
    read("x").await + *guard
}
fn need<T: Send>(_: T) {}
fn caller(m: &std::sync::Mutex<u32>) { need(add(m)); }

fn main() {}
