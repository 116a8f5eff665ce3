//! Which addresses are the internet's: everything that IANA's special-purpose registries do not set apart.
//!
//! IPv6 is read the other way round: only `2000::/3` was ever given out, so that loopback, link-local, unique local,
//! multicast, mapped and translated addresses need no line of their own.
use crate::config::AddressRange;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// Of IPv4, what is not the internet's (IANA IPv4 special-purpose registry, 2024-08, and RFC 5771).
const SET_APART_4: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

/// Looks like one of the internet's, and is a cloud's own: Azure's virtual public address.
const METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Of IPv6, what was given out.
const GIVEN_OUT: &str = "2000::/3";

/// Of that, what is not the internet's (IANA IPv6 special-purpose registry, 2024-10): protocol assignments with Teredo
/// and ORCHID, benchmarking, documentation, 6to4 (which has an IPv4 address inside), AS112.
const SET_APART_6: [&str; 6] = [
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "3ffe::/16",
];

static RANGES: LazyLock<(Vec<AddressRange>, AddressRange, Vec<AddressRange>)> =
    LazyLock::new(|| {
        let read = |text: &&str| AddressRange::parse(text).expect("a constant");
        (
            SET_APART_4.iter().map(read).collect(),
            read(&GIVEN_OUT),
            SET_APART_6.iter().map(read).collect(),
        )
    });

/// Whether an address is the internet's, so that anybody could ask there without us.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_4(address),
        // As resolvers answer who asks for IPv6 where there is none: it is what it maps.
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_4(mapped),
            None => is_public_6(address),
        },
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let apart = RANGES.0.iter().any(|range| range.contains(address.into()));
    !apart && address != METADATA
}

fn is_public_6(address: Ipv6Addr) -> bool {
    let address = IpAddr::V6(address);
    RANGES.1.contains(address) && !RANGES.2.iter().any(|range| range.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(address: &str) -> bool {
        is_public(address.parse().expect(address))
    }

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80e::200e",
            "2001:200::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
        ] {
            assert!(judged(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:0.0.0.0",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!judged(address), "{address}");
        }
    }
}
