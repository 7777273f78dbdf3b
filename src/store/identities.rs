//! The known facts about persons: addresses, DIDs, names, and bytes of credentials without a named person. Found by keyed hashes; values
//! are sealed.

use super::pool::{AnyConnection, each_backend};
use super::schema::{candidate_aliases, candidate_identities};
use super::sealed::readable;
use super::search_words::index_names;
use super::text::{name_text, parse_name, parse_time, time_text};
use super::transaction::{ROWS_PER_STATEMENT, Transaction, insert_all};
use super::{Result, Store, StoreError, Vault};
use crate::model::candidate::{AddressKind, Identity, IdentitySource, KnownAddress};
use crate::model::event::LinkedAddress;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use std::collections::{BTreeMap, HashMap};

pub(super) const EMAIL: &str = "email";
pub(super) const DID: &str = "did";
pub(super) const NAME: &str = "name";
/// The person's number in the employer's applicant tracking system.
pub(super) const ATS_ID: &str = "ats_id";
/// Bytes that came in for a person of whom nothing else is known.
pub(super) const BYTES: &str = "bytes";

#[derive(Insertable)]
#[diesel(table_name = candidate_identities, treat_none_as_default_value = false)]
struct IdentityRow {
    tenant_id: String,
    candidate_ref: String,
    digest: String,
    kind: &'static str,
    source: String,
    value: Vec<u8>,
    created_at: String,
}

/// One fact about a person.
pub(super) struct Fact {
    pub kind: &'static str,
    pub value: String,
    pub source: IdentitySource,
}

/// By keyed digest, each value once.
pub(super) type Facts = BTreeMap<String, Fact>;

impl Store {
    /// The person's known addresses and name; empty when there are none or there is no such person.
    pub async fn candidate_identity(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Identity> {
        let found = self.candidate_identities(tenant, std::slice::from_ref(candidate)).await?;
        Ok(found.into_values().next().unwrap_or_default())
    }

    /// The same for several persons; those of whom nothing is known are left out.
    pub async fn candidate_identities(
        &self,
        tenant: &TenantId,
        candidates: &[CandidateRef],
    ) -> Result<HashMap<CandidateRef, Identity>> {
        let (tenant, candidates, vault) = (tenant.clone(), candidates.to_vec(), self.0.vault.clone());
        self.read(move |connection| {
            let mut found = HashMap::new();
            for some in candidates.chunks(ROWS_PER_STATEMENT) {
                let refs: Vec<&str> = some.iter().map(CandidateRef::as_str).collect();
                let some = identities(connection, &vault, &tenant, &refs)?;
                found.extend(some.into_iter().map(|(candidate, identity)| (CandidateRef(candidate), identity)));
            }
            Ok(found)
        })
        .await
    }

    /// The address or DID with this id, and what is known of the person beside it; `None` when the person has no such address. Addresses that
    /// were proven by a DID of the person go with any DID: nothing says by which of them they were.
    pub async fn identity_apart(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        id: &str,
    ) -> Result<Option<(Identity, Identity)>> {
        let (tenant, candidate, id, vault) = (tenant.clone(), candidate.clone(), id.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let (mut apart, mut left) = (Identity::default(), Identity::default());
            let rows = rows_of(connection, &tenant, &[candidate.as_str()])?;
            let gone = that_go(&rows, &id)?;
            for row in &rows {
                row.add_to(if gone.contains(&row.digest) { &mut apart } else { &mut left }, connection, &vault, &tenant)?;
            }
            Ok(Some((apart, left)).filter(|(apart, _)| *apart != Identity::default()))
        })
        .await
    }
}

impl Transaction<'_> {
    /// Notes the stated facts about a person.
    pub fn remember(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        hint: &CandidateHint,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let facts = facts(self.vault, tenant, hint)?;
        self.remember_facts(tenant, candidate, facts, now)
    }

    /// Notes facts about a person. A fact that is there already keeps the better source.
    pub(super) fn remember_facts(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        facts: Facts,
        now: DateTime<Utc>,
    ) -> Result<()> {
        if facts.is_empty() {
            return Ok(());
        }
        index_names(self.connection, self.vault, tenant, candidate, &facts)?;
        let key = self.key_of(tenant, candidate)?;
        let mut rows = Vec::with_capacity(facts.len());
        for (digest, fact) in facts {
            rows.push(IdentityRow {
                tenant_id: tenant.0.clone(),
                candidate_ref: candidate.0.clone(),
                digest,
                kind: fact.kind,
                source: name_text(&fact.source)?,
                value: key.seal(&context(tenant, candidate), fact.value.as_bytes())?,
                created_at: time_text(now),
            });
        }
        remember(self.connection, tenant, candidate, rows)
    }

    /// Takes an address or DID away from the person. False when the person has no such address.
    pub fn forget_address(&mut self, tenant: &TenantId, candidate: &CandidateRef, id: &str) -> Result<bool> {
        let rows = rows_of(self.connection, tenant, &[candidate.as_str()])?;
        let gone = that_go(&rows, id)?;
        let target = candidate_identities::table
            .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
            .filter(candidate_identities::candidate_ref.eq(candidate.as_str()))
            .filter(candidate_identities::digest.eq_any(gone));
        Ok(diesel::delete(target).execute(self.connection)? > 0)
    }
}

