// It has a warning.
use crate::trace::*;

async fn one() -> u32 {
    let unused = 1;
    tick(1, "wait").await
}

pub fn cases(t: &mut Tester) {
    t.case("one", one);
}
