//! Logins: listed, and ended one by one.

use std::net::{IpAddr, Ipv6Addr};

use super::{SessionId, Timestamp};

/// Where a login came from, for its owner to recognise.
#[derive(Clone, Debug)]
pub struct SessionOrigin {
    /// What the client calls itself; at most 200 characters.
    pub user_agent: String,
    /// The address it came from.
    pub address: String,
}

impl SessionOrigin {
    /// What limits on an address go by.
    #[must_use]
    pub fn network(&self) -> String {
        let address = self.address.parse().map(network);
        address.map_or_else(|_| self.address.clone(), |network| network.to_string())
    }
}

/// An IPv4 address, or the first half of an IPv6 one: whoever has one such network has all of it.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// One login.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Where it came from.
    pub origin: SessionOrigin,
}
