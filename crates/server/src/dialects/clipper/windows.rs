//! How often one user may do what the API document limits, over all parties. What a room allows in its chat is the room's.
pub(super) use crate::limits::{Standing, Window};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// All limits.
pub(super) struct Windows {
    pub(super) create: Window,
    pub(super) join: Window,
    pub(super) chat: Window,
    pub(super) reactions: Window,
    /// Settings, kicks, promotions.
    pub(super) manage: Window,
    /// Analytics and stats, which have a room written.
    pub(super) figures: Window,
}

impl Windows {
    /// As the document has them; where it is silent, generous.
    pub(super) fn new() -> Self {
        Self {
            create: Window::new(10, HOUR),
            join: Window::new(30, HOUR),
            chat: Window::new(super::policy::MESSAGES as usize, MINUTE),
            reactions: Window::new(super::policy::REACTIONS as usize, MINUTE),
            manage: Window::new(120, HOUR),
            figures: Window::new(120, HOUR),
        }
    }
}
