//! A secret in a file, as Docker and Kubernetes mount it: named by a variable that ends in `_FILE`.

use super::{ConfigError, Secret};

/// A setting that may be a value or the file that holds it.
pub(super) struct SecretSetting<'a> {
    pub(super) variable: &'static str,
    pub(super) value: Option<&'a Secret>,
    pub(super) file_flag: &'static str,
    pub(super) file_variable: &'static str,
    pub(super) file: Option<&'a str>,
}

impl SecretSetting<'_> {
    /// The secret; `None` when neither is set. An empty variable is an unset one.
    pub(super) fn read(&self) -> Result<Option<Secret>, ConfigError> {
        let value = self.value.filter(|secret| !secret.expose().is_empty());
        match (value, self.file.filter(|path| !path.is_empty())) {
            (None, None) => Ok(None),
            (Some(secret), None) => Ok(Some(secret.clone())),
            (None, Some(path)) => self.read_file(path).map(Some),
            (Some(_), Some(_)) => {
                Err(ConfigError::Contradiction { first: self.variable, second: self.file_variable })
            }
        }
    }

    fn read_file(&self, path: &str) -> Result<Secret, ConfigError> {
        let invalid = |reason: String| ConfigError::Invalid {
            flag: self.file_flag,
            variable: self.file_variable,
            value: path.to_owned(),
            reason,
        };
        let text =
            std::fs::read_to_string(path).map_err(|error| invalid(format!("cannot be read: {error}")))?;
        // An editor ends the last line.
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(invalid("the file is empty".to_owned())),
            secret => Ok(Secret::from(secret)),
        }
    }
}
