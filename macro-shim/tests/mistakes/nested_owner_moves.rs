use handroll_rt::lower;
use std::pin::Pin;

async fn get(n: u32) -> u32 {
    n
}

fn spawn<F: Future<Output = u32> + Send + 'static>(_: F) {}

#[lower(nested)]
fn boxed(name: String) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    let future = Box::pin(async move {
        get(1).await;
        name.len()
    });
    drop(name);
    future
}

#[lower(nested)]
fn inside(name: String) {
    let future = async move {
        drop(name);
        get(1).await;
        name.len()
    };
    drop(future);
}

#[lower(nested)]
fn not_send(list: Vec<u32>) {
    spawn(async move {
        let kept = std::rc::Rc::new(list);
        get(1).await;
        kept[0]
    });
}

fn main() {}
