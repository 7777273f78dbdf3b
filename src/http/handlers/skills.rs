//! Texts of skills that wait for a person, decisions about them, and the catalogue that they are mapped to.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::paging::{self, PageQuery};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::decision::{Decision, Precision, ReviewEntry, Ruling};
use crate::model::skill::{Concept, Mapping, Method, Relation, label_key};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Longest label that a decision is about, in characters.
const MAX_LABEL: usize = 500;
/// Concepts that a search gives.
const FOUND: usize = 20;
/// Most decisions of one import.
const MAX_IMPORTED: usize = 1_000;
/// The taxonomy of an employer's own concepts.
const OWN: &str = "own";

#[derive(Serialize)]
struct Review {
    items: Vec<ReviewEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    precision: Precision,
}

/// `GET /v1/skills/review`: texts of most people first.
pub async fn review(state: web::Data<State>, caller: Caller, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let skip: u32 = match &page.after {
        None => 0,
        Some(after) => {
            after.parse().map_err(|_| Problem::new(Code::InvalidQuery, "after must be the `next` of the page before."))?
        }
    };
    let mut items = state.store().skills_to_review(&caller.tenant_id, skip, page.limit).await?;
    let more = paging::cut(&page, &mut items);
    let next = more.then(|| (skip as usize + items.len()).to_string());
    let precision = state.store().mapping_precision(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Review { items, next, precision }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    label: String,
    issuer_id: Option<String>,
    ruling: Ruling,
    /// Address of a concept of a loaded taxonomy, or of the employer's own concepts.
    concept: Option<String>,
    /// Name of a new concept of the employer's own.
    new_concept: Option<String>,
}

/// `POST /v1/skills/decisions`: counts for earlier and later credentials.
pub async fn decide(state: web::Data<State>, caller: Caller, body: web::Json<NewDecision>) -> Result<HttpResponse, Problem> {
    let decision = decision(&state, &caller, body.into_inner()).await?;
    Ok(HttpResponse::Created().json(keep(&state, &caller, decision).await?))
}

async fn keep(state: &State, caller: &Caller, decision: Decision) -> Result<Decision, Problem> {
    let kept = state.pipeline().decide(&caller.tenant_id, decision).await.map_err(Problem::from)?;
    caller.note("skill_decision.make", format!("skill_decision:{}", kept.id));
    state.tasks.wake();
    Ok(kept)
}

async fn decision(state: &State, caller: &Caller, new: NewDecision) -> Result<Decision, Problem> {
    let label = new.label.split_whitespace().collect::<Vec<_>>().join(" ");
    if label.is_empty() || label.chars().count() > MAX_LABEL {
        return Err(Problem::invalid_field("label", "must be the text of a skill, of at most 500 characters"));
    }
    let concept = match (new.ruling, new.concept, new.new_concept) {
        (Ruling::Concept, Some(uri), None) => Some(known_concept(state, caller, &uri).await?),
        (Ruling::Concept, None, Some(name)) => Some(own_concept(&name)?),
        (Ruling::Concept, ..) => {
            return Err(Problem::invalid_field("concept", "give either concept (an address) or new_concept (a name)"));
        }
        (_, None, None) => None,
        _ => return Err(Problem::invalid_field("concept", "belongs to the ruling \"concept\" only")),
    };
    Ok(Decision {
        id: uuid::Uuid::now_v7().to_string(),
        label,
        issuer_id: new.issuer_id.filter(|issuer| !issuer.is_empty()),
        ruling: new.ruling,
        concept,
        by: caller.name.clone(),
        decided_at: state.clock().now(),
        corrected: 0,
        undone_at: None,
    })
}

async fn known_concept(state: &State, caller: &Caller, uri: &str) -> Result<Concept, Problem> {
    if let Some(concept) = state.pipeline().mapper.concept(uri) {
        return Ok(concept);
    }
    let page = crate::model::record::Page { limit: 10_000, after: None };
    let earlier = state.store().list_decisions(&caller.tenant_id, &page).await?;
    let own = earlier.into_iter().filter_map(|decision| decision.concept).find(|concept| concept.uri.as_deref() == Some(uri));
    own.ok_or_else(|| Problem::invalid_field("concept", "is not in a loaded taxonomy"))
}

fn own_concept(name: &str) -> Result<Concept, Problem> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Problem::invalid_field("new_concept", "must be a name of at most 200 characters"));
    }
    Ok(Concept {
        taxonomy: OWN.to_owned(),
        taxonomy_version: None,
        uri: Some(format!("urn:uuid:{}", uuid::Uuid::now_v7())),
        code: None,
        label: Some(name),
        framework_name: None,
        relation: Relation::Exact,
        confidence: None,
        mapping: Some(Mapping::of(Method::Decision)),
    })
}

