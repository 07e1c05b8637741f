// It ends the process.
use crate::trace::*;

async fn harmless() {
    tick((), "wait").await;
}

async fn aborts() {
    std::process::abort();
}

pub fn cases(t: &mut Tester) {
    t.case("harmless", harmless);
    t.case("aborts", aborts);
}
