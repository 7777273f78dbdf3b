//! Who is at the other end of a connection: the address behind trusted proxies, and how many connections one network has open.
//! Comes in: socket addresses and heads of requests. Goes out: addresses; a place for a connection, or none.
//! Must not know: the content of the requests.

use super::extract::header;
use super::seats::{Seat, Seats};
use actix_web::http::header::HeaderMap;
use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// One household or machine has at least this much of IPv6.
const NETWORK_BITS_V6: u8 = 64;
/// Stands for a peer without an address.
const NOWHERE: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Peers {
    proxies: Arc<[IpNet]>,
    connections: Seats<IpAddr>,
}

impl Peers {
    /// `proxies`: networks whose word about the address behind them is believed. `most`: connections that one network may have open;
    /// proxies may have any number.
    pub fn new(proxies: &[IpNet], most: usize) -> Self {
        Self { proxies: proxies.into(), connections: Seats::new(most) }
    }

    /// The network that a request comes from: the last address in X-Forwarded-For that is no proxy of ours, when a proxy sent the
    /// request; else the peer's own address.
    pub fn network_of(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        let Some(peer) = peer.map(|peer| peer.ip().to_canonical()) else { return NOWHERE };
        if !self.is_proxy(peer) {
            return network(peer);
        }
        let named = header(headers, FORWARDED_FOR).unwrap_or_default();
        let mut believed = peer;
        for entry in named.rsplit(',') {
            let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
            believed = address.to_canonical();
            if !self.is_proxy(believed) {
                break;
            }
        }
        network(believed)
    }

    /// A place for one more connection of a peer, given back when it is dropped; `None` when its network has all its places.
    pub fn admit(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        match self.is_proxy(peer) {
            true => Some(Place { _seat: None }),
            false => Some(Place { _seat: Some(self.connections.take(network(peer))?) }),
        }
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address))
    }
}

/// An open connection; a proxy's are not counted.
pub struct Place {
    _seat: Option<Seat<IpAddr>>,
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Net::new(address, NETWORK_BITS_V6).map_or(address, |net| net.network())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn peers() -> Peers {
        Peers::new(&["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()], 2)
    }

    fn seen(peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        if !forwarded.is_empty() {
            headers.insert(HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_str(forwarded).unwrap());
        }
        peers().network_of(Some(SocketAddr::new(peer.parse().unwrap(), 1)), &headers).to_string()
    }

    #[test]
    fn only_a_proxy_is_believed_about_the_address_behind_it() {
        assert_eq!(seen("192.0.2.1", ""), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", "198.51.100.1"), "192.0.2.1", "a stranger's own word");
        assert_eq!(seen("127.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.1.1"), "198.51.100.1", "what the stranger wrote before it");
        assert_eq!(seen("127.0.0.1", "nonsense"), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", ""), "127.0.0.1");
        assert_eq!(seen("::ffff:192.0.2.1", ""), "192.0.2.1");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_sender() {
        assert_eq!(seen("2001:db8:1:2:3::4", ""), "2001:db8:1:2::");
        assert_eq!(seen("2001:db8:1:2:ffff::1", ""), "2001:db8:1:2::");
    }

    #[test]
    fn a_network_has_so_many_connections_and_a_proxy_any_number() {
        let (peers, stranger) = (peers(), "192.0.2.1".parse().unwrap());
        let held = [peers.admit(stranger).unwrap(), peers.admit(stranger).unwrap()];
        assert!(peers.admit(stranger).is_none());
        assert!(peers.admit("192.0.2.2".parse().unwrap()).is_some());
        assert!((0..100).map(|_| peers.admit("127.0.0.1".parse().unwrap())).all(|place| place.is_some()));
        drop(held);
        assert!(peers.admit(stranger).is_some());
    }
}
