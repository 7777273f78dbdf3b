//! `GET /candidates/{ref}`: everything about one person: who they are, what they can do, and where that was sent.
//! Comes in: a reference, also one that a merger replaced. Goes out: the page, the skills as CSV, or the page that asks before a merger.

mod skills;

use self::skills::SkillRow;
use super::Visit;
use super::inbox::{self, Row};
use super::requests;
use super::words::{Person, address};
use crate::http::extract::Id;
use crate::http::pages::csv;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::candidate::{AddressKind, Candidate, FullAddress, FullIdentity, IdentitySource};
use crate::model::ids::CandidateRef;
use crate::model::record::Page;
use crate::model::search::CredentialSearch;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Credentials that the page lists; the inbox lists them all.
const CREDENTIALS: u32 = 100;

#[derive(Serialize)]
struct Values {
    reference: String,
    person: Person,
    names: Vec<String>,
    addresses: Vec<Address>,
    ats_ids: Vec<String>,
    references: Vec<String>,
    created_at: String,
    skills: Vec<SkillRow>,
    credentials: Vec<Row>,
    /// The inbox with the rest of the credentials.
    more_credentials: Option<String>,
    deliveries: Vec<Delivered>,
    requests: Vec<requests::Row>,
    notes: Vec<Note>,
    /// Since when nothing is passed on, because the person wants it so.
    stopped_at: Option<String>,
    ask: String,
    csv: String,
    merge: String,
}

#[derive(Serialize)]
struct Address {
    id: String,
    value: String,
    kind: &'static str,
    source: &'static str,
    is_proven: bool,
    created_at: String,
}

#[derive(Serialize)]
struct Delivered {
    name: String,
    delivered: u32,
    waiting: u32,
    stopped: u32,
    since: Option<String>,
}

/// What the person wrote on their own page.
#[derive(Serialize)]
struct Note {
    id: String,
    kind: &'static str,
    text: Option<String>,
    created_at: String,
    is_done: bool,
}

/// `GET /candidates/{ref}`
pub async fn page(state: web::Data<State>, visit: Visit, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let candidate = find(&state, &visit, &id.0).await?;
    let reference = candidate.candidate_ref.clone();
    let identity = store.full_identity(tenant, &reference).await?;
    let known = store.candidate_identity(tenant, &reference).await?;
    let search = CredentialSearch { text: reference.to_string(), ..CredentialSearch::default() };
    let found = store.search_credentials(tenant, &search, &Page { limit: CREDENTIALS + 1, after: None }).await?;
    let support = store.candidate_support(tenant, &reference).await?;
    let skills = skills::merged(support, &found.rows, visit.language);
    let connections = store.list_connections(tenant).await?;
    let delivered = store.delivered_to(tenant, &reference).await?.into_iter().map(|to| Delivered {
        name: connections
            .iter()
            .find(|connection| connection.id == to.connection_id)
            .map_or_else(|| to.connection_id.to_string(), |connection| connection.name.clone()),
        delivered: to.delivered,
        waiting: to.waiting,
        stopped: to.stopped,
        since: to.since.map(|since| since.to_rfc3339()),
    });
    let deliveries = delivered.collect();
    let now = state.clock().now();
    let requests = store.exchanges_of(tenant, &reference).await?;
    let requests = requests.into_iter().map(|exchange| requests::row(exchange, now, visit.language)).collect();
    let notes = store.person_notes(tenant, Some(&reference)).await?.into_iter().map(|note| Note {
        id: note.id,
        kind: note.kind.as_str(),
        text: note.text,
        created_at: note.created_at.to_rfc3339(),
        is_done: note.done_at.is_some(),
    });
    let notes = notes.collect();
    let stopped_at = store.sharing_stopped_at(tenant, &reference).await?.map(|at| at.to_rfc3339());
    let identities: HashMap<_, _> = [(reference.clone(), known.clone())].into();
    let path = format!("/candidates/{reference}");
    let values = Values {
        person: Person::of(&reference, Some(&known), visit.language),
        references: references(&identity, &reference),
        ats_ids: identity.ats_ids.clone(),
        addresses: addresses(&identity),
        names: identity.names,
        created_at: candidate.created_at.to_rfc3339(),
        skills,
        more_credentials: found.next.as_ref().map(|_| address("/", &[("q", reference.as_str())])),
        credentials: found.rows.into_iter().map(|row| inbox::shown(row, &identities, visit.language)).collect(),
        deliveries,
        requests,
        notes,
        stopped_at,
        ask: address("/requests/new", &[("candidate", reference.as_str())]),
        csv: format!("{path}/skills.csv"),
        merge: format!("{path}/merge"),
        reference: reference.to_string(),
    };
    Ok(visit.page("candidate.html", Area::Candidates, &values))
}

