//! A film in a library, and what converts it.
#![allow(clippy::unwrap_used)] // a failed set-up should panic

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use watchalong_media::{
    Film, Hls, HlsConfig, HlsError, Library, MediaFile, Rendition, Tools, Wanting,
};

use super::{Place, all_probed, clip};

/// A film, and what converts it.
pub struct Studio {
    pub place: Place,
    pub library: Library,
    pub hls: Arc<Hls>,
    pub film: Arc<Film>,
}

pub async fn studio(name: &str, seconds: f64, options: &[&str]) -> Studio {
    studio_with(name, seconds, options, Tools::find(), |_| {}).await
}

pub async fn studio_with(
    name: &str,
    seconds: f64,
    options: &[&str],
    tools: Tools,
    change: impl FnOnce(&mut HlsConfig),
) -> Studio {
    let place = Place::new();
    clip(&place.film(name), seconds, options);
    let library = Library::open(place.config()).await.unwrap();
    let medium = all_probed(&library, 1).await.remove(0);
    let mut config = HlsConfig::new(place.dir.path().join("hls"));
    // A loaded machine is slow, not wrong.
    config.patience = Duration::from_secs(300);
    config.idle = Duration::from_secs(600);
    config.hang = Duration::from_secs(200);
    change(&mut config);
    let hls = Arc::new(Hls::open(config, tools));
    let file = library.open_media(&medium.id).await.unwrap();
    let film = hls.film(medium, file).await.unwrap();
    Studio {
        place,
        library,
        hls,
        film,
    }
}

pub fn ann(room: &str) -> Wanting {
    Wanting {
        room: room.into(),
        viewer: format!("{room}/ann").into(),
    }
}

pub async fn bytes(file: MediaFile) -> Vec<u8> {
    let answer = file.answer(&Method::GET, &HeaderMap::new());
    answer
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

impl Studio {
    pub async fn segment(&self, rendition: &str, number: usize) -> Result<Vec<u8>, HlsError> {
        let rendition: Rendition = rendition.parse().unwrap();
        let who = ann("room");
        let (file, ..) = self
            .hls
            .segment(&self.film, rendition, number, &who)
            .await?;
        Ok(bytes(file).await)
    }

    /// Init and the segments from `first` on, as one file.
    pub async fn part(&self, rendition: &str, first: usize, count: usize) -> PathBuf {
        let parsed: Rendition = rendition.parse().unwrap();
        let begin = first as f64 * 3.0 + 0.5;
        let init = self.hls.init(&self.film, parsed, begin, &ann("room")).await;
        let mut all = bytes(init.unwrap()).await;
        for number in first..first + count {
            all.extend(self.segment(rendition, number).await.unwrap());
        }
        let path = self
            .place
            .dir
            .path()
            .join(format!("{rendition}-{first}.mp4"));
        fs::write(&path, all).unwrap();
        path
    }

    /// When each segment begins, by the playlist; the last number is the end.
    pub async fn starts(&self, rendition: &str) -> Vec<f64> {
        let parsed = rendition.parse().unwrap();
        let text = self.hls.playlist(&self.film, parsed).await.unwrap();
        let lengths = text.lines().filter_map(|line| {
            let length = line.strip_prefix("#EXTINF:")?.trim_end_matches(',');
            Some(length.parse::<f64>().unwrap())
        });
        let mut at = 0.0;
        let mut starts = vec![0.0];
        for length in lengths {
            at += length;
            starts.push(at);
        }
        starts
    }

    pub async fn until_quiet(&self) {
        let begun = Instant::now();
        while !self.hls.status().running.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(300), "still running");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
