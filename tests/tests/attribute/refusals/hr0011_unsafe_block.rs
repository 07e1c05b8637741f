use handroll_rt::lower;

struct Port;

impl Port {
    async unsafe fn write(&mut self, _: u8) {}
}

#[lower]
async fn all(port: &mut Port) {
    unsafe { port.write(7).await };
}
