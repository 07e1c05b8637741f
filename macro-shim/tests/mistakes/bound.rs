use handroll_rt::lower;

async fn show<T: std::fmt::Display>(t: T) -> u32 { t.to_string().len() as u32 }
struct S;
#[lower]
async fn add(v: u32) -> u32 {
    show(S).await
}

fn main() {}
