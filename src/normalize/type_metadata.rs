//! Names out of the type metadata of an SD-JWT VC (SD-JWT VC §4.5.2, §4.6).
//! Comes in: the metadata. Goes out: names in their languages, and the label of a claim.

use super::reader::{NO_LANGUAGE, preferred, trimmed};
use crate::model::credential::LanguageMap;
use serde_json::Value;

const MAX_LANGUAGES: usize = 50;
const MAX_CLAIMS: usize = 500;
const MAX_CHARS: usize = 500;

/// What the type is called (`name`), or what is said of it (`description`).
pub(super) fn text(metadata: &Value, member: &str) -> LanguageMap {
    let mut found = displayed(&metadata["display"], member);
    if found.is_empty() {
        found.extend(short(&metadata[member]).map(|text| (NO_LANGUAGE.to_owned(), text)));
    }
    found
}

/// What a claim at the top is called, in the preferred language.
pub(super) fn label(metadata: &Value, claim: &str) -> Option<String> {
    let claims = metadata["claims"].as_array()?.iter().take(MAX_CLAIMS);
    let is_it = |described: &&Value| described["path"].as_array().is_some_and(|path| path.as_slice() == [Value::from(claim)]);
    let labels =
        claims.filter(is_it).map(|described| displayed(&described["display"], "label")).find(|labels| !labels.is_empty())?;
    preferred(&labels).map(|(_, label)| label.to_owned())
}

fn displayed(display: &Value, member: &str) -> LanguageMap {
    let languages = display.as_array().into_iter().flatten().take(MAX_LANGUAGES);
    let text = |shown: &Value| {
        let language = shown["locale"].as_str().or(shown["lang"].as_str()).unwrap_or(NO_LANGUAGE);
        Some((language.chars().take(35).collect(), short(&shown[member])?))
    };
    languages.filter_map(text).collect()
}

fn short(value: &Value) -> Option<String> {
    let text: String = trimmed(value.as_str()?).chars().take(MAX_CHARS).collect();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_read_in_their_languages_and_labels_by_their_claims() {
        let metadata = json!({
            "name": "Welder", "description": "Joins metals.",
            "display": [{"locale": "de", "name": "Schweißer"}, {"lang": "en", "name": " Welder  (steel) "}, {"lang": "fr"}],
            "claims": [
                {"path": ["level", "of"], "display": [{"locale": "en", "label": "Inner"}]},
                {"path": ["level"], "display": [{"locale": "en", "label": "Level of study"}]}
            ]
        });
        let expected =
            [("de", "Schweißer"), ("en", "Welder (steel)")].map(|(language, name)| (language.to_owned(), name.to_owned()));
        assert_eq!(text(&metadata, "name"), LanguageMap::from(expected));
        assert_eq!(text(&metadata, "description"), LanguageMap::from([(NO_LANGUAGE.to_owned(), "Joins metals.".to_owned())]));
        assert_eq!(label(&metadata, "level").as_deref(), Some("Level of study"));
        assert!(label(&metadata, "of").is_none() && text(&json!({"display": 1}), "name").is_empty());
    }
}
