//! Which neighbours may speak for others: addresses and ranges whose `X-Forwarded-*` headers are believed.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, as in `10.0.0.0/8`; one address is a range of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

impl AddressRange {
    /// This machine.
    pub const LOOPBACK: [Self; 2] = [v4([127, 0, 0, 0], 8), v6(Ipv6Addr::LOCALHOST, 128)];

    /// Networks that are nobody's on the internet (RFC 1918, RFC 4193), where containers and home proxies live.
    pub const PRIVATE: [Self; 4] = [
        v4([10, 0, 0, 0], 8),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    ];

    /// Reads `ADDRESS` or `ADDRESS/BITS`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        (bits <= all).then_some(Self { first, bits })
    }

    /// Whether `address` lies in it. IPv4 addresses that arrive on an IPv6 socket count as what they are.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differing = u32::from(first) ^ u32::from(address);
                differing
                    .checked_shr(32 - u32::from(self.bits))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differing = u128::from(first) ^ u128::from(address);
                differing
                    .checked_shr(128 - u32::from(self.bits))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for AddressRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

const fn v4(octets: [u8; 4], bits: u8) -> AddressRange {
    AddressRange {
        first: IpAddr::V4(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])),
        bits,
    }
}

const fn v6(first: Ipv6Addr, bits: u8) -> AddressRange {
    AddressRange {
        first: IpAddr::V6(first),
        bits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(range: &str, address: &str) -> bool {
        AddressRange::parse(range)
            .expect("a range")
            .contains(address.parse().expect("an address"))
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        assert!(inside("10.0.0.0/8", "10.255.1.2"));
        assert!(!inside("10.0.0.0/8", "11.0.0.1"));
        assert!(inside("192.0.2.7", "192.0.2.7"));
        assert!(!inside("192.0.2.7", "192.0.2.8"));
        assert!(inside("0.0.0.0/0", "203.0.113.9"));
        assert!(!inside("0.0.0.0/0", "::1"));
        assert!(inside("2001:db8::/32", "2001:db8:1::9"));
        assert!(!inside("2001:db8::/32", "2001:db9::"));
        assert!(inside("::/0", "2001:db8::1"));
    }

    #[test]
    fn an_ipv4_neighbour_on_an_ipv6_socket_is_recognised() {
        assert!(inside("127.0.0.0/8", "::ffff:127.0.0.1"));
    }

    #[test]
    fn nonsense_is_no_range() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "localhost",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
