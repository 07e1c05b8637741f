use handroll_rt::lower;

mod other_crate {
    macro_rules! padded {
        ($name:expr) => {
            format!("{:>8}", $name).as_str()
        };
    }
    pub(crate) use padded;
}

async fn send(text: &str) -> usize {
    text.len()
}

#[lower]
async fn hello(name: Option<String>) -> Option<usize> {
    Some(send(other_crate::padded!(&name?)).await)
}

fn main() {}
