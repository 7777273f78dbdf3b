//! Asking candidates: a form, a page for each request that updates itself, and the list of requests.
//! Comes in: who is asked for what. Goes out: a link with its QR code and a mail to copy. Must not know: how wallets answer.

pub mod create;

use super::words::{Person, address};
use super::{Visit, rows_after};
use crate::http::extract::Id;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::candidate::Identity;
use crate::model::exchange::{Exchange, ExchangeState};
use crate::model::ids::{CandidateRef, ExchangeId};
use crate::model::oauth::Invitation;
use crate::model::submission::CandidateHint;
use crate::web::channel::qr_code;
use crate::web::frame::Area;
use crate::web::messages::{self, Language};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Links for platforms that the first page lists.
const LINKS: usize = 50;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    after: String,
}

/// A request to a wallet in a list.
#[derive(Serialize)]
pub struct Row {
    address: String,
    person: String,
    reason: String,
    /// `pending`, `active`, `complete`, `invalid`, `expired`: the end of a text's key.
    state: &'static str,
    tone: &'static str,
    submission: Option<String>,
    created_at: String,
    expires_at: String,
}

/// `GET /requests`
pub async fn list(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Link {
        person: Person,
        purpose: Option<String>,
        connections: i32,
        state: &'static str,
        tone: &'static str,
        created_at: String,
        expires_at: String,
    }
    #[derive(Serialize)]
    struct Values {
        rows: Vec<Row>,
        links: Vec<Link>,
        next: Option<String>,
        is_first: bool,
    }
    let (store, tenant, now) = (state.store(), &visit.caller.tenant_id, state.clock().now());
    let page = rows_after(&query.after)?;
    let mut exchanges = store.list_exchanges(tenant, &page).await?;
    let is_more = paging::cut(&page, &mut exchanges);
    let next = exchanges.last().filter(|_| is_more).map(|last| address("/requests", &[("after", last.id.as_str())]));
    let is_first = query.after.is_empty();
    let mut invitations = if is_first { store.list_invitations(tenant).await? } else { Vec::new() };
    invitations.truncate(LINKS);
    let refs: Vec<CandidateRef> = invitations.iter().map(|invitation| invitation.candidate_ref.clone()).collect();
    let identities = store.candidate_identities(tenant, &refs).await?;
    let link = |invitation: Invitation| {
        let (state, tone) = if invitation.revoked_at.is_some() {
            ("revoked", "rejected")
        } else if invitation.connections > 0 {
            ("connected", "accepted")
        } else if invitation.expires_at <= now {
            ("expired", "rejected")
        } else {
            ("open", "neutral")
        };
        Link {
            person: Person::of(&invitation.candidate_ref, identities.get(&invitation.candidate_ref), visit.language),
            purpose: invitation.purpose,
            connections: invitation.connections,
            created_at: invitation.created_at.to_rfc3339(),
            expires_at: invitation.expires_at.to_rfc3339(),
            state,
            tone,
        }
    };
    let values = Values {
        rows: exchanges.into_iter().map(|exchange| row(exchange, now, visit.language)).collect(),
        links: invitations.into_iter().map(link).collect(),
        next,
        is_first,
    };
    Ok(visit.page("requests.html", Area::Requests, &values))
}

/// `GET /requests/{id}`
pub async fn page(state: web::Data<State>, visit: Visit, id: Id<ExchangeId>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        id: String,
        request: Row,
        link: String,
        qr: String,
        mail: create::Mail,
        is_open: bool,
    }
    let found = state.store().exchange(&id.0).await?;
    let own = found.filter(|exchange| exchange.tenant_id == visit.caller.tenant_id);
    let exchange = own.ok_or_else(|| Problem::new(Code::NotFound, "There is no such request."))?;
    let link = state.channels.urls(&exchange).interaction;
    let organisation = &state.channels.settings.organisation;
    let mail = create::Mail::new(
        visit.language,
        organisation,
        &exchange.candidate,
        &exchange.options.reason,
        &link,
        exchange.expires_at,
    );
    let request = row(exchange, state.clock().now(), visit.language);
    let is_open = matches!(request.state, "pending" | "active");
    let values =
        Values { id: id.0.to_string(), qr: address("/requests/qr.svg", &[("text", &link)]), link, mail, is_open, request };
    Ok(visit.page("request.html", Area::Requests, &values))
}

#[derive(Deserialize)]
pub struct Text {
    text: String,
}

/// `GET /requests/qr.svg?text=`: a QR code of one of the gateway's own links.
pub async fn qr(state: web::Data<State>, _visit: Visit, query: web::Query<Text>) -> Result<HttpResponse, Problem> {
    if !query.text.starts_with(state.public_url()) || query.text.len() > 500 {
        return Err(Problem::new(Code::InvalidQuery, "text must be a link of this gateway."));
    }
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .body(qr_code(&query.text)))
}

/// A request as lists show it.
pub fn row(exchange: Exchange, now: DateTime<Utc>, language: Language) -> Row {
    let (state, tone) = match exchange.state {
        ExchangeState::Complete => ("complete", "accepted"),
        ExchangeState::Invalid => ("invalid", "rejected"),
        _ if exchange.is_expired(now) => ("expired", "rejected"),
        ExchangeState::Active => ("active", "attention"),
        ExchangeState::Pending => ("pending", "neutral"),
    };
    Row {
        address: format!("/requests/{}", exchange.id),
        person: label(&exchange.candidate, language),
        reason: exchange.options.reason,
        submission: exchange.submission_id.map(|id| format!("/submissions/{id}")),
        created_at: exchange.created_at.to_rfc3339(),
        expires_at: exchange.expires_at.to_rfc3339(),
        state,
        tone,
    }
}

/// Whom the request names.
fn label(hint: &CandidateHint, language: Language) -> String {
    let reference = hint.candidate_ref.as_ref().map(ToString::to_string).filter(|text| uuid::Uuid::parse_str(text).is_err());
    let known = hint.name.clone().or_else(|| hint.emails.first().cloned()).or(reference);
    known.unwrap_or_else(|| messages::text(language, "person.unnamed"))
}

/// `GET /requests/new`
pub async fn new(state: web::Data<State>, visit: Visit, query: web::Query<create::For>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        reference: String,
        ats_id: String,
        email: String,
        name: String,
        templates: Vec<String>,
    }
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let known = match query.candidate() {
        Some(reference) => store.candidate(tenant, &reference).await?.map(|candidate| candidate.candidate_ref),
        None => None,
    };
    let identity = match &known {
        Some(reference) => store.candidate_identity(tenant, reference).await?,
        None => Identity::default(),
    };
    let templates = store.list_request_templates(tenant, 100).await?.into_iter().map(|(name, _)| name).collect();
    let values = Values {
        reference: known.map(|reference| reference.to_string()).unwrap_or_default(),
        ats_id: identity.ats_id.unwrap_or_default(),
        email: identity.emails.first().cloned().unwrap_or_default(),
        name: identity.name.unwrap_or_default(),
        templates,
    };
    Ok(visit.page("request_new.html", Area::Requests, &values))
}
