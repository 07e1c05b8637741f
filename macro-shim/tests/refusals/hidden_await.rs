use handroll_rt::lower;

async fn read() -> u8 {
    0
}

#[lower]
async fn show() {
    println!("{}", read().await);
    drop(vec![read().await]);
    let _ = other!({ read().await });
}

macro_rules! other {
    ($e:expr) => {
        (stringify!($e), $e)
    };
}

use other;

fn main() {}
