use handroll_rt::lower;

async fn read(text: &str) -> u32 { text.len() as u32 }
struct S { name: String }
impl S {
    #[lower]
    async fn take(&self) -> String {
        read("x").await;
        self.name
    }
    #[lower]
    async fn set(&self) {
        read("x").await;
        self.name = String::new();
        self.nam = 3;
    }
}

fn main() {}
