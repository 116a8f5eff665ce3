//! Fetching what people give the address of: the one way from a stranger's text to a request of this server's.
//!
//! A server stands inside a network that strangers are not in, so that whoever may name an address to it could reach
//! through it (server-side request forgery). Here is the guard: http and https alone, no credentials, ordinary ports,
//! no proxy; every address that a name stands for must be the internet's (`public.rs`), unless the operator named host
//! or network (`allow.rs`). What was checked is what is connected to (`resolve.rs`): a name that is looked up again may
//! have another answer by then. Redirects are followed here, each checked like the first. Size, time and number are
//! bounded; the caller counts how often somebody asks. Nothing of a cookie or a header of theirs goes along.
//!
//! Where the operator names an upstream (an OpenID provider, the title database), its module has a client of its own.
mod allow;
mod public;
mod resolve;

pub use allow::Allow;
pub use public::is_public;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use resolve::{Guarded, Inward};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// Longer ones are no address that a person pastes.
const MAX_ADDRESS: usize = 2048;
/// Browsers follow twenty; who shortens links needs two or three.
const REDIRECTS: usize = 5;
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(4);
/// Requests at once, all people together: none of them is worth more of this machine.
const AT_ONCE: usize = 8;
/// How long one waits for a place among those.
const QUEUE: Duration = Duration::from_secs(3);
/// Ports below this one belong to other protocols than HTTP, but for its own two.
const FIRST_FREE_PORT: u16 = 1024;

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No address of the web.
    #[error(
        "This is not an address that can be played. Give one that begins with https:// or http://."
    )]
    BadAddress,
    /// `https://name:password@…`
    #[error(
        "This address has a name or password in it, which everybody in the room would see. Give one without."
    )]
    Credentials,
    /// A port that another protocol lives on.
    #[error("Port {0} is not one that films come from. Use 80, 443 or one from 1024 on.")]
    Port(u16),
    /// It leads into a network that is not the internet.
    #[error(
        "{0} is not on the internet but in a network of its own, where this server does not look. Whoever runs it can allow that with --fetch-allow {0}."
    )]
    NotPublic(String),
    /// The operator turned fetching off.
    #[error("This server does not look at addresses of other sites.")]
    Off,
    /// No such host, no connection, broken off.
    #[error("{0} can't be reached. Check the address, or try again later.")]
    Unreachable(String),
    /// It took too long.
    #[error("{0} does not answer in time. Try again later.")]
    Slow(String),
    /// One redirect after the other.
    #[error("{0} leads from one address to the next without an end.")]
    Redirects(String),
    /// More than was asked for.
    #[error("What is at this address is too large.")]
    TooLarge,
    /// Too many others at this moment.
    #[error("This server looks at too many addresses right now. Try again in a moment.")]
    Busy,
}

impl FetchError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAddress => "bad_address",
            Self::Credentials => "address_credentials",
            Self::Port(_) => "address_port",
            Self::NotPublic(_) => "address_not_public",
            Self::Off => "fetch_off",
            Self::Unreachable(_) => "address_unreachable",
            Self::Slow(_) => "address_slow",
            Self::Redirects(_) => "address_redirects",
            Self::TooLarge => "address_too_large",
            Self::Busy => "fetch_busy",
        }
    }
}

/// What is wanted of an address.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// Bytes at most.
    pub most: usize,
    /// Only the beginning is wanted: the rest is left there. Otherwise more than `most` is an error.
    pub beginning: bool,
    /// From the first connection to the last byte.
    pub within: Duration,
    /// Said as the page's origin, to learn whether pages of it may have it.
    pub origin: Option<&'a str>,
}

/// What was there.
#[derive(Debug)]
pub struct Fetched {
    /// Where it was in the end.
    pub url: Url,
    /// Of the last answer; any.
    pub status: u16,
    /// Of the last answer.
    pub headers: HeaderMap,
    /// At most what was wanted.
    pub body: Vec<u8>,
    /// Bytes of the whole, where it is said.
    pub size: Option<u64>,
}

