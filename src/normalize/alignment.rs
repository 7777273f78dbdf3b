//! The kind of an alignment's target: a skill, or something that must not become a skill.
//! Comes in: an `Alignment` of Open Badges 1 to 3. Goes out: its kind, its concept and its label. An alignment is a skill only when
//! nothing about it contradicts that: real lists of alignments also hold accreditors, levels, occupations and landing pages.

use super::frameworks::{self, Known};
use super::reader::{Node, preferred};
use crate::model::credential::{AlignmentKind, LanguageMap, OtherAlignment, QualificationLevel};
use crate::model::skill::{Concept, Relation};

/// A classified alignment.
#[derive(Clone, Debug)]
pub struct Aligned {
    pub kind: AlignmentKind,
    pub names: LanguageMap,
    /// The name as the issuer wrote it.
    pub original: String,
    pub concept: Concept,
    pub pointer: String,
}

/// Facts about one achievement that its alignments are compared with.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Addresses of the achievement itself: its id, its criteria, its image.
    pub own_pages: Vec<String>,
    pub language: Option<String>,
    /// Whether the achievement's type is a competency.
    pub is_competency: bool,
}

/// Reads one alignment; `None` without a name and a target.
pub fn read(node: &Node<'_>, around: &Surroundings) -> Option<Aligned> {
    let field = |names: &[&str]| node.any(names).and_then(|node| node.id());
    let names = node.any(&["targetName", "name"]).map(|name| name.languages(around.language.as_deref())).unwrap_or_default();
    let url = field(&["targetUrl", "targetURL", "url", "id"]).or_else(|| node.value.as_str().map(str::to_owned));
    let framework = node
        .any(&["targetFramework", "frameworkName"])
        .and_then(|name| name.text().or_else(|| preferred(&name.languages(None)).map(|(_, text)| text.to_owned())));
    let code = field(&["targetCode", "codedNotation"]);
    let target_type = node.get("targetType").and_then(|node| node.items().first().and_then(Node::text));
    if names.is_empty() && url.is_none() && code.is_none() {
        return None;
    }
    let known = url.as_deref().and_then(frameworks::by_url);
    let clues = Clues {
        known: &known,
        target_type: &target_type,
        framework: &framework,
        code: &code,
        url: &url,
        name: preferred(&names).map(|(_, name)| name),
    };
    let kind = clues.kind(around);
    let original = preferred(&names).map(|(_, name)| name.to_owned()).or_else(|| code.clone()).or_else(|| url.clone())?;
    let concept = concept(known, framework, code, url, &original);
    let written = node.any(&["targetName", "name"]).and_then(|name| name.value.as_str().map(str::to_owned));
    Some(Aligned { kind, names, original: written.unwrap_or(original), concept, pointer: node.pointer.clone() })
}

struct Clues<'a> {
    known: &'a Option<Known>,
    target_type: &'a Option<String>,
    framework: &'a Option<String>,
    code: &'a Option<String>,
    url: &'a Option<String>,
    name: Option<&'a str>,
}

impl Clues<'_> {
    fn kind(&self, around: &Surroundings) -> AlignmentKind {
        let by_type = self.target_type.as_deref().and_then(frameworks::by_type);
        let by_url = self.known.as_ref().and_then(|known| known.kind);
        let by_framework = self.framework.as_deref().and_then(frameworks::by_name).and_then(|(_, kind)| kind);
        let by_code = self.code.as_deref().filter(|code| frameworks::is_soc_code(code)).map(|_| AlignmentKind::Occupation);
        let said = [by_type, by_url, by_framework, by_code];
        if let Some(other) = said.iter().flatten().find(|kind| **kind != AlignmentKind::Skill) {
            return *other;
        }
        if self.is_own_page(around) {
            return AlignmentKind::Credential;
        }
        if said.contains(&Some(AlignmentKind::Skill)) {
            return AlignmentKind::Skill;
        }
        let lower = self.name.unwrap_or_default().to_lowercase();
        if lower.contains("accredit") {
            return AlignmentKind::Accreditation;
        }
        // A private framework or code: an alignment means a competency unless it states another kind.
        let is_catalogued = self.framework.is_some() || self.code.is_some() || self.known.is_some();
        if is_catalogued || around.is_competency { AlignmentKind::Skill } else { AlignmentKind::Unknown }
    }

    fn is_own_page(&self, around: &Surroundings) -> bool {
        let bare = |url: &str| url.trim_end_matches('/').replacen("http://", "https://", 1);
        self.url.as_deref().is_some_and(|url| around.own_pages.iter().any(|page| bare(page) == bare(url)))
    }
}

