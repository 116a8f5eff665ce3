//! What is watched: the library of media files, and their delivery.
//!
//! - [`Library`] finds media below the roots the operator names, keeps the list like the disk, looks into the
//!   files (ffprobe, or built-in parsers without it) and makes posters (ffmpeg). It answers from memory.
//! - [`MediaFile::answer`] turns a request for a medium into a response with ranges, conditions and a body
//!   that reads in fair turns.
//! - [`FileLane`] lets a body's bytes go from the page cache to a socket, where the system can do that.
//! - [`Uplink`] shares a limited uplink fairly between viewers; [`Heads`] keeps the beginnings of files in memory.
//! - [`Uploads`] takes files that members bring, piece by piece, and lets them be watched while they arrive.
//! - [`Hls`] converts films that a browser can't play, and [`Choice`] says which way a film takes to whom, and why.
//! - [`Previews`] makes the pictures that the seek bar shows.
//! - [`MediaSigner`] makes and checks the links under which media are fetched: bound to a room, expiring.
//! - [`provider`] knows players of other sites, and builds their addresses.
//! - [`place_sample`] puts the bundled clip where a library finds it.
//!
//! Not here: who may watch what (the room's rules), routes, and anything that knows a socket. A medium is
//! named by [`MediaId`] only; paths come from the scan and never from a request.

mod body;
mod chapter;
mod conditions;
mod delivery;
mod embed;
mod episode;
mod error;
mod fair;
mod fingerprint;
mod heads;
mod hls;
mod id;
mod index;
mod lane;
mod library;
mod medium;
mod paths;
mod platform;
mod playable;
mod poster;
mod previews;
mod probe;
mod prober;
mod range;
mod root;
mod sample;
mod scan;
mod scanner;
mod sidecar;
mod signature;
mod title;
mod tools;
mod upload;
mod watch;

pub use body::{MediaBody, TURN_BYTES};
pub use chapter::{Chapter, ChapterKind};
pub use delivery::MediaFile;
pub use embed::{
    Capabilities, EmbedError, EmbedOptions, Provider, Title, embedded, player_origins, provider,
    providers, recognise,
};
pub use error::{LibraryError, LibraryWarning, MediaError};
pub use fair::{
    Content, Limits as UplinkLimits, Need, Needs, Share, Stats as DeliveryStats, Totals, Uplink,
    ViewerStats, WAITS,
};
pub use heads::Heads;
pub use hls::{
    Choice, Film, Hls, HlsConfig, HlsError, HlsStatus, Offer, Plays, Rendition, RunNow, RunRecord,
    SoundTrack, TextFormat, TextTrack, Wanting, Way, subtitle_text,
};
pub use id::{InvalidMediaId, MediaId};
pub use index::{Listing, MAX_PAGE_SIZE, MAX_QUERY_CHARS};
pub use lane::FileLane;
pub use library::{Library, LibraryConfig, LibraryStatus};
pub use medium::{
    AudioTrack, Container, Medium, MediumState, Probe, Problem, SubtitleTrack, VideoTrack,
};
pub use paths::Placed;
pub use playable::{Playability, Verdict};
pub use previews::{PreviewGrid, Previews};
pub use range::{RangeAnswer, answer as answer_range};
pub use sample::{SAMPLE_CLIP, place_sample};
pub use scan::{MAX_DEPTH, MAX_ENTRIES, MAX_MEDIA};
pub use sidecar::Sidecar;
pub use signature::{MediaLink, MediaSigner, SignatureError};
pub use title::{clean_title, fold};
pub use tools::Tools;
pub use upload::{
    ChunkWriter, Chunks, NewUpload, UploadError, UploadLimits, UploadView, UploadWriter, Uploads,
};
