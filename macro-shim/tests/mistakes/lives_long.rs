use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
#[lower]
async fn add(v: u32) -> u32 {
    let r;
    {
        let s = String::from("a");
        r = &s;
        read(r).await;
    }
    read(r).await
}

fn main() {}
