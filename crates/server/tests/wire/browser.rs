//! A browser as far as logging in needs one: cookies kept, `Origin` sent.
use crate::client::Server;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One browser on one server.
pub struct Browser {
    http: reqwest::Client,
    base: String,
    pub cookies: BTreeMap<String, String>,
    /// Where it seems to come from (`X-Forwarded-For`, which loopback is trusted with).
    pub address: String,
    /// The last answer's `Set-Cookie` headers, whole.
    pub set: Vec<String>,
    /// The last answer's `Retry-After`.
    pub retry_after: Option<u64>,
}

impl Browser {
    pub fn new(server: &Server) -> Self {
        Self {
            http: server.http.clone(),
            base: server.base.clone(),
            cookies: BTreeMap::new(),
            address: "198.51.100.1".to_owned(),
            set: Vec::new(),
            retry_after: None,
        }
    }

    pub fn cookie(&self) -> String {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        pairs.join("; ")
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v2{path}", self.base))
            .header("x-forwarded-for", &self.address)
            .header("origin", &self.base)
            .header("sec-fetch-site", "same-origin");
        if self.cookies.is_empty() {
            request
        } else {
            request.header("cookie", self.cookie())
        }
    }

    async fn answer(&mut self, response: Response) -> (u16, Value) {
        let headers = response.headers();
        self.set = headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        self.retry_after = headers
            .get("retry-after")
            .map(|value| value.to_str().unwrap().parse().unwrap());
        for set in &self.set {
            let (name, rest) = set.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub async fn call(&mut self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        self.answer(response).await
    }

    pub async fn get(&mut self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }

    /// Goes to a page as by a link, without going on; answers where it leads.
    pub async fn visit(&mut self, path: &str) -> (u16, String) {
        let plain = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(plain).build().unwrap();
        let request = http
            .get(format!("{}/api/v2{path}", self.base))
            .header("x-forwarded-for", &self.address)
            .header("cookie", self.cookie());
        let response = request.send().await.unwrap();
        let to = response.headers().get("location");
        let to = to.map_or("", |to| to.to_str().unwrap()).to_owned();
        (self.answer(response).await.0, to)
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&mut self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&mut self, path: &str) -> (u16, Value) {
        self.call(Method::DELETE, path, None).await
    }

    /// Signs up on a server that lets everybody.
    pub async fn sign_up(&mut self, email: &str) -> Value {
        let body = json!({"email": email, "name": "Ann", "password": "correct horse"});
        let (status, me) = self.post("/accounts", &body).await;
        assert_eq!(status, 201, "{me}");
        me
    }

    pub async fn log_in(&mut self, email: &str, password: &str) -> (u16, Value) {
        self.post("/session", &json!({"email": email, "password": password}))
            .await
    }

    /// With a token instead of cookies.
    pub async fn bearer(&mut self, method: Method, path: &str, token: &str) -> (u16, Value) {
        let request = self
            .http
            .request(method, format!("{}/api/v2{path}", self.base))
            .header("x-forwarded-for", &self.address)
            .bearer_auth(token);
        let response = request.send().await.unwrap();
        self.answer(response).await
    }

    /// As another site's page would make this browser ask.
    pub async fn elsewhere(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = self
            .http
            .request(method, format!("{}/api/v2{path}", self.base))
            .header("cookie", self.cookie());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        self.answer(response).await
    }
}
