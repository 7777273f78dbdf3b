//! Whether settings exist, and whether the filter of the log can be read.
//! Comes in: keys with the place that gives them. Goes out: a sentence about the first that is wrong. Must not know: the values' types.

use super::load::DEFAULTS;
use std::collections::BTreeSet;
use toml::{Table, Value};
use tracing::level_filters::LevelFilter;

/// Every key, as `section.key`: the embedded defaults name all of them.
pub struct KnownKeys(BTreeSet<String>);

impl KnownKeys {
    pub fn of_defaults() -> Self {
        let defaults: Table = DEFAULTS.parse().unwrap_or_default();
        Self(keys(&defaults).into_iter().collect())
    }

    /// # Errors
    /// A sentence when there is no such setting. `place`: where the key stands, for example `the file skillgate.toml`.
    pub fn require(&self, key: &str, place: &str) -> Result<(), String> {
        if self.0.contains(key) {
            return Ok(());
        }
        let section = key.split('.').next().unwrap_or_default();
        let siblings: Vec<&str> = self.0.iter().filter_map(|known| known.strip_prefix(section)?.strip_prefix('.')).collect();
        let hint = match siblings.is_empty() {
            true => "`skillgate doctor --settings` prints every setting".to_owned(),
            false => format!("the section {section} has {}", siblings.join(", ")),
        };
        Err(format!("{place} gives {key}, and there is no such setting; {hint}"))
    }
}

/// The keys of a settings file, as `section.key`.
pub fn keys(table: &Table) -> Vec<String> {
    let mut keys = Vec::new();
    for (section, value) in table {
        match value {
            Value::Table(inner) => keys.extend(inner.keys().map(|key| format!("{section}.{key}"))),
            _ => keys.push(section.clone()),
        }
    }
    keys
}

/// Checks `log.level`: levels, and modules with a level, separated by commas. The library that filters would take a misspelt
/// level for the name of a module, and the log would stay empty.
///
/// # Errors
/// A sentence that quotes the part that can't be read.
pub fn check_log_level(filter: &str) -> Result<(), String> {
    for part in filter.split(',').map(str::trim) {
        let (module, level) = part.rsplit_once('=').map_or((None, part), |(module, level)| (Some(module), level));
        if module.is_some_and(|module| module.trim().is_empty()) || !is_level(level.trim()) {
            return Err(format!(
                "log.level holds \"{part}\"; write error, warn, info, debug, trace or off, or a module with a level, \
                 for example info,skillgate::connector=debug"
            ));
        }
    }
    Ok(())
}

/// The library takes an empty text for a level, too.
fn is_level(text: &str) -> bool {
    !text.is_empty() && text.parse::<LevelFilter>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_no_module() {
        for right in ["info", "WARN", "info,skillgate::connector=debug", "off , skillgate=trace"] {
            check_log_level(right).unwrap();
        }
        for wrong in ["lou", "", "info,", "info,skillgate=lou", "=debug", "skillgate::connector"] {
            assert!(check_log_level(wrong).unwrap_err().contains("write error, warn"), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_the_keys_of_its_section() {
        let known = KnownKeys::of_defaults();
        known.require("http.listen", "--set").unwrap();
        let told = known.require("http.listn", "the file skillgate.toml").unwrap_err();
        assert!(told.starts_with("the file skillgate.toml gives http.listn, and there is no such setting"), "{told}");
        assert!(told.contains("listen, proxies, public_url"), "{told}");
        assert!(known.require("htp.listen", "--set").unwrap_err().contains("skillgate doctor --settings"));
    }
}
