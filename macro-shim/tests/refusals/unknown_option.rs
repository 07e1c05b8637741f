use handroll_rt::lower;

#[lower(nmae = "Echo")]
async fn near() {}

#[lower(no_holder)]
async fn nearer() {}

#[lower(entirely_unknown)]
async fn far() {}

fn main() {}
