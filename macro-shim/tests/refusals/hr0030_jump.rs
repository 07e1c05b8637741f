use handroll_rt::lower;

mod other_crate {
    macro_rules! demand {
        ($what:expr) => {
            let _ = $what;
        };
    }
    pub(crate) use demand;
}

async fn wait() {}

#[lower]
async fn checked(n: u32) -> u32 {
    other_crate::demand!(if n > 9 {
        return 9;
    });
    wait().await;
    n
}

fn main() {}
