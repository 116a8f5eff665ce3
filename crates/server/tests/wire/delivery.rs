//! A shared uplink: what each viewer gets of it, and what the administrator sees.
use crate::client::{Client, Server};
use futures_util::StreamExt;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const KEY: &str = "correct horse";

/// Where this member fetches the room's medium.
fn address(server: &Server, client: &Client) -> String {
    let link = client.room()["media"]["url"].as_str().unwrap().to_owned();
    let viewer = client.seen[0]["viewer"].as_str().unwrap();
    format!("{}/{link}&viewer={viewer}", server.base)
}

/// Fetches over and over, and counts.
fn fetch(server: &Server, url: &str, got: Arc<AtomicU64>) -> tokio::task::JoinHandle<()> {
    let (http, url) = (server.http.clone(), url.to_owned());
    tokio::spawn(async move {
        loop {
            let Ok(answer) = http.get(&url).send().await else {
                return;
            };
            assert_eq!(answer.status(), 200);
            let mut body = answer.bytes_stream();
            while let Some(Ok(bytes)) = body.next().await {
                got.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_viewers_share_an_uplink_evenly_though_one_opens_three_connections() {
    let server = Server::with(&["--uplink", "8mbit", "--admin-key", KEY]).await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let mut people = Vec::new();
    for name in ["Ann", "Ben", "Cleo", "Dan"] {
        people.push(server.join(&room, name, json!({})).await);
    }
    let counts: Vec<Arc<AtomicU64>> = people.iter().map(|_| Arc::default()).collect();
    let mut fetching = Vec::new();
    for (place, (client, count)) in people.iter().zip(&counts).enumerate() {
        for _ in 0..if place == 0 { 3 } else { 1 } {
            fetching.push(fetch(&server, &address(&server, client), count.clone()));
        }
    }
    // Buffers of the sockets fill first; what counts is the flow after that.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before: Vec<u64> = counts.iter().map(|c| c.load(Ordering::Relaxed)).collect();
    let began = std::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let seconds = began.elapsed().as_secs_f64();
    let got: Vec<f64> = counts
        .iter()
        .zip(&before)
        .map(|(c, before)| (c.load(Ordering::Relaxed) - before) as f64)
        .collect();
    let (sum, squares) = (
        got.iter().sum::<f64>(),
        got.iter().map(|x| x * x).sum::<f64>(),
    );
    let jain = sum * sum / (got.len() as f64 * squares);
    assert!(jain > 0.95, "{jain}: {got:?}");
    let share = sum / (1_000_000.0 * seconds);
    assert!((0.85..1.15).contains(&share), "{share} of the uplink");

    let stats = server
        .http
        .get(format!("{}/api/v2/admin/delivery", server.base))
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    let stats: serde_json::Value = stats.json().await.unwrap();
    assert_eq!(stats["uplink"], 1_000_000.0);
    let viewers = stats["viewers"].as_array().unwrap();
    assert_eq!(viewers.len(), 4, "{stats}");
    assert!(
        viewers.iter().all(|v| v["bytes"].as_u64() > Some(0)),
        "{stats}"
    );
    let room_code = room["code"].as_str().unwrap();
    assert!(
        viewers
            .iter()
            .all(|v| v["viewer"].as_str().unwrap().starts_with(room_code)),
        "{stats}"
    );
    let names: Vec<_> = viewers
        .iter()
        .map(|v| v["name"].as_str().unwrap())
        .collect();
    assert!(
        ["Ann", "Ben", "Cleo", "Dan"]
            .iter()
            .all(|name| names.contains(name)),
        "{stats}"
    );
    for task in fetching {
        task.abort();
    }
    let (status, _) = server.get("/api/v2/admin/delivery").await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_viewer_has_a_bounded_number_of_streams_and_gets_them_back() {
    let server = Server::with(&["--viewer-rate", "200kbit"]).await;
    let sample = server.sample().await;
    let room = server.room(&json!({"media": sample})).await;
    let ann = server.join(&room, "Ann", json!({})).await;
    let url = address(&server, &ann);
    let mut held = Vec::new();
    let refused = loop {
        let answer = server.http.get(&url).send().await.unwrap();
        if answer.status() != 200 {
            break answer;
        }
        held.push(answer);
        assert!(held.len() < 100, "no bound");
    };
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let body: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "too_many_streams");
    drop(held);
    for _ in 0..100 {
        if server.http.get(&url).send().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the places were not given back");
}
