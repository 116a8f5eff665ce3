//! What can be wrong with settings, said so that a person can mend it.
use std::path::{Path, PathBuf};

/// Where a value came from. Later ones win: default, file, variable, flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The settings file.
    File(PathBuf),
    /// A `WATCHALONG_*` variable.
    Variable(String),
    /// The command line, as it is written there.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Flag(name) => write!(f, "the command line ({name})"),
        }
    }
}

/// Settings that can't be used. Every one of them has the code `bad_setting`.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that its setting does not take.
    #[error("the setting `{setting}` from {origin} can't be {value}: {expected}")]
    Value {
        /// The setting's key.
        setting: &'static str,
        /// Where the value came from.
        origin: Origin,
        /// The value in quotes, or a word for it when it is secret.
        value: String,
        /// What is wrong and what would be right.
        expected: String,
    },
    /// A key in the settings file that no setting has.
    #[error("{} has a setting `{key}`, which does not exist{}", .file.display(), suggestion(.nearest))]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The settings file.
        file: PathBuf,
        /// The setting that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A settings file that can't be read.
    #[error("the settings file {} can't be read: {why}", .file.display())]
    File {
        /// The settings file.
        file: PathBuf,
        /// What the system or the TOML parser said, with the line.
        why: String,
    },
    /// A command line that does not parse (only from [`super::Config::parse`]; the binary leaves this to clap).
    #[error("{0}")]
    Usage(String),
}

impl ConfigError {
    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        "bad_setting"
    }

    pub(super) fn file(file: &Path, why: impl std::fmt::Display) -> Self {
        Self::File {
            file: file.to_owned(),
            why: why.to_string().trim_end().to_owned(),
        }
    }
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(key) => format!("; did you mean `{key}`?"),
        None => "; `watchalong config` prints all that do".to_owned(),
    }
}
