//! Rooms under the ids of other wire formats: found by one, or given one.
use super::{Hub, HubError, RoomHandle};
use crate::code::RoomCode;
use std::sync::Arc;

impl Hub {
    /// The room that a dialect knows by this id (in the dialect's one spelling), opened if it isn't in memory.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn by_alias(
        self: &Arc<Self>,
        dialect: &str,
        alias: &str,
    ) -> Result<Option<Arc<RoomHandle>>, HubError> {
        match self.store.room_by_alias(dialect, alias).await? {
            Some(code) => self.room(&code).await,
            None => Ok(None),
        }
    }

    /// The room that a client of a dialect names: by its id there (in the dialect's one spelling), or by the room's own
    /// code. Also one that is over.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn find(
        self: &Arc<Self>,
        dialect: &str,
        named: &str,
    ) -> Result<Option<Arc<RoomHandle>>, HubError> {
        match (self.by_alias(dialect, named).await?, RoomCode::parse(named)) {
            (Some(room), _) => Ok(Some(room)),
            (None, Some(code)) => self.room(&code).await,
            (None, None) => Ok(None),
        }
    }

    /// What a dialect knows the room by: found, or made by `make` (called again while what it made is taken) and
    /// kept as long as the room.
    ///
    /// # Errors
    /// [`HubError::Store`].
    pub async fn alias(
        &self,
        room: &RoomCode,
        dialect: &str,
        mut make: impl FnMut() -> String + Send,
    ) -> Result<String, HubError> {
        loop {
            if let Some(alias) = self.store.alias_of(room, dialect).await? {
                return Ok(alias);
            }
            let alias = make();
            if self.store.add_alias(room, dialect, &alias).await? {
                return Ok(alias);
            }
        }
    }
}