impl Fetched {
    /// A header as text.
    pub fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Fetches.
#[derive(Debug)]
pub struct Fetcher {
    on: bool,
    allow: Arc<Allow>,
    places: Semaphore,
    /// For https, and for http: the latter needs no certificates, which a small system may not have.
    clients: [OnceLock<Client>; 2],
}

impl Fetcher {
    /// With what the operator allows beside the internet; off, it fetches nothing.
    pub fn new(on: bool, allow: Allow) -> Self {
        Self {
            on,
            allow: Arc::new(allow),
            places: Semaphore::new(AT_ONCE),
            clients: Default::default(),
        }
    }

    /// Fetches what is at an address.
    ///
    /// # Errors
    /// [`FetchError`]. An answer that is no success is none: it has its status.
    pub async fn get(&self, address: &str, want: Want<'_>) -> Result<Fetched, FetchError> {
        if !self.on {
            return Err(FetchError::Off);
        }
        let url = read(address)?;
        let host = name_of(&url);
        let place = tokio::time::timeout(QUEUE, self.places.acquire()).await;
        let _place = place
            .map_err(|_| FetchError::Busy)?
            .expect("the semaphore is never closed");
        tokio::time::timeout(want.within, self.follow(url, want))
            .await
            .map_err(|_| FetchError::Slow(host))?
    }

    async fn follow(&self, mut url: Url, want: Want<'_>) -> Result<Fetched, FetchError> {
        let first = name_of(&url);
        for _ in 0..=REDIRECTS {
            self.check(&url)?;
            let answer = self.ask(&url, want).await?;
            let status = answer.status().as_u16();
            let there = matches!(status, 301 | 302 | 303 | 307 | 308)
                .then(|| answer.headers().get(header::LOCATION))
                .flatten();
            let Some(there) = there else {
                return take(url, answer, want).await;
            };
            let there = there.to_str().map_err(|_| FetchError::BadAddress)?;
            let next = url.join(there).map_err(|_| FetchError::BadAddress)?;
            url = read(next.as_str())?;
        }
        Err(FetchError::Redirects(first))
    }

    /// What can be told before anything is asked. A name is checked when it is looked up.
    fn check(&self, url: &Url) -> Result<(), FetchError> {
        let host = url.host().ok_or(FetchError::BadAddress)?;
        let inside = match &host {
            Host::Domain(name) => {
                return self.port(url, self.allow.host(name));
            }
            Host::Ipv4(address) => IpAddr::V4(*address),
            Host::Ipv6(address) => IpAddr::V6(*address),
        };
        let allowed = self.allow.address(inside);
        if !allowed && !is_public(inside) {
            return Err(FetchError::NotPublic(name_of(url)));
        }
        self.port(url, allowed)
    }

    fn port(&self, url: &Url, allowed: bool) -> Result<(), FetchError> {
        match url.port_or_known_default() {
            Some(80 | 443 | FIRST_FREE_PORT..) => Ok(()),
            Some(_) if allowed => Ok(()),
            port => Err(FetchError::Port(port.unwrap_or_default())),
        }
    }

    async fn ask(&self, url: &Url, want: Want<'_>) -> Result<reqwest::Response, FetchError> {
        let mut request = self.client(url)?.get(url.clone());
        if want.beginning {
            let last = want.most.saturating_sub(1);
            request = request.header(header::RANGE, format!("bytes=0-{last}"));
        }
        let origin = want
            .origin
            .and_then(|origin| HeaderValue::from_str(origin).ok());
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.send().await.map_err(|error| trouble(&error, url))
    }

    fn client(&self, url: &Url) -> Result<&Client, FetchError> {
        let secure = url.scheme() == "https";
        let place = &self.clients[usize::from(secure)];
        if let Some(client) = place.get() {
            return Ok(client);
        }
        // Asking again changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            // Each connection is to an address that was checked for this very request.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guarded::new(self.allow.clone())))
            .user_agent("watchalong");
        if !secure {
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            tracing::error!(%error, "other sites can't be asked");
            FetchError::Unreachable(name_of(url))
        })?;
        Ok(place.get_or_init(|| client))
    }
}

