//! Searching titles at The Movie Database, by whose numbers providers of films go.
//!
//! An answer is kept for an hour for whoever asks the same. What comes from outside is bounded in size and time, and only
//! the fields that are named here go on.
use crate::config::Config;
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// For how long an answer is good.
const KEEP: Duration = Duration::from_secs(3600);
/// Answers that are kept: some 5 KiB each.
const KEPT: usize = 500;
/// For one answer: a person waits for it.
const PATIENCE: Duration = Duration::from_secs(8);
/// A page of 20 results with their descriptions has some 20 KiB.
const MOST_BYTES: usize = 512 * 1024;
const POSTERS: &str = "https://image.tmdb.org/t/p/w500";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The operator gave no key.
    #[error("Search is not set up on this server")]
    NoKey,
    /// The database did not answer, or in no known form.
    #[error("The title database can't be reached right now")]
    Unreachable,
}

/// A film or a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Title {
    /// The database's number.
    pub id: u64,
    /// `movie` or `tv`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The address of its poster.
    pub poster: Option<String>,
    /// When it came out.
    pub year: Option<u16>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    results: Vec<Value>,
}

/// Something found, as far as it is told.
#[derive(Deserialize)]
struct Found {
    id: u64,
    media_type: String,
    title: Option<String>,
    name: Option<String>,
    poster_path: Option<String>,
    release_date: Option<String>,
    first_air_date: Option<String>,
}

impl Found {
    fn title(self) -> Option<Title> {
        if self.media_type != "movie" && self.media_type != "tv" {
            return None;
        }
        let date = self.release_date.filter(|date| !date.is_empty());
        let date = date.or(self.first_air_date).unwrap_or_default();
        // Nothing but a path on their own host.
        let poster = self.poster_path.filter(|path| path.starts_with('/'));
        Some(Title {
            id: self.id,
            kind: self.media_type,
            name: self.title.or(self.name).unwrap_or_default(),
            poster: poster.map(|path| format!("{POSTERS}{path}")),
            year: date.get(..4).and_then(|year| year.parse().ok()),
        })
    }
}

type Kept = HashMap<(String, u32), (Instant, Vec<Title>)>;

/// The database, and what it said lately.
pub struct Tmdb {
    address: String,
    key: Option<String>,
    client: OnceLock<Client>,
    kept: Mutex<Kept>,
}

impl Tmdb {
    /// As the settings have it; nothing is asked yet.
    pub fn new(config: &Config) -> Self {
        Self {
            address: config.tmdb_url.clone(),
            key: config.tmdb_api_key.clone(),
            client: OnceLock::new(),
            kept: Mutex::default(),
        }
    }

    /// What there is of this name, a page at a time.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn search(&self, query: &str, page: u32) -> Result<Vec<Title>, SearchError> {
        let key = self.key.as_deref().ok_or(SearchError::NoKey)?;
        let asked = (query.to_owned(), page);
        if let Some((at, found)) = self.kept().get(&asked)
            && at.elapsed() < KEEP
        {
            return Ok(found.clone());
        }
        let found = self.ask(key, query, page).await.map_err(|why| {
            tracing::warn!(why, "titles can't be searched");
            SearchError::Unreachable
        })?;
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.retain(|_, (at, _)| at.elapsed() < KEEP);
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(asked, (Instant::now(), found.clone()));
        Ok(found)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Map operations only.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, key: &str, query: &str, page: u32) -> Result<Vec<Title>, String> {
        // An error's own words may have the address in them, and that the key.
        let said = |error: reqwest::Error| error.without_url().to_string();
        let page = page.to_string();
        let request = self
            .client()?
            .get(format!("{}/search/multi", self.address))
            .query(&[("api_key", key), ("query", query), ("page", &page)]);
        let mut answer = request.send().await.map_err(said)?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(said)? {
            body.extend_from_slice(&part);
            if body.len() > MOST_BYTES {
                return Err("its answer is too long".to_owned());
            }
        }
        let page: Page = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        // One result that can't be read is no reason to tell none.
        let found = page.results.into_iter();
        let found = found.filter_map(|one| serde_json::from_value::<Found>(one).ok());
        Ok(found.filter_map(Found::title).collect())
    }

    fn client(&self) -> Result<&Client, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Asking again changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent("watchalong");
        if crate::config::is_plain_loopback(&self.address) {
            // Nothing of it is TLS, so that a system without certificates will do, and no proxy is in between.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn films_and_series_are_told_and_people_are_not() {
        let told = |one: Value| serde_json::from_value::<Found>(one).ok()?.title();
        let series = told(json!({
            "id": 119_051, "media_type": "tv", "name": "Wednesday", "first_air_date": "2022-11-23",
            "poster_path": "/p.jpg", "overview": "...",
        }));
        let wednesday = Title {
            id: 119_051,
            kind: "tv".to_owned(),
            name: "Wednesday".to_owned(),
            poster: Some("https://image.tmdb.org/t/p/w500/p.jpg".to_owned()),
            year: Some(2022),
        };
        assert_eq!(series, Some(wednesday));
        let bare = told(json!({"id": 1, "media_type": "movie", "release_date": ""})).expect("told");
        assert_eq!(
            (bare.name.as_str(), bare.poster, bare.year),
            ("", None, None)
        );
        assert_eq!(told(json!({"id": 1, "media_type": "person"})), None);
        assert_eq!(told(json!({"id": "x"})), None);
    }
}
