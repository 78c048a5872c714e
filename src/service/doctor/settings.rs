//! The settings, beside the machine that they run on.

use std::net::ToSocketAddrs;

use crate::api::doctor::Check;
use crate::service::doctor::Patient;

pub(super) fn checks(patient: &Patient<'_>) -> Vec<Check> {
    let settings = patient.settings;
    vec![
        strangers(&patient.strangers),
        access(&settings.listen, settings.api_token.is_some()),
        clock(patient.clock.is_standing()),
        searches(settings.searches_at_once as usize, patient.cores),
    ]
}

fn strangers(names: &[String]) -> Check {
    if names.is_empty() {
        return Check::ok("configuration", "every setting is known and valid");
    }
    Check::warning(
        "configuration",
        format!("the environment has {}, which is no setting", names.join(", ")),
        "correct the name, or take it away; `offpeak config reference` lists every setting",
    )
}

fn access(listen: &str, token: bool) -> Check {
    let Some(address) = listen.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()) else {
        return Check::problem(
            "access",
            format!("`{listen}` is not an address to listen on"),
            "set listen as 127.0.0.1:8080",
        );
    };
    match (address.ip().is_loopback(), token) {
        (true, true) => Check::ok("access", format!("listens on {address}, asks for a token")),
        (true, false) => Check::ok("access", format!("listens on {address}, serves this machine alone")),
        (false, true) => {
            Check::ok("access", format!("listens on {address}, asks for a token; TLS is the proxy's"))
        }
        (false, false) => Check::problem(
            "access",
            format!(
                "{address} can be reached from other machines, and no api_token is set: it does not start"
            ),
            "set api_token to a long random word, or listen on 127.0.0.1",
        ),
    }
}

fn clock(standing: bool) -> Check {
    if standing {
        return Check::problem(
            "clock",
            "the setting clock makes the time stand still: nothing ever falls due",
            "take the setting clock away; it is for tests",
        );
    }
    Check::ok("clock", "the time is the system's")
}

fn searches(at_once: usize, cores: usize) -> Check {
    let found = format!("{at_once} searches at once, {cores} processors");
    if at_once > cores {
        return Check::warning(
            "searches",
            found,
            "set searches_at_once to no more than the processors: searches slow each other and the pages down",
        );
    }
    Check::ok("searches", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Health;

    #[test]
    fn only_what_others_reach_needs_a_token() {
        assert_eq!(access("127.0.0.1:8080", false).health, Health::Ok);
        assert_eq!(access("[::1]:8080", false).health, Health::Ok);
        assert_eq!(access("0.0.0.0:8080", true).health, Health::Ok);
        assert_eq!(access("0.0.0.0:8080", false).health, Health::Problem);
        assert_eq!(access("nonsense", true).health, Health::Problem);
    }

    #[test]
    fn more_searches_than_processors_are_noticed() {
        assert_eq!(searches(2, 2).health, Health::Ok);
        assert_eq!(searches(3, 2).health, Health::Warning);
    }
}
