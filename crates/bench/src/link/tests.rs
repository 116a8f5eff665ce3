//! The proxy on real sockets. Only lower bounds of time are checked: a busy machine may add to any
//! delay, but nothing may arrive early. Exact times are checked in `shape`, without a clock.

use super::*;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A server that sends back what it gets, until the client closes its half.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(ANY).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await.unwrap();
                to.shutdown().await.unwrap();
            });
        }
    });
    address
}

async fn through(profile: Profile) -> (Link, TcpStream) {
    let link = Link::open(ANY, echo().await, profile, 1).await.unwrap();
    let stream = TcpStream::connect(link.address()).await.unwrap();
    (link, stream)
}

#[tokio::test]
async fn a_megabyte_comes_back_whole_and_in_order() {
    let mut profile = Profile::named("near").unwrap();
    profile.rate = Some(400_000_000);
    let (_link, stream) = through(profile).await;
    let sent: Vec<u8> = (0..1_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let (mut from, mut to) = stream.into_split();
    let copy = sent.clone();
    tokio::spawn(async move {
        to.write_all(&copy).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let mut received = Vec::new();
    from.read_to_end(&mut received).await.unwrap();
    assert!(received == sent, "{} bytes came back", received.len());
}

#[tokio::test]
async fn nothing_arrives_before_two_delays() {
    let (_link, mut stream) = through(Profile::named("near").unwrap()).await;
    // The first exchange also pays for the handshake.
    for least in [140, 60, 60] {
        let began = Instant::now();
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(least),
            "came back after {took:?}"
        );
    }
}

#[tokio::test]
async fn the_rate_cap_holds_for_all_connections_together() {
    let mut profile = Profile::named("lan").unwrap();
    profile.rate = Some(8_000_000);
    let link = Link::open(ANY, echo().await, profile, 1).await.unwrap();
    let began = Instant::now();
    let mut transfers = JoinSet::new();
    for _ in 0..4 {
        let address = link.address();
        transfers.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&[7; 50_000]).await.unwrap();
            stream.read_exact(&mut [0; 50_000]).await.unwrap();
        });
    }
    while let Some(done) = transfers.join_next().await {
        done.unwrap();
    }
    // 200,000 bytes at a million bytes a second.
    assert!(
        began.elapsed() >= Duration::from_millis(200),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn dropping_the_link_cuts_its_connections() {
    let (link, mut stream) = through(Profile::named("lan").unwrap()).await;
    stream.write_all(b"x").await.unwrap();
    stream.read_exact(&mut [0; 1]).await.unwrap();
    drop(link);
    let end = stream.read(&mut [0; 1]).await;
    assert!(matches!(end, Ok(0) | Err(_)));
}
