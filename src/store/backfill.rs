//! Deliveries of earlier events to a connection that has not received them: what is verified already is sent to a new connection.
//! Comes in: a connection and which credentials are meant. Goes out: numbers; the deliveries are due at once.
//! Sends the events of credentials that stand now, in the order in which they happened; what was revoked meanwhile is not sent.

use super::events::{EnvelopeRow, envelope, into_envelope};
use super::outbox::{NewDelivery, new_delivery};
use super::pool::AnyConnection;
use super::schema::{candidate_aliases, credentials, deliveries, events};
use super::sealed::readable_one;
use super::text::{name_text, parse_name, time_text};
use super::transaction::insert_all;
use super::{Result, Store, Vault, lanes};
use crate::model::connection::Connection;
use crate::model::credential::{CredentialStatus, Issuer};
use crate::model::event::{Audience, Envelope, EventType};
use crate::model::ids::CredentialId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};

/// Events per step.
const BATCH: i64 = 500;

/// Which events are meant.
#[derive(Clone, Debug, Default)]
pub struct Backfill {
    /// Events from this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Events before this moment.
    pub until: Option<DateTime<Utc>>,
    /// The issuer's id, or its name in upper or lower case.
    pub issuer: Option<String>,
}

/// What one step found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillPage {
    /// Events that the connection has not received and that are meant.
    pub events: u64,
    pub credentials: BTreeSet<CredentialId>,
    /// Events that are meant, but about a person who was merged into another.
    pub merged: u64,
    /// The position after which the next step begins; absent after the last one.
    pub next: Option<i64>,
}

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    credential: Head,
}

#[derive(Deserialize)]
struct Head {
    id: CredentialId,
    issuer: Option<Issuer>,
}

struct Meant {
    position: i64,
    event: Envelope,
    credential: CredentialId,
}

type Row = (i64, Option<String>, EnvelopeRow);

impl Store {
    /// Looks at the next events after the position `after`. Unless this is a `preview`, their deliveries are made. `handled` says
    /// whether the connector does anything with an event of that type.
    pub async fn backfill(
        &self,
        (to, which): (&Connection, &Backfill),
        after: i64,
        preview: bool,
        now: DateTime<Utc>,
        handled: impl Fn(EventType) -> bool + Send + 'static,
    ) -> Result<BackfillPage> {
        let (to, which, vault) = (to.clone(), which.clone(), self.0.vault.clone());
        let work = move |connection: &mut AnyConnection| -> Result<BackfillPage> {
            let (mut page, meant) = search(connection, &vault, (&to, &which), after, handled)?;
            let meant = without_merged(connection, &to, meant, &mut page)?;
            if !preview {
                deliver(connection, &to, &meant, now)?;
            }
            page.events = meant.len() as u64;
            page.credentials = meant.into_iter().map(|meant| meant.credential).collect();
            Ok(page)
        };
        if preview { self.read(work).await } else { self.write(work).await }
    }

    /// The same step by step, at most `steps` times. Returns what all steps found.
    pub async fn backfill_on(
        &self,
        of: (&Connection, &Backfill),
        after: i64,
        (preview, steps): (bool, usize),
        now: DateTime<Utc>,
        handled: impl Fn(EventType) -> bool + Clone + Send + 'static,
    ) -> Result<BackfillPage> {
        let mut all = BackfillPage { next: Some(after), ..BackfillPage::default() };
        for _ in 0..steps {
            let Some(from) = all.next else { break };
            let page = self.backfill(of, from, preview, now, handled.clone()).await?;
            all.events += page.events;
            all.credentials.extend(page.credentials);
            all.merged += page.merged;
            all.next = page.next;
        }
        Ok(all)
    }
}

