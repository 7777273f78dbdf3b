//! The tenant's persons: their references, and how a person is found by reference, address or DID.

use super::pool::AnyConnection;
use super::prepared::run_prepared;
use super::schema::{candidate_aliases, candidate_identities, candidates, credentials, skills};
use super::text::{clean, name_text, parse_name, parse_time, time_text, to_u32};
use super::transaction::Transaction;
use super::{Result, Store, StoreError, identities};
use crate::model::candidate::{Candidate, IdentitySource};
use crate::model::event::{Audience, CandidateEventData, Event, EventType, LinkedAddress};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::skill::SkillStatus;
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

impl Store {
    /// Finds the tenant's person by reference or by any address or DID (keyed hashes), or makes a new one; remembers
    /// new facts about them. A given reference decides alone; a name is never used to find a person.
    pub async fn find_or_create_candidate(
        &self,
        tenant: &TenantId,
        hint: &CandidateHint,
        now: DateTime<Utc>,
    ) -> Result<CandidateRef> {
        let found = self.find_or_create_candidates(tenant, vec![hint.clone()], now, now).await?;
        found.into_iter().next().ok_or_else(|| StoreError::Internal("a person was not found".to_owned()))
    }

    /// The same for several persons, in one transaction. `said_at`: when it was said of them; a person who was erased since is not made
    /// again, and the reference that is returned stands for nobody.
    pub async fn find_or_create_candidates(
        &self,
        tenant: &TenantId,
        hints: Vec<CandidateHint>,
        said_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<CandidateRef>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        self.write_soon(move |connection| {
            find_or_create(&mut Transaction::new(connection, &vault), &tenant, &hints, said_at, now)
        })
        .await
    }

    /// The reference that stands for the person today: another one after a merger.
    pub async fn current_ref(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<CandidateRef> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| current_ref(connection, &tenant, &candidate)).await
    }

    /// The person, also by a reference that a merger replaced.
    pub async fn candidate(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<Candidate>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let candidate = current_ref(connection, &tenant, &candidate)?;
            let created_at: Option<String> = candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .filter(candidates::id.eq(candidate.as_str()))
                .select(candidates::created_at)
                .first(connection)
                .optional()?;
            let Some(created_at) = created_at else { return Ok(None) };
            let credential_count: i64 = credentials::table
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .filter(credentials::candidate_ref.eq(candidate.as_str()))
                .count()
                .get_result(connection)?;
            let skill_count: i64 = skills::table
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::candidate_ref.eq(candidate.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .count()
                .get_result(connection)?;
            let known = identities::identities(connection, &vault, &tenant, &[candidate.as_str()])?;
            Ok(Some(Candidate {
                ats_id: known.into_values().next().and_then(|known| known.ats_id),
                addresses: identities::addresses(connection, &vault, &tenant, &candidate)?,
                candidate_ref: candidate,
                created_at: parse_time(&created_at)?,
                credentials: to_u32(credential_count),
                skills: to_u32(skill_count),
            }))
        })
        .await
    }
}

