//! Where values come from: flag over variable over file over default, each remembered with its origin.
//!
//! Everything here is still text; `values.rs` turns it into what the server uses.
use super::error::{ConfigError, Origin};
use super::settings::{SETTINGS, Setting};
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A settings file is a page of text; anything larger is some other file.
const MAX_FILE: u64 = 1 << 20;

/// A setting's texts and where they came from.
#[derive(Debug, Clone)]
pub struct Given {
    /// Which.
    pub setting: &'static Setting,
    /// None when it is unset; several only for repeatable ones.
    pub texts: Vec<OsString>,
    /// Of all of them: layers replace one another, lists are not joined.
    pub origin: Origin,
}

/// The variables of the environment, or a test's own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The table as clap's arguments.
pub fn arguments() -> impl Iterator<Item = Arg> {
    SETTINGS.iter().map(|setting| {
        let mut note = match (setting.default, setting.unset) {
            ("", unset) => format!("without it: {unset}"),
            (default, _) => format!("default: {default}"),
        };
        note.push_str("; ");
        note.push_str(&setting.variable());
        for name in setting.also {
            note.push_str(" or ");
            note.push_str(name);
        }
        let arg = Arg::new(setting.key)
            .value_name(setting.value)
            .help(format!("{} [{note}]", setting.help))
            .help_heading(setting.section.title())
            .value_parser(value_parser!(OsString))
            .action(if setting.repeatable {
                ArgAction::Append
            } else {
                ArgAction::Set
            });
        match (setting.positional, setting.repeatable) {
            (true, _) => arg.num_args(0..),
            (false, _) => arg.long(setting.key),
        }
    })
}

/// Every setting of the table, from the highest layer that says something.
///
/// # Errors
/// When the settings file can't be read, is no TOML, or holds a key that does not exist.
pub fn resolve(
    flags: &ArgMatches,
    environment: Environment<'_>,
) -> Result<Vec<Given>, ConfigError> {
    let said =
        |setting: &'static Setting| flag(setting, flags).or_else(|| variable(setting, environment));
    let config = super::settings::find("config").expect("`config` is in the table");
    let file = match said(config) {
        Some(given) => read_file(&PathBuf::from(&given.texts[0]))?,
        None => Vec::new(),
    };
    let mut resolved = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        let from_file = || {
            file.iter()
                .find(|given| given.setting.key == setting.key)
                .cloned()
        };
        resolved.push(
            said(setting)
                .or_else(from_file)
                .unwrap_or_else(|| default(setting)),
        );
    }
    Ok(resolved)
}

fn flag(setting: &'static Setting, flags: &ArgMatches) -> Option<Given> {
    let texts: Vec<OsString> = flags.get_many::<OsString>(setting.key)?.cloned().collect();
    (!texts.is_empty()).then(|| Given {
        setting,
        texts,
        origin: Origin::Flag(setting.flag()),
    })
}

/// An empty variable counts as unset: that is how compose files and shells pass "nothing".
fn variable(setting: &'static Setting, environment: Environment<'_>) -> Option<Given> {
    let names = [setting.variable()]
        .into_iter()
        .chain(setting.also.iter().map(|name| (*name).to_owned()));
    let set = |name: String| Some((environment(&name).filter(|text| !text.is_empty())?, name));
    let (text, name) = names.into_iter().find_map(set)?;
    let text = if name == setting.variable() {
        text
    } else {
        in_unit(text, setting.also_in)
    };
    let texts = match text.to_str() {
        Some(text) if setting.repeatable => split(text),
        _ => vec![text],
    };
    Some(Given {
        setting,
        texts,
        origin: Origin::Variable(name),
    })
}

/// A bare number with its unit behind it.
fn in_unit(text: OsString, unit: &str) -> OsString {
    match text.to_str().map(str::trim) {
        Some(number) if number.parse::<f64>().is_ok() => format!("{number}{unit}").into(),
        _ => text,
    }
}

fn default(setting: &'static Setting) -> Given {
    let texts = match setting.default {
        "" => Vec::new(),
        list if setting.repeatable => split(list),
        one => vec![one.into()],
    };
    Given {
        setting,
        texts,
        origin: Origin::Default,
    }
}

fn split(list: &str) -> Vec<OsString> {
    list.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(OsString::from)
        .collect()
}

fn read_file(path: &Path) -> Result<Vec<Given>, ConfigError> {
    let size = std::fs::metadata(path)
        .map_err(|why| ConfigError::file(path, why))?
        .len();
    if size > MAX_FILE {
        return Err(ConfigError::file(
            path,
            format!("it has {size} bytes, and settings never need more than 1 MiB"),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|why| ConfigError::file(path, why))?;
    let table: toml::Table = text.parse().map_err(|why| ConfigError::file(path, why))?;
    table
        .into_iter()
        .map(|(key, value)| from_file(path, &key, value))
        .collect()
}

fn from_file(path: &Path, key: &str, value: toml::Value) -> Result<Given, ConfigError> {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.in_file && setting.key == key);
    let Some(setting) = setting else {
        return Err(ConfigError::UnknownKey {
            key: key.to_owned(),
            file: path.to_owned(),
            nearest: nearest(key),
        });
    };
    let origin = Origin::File(path.to_owned());
    let wrong = |expected: &str| ConfigError::Value {
        setting: setting.key,
        origin: origin.clone(),
        value: if setting.secret {
            "what it is".to_owned()
        } else {
            format!("of the kind {}", value.type_str())
        },
        expected: expected.to_owned(),
    };
    let texts = match &value {
        toml::Value::Array(items) if setting.repeatable => items
            .iter()
            .map(|item| {
                scalar(item).ok_or_else(|| wrong("a list of texts in quotes would be right"))
            })
            .collect::<Result<Vec<_>, _>>()?,
        other => vec![
            scalar(other)
                .ok_or_else(|| wrong("one text in quotes, or a number, would be right"))?,
        ],
    };
    Ok(Given {
        setting,
        texts,
        origin,
    })
}

fn scalar(value: &toml::Value) -> Option<OsString> {
    match value {
        toml::Value::String(text) => Some(text.into()),
        toml::Value::Integer(number) => Some(number.to_string().into()),
        toml::Value::Float(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// The setting that was probably meant: at most a third of its letters differ.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_ascii_lowercase();
    SETTINGS
        .iter()
        .filter(|setting| setting.in_file)
        .map(|setting| (distance(&key, setting.key), setting.key))
        .min()
        .filter(|(distance, meant)| *distance <= meant.len().div_ceil(3))
        .map(|(_, meant)| meant)
}

/// Levenshtein's distance in bytes; `key` is cut where no setting could be near any more.
fn distance(key: &str, meant: &str) -> usize {
    let key = &key.as_bytes()[..key.len().min(64)];
    let mut row: Vec<usize> = (0..=meant.len()).collect();
    for (i, a) in key.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in meant.bytes().enumerate() {
            let replaced = diagonal + usize::from(*a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[meant.len()]
}
