//! The rule by which a skill gets its concept. Comes in: skills of one credential, the tenant's catalogue, decisions. Goes out: the same
//! skills, mapped, or with suggestions. Must not know: where decisions are kept.

use super::candidates::{Asked, Candidates, Context, Sources, Work, find};
use super::coefficients::{Chosen, Coefficients};
use super::combiner::Ranked;
use super::concepts::{concept, kind};
use super::declared;
use crate::model::credential::NormalizedCredential;
use crate::model::decision::{Decision, Ruling};
use crate::model::skill::{Concept, Mapping, MappingStatus, Method, Relation, SkillAssertion, SkillKind};
use crate::taxonomy::bundle::Kind;
use crate::taxonomy::words::normal;
use crate::taxonomy::{Catalogue, Library, Taxonomies};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Suggestions for a person.
pub const SUGGESTIONS: usize = 5;
/// Least probability at which a single word counts as a concept's name.
const ONE_WORD: f32 = 0.5;
/// The catalogue of a tenant that chose none, when it is loaded.
const HUB: &str = "esco";
/// Products are concepts of their own in this catalogue.
const PRODUCTS: &str = "onet";

/// Cheap to clone.
#[derive(Clone)]
pub struct Mapper {
    library: Library,
    coefficients: Arc<Coefficients>,
}

impl Mapper {
    pub fn new(library: Library) -> Self {
        Self { library, coefficients: Arc::new(Coefficients::shipped()) }
    }

    /// The folder of taxonomies.
    pub fn library(&self) -> &Library {
        &self.library
    }

    pub fn taxonomies(&self) -> Arc<Taxonomies> {
        self.library.current()
    }

    /// Changes when mapping the same skill again could give something else.
    pub fn state(&self, catalogue: Option<&str>) -> String {
        let taxonomies = self.library.current();
        format!("{}|{}|{}", target(&taxonomies, catalogue), taxonomies.id, self.coefficients.id)
    }

    /// Maps all skills of the credential and of those inside it. `catalogue`: the one that the tenant chose.
    pub fn map(&self, normalized: &mut NormalizedCredential, catalogue: Option<&str>) {
        let taxonomies = self.library.current();
        self.map_with(&taxonomies, normalized, catalogue, 0);
    }

    fn map_with(&self, taxonomies: &Taxonomies, normalized: &mut NormalizedCredential, catalogue: Option<&str>, depth: usize) {
        let target = target(taxonomies, catalogue);
        let names: Vec<String> = normalized.skills.iter().map(|skill| skill.label.text.clone()).collect();
        let titles: Vec<String> = normalized.achievement.name.values().cloned().collect();
        let field = [normalized.achievement.field_of_study.clone(), normalized.achievement.specialization.clone()];
        let mut work = Work::default();
        for skill in &mut normalized.skills {
            let around = names.iter().filter(|name| **name != skill.label.text);
            let around: Vec<&str> = titles.iter().chain(field.iter().flatten()).chain(around).map(String::as_str).collect();
            self.map_skill(taxonomies, skill, &around, &target, &mut work);
        }
        if depth < 8 {
            for part in &mut normalized.parts {
                self.map_with(taxonomies, &mut part.credential, catalogue, depth + 1);
            }
        }
    }

    /// Maps one skill anew, whatever it was mapped to before. `around`: the names beside it in the credential.
    fn map_skill(&self, taxonomies: &Taxonomies, skill: &mut SkillAssertion, around: &[&str], target: &str, work: &mut Work) {
        forget(skill);
        if !skill.concepts.is_empty() {
            let language = skill.label.lang.as_deref();
            let checked = declared::check(taxonomies, &skill.concepts, &skill.label.text, language, target);
            skill.concepts = checked.concepts;
            skill.mapping_status = if checked.mismatch { MappingStatus::DeclaredMismatch } else { MappingStatus::Declared };
            self.set_kind(taxonomies, skill);
            let is_placed = skill.concepts.iter().any(|one| one.taxonomy == target && one.relation == Relation::Exact);
            if is_placed && !checked.mismatch {
                return;
            }
        }
        if let Some(product) = product(taxonomies, &skill.label.text) {
            skill.concepts.push(product);
        }
        if let Some(catalogue) = taxonomies.named(target) {
            self.look_up(catalogue, taxonomies, skill, around, work);
        }
        if skill.mapping_status == MappingStatus::Unmapped && !skill.concepts.is_empty() {
            skill.mapping_status = MappingStatus::Mapped;
        }
        self.set_kind(taxonomies, skill);
    }

