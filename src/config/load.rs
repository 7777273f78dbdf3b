//! Reads the settings from their four sources.

use super::Settings;
use super::known::{KnownKeys, check_log_level, keys};
use config::{Config, ConfigBuilder, Environment, File, FileFormat, builder::DefaultState};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub const DEFAULTS: &str = include_str!("defaults.toml");
const PREFIX: &str = "SKILLGATE_";
/// Names the settings file; not a setting itself.
const FILE_VARIABLE: &str = "SKILLGATE_CONFIG";
/// Variables that are not settings: secrets of connections (`env:SKILLGATE_SECRET_…`), and the services of the tests.
const NOT_SETTINGS: [&str; 2] = ["SKILLGATE_SECRET_", "SKILLGATE_TEST_"];
/// Settings that are lists. In the environment and in flags, commas separate their items.
const LISTS: [&str; 6] = [
    "http.proxies",
    "http_client.allow_private",
    "issuer_client.allow_private",
    "delivery.retry_schedule_seconds",
    "channels.link_hosts",
    "channels.link_platforms_off",
];

/// Values given as flags: they win over everything else. Keys are `section.key`.
pub type Overrides = Vec<(String, String)>;

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the settings file {0} can't be read; check the path given with --config")]
    FileMissing(PathBuf),
    #[error("a setting is wrong: {0}")]
    Invalid(String),
}

/// Loads the settings. `environment`: the variables of the process, or of a test.
pub fn load(file: Option<&Path>, environment: HashMap<String, String>, flags: &Overrides) -> Result<Settings, SettingsError> {
    let known = KnownKeys::of_defaults();
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|_| SettingsError::FileMissing(path.to_owned()))?;
        // A file that is no TOML is told below, with the line.
        for key in text.parse::<toml::Table>().map(|table| keys(&table)).unwrap_or_default() {
            known.require(&key, &format!("the file {}", path.display())).map_err(SettingsError::Invalid)?;
        }
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    builder = add_environment(builder, environment, &known)?;
    for (key, value) in flags {
        known.require(key, "--set").map_err(SettingsError::Invalid)?;
        builder = set(builder, key, value)?;
    }
    let settings: Settings = builder.build().and_then(Config::try_deserialize).map_err(invalid)?;
    check_log_level(&settings.log.level).map_err(SettingsError::Invalid)?;
    Ok(settings)
}

/// Values stay text, because `try_parsing` would turn a secret `0012` into 12. Serde converts the values of number settings.
fn add_environment(
    mut builder: ConfigBuilder<DefaultState>,
    environment: HashMap<String, String>,
    known: &KnownKeys,
) -> Result<ConfigBuilder<DefaultState>, SettingsError> {
    let mut plain = HashMap::new();
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || name == FILE_VARIABLE || NOT_SETTINGS.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        known.require(&key, &format!("the environment variable {name}")).map_err(SettingsError::Invalid)?;
        if LISTS.contains(&key.as_str()) {
            builder = set(builder, &key, &value)?;
        } else {
            plain.insert(name, value);
        }
    }
    let source = Environment::with_prefix("SKILLGATE").prefix_separator("_").separator("__").source(Some(plain));
    Ok(builder.add_source(source))
}

/// Sets one value from text; commas separate the items of a list, which may have the brackets and quotes of TOML.
fn set(builder: ConfigBuilder<DefaultState>, key: &str, value: &str) -> Result<ConfigBuilder<DefaultState>, SettingsError> {
    if LISTS.contains(&key) {
        let inside = value.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
        let items = inside.split(',').map(|item| item.trim().trim_matches(['"', '\'']));
        let items: Vec<&str> = items.filter(|item| !item.is_empty()).collect();
        return builder.set_override(key, items).map_err(invalid);
    }
    builder.set_override(key, value).map_err(invalid)
}

