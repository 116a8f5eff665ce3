//! What a control does, from either family of messages: in the name of whoever may, and by the room's rules.
use super::Staged;
use super::encode::send;
use super::socket::Session;
use super::wire::Control;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use watchalong_room::{Actor, Command, Position};

/// The host page of the original says every seek twice: when the slider is let go, and when the player is there.
const SAME_SEEK: (Duration, f64) = (Duration::from_secs(1), 0.3);

impl Session {
    pub(super) async fn control(&mut self, actor: Actor, control: Control) {
        let table = self.laid.table.clone();
        let by_host = self.is_host && actor != Actor::Server;
        let expect = None;
        if by_host && matches!(control, Control::Pause(_)) && table.is_echo_of_gate() {
            // The room stands already.
            return;
        }
        // What is meant ends a gate: a play opens it, a pause takes its wish back. A host's seek moves it.
        let moves_gate = by_host && matches!(control, Control::Seek { .. });
        if (self.is_host || actor == Actor::Server) && !moves_gate {
            table.cancel_gate();
        }
        match control {
            Control::Play(at) => self.steer(actor, true, at).await,
            Control::Pause(at) => self.steer(actor, false, at).await,
            Control::Seek { to, paused } => {
                let again = self.last_seek.is_some_and(|(at, before)| {
                    let near = (before.seconds() - to.seconds()).abs() <= SAME_SEEK.1;
                    near && at.elapsed() <= SAME_SEEK.0
                });
                if self.is_host && again {
                    return;
                }
                self.last_seek = Some((Instant::now(), to));
                let position = to;
                if by_host {
                    if self.place().seek(to).await {
                        return;
                    }
                } else {
                    let seek = Command::Seek { position, expect };
                    self.submit(actor, seek, false).await;
                }
                if let Some(paused) = paused {
                    self.steer(actor, !paused, None).await;
                }
            }
            Control::Load(path) => {
                let staged = self.staged.stage(&self.room, actor, &path).await;
                if let Err(error) = staged {
                    tracing::debug!(%error, "not staged");
                }
            }
            Control::Unload => self.submit(actor, Command::Unload, false).await,
        }
    }

    /// Play or pause. One that says where, in a room that does so already, goes there.
    async fn steer(&self, actor: Actor, play: bool, position: Option<Position>) {
        let expect = None;
        let line = self.room.view().timeline;
        if line.playing == play
            && let Some(position) = position
        {
            let now = self.app.hub.clock.now();
            let off = (line.position_at(now).seconds() - position.seconds()).abs();
            if off > SAME_SEEK.1 {
                let seek = Command::Seek { position, expect };
                self.submit(actor, seek, false).await;
            }
            return;
        }
        let command = if play {
            Command::Play { position, expect }
        } else {
            Command::Pause { position, expect }
        };
        self.submit(actor, command, false).await;
    }

    pub(super) async fn enforce(&self, enforce: bool) {
        self.laid.table.set_enforces(enforce);
        let frame = send(&json!({"enforcePausePlay": enforce}));
        // Fails only while the server stops.
        let _ = self
            .room
            .pass(move |scene| Staged::everybody(scene, &frame))
            .await;
    }

    /// What is staged, once more, with its path; another tag is passed on as it is.
    pub(super) async fn announce(&self, etag: String) {
        let staged = self.staged;
        let passed = self.room.pass(move |scene| {
            let own = staged.load(scene).filter(|load| load["etag"] == etag);
            let load = own.unwrap_or_else(|| json!({"cmd": "load", "etag": etag}));
            Staged::everybody(scene, &send(&load))
        });
        let _ = passed.await;
    }
}
