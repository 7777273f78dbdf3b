//! The words of the pages in every language, from the files of `messages/LANGUAGE/`.
//! Comes in: what a browser prefers, and a text's key. Goes out: the text. Must not know: which page shows it.
//! Tests see to it that every language has every text, and that a page names no text that is missing.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "de")]
    German,
    #[serde(rename = "es")]
    Spanish,
}

impl Language {
    pub const ALL: [Language; 3] = [Self::English, Self::German, Self::Spanish];

    /// The tag of BCP 47, which is also the name of the language's folder.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    /// What the language calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
        }
    }

    /// The language of a tag such as `de` or `de-CH`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.tag() == primary)
    }

    /// The best language for an `Accept-Language` header (RFC 9110 §12.5.4); English when it names no language of the pages.
    pub fn preferred(accepted: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for part in accepted.split(',') {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(Self::of_tag) else { continue };
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }
}

/// Texts by key, for each language.
static TEXTS: LazyLock<BTreeMap<Language, BTreeMap<String, String>>> =
    LazyLock::new(|| Language::ALL.into_iter().map(|language| (language, read(language))).collect());

/// All files of a language's folder together; keys of tables are joined by dots.
fn read(language: Language) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let files = embedded::EMBEDDED.iter().filter(|(path, _)| path.split('/').next() == Some(language.tag()));
    for (path, bytes) in files {
        match std::str::from_utf8(bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| toml::from_str::<toml::Table>(text).map_err(|error| error.to_string()))
        {
            Ok(table) => flatten("", &table, &mut texts),
            Err(error) => tracing::error!(path, cause = %error, "a built-in file of messages is broken"),
        }
    }
    texts
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(&key, inner, texts),
            toml::Value::String(text) => drop(texts.insert(key, text.clone())),
            _ => tracing::error!(key, "a built-in message is no text"),
        }
    }
}

/// The text, if there is one with this key: in the language, else in English.
pub fn find(language: Language, key: &str) -> Option<&'static str> {
    [language, Language::English].into_iter().find_map(|language| TEXTS.get(&language)?.get(key)).map(String::as_str)
}

/// The text of a key; the key itself when there is none, which a test rules out for the keys of the pages.
pub fn text(language: Language, key: &str) -> String {
    find(language, key).unwrap_or(key).to_owned()
}

/// The text with its `{name}` places filled.
pub fn filled(language: Language, key: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text(language, key), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A number with its noun: the text of `KEY.one` or `KEY.other`, whose `{n}` is the number.
pub fn counted(language: Language, key: &str, number: u64) -> String {
    let form = if number == 1 { "one" } else { "other" };
    filled(language, &format!("{key}.{form}"), &[("n", &grouped(language, number))])
}

/// A number with its thousands apart, as the language writes it.
pub fn grouped(language: Language, number: u64) -> String {
    let separator = if language == Language::English { ',' } else { '.' };
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
pub(super) fn all(language: Language) -> &'static BTreeMap<String, String> {
    &TEXTS[&language]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_places() {
        let english = all(Language::English);
        assert!(english.len() > 20);
        for language in [Language::German, Language::Spanish] {
            let texts = all(language);
            let missing: Vec<&String> = english.keys().filter(|key| !texts.contains_key(*key)).collect();
            let extra: Vec<&String> = texts.keys().filter(|key| !english.contains_key(*key)).collect();
            assert!(missing.is_empty() && extra.is_empty(), "{}: missing {missing:#?}, unknown {extra:#?}", language.tag());
            for (key, text) in english {
                assert!(!texts[key].trim().is_empty(), "{}: {key} is empty", language.tag());
                assert_eq!(places(text), places(&texts[key]), "{}: {key}", language.tag());
            }
        }
    }

    #[test]
    fn the_browser_s_wish_decides_by_weight_and_then_by_order() {
        for (accepted, language) in [
            ("de-CH,de;q=0.9,en;q=0.8", Language::German),
            ("fr, es;q=0.5, en;q=0.4", Language::Spanish),
            ("en;q=0.2, de;q=0.7", Language::German),
            ("de;q=0, en", Language::English),
            ("fr", Language::English),
            ("", Language::English),
            (";;q=,,\0", Language::English),
        ] {
            assert_eq!(Language::preferred(accepted), language, "{accepted}");
        }
    }

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        assert_eq!(grouped(Language::English, 1_234_567), "1,234,567");
        assert_eq!(grouped(Language::German, 1_000), "1.000");
        assert_eq!(grouped(Language::Spanish, 12), "12");
    }
}
