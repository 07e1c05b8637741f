// It compiles.
use crate::trace::*;

async fn one() -> u32 {
    tick(1, "wait").await
}

pub fn cases(t: &mut Tester) {
    t.case("one", one);
}
