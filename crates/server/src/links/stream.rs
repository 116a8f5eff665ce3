//! What a playlist says of its stream: how long it is, or that it goes on. A player reads the rest.

/// Of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// Seconds, where it is known and ends.
    pub(super) duration: Option<f64>,
    /// It is going on right now.
    pub(super) live: bool,
}

/// The first list that a multivariant playlist leads to; `None` for one of segments.
pub(super) fn first_variant(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with("#EXT-X-STREAM-INF"))?;
    let next = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
    Some(next.to_owned())
}

/// Of a list of segments (RFC 8216). One that was cut off before its end says nothing about its length.
pub(super) fn hls(text: &str) -> Facts {
    let tag = |name: &str| text.lines().any(|line| line.trim().starts_with(name));
    if !text.contains("#EXTINF") {
        return Facts::default();
    }
    if !tag("#EXT-X-ENDLIST") {
        let whole = tag("#EXT-X-PLAYLIST-TYPE:VOD") || text.len() >= super::BEGINNING;
        return Facts {
            duration: None,
            live: !whole,
        };
    }
    let lengths = text.lines().filter_map(|line| {
        let length = line.trim().strip_prefix("#EXTINF:")?;
        length.split(',').next()?.trim().parse::<f64>().ok()
    });
    let seconds: f64 = lengths
        .filter(|length| length.is_finite() && *length >= 0.0)
        .sum();
    Facts {
        duration: (seconds > 0.0).then_some(seconds),
        live: false,
    }
}

/// Of a manifest (ISO/IEC 23009-1).
pub(super) fn dash(text: &str) -> Facts {
    let start = text.find("<MPD").unwrap_or_default();
    let end = text[start..]
        .find('>')
        .map_or(text.len(), |end| start + end);
    let tag = &text[start..end];
    let attribute = |name: &str| {
        let from = tag.find(&format!("{name}=\""))? + name.len() + 2;
        tag[from..].split('"').next()
    };
    Facts {
        duration: attribute("mediaPresentationDuration").and_then(seconds),
        live: attribute("type") == Some("dynamic"),
    }
}

/// Of a duration such as `PT1H2M3.5S` (XML Schema; years and months are no lengths of films).
fn seconds(text: &str) -> Option<f64> {
    let (days, time) = text.strip_prefix('P')?.split_once('T')?;
    let mut total = match days.strip_suffix('D') {
        Some(days) => days.parse::<f64>().ok()? * 86_400.0,
        None if days.is_empty() => 0.0,
        None => return None,
    };
    let mut rest = time;
    while let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let count: f64 = rest[..end].parse().ok()?;
        total += count
            * match &rest[end..=end] {
                "H" => 3600.0,
                "M" => 60.0,
                "S" => 1.0,
                _ => return None,
            };
        rest = &rest[end + 1..];
    }
    (rest.is_empty() && total.is_finite() && total > 0.0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_segments_says_its_length_or_that_it_goes_on() {
        let film = "#EXTM3U\n#EXTINF:6.0,\na.ts\n#EXTINF:4.5,x\nb.ts\n#EXT-X-ENDLIST\n";
        assert_eq!(hls(film).duration, Some(10.5));
        let live = hls("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:6.0,\na.ts\n");
        assert_eq!((live.duration, live.live), (None, true));
        assert_eq!(hls("#EXTM3U\n"), Facts::default());
        let odd = hls("#EXTINF:NaN,\n#EXTINF:-3,\n#EXTINF:x,\n#EXT-X-ENDLIST");
        assert_eq!(odd, Facts::default());
    }

    #[test]
    fn a_multivariant_list_leads_on() {
        let list = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n\nv/0.m3u8\n";
        assert_eq!(first_variant(list).as_deref(), Some("v/0.m3u8"));
        assert_eq!(first_variant("#EXTM3U\n#EXTINF:6,\na.ts\n"), None);
    }

    #[test]
    fn a_manifest_says_its_length_or_that_it_goes_on() {
        let film = dash(
            "<?xml version='1.0'?><MPD type=\"static\" mediaPresentationDuration=\"PT1H2M3.5S\"></MPD>",
        );
        assert_eq!((film.duration, film.live), (Some(3723.5), false));
        assert!(dash("<MPD type=\"dynamic\">").live);
        for text in ["", "PT", "P1Y", "PT1X", "PT-", "1H", "PT1H2"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(seconds("P1DT1S"), Some(86_401.0));
    }
}
