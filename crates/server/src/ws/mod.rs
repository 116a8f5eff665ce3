//! WebSockets at the floor's cost: a small RFC 6455 codec, the handshake, and the bounded outbox.
//!
//! A broadcast is framed once and the same bytes are written to every socket (the crates measured all
//! frame and copy per connection, and wake a task per delivery). The codec here therefore
//! knows only what a server needs: unmasked frames out, masked frames in, no extensions.
mod frame;
mod line;
mod outbox;
mod upgrade;

pub use frame::{
    CloseCode, Incoming, Opcode, Reader, WireError, close_frame, frame, frames, json_frame,
    text_frame,
};
pub use line::{Cut, Heard, Line, Manners, converse};
pub use outbox::{Limits, Next, Outbox, Pushed};
pub use upgrade::{Socket, UpgradeRefused, accept};
