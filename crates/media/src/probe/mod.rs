//! Looking into a file: what kind it is, how long, which tracks.
//!
//! ffprobe does it when it is there; otherwise, and for MP4 in any case good enough to play, our built-in
//! parsers. Both return the same [`Probe`]. Results are kept on disk (`cache`), so that a restart asks nobody.

pub(crate) mod builtin;
pub(crate) mod cache;
mod ffprobe;
mod mp4_boxes;

use std::fs::File;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::medium::{Container, Probe, Problem};
use crate::tools::Tools;

/// Who looked. A file seen only by the built-in parsers is looked at again once ffprobe appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Prober {
    BuiltIn,
    Ffprobe,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Found(Probe),
    /// Nothing to watch in it; true until the file changes.
    Broken(Problem),
    /// It couldn't be found out this time. Shown, but not kept on disk.
    Failed(Problem),
}

/// Which of the two a set of tools gives.
pub(crate) fn prober(tools: &Tools) -> Prober {
    if tools.ffprobe.is_some() {
        Prober::Ffprobe
    } else {
        Prober::BuiltIn
    }
}

/// Looks into an opened file. `hint` is what its extension promises.
pub(crate) async fn look(tools: &Tools, file: File, size: u64, hint: Container) -> Outcome {
    if size == 0 {
        return Outcome::Broken(Problem::new(
            "media_empty",
            "The file is empty. Copy it here again.",
        ));
    }
    let file = Arc::new(file);
    let boxes = {
        let file = Arc::clone(&file);
        tokio::task::spawn_blocking(move || mp4_boxes::check(&file, size)).await
    };
    if let Ok(mp4_boxes::Boxes::Incomplete) = boxes {
        return Outcome::Broken(Problem::new(
            "media_incomplete",
            "The file ends before its content does: it was copied or downloaded only in part. Copy it here again.",
        ));
    }
    let outcome = match &tools.ffprobe {
        Some(program) => match file.try_clone() {
            Ok(input) => ffprobe::look(tools, program, input, hint).await,
            Err(failed) => Outcome::Failed(unreadable(&failed)),
        },
        None => {
            let looked =
                tokio::task::spawn_blocking(move || builtin::look(&file, size, hint)).await;
            // The parsers are fed by strangers: a panic inside one is a corrupt file, not our end.
            looked.unwrap_or_else(|_| Outcome::Broken(corrupt()))
        }
    };
    match outcome {
        Outcome::Found(probe) if probe.video.is_empty() && probe.audio.is_empty() => {
            Outcome::Broken(Problem::new(
                "media_no_tracks",
                "There is neither picture nor sound in this file.",
            ))
        }
        outcome => outcome,
    }
}

/// Looks into the beginning of a file that still arrives. Found only where the beginning tells all: containers that
/// say their length in front; of others a part would look like the whole.
pub(crate) async fn look_at_beginning(tools: &Tools, file: File, hint: Container) -> Outcome {
    let tells = matches!(
        hint,
        Container::Mp4 | Container::QuickTime | Container::WebM | Container::Matroska
    );
    if !tells {
        return Outcome::Failed(corrupt());
    }
    let outcome = match &tools.ffprobe {
        Some(program) => ffprobe::look(tools, program, file, hint).await,
        None => {
            let looked = tokio::task::spawn_blocking(move || {
                let size = file.metadata().map_or(0, |data| data.len());
                builtin::look(&Arc::new(file), size, hint)
            });
            looked.await.unwrap_or_else(|_| Outcome::Broken(corrupt()))
        }
    };
    match outcome {
        Outcome::Found(probe) if probe.duration.is_none() || probe.video.is_empty() => {
            Outcome::Failed(corrupt())
        }
        outcome => outcome,
    }
}

pub(crate) fn corrupt() -> Problem {
    Problem::new(
        "media_corrupt",
        "This is no media file, or it is damaged: nothing in it could be read.",
    )
}

pub(crate) fn timeout() -> Problem {
    Problem::new(
        "media_probe_timeout",
        "Looking into this file took too long. It may be damaged, or its disk very slow.",
    )
}

pub(crate) fn unreadable(error: &std::io::Error) -> Problem {
    Problem::new(
        "media_unreadable",
        &format!(
            "The file can't be read ({}). Check its rights and its disk.",
            error.kind()
        ),
    )
}

/// Durations from files: finite, positive, and below a century; anything else is as good as unknown.
fn sane_duration(seconds: f64) -> Option<f64> {
    (seconds.is_finite() && seconds > 0.0 && seconds < 3.2e9).then_some(seconds)
}

/// `und` and nonsense are no language.
fn sane_language(language: Option<&str>) -> Option<String> {
    let language = language?.trim();
    let plausible = (2..=35).contains(&language.len())
        && language
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plausible && language != "und").then(|| language.to_owned())
}

/// Track names from files: plain text of bounded length.
fn sane_title(title: Option<&str>) -> Option<String> {
    let title: String = crate::title::plain(title?)
        .trim()
        .chars()
        .take(100)
        .collect();
    (!title.is_empty()).then_some(title)
}