/// Digests of the rows that go with the address or DID of this id.
fn that_go(rows: &[Row], id: &str) -> Result<Vec<String>> {
    let Some(named) = rows.iter().find(|row| row.digest == id && is_address(&row.kind)) else { return Ok(Vec::new()) };
    let mut gone = vec![named.digest.clone()];
    for row in rows.iter().filter(|row| named.kind == DID && row.digest != id) {
        if parse_name::<IdentitySource>(&row.source)? == IdentitySource::Credential {
            gone.push(row.digest.clone());
        }
    }
    Ok(gone)
}

/// One row of the table.
#[derive(Queryable, Selectable)]
#[diesel(table_name = candidate_identities)]
pub(super) struct Row {
    pub candidate_ref: String,
    pub digest: String,
    pub kind: String,
    pub source: String,
    pub value: Vec<u8>,
    pub created_at: String,
}

impl Row {
    pub(super) fn opened(&self, connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId) -> Result<String> {
        opened(connection, vault, tenant, &CandidateRef::from(self.candidate_ref.as_str()), &self.value)
    }

    fn add_to(&self, identity: &mut Identity, connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId) -> Result<()> {
        if self.kind == BYTES {
            return Ok(());
        }
        let value = match self.opened(connection, vault, tenant) {
            Err(StoreError::Erased) => return Ok(()),
            other => other?,
        };
        if parse_name::<IdentitySource>(&self.source)?.is_proven() {
            identity.proven.push(value.clone());
        }
        match self.kind.as_str() {
            EMAIL => identity.emails.push(value),
            DID => identity.dids.push(value),
            ATS_ID => identity.ats_id = Some(value),
            _ => identity.name = Some(value),
        }
        Ok(())
    }
}

/// The rows of these persons, the oldest first.
pub(super) fn rows_of(connection: &mut AnyConnection, tenant: &TenantId, candidates: &[&str]) -> Result<Vec<Row>> {
    let rows = each_backend!(connection, c => {
        candidate_identities::table
            .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
            .filter(candidate_identities::candidate_ref.eq_any(candidates))
            .order((candidate_identities::created_at.asc(), candidate_identities::digest.asc()))
            .select(Row::as_select())
            .load(c)
    })?;
    Ok(rows)
}

/// The known facts about these persons, by the reference that was asked for: also by a reference that a merger replaced.
pub(super) fn identities(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidates: &[&str],
) -> Result<HashMap<String, Identity>> {
    let aliases: Vec<(String, String)> = each_backend!(connection, c => {
        candidate_aliases::table
            .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
            .filter(candidate_aliases::id.eq_any(candidates))
            .select((candidate_aliases::id, candidate_aliases::candidate_ref))
            .load(c)
    })?;
    let mut wanted: Vec<&str> = candidates.to_vec();
    wanted.extend(aliases.iter().map(|(_, current)| current.as_str()));
    let mut identities: HashMap<String, Identity> = HashMap::new();
    for row in rows_of(connection, tenant, &wanted)? {
        let identity = identities.entry(row.candidate_ref.clone()).or_default();
        row.add_to(identity, connection, vault, tenant)?;
    }
    for (alias, current) in &aliases {
        if let Some(identity) = identities.get(current).cloned() {
            identities.insert(alias.clone(), identity);
        }
    }
    identities.retain(|candidate, _| candidates.contains(&candidate.as_str()));
    Ok(identities)
}

