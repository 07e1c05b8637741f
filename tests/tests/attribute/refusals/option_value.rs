use handroll_rt::lower;

#[lower(name = Echo)]
async fn echo() {}

#[lower(name)]
async fn no_value() {}

#[lower(name = "two words")]
async fn no_name() {}
