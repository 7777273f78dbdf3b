//! Concepts of a catalogue as skills carry them, with name, version and path.

use crate::model::skill::{Concept, Mapping, Method, Relation, SkillKind};
use crate::taxonomy::Catalogue;
use crate::taxonomy::bundle::{Kind, Match};

/// Headings of a path that are shown.
const PATH: usize = 4;

pub fn concept(catalogue: &Catalogue, at: u32, language: Option<u8>, relation: Relation, method: Method) -> Concept {
    let code = catalogue.concepts.codes.get(at as usize);
    Concept {
        taxonomy: catalogue.about.name.clone(),
        taxonomy_version: Some(catalogue.about.version.clone()),
        uri: Some(catalogue.uri(at).to_owned()),
        code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        label: Some(catalogue.name(at, language).to_owned()),
        framework_name: None,
        relation,
        confidence: None,
        mapping: Some(Mapping { method, path: path(catalogue, at, language), ..Mapping::of(method) }),
    }
}

/// From the top down to the concept's own group.
pub fn path(catalogue: &Catalogue, at: u32, language: Option<u8>) -> Vec<String> {
    let mut names: Vec<String> =
        catalogue.path(at).into_iter().take(PATH).map(|one| catalogue.name(one, language).to_owned()).collect();
    names.reverse();
    names
}

pub fn relation(of: Match) -> Relation {
    match of {
        Match::Exact => Relation::Exact,
        Match::Close => Relation::Close,
        Match::Broad => Relation::Broader,
        Match::Narrow => Relation::Narrower,
    }
}

pub fn kind(of: Kind) -> SkillKind {
    match of {
        Kind::Skill => SkillKind::Skill,
        Kind::Knowledge => SkillKind::Knowledge,
        Kind::Language => SkillKind::Language,
        Kind::Technology => SkillKind::Technology,
        Kind::Transversal => SkillKind::Transversal,
        Kind::Group => SkillKind::Unknown,
    }
}
