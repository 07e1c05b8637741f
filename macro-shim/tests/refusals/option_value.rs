use handroll_rt::lower;

#[lower(name = Echo)]
async fn echo() {}

#[lower(name)]
async fn no_value() {}

#[lower(name = "two words")]
async fn no_name() {}

#[lower(after_completion = "never")]
async fn never() {}

#[lower(dump = "file")]
async fn dumped() {}

#[lower(crate = "runtime")]
async fn path() {}

fn main() {}