    /// A concept of the catalogue, or suggestions.
    fn look_up(
        &self,
        catalogue: &Catalogue,
        taxonomies: &Taxonomies,
        skill: &mut SkillAssertion,
        around: &[&str],
        work: &mut Work,
    ) {
        let (text, language) = spoken(catalogue, skill);
        let context = Context::of(catalogue, around.iter().copied());
        let asked =
            Asked { text: &text, language: Some(&language), context: Some(&context).filter(|_| !around.is_empty()), among: None };
        let found = find(catalogue, &asked, Sources::ALL, product(taxonomies, &text).is_some(), work);
        let Some(chosen) = self.chosen(catalogue, &language) else { return };
        let ranked = chosen.combiner.rank(&found);
        let own = catalogue.language(&language);
        let is_open = skill.mapping_status != MappingStatus::DeclaredMismatch;
        if let Some(answer) = answer(&found, &ranked, &chosen).filter(|_| is_open) {
            let mut mapped = concept(catalogue, answer.concept, own, Relation::Close, answer.method);
            if answer.method == Method::Exact {
                mapped.relation = Relation::Exact;
            }
            mapped.confidence = Some(rounded(answer.probability));
            if let Some(mapping) = &mut mapped.mapping {
                mapping.calibration_id = Some(self.coefficients.id.clone());
            }
            if skill.mapping_status == MappingStatus::Unmapped {
                skill.confidence = mapped.confidence;
                skill.mapping_status = MappingStatus::Mapped;
                skill.concepts.insert(0, mapped);
                return;
            }
            // Beside what the issuer declared, a match in the employer's catalogue comes second.
            skill.concepts.push(mapped);
            return;
        }
        let suggestions =
            ranked.iter().take(SUGGESTIONS).map(|one| suggestion(catalogue, &found, one, own, &self.coefficients.id));
        skill.alternatives = suggestions.collect();
    }

    fn chosen(&self, catalogue: &Catalogue, language: &str) -> Option<Chosen> {
        let about = &catalogue.about;
        self.coefficients.choose(&about.name, &about.version, language, catalogue.embedding.is_some())
    }

    fn set_kind(&self, taxonomies: &Taxonomies, skill: &mut SkillAssertion) {
        let first = skill.concepts.first().and_then(|one| one.uri.as_deref()).and_then(|uri| taxonomies.find(uri));
        if let Some((catalogue, at)) = first
            && skill.kind == SkillKind::Unknown
        {
            skill.kind = kind(catalogue.kind(at));
        }
    }

    /// The concept with that address, as a decision keeps it.
    pub fn concept(&self, uri: &str) -> Option<Concept> {
        let taxonomies = self.library.current();
        let (catalogue, at) = taxonomies.find(uri).filter(|(catalogue, at)| catalogue.is_target(*at))?;
        Some(concept(catalogue, at, catalogue.language("en"), Relation::Exact, Method::Decision))
    }

    /// Concepts for a person who types, best first.
    pub fn search(&self, text: &str, language: Option<&str>, catalogue: Option<&str>, wanted: usize) -> Vec<Concept> {
        let taxonomies = self.library.current();
        let Some(catalogue) = taxonomies.named(&target(&taxonomies, catalogue)) else { return Vec::new() };
        let own = language.and_then(|tag| catalogue.language(tag)).or_else(|| catalogue.language("en")).or(Some(0));
        let typed = catalogue.typed(&normal(text), own, wanted);
        typed.into_iter().map(|at| concept(catalogue, at, own, Relation::Exact, Method::Suggested)).collect()
    }
}

/// The catalogue that skills are mapped to: the tenant's, else ESCO, else the first that is loaded.
fn target(taxonomies: &Taxonomies, chosen: Option<&str>) -> String {
    let loaded = |name: &str| taxonomies.named(name).is_some_and(|catalogue| !catalogue.is_empty());
    let first = || taxonomies.all.iter().find(|catalogue| !catalogue.is_empty()).map(|catalogue| catalogue.about.name.clone());
    chosen
        .filter(|name| loaded(name))
        .or_else(|| Some(HUB).filter(|name| loaded(name)))
        .map(str::to_owned)
        .or_else(first)
        .unwrap_or_default()
}

/// As the credential gave it.
fn forget(skill: &mut SkillAssertion) {
    let is_own = |one: &Concept| one.mapping.as_ref().is_none_or(|mapping| mapping.method == Method::Declared);
    skill.concepts.retain(is_own);
    skill.alternatives.clear();
    skill.confidence = None;
    skill.mapping_status = if skill.concepts.is_empty() { MappingStatus::Unmapped } else { MappingStatus::Declared };
}

