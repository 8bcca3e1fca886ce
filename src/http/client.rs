//! Address of the client, behind trusted proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// Address of the connection's peer. The listener adds it to every request.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerAddress(pub(super) IpAddr);

/// Returns the address of the client. Each proxy appends the address of its peer, so the first one from the right that
/// is not a trusted proxy is the client. Addresses further left may be forged.
pub(super) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    while trusted.contains(&client) {
        let Some(hop) = hops.next() else { break };
        let Some(hop) = parse(hop.trim()) else { break };
        client = hop.to_canonical();
    }
    client
}

/// Parses an address as proxies write it: possibly with a port, an IPv6 address in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse::<IpAddr>();
    address
        .or_else(|_| hop.parse::<SocketAddr>().map(|place| place.ip()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_from_trusted_proxies_count() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let headers = |lines: &[&str]| -> HeaderMap {
            let name: axum::http::HeaderName = "x-forwarded-for".parse().unwrap();
            lines
                .iter()
                .map(|line| (name.clone(), line.parse().unwrap()))
                .collect()
        };
        let proxies = [ip("127.0.0.1"), ip("10.0.0.2")];
        for (peer, lines, client) in [
            ("192.0.2.7", vec!["203.0.113.9"], "192.0.2.7"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            (
                "127.0.0.1",
                vec!["198.51.100.1, 203.0.113.9"],
                "203.0.113.9",
            ),
            (
                "127.0.0.1",
                vec!["198.51.100.1", "203.0.113.9, 10.0.0.2"],
                "203.0.113.9",
            ),
            ("127.0.0.1", vec!["nonsense"], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.9:port"], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.9:567"], "203.0.113.9"),
            (
                "127.0.0.1",
                vec!["[2001:db8::1]:567, 10.0.0.2:80"],
                "2001:db8::1",
            ),
            ("127.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1"),
            ("127.0.0.1", vec!["[::ffff:203.0.113.9]:1"], "203.0.113.9"),
            ("::ffff:127.0.0.1", vec!["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(
                address(ip(peer), &headers(&lines), &proxies),
                ip(client),
                "{peer} {lines:?}"
            );
        }
    }
}
