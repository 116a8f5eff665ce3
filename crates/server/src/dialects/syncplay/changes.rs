//! What a Syncplay client sets: its open file, readiness, the operators' password, and what it says in the chat.
//!
//! Each is asked of the room in its name; what comes of it is told by the next look at the room.
use super::desk::Card;
use super::session::{CHAT_CHARACTERS, End, Session, plain};
use super::wire::{Auth, File, Ready};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, Media, Position, SourceKind};

/// A file of another entry counts as ready for a new one after this: people name their copies as they like.
const OWN_COPY_AFTER: Duration = Duration::from_secs(5);
pub(super) const FILE_CHARACTERS: usize = 250;

impl Session {
    pub(super) async fn open_file(&mut self, mut file: File) -> Result<(), End> {
        file.name = file.name.chars().take(FILE_CHARACTERS).collect();
        let passes = match &file.size {
            Value::Number(_) => true,
            Value::String(text) => text.len() <= 64,
            _ => false,
        };
        if !passes {
            file.size = json!(0);
        }
        let now = Instant::now();
        (self.stirred, self.file_at) = (now, Some(now));
        self.card.file = Some(file.clone());
        let kept = file.clone();
        self.place
            .table
            .change(self.place.seat, |card| card.file = Some(kept));
        let view = &self.told.view;
        let duration = Position::new(file.duration).filter(|d| *d > Position::ZERO);
        // A client that has no playlist says by its file what it wants to be watched.
        let lists = self.card.features["sharedPlaylists"] == json!(true);
        if view.item.is_none() && !lists {
            self.put_own_file_on().await?;
        } else if let (Some(item), Some(duration)) = (view.item, duration)
            && view.endless
            && view.rights.play
            && self.has_open(&file.name)
        {
            let _ = self.act(Command::SetDuration { item, duration }).await?;
        }
        self.refresh(None).await
    }

    /// What this client has open is what is watched, where nothing is on yet and it may say so.
    pub(super) async fn put_own_file_on(&mut self) -> Result<(), End> {
        let view = &self.told.view;
        let file = self.card.file.as_ref();
        let file = file.filter(|_| view.item.is_none() && view.rights.queue);
        let Some(media) = file.and_then(|file| self.medium_of(&file.name)) else {
            return Ok(());
        };
        let seconds = file.map_or(0.0, |file| file.duration);
        let duration = Position::new(seconds).filter(|d| *d > Position::ZERO);
        let load = Command::Load {
            media: Media { duration, ..media },
            position: Position::ZERO,
            play: false,
        };
        let _ = self.act(load).await?;
        Ok(())
    }

    /// Whether an open file is what is on: the entry itself, or its last part.
    fn has_open(&self, name: &str) -> bool {
        let entry = self
            .told
            .view
            .files
            .first()
            .filter(|_| self.told.view.item.is_some());
        let last = |text: &str| text.rsplit(['/', '\\']).next().unwrap_or(text).to_owned();
        entry.is_some_and(|entry| entry == name || last(entry) == last(name))
    }

    /// What an entry of a playlist means: an address, or everybody's own file of that name.
    pub(super) fn medium_of(&self, text: &str) -> Option<Media> {
        let text = text.trim();
        if let Ok(media) = self.server.shelf.from_address(text, None) {
            return Some(media);
        }
        let title = text.rsplit(['/', '\\']).next().unwrap_or(text).to_owned();
        let media = Media {
            kind: SourceKind::Local,
            key: text.to_owned(),
            title,
            duration: None,
        };
        media.checked().ok()
    }

    pub(super) async fn set_ready(&mut self, ready: Ready) -> Result<(), End> {
        let other = ready.username.filter(|name| *name != self.held.name);
        let by = other.is_some().then(|| self.held.name.clone());
        let change = |card: &mut Card| {
            (card.ready, card.manually, card.ready_by) = (ready.is_ready, ready.manually, by);
        };
        match other {
            Some(name) if self.told.view.rights.play => self.place.table.change_of(&name, change),
            Some(_) => {}
            None => self.place.table.change(self.place.seat, change),
        }
        self.refresh(None).await
    }

    /// Lets the room's barrier know: ready by hand, with a file open that can be this one.
    pub(super) async fn tell_ready(&mut self) -> Result<(), End> {
        let Some(item) = self.told.view.item else {
            return Ok(());
        };
        let Some(person) = self.told.view.people.get(&self.held.name) else {
            return Ok(());
        };
        let said = person.ready == Some(true);
        let file = self.card.file.as_ref();
        let open = file.is_some_and(|file| {
            self.has_open(&file.name) || self.told.item_at.elapsed() >= OWN_COPY_AFTER
        });
        let ready = (item, said && open);
        let known = self.told.ready.unwrap_or((item, false));
        let known = if known.0 == item {
            known
        } else {
            (item, false)
        };
        if ready != known {
            self.told.ready = Some(ready);
            let _ = self
                .act(Command::Ready {
                    item,
                    ready: ready.1,
                })
                .await?;
        }
        Ok(())
    }

    pub(super) async fn auth(&mut self, auth: Auth) -> Result<(), End> {
        let asked = auth.room.unwrap_or_default();
        let password = auth.password.unwrap_or_default().trim().to_uppercase();
        let password: String = password.chars().take(64).collect();
        if !asked.starts_with('+') {
            let base = if asked.trim().is_empty() {
                &self.told.view.name
            } else {
                &asked
            };
            let name = self.server.new_managed(base, &password);
            let made = json!({"password": password, "roomName": name});
            return self
                .say(&[json!({"Set": {"newControlledRoom": made}})])
                .await;
        }
        let here = asked == self.told.view.name && asked == self.place.names.1;
        let mut success = here && self.server.is_operator(&asked, &password);
        if success {
            success = self.promote(true).await;
            self.place.operator = success;
        }
        if !success {
            let answer = json!({"user": self.held.name, "room": asked, "success": false});
            self.say(&[json!({"Set": {"controllerAuth": answer}})])
                .await?;
        }
        self.refresh(None).await
    }

    /// Makes or unmakes this member a co-host: the server checked the managed room's password.
    async fn promote(&self, co_host: bool) -> bool {
        let seat = self.place.seat;
        let member = self
            .place
            .room
            .read(move |room| room.member_of_seat(seat).map(|m| m.id));
        let Ok(Some(member)) = member.await else {
            return false;
        };
        let command = Command::SetCoHost { member, co_host };
        self.place.room.call(Actor::Server, command).await.is_ok()
    }

    /// Rights that came with a password end with the place.
    pub(super) async fn step_down(&mut self) {
        if std::mem::take(&mut self.place.operator) {
            self.promote(false).await;
        }
    }

    pub(super) async fn chat(&mut self, text: &str) -> Result<(), End> {
        let text = plain(&text.replace(['\r', '\n'], " "), CHAT_CHARACTERS);
        if text.is_empty() {
            return Ok(());
        }
        let reply_to = None;
        if let Err(refusal) = self.act(Command::Say { text, reply_to }).await? {
            self.note(&refusal).await?;
        }
        self.refresh(None).await
    }

    /// A word of the room's to this client alone.
    pub(super) async fn note(&mut self, text: &str) -> Result<(), End> {
        if !self.up {
            return Ok(());
        }
        let note = json!({"Chat": {"message": text, "username": self.told.view.name}});
        self.say(&[note]).await
    }
}
