// A case before the one that will crash.
use crate::trace::*;

async fn harmless() {
    tick((), "wait").await;
}

pub fn cases(t: &mut Tester) {
    t.case("harmless", harmless);
    t.case("aborts", harmless);
}
