//! From where a request came: the other end of the connection, or what a proxy that is trusted says of it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

/// The address from which a request came; none for one of this process.
pub(in crate::web) fn origin_of(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted_proxies: Option<&str>,
) -> Option<String> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    Some(behind(peer, headers, trusted_proxies.unwrap_or_default()).to_string())
}

/// Every proxy adds, at the end, whom it heard: the last whom we do not trust is the one.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &str) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        trusted.split(',').any(|known| known.trim().parse::<IpAddr>().is_ok_and(|known| known == address))
    };
    if !is_trusted(peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let heard: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut last = peer;
    for address in heard.into_iter().rev() {
        let Ok(address) = address.parse::<IpAddr>() else { break };
        last = address.to_canonical();
        if !is_trusted(last) {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.9, 203.0.113.5, 192.0.2.2".parse().expect("a value"));
        let behind = |peer: &str, trusted: &str| {
            behind(peer.parse().expect("an address"), &headers, trusted).to_string()
        };
        assert_eq!(behind("192.0.2.1", ""), "192.0.2.1");
        assert_eq!(behind("192.0.2.1", "192.0.2.1, 192.0.2.2"), "203.0.113.5");
        assert_eq!(behind("192.0.2.1", "192.0.2.1"), "192.0.2.2");
        assert_eq!(behind("192.0.2.9", "192.0.2.1"), "192.0.2.9");
    }
}
