use handroll_rt::lower;

#[lower]
fn plain() {}

#[lower]
struct Item;

struct S;

#[lower]
impl S {
    fn plain(&self) {}
}

#[lower]
mod inner {}

fn main() {}
