//! The tenant's persons: found by keyed hashes, described by sealed values.

use super::pool::AnyConnection;
use super::schema::{candidate_aliases, candidate_identities, candidates, credentials, skills};
use super::text::{clean, name_text, parse_time, time_text, to_u32};
use super::transaction::{ROWS_PER_STATEMENT, Transaction, insert_all, lock_names};
use super::{Result, Store, StoreError, Vault};
use crate::model::candidate::{Candidate, Identity};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::skill::SkillStatus;
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use std::collections::{BTreeMap, HashMap};

const EMAIL: &str = "email";
const DID: &str = "did";
const NAME: &str = "name";
/// Bytes that came in for a person of whom nothing else is known.
const BYTES: &str = "bytes";

/// Who said that an identifier is the person's: someone who typed it.
const STATED: &str = "stated";
/// A wallet that signed with it.
const WALLET: &str = "wallet";

#[derive(Insertable)]
#[diesel(table_name = candidate_identities, treat_none_as_default_value = false)]
struct IdentityRow {
    tenant_id: String,
    candidate_ref: String,
    digest: String,
    kind: &'static str,
    source: &'static str,
    value: Vec<u8>,
    created_at: String,
}

impl Store {
    /// Finds the tenant's person by reference or by any address or DID (keyed hashes), or makes a new one; remembers
    /// new facts about them. A given reference decides alone; a name is never used to find a person.
    pub async fn find_or_create_candidate(
        &self,
        tenant: &TenantId,
        hint: &CandidateHint,
        now: DateTime<Utc>,
    ) -> Result<CandidateRef> {
        let (tenant, hint, vault) = (tenant.clone(), hint.clone(), self.0.vault.clone());
        self.write(move |connection| find_or_create(connection, &vault, &tenant, &hint, now)).await
    }

    pub async fn candidate(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<Candidate>> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
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
            Ok(Some(Candidate {
                candidate_ref: candidate,
                created_at: parse_time(&created_at)?,
                credentials: to_u32(credential_count),
                skills: to_u32(skill_count),
            }))
        })
        .await
    }

    /// The person's known addresses and name; empty when there are none or there is no such person.
    pub async fn candidate_identity(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Identity> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut found = identities(connection, &vault, &tenant, &[candidate.as_str()])?;
            Ok(found.remove(candidate.as_str()).unwrap_or_default())
        })
        .await
    }
}

/// What is known of these persons, by reference.
pub(super) fn identities(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidates: &[&str],
) -> Result<HashMap<String, Identity>> {
    let rows: Vec<(String, String, Vec<u8>)> = super::pool::each_backend!(connection, c => {
        candidate_identities::table
            .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
            .filter(candidate_identities::candidate_ref.eq_any(candidates))
            .order((candidate_identities::created_at.asc(), candidate_identities::digest.asc()))
            .select((candidate_identities::candidate_ref, candidate_identities::kind, candidate_identities::value))
            .load(c)
    })?;
    let mut identities: HashMap<String, Identity> = HashMap::new();
    for (candidate, kind, sealed) in rows {
        let candidate = CandidateRef(candidate);
        let plain = vault.sealer.open(&context(tenant, &candidate), &sealed)?;
        let value = String::from_utf8(plain).map_err(|_| StoreError::Internal("an identity is damaged".to_owned()))?;
        let identity = identities.entry(candidate.0).or_default();
        match kind.as_str() {
            EMAIL => identity.emails.push(value),
            DID => identity.dids.push(value),
            NAME => identity.name = Some(value),
            _ => {}
        }
    }
    Ok(identities)
}

