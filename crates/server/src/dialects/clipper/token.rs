//! Tokens: where a request carries one, and those that this dialect makes for its guests.
//!
//! A guest's token is a JWT (HS256, by a key of its own) with the user's UUID and name. Accounts have the server's own
//! (`crate::accounts`), which this dialect takes as well. Both have lengths divisible by three: the frontend offers a token
//! as a WebSocket subprotocol in base64, where browsers take no padding.
use crate::accounts::hs256::{Jwt, unpadded};
use crate::http::identity::{bearer, cookie};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use watchalong_room::ServerTime;

/// The cookie that browsers hold.
pub(super) const COOKIE: &str = "access_token";
/// What the subprotocol begins with that holds a token.
const OFFER: &str = "auth.bearer.";
/// Who made a token, and whom for.
const ISSUER: &str = "watchalong";
const AUDIENCE: &str = "watch-parties";
/// Base64 as browsers' `btoa` makes it, with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a request says who it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// `Authorization: Bearer`.
    Bearer,
    /// A subprotocol of a WebSocket.
    Subprotocol,
    /// A browser's cookie.
    Cookie,
}

/// The subprotocol with a token that a WebSocket offers: to be answered with exactly it, or browsers hang up.
pub(super) fn offer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value: &HeaderValue| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|entry| entry.starts_with(OFFER))
}

/// The token in an offer; empty where it is none.
fn offered(entry: &str) -> String {
    let plain: String = entry[OFFER.len()..]
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let bytes = LENIENT.decode(plain).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The token of a request: of its header, else (of a WebSocket's handshake) its subprotocol, else its cookie. The
/// first that is there counts, good or bad; those in addresses never do.
pub(super) fn of_request(headers: &HeaderMap) -> Option<(String, How)> {
    if let Some(token) = bearer(headers) {
        return Some((token.to_owned(), How::Bearer));
    }
    if headers.contains_key(header::UPGRADE)
        && let Some(entry) = offer(headers)
    {
        return Some((offered(entry), How::Subprotocol));
    }
    let token = cookie(headers, COOKIE).filter(|token| !token.is_empty())?;
    Some((token.to_owned(), How::Cookie))
}

/// What a guest's token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// The user's id.
    pub(super) sub: String,
    /// What they are called.
    pub(super) name: String,
    /// Seconds since the epoch.
    iat: i64,
    exp: i64,
    /// See [`unpadded`].
    #[serde(default)]
    fill: String,
}

/// Makes and checks guests' tokens.
pub(super) struct Tokens(Jwt);

impl Tokens {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(Jwt::new(key, Some((ISSUER, AUDIENCE)), 0))
    }

    /// A token for a user of this id and name.
    pub(super) fn make(&self, id: &str, name: &str, now: ServerTime, lasting: Duration) -> String {
        let seconds = now.0 / 1000;
        unpadded(|fill| {
            let claims = Claims {
                iss: ISSUER.to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: id.to_owned(),
                name: name.to_owned(),
                iat: seconds,
                exp: seconds.saturating_add_unsigned(lasting.as_secs()),
                fill: fill.to_owned(),
            };
            self.0.make(None, &claims)
        })
    }

    /// What a token says, where it is a guest's and good.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        self.0.read(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> ServerTime {
        crate::clock::ServerClock::start().now()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let value = |value: &str| value.parse().expect("a value");
        pairs
            .iter()
            .map(|(name, text)| (name.parse().expect("a name"), value(text)))
            .collect()
    }

    #[test]
    fn every_token_can_be_a_subprotocol() {
        let tokens = Tokens::new(&[7; 32]);
        for length in 1..40 {
            let name = "ä".repeat(length);
            let token = tokens.make("id", &name, now(), Duration::from_secs(60));
            assert_eq!(token.len() % 3, 0);
            assert_eq!(tokens.check(&token).expect("good").name, name);
            assert!(Tokens::new(&[8; 32]).check(&token).is_none());
            assert!(tokens.check(&token[1..]).is_none());
        }
        let old = tokens.make("id", "Ann", ServerTime(0), Duration::from_secs(60));
        assert!(tokens.check(&old).is_none(), "expired");
        assert!(tokens.check(&"x".repeat(100_000)).is_none());
    }

    #[test]
    fn the_first_token_that_is_there_counts() {
        let both = headers(&[("authorization", "Bearer a"), ("cookie", "access_token=c")]);
        assert_eq!(of_request(&both), Some(("a".into(), How::Bearer)));
        let protocol = "chat, auth.bearer.YQ==,x";
        let socket = headers(&[
            ("upgrade", "websocket"),
            ("sec-websocket-protocol", protocol),
            ("cookie", "access_token=c"),
        ]);
        assert_eq!(of_request(&socket), Some(("a".into(), How::Subprotocol)));
        assert_eq!(offer(&socket), Some("auth.bearer.YQ=="));
        let plain = headers(&[
            ("sec-websocket-protocol", protocol),
            ("cookie", "access_token=c"),
        ]);
        assert_eq!(of_request(&plain), Some(("c".into(), How::Cookie)));
        assert_eq!(of_request(&headers(&[("cookie", "access_token=")])), None);
        assert_eq!(
            of_request(&headers(&[("authorization", "Basic eA==")])),
            None
        );
    }

    #[test]
    fn offers_are_read_in_both_alphabets_with_and_without_padding() {
        // 0xfb 0xff is `+/8=` in one alphabet and `-_8=` in the other.
        for entry in [
            "auth.bearer.Pz8/Pz4=",
            "auth.bearer.Pz8_Pz4",
            "auth.bearer.Pz8_Pz4=",
        ] {
            assert_eq!(offered(entry), "????>", "{entry}");
        }
        for nonsense in ["auth.bearer.", "auth.bearer.!!!", "auth.bearer.+/8="] {
            assert_eq!(offered(nonsense), "", "{nonsense}");
        }
    }
}
