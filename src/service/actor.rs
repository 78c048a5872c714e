//! Who asks: it goes onto the audit trail, and says what may be done.

use crate::domain::access::{Part, Role};
use crate::domain::fleet::clean_text;

/// Who asks, from where, and what he may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    /// Whoever answers for it: the account behind a token, else the name itself.
    person: Option<String>,
    account: Option<i64>,
    role: Role,
    part: Option<Part>,
    origin: Option<String>,
    program: bool,
    /// The token of the lease under which it acts.
    fence: Option<i64>,
}

impl Actor {
    fn named(name: impl Into<String>) -> Self {
        Actor {
            name: name.into(),
            person: None,
            account: None,
            role: Role::Admin,
            part: None,
            origin: None,
            program: false,
            fence: None,
        }
    }

    /// The system user who runs the command on the local database, as the system knows him: what the environment says of
    /// him anybody may set. Whoever can write the database can do anything, so he is an administrator.
    pub fn local() -> Self {
        let uid = nix::unistd::getuid();
        let user = nix::unistd::User::from_uid(uid).ok().flatten();
        let name = user.map_or_else(|| format!("uid {uid}"), |user| clean_text(&user.name));
        Actor::named(format!("local:{name}"))
    }

    /// Somebody who showed the token of the settings.
    pub fn token() -> Self {
        Actor::named("token")
    }

    /// Somebody on this machine who needed no token.
    pub fn loopback() -> Self {
        Actor::named("loopback")
    }

    /// Nobody in particular: whoever looked at that moment.
    pub fn system() -> Self {
        Actor::named("system")
    }

    /// A merchant who followed a link. What the link allows is all he may do.
    pub fn merchant(number: &str) -> Self {
        Actor { role: Role::Viewer, ..Actor::named(format!("merchant:{number}")) }
    }

    /// A background loop.
    pub fn worker(name: &str) -> Self {
        Actor::named(format!("worker:{name}"))
    }

    /// A background loop that leads under the lease of its name, with the lease's token.
    pub fn leader(name: &str, token: i64) -> Self {
        Actor { fence: Some(token), ..Actor::worker(name) }
    }

    /// Somebody who has signed in.
    pub fn account(id: i64, name: &str, role: Role, part: Option<Part>) -> Self {
        Actor { account: Some(id), role, part, ..Actor::named(name) }
    }

    /// A program that shows a token which `maker` made.
    pub fn program(token: &str, maker: &str, account: Option<i64>, role: Role, part: Option<Part>) -> Self {
        let name = format!("{maker}/{token}");
        Actor { person: Some(maker.to_owned()), account, role, part, program: true, ..Actor::named(name) }
    }

    /// Somebody whose request a second person has approved: it is carried out in his name.
    pub fn approved(person: &str, approver: &str) -> Self {
        let name = format!("{person} (approved by {approver})");
        Actor { person: Some(person.to_owned()), ..Actor::named(name) }
    }

    /// The same, from this address.
    #[must_use]
    pub fn from_address(mut self, origin: Option<String>) -> Self {
        self.origin = origin;
        self
    }

    /// As the trail shows it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Who answers for it: two tokens of one person, or his browser, are no second person.
    pub fn person(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is a token that somebody has made.
    pub fn is_program(&self) -> bool {
        self.program
    }

    /// The account behind it, if there is one.
    pub fn account_id(&self) -> Option<i64> {
        self.account
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The part of the fleet that it is confined to.
    pub fn part(&self) -> Option<&Part> {
        self.part.as_ref()
    }

    /// Where it came from: an address, if it came over the network.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The token of the lease under which it acts.
    pub fn fence(&self) -> Option<i64> {
        self.fence
    }
}
