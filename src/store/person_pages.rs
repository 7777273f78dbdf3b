//! Links to a person's own page. The capability in a link is kept only as its hash.
//! Comes in: a person, a hash. Goes out: who stands behind a link that still works. A link goes with its person.

use super::privacy_schema::person_pages;
use super::text::{clean, parse_time, parse_times, time_text};
use super::{Result, Store};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::person::PersonPage;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

const LISTED: i64 = 100;

#[derive(Queryable, Selectable)]
#[diesel(table_name = person_pages)]
struct Row {
    id: String,
    tenant_id: String,
    candidate_ref: String,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

impl Row {
    fn into_model(self) -> Result<PersonPage> {
        Ok(PersonPage {
            id: self.id,
            tenant_id: TenantId(self.tenant_id),
            candidate_ref: CandidateRef(self.candidate_ref),
            created_at: parse_time(&self.created_at)?,
            expires_at: parse_time(&self.expires_at)?,
            revoked_at: parse_times(self.revoked_at)?,
        })
    }
}

impl Store {
    /// `token_hash`: lower-case hex SHA-256 of the capability in the link. [`super::StoreError::Internal`] when there is no such person.
    pub async fn create_person_page(&self, page: &PersonPage, token_hash: &str) -> Result<()> {
        let (page, token_hash) = (page.clone(), token_hash.to_owned());
        self.write(move |connection| {
            let values = (
                person_pages::id.eq(&page.id),
                person_pages::tenant_id.eq(page.tenant_id.as_str()),
                person_pages::candidate_ref.eq(page.candidate_ref.as_str()),
                person_pages::token_hash.eq(token_hash),
                person_pages::created_at.eq(time_text(page.created_at)),
                person_pages::expires_at.eq(time_text(page.expires_at)),
            );
            diesel::insert_into(person_pages::table).values(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The page behind a link, unless the link was revoked, its time is over, or the person was erased.
    pub async fn person_page_by_token(&self, token_hash: &str, now: DateTime<Utc>) -> Result<Option<PersonPage>> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let row: Option<Row> = person_pages::table
                .filter(person_pages::token_hash.eq(token_hash))
                .filter(person_pages::revoked_at.is_null())
                .filter(person_pages::expires_at.gt(time_text(now)))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            row.map(Row::into_model).transpose()
        })
        .await
    }

    /// The links to the pages of a person, newest first, at most 100.
    pub async fn list_person_pages(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<PersonPage>> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
            let rows: Vec<Row> = person_pages::table
                .filter(person_pages::tenant_id.eq(tenant.as_str()))
                .filter(person_pages::candidate_ref.eq(candidate.as_str()))
                .order(person_pages::id.desc())
                .limit(LISTED)
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Ends a link. False when the person has no such link.
    pub async fn revoke_person_page(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, candidate, id) = (tenant.clone(), candidate.clone(), clean(id));
        self.write(move |connection| {
            let target = person_pages::table
                .filter(person_pages::id.eq(id))
                .filter(person_pages::tenant_id.eq(tenant.as_str()))
                .filter(person_pages::candidate_ref.eq(candidate.as_str()));
            Ok(diesel::update(target).set(person_pages::revoked_at.eq(Some(time_text(now)))).execute(connection)? == 1)
        })
        .await
    }
}
