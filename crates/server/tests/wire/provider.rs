//! A small OpenID provider on loopback: discovery, keys, authorization, tokens, userinfo. It checks what a real one
//! checks (redirect address, client's secret, PKCE, a code only once), and tells lies where a test wants them.
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

pub const CLIENT: &str = "party";
pub const SECRET: &str = "se cret&+";

/// 2048 bits each, made for these tests with `openssl genpkey`.
const KEYS: [&[u8]; 2] = [
    include_bytes!("oidc_key_a.der"),
    include_bytes!("oidc_key_b.der"),
];

/// How an ID token is signed.
#[derive(Clone, Copy, PartialEq)]
pub enum Signed {
    /// By the key that the provider publishes.
    Well,
    /// By another key, under the same name.
    ByAnother,
    /// `alg: none`, no signature.
    Not,
    /// HMAC with the client's secret.
    ByTheSecret,
    /// HMAC with the published key's modulus for a secret.
    ByThePublicKey,
}

pub struct Book {
    /// Claims that replace the right ones; null removes one.
    pub claims: Value,
    pub signed: Signed,
    /// What the userinfo endpoint says.
    pub about: Value,
    /// Whether tokens are signed with the second key, under a new name, which is published from then on.
    pub rotated: bool,
    pub discoveries: usize,
    codes: HashMap<String, HashMap<String, String>>,
    issued: usize,
}

#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    pub book: Arc<Mutex<Book>>,
}

fn key(which: usize) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KEYS[which]).unwrap()
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn modulus(which: usize) -> Vec<u8> {
    let public = key(which).public_key().clone();
    let public: ring::rsa::PublicKeyComponents<Vec<u8>> = (&public).into();
    public.n
}

impl Provider {
    pub async fn start() -> Self {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            issuer: format!("http://{}/realm", socket.local_addr().unwrap()),
            book: Arc::new(Mutex::new(Book {
                claims: json!({}),
                signed: Signed::Well,
                about: json!({}),
                rotated: false,
                discoveries: 0,
                codes: HashMap::new(),
                issued: 0,
            })),
        };
        let routes = axum::Router::new()
            .route("/realm/.well-known/openid-configuration", get(discovery))
            .route("/realm/keys", get(keys))
            .route("/realm/authorize", get(authorize))
            .route("/realm/token", post(token))
            .route("/realm/about", get(about))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(socket, routes).await.unwrap() });
        provider
    }

    /// Who logs in there next.
    pub fn person(&self, claims: Value) {
        self.book.lock().unwrap().claims = claims;
    }

    pub fn sign(&self, how: Signed) {
        self.book.lock().unwrap().signed = how;
    }

    fn id_token(&self, nonce: &str) -> String {
        let book = self.book.lock().unwrap();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "248289761001", "nonce": nonce,
            "iat": now(), "exp": now() + 300,
        });
        for (name, value) in book.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let algorithm = match book.signed {
            Signed::Well | Signed::ByAnother => "RS256",
            Signed::Not => "none",
            Signed::ByTheSecret | Signed::ByThePublicKey => "HS256",
        };
        let kid = if book.rotated { "second" } else { "first" };
        let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let text = format!(
            "{}.{}",
            B64.encode(header.to_string()),
            B64.encode(claims.to_string())
        );
        let by = usize::from(book.rotated) ^ usize::from(book.signed == Signed::ByAnother);
        let signature = match book.signed {
            Signed::Well | Signed::ByAnother => {
                let key = key(by);
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    text.as_bytes(),
                    &mut signature,
                )
                .unwrap();
                signature
            }
            Signed::Not => Vec::new(),
            Signed::ByTheSecret | Signed::ByThePublicKey => {
                let secret = match book.signed {
                    Signed::ByTheSecret => SECRET.as_bytes().to_vec(),
                    _ => modulus(0),
                };
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
                ring::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
            }
        };
        format!("{text}.{}", B64.encode(signature))
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    provider.book.lock().unwrap().discoveries += 1;
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/about"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let rotated = provider.book.lock().unwrap().rotated;
    let (which, kid) = if rotated { (1, "second") } else { (0, "first") };
    Json(json!({"keys": [
        {"kty": "something new", "kid": "odd"},
        {"kty": "RSA", "use": "sig", "kid": kid, "n": B64.encode(modulus(which)), "e": "AQAB"},
    ]}))
}

/// The person there is logged in already and agrees.
async fn authorize(
    State(provider): State<Provider>,
    Query(asked): Query<HashMap<String, String>>,
) -> impl IntoResponse {
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
    let mut book = provider.book.lock().unwrap();
    book.issued += 1;
    let code = format!("code-{}", book.issued);
    let to = format!(
        "{}?code={code}&state={}",
        asked["redirect_uri"], asked["state"]
    );
    book.codes.insert(code, asked);
    (StatusCode::FOUND, [("location", to)])
}

fn form(body: &str) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://localhost/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refused = |why| (StatusCode::BAD_REQUEST, Json(json!({"error": why})));
    let right = STANDARD.encode(format!("{CLIENT}:se+cret%26%2B"));
    if headers["authorization"] != format!("Basic {right}") {
        return Err(refused("invalid_client"));
    }
    let asked = form(&body);
    let begun = provider.book.lock().unwrap().codes.remove(&asked["code"]);
    let begun = begun.ok_or(refused("invalid_grant"))?;
    let challenge = B64.encode(Sha256::digest(&asked["code_verifier"]));
    if begun["code_challenge"] != challenge || begun["redirect_uri"] != asked["redirect_uri"] {
        return Err(refused("invalid_grant"));
    }
    Ok(Json(json!({
        "id_token": provider.id_token(&begun["nonce"]),
        "access_token": "at-1",
        "token_type": "Bearer",
    })))
}

async fn about(State(provider): State<Provider>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers["authorization"], "Bearer at-1");
    Json(provider.book.lock().unwrap().about.clone())
}
