//! "Go on where we stopped": what a new room takes from a party that somebody was at.
use super::{ApiError, App};
use crate::code::RoomCode;
use crate::hub::RoomHandle;
use crate::store::Progress;
use axum::http::StatusCode;
use std::sync::Arc;
use watchalong_room::{EntryPolicy, Media, PersonId, Policy, Position, SourceKind};

/// The party that is gone on with.
pub(super) enum Resumed {
    /// Not over: one enters it.
    Live(Arc<RoomHandle>),
    /// Over: a new room takes this from it.
    Over(Box<Over>),
}

/// What a party that is over leaves to the next.
pub(super) struct Over {
    pub(super) name: String,
    pub(super) policy: Policy,
    /// The same password, while the old room is still known.
    pub(super) password_hash: Option<String>,
    pub(super) media: Option<Media>,
    pub(super) position: Position,
}

impl Resumed {
    pub(super) fn over(self) -> Option<Over> {
        match self {
            Self::Live(_) => None,
            Self::Over(over) => Some(*over),
        }
    }
}

/// The party with this code, for somebody who was there.
///
/// # Errors
/// 401 `login_needed` for somebody we don't know; 404 `party_not_found` where they were not there;
/// `media_not_found` where the library lost what was on.
pub(super) async fn party(
    app: &App,
    person: Option<&PersonId>,
    code: &str,
) -> Result<Resumed, ApiError> {
    let Some(person) = person else {
        let message = "Say who you are to go on with a party: log in, or send your guest token.";
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "login_needed",
            message,
        ));
    };
    let unknown = || {
        let message = "You were not at a party with this code.";
        ApiError::new(StatusCode::NOT_FOUND, "party_not_found", message)
    };
    let code = RoomCode::parse(code).ok_or_else(unknown)?;
    let room = app.hub.room(&code).await?;
    if let Some(room) = &room
        && !room.view().life.is_terminal()
    {
        let who = person.clone();
        let here = room.read(move |room| room.members().any(|of| of.person == who));
        let known = room.is_owner(person)
            || here.await?
            || app.hub.store.party(person, &code).await?.is_some();
        return if known {
            Ok(Resumed::Live(room.clone()))
        } else {
            Err(unknown())
        };
    }
    let party = app
        .hub
        .store
        .party(person, &code)
        .await?
        .ok_or_else(unknown)?;
    let media = match party.media {
        // The file may have another title or length by now, or be gone.
        Some(media) if media.kind == SourceKind::Library => {
            Some(app.shelf.from_library(&media.key)?)
        }
        other => other,
    };
    let length = media.as_ref().and_then(|media| media.duration);
    let seen = Progress::is_completed(party.position, length.map(Position::seconds));
    let password_hash = room.and_then(|room| room.password_hash());
    let mut policy = party.policy;
    if policy.entry == EntryPolicy::Password && password_hash.is_none() {
        // Nobody could enter, and who asks may not know the old one: let the new host see who comes.
        policy.entry = EntryPolicy::Approval;
    }
    Ok(Resumed::Over(Box::new(Over {
        name: party.name,
        policy,
        password_hash: password_hash.filter(|_| policy.entry == EntryPolicy::Password),
        media,
        position: if seen {
            Position::ZERO
        } else {
            Position::clamped(party.position)
        },
    })))
}
