//! Logins, which their owner can list and end one by one.

use std::net::{IpAddr, Ipv6Addr};

use super::{SessionId, Timestamp};

/// Origin of a login, which helps its owner to recognise it.
#[derive(Clone, Debug)]
pub struct SessionOrigin {
    /// `User-Agent` header of the client, at most 200 characters.
    pub user_agent: String,
    /// Address of the client.
    pub address: String,
}

impl SessionOrigin {
    /// Returns the network of the address. Rate limits count by network.
    #[must_use]
    pub fn network(&self) -> String {
        let address = self.address.parse().map(network);
        address.map_or_else(|_| self.address.clone(), |network| network.to_string())
    }
}

/// Returns an IPv4 address unchanged, and the upper 64 bits of an IPv6 address.
///
/// A single client can usually use all addresses of such an IPv6 network.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A login.
#[derive(Clone, Debug)]
pub struct Session {
    /// Id of the login.
    pub id: SessionId,
    /// Time of the login.
    pub created_at: Timestamp,
    /// Time of the last refresh.
    pub last_used_at: Timestamp,
    /// Origin of the login.
    pub origin: SessionOrigin,
}
