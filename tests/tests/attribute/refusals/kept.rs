use handroll_rt::lower;

async fn read() -> u8 {
    0
}

// The refused function stays, so that its callers have no error of their own.
#[lower]
async fn all() {
    unsafe { read().await };
    read().await;
}

pub async fn caller() {
    all().await;
}
