use handroll_rt::lower;

async fn get(n: u32) -> u32 {
    n
}

fn spawn<F: Future<Output = u32> + Send + 'static>(_: F) {}

#[lower(nested)]
async fn mismatch(n: u32) -> u32 {
    let text: String = async move { get(n).await + 1 }.await;
    text.len() as u32
}

#[lower(nested)]
async fn within(n: u32) -> u32 {
    async move {
        let text: &str = get(n).await;
        text.len();
        n.missing().await;
        unknown(n).await
    }
    .await
}

#[lower(nested)]
async fn moved(name: String) -> usize {
    let first = async move {
        get(1).await;
        name.len()
    };
    first.await + name.len()
}

#[lower(nested)]
async fn moved_inside(name: String) -> usize {
    let future = async move {
        drop(name);
        get(1).await;
        name.len()
    };
    future.await
}

#[lower(nested)]
async fn borrowed() -> usize {
    let future = {
        let text = String::from("a");
        let text = &text;
        async move {
            get(1).await;
            text.len()
        }
    };
    future.await
}

#[lower(nested)]
async fn not_mut(list: Vec<u32>) -> usize {
    async move {
        list.push(get(1).await);
        list.len()
    }
    .await
}

#[lower(nested)]
async fn not_send(n: u32) {
    spawn(async move {
        let kept = std::rc::Rc::new(n);
        get(1).await;
        *kept
    });
    get(2).await;
}

#[lower(nested)]
async fn tries(n: u32) -> u32 {
    let result = async move {
        let value: Option<u32> = Some(get(n).await);
        Ok::<u32, String>(value? + get(1).await)
    };
    result.await
}

#[lower(nested)]
async fn unused(n: u32) -> u32 {
    let future = async move {
        let nothing = get(n).await;
        get(2).await
    };
    future.await
}

fn main() {}

fn main() {}
