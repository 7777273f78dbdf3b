//! What several pages show alike: a person, a text in the reader's language, the tone of a verdict, an address with its query.
//! Comes in: values of the model. Goes out: values for templates. Must not know: which page shows them.

use crate::model::candidate::Identity;
use crate::model::credential::LanguageMap;
use crate::model::ids::CandidateRef;
use crate::web::messages::{self, Language};
use serde::Serialize;

/// A text of an issuer, with its language for screen readers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Text {
    pub text: String,
    /// Absent when the issuer does not say it.
    pub lang: Option<String>,
}

impl Text {
    /// In the reader's language, else in English, else in any; `None` when there is no text.
    pub fn of(map: &LanguageMap, language: Language) -> Option<Self> {
        let in_tag = |tag: &str| map.iter().find(|(key, _)| key.as_str() == tag || key.starts_with(&format!("{tag}-")));
        let (key, text) = [language.tag(), "en", "und"].into_iter().find_map(in_tag).or_else(|| map.iter().next())?;
        let lang = Some(key.clone()).filter(|key| key != "und");
        Some(Self { text: text.clone(), lang })
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), lang: None }
    }
}

/// A person as a list shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub reference: String,
    pub address: String,
    /// Name, else e-mail address, else words for somebody without either.
    pub label: String,
    /// What stands below the label, when there is more to say.
    pub other: Option<String>,
}

impl Person {
    pub fn of(candidate: &CandidateRef, identity: Option<&Identity>, language: Language) -> Self {
        let name = identity.and_then(|identity| identity.name.clone());
        let email = identity.and_then(|identity| identity.emails.first().cloned());
        let (label, other) = match (name, email) {
            (Some(name), email) => (name, email),
            (None, Some(email)) => (email, None),
            (None, None) => (messages::text(language, "person.unnamed"), None),
        };
        Self { address: format!("/candidates/{candidate}"), reference: candidate.to_string(), label, other }
    }
}

/// A path with a query; empty values are left out.
pub fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckId;
    use crate::model::submission::Channel;

    #[test]
    fn every_check_and_every_channel_has_a_name() {
        let channels =
            [Channel::Upload, Channel::Link, Channel::OpenBadges, Channel::Vcalm, Channel::Oid4vp, Channel::Push, Channel::Ats];
        let of_checks = CheckId::ALL.iter().map(|check| format!("check.{}", check.as_str()));
        for key in of_checks.chain(channels.iter().map(|channel| format!("channel.{}", channel.as_str()))) {
            assert!(messages::find(Language::English, &key).is_some(), "{key}");
        }
    }

    #[test]
    fn a_text_is_shown_in_the_reader_s_language_where_there_is_one() {
        let map = LanguageMap::from([("de-AT", "Kurs"), ("en", "Course"), ("fr", "Cours")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(Text::of(&map, Language::German).unwrap(), Text { text: "Kurs".into(), lang: Some("de-AT".into()) });
        assert_eq!(Text::of(&map, Language::Spanish).unwrap().text, "Course");
        let unmarked = LanguageMap::from([("und".to_owned(), "Kurs".to_owned())]);
        assert_eq!(Text::of(&unmarked, Language::English).unwrap(), Text::plain("Kurs"));
        assert_eq!(Text::of(&LanguageMap::new(), Language::English), None);
    }

    #[test]
    fn addresses_leave_out_what_is_empty() {
        assert_eq!(address("/", &[("q", "a b&c"), ("issuer", "")]), "/?q=a+b%26c");
        assert_eq!(address("/", &[("q", "")]), "/");
    }
}
