//! The audit log, for those who may read it: page by page, and as a file.

use crate::http::auth::Caller;
use crate::http::paging::{DEFAULT_LIMIT, MAX_LIMIT};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::account::{AuditEntry, AuditFilter};
use crate::model::ids::TenantId;
use crate::store::Store;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::{Deserialize, Serialize};

/// Entries that are read at a time for a file.
const EXPORTED_AT_ONCE: u32 = 1_000;
const MAX_FILTER_BYTES: usize = 300;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    actor: Option<String>,
    action: Option<String>,
    object: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    limit: Option<u32>,
    after: Option<i64>,
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Jsonl,
    Csv,
}

#[derive(Serialize)]
struct Entries {
    items: Vec<AuditEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Query {
    fn filter(&self) -> Result<AuditFilter, Problem> {
        let wanted = [("actor", &self.actor), ("action", &self.action), ("object", &self.object)];
        for (name, value) in wanted {
            if value.as_ref().is_some_and(|text| text.len() > MAX_FILTER_BYTES || text.chars().any(char::is_control)) {
                return Err(Problem::new(Code::InvalidQuery, format!("{name} is too long, or no text.")));
            }
        }
        Ok(AuditFilter {
            actor: self.actor.clone(),
            action: self.action.clone(),
            object: self.object.clone(),
            from: self.from,
            until: self.until,
        })
    }
}

/// `GET /v1/audit`: newest first. `after`: the `next` of the page before.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::new(Code::InvalidQuery, format!("limit must be between 1 and {MAX_LIMIT}.")));
    }
    if query.format.is_some() {
        return Err(Problem::new(Code::InvalidQuery, "format belongs to /v1/audit/export."));
    }
    let mut items = state.store().list_audit(&caller.tenant_id, &query.filter()?, query.after, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|entry| entry.number.to_string());
    Ok(HttpResponse::Ok().json(Entries { items, next }))
}

/// `GET /v1/audit/export`: all entries that the filter lets through, newest first, as JSON Lines or CSV.
pub async fn export(state: web::Data<State>, caller: Caller, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let (filter, format) = (query.filter()?, query.format.unwrap_or(Format::Jsonl));
    let (media_type, name) = match format {
        Format::Jsonl => ("application/jsonl", "audit.jsonl"),
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv"),
    };
    let reader = Reader { store: state.store().clone(), tenant: caller.tenant_id.clone(), filter, format };
    let body = stream::unfold(Some((reader, query.after, true)), |open| async move {
        let (reader, before, is_first) = open?;
        match reader.chunk(before, is_first).await {
            Ok((bytes, Some(next))) => Some((Ok(bytes), Some((reader, Some(next), false)))),
            Ok((bytes, None)) => Some((Ok(bytes), None)),
            // The file ends early, and its reader notices: the body is broken off.
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(body))
}

struct Reader {
    store: Store,
    tenant: TenantId,
    filter: AuditFilter,
    format: Format,
}

impl Reader {
    async fn chunk(&self, before: Option<i64>, is_first: bool) -> Result<(Bytes, Option<i64>), std::io::Error> {
        let read = self.store.list_audit(&self.tenant, &self.filter, before, EXPORTED_AT_ONCE).await;
        let entries = read.map_err(|error| {
            tracing::error!(cause = %error, "the audit log could not be read to its end");
            std::io::Error::other("the audit log could not be read to its end")
        })?;
        let next = (entries.len() == EXPORTED_AT_ONCE as usize).then(|| entries.last().map(|entry| entry.number)).flatten();
        let bytes = match self.format {
            Format::Jsonl => jsonl(&entries)?,
            Format::Csv => csv(&entries, is_first)?,
        };
        Ok((Bytes::from(bytes), next))
    }
}

/// One JSON object a line.
pub fn jsonl(entries: &[AuditEntry]) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, entry)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Rows, with the names of the columns before the first.
pub fn csv(entries: &[AuditEntry], with_names: bool) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    if with_names {
        writer.write_record(["number", "at", "actor", "action", "object", "address", "hash"])?;
    }
    for entry in entries {
        writer.write_record([
            entry.number.to_string().as_str(),
            &entry.at.to_rfc3339(),
            &entry.actor,
            &entry.action,
            &entry.object,
            &entry.address,
            &entry.hash,
        ])?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}