fn invalid(error: config::ConfigError) -> SettingsError {
    SettingsError::Invalid(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_defaults_need_nothing_installed() {
        let settings = load(None, HashMap::new(), &vec![]).unwrap();
        assert_eq!(settings.http.listen, "127.0.0.1:8080");
        assert!(settings.database.url.expose().starts_with("sqlite://"));
        assert_eq!(settings.queue.url.expose(), "memory:");
        assert!(settings.http_client.allow_private.is_empty() && settings.issuer_client.allow_private.is_empty());
    }

    #[test]
    fn a_network_that_is_open_for_connectors_is_not_open_for_what_credentials_name() {
        let flag = vec![("http_client.allow_private".to_owned(), "127.0.0.0/8".to_owned())];
        assert!(load(None, HashMap::new(), &flag).unwrap().issuer_client.allow_private.is_empty());
    }

    #[test]
    fn the_limits_in_the_code_are_the_defaults() {
        assert_eq!(load(None, HashMap::new(), &vec![]).unwrap().intake, crate::document::Limits::STANDARD);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_flags_win_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skillgate.toml");
        std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n").unwrap();
        let variables =
            environment(&[("SKILLGATE_HTTP__LISTEN", "127.0.0.1:2"), ("SKILLGATE_HTTP__PUBLIC_URL", "https://a.example.org")]);
        let settings = load(Some(&file), variables, &vec![("http.public_url".into(), "https://b.example.org".into())]).unwrap();
        assert_eq!(settings.http.listen, "127.0.0.1:2");
        assert_eq!(settings.http.workers, 3);
        assert_eq!(settings.http.public_url, "https://b.example.org");
    }

    #[test]
    fn secrets_made_of_digits_keep_their_zeros() {
        let settings = load(None, environment(&[("SKILLGATE_AUTH__BOOTSTRAP_KEY", "0012")]), &vec![]).unwrap();
        assert_eq!(settings.auth.bootstrap_key.expose(), "0012");
    }

    #[test]
    fn lists_in_the_environment_and_in_flags_are_separated_by_commas() {
        let flag = vec![("http_client.allow_private".to_owned(), "127.0.0.0/8".to_owned())];
        assert_eq!(load(None, HashMap::new(), &flag).unwrap().http_client.allow_private.len(), 1);
        for list in ["[127.0.0.0/8, 10.0.0.0/8]", r#"["127.0.0.0/8", "10.0.0.0/8"]"#] {
            let flag = vec![("http_client.allow_private".to_owned(), list.to_owned())];
            assert_eq!(load(None, HashMap::new(), &flag).unwrap().http_client.allow_private.len(), 2, "{list}");
        }
        let settings =
            load(None, environment(&[("SKILLGATE_HTTP_CLIENT__ALLOW_PRIVATE", "127.0.0.0/8, 10.0.0.0/8")]), &vec![]).unwrap();
        assert_eq!(settings.http_client.allow_private.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_told_with_the_file_the_variable_or_the_flag_that_gives_it() {
        let told = |error: SettingsError| error.to_string();
        let by_variable = load(None, environment(&[("SKILLGATE_HTTP__LISTN", "x")]), &vec![]).unwrap_err();
        assert!(told(by_variable).contains("the environment variable SKILLGATE_HTTP__LISTN gives http.listn"));
        let by_flag = load(None, HashMap::new(), &vec![("htp.listen".into(), "x".into())]).unwrap_err();
        assert!(told(by_flag).contains("--set gives htp.listen"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("skillgate.toml");
        std::fs::write(&file, "[http]\nlistn = \"x\"\n").unwrap();
        let by_file = told(load(Some(&file), HashMap::new(), &vec![]).unwrap_err());
        assert!(by_file.contains(&format!("the file {} gives http.listn", file.display())), "{by_file}");
        std::fs::write(&file, "colour = \"blue\"\n").unwrap();
        assert!(told(load(Some(&file), HashMap::new(), &vec![]).unwrap_err()).contains("gives colour"));
        std::fs::write(&file, "[http\n").unwrap();
        let broken = told(load(Some(&file), HashMap::new(), &vec![]).unwrap_err());
        assert!(broken.contains("skillgate.toml"), "{broken}");
    }

    #[test]
    fn secrets_of_connections_in_the_environment_are_no_settings() {
        load(None, environment(&[("SKILLGATE_SECRET_ASHBY", "x")]), &vec![]).unwrap();
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Some(Path::new("/nowhere/skillgate.toml")), HashMap::new(), &vec![]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/skillgate.toml"));
    }
}