/// `GET /candidates/{ref}/skills.csv`
pub async fn table(state: web::Data<State>, visit: Visit, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let candidate = find(&state, &visit, &id.0).await?.candidate_ref;
    let support = state.store().candidate_support(&visit.caller.tenant_id, &candidate).await?;
    let head = ["candidate_ref", "skill", "level", "framework", "concept", "verdict", "credentials", "valid_until"];
    let rows = skills::merged(support, &[], visit.language).into_iter().map(|skill| skill.row(&candidate)).collect();
    csv::file(&format!("skills-{}.csv", plain(candidate.as_str())), &head, rows)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct With {
    with: String,
}

/// `GET /candidates/{ref}/merge`: who would be merged, before it is done.
pub async fn merge(
    state: web::Data<State>,
    visit: Visit,
    id: Id<CandidateRef>,
    query: web::Query<With>,
) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        person: Person,
        with: String,
        found: Vec<Person>,
    }
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let candidate = find(&state, &visit, &id.0).await?.candidate_ref;
    let with = query.with.trim().to_owned();
    let mut others = if with.is_empty() { Vec::new() } else { store.persons_named(tenant, &with).await? };
    others.retain(|other| *other != candidate);
    let mut refs = others.clone();
    refs.push(candidate.clone());
    let identities = store.candidate_identities(tenant, &refs).await?;
    let person = |reference: &CandidateRef| Person::of(reference, identities.get(reference), visit.language);
    let values = Values { person: person(&candidate), found: others.iter().take(20).map(person).collect(), with };
    Ok(visit.page("merge.html", Area::Candidates, &values))
}

async fn find(state: &State, visit: &Visit, id: &CandidateRef) -> Result<Candidate, Problem> {
    let found = state.store().candidate(&visit.caller.tenant_id, id).await?;
    found.ok_or_else(|| Problem::new(Code::NotFound, "There is no such candidate."))
}

/// The employer's own references of the person. One of the gateway's tells a recruiter nothing.
fn references(identity: &FullIdentity, reference: &CandidateRef) -> Vec<String> {
    let current = identity.is_employers.then(|| reference.to_string());
    // An alias that the gateway made is a UUID.
    let aliases = identity.aliases.iter().map(ToString::to_string).filter(|alias| uuid::Uuid::parse_str(alias).is_err());
    current.into_iter().filter(|one| uuid::Uuid::parse_str(one).is_err()).chain(aliases).collect()
}

fn addresses(identity: &FullIdentity) -> Vec<Address> {
    let address = |known: &FullAddress| Address {
        id: known.id.clone(),
        value: known.value.clone(),
        kind: if known.kind == AddressKind::Email { "email" } else { "did" },
        source: match known.source {
            IdentitySource::Stated => "stated",
            IdentitySource::Subject => "subject",
            IdentitySource::Credential => "credential",
            IdentitySource::Wallet => "wallet",
        },
        is_proven: known.source.is_proven(),
        created_at: known.created_at.to_rfc3339(),
    };
    identity.addresses.iter().map(address).collect()
}

/// A part of a file's name.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}
