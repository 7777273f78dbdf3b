//! The rule by which a skill gets its concept: declared, crosswalk, decision, exact name, combiner; everything else is a suggestion.

use skillgate::model::credential::{Achievement, Attainment, CredentialStatus, Format, Issuer, NormalizedCredential};
use skillgate::model::decision::{Decision, Ruling};
use skillgate::model::report::Outcome;
use skillgate::model::skill::{
    AssertedBy, Concept, Derivation, Label, MappingStatus, Method, Relation, SkillAssertion, SkillKind, SkillStatus,
};
use skillgate::skills::{Mapper, decide};
use skillgate::taxonomy::import::{self, Wanted};
use skillgate::taxonomy::{Library, build};
use std::collections::BTreeMap;
use std::path::Path;

const HUB: &str = "uri,name,alt,kind,broader,replaced_by,status,lang\n\
    urn:e:group,computing,,group,,,,en\n\
    urn:e:sql,query languages,SQL|structured query language,knowledge,urn:e:group,,,en\n\
    urn:e:net,network monitoring,,skill,urn:e:group,,,en\n\
    urn:e:old,punch cards,,knowledge,,urn:e:sql,retired,en\n\
    urn:e:log,logging,forest harvesting,knowledge,,,,en\n\
    urn:e:bake,bake bread,,skill,,,,en\n\
    urn:e:bake,Brot backen,,skill,,,,de\n";
const PRODUCTS: &str =
    "O*NET-SOC Code\tExample\tCommodity Code\tCommodity Title\n11-1011.00\tTableau software\t43\tQuery software\n";
const OWN: &str = "id,name\nO-1,Database querying\nO-2,Bread\n";
const CROSSWALK: &str =
    "source_id,source_label,relation,target_uri\nO-1,Database querying,exactMatch,urn:e:sql\nO-2,Bread,broadMatch,urn:e:bake\n";

fn library(folder: &Path) -> Library {
    let library = Library::new(folder);
    for (name, file, text) in [("esco", "hub.csv", HUB), ("onet", "technology.tsv", PRODUCTS), ("own", "own.csv", OWN)] {
        let wanted = Wanted { name: name.to_owned(), version: "1".to_owned(), ..Wanted::default() };
        let mut bundle = import::read(file, text.as_bytes(), &wanted).unwrap();
        assert_eq!(bundle.problem_count, 0, "{:?}", bundle.problems);
        if name == "own" {
            bundle.merge(import::read("crosswalk.csv", CROSSWALK.as_bytes(), &wanted).unwrap(), true);
        }
        bundle.tidy();
        library.keep(&build::build(&bundle)).unwrap();
        library.activate(name, "1").unwrap();
    }
    library
}

fn skill(label: &str, lang: &str, uri: Option<&str>) -> SkillAssertion {
    let concept = uri.map(|uri| Concept {
        taxonomy: "unknown".to_owned(),
        taxonomy_version: None,
        uri: Some(uri.to_owned()),
        code: None,
        label: Some(label.to_owned()),
        framework_name: None,
        relation: Relation::Exact,
        confidence: None,
        mapping: None,
    });
    SkillAssertion {
        assertion_id: label.to_owned(),
        label: Label { text: label.to_owned(), lang: Some(lang.to_owned()), original: label.to_owned(), ..Label::default() },
        kind: SkillKind::Unknown,
        mapping_status: if concept.is_some() { MappingStatus::Declared } else { MappingStatus::Unmapped },
        concepts: concept.into_iter().collect(),
        derivation: Derivation::IssuerTag,
        confidence: None,
        level: None,
        attainment: Attainment::Attained,
        asserted_by: AssertedBy::Issuer,
        source_pointers: vec!["/tag/0".to_owned()],
        merged_from: Vec::new(),
        valid_from: None,
        valid_until: None,
        alternatives: Vec::new(),
        status: SkillStatus::Asserted,
    }
}

fn mapped(skill: SkillAssertion, catalogue: Option<&str>) -> SkillAssertion {
    let folder = tempfile::tempdir().unwrap();
    let mapper = Mapper::new(library(folder.path()));
    let mut credential = NormalizedCredential {
        schema_version: "1.0.0".to_owned(),
        fingerprint: "f".to_owned(),
        natural_key: None,
        source_format: Format::OpenBadges3,
        source_profile: None,
        candidate_ref: None,
        achievement: Achievement { name: [("en".to_owned(), "Course".to_owned())].into(), ..Achievement::default() },
        issuer: Issuer::default(),
        assessor: None,
        valid_from: None,
        valid_until: None,
        awarded_at: None,
        outcome: Outcome::Accepted,
        status: CredentialStatus::Active,
        attainment: Attainment::Attained,
        results: Vec::new(),
        qualification_level: Vec::new(),
        skills: vec![skill],
        parts: Vec::new(),
        warnings: Vec::new(),
    };
    mapper.map(&mut credential, catalogue);
    let once = credential.skills.clone();
    mapper.map(&mut credential, catalogue);
    assert_eq!(once, credential.skills, "mapping again changes nothing");
    credential.skills.pop().unwrap()
}

fn methods(skill: &SkillAssertion) -> Vec<(&str, Method, Relation)> {
    let one = |concept| -> (&str, Method, Relation) {
        let concept: &Concept = concept;
        (concept.uri.as_deref().unwrap(), concept.mapping.as_ref().unwrap().method, concept.relation)
    };
    skill.concepts.iter().map(one).collect()
}