/// An address of the web as the standard reads it, so that `0x7f.1` is what it is.
fn read(address: &str) -> Result<Url, FetchError> {
    if address.len() > MAX_ADDRESS {
        return Err(FetchError::BadAddress);
    }
    let mut url = Url::parse(address).map_err(|_| FetchError::BadAddress)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(FetchError::BadAddress);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

/// The host for people: never the whole address, which may have a secret in it.
fn name_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("This address");
    host.trim_matches(['[', ']']).to_owned()
}

fn trouble(error: &reqwest::Error, url: &Url) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if inner.downcast_ref::<Inward>().is_some() {
            return FetchError::NotPublic(name_of(url));
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        FetchError::Slow(name_of(url))
    } else {
        FetchError::Unreachable(name_of(url))
    }
}

async fn take(
    url: Url,
    mut answer: reqwest::Response,
    want: Want<'_>,
) -> Result<Fetched, FetchError> {
    let headers = answer.headers().clone();
    let whole = headers
        .get(header::CONTENT_RANGE)
        .and_then(|range| range.to_str().ok()?.rsplit('/').next()?.parse().ok());
    let status = answer.status().as_u16();
    let size = if status == 206 {
        whole
    } else {
        answer.content_length()
    };
    if !want.beginning && size.is_some_and(|size| size > want.most as u64) {
        return Err(FetchError::TooLarge);
    }
    let mut body = Vec::new();
    while body.len() < want.most || !want.beginning {
        let part = answer
            .chunk()
            .await
            .map_err(|error| trouble(&error, &url))?;
        let Some(part) = part else { break };
        body.extend_from_slice(&part);
        if body.len() > want.most && !want.beginning {
            return Err(FetchError::TooLarge);
        }
    }
    body.truncate(want.most);
    Ok(Fetched {
        url,
        status,
        headers,
        body,
        size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANT: Want<'_> = Want {
        most: 100,
        beginning: true,
        within: Duration::from_secs(20),
        origin: None,
    };

    async fn refusal(address: &str) -> FetchError {
        let fetcher = Fetcher::new(true, Allow::default());
        fetcher.get(address, WANT).await.expect_err(address)
    }

    #[tokio::test]
    async fn an_address_that_is_not_the_internets_is_never_asked() {
        for address in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]:8080/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fe80::1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/",
            "http://192.168.1.1:8123/",
            "http://10.0.0.1",
            "http://100.64.0.1/",
            // A name, which is looked up.
            "http://localhost:9999/",
        ] {
            let refused = refusal(address).await;
            assert_eq!(refused.code(), "address_not_public", "{address}");
        }
    }

    #[tokio::test]
    async fn what_is_no_address_of_a_film_is_refused_at_once() {
        for (address, code) in [
            ("", "bad_address"),
            ("film.mp4", "bad_address"),
            ("file:///etc/passwd", "bad_address"),
            ("gopher://example.org/", "bad_address"),
            ("ftp://example.org/film.mp4", "bad_address"),
            ("data:text/plain,x", "bad_address"),
            ("http://", "bad_address"),
            (
                "https://ann:secret@example.org/film.mp4",
                "address_credentials",
            ),
            ("https://ann@example.org/film.mp4", "address_credentials"),
            ("http://93.184.215.14:22/", "address_port"),
            ("http://93.184.215.14:25/", "address_port"),
            ("http://mail.example.org:993/", "address_port"),
        ] {
            assert_eq!(refusal(address).await.code(), code, "{address}");
        }
        let long = format!("https://example.org/{}", "x".repeat(3000));
        assert_eq!(refusal(&long).await.code(), "bad_address");
    }

    #[tokio::test]
    async fn a_site_that_never_answers_is_given_up() {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("http://{}/", socket.local_addr().expect("bound"));
        let fetcher = Fetcher::new(true, Allow::parse("loopback").expect("a word"));
        let want = Want {
            within: Duration::from_millis(100),
            ..WANT
        };
        let refused = fetcher.get(&address, want).await.map(|_| ());
        assert_eq!(refused, Err(FetchError::Slow("127.0.0.1".to_owned())));
    }

    #[tokio::test]
    async fn where_it_is_off_nothing_is_fetched() {
        let fetcher = Fetcher::new(false, Allow::default());
        let refused = fetcher.get("https://example.org/", WANT).await;
        assert_eq!(refused.map(|_| ()), Err(FetchError::Off));
    }
}
