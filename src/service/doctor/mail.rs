//! Mail: whether it goes, and whether what it says of its sender holds.

use crate::api::doctor::Check;
use crate::config::Settings;
use crate::mail::transport::Reached;

pub(super) fn checks(settings: &Settings, mail: &Result<Reached, String>) -> Vec<Check> {
    let real = match mail {
        Ok(reached) => reached.real,
        Err(_) => !settings.mail_url.starts_with("folder:"),
    };
    vec![reached(mail), identity(settings, real)]
}

fn reached(mail: &Result<Reached, String>) -> Check {
    match mail {
        Ok(reached) if reached.in_the_clear => Check::warning(
            "mail",
            format!("{}: everybody on the way can read the mails", reached.found),
            "set mail_url to smtp+starttls:// or smtps://",
        ),
        Ok(reached) if !reached.missing.is_empty() => Check::warning(
            "mail",
            format!("{}, but not {}", reached.found, reached.missing.join("; ")),
            "see to the servers that do not answer: mail goes through the others meanwhile",
        ),
        Ok(reached) if !reached.real => Check::ok("mail", format!("{}: merchants get none", reached.found)),
        Ok(reached) => Check::ok("mail", reached.found.clone()),
        Err(reason) => Check::problem(
            "mail",
            format!("no mail can go: {reason}"),
            "check the setting mail_url: server, port, credentials, or the folder's owner",
        ),
    }
}

/// Whether the sender's words fit together; a folder is a place to try things.
fn identity(settings: &Settings, real: bool) -> Check {
    let domain_of = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    let made_up = |domain: &str| {
        ["example", "test", "invalid", "localhost"].iter().any(|name| domain.rsplit('.').next() == Some(name))
    };
    let domain = settings.mail_domain.to_ascii_lowercase();
    let from = domain_of(&settings.mail_from).unwrap_or_default();
    let support = domain_of(&settings.support_email).unwrap_or_default();
    let names = [("mail_from", &from), ("mail_domain", &domain), ("support_email", &support)];
    let inventions: Vec<&str> =
        names.iter().filter(|(_, domain)| made_up(domain)).map(|(setting, _)| *setting).collect();
    if real && !inventions.is_empty() {
        return Check::problem(
            "mail_identity",
            format!("{} of a domain that cannot exist: merchants cannot answer", inventions.join(", ")),
            "set them to addresses and a domain of your own",
        );
    }
    let aligned =
        from == domain || from.ends_with(&format!(".{domain}")) || domain.ends_with(&format!(".{from}"));
    if !aligned {
        return Check::warning(
            "mail_identity",
            format!(
                "mail_from is of {from}, mail_domain is {domain}: receivers may take the mails for forged"
            ),
            "set mail_domain to the domain of mail_from, or to one below it",
        );
    }
    if real && settings.support_phone.chars().filter(char::is_ascii_digit).all(|digit| digit == '0') {
        return Check::warning(
            "mail_identity",
            format!("support_phone is {}", settings.support_phone),
            "set support_phone to the help desk's number: every notice names it",
        );
    }
    Check::ok("mail_identity", format!("from {}, of {domain}", settings.mail_from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::doctor::Health;

    fn settings(from: &str, domain: &str, phone: &str) -> Settings {
        Settings {
            mail_from: from.to_owned(),
            mail_domain: domain.to_owned(),
            support_email: from.to_owned(),
            support_phone: phone.to_owned(),
            ..Settings::embedded(std::path::Path::new(""))
        }
    }

    #[test]
    fn a_sender_that_cannot_be_is_noticed_where_mail_is_real() {
        let defaults = Settings::embedded(std::path::Path::new(""));
        assert_eq!(identity(&defaults, true).health, Health::Problem);
        assert_eq!(identity(&defaults, false).health, Health::Ok);
        let good = settings("care@acquirer.com", "mail.acquirer.com", "+44 20 7946 0001");
        assert_eq!(identity(&good, true).health, Health::Ok);
        let forged = settings("care@acquirer.com", "mailer.net", "+44 20 7946 0001");
        assert_eq!(identity(&forged, false).health, Health::Warning);
        let silent = settings("care@acquirer.com", "acquirer.com", "+00 000 000 0000");
        assert_eq!(identity(&silent, true).health, Health::Warning);
    }

    #[test]
    fn mail_in_the_clear_is_noticed() {
        let reached_at = |in_the_clear| {
            let found = "smtp://relay:25 answers".to_owned();
            reached(&Ok(Reached { found, in_the_clear, real: true, missing: Vec::new() }))
        };
        assert_eq!(reached_at(true).health, Health::Warning);
        assert_eq!(reached_at(false).health, Health::Ok);
        assert_eq!(reached(&Err("refused".to_owned())).health, Health::Problem);
        let half = reached(&Ok(Reached {
            found: "smtps://one:465 answers".to_owned(),
            in_the_clear: false,
            real: true,
            missing: vec!["smtps://two:465: no answer".to_owned()],
        }));
        assert_eq!(half.health, Health::Warning);
        assert!(half.found.contains("two"), "{}", half.found);
    }
}
