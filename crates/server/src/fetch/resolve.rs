//! Looking names up: the answer that was checked is the one that is connected to.
use super::{Allow, is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::sync::Arc;

/// A name that stands for an address which is not the internet's.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name leads into a network that is not the internet")]
pub(super) struct Inward;

/// The system's resolver, with a guard behind it.
#[derive(Debug)]
pub(super) struct Guarded {
    allow: Arc<Allow>,
}

impl Guarded {
    pub(super) fn new(allow: Arc<Allow>) -> Self {
        Self { allow }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = self.allow.clone();
        Box::pin(async move {
            // The port is the address's; the connector puts it in place of 0.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            check(&allow, name.as_str(), &found)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One address inside is enough to refuse all: who mixes them wants to be asked inside.
fn check(allow: &Allow, name: &str, found: &[SocketAddr]) -> Result<(), Inward> {
    let good = |address: &SocketAddr| is_public(address.ip()) || allow.address(address.ip());
    if allow.host(name) || found.iter().all(good) {
        Ok(())
    } else {
        Err(Inward)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_address_inside_is_refused_whole() {
        let at = |texts: &[&str]| -> Vec<SocketAddr> {
            let each = texts.iter().map(|text| text.parse().expect("an address"));
            each.map(|ip| SocketAddr::new(ip, 0)).collect()
        };
        let none = Allow::default();
        assert!(check(&none, "a.example", &at(&["93.184.215.14", "2606:4700::1"])).is_ok());
        assert!(check(&none, "a.example", &at(&["93.184.215.14", "127.0.0.1"])).is_err());
        assert!(check(&none, "a.example", &at(&["fe80::1"])).is_err());
        let nas = Allow::parse("nas.home").expect("a host");
        assert!(check(&nas, "nas.home", &at(&["192.168.1.5"])).is_ok());
        assert!(check(&nas, "else.home", &at(&["192.168.1.5"])).is_err());
        let network = Allow::parse("192.168.1.0/24").expect("a network");
        assert!(check(&network, "else.home", &at(&["192.168.1.5"])).is_ok());
        assert!(check(&network, "else.home", &at(&["192.168.1.5", "10.0.0.1"])).is_err());
    }
}
