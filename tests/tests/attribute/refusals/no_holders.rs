use handroll_rt::lower;

struct Conn;

impl Conn {
    fn finish(self) {}
}

fn connect() -> Conn {
    Conn
}

fn wait() -> std::future::Ready<()> {
    std::future::ready(())
}

#[lower(no_holders)]
async fn run() {
    let conn = connect();
    conn.finish();
    wait().await;
}
