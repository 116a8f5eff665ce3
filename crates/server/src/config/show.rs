//! The table as a settings file with every line explained, and as docs/settings.md.
use super::programs::UNUSED;
use super::settings::{SETTINGS, Section, Setting};
use std::fmt::Write as _;

/// Settings files are read on phones and in terminals: short lines.
const WIDTH: usize = 92;

/// What `watchalong config` prints: a TOML file in which every setting stands at its default, commented out.
pub fn annotated_file() -> String {
    let mut out = String::from(
        "# Settings of Watchalong. Every line that starts with # is a comment; take the # away to change a\n\
         # setting. Use it with `watchalong serve --config FILE`. A flag or a WATCHALONG_* variable of the\n\
         # same name wins over the file. Relative paths count from this file's folder.\n",
    );
    for section in Section::ALL {
        push(&mut out, format_args!("\n# --- {} ---\n", section.title()));
        for setting in in_file(section) {
            out.push('\n');
            for line in wrap(setting.help, WIDTH - 2) {
                push(&mut out, format_args!("# {line}\n"));
            }
            let (shown, note) = match setting.default {
                "" => (
                    setting.example,
                    format!("Not set: {}. For example:", setting.unset),
                ),
                default => (default, "Default:".to_owned()),
            };
            for line in wrap(&note, WIDTH - 2) {
                push(&mut out, format_args!("# {line}\n"));
            }
            push(
                &mut out,
                format_args!("#{} = {}\n", setting.key, literal(setting, shown)),
            );
        }
    }
    out
}

/// docs/settings.md.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Settings\n\n\
         Every setting can be given as a flag of `watchalong serve`, as a variable, or as a line of a TOML file\n\
         named with `--config`. Flags win over variables, variables over the file, the file over the default.\n\
         What can be given several times is a list in the file (`listen = [\"127.0.0.1:8080\", \"[::1]:8080\"]`) and\n\
         separated by commas in the variable. A path may start with `~/`; relative paths in the file count from\n\
         the file's folder. An empty variable counts as not given.\n\n\
         `watchalong config` prints the file with all settings explained. This page is made from the same table\n\
         by `watchalong config --markdown`.\n",
    );
    for section in Section::ALL {
        push(&mut out, format_args!("\n## {}\n\n", section.title()));
        out.push_str(
            "| Flag | File | Variable | Default | What it does |\n|---|---|---|---|---|\n",
        );
        for setting in SETTINGS.iter().filter(|setting| setting.section == section) {
            let flag = match (setting.positional, setting.repeatable) {
                (true, _) => format!("`{}...`", setting.value),
                (false, true) => format!("`--{} {}` (repeatable)", setting.key, setting.value),
                (false, false) => format!("`--{} {}`", setting.key, setting.value),
            };
            let file = if setting.in_file {
                format!("`{}`", setting.key)
            } else {
                "–".to_owned()
            };
            let default = match setting.default {
                "" => format!("not set: {}", setting.unset),
                default => format!("`{default}`"),
            };
            push(
                &mut out,
                format_args!(
                    "| {flag} | {file} | {} | {default} | {} |\n",
                    setting.variables(),
                    setting.help
                ),
            );
        }
    }
    out.push_str(
        "\n## Variables that mean nothing here\n\n\
         Other programs' servers read these, too. Where one is set, this server says at its start why it has no effect.\n\n\
         | Variable | Why |\n|---|---|\n",
    );
    for unused in UNUSED {
        push(
            &mut out,
            format_args!("| `{}` | {} |\n", unused.name, unused.why),
        );
    }
    out
}

fn in_file(section: Section) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(move |setting| setting.section == section && setting.in_file)
}

/// As TOML: numbers bare, lists in brackets.
fn literal(setting: &Setting, text: &str) -> String {
    let one = |text: &str| match text.parse::<i64>() {
        Ok(number) => number.to_string(),
        // The table holds plain text, for which quotes are the same in TOML as in Rust.
        Err(_) => format!("{text:?}"),
    };
    if setting.repeatable {
        format!(
            "[{}]",
            text.split(',').map(one).collect::<Vec<_>>().join(", ")
        )
    } else {
        one(text)
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a String can't fail");
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("starts with one line");
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
