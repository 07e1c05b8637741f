use handroll_rt::lower;

struct Uart;

impl Uart {
    async fn read(&mut self) -> u8 {
        0
    }
}

#[lower(name = "Echo")]
async fn echo(mut uart: Uart) -> u8 {
    let first = uart.read().await;
    let text = String::from("a").into_boxed_str();
    first + uart.read().await + text.len() as u8
}

fn main() {}
