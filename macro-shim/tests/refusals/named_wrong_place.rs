use handroll_rt::lower;

struct S;

#[lower(name = "Run")]
impl S {
    async fn run(&self) {}
}

impl S {
    #[lower(name = "Walk")]
    async fn walk(&self) {}
}

#[lower(name = "Get")]
async fn get<T>(value: T) -> T {
    value
}

fn main() {}
