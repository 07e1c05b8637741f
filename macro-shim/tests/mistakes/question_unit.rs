use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, std::num::ParseIntError> { text.parse() }
#[lower]
async fn add(v: u32) {
    let x = read("a").await?;
}

fn main() {}