fn concept(known: Option<Known>, framework: Option<String>, code: Option<String>, url: Option<String>, label: &str) -> Concept {
    let taxonomy = frameworks::taxonomy(url.as_deref(), framework.as_deref());
    let uri = known.as_ref().map(|known| known.uri.clone()).or_else(|| url.filter(|url| is_uri(url)));
    Concept {
        taxonomy,
        taxonomy_version: None,
        uri,
        code: code.or_else(|| known.and_then(|known| known.code)),
        label: Some(label.to_owned()),
        framework_name: framework,
        relation: Relation::Exact,
        confidence: None,
        mapping: None,
    }
}

fn is_uri(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "urn" | "did"))
}

impl Aligned {
    /// The form in which an alignment of another kind is carried along.
    pub fn into_other(self) -> OtherAlignment {
        OtherAlignment {
            kind: self.kind,
            name: preferred(&self.names).map(|(_, name)| name.to_owned()).unwrap_or(self.original),
            url: self.concept.uri,
            framework: self.concept.framework_name,
            code: self.concept.code,
        }
    }

    /// The level, for an alignment to a level of whole qualifications.
    pub fn qualification_level(&self) -> QualificationLevel {
        let framework = match self.concept.taxonomy.as_str() {
            known @ ("eqf" | "nlqf" | "isced") => known.to_uppercase(),
            _ => {
                let upper = self.original.to_uppercase();
                let named = ["NLQF", "EQF", "ISCED"].into_iter().find(|name| upper.contains(name)).map(str::to_owned);
                named.or_else(|| self.concept.framework_name.clone()).unwrap_or_else(|| self.concept.taxonomy.clone())
            }
        };
        let in_name = || {
            self.original
                .split(|c: char| !c.is_alphanumeric())
                .rfind(|part| part.chars().any(|c| c.is_ascii_digit()))
                .map(str::to_owned)
        };
        let level = self.concept.code.clone().or_else(in_name).unwrap_or_else(|| self.original.clone());
        QualificationLevel { framework, level, basis: "alignment".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn kind(value: Value) -> Option<AlignmentKind> {
        let around = Surroundings { own_pages: vec!["https://example.org/badges/1".to_owned()], ..Surroundings::default() };
        read(&Node::root(&value), &around).map(|aligned| aligned.kind)
    }

    #[test]
    fn only_skills_are_taken_for_skills() {
        use AlignmentKind::*;
        for (expected, value) in [
            (Skill, json!({"targetName": "Python", "targetUrl": "http://data.europa.eu/esco/skill/ccd0a1d9"})),
            (Skill, json!({"targetName": "Robot Programming", "targetType": "CFItem", "targetUrl": "https://example.org/c/1"})),
            (
                Skill,
                json!({"targetName": "Writing", "targetFramework": "Our Standards", "targetCode": "W.1", "targetUrl": "https://example.org/w"}),
            ),
            (
                Accreditation,
                json!({"targetName": "ANAB accreditation", "targetUrl": "https://anab.ansi.org/x", "targetDescription": null}),
            ),
            (
                Accreditation,
                json!({"targetName": "Decision", "targetType": "ext:QualityAssurance", "targetUrl": "https://example.org/AV-1"}),
            ),
            (
                QualificationLevel,
                json!({"targetName": "EQF level 5", "targetType": "ext:EQF", "targetCode": "5", "targetUrl": "https://example.org/eqf"}),
            ),
            (
                Occupation,
                json!({"targetName": "Web Developer", "targetType": "CTDL", "targetUrl": "https://www.onetonline.org/link/summary/15-1254.00"}),
            ),
            (
                Occupation,
                json!({"targetName": "Web Developer", "targetType": "CFItem", "targetFramework": "X", "targetCode": "15-1254.00"}),
            ),
            (Credential, json!({"targetName": "The badge", "targetUrl": "http://example.org/badges/1/"})),
            (Unknown, json!({"targetName": "Something", "targetUrl": "https://example.org/page"})),
        ] {
            assert_eq!(kind(value.clone()), Some(expected), "{value}");
        }
        assert_eq!(kind(json!({"type": "Alignment"})), None);
    }

    #[test]
    fn a_qualification_level_is_read_from_code_or_name() {
        for value in [
            json!({"targetName": "EQF level 5", "targetType": "ext:EQF", "targetCode": "5"}),
            json!({"targetName": "EQF level 5", "targetUrl": "http://data.europa.eu/snb/eqf/5"}),
            json!({"targetName": "EQF 5", "targetType": "ext:EQF"}),
        ] {
            let level = read(&Node::root(&value), &Surroundings::default()).map(|aligned| aligned.qualification_level());
            assert_eq!(level.map(|level| (level.framework, level.level)), Some(("EQF".to_owned(), "5".to_owned())), "{value}");
        }
    }
}
