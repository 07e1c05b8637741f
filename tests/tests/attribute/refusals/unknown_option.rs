use handroll_rt::lower;

#[lower(nmae = "Echo")]
async fn echo() {}
