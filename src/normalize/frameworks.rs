//! The known taxonomies: the addresses of their items and the kinds of these items.
//! Comes in: a target URL, a target type or a framework's name. Goes out: taxonomy, kind, code and the canonical URL.
//! Two tables of data; adding a framework adds a row.

use crate::model::credential::AlignmentKind::{self, *};
use url::Url;

/// An item of a framework, recognised by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub taxonomy: &'static str,
    /// `None`: the address has items of several kinds.
    pub kind: Option<AlignmentKind>,
    pub code: Option<String>,
    /// The URL in the spelling of the framework's publisher.
    pub uri: String,
}

struct Place {
    /// End of the host name, at a label boundary.
    host: &'static str,
    /// Part of the path.
    path: &'static str,
    taxonomy: &'static str,
    kind: Option<AlignmentKind>,
    /// The publisher's own spelling up to the code; empty keeps the URL.
    canonical: &'static str,
}

const fn place(
    host: &'static str,
    path: &'static str,
    taxonomy: &'static str,
    kind: Option<AlignmentKind>,
    canonical: &'static str,
) -> Place {
    Place { host, path, taxonomy, kind, canonical }
}

/// The first match wins, so special paths precede general paths.
const PLACES: &[Place] = &[
    place("data.europa.eu", "/esco/skill/", "esco", Some(Skill), "http://data.europa.eu/esco/skill/"),
    place("data.europa.eu", "/esco/occupation/", "esco", Some(Occupation), "http://data.europa.eu/esco/occupation/"),
    place("data.europa.eu", "/esco/isco/", "isco", Some(Occupation), "http://data.europa.eu/esco/isco/"),
    place("data.europa.eu", "/snb/dcf/", "digcomp", Some(Skill), "http://data.europa.eu/snb/dcf/"),
    place("data.europa.eu", "/snb/eqf/", "eqf", Some(QualificationLevel), "http://data.europa.eu/snb/eqf/"),
    place("data.europa.eu", "/snb/", "europass", Some(Unknown), ""),
    place("lightcast.io", "/skills/", "lightcast", Some(Skill), "https://lightcast.io/open-skills/skills/"),
    place("emsidata.com", "/skills/", "lightcast", Some(Skill), "https://lightcast.io/open-skills/skills/"),
    place("caseregistry.imsglobal.org", "/uri/", "case", None, ""),
    place("", "/ims/case/v1p0/cfdocuments/", "case", Some(Unknown), ""),
    place("", "/ims/case/v1p0/cfitems/", "case", Some(Skill), ""),
    place("", "/ims/case/v1p1/cfitems/", "case", Some(Skill), ""),
    place("credentialengineregistry.org", "/resources/ce-", "ctdl", None, ""),
    place("credentialfinder.org", "/credential/", "ctdl", Some(Credential), ""),
    place("credentialfinder.org", "/competency/", "ctdl", Some(Skill), ""),
    place("credentialfinder.org", "/organization/", "ctdl", Some(Accreditation), ""),
    place("onetonline.org", "/link/summary/", "onet-soc", Some(Occupation), "https://www.onetonline.org/link/summary/"),
    place(
        "onetonline.org",
        "/find/descriptor/result/",
        "onet",
        Some(Skill),
        "https://www.onetonline.org/find/descriptor/result/",
    ),
    place("bls.gov", "/soc/", "soc", Some(Occupation), ""),
    place("sfia-online.org", "/skills/", "sfia", Some(Skill), ""),
    place("niccs.cisa.gov", "/work-role", "nice", Some(Occupation), ""),
    place("niccs.cisa.gov", "/", "nice", Some(Skill), ""),
    place("", "/api/skills/", "rsd", Some(Skill), ""),
    place("anab.ansi.org", "/", "", Some(Accreditation), ""),
    place("ansi.org", "/", "", Some(Accreditation), ""),
    place("abet.org", "/", "", Some(Accreditation), ""),
    place("chea.org", "/", "", Some(Accreditation), ""),
    place("aacsb.edu", "/", "", Some(Accreditation), ""),
    place("deqar.eu", "/", "", Some(Accreditation), ""),
    place("nvao.net", "/", "", Some(Accreditation), ""),
    place("credly.com", "/", "", Some(Credential), ""),
    place("", "/certification", "", Some(Credential), ""),
    place("", "/accreditation", "", Some(Accreditation), ""),
    place("", "/course/", "", Some(Course), ""),
    place("", "/courses/", "", Some(Course), ""),
];

