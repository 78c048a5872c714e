//! Who may do what: roles, the part of the fleet that somebody answers for, and what a name and a password may be.

use serde::{Deserialize, Serialize};

use crate::domain::spelling::nearest;

/// What somebody may do; each may do all that the ones before it may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks at everything and changes nothing.
    Viewer,
    /// Plans, moves, cancels, reports.
    Operator,
    /// Says yes or no to what somebody else asks for.
    Approver,
    /// Says who may do what, and changes the keys.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Approver, Role::Admin];

    /// The word used in the database, the API and the CLI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let words = Role::ALL.map(Role::as_str);
            let guess =
                nearest(text, words).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default();
            format!("`{text}` is not a role; use {}{guess}", words.join(", "))
        })
    }
}

/// The part of the fleet that somebody answers for, who does not answer for all of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The sites of a region.
    Region(String),
    /// The sites of a merchant, by its number.
    Merchant(String),
}

impl std::fmt::Display for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Region(name) => write!(formatter, "region:{name}"),
            Part::Merchant(number) => write!(formatter, "merchant:{number}"),
        }
    }
}

impl std::str::FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').map(|(kind, name)| (kind.trim(), name.trim())) {
            Some(("region", name)) if !name.is_empty() => Ok(Part::Region(name.to_owned())),
            Some(("merchant", number)) if !number.is_empty() => Ok(Part::Merchant(number.to_owned())),
            _ => Err(format!(
                "`{text}` is not a part of the fleet; write it as region:NAME or merchant:NUMBER, or leave it out"
            )),
        }
    }
}

/// Names that the audit trail gives to others.
const TAKEN_NAMES: [&str; 6] = ["local", "loopback", "merchant", "system", "token", "worker"];

/// The name of an account, as it is kept: in lower case.
pub fn account_name(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+".contains(&byte);
    if !(2..=64).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err(format!("`{text}` cannot be a name; use 2 to 64 letters, digits, and . _ - @ +"));
    }
    if TAKEN_NAMES.contains(&name.as_str()) {
        return Err(format!("`{name}` is what the audit trail calls somebody else; use another name"));
    }
    Ok(name)
}

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// Most characters of a password: enough for a sentence, and no way to keep the server busy.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// Long enough, and still among the first that anybody tries.
const COMMON_PASSWORDS: [&str; 16] = [
    "1q2w3e4r5t6y",
    "changemechangeme",
    "correcthorsebatterystaple",
    "letmeinletmein",
    "offpeakoffpeak",
    "passw0rd1234",
    "password12345",
    "password1234",
    "password123!",
    "passwordpassword",
    "qwerty123456",
    "qwertyuiop12",
    "qwertyuiopas",
    "qwertyuiop[]",
    "trustno1trustno1",
    "welcome12345",
];

/// Whether somebody of this name may have this password: long, not one that is tried first, not the name.
pub fn check_password(name: &str, password: &str) -> Result<(), String> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(format!("the password is too short; use at least {PASSWORD_CHARS_MIN} characters"));
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(format!("the password is too long; use at most {PASSWORD_CHARS_MAX} characters"));
    }
    if password.contains('\0') {
        return Err("the password holds a NUL character; use another".to_owned());
    }
    let lower = password.to_lowercase();
    let bare_name = name.split('@').next().unwrap_or(name).to_lowercase();
    if bare_name.len() > 2 && lower.contains(&bare_name) {
        return Err("the password holds the name; use another".to_owned());
    }
    let distinct = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    let runs = lower.as_bytes().windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    if distinct < 5 || runs + 2 >= lower.len() || COMMON_PASSWORDS.contains(&lower.as_str()) {
        return Err("the password is one of the first that anybody tries; use another".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_in_the_order_of_what_they_may() {
        assert!(Role::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        let error = "oprator".parse::<Role>().expect_err("no such role");
        assert!(error.contains("did you mean `operator`?"), "{error}");
    }

    #[test]
    fn a_part_is_read_as_it_is_written() {
        for text in ["region:north", "merchant:M-1", "region:a:b"] {
            assert_eq!(text.parse::<Part>().expect("a part").to_string(), text);
        }
        for text in ["", "north", "region:", "site:S1", "fleet"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_plain_and_nobody_elses() {
        assert_eq!(account_name(" Alice.B@acquirer.example "), Ok("alice.b@acquirer.example".to_owned()));
        for name in ["", "a", "a b", "local:root", "System", "token", "阿丽", &"x".repeat(65)] {
            assert!(account_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        for password in [
            "short",
            "elevenchars",
            "alice-in-wonderland",
            "ALICE was here 77",
            "aaaaaaaaaaaaaaaa",
            "abababababab",
            "password1234",
            "PassWord1234",
            "abcdefghijklmno",
            "1234567890123",
            "nul\0nul\0nul\0nul",
        ] {
            assert!(check_password("alice@acquirer.example", password).is_err(), "{password}");
        }
        assert!(check_password("alice", &"x9".repeat(200)).is_err());
        for password in ["a quiet night in November", "zwölf Zeichen!", "夜里三点所有的终端都在睡觉呢"]
        {
            assert_eq!(check_password("alice", password), Ok(()), "{password}");
        }
    }
}
