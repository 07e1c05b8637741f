use handroll_rt::lower;

async fn read(text: &str) -> Result<u32, std::num::ParseIntError> { text.parse() }
#[lower]
async fn add(v: u32) -> Result<u32, std::fmt::Error> {
    let x = read("a").await?;
    Ok(x)
}

fn main() {}
