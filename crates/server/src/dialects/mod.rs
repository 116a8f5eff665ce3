//! Wire formats. A dialect is routes, wire structs, decoding to commands, encoding from events, and a policy
//! preset; it holds no state that the room or the seat could hold, and decides nothing.
pub mod clipper;
pub mod decode;
pub mod native;
pub mod openwatchparty;
pub mod pace;
pub mod rdm;
pub mod staged;
mod steer;
pub mod streamit;
pub mod syncplay;
