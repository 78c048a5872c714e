//! Messages to other systems: who may be told, how a message is signed, when it is sent again. The form is that of
//! Standard Webhooks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Kinds of things that somebody may want to hear of.
pub const KINDS: [&str; 7] = ["appointment", "campaign", "gate", "lock", "notice", "plan", "programme"];

/// Stands before a secret.
pub const SECRET_PREFIX: &str = "whsec_";

/// After so long without any success an endpoint is left alone until somebody enables it again.
pub const FAILING_MAX: TimeDelta = TimeDelta::days(5);

/// After so long a message is given up.
pub const TRIED_FOR: TimeDelta = TimeDelta::days(3);

/// The wait before the next attempt, by how many have failed: within three days some twenty.
pub fn wait_after(failures: i32) -> TimeDelta {
    const SECONDS: [i64; 9] = [5, 30, 120, 600, 1800, 3600, 7200, 10_800, 14_400];
    let place = usize::try_from(failures.max(1) - 1).unwrap_or(0).min(SECONDS.len() - 1);
    TimeDelta::seconds(SECONDS[place])
}

/// The value of `webhook-signature`: one signature for each secret, so that a receiver may have either.
pub fn signatures(secrets: &[Vec<u8>], message_id: &str, seconds: i64, body: &str) -> String {
    let sign = |secret: &Vec<u8>| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
        mac.update(format!("{message_id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// A secret as it is shown.
pub fn secret_text(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", base64::engine::general_purpose::STANDARD.encode(secret))
}

/// What is wrong with an address, if anything.
pub fn check_url(text: &str, plain_http: bool, private_targets: bool) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| {
        format!("`{text}` is not a web address ({error}); write it as https://hooks.example/offpeak")
    })?;
    if !text.chars().all(|letter| letter.is_ascii_graphic()) {
        return Err(format!("`{text}` has characters that no request can carry; write it as {url}"));
    }
    match url.scheme() {
        "https" => {}
        "http" if plain_http => {}
        "http" => return Err("use https, or allow webhook_plain_http in the settings".to_owned()),
        other => return Err(format!("`{other}` is no scheme for a webhook; use https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it carries a name or a password; messages are signed instead".to_owned());
    }
    if url.fragment().is_some() {
        return Err("it has a fragment (`#…`), which is never sent; leave it out".to_owned());
    }
    let address = match url.host() {
        None => return Err("it names no host".to_owned()),
        Some(url::Host::Domain(name)) => {
            let local =
                name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
            local.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
        Some(url::Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(url::Host::Ipv6(address)) => Some(IpAddr::V6(address)),
    };
    match address {
        Some(address) if !private_targets && !is_public(address) => Err(format!(
            "{address} is not an address of the public network; allow webhook_private_targets in the settings if you mean it"
        )),
        _ => Ok(()),
    }
}

/// Whether an address belongs to somebody on the public network: not to this machine, nor to one behind the same wall.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // IPv4 in IPv6 clothing: mapped, translated, 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Teredo and documentation lie within what is given out to everybody.
        [0x2001, 0 | 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_clothing() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
        for text in ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::"] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn an_address_is_refused_for_a_reason() {
        for (text, named) in [
            ("hooks.example", "web address"),
            (" https://hooks.example/ ", "as https://hooks.example/"),
            ("https://例え.jp/x", "as https://xn--r8jz45g.jp/x"),
            ("http://hooks.example/", "webhook_plain_http"),
            ("ftp://hooks.example/", "ftp"),
            ("https://user:word@hooks.example/", "password"),
            ("https://hooks.example/#x", "fragment"),
            ("https://127.0.0.1/", "webhook_private_targets"),
            ("https://[::1]/", "webhook_private_targets"),
            ("https://0x7f000001/", "webhook_private_targets"),
            ("https://2130706433/", "webhook_private_targets"),
            ("https://localhost/", "webhook_private_targets"),
            ("https://x.LOCALHOST/", "webhook_private_targets"),
        ] {
            let error = check_url(text, false, false).expect_err("refused");
            assert!(error.contains(named), "{text}: {error}");
        }
        assert_eq!(check_url("https://hooks.example/offpeak?x=1", false, false), Ok(()));
        assert_eq!(check_url("http://127.0.0.1:9/", true, true), Ok(()));
    }

    #[test]
    fn signs_as_the_standard_says() {
        let secret = base64::engine::general_purpose::STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .expect("base64");
        let body = "{\"test\": 2432232314}";
        let signed = signatures(
            &[secret.clone(), b"other".to_vec()],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert!(signed.starts_with("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,"), "{signed}");
        assert_eq!(secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert!((1..30).all(|failures| wait_after(failures) <= wait_after(failures + 1)));
    }
}