/// Recognises an item by its URL.
pub fn by_url(text: &str) -> Option<Known> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?.trim_start_matches("www.");
    let path = url.path();
    let lower = path.to_ascii_lowercase();
    let place = PLACES.iter().find(|place| on_host(host, place.host) && lower.contains(place.path))?;
    let start = lower.find(place.path)? + place.path.trim_end_matches("ce-").len();
    let code = path.get(start..)?.split('/').find(|part| !part.is_empty()).map(decoded);
    let has_codes = !place.taxonomy.is_empty();
    let uri = match &code {
        Some(code) if !place.canonical.is_empty() => format!("{}{code}", place.canonical),
        _ => text.trim().trim_end_matches('/').to_owned(),
    };
    Some(Known { taxonomy: place.taxonomy, kind: place.kind, code: code.filter(|_| has_codes), uri })
}

fn on_host(host: &str, suffix: &str) -> bool {
    suffix.is_empty() || host == suffix || host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().trim().to_owned()
}

/// Framework names: contained text (lower case), taxonomy, kind of the items.
const NAMES: &[(&str, &str, Option<AlignmentKind>)] = &[
    ("digcomp", "digcomp", Some(Skill)),
    ("esco", "esco", None),
    ("onet-soc", "onet-soc", Some(Occupation)),
    ("o*net-soc", "onet-soc", Some(Occupation)),
    ("o*net", "onet", None),
    ("lightcast", "lightcast", Some(Skill)),
    ("emsi", "lightcast", Some(Skill)),
    ("sfia", "sfia", Some(Skill)),
    ("nice workforce", "nice", None),
    ("nice framework", "nice", None),
    ("cefr", "cefr", Some(Skill)),
    ("common european framework of reference", "cefr", Some(Skill)),
    ("european qualifications framework", "eqf", Some(QualificationLevel)),
    ("qualifications framework", "", Some(QualificationLevel)),
    ("eqf", "eqf", Some(QualificationLevel)),
    ("nlqf", "nlqf", Some(QualificationLevel)),
    ("isced", "isced", Some(QualificationLevel)),
    ("standard occupational classification", "soc", Some(Occupation)),
    ("accreditation", "", Some(Accreditation)),
    ("quality assurance", "", Some(Accreditation)),
];

/// Recognises a framework by its name: taxonomy (may be empty) and, if all items have the same kind, this kind.
pub fn by_name(name: &str) -> Option<(&'static str, Option<AlignmentKind>)> {
    let name = name.to_lowercase();
    let words = || name.split(|c: char| !c.is_alphanumeric() && c != '*' && c != '-');
    // Short names must be whole words: "esco" does not match "fresco".
    let matches = |part: &str| if part.len() <= 5 { words().any(|word| word == part) } else { name.contains(part) };
    NAMES.iter().find(|(part, _, _)| matches(part)).map(|(_, taxonomy, kind)| (*taxonomy, *kind))
}

