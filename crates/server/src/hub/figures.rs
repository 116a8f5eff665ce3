//! What parties come to in figures: one of them as it runs, and all that somebody hosted.
use super::{Hub, HubError, RoomHandle};
use crate::store::HostFigures;
use watchalong_room::{PersonId, Span};

/// A party so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// People who were ever there.
    pub people: usize,
    /// The most at a time.
    pub peak: u32,
    /// There now.
    pub here: usize,
    /// How long somebody stayed, on average.
    pub stay: Span,
    /// Messages said.
    pub messages: u64,
    /// Reactions given.
    pub reactions: u64,
}

impl Hub {
    /// What a party comes to up to this moment.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::Closed`].
    pub async fn figures(&self, room: &RoomHandle) -> Result<Figures, HubError> {
        room.keep().await?;
        let stays = self.store.stays(room.code()).await?;
        let (stats, here) = room
            .read(|room| {
                let here = room.members().filter(|member| member.present());
                let here: Vec<_> = here.map(|member| member.person.clone()).collect();
                (room.stats().clone(), here)
            })
            .await?;
        let now = self.clock.now();
        let until = |stay: &crate::store::Stay| match here.contains(&stay.person) {
            true => now,
            false => stay.last_at,
        };
        let total: i64 = stays
            .iter()
            .map(|stay| (until(stay) - stay.first_at).0.max(0))
            .sum();
        Ok(Figures {
            people: stays.len(),
            peak: stats.peak,
            here: here.len(),
            stay: Span(total / (stays.len().max(1) as i64)),
            messages: stats.messages,
            reactions: stats.reactions,
        })
    }

    /// What the parties come to that somebody hosted, with those that run right now.
    ///
    /// # Errors
    /// [`HubError::Store`], [`HubError::Closed`].
    pub async fn hosted(&self, person: &PersonId) -> Result<HostFigures, HubError> {
        // What runs has to be written to be counted.
        for room in self.live() {
            if room.is_owner(person) {
                room.keep().await?;
            }
        }
        self.log.flush().await;
        Ok(self.store.host_figures(person).await?)
    }
}
