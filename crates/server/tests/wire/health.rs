//! Who may read whether the server is well.
use crate::client::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn a_jellyfin_page_reads_the_health_and_a_strangers_does_not() {
    let server = Server::start().await;
    let ask = async |method: reqwest::Method, origin: Option<&str>| {
        let url = format!("{}/health", server.base);
        let mut request = server.http.request(method, url);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap()
    };
    let (get, options) = (reqwest::Method::GET, reqwest::Method::OPTIONS);
    let jellyfin = "http://localhost:8096";
    let read = ask(get.clone(), Some(jellyfin)).await;
    assert_eq!(read.headers()["access-control-allow-origin"], jellyfin);
    assert_eq!(
        read.headers()["cross-origin-resource-policy"],
        "cross-origin"
    );
    let health: Value = read.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["auth_enabled"]),
        (&json!("ok"), &json!(false))
    );
    let asked = ask(options, Some(jellyfin)).await;
    assert_eq!(asked.status(), 200);
    assert_eq!(asked.headers()["access-control-allow-methods"], "GET");
    assert_eq!(
        asked.headers()["access-control-allow-headers"],
        "content-type"
    );
    let refused = ask(get.clone(), Some("http://evil.example")).await;
    assert_eq!(refused.status(), 403);
    assert!(
        refused
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    for own in [None, Some(server.base.as_str())] {
        assert_eq!(ask(get.clone(), own).await.status(), 200, "{own:?}");
    }
}
