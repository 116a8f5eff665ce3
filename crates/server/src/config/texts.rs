//! The resolved texts of settings, and how to read them with errors that name their setting.
//!
//! Here are also the few values that are made of more than one setting: a host and a port, a provider's parts, a key
//! that may stand in a file.
use super::error::{ConfigError, Origin};
use super::layers::Given;
use super::values;
use crate::oidc::OidcSettings;
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The resolved texts.
pub(super) struct Texts<'a> {
    given: &'a [Given],
}

impl<'a> Texts<'a> {
    pub(super) fn of_all(given: &'a [Given]) -> Self {
        Self { given }
    }

    fn of(&self, key: &'static str) -> &Given {
        self.given
            .iter()
            .find(|given| given.setting.key == key)
            .expect("every setting of the table is resolved")
    }

    /// Relative paths in a settings file count from its folder, wherever the server was started.
    pub(super) fn folder_of_file(&self, key: &'static str) -> Option<PathBuf> {
        match &self.of(key).origin {
            Origin::File(path) => path.parent().map(Path::to_owned),
            _ => None,
        }
    }

    pub(super) fn each<T>(
        &self,
        key: &'static str,
        read: impl Fn(&OsStr) -> values::Read<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let Given {
            setting,
            texts,
            origin,
        } = self.of(key);
        let wrong = |raw: &OsStr, expected| ConfigError::Value {
            setting: setting.key,
            origin: origin.clone(),
            value: if setting.secret {
                "what it is".to_owned()
            } else {
                format!("{raw:?}")
            },
            expected,
        };
        texts
            .iter()
            .map(|raw| read(raw).map_err(|expected| wrong(raw, expected)))
            .collect()
    }

    pub(super) fn last<T>(
        &self,
        key: &'static str,
        read: impl Fn(&OsStr) -> values::Read<T>,
    ) -> Result<Option<T>, ConfigError> {
        Ok(self.each(key, read)?.pop())
    }

    pub(super) fn some<T>(
        &self,
        key: &'static str,
        read: impl Fn(&OsStr) -> values::Read<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let values = self.each(key, read)?;
        let Given {
            setting, origin, ..
        } = self.of(key);
        if values.is_empty() {
            let expected = format!("at least one would be right, such as {}", setting.default);
            return Err(ConfigError::Value {
                setting: setting.key,
                origin: origin.clone(),
                value: "an empty list".to_owned(),
                expected,
            });
        }
        Ok(values)
    }

    /// Where to listen. A port alone, and the default, are at `listen-host`.
    pub(super) fn listen(&self) -> Result<Vec<SocketAddr>, ConfigError> {
        let host = match self.last("listen-host", values::listen_host) {
            // Shells set this one to the machine's name, which nobody meant for us.
            Err(_) if self.of("listen-host").origin == Origin::Variable("HOST".to_owned()) => None,
            host => host?,
        };
        let anywhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let at = host.unwrap_or(anywhere);
        let mut listen = self.some("listen", |raw| values::listen(raw, at))?;
        if self.of("listen").origin == Origin::Default {
            listen.iter_mut().for_each(|address| address.set_ip(at));
        }
        Ok(listen)
    }

    /// The admin key: a setting, or the file `admin.key` in the data folder, where another server keeps its own.
    pub(super) fn admin_key(&self, data: &Path) -> Result<Option<String>, ConfigError> {
        let key = self.last("admin-key", values::admin_key)?;
        if key.is_some() {
            return Ok(key);
        }
        let path = data.join("admin.key");
        values::key_file(&path).map_err(|expected| ConfigError::Value {
            setting: "admin-key",
            origin: Origin::File(path),
            value: "what it is".to_owned(),
            expected,
        })
    }

    /// The provider, where one is set; half of one is a mistake.
    pub(super) fn oidc(&self) -> Result<Option<OidcSettings>, ConfigError> {
        let issuer = self.last("oidc-issuer", values::issuer)?;
        let client_id = self.last("oidc-client-id", values::word)?;
        let client_secret = self.last("oidc-client-secret", values::word)?;
        let name = self.last("oidc-name", values::button)?;
        let (given, missing) = match (issuer, client_id) {
            (Some(issuer), Some(client_id)) => {
                let name = name.unwrap_or_else(|| values::host(&issuer));
                return Ok(Some(OidcSettings {
                    issuer,
                    client_id,
                    client_secret,
                    name,
                }));
            }
            (Some(_), None) => ("oidc-issuer", "oidc-client-id"),
            (None, Some(_)) => ("oidc-client-id", "oidc-issuer"),
            // Neither: then nothing else of a provider may be there, or somebody believes that it works.
            (None, None) => match (client_secret, name) {
                (None, None) => return Ok(None),
                (Some(_), _) => ("oidc-client-secret", "oidc-issuer"),
                (None, Some(_)) => ("oidc-name", "oidc-issuer"),
            },
        };
        Err(ConfigError::Value {
            setting: given,
            origin: self.of(given).origin.clone(),
            value: "given alone".to_owned(),
            expected: format!("`{missing}` is needed as well"),
        })
    }

    pub(super) fn one<T>(
        &self,
        key: &'static str,
        read: impl Fn(&OsStr) -> values::Read<T>,
    ) -> Result<T, ConfigError> {
        Ok(self
            .some(key, read)?
            .pop()
            .expect("`some` gives at least one"))
    }
}
