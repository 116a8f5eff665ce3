//! Under which address the outside sees us: for links, and to tell our own page from a stranger's.
use super::App;
use crate::config::Config;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header, uri::Authority};
use std::net::{IpAddr, SocketAddr};

/// The address of the page, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(String);

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // Proxies in a row each add their own after a comma; the first is the one that people see.
    headers
        .get(name)?
        .to_str()
        .ok()?
        .split(',')
        .next()
        .map(str::trim)
        .filter(|v| !v.is_empty())
}

impl Base {
    /// From `public-url` where it is set, else from the request; what a proxy says counts only from a trusted one.
    pub fn of(headers: &HeaderMap, peer: IpAddr, config: &Config) -> Self {
        if let Some(url) = &config.public_url {
            return Self(url.trim_end_matches('/').to_owned());
        }
        let proxied = |name| {
            if config.trusts(peer) {
                text(headers, name)
            } else {
                None
            }
        };
        let scheme = proxied("x-forwarded-proto")
            .filter(|s| ["http", "https"].contains(s))
            .unwrap_or("http");
        let host = proxied("x-forwarded-host").or_else(|| text(headers, header::HOST.as_str()));
        let host = host
            .filter(|h| h.parse::<Authority>().is_ok())
            .unwrap_or("localhost");
        let prefix =
            proxied("x-forwarded-prefix").filter(|p| p.starts_with('/') && !p.starts_with("//"));
        let prefix = prefix.unwrap_or(&config.base_path).trim_end_matches('/');
        Self(format!("{scheme}://{host}{prefix}"))
    }

    /// The path that cookies are for: `/`, or what everything lives under.
    pub fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("/", |slash| &rest[slash..])
    }

    /// Whether the outside reaches us by https.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Scheme, host and port, as a browser says them of the page.
    pub fn origin(&self) -> String {
        url::Url::parse(&self.0).map_or_else(
            |_| self.0.clone(),
            |base| base.origin().ascii_serialization(),
        )
    }

    /// A link to a path below the base (no leading slash).
    pub fn link(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

impl FromRequestParts<App> for Base {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
        Ok(Self::of(&parts.headers, peer, &app.config))
    }
}

impl Base {
    /// The address of a socket below the base (no leading slash): `ws` for `http`, `wss` for `https`.
    pub fn socket(&self, path: &str) -> String {
        let link = self.link(path);
        link.strip_prefix("http")
            .map_or_else(|| link.clone(), |rest| format!("ws{rest}"))
    }
}

/// Whether a socket is opened by our own page (or by no page at all: a program).
///
/// Browsers send `Origin` with every WebSocket and let any page open one to us; only ours may.
pub fn own_origin(headers: &HeaderMap, config: &Config) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    let public = config
        .public_url
        .as_deref()
        .and_then(|url| url.split_once("://"));
    let public = public.map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    // X-Forwarded-Host needs no trust here: a page can't make a browser send it with a WebSocket.
    let hosts = [
        text(headers, "host"),
        text(headers, "x-forwarded-host"),
        public,
    ];
    hosts
        .into_iter()
        .flatten()
        .any(|host| host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn settings() -> Config {
        Config::parse([] as [&str; 0]).expect("defaults")
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (n.parse().expect("a name"), v.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn links_follow_the_request_and_a_trusted_proxy_only() {
        let config = settings();
        let asked = headers(&[
            ("host", "tv.local:8080"),
            ("x-forwarded-host", "party.example.org"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/films/"),
        ]);
        let stranger = Base::of(&asked, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)), &config);
        assert_eq!(stranger.link("r/x"), "http://tv.local:8080/r/x");
        let proxy = Base::of(&asked, IpAddr::V4(Ipv4Addr::LOCALHOST), &config);
        assert_eq!(proxy.link("r/x"), "https://party.example.org/films/r/x");
        let mut public = settings();
        public.public_url = Some("https://a.example/b/".into());
        assert_eq!(
            Base::of(&asked, IpAddr::V4(Ipv4Addr::LOCALHOST), &public).link("r/x"),
            "https://a.example/b/r/x"
        );
    }

    #[test]
    fn a_strangers_page_is_not_ours() {
        let config = settings();
        assert!(own_origin(&headers(&[("host", "a:1")]), &config));
        assert!(own_origin(
            &headers(&[("host", "a:1"), ("origin", "http://a:1")]),
            &config
        ));
        assert!(!own_origin(
            &headers(&[("host", "a:1"), ("origin", "http://evil.example")]),
            &config
        ));
        assert!(!own_origin(
            &headers(&[("host", "a:1"), ("origin", "null")]),
            &config
        ));
    }
}
