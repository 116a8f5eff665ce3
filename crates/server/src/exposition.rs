//! Counters and histograms in the text format of Prometheus (version 0.0.4), for every dialect that has metrics.
//!
//! Numbers only, and labels whose values are known beforehand or bounded by the routes there are: none names anybody.
//! Which things are counted, and under what names, is the dialects'; whoever may read them is HTTP's.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What Prometheus asks for.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Sets of label values that one name may have, so that no client's nonsense fills the memory.
const SERIES: usize = 2000;

type Labels = Vec<String>;

/// What is told under one name: a value for each set of label values.
#[derive(Debug)]
struct Family<T> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    series: Mutex<BTreeMap<Labels, T>>,
}

impl<T> Family<T> {
    fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self {
            name,
            help,
            labels,
            series: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Labels, T>> {
        // Nothing in there can be left half done.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, values: &[&str], new: impl FnOnce() -> T, change: impl FnOnce(&mut T)) {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        let values: Labels = values.iter().map(|value| (*value).to_owned()).collect();
        let mut series = self.lock();
        if series.len() < SERIES || series.contains_key(&values) {
            change(series.entry(values).or_insert_with(new));
        }
    }

    fn head(&self, kind: &str, text: &mut String) {
        let Self { name, help, .. } = self;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// `name{label="value"}`, with one label more where there is one.
    fn line(&self, suffix: &str, values: &[String], more: Option<String>) -> String {
        let known = self.labels.iter().zip(values);
        let mut pairs: Vec<String> = known
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        pairs.extend(more);
        match pairs.is_empty() {
            true => format!("{}{suffix}", self.name),
            false => format!("{}{suffix}{{{}}}", self.name, pairs.join(",")),
        }
    }
}

fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    escaped.replace('\n', "\\n")
}

/// Counts of one name.
#[derive(Debug)]
pub struct Counter(Family<u64>);

impl Counter {
    /// None counted yet. `labels` are the names of what tells counts apart.
    pub fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        let family = Family::new(name, help, labels);
        if labels.is_empty() {
            family.change(&[], || 0, |_| {});
        }
        Self(family)
    }

    /// Values of the only label that are told as 0 before they are first counted.
    #[must_use]
    pub fn from_zero(self, values: &[&str]) -> Self {
        for value in values {
            self.0.change(&[value], || 0, |_| {});
        }
        self
    }

    /// Counts one.
    pub fn count(&self, values: &[&str]) {
        self.0.change(values, || 0, |count| *count += 1);
    }

    /// Tells all.
    pub fn write(&self, text: &mut String) {
        self.0.head("counter", text);
        for (values, count) in self.0.lock().iter() {
            let _ = writeln!(text, "{} {count}", self.0.line("", values, None));
        }
    }
}

/// How often what was seen, up to each bound.
#[derive(Debug)]
struct Buckets {
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

/// Distributions of one name, over these upper bounds; what is above the last counts in the whole.
#[derive(Debug)]
pub struct Histogram {
    family: Family<Buckets>,
    bounds: &'static [f64],
}

impl Histogram {
    /// Nothing seen yet.
    pub fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Self {
        let family = Family::new(name, help, labels);
        let histogram = Self { family, bounds };
        if labels.is_empty() {
            histogram.change(&[], |_| {});
        }
        histogram
    }

    fn change(&self, values: &[&str], change: impl FnOnce(&mut Buckets)) {
        let none = || Buckets {
            counts: vec![0; self.bounds.len()],
            count: 0,
            sum: 0.0,
        };
        self.family.change(values, none, change);
    }

    /// Counts what was seen.
    pub fn observe(&self, values: &[&str], seen: f64) {
        self.change(values, |buckets| {
            for (bound, count) in self.bounds.iter().zip(&mut buckets.counts) {
                *count += u64::from(seen <= *bound);
            }
            buckets.count += 1;
            buckets.sum += seen;
        });
    }

    /// Tells all.
    pub fn write(&self, text: &mut String) {
        self.family.head("histogram", text);
        for (values, buckets) in self.family.lock().iter() {
            let up_to = |bound: &dyn std::fmt::Display| Some(format!("le=\"{bound}\""));
            for (bound, count) in self.bounds.iter().zip(&buckets.counts) {
                let line = self.family.line("_bucket", values, up_to(bound));
                let _ = writeln!(text, "{line} {count}");
            }
            for (line, value) in [
                (
                    self.family.line("_bucket", values, up_to(&"+Inf")),
                    buckets.count as f64,
                ),
                (self.family.line("_sum", values, None), buckets.sum),
                (
                    self.family.line("_count", values, None),
                    buckets.count as f64,
                ),
            ] {
                let _ = writeln!(text, "{line} {value}");
            }
        }
    }
}

/// A value that is known only when it is asked for.
pub fn gauge(name: &str, help: &str, value: usize, text: &mut String) {
    let _ = writeln!(
        text,
        "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_with_its_labels() {
        let counter = Counter::new("asked_total", "Asked.", &["how", "what"]);
        counter.count(&["GET", "a\"b\n"]);
        counter.count(&["GET", "a\"b\n"]);
        let zero = Counter::new("left_total", "Left.", &["why"]).from_zero(&["end", "kick"]);
        zero.count(&["kick"]);
        let took = Histogram::new("took", "Took.", &[], &[0.1, 1.0]);
        took.observe(&[], 0.5);
        took.observe(&[], 7.0);
        let mut text = String::new();
        counter.write(&mut text);
        zero.write(&mut text);
        took.write(&mut text);
        gauge("open", "Open.", 3, &mut text);
        let told: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            told,
            [
                r#"asked_total{how="GET",what="a\"b\n"} 2"#,
                r#"left_total{why="end"} 0"#,
                r#"left_total{why="kick"} 1"#,
                r#"took_bucket{le="0.1"} 0"#,
                r#"took_bucket{le="1"} 1"#,
                r#"took_bucket{le="+Inf"} 2"#,
                "took_sum 7.5",
                "took_count 2",
                "open 3",
            ]
        );
    }

    #[test]
    fn labels_that_clients_make_up_have_an_end() {
        let counter = Counter::new("asked_total", "Asked.", &["what"]);
        for n in 0..SERIES + 10 {
            counter.count(&[&n.to_string()]);
        }
        assert_eq!(counter.0.lock().len(), SERIES);
    }
}
