use super::*;
use axum::routing::get;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

struct Running {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

fn start(app: Router, limits: Limits) -> Running {
    let listener = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap().remove(0);
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(listener, app, limits, async { _ = stopped.await }));
    Running { addr, stop, served }
}

fn limits() -> Limits {
    Limits::new(100, Duration::from_secs(1))
}

async fn open(addr: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(SOON, stream.read_to_end(&mut bytes))
        .await
        .expect("ends in time")
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

const LAST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn handlers_know_who_asks() {
    let app = Router::new().route(
        "/",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
    );
    let server = start(app, limits());
    let stream = open(server.addr, LAST).await;
    let me = stream.local_addr().unwrap().to_string();
    assert!(rest(stream).await.ends_with(&me));
}

#[tokio::test]
async fn a_panic_answers_500_and_the_connection_goes_on() {
    async fn bad() -> &'static str {
        panic!("on purpose")
    }
    let server = start(
        Router::new()
            .route("/bad", get(bad))
            .route("/", get(|| async { "fine" })),
        limits(),
    );
    let stream = open(
        server.addr,
        &format!("GET /bad HTTP/1.1\r\nHost: x\r\n\r\n{LAST}"),
    )
    .await;
    let answers = rest(stream).await;
    assert!(
        answers.starts_with("HTTP/1.1 500") && answers.contains("\"internal\""),
        "{answers}"
    );
    assert!(answers.ends_with("fine"), "{answers}");
}

#[tokio::test]
async fn an_upgrade_gives_the_bare_socket_back_with_its_place() {
    let app = Router::new().route(
        "/",
        get(|mut request: Request<Body>| async move {
            let place = request
                .extensions()
                .get::<Admission>()
                .cloned()
                .expect("has a place");
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let parts = downcast::<TokioIo<FileSocket>>(upgrade.await.unwrap())
                    .expect("is the bare socket");
                let mut socket = parts.io.into_inner().into_stream();
                assert!(socket.nodelay().unwrap());
                socket.write_all(b"early:").await.unwrap();
                socket.write_all(&parts.read_buf).await.unwrap();
                let mut byte = [0];
                while socket.read(&mut byte).await.unwrap() > 0 {
                    socket.write_all(&byte).await.unwrap();
                }
                drop(place);
            });
            (
                StatusCode::SWITCHING_PROTOCOLS,
                [("connection", "upgrade"), ("upgrade", "echo")],
            )
        }),
    );
    let server = start(app, Limits::new(1, Duration::from_secs(1)));
    let mut stream = open(
        server.addr,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello",
    )
    .await;
    let mut seen = String::new();
    while !seen.ends_with("early:hello") {
        let mut bytes = [0; 256];
        let n = timeout(SOON, stream.read(&mut bytes))
            .await
            .expect("answers")
            .unwrap();
        assert!(n > 0, "closed after {seen}");
        seen.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
    }
    // Still counted: a second one waits until the first is gone.
    let mut second = open(
        server.addr,
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    )
    .await;
    let mut byte = [0];
    timeout(Duration::from_millis(200), second.read(&mut byte))
        .await
        .expect_err("waits in line");
    drop(stream);
    assert_eq!(
        timeout(SOON, second.read(&mut byte))
            .await
            .expect("its place is free again")
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn more_connections_than_allowed_wait_in_line_and_are_all_served() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        "done"
    };
    let server = start(
        Router::new().route("/", get(slow)),
        Limits::new(2, Duration::from_secs(1)),
    );
    let clients: Vec<_> = (0..12)
        .map(|_| tokio::spawn(async move { rest(open(server.addr, LAST).await).await }))
        .collect();
    for client in clients {
        assert!(client.await.unwrap().ends_with("done"));
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let server = start(
        Router::new(),
        limits().header_timeout(Duration::from_millis(200)),
    );
    for text in ["", "P", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let stream = open(server.addr, text).await;
        assert_eq!(rest(stream).await, "", "{text:?}");
    }
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_head() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        "done"
    };
    let server = start(
        Router::new().route("/", get(slow)),
        limits().header_timeout(Duration::from_millis(100)),
    );
    assert!(rest(open(server.addr, LAST).await).await.ends_with("done"));
}

#[tokio::test]
async fn a_head_beyond_all_measure_is_refused() {
    let server = start(Router::new(), limits());
    let mut stream = open(server.addr, "GET / HTTP/1.1\r\nHost: x\r\nX: ").await;
    // The server may close before all of it is sent.
    _ = stream.write_all(&vec![b'a'; 4 * MAX_HEAD]).await;
    let mut bytes = [0; 64];
    let n = timeout(SOON, stream.read(&mut bytes))
        .await
        .expect("in time")
        .unwrap_or(0);
    assert!(
        n == 0 || bytes.starts_with(b"HTTP/1.1 431"),
        "{:?}",
        String::from_utf8_lossy(&bytes[..n])
    );
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_refuses_what_comes() {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "finished"
    };
    let server = start(Router::new().route("/", get(slow)), limits());
    let idle = open(server.addr, "").await;
    let running = open(server.addr, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    assert!(rest(running).await.ends_with("finished"));
    assert_eq!(rest(idle).await, "");
    timeout(SOON, server.served).await.expect("ends").unwrap();
    assert!(TcpStream::connect(server.addr).await.is_err());
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end_in_time() {
    let server = start(
        Router::new().route("/", get(std::future::pending::<&'static str>)),
        Limits::new(10, Duration::from_millis(100)),
    );
    let stuck = open(server.addr, LAST).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop.send(()).unwrap();
    timeout(SOON, server.served).await.expect("ends").unwrap();
    assert_eq!(rest(stuck).await, "");
}

#[tokio::test]
async fn a_port_in_use_is_said_in_words() {
    let taken = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let error = bind(&[taken[0].local_addr().unwrap()]).expect_err("is taken");
    assert_eq!(error.code(), "port_in_use");
    assert!(error.to_string().contains("--listen"), "{error}");
}
