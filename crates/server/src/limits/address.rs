//! Which address a request comes from: the neighbour's, or what trusted proxies say of whom they speak for.
use crate::config::Config;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The client's address. Each proxy appends whom it heard to `X-Forwarded-For`, and anybody can begin the list with
/// lies: read from its end, the first address that is no trusted proxy is the client.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, config: &Config) -> IpAddr {
    let mut client = peer.to_canonical();
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.into_iter().rev() {
        if !config.trusts(client) {
            break;
        }
        let Some(address) = parse(hop.trim()) else {
            break;
        };
        client = address.to_canonical();
    }
    client
}

/// An address, as some proxies write it: with a port, in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse()
        .ok()
        .or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}

/// The client's address, as an extractor.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<crate::http::App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &crate::http::App,
    ) -> Result<Self, Infallible> {
        Ok(Self(of_request(
            &parts.extensions,
            &parts.headers,
            &app.config,
        )))
    }
}

/// The client's address of a request that the accept loop took in.
pub(crate) fn of_request(
    extensions: &axum::http::Extensions,
    headers: &HeaderMap,
    config: &Config,
) -> IpAddr {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    client_address(peer, headers, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&'static str]) -> String {
        let config = Config::parse([
            "--trusted-proxies",
            "loopback",
            "--trusted-proxies",
            "10.0.0.0/8",
        ])
        .expect("right");
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().expect("a value"));
        }
        client_address(peer.parse().expect("an address"), &headers, &config).to_string()
    }

    #[test]
    fn a_stranger_can_not_say_where_they_come_from() {
        assert_eq!(from("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_last_untrusted_hop_counts() {
        assert_eq!(from("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            from("127.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.7"]),
            "198.51.100.1"
        );
        assert_eq!(
            from("127.0.0.1", &["1.2.3.4", "198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(from("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(from("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(from("127.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
    }

    #[test]
    fn without_a_word_or_with_nonsense_it_is_the_neighbour() {
        assert_eq!(from("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["unknown"]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["10.0.0.1"]), "10.0.0.1");
    }
}
