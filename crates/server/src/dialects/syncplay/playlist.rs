//! The shared playlist: what is on comes first, then the queue, by text.
//!
//! A client sends whole lists and a place in them. They become the queue's own commands, entry by entry, so that the
//! room's rules hold for each; what comes of it goes back to everybody as any change does. A place is meant in the
//! list that the client had: one that it sent before it knew of ours is not heard, so that the many clients that
//! reach a file's end together move the room on once.
use super::session::{End, Session};
use super::view::{PLAYLIST_CHARACTERS, PLAYLIST_ENTRIES};
use watchalong_room::{Command, ItemId};

impl Session {
    pub(super) async fn set_playlist(&mut self, files: Vec<String>) -> Result<(), End> {
        let characters: usize = files.iter().map(|file| file.chars().count()).sum();
        let fits = files.len() <= PLAYLIST_ENTRIES && characters <= PLAYLIST_CHARACTERS;
        if !fits || !self.told.view.rights.queue {
            let own = self.told.view.playlist();
            return self.say(&own).await;
        }
        let view = &self.told.view;
        let on = view.item;
        let mut known: Vec<(ItemId, String)> = view
            .items
            .iter()
            .copied()
            .zip(view.files.iter().cloned())
            .collect();
        // Which entries stay, and which are new, in the client's order.
        let wanted: Vec<(Option<ItemId>, String)> = files
            .iter()
            .map(|file| {
                let at = known.iter().position(|(_, text)| text == file);
                (at.map(|at| known.remove(at).0), file.clone())
            })
            .collect();
        let stays: Vec<ItemId> = wanted.iter().filter_map(|(item, _)| *item).collect();
        let before: Vec<ItemId> = view
            .items
            .iter()
            .copied()
            .filter(|i| stays.contains(i))
            .collect();
        for (item, _) in known.iter().filter(|(item, _)| Some(*item) != on) {
            let _ = self.act(Command::QueueRemove { item: *item }).await?;
        }
        // From the end, each before the one that follows it: entries that stand right are not touched.
        let sorted = before == stays;
        let mut next = None;
        for (item, text) in wanted.into_iter().rev() {
            match item {
                Some(item) if Some(item) == on => {}
                Some(item) => {
                    if !sorted {
                        let _ = self.act(Command::QueueMove { item, before: next }).await?;
                    }
                    next = Some(item);
                }
                None => {
                    let Some(media) = self.medium_of(&text) else {
                        continue;
                    };
                    let add = Command::QueueAdd {
                        media,
                        before: next,
                    };
                    if let Err(refusal) = self.act(add).await? {
                        self.note(&refusal).await?;
                    } else {
                        next = self.added(next).await?.or(next);
                    }
                }
            }
        }
        self.refresh(None).await?;
        self.told.files = files;
        self.told.own_list = true;
        Ok(())
    }

    /// The entry that was just put before `next`, or at the end.
    async fn added(&self, next: Option<ItemId>) -> Result<Option<ItemId>, End> {
        let added = self.place.room.read(move |room| {
            let queue = room.queue();
            let end = next.map_or(Some(queue.len()), |next| {
                queue.iter().position(|i| i.id == next)
            });
            end.and_then(|end| end.checked_sub(1))
                .map(|at| queue[at].id)
        });
        added.await.map_err(|_| End::Close)
    }

    pub(super) async fn set_index(&mut self, index: Option<u32>) -> Result<(), End> {
        let own_list = std::mem::take(&mut self.told.own_list);
        if !own_list && !self.clocks.settled() {
            return Ok(());
        }
        let file = index.and_then(|at| self.told.files.get(at as usize).cloned());
        let Some(file) = file else { return Ok(()) };
        let view = &self.told.view;
        let at = view.files.iter().position(|text| *text == file);
        let Some(at) = at.filter(|_| view.rights.queue) else {
            let own = view.playlist();
            return self.say(&own).await;
        };
        let item = view.items[at];
        if view.item == Some(item) {
            // On already. Whoever has more than this in its list learns what is left of it.
            self.told.files.clone_from(&self.told.view.files);
            if own_list {
                let own = self.told.view.playlist();
                return self.say(&own).await;
            }
            return Ok(());
        }
        let stood = self.told.paused;
        let item = Some(item);
        // Refused where another client's word moved the room on already.
        let moved = self.act(Command::QueueNext { item }).await?.is_ok();
        if moved && stood {
            // The next of the queue means to play; a choice from the list does not start anything.
            let (position, expect) = (None, None);
            let _ = self.act(Command::Pause { position, expect }).await?;
        }
        self.refresh(None).await
    }
}