fn search(
    connection: &mut AnyConnection,
    vault: &Vault,
    (to, which): (&Connection, &Backfill),
    after: i64,
    handled: impl Fn(EventType) -> bool,
) -> Result<(BackfillPage, Vec<Meant>)> {
    let mut query = events::table
        .filter(events::tenant_id.eq(to.tenant_id.as_str()))
        .filter(events::position.gt(after))
        // The relay makes the deliveries of all others.
        .filter(events::published_at.is_not_null())
        .into_boxed();
    if let Some(since) = which.since {
        query = query.filter(events::created_at.ge(time_text(since)));
    }
    if let Some(until) = which.until {
        query = query.filter(events::created_at.lt(time_text(until)));
    }
    let query = query.order(events::position.asc()).limit(BATCH).select((events::position, events::audience, envelope()));
    let rows: Vec<Row> = query.load(connection)?;
    let next = rows.last().map(|(position, ..)| *position).filter(|_| rows.len() as i64 == BATCH);
    let ids: Vec<&str> = rows.iter().map(|(_, _, event)| event.0.as_str()).collect();
    let received: Vec<String> = deliveries::table
        .filter(deliveries::connection_id.eq(to.id.as_str()))
        .filter(deliveries::event_id.eq_any(ids))
        .select(deliveries::event_id)
        .load(connection)?;
    let received: HashSet<String> = received.into_iter().collect();
    let mut meant = Vec::new();
    for (position, audience, event) in rows {
        let audience: Audience = audience.as_deref().map_or(Ok(Audience::Everyone), parse_name)?;
        let is_taken = |event_type| to.takes(event_type, audience) && handled(event_type);
        if received.contains(&event.0) || !EventType::parse(&event.1).is_some_and(is_taken) {
            continue;
        }
        let Some(event) = readable_one(Some(event), |event| into_envelope(connection, vault, event))? else { continue };
        // Events about a person and not about a credential have another form.
        let Ok(Body { data: Data { credential } }) = serde_json::from_str(&event.body) else { continue };
        if which.issuer.as_deref().is_none_or(|wanted| is_issuer(credential.issuer.as_ref(), wanted)) {
            meant.push(Meant { position, event, credential: credential.id });
        }
    }
    let wanted: Vec<&str> = meant.iter().map(|meant| meant.credential.as_str()).collect();
    let standing: Vec<String> = credentials::table
        .filter(credentials::tenant_id.eq(to.tenant_id.as_str()))
        .filter(credentials::id.eq_any(wanted))
        .filter(credentials::status.eq(Some(name_text(&CredentialStatus::Active)?)))
        .select(credentials::id)
        .load(connection)?;
    let standing: HashSet<String> = standing.into_iter().collect();
    meant.retain(|meant| standing.contains(meant.credential.as_str()));
    Ok((BackfillPage { next, ..BackfillPage::default() }, meant))
}

fn is_issuer(issuer: Option<&Issuer>, wanted: &str) -> bool {
    let Some(issuer) = issuer else { return false };
    issuer.id == wanted || issuer.name.as_ref().is_some_and(|name| name.to_lowercase() == wanted.to_lowercase())
}

/// An event keeps the reference of its person, under which nobody is known any more after a merger: it could not be delivered.
fn without_merged(
    connection: &mut AnyConnection,
    to: &Connection,
    meant: Vec<Meant>,
    page: &mut BackfillPage,
) -> Result<Vec<Meant>> {
    let people: Vec<&str> = meant.iter().map(|meant| meant.event.partitionkey.as_str()).collect();
    let merged: Vec<String> = candidate_aliases::table
        .filter(candidate_aliases::tenant_id.eq(to.tenant_id.as_str()))
        .filter(candidate_aliases::id.eq_any(people))
        .select(candidate_aliases::id)
        .load(connection)?;
    let (gone, meant): (Vec<Meant>, Vec<Meant>) =
        meant.into_iter().partition(|meant| merged.contains(&meant.event.partitionkey.0));
    page.merged = gone.len() as u64;
    Ok(meant)
}

fn deliver(connection: &mut AnyConnection, to: &Connection, meant: &[Meant], now: DateTime<Utc>) -> Result<()> {
    let people: BTreeSet<&str> = meant.iter().map(|meant| meant.event.partitionkey.as_str()).collect();
    for person in people {
        // Its holder reads the waiting deliveries again before it lets the lane go.
        lanes::open(connection, to.id.as_str(), person, now)?;
    }
    let rows: Vec<NewDelivery> = meant.iter().map(|meant| new_delivery(meant.position, &meant.event, &to.id, now)).collect();
    insert_all!(connection, deliveries::table, rows);
    Ok(())
}
