//! What the operator lets people reach through the server beside the internet: a film on the NAS at home.
use crate::config::AddressRange;
use std::net::IpAddr;

/// Hosts by name, and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Lower case; whatever their addresses are.
    hosts: Vec<String>,
    ranges: Vec<AddressRange>,
}

impl Allow {
    /// One value of the setting: a host's name, an address, a range, `loopback`, `private` or `none`.
    pub fn parse(text: &str) -> Option<Self> {
        let ranges = match text {
            "none" => Vec::new(),
            "loopback" => AddressRange::LOOPBACK.to_vec(),
            "private" => AddressRange::PRIVATE.to_vec(),
            _ => match AddressRange::parse(text) {
                Some(range) => vec![range],
                None => {
                    let hosts = vec![host(text)?];
                    return Some(Self {
                        hosts,
                        ranges: Vec::new(),
                    });
                }
            },
        };
        Some(Self {
            hosts: Vec::new(),
            ranges,
        })
    }

    /// All of several.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, part| {
            all.hosts.extend(part.hosts);
            all.ranges.extend(part.ranges);
            all
        })
    }

    /// Whether a host of this name may be reached wherever it is.
    pub fn host(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(name))
    }

    /// Whether an address lies in a network that may be reached.
    pub fn address(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }
}

/// A host's name: letters, digits, `-` and `_`, parted by dots, and at least one letter.
fn host(text: &str) -> Option<String> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let parts = name.split('.');
    let good = parts
        .clone()
        .all(|part| (1..=63).contains(&part.len()) && part.bytes().all(plain));
    let named = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    (good && named && name.len() <= 253).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(texts: &[&str]) -> Allow {
        Allow::all(
            texts
                .iter()
                .map(|text| Allow::parse(text).expect("a value")),
        )
    }

    #[test]
    fn a_named_host_and_a_network_are_let_through_and_no_others() {
        let allow = allow(&["nas.home", "10.1.0.0/16", "loopback"]);
        assert!(allow.host("nas.home") && allow.host("NAS.home."));
        assert!(!allow.host("other.home") && !allow.host("nas.home.evil.example"));
        let address = |text: &str| allow.address(text.parse().expect("an address"));
        assert!(address("10.1.2.3") && address("127.0.0.1") && address("::1"));
        assert!(!address("10.2.0.1") && !address("192.168.0.1"));
    }

    #[test]
    fn what_is_neither_is_no_value() {
        for text in [
            "",
            "a b",
            "http://nas.home",
            "nas..home",
            "10.0.0.0/33",
            "10.0.0",
            "*.home",
            "nas:80",
        ] {
            assert_eq!(Allow::parse(text), None, "{text:?}");
        }
        assert_eq!(Allow::parse("none"), Some(Allow::default()));
    }
}
