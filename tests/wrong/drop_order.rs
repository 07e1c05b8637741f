// Two locals, of which the later drops first.
use crate::trace::*;

async fn two() -> u32 {
    let _a = make("a");
    let _b = make("b");
    tick(1, "wait").await
}

pub fn cases(t: &mut Tester) {
    t.case("two", two);
}
