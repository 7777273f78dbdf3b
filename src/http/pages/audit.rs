//! `GET /audit`: who did what to which object, newest first. Comes in: a filter and the place in the list. Goes out: the page.

use super::actors::{name_of, names};
use super::words::address;
use super::{ROWS, Visit};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::account::AuditFilter;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    actor: String,
    action: String,
    object: String,
    from: String,
    until: String,
    after: String,
}

#[derive(Serialize)]
struct Values {
    actor: String,
    action: String,
    object: String,
    from: String,
    until: String,
    is_first: bool,
    first: String,
    next: Option<String>,
    /// The same entries as files.
    jsonl: String,
    csv: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    number: i64,
    at: String,
    who: String,
    actor: String,
    action: String,
    object: String,
    address: String,
}

/// `GET /audit`
pub async fn page(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let from = day("from", &query.from)?;
    let until = day("until", &query.until)?.and_then(|day| day.checked_add_days(Days::new(1)));
    let filter =
        AuditFilter { actor: given(&query.actor), action: given(&query.action), object: given(&query.object), from, until };
    let before = match query.after.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Problem::new(Code::InvalidQuery, "after must be the number of an entry."))?),
    };
    let tenant = &visit.caller.tenant_id;
    let mut entries = state.store().list_audit(tenant, &filter, before, ROWS + 1).await?;
    let more = entries.len() > ROWS as usize;
    entries.truncate(ROWS as usize);
    let names = names(&state, tenant).await?;
    let list = |after: &str| {
        let wanted = [("actor", query.actor.as_str()), ("action", &query.action), ("object", &query.object)];
        address("/audit", &[&wanted[..], &[("from", &query.from), ("until", &query.until), ("after", after)]].concat())
    };
    let file = |format: &str| {
        let moment = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
        let (from, until) = (moment(from), moment(until));
        let wanted = [("actor", query.actor.trim()), ("action", query.action.trim()), ("object", query.object.trim())];
        address("/v1/audit/export", &[&wanted[..], &[("from", &from), ("until", &until), ("format", format)]].concat())
    };
    let values = Values {
        is_first: before.is_none(),
        first: list(""),
        next: entries.last().filter(|_| more).map(|entry| list(&entry.number.to_string())),
        jsonl: file("jsonl"),
        csv: file("csv"),
        rows: entries
            .into_iter()
            .map(|entry| Row {
                number: entry.number,
                at: entry.at.to_rfc3339(),
                who: name_of(&names, &entry.actor),
                actor: entry.actor,
                action: entry.action,
                object: entry.object,
                address: entry.address,
            })
            .collect(),
        actor: query.actor.clone(),
        action: query.action.clone(),
        object: query.object.clone(),
        from: query.from.clone(),
        until: query.until.clone(),
    };
    Ok(visit.page("audit.html", Area::Audit, &values))
}

/// The beginning of a day.
fn day(name: &str, text: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let day: NaiveDate = text.parse().map_err(|_| Problem::new(Code::InvalidQuery, format!("{name} must be a day.")))?;
    Ok(day.and_hms_opt(0, 0, 0).map(|at| at.and_utc()))
}
