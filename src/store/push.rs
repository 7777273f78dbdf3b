//! Platforms that send events: subscriptions with sealed secrets, and the events that were worked on.

use super::channel_schema::{push_events, push_subscriptions};
use super::pool::each_backend;
use super::schema::{credentials, submission_credentials};
use super::text::{clean, json_text, parse_json, parse_time, parse_times, time_text};
use super::{Result, Store, Vault};
use crate::model::ids::{CredentialId, TenantId};
use crate::model::push::{PushNote, PushSecrets, PushSubscription, WorkedEvent};
use crate::model::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = push_subscriptions)]
struct Row {
    id: String,
    tenant_id: String,
    channel: String,
    name: String,
    secret: Vec<u8>,
    token: Option<Vec<u8>>,
    created_at: String,
    last_event_at: Option<String>,
    last_failure: Option<String>,
}

impl Row {
    fn secrets(&self, vault: &Vault) -> Result<PushSecrets> {
        let open = |name: &str, sealed: &[u8]| vault.open_secret(&place(&self.id, name), sealed);
        let token = self.token.as_deref().map(|sealed| open("token", sealed)).transpose()?;
        Ok(PushSecrets { secret: open("secret", &self.secret)?, token })
    }

    fn into_model(self) -> Result<PushSubscription> {
        Ok(PushSubscription {
            id: self.id,
            tenant_id: TenantId(self.tenant_id),
            channel: self.channel,
            name: self.name,
            created_at: parse_time(&self.created_at)?,
            last_event_at: parse_times(self.last_event_at)?,
            last_failure: self.last_failure.as_deref().map(parse_json).transpose()?,
        })
    }
}

impl Store {
    /// False when the tenant has `most` subscriptions already.
    pub async fn create_push_subscription(&self, new: &PushSubscription, secrets: &PushSecrets, most: i64) -> Result<bool> {
        let (new, vault) = (new.clone(), &self.0.vault);
        let seal = |name: &str, secret: &Secret| vault.seal_secret(&place(&new.id, name), secret);
        let secret = seal("secret", &secrets.secret)?;
        let token = secrets.token.as_ref().map(|token| seal("token", token)).transpose()?;
        self.write(move |connection| {
            let of_tenant = push_subscriptions::table.filter(push_subscriptions::tenant_id.eq(new.tenant_id.as_str()));
            let there: i64 = of_tenant.count().get_result(connection)?;
            if there >= most {
                return Ok(false);
            }
            let values = (
                push_subscriptions::id.eq(&new.id),
                push_subscriptions::tenant_id.eq(new.tenant_id.as_str()),
                push_subscriptions::channel.eq(clean(&new.channel)),
                push_subscriptions::name.eq(clean(&new.name)),
                push_subscriptions::secret.eq(&secret),
                push_subscriptions::token.eq(&token),
                push_subscriptions::created_at.eq(time_text(new.created_at)),
            );
            diesel::insert_into(push_subscriptions::table).values(values).execute(connection)?;
            Ok(true)
        })
        .await
    }

    /// Oldest first.
    pub async fn list_push_subscriptions(&self, tenant: &TenantId) -> Result<Vec<PushSubscription>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = push_subscriptions::table
                .filter(push_subscriptions::tenant_id.eq(tenant.as_str()))
                .order((push_subscriptions::created_at.asc(), push_subscriptions::id.asc()))
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Of any tenant: the address names no tenant, the secrets decide.
    pub async fn push_subscription(&self, id: &str) -> Result<Option<(PushSubscription, PushSecrets)>> {
        let (id, vault) = (clean(id), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<Row> = push_subscriptions::table
                .filter(push_subscriptions::id.eq(id))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let secrets = row.secrets(&vault)?;
            Ok(Some((row.into_model()?, secrets)))
        })
        .await
    }

    /// False when there is no such subscription. What it brought stays.
    pub async fn delete_push_subscription(&self, tenant: &TenantId, id: &str) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), clean(id));
        self.write(move |connection| {
            let target = push_subscriptions::table
                .filter(push_subscriptions::tenant_id.eq(tenant.as_str()))
                .filter(push_subscriptions::id.eq(&id));
            Ok(diesel::delete(target).execute(connection)? == 1)
        })
        .await
    }

    /// Notes a genuine request and how it ended.
    pub async fn note_push(&self, id: &str, failure: Option<&PushNote>, now: DateTime<Utc>) -> Result<()> {
        let (id, failure) = (id.to_owned(), failure.map(json_text).transpose()?);
        self.write(move |connection| {
            let values =
                (push_subscriptions::last_event_at.eq(Some(time_text(now))), push_subscriptions::last_failure.eq(failure));
            diesel::update(push_subscriptions::table.filter(push_subscriptions::id.eq(id))).set(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    pub async fn push_event_was_worked_on(&self, subscription: &str, event_key: &str) -> Result<bool> {
        let (subscription, event_key) = (subscription.to_owned(), event_key.to_owned());
        self.read(move |connection| {
            let same = push_events::table
                .filter(push_events::subscription_id.eq(subscription))
                .filter(push_events::event_key.eq(event_key));
            Ok(same.count().get_result::<i64>(connection)? > 0)
        })
        .await
    }

    /// Remembers an event that was worked on. An event that is remembered already stays as it is.
    pub async fn remember_push_event(&self, subscription: &str, event: &WorkedEvent, now: DateTime<Utc>) -> Result<()> {
        let (subscription, event) = (subscription.to_owned(), event.clone());
        self.write(move |connection| {
            let row = (
                push_events::subscription_id.eq(&subscription),
                push_events::event_key.eq(&event.event_key),
                push_events::badge_key.eq(&event.badge_key),
                push_events::submission_id.eq(event.submission_id.as_ref().map(|id| id.as_str())),
                push_events::received_at.eq(time_text(now)),
            );
            // The subscription may have been deleted meanwhile.
            let there: i64 =
                push_subscriptions::table.filter(push_subscriptions::id.eq(&subscription)).count().get_result(connection)?;
            if there == 1 {
                each_backend!(connection, c => {
                    diesel::insert_into(push_events::table).values(row).on_conflict_do_nothing().execute(c)
                })?;
            }
            Ok(())
        })
        .await
    }

    /// Credentials of the tenant that earlier events about this badge brought.
    pub async fn credentials_of_push(&self, of: &PushSubscription, badge_key: &str) -> Result<Vec<CredentialId>> {
        let (tenant, subscription, badge_key) = (of.tenant_id.clone(), of.id.clone(), badge_key.to_owned());
        self.read(move |connection| {
            let submissions: Vec<Option<String>> = push_events::table
                .filter(push_events::subscription_id.eq(subscription))
                .filter(push_events::badge_key.eq(badge_key))
                .filter(push_events::submission_id.is_not_null())
                .select(push_events::submission_id)
                .load(connection)?;
            let submissions: Vec<String> = submissions.into_iter().flatten().collect();
            let mut ids: Vec<String> = submission_credentials::table
                .inner_join(credentials::table)
                .filter(submission_credentials::submission_id.eq_any(submissions))
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .select(credentials::id)
                .load(connection)?;
            ids.sort();
            ids.dedup();
            Ok(ids.into_iter().map(CredentialId).collect())
        })
        .await
    }
}

fn place(id: &str, name: &str) -> String {
    format!("push:{id}:{name}")
}
