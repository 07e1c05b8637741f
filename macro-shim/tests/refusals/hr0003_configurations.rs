use handroll_rt::lower;

async fn wait() {}

#[lower]
async fn all() {
    #[cfg(unix)]
    wait().await;
    #[cfg(windows)]
    wait().await;
    #[cfg(panic = "unwind")]
    wait().await;
    #[cfg(debug_assertions)]
    wait().await;
}

fn main() {}