impl Transaction<'_> {
    /// Makes the row of a person of whom nothing is known, unless it is there.
    pub fn ensure_candidate(&mut self, tenant: &TenantId, candidate: &CandidateRef, now: DateTime<Utc>) -> Result<()> {
        self.insert_candidate(tenant, candidate, false, now).map(drop)
    }

    /// The reference that stands for the person today: another one after a merger.
    pub fn current_ref(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<CandidateRef> {
        current_ref(self.connection, tenant, candidate)
    }

    /// Locks the person's row until the transaction ends and returns the number of the last event about them; `None`
    /// when there is no such person (any more).
    pub fn lock_candidate(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<i64>> {
        let row = candidates::table
            .filter(candidates::tenant_id.eq(tenant.as_str()))
            .filter(candidates::id.eq(candidate.as_str()))
            .select(candidates::sequence);
        let sequence = match &mut *self.connection {
            AnyConnection::Sqlite(sqlite) => row.first(sqlite).optional()?,
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(postgres) => row.for_update().first(postgres).optional()?,
        };
        Ok(sequence)
    }

    /// False when the person was there already.
    fn insert_candidate(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        is_employers: bool,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let row = (
            candidates::tenant_id.eq(tenant.as_str()),
            candidates::id.eq(candidate.as_str()),
            candidates::employer_ref.eq(i64::from(is_employers)),
            candidates::sequence.eq(0i64),
            candidates::created_at.eq(time_text(now)),
        );
        let inserted = super::pool::each_backend!(&mut *self.connection, c => {
            diesel::insert_into(candidates::table).values(row).on_conflict_do_nothing().execute(c)
        })?;
        if inserted > 0 {
            self.first_key(tenant, candidate)?;
        }
        Ok(inserted > 0)
    }

    /// Notes the number of the last event about the person.
    pub fn set_sequence(&mut self, tenant: &TenantId, candidate: &CandidateRef, sequence: i64) -> Result<()> {
        let target =
            candidates::table.filter(candidates::tenant_id.eq(tenant.as_str())).filter(candidates::id.eq(candidate.as_str()));
        run_prepared!(self.connection, diesel::update(target).set(candidates::sequence.eq(sequence)))?;
        Ok(())
    }
}

/// Finds or makes the persons; what is newly known of persons who were there before is published.
fn find_or_create(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    hints: &[CandidateHint],
    said_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<CandidateRef>> {
    let mut found = Vec::with_capacity(hints.len());
    let mut events = Vec::new();
    for hint in hints {
        let facts = identities::facts(transaction.vault, tenant, hint)?;
        let findable: Vec<String> =
            facts.iter().filter(|(_, fact)| fact.kind != identities::NAME).map(|(digest, _)| digest.clone()).collect();
        transaction.lock_names(&findable)?;
        let given = hint.candidate_ref.as_ref().map(|candidate| CandidateRef(clean(candidate.as_str())));
        let is_given = given.is_some();
        let mut marks = findable.clone();
        if let Some(given) = &given {
            marks = vec![transaction.mark_of_ref(tenant, given)?];
        }
        if !transaction.erased(tenant, &marks, said_at)?.is_empty() {
            found.push(CandidateRef::generate());
            continue;
        }
        let candidate = match given {
            Some(given) => transaction.current_ref(tenant, &given)?,
            None => find(transaction.connection, tenant, &findable)?.unwrap_or_else(CandidateRef::generate),
        };
        if !transaction.insert_candidate(tenant, &candidate, is_given, now)? {
            let linked = identities::unknown(transaction.connection, tenant, &candidate, &facts)?;
            events.extend(linked_events(transaction, tenant, &candidate, linked, now)?);
        }
        transaction.remember_facts(tenant, &candidate, facts, now)?;
        found.push(candidate);
    }
    transaction.append_events(&events)?;
    Ok(found)
}

fn linked_events(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    candidate: &CandidateRef,
    linked: Vec<LinkedAddress>,
    now: DateTime<Utc>,
) -> Result<Vec<(Event, Audience)>> {
    if linked.is_empty() {
        return Ok(Vec::new());
    }
    let mut sequence = transaction.lock_candidate(tenant, candidate)?.unwrap_or_default();
    let mut events = Vec::with_capacity(linked.len());
    for address in linked {
        sequence += 1;
        let data = CandidateEventData { linked: Some(address), ..CandidateEventData::of(candidate) };
        events.push((Event::about_candidate(EventType::CandidateLinked, tenant, &data, sequence, now), Audience::Everyone));
    }
    transaction.set_sequence(tenant, candidate, sequence)?;
    Ok(events)
}

/// The person who has any of these identifiers; of several, the person with the number in the employer's system, then a person for whom it
/// is proven, then the person known for the longest time.
fn find(connection: &mut AnyConnection, tenant: &TenantId, digests: &[String]) -> Result<Option<CandidateRef>> {
    if digests.is_empty() {
        return Ok(None);
    }
    let rows: Vec<(String, String, String)> = candidate_identities::table
        .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
        .filter(candidate_identities::digest.eq_any(digests))
        .order((candidate_identities::created_at.asc(), candidate_identities::candidate_ref.asc()))
        .select((candidate_identities::candidate_ref, candidate_identities::source, candidate_identities::kind))
        .load(connection)?;
    if let Some((candidate, ..)) = rows.iter().find(|(_, _, kind)| kind == identities::ATS_ID) {
        return Ok(Some(CandidateRef(candidate.clone())));
    }
    for (candidate, source, _) in &rows {
        if parse_name::<IdentitySource>(source)?.is_proven() {
            return Ok(Some(CandidateRef(candidate.clone())));
        }
    }
    Ok(rows.into_iter().next().map(|(candidate, ..)| CandidateRef(candidate)))
}

pub(super) fn current_ref(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef) -> Result<CandidateRef> {
    let alias: Option<String> = candidate_aliases::table
        .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
        .filter(candidate_aliases::id.eq(candidate.as_str()))
        .select(candidate_aliases::candidate_ref)
        .first(connection)
        .optional()?;
    Ok(alias.map_or_else(|| candidate.clone(), CandidateRef))
}
