use handroll_rt::lower;

async fn wait() {}

#[lower(no_holders)]
async fn run<T: Clone + IntoIterator<Item = u8>>(make: &T) -> usize {
    let text = T::clone(make);
    let bytes: Vec<u8> = text.into_iter().collect();
    wait().await;
    bytes.len()
}

fn main() {}
