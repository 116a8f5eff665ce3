//! Skew over time as an SVG picture: one panel for each repetition, one line for each page against
//! the host's, upright lines where the host pressed something.

use std::fmt::Write as _;

use super::measure::position;
use super::scenario::Record;

const WIDTH: f64 = 960.0;
const PANEL: f64 = 180.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 44.0;
const GAP: f64 = 34.0;
/// Skews beyond this are drawn at the edge, ms.
const RANGE: f64 = 100.0;
/// A point every so many ms.
const STEP: f64 = 40.0;
/// Told apart by people with any kind of colour vision.
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// The picture.
pub fn draw(name: &str, records: &[Record]) -> String {
    let height = TOP + records.len() as f64 * (PANEL + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">Skew against the host's page, ms (positive: ahead), {name}</text>\n"
    );
    for (index, record) in records.iter().enumerate() {
        panel(&mut svg, record, TOP + index as f64 * (PANEL + GAP));
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, record: &Record, top: f64) {
    let Some(&(_, from)) = record.actions.first() else {
        return;
    };
    let ends = record.pages.iter().filter_map(|page| page.frames.last());
    let to = ends.map(|frame| frame.at).fold(from + 1000.0, f64::max);
    let x = |at: f64| LEFT + (at - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    let y = |skew: f64| top + PANEL / 2.0 - skew.clamp(-RANGE, RANGE) / RANGE * PANEL / 2.0;

    // Writing into a String can't fail.
    for level in [-100.0, -40.0, 0.0, 40.0, 100.0] {
        let (at, shade) = (y(level), if level == 0.0 { "#888" } else { "#ddd" });
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"{shade}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{level}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0
        );
    }
    for &(action, at) in &record.actions {
        let _ = writeln!(
            svg,
            "<path d=\"M{0:.1} {top}v{PANEL}\" stroke=\"#999\" stroke-dasharray=\"3 3\"/><text x=\"{0:.1}\" y=\"{1:.1}\" fill=\"#555\">{2}</text>",
            x(at),
            top + PANEL + 14.0,
            action.name()
        );
    }
    let Some((host, others)) = record.pages.split_first() else {
        return;
    };
    for (page, other) in others.iter().enumerate() {
        let mut path = String::new();
        let mut pen_down = false;
        for step in 0..((to - from) / STEP) as usize {
            let at = from + step as f64 * STEP;
            let both = position(&host.frames, at).zip(position(&other.frames, at));
            if let Some((host, other)) = both {
                let command = if pen_down { 'L' } else { 'M' };
                let _ = write!(
                    path,
                    "{command}{:.1} {:.1}",
                    x(at),
                    y((other - host) * 1000.0)
                );
            }
            pen_down = both.is_some();
        }
        let colour = COLOURS[page % COLOURS.len()];
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.2\"/>"
        );
        let label = if page + 1 == others.len() {
            "late joiner".to_owned()
        } else {
            format!("page {}", page + 1)
        };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{label}</text>",
            LEFT + 90.0 * page as f64,
            top - 4.0
        );
    }
}
