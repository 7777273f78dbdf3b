//! Nodes that a document describes in several places: RDF merges them, but readers don't.
//! Comes in: the places of nodes with identifiers. Goes out: problems of the `integrity` check.
//! Must not know: proofs, contexts.

use crate::jsonld::dataset::Term;
use crate::jsonld::notes::{NodeNote, Notes};
use crate::model::code::Code;
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Properties (last part of their IRI) whose values decide the credential's content. Such a node must not be described elsewhere.
const DECISIVE: [&str; 11] = [
    "credentialStatus",
    "credentialSchema",
    "refreshService",
    "termsOfUse",
    "evidence",
    "verifiableCredential",
    "endorsement",
    "result",
    "resultDescription",
    "achievement",
    "credentialSubject",
];
/// Properties of this list that several credentials in one document may share.
const SHARED: [&str; 3] = ["credentialSubject", "achievement", "resultDescription"];
/// The most differing descriptions of one node that are compared, since each is compared with each.
const MAX_DESCRIPTIONS: usize = 300;
/// People and organisations: several places may describe them, in more or less detail.
const PROFILES: [&str; 4] = ["issuer", "creator", "source", "holder"];
/// Properties whose value may have the identifier of another node, and the members that such a value may have.
const ASIDES: [(&str, &[&str]); 2] =
    [("credentialSubject", &["id", "type", "endorsementComment"]), ("Criteria", &["id", "type", "narrative"])];

/// Decisive nodes with a second, differing description. A reference (`id`, with or without `type`) is not a description.
pub fn redescribed(document: &Map<String, Value>, notes: &Notes) -> Vec<ProofProblem> {
    let mut places: HashMap<(&Term, Option<&Term>), Vec<&NodeNote>> = HashMap::new();
    for node in notes.nodes.iter().filter(|node| node.described) {
        places.entry((&node.id, node.graph.as_ref())).or_default().push(node);
    }
    let conflicting = places.into_values().filter(|places| places.len() > 1);
    conflicting.filter_map(|places| conflict(document, &places)).collect()
}

fn conflict(document: &Map<String, Value>, places: &[&NodeNote]) -> Option<ProofProblem> {
    let descriptions = distinct(document, places);
    if descriptions.len() > MAX_DESCRIPTIONS {
        let detail = format!("{} is described in more than {MAX_DESCRIPTIONS} different ways", name(&places.first()?.id));
        return Some(ProofProblem::new(Code::TooComplex, detail));
    }
    let decisive = descriptions.iter().filter(|description| is_decisive(description.node));
    let pairs = decisive.flat_map(|decisive| descriptions.iter().map(move |other| (decisive, other)));
    let differing = |one: &Description<'_>, other: &Description<'_>| one.content != other.content && !may_share(one, other);
    let (decisive, other) = pairs.into_iter().find(|(decisive, other)| differing(decisive, other))?;
    let detail = format!("the document describes {} in several places, in different ways", name(&decisive.node.id));
    Some(ProofProblem::integrity(Code::NodeRedescribed, &other.node.pointer, detail))
}

/// The description of a node at one place.
struct Description<'a> {
    node: &'a NodeNote,
    content: Option<&'a Value>,
}

/// One description per content, property and credential, so that equal descriptions are compared once.
fn distinct<'a>(document: &'a Map<String, Value>, places: &[&'a NodeNote]) -> Vec<Description<'a>> {
    let mut seen = HashSet::new();
    let described = places.iter().map(|node| Description { node, content: at(document, node) });
    described.filter(|one| seen.insert((one.content, one.node.property.as_deref(), scope(&one.node.pointer)))).collect()
}

fn last_part(node: &NodeNote) -> Option<&str> {
    node.property.as_deref().and_then(|iri| iri.rsplit(['#', '/']).next())
}

fn is_decisive(node: &NodeNote) -> bool {
    match last_part(node) {
        None => true,
        Some(property) => DECISIVE.contains(&property),
    }
}

/// A subject may be its own issuer. Several credentials may have the same subject or achievement. An endorsed object is described at
/// its own place and in the endorsement.
fn may_share(one: &Description<'_>, other: &Description<'_>) -> bool {
    let is = |one: &Description<'_>, names: &[&str]| last_part(one.node).is_some_and(|property| names.contains(&property));
    let is_aside = |one: &Description<'_>| {
        let allowed = ASIDES.iter().find(|(property, _)| is(one, &[property])).map(|(_, allowed)| *allowed);
        let members = one.content.and_then(Value::as_object);
        allowed.zip(members).is_some_and(|(allowed, members)| members.keys().all(|name| allowed.contains(&name.as_str())))
    };
    let own_issuer = |a, b| is(a, &["credentialSubject"]) && is(b, &PROFILES);
    let elsewhere = is(one, &SHARED) && is(other, &SHARED) && scope(&one.node.pointer) != scope(&other.node.pointer);
    is_aside(one) || is_aside(other) || own_issuer(one, other) || own_issuer(other, one) || elsewhere
}

/// The inner credential that holds a place.
fn scope(pointer: &str) -> &str {
    let start =
        ["/endorsement/", "/verifiableCredential/"].iter().filter_map(|marker| Some(pointer.rfind(marker)? + marker.len())).max();
    let Some(start) = start else { return "" };
    let end = pointer[start..].find('/').map_or(pointer.len(), |length| start + length);
    &pointer[..end]
}

fn at<'a>(document: &'a Map<String, Value>, node: &NodeNote) -> Option<&'a Value> {
    let (first, rest) = node.pointer.strip_prefix('/')?.split_once('/').unwrap_or((node.pointer.strip_prefix('/')?, ""));
    let value = document.get(first)?;
    if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
}

fn name(term: &Term) -> &str {
    match term {
        Term::Iri(iri) => iri,
        Term::Blank(_) | Term::Literal(_) => "a node",
    }
}
