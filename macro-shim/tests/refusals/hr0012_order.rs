use handroll_rt::lower;

fn name() -> String {
    "a".to_owned()
}

async fn position() -> usize {
    0
}

#[lower]
async fn count() -> usize {
    name().to_lowercase().replacen(&name(), "", position().await).len()
}

fn main() {}
