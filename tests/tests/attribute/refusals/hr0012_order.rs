use handroll_rt::lower;

struct Client;

impl Client {
    fn get(&mut self, n: u8) -> u8 {
        n
    }
}

fn connect() -> Client {
    Client
}

async fn read(n: u8) -> u8 {
    n
}

#[lower]
async fn all() -> u8 {
    let mut client = connect();
    client.get(read(1).await)
}
