use handroll_rt::lower;

async fn wait() {}

#[lower]
async fn all() {
    #[cfg(unix)]
    wait().await;
    wait().await;
}