impl Transaction<'_> {
    /// Makes the row of a person of whom nothing is known, unless it is there.
    pub fn ensure_candidate(&mut self, tenant: &TenantId, candidate: &CandidateRef, now: DateTime<Utc>) -> Result<()> {
        insert_candidate(self.connection, tenant, candidate, false, now)
    }

    /// The persons whom these bytes stood for before, by the bytes' marks; a mark is what tells such a person from others. Nobody else
    /// can add any of the marks until the transaction ends.
    pub fn holders(&mut self, tenant: &TenantId, marks: &[String]) -> Result<HashMap<String, CandidateRef>> {
        let mut by_digest = HashMap::new();
        for mark in marks {
            by_digest.insert(digest(self.vault, tenant, BYTES, mark)?, mark);
        }
        let digests: Vec<String> = by_digest.keys().cloned().collect();
        self.lock_names(&digests)?;
        let mut found = HashMap::new();
        for some in digests.chunks(ROWS_PER_STATEMENT) {
            let rows: Vec<(String, String)> = candidate_identities::table
                .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
                .filter(candidate_identities::digest.eq_any(some))
                .select((candidate_identities::digest, candidate_identities::candidate_ref))
                .load(self.connection)?;
            for (digest, candidate) in rows {
                if let Some(mark) = by_digest.get(&digest) {
                    found.insert((*mark).clone(), CandidateRef(candidate));
                }
            }
        }
        Ok(found)
    }

    /// Notes that the bytes with this mark stand for the person.
    pub fn remember_bytes(&mut self, tenant: &TenantId, candidate: &CandidateRef, mark: &str, now: DateTime<Utc>) -> Result<()> {
        let known = Known::from([(digest(self.vault, tenant, BYTES, mark)?, (BYTES, mark.to_owned()))]);
        remember(self.connection, self.vault, tenant, candidate, known, now)
    }

    /// The reference that stands for the person today: another one after a merger.
    pub fn current_ref(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<CandidateRef> {
        current_ref(self.connection, tenant, candidate)
    }

    /// Notes what is known of a person.
    pub fn remember(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        hint: &CandidateHint,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let known = identity_values(self.vault, tenant, hint)?;
        remember(self.connection, self.vault, tenant, candidate, known, now)
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

    /// Notes the number of the last event about the person.
    pub fn set_sequence(&mut self, tenant: &TenantId, candidate: &CandidateRef, sequence: i64) -> Result<()> {
        let target =
            candidates::table.filter(candidates::tenant_id.eq(tenant.as_str())).filter(candidates::id.eq(candidate.as_str()));
        diesel::update(target).set(candidates::sequence.eq(sequence)).execute(self.connection)?;
        Ok(())
    }
}

fn find_or_create(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    hint: &CandidateHint,
    now: DateTime<Utc>,
) -> Result<CandidateRef> {
    let known = identity_values(vault, tenant, hint)?;
    let findable: Vec<String> = known.iter().filter(|(_, (kind, _))| *kind != NAME).map(|(digest, _)| digest.clone()).collect();
    lock_names(connection, &findable)?;
    let given = hint.candidate_ref.as_ref().map(|candidate| CandidateRef(clean(candidate.as_str())));
    let is_given = given.is_some();
    let candidate = match given {
        Some(given) => current_ref(connection, tenant, &given)?,
        None => find(connection, tenant, &findable)?.unwrap_or_else(CandidateRef::generate),
    };
    insert_candidate(connection, tenant, &candidate, is_given, now)?;
    remember(connection, vault, tenant, &candidate, known, now)?;
    Ok(candidate)
}

/// Keyed digest → kind and value.
type Known = BTreeMap<String, (&'static str, String)>;

fn remember(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
    known: Known,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut rows = Vec::with_capacity(known.len());
    for (digest, (kind, value)) in known {
        rows.push(IdentityRow {
            tenant_id: tenant.0.clone(),
            candidate_ref: candidate.0.clone(),
            digest,
            kind,
            source: if kind == DID { WALLET } else { STATED },
            value: vault.sealer.seal(&context(tenant, candidate), value.as_bytes())?,
            created_at: time_text(now),
        });
    }
    insert_all!(connection, candidate_identities::table, rows);
    Ok(())
}

/// The person who has any of these identifiers; of several, the person known for the longest time.
fn find(connection: &mut AnyConnection, tenant: &TenantId, digests: &[String]) -> Result<Option<CandidateRef>> {
    if digests.is_empty() {
        return Ok(None);
    }
    let found: Option<String> = candidate_identities::table
        .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
        .filter(candidate_identities::digest.eq_any(digests))
        .order((candidate_identities::created_at.asc(), candidate_identities::candidate_ref.asc()))
        .select(candidate_identities::candidate_ref)
        .first(connection)
        .optional()?;
    Ok(found.map(CandidateRef))
}

fn insert_candidate(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    candidate: &CandidateRef,
    is_employers: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = (
        candidates::tenant_id.eq(tenant.as_str()),
        candidates::id.eq(candidate.as_str()),
        candidates::employer_ref.eq(i64::from(is_employers)),
        candidates::sequence.eq(0i64),
        candidates::created_at.eq(time_text(now)),
    );
    super::pool::each_backend!(connection, c => {
        diesel::insert_into(candidates::table).values(row).on_conflict_do_nothing().execute(c)
    })?;
    Ok(())
}

fn current_ref(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef) -> Result<CandidateRef> {
    let alias: Option<String> = candidate_aliases::table
        .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
        .filter(candidate_aliases::id.eq(candidate.as_str()))
        .select(candidate_aliases::candidate_ref)
        .first(connection)
        .optional()?;
    Ok(alias.map_or_else(|| candidate.clone(), CandidateRef))
}

/// Keyed digest → kind and value, each value once.
fn identity_values(vault: &Vault, tenant: &TenantId, hint: &CandidateHint) -> Result<BTreeMap<String, (&'static str, String)>> {
    let emails = hint.emails.iter().map(|email| (EMAIL, email.trim()));
    let dids = hint.dids.iter().map(|did| (DID, did.trim()));
    let name = hint.name.iter().map(|name| (NAME, name.trim()));
    emails
        .chain(dids)
        .chain(name)
        .filter(|(_, value)| !value.is_empty())
        .map(|(kind, value)| Ok((digest(vault, tenant, kind, value)?, (kind, value.to_owned()))))
        .collect()
}

/// Addresses are compared without regard to case; DIDs exactly.
fn digest(vault: &Vault, tenant: &TenantId, kind: &str, value: &str) -> Result<String> {
    let normalised = if kind == EMAIL { value.to_lowercase() } else { value.to_owned() };
    let mac = Hmac::<sha2::Sha256>::new_from_slice(vault.identity_key.as_slice());
    let mut mac = mac.map_err(|_| StoreError::Internal("the key of the identity hashes is damaged".to_owned()))?;
    for part in [tenant.as_str(), kind, &normalised] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// A sealed value can't be moved to another person.
fn context(tenant: &TenantId, candidate: &CandidateRef) -> String {
    format!("candidate:{tenant}:{candidate}")
}
