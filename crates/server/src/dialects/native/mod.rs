//! Our own protocol, `docs/protocol.md`: what the page speaks, and nothing else does the page use.
//!
//! [`wire`] has the messages as types, [`decode`](wire::ClientMessage) turns commands into the room's, [`encode`]
//! turns what happened into frames, [`socket`] runs one connection.
mod encode;
mod policy;
mod socket;
mod values;
mod wire;

pub(crate) use values::life_name;

pub use encode::Native;
pub use policy::PolicyInput;
pub use socket::{Visitor, connect};
pub use values::{act, invite, message};
pub(super) use wire::decode;
pub use wire::{MediaInput, MediaObject};
