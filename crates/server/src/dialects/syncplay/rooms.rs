//! From the name that somebody typed as their room to a room of ours, and back to the name that it is shown under.
//!
//! Any room is found by its code, and `CODE:SECRET` brings a password, an invitation or the host's key along. Any
//! other name is a room of its own, made when it is first entered and kept as an alias. `+NAME:MARK` is a managed
//! room: its operators are our co-hosts.
use super::Syncplay;
use crate::code::RoomCode;
use crate::hub::{HubError, NewRoom, RoomHandle};
use std::net::IpAddr;
use std::sync::Arc;
use watchalong_room::{Controls, Grant, Policy, Preset, StartLead};

/// Under what its rooms' names are kept.
const DIALECT: &str = "syncplay";
/// Characters of a room's name, as advertised, and of a managed one's.
pub const NAME_CHARACTERS: usize = 35;
/// Characters of what may be typed: a managed name and its password.
const TYPED_CHARACTERS: usize = 100;

/// A room found.
#[derive(Debug)]
pub struct Found {
    /// The room.
    pub room: Arc<RoomHandle>,
    /// Its name while everybody may control, and while not.
    pub names: (String, String),
    /// What its visitor brought.
    pub grant: Grant,
}

/// Why nobody gets in, for people.
pub type Why = String;

/// A managed room's name: `+NAME:MARK`, and what may follow.
struct Managed<'a> {
    base: &'a str,
    mark: &'a str,
    secret: Option<&'a str>,
}

impl<'a> Managed<'a> {
    fn parse(typed: &'a str) -> Option<Self> {
        let mut parts = typed.strip_prefix('+')?.splitn(3, ':');
        let (base, mark, secret) = (parts.next()?, parts.next()?, parts.next());
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!base.is_empty() && mark.len() == 12 && mark.chars().all(word)).then_some(Self {
            base,
            mark,
            secret,
        })
    }
}

/// A person's room: anybody controls, or operators do. Nobody waits for a lead: its players start when told.
fn policy(managed: bool) -> Policy {
    let preset = if managed {
        Preset::CoHosts
    } else {
        Preset::Everyone
    };
    Policy {
        controls: Controls::preset(preset),
        start_lead: StartLead::AT_ONCE,
        auto_advance: false,
        ..Policy::default()
    }
}

fn broken(error: &HubError) -> Why {
    if !matches!(error, HubError::Refused(_)) {
        tracing::error!(%error, "a Syncplay room can't be opened");
    }
    error.to_string()
}

impl Syncplay {
    /// The room that `typed` means, made where it is a new name.
    pub(super) async fn find(&self, typed: &str, address: IpAddr) -> Result<Found, Why> {
        let typed: String = typed.trim().chars().take(TYPED_CHARACTERS).collect();
        if typed.is_empty() || typed.chars().any(char::is_control) {
            return Err("Give the room a name, or the code of a party.".to_owned());
        }
        if let Some(managed) = Managed::parse(&typed) {
            if let Some(code) = RoomCode::parse(managed.base) {
                return self.coded(&code, managed.secret, address).await;
            }
            let own = format!("+{}:{}", managed.base, managed.mark);
            let shown_as = self.signer.syncplay_mark(managed.base, "");
            if managed.mark == shown_as && self.known(managed.base).await?.is_some() {
                return self.named(managed.base, false, address).await;
            }
            return self.named(&own, true, address).await;
        }
        let (code, secret) = match typed.split_once(':') {
            Some((code, secret)) => (code, Some(secret)),
            None => (typed.as_str(), None),
        };
        if let Some(code) = RoomCode::parse(code) {
            return self.coded(&code, secret, address).await;
        }
        let name: String = typed.chars().take(NAME_CHARACTERS).collect();
        self.named(name.trim(), false, address).await
    }

    async fn coded(
        &self,
        code: &RoomCode,
        secret: Option<&str>,
        address: IpAddr,
    ) -> Result<Found, Why> {
        let room = self.hub.room(code).await.map_err(|e| broken(&e))?;
        let room = room.ok_or_else(|| HubError::RoomNotFound.to_string())?;
        let grant = match secret {
            Some(secret) => self.hub.secret_grant(&room, secret, address).await,
            None => Ok(Grant::None),
        };
        let grant = grant.map_err(|error| error.to_string())?;
        let names = (code.to_string(), self.managed_name(code.as_str()));
        Ok(Found { room, names, grant })
    }

    async fn known(&self, name: &str) -> Result<Option<Arc<RoomHandle>>, Why> {
        let room = self.hub.by_alias(DIALECT, name).await;
        let room = room.map_err(|error| broken(&error))?;
        Ok(room.filter(|room| !room.view().life.is_terminal()))
    }

    async fn named(&self, name: &str, managed: bool, address: IpAddr) -> Result<Found, Why> {
        let room = match self.known(name).await? {
            Some(room) => room,
            None => {
                // Two who come at once would make two, and neither would see the other.
                let _one_at_a_time = self.making.lock().await;
                match self.known(name).await? {
                    Some(room) => room,
                    None => self.make(name, managed, address).await?,
                }
            }
        };
        let names = if managed {
            (room.code().to_string(), name.to_owned())
        } else {
            (name.to_owned(), self.managed_name(name))
        };
        let grant = Grant::None;
        Ok(Found { room, names, grant })
    }

    async fn make(
        &self,
        name: &str,
        managed: bool,
        address: IpAddr,
    ) -> Result<Arc<RoomHandle>, Why> {
        let slow = |_| "Too many new rooms in a short time. Wait a little.".to_owned();
        self.limits.create.take(address.into()).map_err(slow)?;
        let new = NewRoom::of(name.to_owned(), policy(managed));
        let made = self.hub.create(new).await.map_err(|error| broken(&error))?;
        let store = &self.hub.store;
        let mine = store.move_alias(made.room.code(), DIALECT, name).await;
        mine.map_err(|error| broken(&error.into()))?;
        Ok(made.room)
    }

    fn managed_name(&self, base: &str) -> String {
        format!("+{base}:{}", self.signer.syncplay_mark(base, ""))
    }

    /// The name of a new managed room.
    pub(super) fn new_managed(&self, base: &str, password: &str) -> String {
        let base: String = base
            .chars()
            .filter(|c| !c.is_control() && *c != ':')
            .collect();
        let base: String = base
            .trim_start_matches('+')
            .trim()
            .chars()
            .take(NAME_CHARACTERS)
            .collect();
        format!("+{base}:{}", self.signer.syncplay_mark(&base, password))
    }

    /// Whether this is the password of the managed room of that name.
    pub(super) fn is_operator(&self, name: &str, password: &str) -> bool {
        Managed::parse(name).is_some_and(|managed| {
            let right = self.signer.syncplay_mark(managed.base, password);
            !password.is_empty() && crate::secret::same(right.as_bytes(), managed.mark.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_names_are_told_from_others() {
        let parsed = Managed::parse("+film night:0123456789AB:AB-123-456");
        let parsed = parsed.expect("a managed name");
        assert_eq!((parsed.base, parsed.mark), ("film night", "0123456789AB"));
        assert_eq!(parsed.secret, Some("AB-123-456"));
        for other in [
            "film",
            "+film",
            "+film:short",
            "+:0123456789AB",
            "film:0123456789AB",
        ] {
            assert!(Managed::parse(other).is_none(), "{other}");
        }
    }
}