#[test]
fn a_declared_concept_gets_the_taxonomys_name_version_and_path() {
    let skill = mapped(skill("Structured query language", "en", Some("urn:e:sql")), None);
    assert_eq!(methods(&skill), [("urn:e:sql", Method::Declared, Relation::Exact)]);
    let concept = &skill.concepts[0];
    assert_eq!((concept.taxonomy.as_str(), concept.taxonomy_version.as_deref()), ("esco", Some("1")));
    assert_eq!((concept.label.as_deref(), skill.kind), (Some("query languages"), SkillKind::Knowledge));
    assert_eq!(concept.mapping.as_ref().unwrap().path, ["computing"]);
    assert_eq!((skill.mapping_status, skill.confidence), (MappingStatus::Declared, None));
}

#[test]
fn a_declared_concept_of_quite_another_name_is_a_mismatch_and_is_not_crossed() {
    let skill = mapped(skill("JavaScript Programming", "en", Some("urn:e:bake")), Some("own"));
    assert_eq!(skill.mapping_status, MappingStatus::DeclaredMismatch);
    assert!(skill.concepts.iter().all(|concept| concept.taxonomy != "own"), "{:?}", skill.concepts);
    assert_eq!(mapped(self::skill("Brot", "de", Some("urn:e:bake")), None).mapping_status, MappingStatus::Declared);
    let stranger = mapped(self::skill("Anything", "en", Some("urn:not:loaded")), None);
    assert_eq!((stranger.mapping_status, stranger.concepts[0].mapping.is_none()), (MappingStatus::Declared, true));
}

#[test]
fn a_retired_concept_leads_to_its_successor() {
    let skill = mapped(skill("Punch cards", "en", Some("urn:e:old")), None);
    assert_eq!(
        methods(&skill),
        [("urn:e:old", Method::Declared, Relation::Exact), ("urn:e:sql", Method::Crosswalk, Relation::Close)]
    );
}

#[test]
fn crosswalks_lead_to_the_employers_own_catalogue_and_keep_their_relation() {
    let exact = mapped(skill("SQL", "en", Some("urn:e:sql")), Some("own"));
    assert_eq!(methods(&exact)[0], ("O-1", Method::Crosswalk, Relation::Exact));
    // O-2 is broader-matched to baking, so seen from baking the concept is narrower.
    let narrower = mapped(skill("bake bread", "en", Some("urn:e:bake")), Some("own"));
    assert_eq!(methods(&narrower)[0], ("O-2", Method::Crosswalk, Relation::Narrower));
}

#[test]
fn a_preferred_name_of_several_words_is_published_and_an_alternative_name_is_a_suggestion() {
    let exact = mapped(skill("Network  Monitoring", "en", None), None);
    assert_eq!(methods(&exact), [("urn:e:net", Method::Exact, Relation::Exact)]);
    assert!(exact.confidence.is_some() && exact.mapping_status == MappingStatus::Mapped);
    let german = mapped(skill("Brot backen", "de-AT", None), None);
    assert_eq!(methods(&german), [("urn:e:bake", Method::Exact, Relation::Exact)]);
    let alternative = mapped(skill("Forest harvesting", "en", None), None);
    assert_eq!((alternative.mapping_status, alternative.concepts.len()), (MappingStatus::Unmapped, 0));
    assert_eq!(alternative.alternatives[0].uri.as_deref(), Some("urn:e:log"));
    assert!(alternative.alternatives.len() <= 5);
    let nothing = mapped(skill("Zzzyx", "en", None), None);
    assert_eq!((nothing.mapping_status, nothing.concepts.len()), (MappingStatus::Unmapped, 0));
}

#[test]
fn a_product_is_a_concept_of_its_own() {
    let product = mapped(skill("Tableau", "en", None), None);
    assert_eq!((product.mapping_status, product.kind), (MappingStatus::Mapped, SkillKind::Technology));
    assert_eq!(product.concepts[0].taxonomy, "onet");
}

#[test]
fn a_persons_decision_overrules_what_was_mapped_and_nothing_that_was_declared() {
    let decision = |ruling, concept: Option<Concept>| {
        let decision = Decision {
            id: "d".to_owned(),
            label: "Network monitoring".to_owned(),
            issuer_id: None,
            ruling,
            concept,
            by: "somebody".to_owned(),
            decided_at: "2026-11-23T09:51:00Z".parse().unwrap(),
            corrected: 0,
            undone_at: None,
        };
        BTreeMap::from([("network monitoring".to_owned(), decision)])
    };
    let chosen = mapped(skill("x", "en", Some("urn:e:sql")), None).concepts.pop();
    let mut exact = mapped(skill("Network monitoring", "en", None), None);
    decide(&mut exact, &decision(Ruling::Concept, chosen.clone()));
    assert_eq!(methods(&exact), [("urn:e:sql", Method::Decision, Relation::Exact)]);
    assert_eq!(exact.concepts[0].mapping.as_ref().unwrap().decision_id.as_deref(), Some("d"));
    decide(&mut exact, &decision(Ruling::NotASkill, None));
    assert_eq!((exact.mapping_status, exact.concepts.len()), (MappingStatus::Rejected, 0));
    let mut declared = mapped(skill("Network monitoring", "en", Some("urn:e:net")), None);
    let before = declared.clone();
    decide(&mut declared, &decision(Ruling::Concept, chosen));
    assert_eq!(declared, before);
}