/// The person's addresses and DIDs as they may be shown.
pub(super) fn addresses(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
) -> Result<Vec<KnownAddress>> {
    let rows = rows_of(connection, tenant, &[candidate.as_str()])?;
    readable(rows.into_iter().filter(|row| is_address(&row.kind)), |row| {
        let kind: AddressKind = parse_name(&row.kind)?;
        let source: IdentitySource = parse_name(&row.source)?;
        Ok(KnownAddress {
            hint: kind.hint(&row.opened(connection, vault, tenant)?),
            kind,
            source,
            proven: source.is_proven(),
            created_at: parse_time(&row.created_at)?,
            id: row.digest,
        })
    })
}

/// Writes rows of one person.
fn remember(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef, rows: Vec<IdentityRow>) -> Result<()> {
    insert_all!(connection, candidate_identities::table, rows);
    for proven in [IdentitySource::Credential, IdentitySource::Wallet] {
        let source = name_text(&proven)?;
        let digests: Vec<&str> = rows.iter().filter(|row| row.source == source).map(|row| row.digest.as_str()).collect();
        if digests.is_empty() {
            continue;
        }
        let weaker = [IdentitySource::Stated, IdentitySource::Subject, IdentitySource::Credential];
        let weaker = weaker.iter().filter(|weaker| **weaker < proven).map(name_text).collect::<Result<Vec<_>>>()?;
        each_backend!(connection, c => {
            let target = candidate_identities::table
                .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
                .filter(candidate_identities::candidate_ref.eq(candidate.as_str()))
                .filter(candidate_identities::digest.eq_any(digests))
                .filter(candidate_identities::source.eq_any(weaker));
            diesel::update(target).set(candidate_identities::source.eq(source)).execute(c)
        })?;
    }
    Ok(())
}

/// Those of the addresses and DIDs among the facts that are not known of the person yet.
pub(super) fn unknown(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    candidate: &CandidateRef,
    facts: &Facts,
) -> Result<Vec<LinkedAddress>> {
    let addresses = facts.iter().filter(|(_, fact)| is_address(fact.kind));
    let known = rows_of(connection, tenant, &[candidate.as_str()])?;
    let new = addresses.filter(|(digest, _)| !known.iter().any(|row| row.digest == **digest));
    let linked = |(_, fact): (&String, &Fact)| LinkedAddress {
        kind: if fact.kind == EMAIL { AddressKind::Email } else { AddressKind::Did },
        source: fact.source,
        proven: fact.source.is_proven(),
    };
    Ok(new.map(linked).collect())
}

/// The kind of a row, as a fact has it.
pub(super) fn kind_of(stored: &str) -> Option<&'static str> {
    [EMAIL, DID, NAME, ATS_ID, BYTES].into_iter().find(|kind| *kind == stored)
}

pub(super) fn is_address(kind: &str) -> bool {
    matches!(kind, EMAIL | DID)
}

/// The facts in a hint. Its DIDs were proven by wallets; the rest was typed.
pub(super) fn facts(vault: &Vault, tenant: &TenantId, hint: &CandidateHint) -> Result<Facts> {
    let emails = hint.emails.iter().map(|email| (EMAIL, email.trim(), IdentitySource::Stated));
    let dids = hint.dids.iter().map(|did| (DID, did.trim(), IdentitySource::Wallet));
    let name = hint.name.iter().map(|name| (NAME, name.trim(), IdentitySource::Stated));
    let ats_id = hint.ats_id.iter().map(|id| (ATS_ID, id.trim(), IdentitySource::Stated));
    emails
        .chain(dids)
        .chain(name)
        .chain(ats_id)
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(kind, value, source)| Ok((digest(vault, tenant, kind, value)?, Fact { kind, value: value.to_owned(), source })))
        .collect()
}

/// Addresses are compared without regard to case; DIDs exactly.
pub(super) fn digest(vault: &Vault, tenant: &TenantId, kind: &str, value: &str) -> Result<String> {
    let normalised = if kind == EMAIL { value.to_lowercase() } else { value.to_owned() };
    let mac = Hmac::<sha2::Sha256>::new_from_slice(vault.identity_key.as_slice());
    let mut mac = mac.map_err(|_| StoreError::Internal("the key of the identity hashes is damaged".to_owned()))?;
    for part in [tenant.as_str(), kind, &normalised] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    Ok(hex::encode(mac.finalize().into_bytes()))
}

pub(super) fn opened(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
    sealed: &[u8],
) -> Result<String> {
    vault.open_text(connection, &context(tenant, candidate), sealed)
}

/// A sealed value can't be moved to another person.
fn context(tenant: &TenantId, candidate: &CandidateRef) -> String {
    format!("candidate:{tenant}:{candidate}")
}
