//! A compiled taxonomy as a bundle again, so that further files can be added to it, and the differences between two versions.

use super::bundle::{Bundle, Crossing, Kind, LabelKind, Reuse};
use super::catalogue::Catalogue;
use serde::Serialize;

/// What a catalogue was compiled from.
pub fn bundle(catalogue: &Catalogue) -> Bundle {
    let about = &catalogue.about;
    let mut bundle = Bundle::new(&about.name, &about.version);
    about.title.clone_into(&mut bundle.title);
    about.licence.clone_into(&mut bundle.licence);
    let of = &catalogue.concepts;
    for concept in 0..catalogue.len() as u32 {
        let at = concept as usize;
        let above: Vec<String> = of.broader.get(at).iter().map(|above| catalogue.uri(*above).to_owned()).collect();
        let to = bundle.concept(catalogue.uri(concept));
        of.codes.get(at).clone_into(&mut to.code);
        of.descriptions.get(at).clone_into(&mut to.description);
        (to.kind, to.reuse) = (catalogue.kind(concept), Reuse::of_code(of.reuse.get(at).copied().unwrap_or_default()));
        to.retired = catalogue.is_retired(concept);
        to.broader = above;
        to.replaced_by = catalogue.successors(concept).map(str::to_owned).collect();
        for label in catalogue.labels_of(concept) {
            let language = catalogue.labels.languages.get(label).and_then(|language| about.languages.get(usize::from(*language)));
            let kind = match catalogue.labels.kinds.get(label) {
                Some(0) => LabelKind::Preferred,
                Some(1) => LabelKind::Alternative,
                _ => LabelKind::Hidden,
            };
            to.add_label(catalogue.labels.texts.get(label), language.map_or("en", String::as_str), kind);
        }
    }
    bundle.crossings = catalogue
        .crossings()
        .map(|(from, relation, to)| Crossing {
            from: from.to_owned(),
            from_label: String::new(),
            from_language: String::new(),
            relation,
            to: to.to_owned(),
        })
        .collect();
    bundle
}

/// What changed between two versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub added: Vec<Named>,
    /// Gone, or retired, with what took its place.
    pub removed: Vec<Named>,
    pub renamed: Vec<Renamed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    pub uri: String,
    pub label: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced_by: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    pub uri: String,
    pub before: String,
    pub after: String,
}

pub fn difference(before: &Catalogue, after: &Catalogue) -> Difference {
    let counts = |of: &Catalogue, concept: u32| of.kind(concept) != Kind::Group && !of.is_retired(concept);
    let english = |of: &Catalogue, concept: u32| of.name(concept, of.language("en")).to_owned();
    let mut found = Difference::default();
    for concept in (0..after.len() as u32).filter(|concept| counts(after, *concept)) {
        let uri = after.uri(concept);
        let label = english(after, concept);
        match before.find(uri).filter(|old| counts(before, *old)) {
            None => found.added.push(Named { uri: uri.to_owned(), label, replaced_by: Vec::new() }),
            Some(old) if english(before, old) != label => {
                found.renamed.push(Renamed { uri: uri.to_owned(), before: english(before, old), after: label });
            }
            Some(_) => {}
        }
    }
    for concept in (0..before.len() as u32).filter(|concept| counts(before, *concept)) {
        let uri = before.uri(concept);
        let now = after.find(uri);
        if now.is_none_or(|now| !counts(after, now)) {
            let replaced_by = now.map(|now| after.successors(now).map(str::to_owned).collect()).unwrap_or_default();
            found.removed.push(Named { uri: uri.to_owned(), label: english(before, concept), replaced_by });
        }
    }
    found
}
