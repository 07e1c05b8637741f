use handroll_rt::lower;

async fn read() -> u8 {
    0
}

// The refused function stays, so that its callers have no error of their own.
#[lower]
async fn all(n: u8) {
    match n {
        n if read().await > n => drop(n),
        _ => {}
    }
    read().await;
}

pub async fn caller() {
    all(1).await;
}

fn main() {}