/// The framework of an item, by its address. The framework's name counts only for an item without a web address, or for a framework
/// without known addresses: anybody can write "ESCO" beside their own address.
pub fn taxonomy(url: Option<&str>, name: Option<&str>) -> String {
    let web = url.and_then(|url| Url::parse(url.trim()).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
    let known = url.and_then(by_url).map(|known| known.taxonomy).filter(|taxonomy| !taxonomy.is_empty());
    let named = name.and_then(by_name).map(|(taxonomy, _)| taxonomy).filter(|taxonomy| !taxonomy.is_empty());
    let has_addresses = |taxonomy: &str| PLACES.iter().any(|place| place.taxonomy == taxonomy && !place.host.is_empty());
    let is_foreign = web.is_some() && named.is_some_and(has_addresses);
    let host = || web.as_ref().and_then(Url::host_str).map(str::to_owned);
    let by_name = || named.map(str::to_owned).or_else(|| name.map(str::to_owned)).filter(|_| !is_foreign);
    known.map(str::to_owned).or_else(by_name).or_else(host).unwrap_or_else(|| "unknown".to_owned())
}

/// Target types (contained text in lower case): the types of Open Badges and extensions in real files.
const TYPES: &[(&str, AlignmentKind)] = &[
    ("cfitem", Skill),
    ("ceasn:competency", Skill),
    ("ceterms:credential", Credential),
    ("eqf", QualificationLevel),
    ("nlqf", QualificationLevel),
    ("nqf", QualificationLevel),
    ("isced", QualificationLevel),
    ("qualificationlevel", QualificationLevel),
    ("accredit", Accreditation),
    ("qualityassurance", Accreditation),
    ("occupation", Occupation),
    ("cfrubric", Unknown),
    ("course", Course),
    ("certification", Credential),
    ("competenc", Skill),
    ("skill", Skill),
];

/// The kind by `targetType`; `CTDL` alone does not name a kind.
pub fn by_type(target_type: &str) -> Option<AlignmentKind> {
    let lower = target_type.to_lowercase();
    TYPES.iter().find(|(part, _)| lower.contains(part)).map(|(_, kind)| *kind)
}

/// A code of the US Standard Occupational Classification: `15-1252.00`.
pub fn is_soc_code(code: &str) -> bool {
    let bytes = code.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    digits(0..2)
        && bytes.get(2) == Some(&b'-')
        && digits(3..7)
        && (bytes.len() == 7 || (bytes.get(7) == Some(&b'.') && digits(8..10) && bytes.len() == 10))
}

/// Platforms with their own conventions, by a host in a file's identifiers.
pub const PROFILES: &[(&str, &str)] = &[
    ("credly.com", "credly"),
    ("badgr.com", "badgr"),
    ("badgr.io", "badgr"),
    ("badges.parchment.com", "parchment"),
    ("parchment.com", "parchment"),
    ("edubadges.nl", "edubadges"),
    ("accredible.com", "accredible"),
    ("credential.net", "accredible"),
    ("openbadgefactory.com", "open_badge_factory"),
    ("openbadgepassport.com", "open_badge_factory"),
    ("learncard.com", "learncard"),
    ("learncard.app", "learncard"),
    ("dcconsortium.org", "dcc"),
    ("canvascredentials.com", "canvas"),
    ("badgecert.com", "badgecert"),
    ("certifier.io", "certifier"),
];

/// The platform of an identifier.
pub fn profile_of(identifier: &str) -> Option<&'static str> {
    let url = Url::parse(identifier).ok();
    let host = url.as_ref().and_then(Url::host_str).or_else(|| identifier.strip_prefix("did:web:")?.split(':').next())?;
    PROFILES.iter().find(|(suffix, _)| on_host(host, suffix)).map(|(_, profile)| *profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_concept_has_one_spelling() {
        let id = "http://data.europa.eu/esco/skill/0c2ba331-e7d5-48e9-a3c9-7ac0e0a85fb6";
        for text in [id, &id.replace("http:", "https:"), &format!("{id}/"), &format!(" {} ", id.replace("data", "DATA"))] {
            assert_eq!(by_url(text).map(|known| known.uri), Some(id.to_owned()), "{text}");
        }
        let old = by_url("https://skills.emsidata.com/skills/KS1200364C9C1LK3V5Q1");
        let new = by_url("https://lightcast.io/open-skills/skills/KS1200364C9C1LK3V5Q1/python-programming");
        assert_eq!(old.as_ref().map(|known| &known.uri), new.as_ref().map(|known| &known.uri));
        assert_eq!(old.and_then(|known| known.code), Some("KS1200364C9C1LK3V5Q1".to_owned()));
    }

    #[test]
    fn a_name_does_not_make_a_foreign_address_an_item_of_a_framework() {
        for (url, name, expected) in [
            (Some("http://data.europa.eu/esco/skill/a"), Some("Anything"), "esco"),
            (Some("https://skills.example/x"), Some("ESCO"), "skills.example"),
            (Some("https://data.europa.eu.example/esco/skill/a"), Some("ESCO v1.2"), "data.europa.eu.example"),
            (Some("https://lightcast.example/skills/KS1"), Some("Lightcast Open Skills"), "lightcast.example"),
            (Some("https://standards.example/w"), Some("Our Standards"), "Our Standards"),
            (Some("https://languages.example/b2"), Some("CEFR"), "cefr"),
            (None, Some("ESCO"), "esco"),
            (Some("urn:uuid:1"), Some("ESCO"), "esco"),
            (None, None, "unknown"),
        ] {
            assert_eq!(taxonomy(url, name), expected, "{url:?} {name:?}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |text| by_url(text).and_then(|known| known.kind);
        assert_eq!(kind("http://data.europa.eu/esco/occupation/x"), Some(Occupation));
        assert_eq!(kind("http://data.europa.eu/snb/eqf/5"), Some(QualificationLevel));
        assert_eq!(kind("https://www.onetonline.org/link/summary/15-1254.00"), Some(Occupation));
        assert_eq!(kind("https://anabdirectory.anab.ansi.org/x"), Some(Accreditation));
        assert_eq!(kind("https://notansi.org/x"), None);
        assert_eq!(kind("https://example.org/skills/robots"), None);
        assert_eq!(by_type("ext:QualityAssurance"), Some(Accreditation));
        assert_eq!(by_type("CTDL"), None);
        assert_eq!(by_name("The Fresco Guild"), None);
        assert_eq!(by_name("ESCO v1.2"), Some(("esco", None)));
        assert!(is_soc_code("15-1252.00") && is_soc_code("15-1252") && !is_soc_code("15-125"));
        assert_eq!(profile_of("did:web:api.credly.com:x"), Some("credly"));
    }
}
