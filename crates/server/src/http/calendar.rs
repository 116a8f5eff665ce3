//! A scheduled party as a calendar file (RFC 5545): one event, so written by hand.
use super::asking::Asker;
use super::base::Base;
use super::{ApiError, App, Caller};
use crate::clock::Civil;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use watchalong_room::{ServerTime, Visibility};

/// How long a party takes whose medium's length is not known.
const USUAL_SECONDS: i64 = 2 * 3600;
/// Bytes of a line without its end (RFC 5545, 3.1).
const LINE: usize = 75;
/// What a private room is called to somebody who is not in it.
const UNNAMED: &str = "Watch party";

/// A scheduled party, for a calendar.
#[utoipa::path(get, path = "/api/v2/rooms/{code}/calendar.ics", params(("code" = String, Path, description = "Its code")),
    responses((status = 200, description = "An iCalendar file", content_type = "text/calendar"), (status = 404, body = super::error::ErrorBody)))]
pub async fn calendar(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Response, ApiError> {
    let asker = Asker::of(&app, &caller, &code).await?;
    let look = |room: &watchalong_room::Room| {
        let seconds = room
            .current()
            .and_then(|item| item.media.duration)
            .map_or(USUAL_SECONDS, |duration| duration.seconds().ceil() as i64);
        let told = room.policy().visibility != Visibility::Private;
        (room.schedule(), room.name().to_owned(), seconds, told)
    };
    let (schedule, name, seconds, told) = asker.room.read(look).await?;
    let Some(at) = schedule else {
        let message = "This party has no time set. It begins when its host begins.";
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "not_scheduled",
            message,
        ));
    };
    let code = asker.room.code();
    let event = Event {
        uid: format!("{code}@watchalong"),
        at,
        seconds,
        name: if told || asker.may(|_| true) {
            &name
        } else {
            UNNAMED
        },
        url: Base::of(&headers, peer.ip(), &app.config).link(&format!("r/{code}")),
        now: app.hub.clock.now(),
    };
    let disposition = format!("attachment; filename=\"{code}.ics\"");
    let told = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((told, event.to_string()).into_response())
}

struct Event<'a> {
    uid: String,
    at: ServerTime,
    seconds: i64,
    name: &'a str,
    url: String,
    now: ServerTime,
}

impl std::fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, url) = (escaped(self.name), &self.url);
        let lines = [
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Watchalong//Watchalong//EN".to_owned(),
            "METHOD:PUBLISH".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}", self.uid),
            format!("DTSTAMP:{}", utc(self.now)),
            // Another time for the same party comes later, and so replaces the earlier one.
            format!(
                "SEQUENCE:{}",
                (self.now.0 / 1000).clamp(0, i64::from(i32::MAX))
            ),
            format!("DTSTART:{}", utc(self.at)),
            format!("DURATION:PT{}S", self.seconds),
            format!("SUMMARY:{name}"),
            format!("DESCRIPTION:{}", escaped(&format!("Watch together: {url}"))),
            format!("URL:{url}"),
            "END:VEVENT".to_owned(),
            "END:VCALENDAR".to_owned(),
        ];
        lines.iter().try_for_each(|line| fold(f, line))
    }
}

/// TEXT (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A content line in pieces of at most [`LINE`] bytes, never within a character; what follows begins with a space.
fn fold(f: &mut std::fmt::Formatter<'_>, line: &str) -> std::fmt::Result {
    let mut used = 0;
    for c in line.chars() {
        if used + c.len_utf8() > LINE {
            f.write_str("\r\n ")?;
            used = 1;
        }
        std::fmt::Write::write_char(f, c)?;
        used += c.len_utf8();
    }
    f.write_str("\r\n")
}

/// DATE-TIME in UTC: `20261121T140840Z`.
fn utc(at: ServerTime) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Civil::of(at);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        for (ms, text) in [
            (0, "19700101T000000Z"),
            (951_827_696_000, "20000229T123456Z"),
            (1_795_270_120_999, "20261121T140840Z"),
            (4_107_542_399_000, "21000228T235959Z"),
        ] {
            assert_eq!(utc(ServerTime(ms)), text);
        }
    }

    #[test]
    fn names_are_escaped_and_long_lines_folded_between_characters() {
        let name = "Fritz, Hans; \\o/\nund ".to_owned() + &"ü".repeat(100);
        let event = Event {
            uid: "bakoti-zuna@watchalong".into(),
            at: ServerTime(1_795_270_120_000),
            seconds: 5400,
            name: &name,
            url: "https://party.example.org/films/r/bakoti-zuna".into(),
            now: ServerTime(1_795_000_000_000),
        };
        let text = event.to_string();
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.contains("SUMMARY:Fritz\\, Hans\\; \\\\o/\\nund ü"));
        for line in text.split("\r\n") {
            assert!(line.len() <= LINE, "{line}");
            assert!(!line.contains(['\r', '\n']));
        }
        // Unfolded, everything is there again.
        let whole = text.replace("\r\n ", "");
        assert!(whole.contains(&"ü".repeat(100)));
        assert!(whole.contains("DTSTART:20261121T140840Z\r\nDURATION:PT5400S\r\n"));
    }
}
