//! What a setting is: its name, its words for people, and the heading that it stands under.
//!
//! Which settings there are stands in `settings.rs`; nothing here knows one of them.

/// One setting, under one name everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key in the settings file; the flag is `--key`, the variable `WATCHALONG_KEY`.
    pub key: &'static str,
    /// What `--help` calls the value.
    pub value: &'static str,
    /// The default as one would write it in the variable; empty when there is none.
    pub default: &'static str,
    /// What happens without a value, for settings whose default is empty.
    pub unset: &'static str,
    /// A value to show where the default is empty.
    pub example: &'static str,
    /// One or two sentences for people.
    pub help: &'static str,
    /// The heading that it stands under.
    pub section: Section,
    /// May be given several times (flag), as a list (file), or separated by commas (variable).
    pub repeatable: bool,
    /// Its value is never shown again.
    pub secret: bool,
    /// Given without a flag's name, as in `watchalong serve ~/Movies`.
    pub positional: bool,
    /// Variables that other programs know this setting by; the first that is set counts, after our own.
    pub also: &'static [&'static str],
    /// What the numbers of those variables count in, where they are bare: put behind them.
    pub also_in: &'static str,
    /// May stand in the settings file (all but the file's own name).
    pub in_file: bool,
}

/// The headings of `--help`, the settings file and the docs, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What is watched and where things are kept.
    Library,
    /// Addresses and proxies.
    Network,
    /// How fast media leave, and in what order.
    Delivery,
    /// What is done with films that a browser can't play.
    Converting,
    /// What members may bring.
    Uploads,
    /// Who may administer the server.
    Access,
    /// Clients of other programs.
    Dialects,
    /// How often one may do what costs others something.
    Limits,
    /// Logs, connections and stopping.
    Running,
}

impl Section {
    /// In the order of presentation.
    pub const ALL: [Self; 9] = [
        Self::Library,
        Self::Network,
        Self::Delivery,
        Self::Converting,
        Self::Uploads,
        Self::Access,
        Self::Dialects,
        Self::Limits,
        Self::Running,
    ];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "Library and data",
            Self::Network => "Network",
            Self::Delivery => "Delivery",
            Self::Converting => "Converting",
            Self::Uploads => "Uploads",
            Self::Access => "Access",
            Self::Dialects => "Other programs",
            Self::Limits => "Limits",
            Self::Running => "Running",
        }
    }
}

impl Setting {
    /// The variable's name: `WATCHALONG_ADMIN_KEY`.
    pub fn variable(&self) -> String {
        format!(
            "WATCHALONG_{}",
            self.key.to_ascii_uppercase().replace('-', "_")
        )
    }

    /// All variables that it is read from, for the docs: `WATCHALONG_JWT_SECRET`, `JWT_SECRET`.
    pub fn variables(&self) -> String {
        let also = self.also.iter().map(|name| format!(", `{name}`"));
        format!("`{}`{}", self.variable(), also.collect::<String>())
    }

    /// How it is given on the command line: `--admin-key`, or `MEDIA_DIR` for the positional one.
    pub fn flag(&self) -> String {
        if self.positional {
            self.value.to_owned()
        } else {
            format!("--{}", self.key)
        }
    }
}

/// What most settings are, so that the table says only what is special.
pub(super) const PLAIN: Setting = Setting {
    key: "",
    value: "",
    default: "",
    unset: "",
    example: "",
    help: "",
    section: Section::Running,
    repeatable: false,
    secret: false,
    positional: false,
    also: &[],
    also_in: "",
    in_file: true,
};

/// Two parts of the table as one.
pub(super) const fn followed_by<const N: usize>(
    first: &[Setting],
    then: &[Setting],
) -> [Setting; N] {
    let mut all = [PLAIN; N];
    let mut place = 0;
    while place < N {
        all[place] = if place < first.len() {
            first[place]
        } else {
            then[place - first.len()]
        };
        place += 1;
    }
    all
}
