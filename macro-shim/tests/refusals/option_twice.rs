use handroll_rt::lower;

#[lower(dump, dump)]
async fn echo() {}

fn main() {}