/// The label in a language that the catalogue knows: its own, else a translation's.
fn spoken(catalogue: &Catalogue, skill: &SkillAssertion) -> (String, String) {
    let own = skill.label.lang.as_deref().unwrap_or("en");
    if catalogue.language(own).is_some() {
        return (skill.label.text.clone(), primary(own));
    }
    let known = skill.label.translations.iter().find(|(tag, _)| catalogue.language(tag).is_some());
    known.map_or_else(|| (skill.label.text.clone(), "en".to_owned()), |(tag, text)| (text.clone(), primary(tag)))
}

fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_lowercase()
}

/// A product of exactly this name.
fn product(taxonomies: &Taxonomies, text: &str) -> Option<Concept> {
    let catalogue = taxonomies.named(PRODUCTS)?;
    let english = catalogue.language("en")?;
    let found = catalogue.with_label(&normal(text), english);
    let mut products = found.iter().filter(|(at, _)| catalogue.kind(*at) == Kind::Technology);
    let (at, _) = products.next().filter(|_| found.len() == 1)?;
    Some(concept(catalogue, *at, Some(english), Relation::Exact, Method::Exact))
}

/// What may be published.
pub struct Answer {
    pub concept: u32,
    pub method: Method,
    pub probability: f32,
}

/// The preferred name of one concept, which no other concept shares; or a probability above the threshold. Alternative names are
/// too loose to speak alone: in ESCO "SaaS" is a name of service-oriented modelling.
pub fn answer(found: &Candidates, ranked: &[Ranked], chosen: &Chosen) -> Option<Answer> {
    let first = ranked.first()?;
    let named = match found.exact[..] {
        [only] => ranked.iter().find(|one| one.concept == only),
        _ => None,
    };
    let is_preferred = |one: &&Ranked| found.all.get(one.at).is_some_and(|one| one.numbers.exact_preferred > 0.0);
    // One word may be the word of another trade: "Logging" is forestry in ESCO.
    let is_sure = |one: &&Ranked| found.words > 1 || (one.concept == first.concept && one.probability >= ONE_WORD);
    if let Some(named) = named.filter(is_preferred).filter(is_sure) {
        return Some(Answer { concept: named.concept, method: Method::Exact, probability: named.probability });
    }
    let is_probable = chosen.publish_at.is_some_and(|least| first.probability >= least);
    is_probable.then_some(Answer { concept: first.concept, method: Method::Combined, probability: first.probability })
}

fn rounded(probability: f32) -> f64 {
    (f64::from(probability) * 1000.0).round() / 1000.0
}

fn suggestion(catalogue: &Catalogue, found: &Candidates, ranked: &Ranked, language: Option<u8>, calibration: &str) -> Concept {
    let mut suggested = concept(catalogue, ranked.concept, language, Relation::Close, Method::Suggested);
    suggested.confidence = Some(rounded(ranked.probability));
    if let (Some(mapping), Some(candidate)) = (&mut suggested.mapping, found.all.get(ranked.at)) {
        mapping.calibration_id = Some(calibration.to_owned());
        let label = catalogue.labels.texts.get(candidate.label as usize);
        mapping.why = Some(match &candidate.numbers {
            numbers if numbers.exact > 0.0 => format!("It is also called \u{201c}{label}\u{201d}."),
            numbers if numbers.runs >= 0.35 => format!("Its name \u{201c}{label}\u{201d} is written alike."),
            numbers if numbers.text_in_concept >= 0.5 => "Its description uses the same words.".to_owned(),
            _ => "Its names are used in the same sense.".to_owned(),
        });
    }
    suggested
}

/// Applies a person's decision, which overrules every automatic mapping and nothing that the issuer declared rightly.
pub fn decide(skill: &mut SkillAssertion, decisions: &BTreeMap<String, Decision>) {
    let Some(decision) = decisions.get(&skill.label.key()) else { return };
    if skill.mapping_status == MappingStatus::Declared {
        return;
    }
    skill.alternatives.clear();
    match (decision.ruling, &decision.concept) {
        (Ruling::Concept, Some(concept)) => {
            let is_own = |one: &Concept| one.mapping.as_ref().is_none_or(|mapping| mapping.method == Method::Declared);
            skill.concepts.retain(|one| is_own(one) && one.uri != concept.uri);
            let mut decided = concept.clone();
            let mapping = decided.mapping.get_or_insert_with(|| Mapping::of(Method::Decision));
            mapping.method = Method::Decision;
            mapping.decision_id = Some(decision.id.clone());
            skill.concepts.insert(0, decided);
            skill.confidence = None;
            skill.mapping_status = MappingStatus::Mapped;
        }
        (Ruling::NotASkill, _) => {
            skill.concepts.clear();
            skill.confidence = None;
            skill.mapping_status = MappingStatus::Rejected;
        }
        _ => {
            skill.concepts.clear();
            skill.confidence = None;
            skill.mapping_status = MappingStatus::Unmapped;
        }
    }
}