/// `GET /v1/skills/decisions`: newest first, also decisions that were taken back. The answer can be imported elsewhere.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let rows = state.store().list_decisions(&caller.tenant_id, &page).await?;
    Ok(paging::list(&page, rows, |decision: &Decision| decision.id.clone()))
}

/// `DELETE /v1/skills/decisions/{id}`: takes the decision back; earlier credentials follow.
pub async fn undo(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    let undone = state.pipeline().undo_decision(&caller.tenant_id, &id.0).await.map_err(Problem::from)?;
    let decision = undone.ok_or_else(|| Problem::not_found("decision"))?;
    state.tasks.wake();
    Ok(HttpResponse::Ok().json(decision))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    items: Vec<Decision>,
}

#[derive(Serialize)]
struct Count {
    imported: usize,
}

/// `POST /v1/skills/decisions/import`: decisions of another gateway or of a copy, as the list gives them.
pub async fn import(state: web::Data<State>, caller: Caller, body: web::Json<Imported>) -> Result<HttpResponse, Problem> {
    let items = body.into_inner().items;
    if items.len() > MAX_IMPORTED {
        return Err(Problem::invalid_field("items", "must be at most 1,000 decisions; import them in parts"));
    }
    let mut fresh = Vec::new();
    for decision in items.into_iter().filter(|decision| decision.undone_at.is_none()) {
        let has_concept = decision.concept.as_ref().is_some_and(|concept| concept.uri.is_some());
        if label_key(&decision.label).is_empty() || has_concept != (decision.ruling == Ruling::Concept) {
            return Err(Problem::invalid_field("items", "each needs a label, and a concept exactly for the ruling \"concept\""));
        }
        fresh.push(Decision { id: uuid::Uuid::now_v7().to_string(), by: caller.name.clone(), corrected: 0, ..decision });
    }
    let imported = fresh.len();
    for decision in fresh {
        keep(&state, &caller, decision).await?;
    }
    Ok(HttpResponse::Ok().json(Count { imported }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    q: String,
    language: Option<String>,
    taxonomy: Option<String>,
}

#[derive(Serialize)]
struct Found {
    items: Vec<Concept>,
}

/// `GET /v1/skills/concepts?q=`: concepts for a person who types.
pub async fn search(state: web::Data<State>, caller: Caller, query: web::Query<SearchQuery>) -> Result<HttpResponse, Problem> {
    let (chosen, _) = state.store().skill_settings(&caller.tenant_id).await?;
    let query = query.into_inner();
    let mapper = state.pipeline().mapper.clone();
    let catalogue = query.taxonomy.or(chosen);
    let found = web::block(move || mapper.search(&query.q, query.language.as_deref(), catalogue.as_deref(), FOUND)).await;
    Ok(HttpResponse::Ok().json(Found { items: found.map_err(Problem::internal)? }))
}

#[derive(Serialize)]
struct Catalogue {
    /// Absent: ESCO, when it is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    taxonomy: Option<String>,
    taxonomies: Vec<Loaded>,
}

#[derive(Serialize)]
struct Loaded {
    name: String,
    version: String,
    title: String,
    licence: String,
    languages: Vec<String>,
    concepts: usize,
    trained: bool,
}

/// `GET /v1/skills/catalogue`: the taxonomies that are loaded, and the one that this employer's skills are mapped to.
pub async fn catalogue(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let (taxonomy, _) = state.store().skill_settings(&caller.tenant_id).await?;
    let loaded = state.pipeline().mapper.taxonomies();
    let taxonomies = loaded.all.iter().map(|one| Loaded {
        name: one.about.name.clone(),
        version: one.about.version.clone(),
        title: one.about.title.clone(),
        licence: one.about.licence.clone(),
        languages: one.about.languages.clone(),
        concepts: one.about.concepts,
        trained: one.about.seed.is_some(),
    });
    Ok(HttpResponse::Ok().json(Catalogue { taxonomy, taxonomies: taxonomies.collect() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    taxonomy: Option<String>,
}

/// `PUT /v1/skills/catalogue`: earlier skills are mapped again, and keep their ids.
pub async fn choose(state: web::Data<State>, caller: Caller, body: web::Json<Chosen>) -> Result<HttpResponse, Problem> {
    let chosen = body.into_inner().taxonomy;
    let loaded = state.pipeline().mapper.taxonomies();
    if chosen.as_deref().is_some_and(|name| loaded.named(name).is_none()) {
        return Err(Problem::invalid_field("taxonomy", "is not loaded"));
    }
    state.pipeline().choose_catalogue(&caller.tenant_id, chosen).await.map_err(Problem::from)?;
    catalogue(state, caller).await
}
