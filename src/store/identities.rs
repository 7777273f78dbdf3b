//! What is known of persons: addresses, DIDs, names, and bytes that came in for nobody. Found by keyed hashes; values are sealed.

use super::pool::{AnyConnection, each_backend};
use super::schema::{candidate_aliases, candidate_identities};
use super::text::{name_text, parse_name, parse_time, time_text};
use super::transaction::{ROWS_PER_STATEMENT, Transaction, insert_all};
use super::{Result, Store, StoreError, Vault};
use crate::model::candidate::{AddressKind, Identity, IdentitySource, KnownAddress};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::record::{Holder, Mark};
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use std::collections::{BTreeMap, HashMap};

pub(super) const EMAIL: &str = "email";
pub(super) const DID: &str = "did";
pub(super) const NAME: &str = "name";
/// Bytes that came in for a person of whom nothing else is known.
const BYTES: &str = "bytes";

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

/// One thing that is said of a person.
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

    /// The address or DID with this id alone, and what is known of the person beside it; `None` when the person has no such address.
    pub async fn identity_apart(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        id: &str,
    ) -> Result<Option<(Identity, Identity)>> {
        let (tenant, candidate, id, vault) = (tenant.clone(), candidate.clone(), id.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let (mut apart, mut left) = (Identity::default(), Identity::default());
            for row in rows_of(connection, &tenant, &[candidate.as_str()])? {
                let is_it = row.digest == id && is_address(&row.kind);
                row.add_to(if is_it { &mut apart } else { &mut left }, &vault, &tenant)?;
            }
            Ok(Some((apart, left)).filter(|(apart, _)| *apart != Identity::default()))
        })
        .await
    }

    /// Who holds these marks, without any lock.
    pub async fn holders(&self, tenant: &TenantId, marks: Vec<Mark>) -> Result<HashMap<Mark, Vec<Holder>>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        self.read(move |connection| holders(connection, &vault, &tenant, &marks)).await
    }

    /// E-mail addresses of the tenant's persons, the newest first, at most `limit`; each with its holder.
    pub async fn known_emails(&self, tenant: &TenantId, limit: usize) -> Result<Vec<(String, Holder)>> {
        let (tenant, limit, vault) = (tenant.clone(), limit as i64, self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<(String, String, Vec<u8>)> = candidate_identities::table
                .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
                .filter(candidate_identities::kind.eq(EMAIL))
                .order(candidate_identities::created_at.desc())
                .limit(limit)
                .select((candidate_identities::candidate_ref, candidate_identities::source, candidate_identities::value))
                .load(connection)?;
            let open = |(candidate, source, sealed): (String, String, Vec<u8>)| {
                let candidate_ref = CandidateRef(candidate);
                let value = opened(&vault, &tenant, &candidate_ref, &sealed)?;
                Ok((value, Holder { candidate_ref, source: parse_name(&source)? }))
            };
            rows.into_iter().map(open).collect()
        })
        .await
    }
}

impl Transaction<'_> {
    /// Who holds these marks, the longest known first. Nobody else can add any of them until the transaction ends.
    pub fn holders(&mut self, tenant: &TenantId, marks: &[Mark]) -> Result<HashMap<Mark, Vec<Holder>>> {
        let mut names = Vec::with_capacity(marks.len());
        for mark in marks {
            names.push(digest_of(self.vault, tenant, mark)?);
        }
        self.lock_names(&names)?;
        holders(self.connection, self.vault, tenant, marks)
    }

    /// Notes that these marks stand for the person; `source`: where the addresses among them come from.
    pub fn remember_marks(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        marks: &[Mark],
        source: IdentitySource,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut facts = Facts::new();
        for mark in marks {
            let (kind, value) = parts(mark);
            facts.insert(digest(self.vault, tenant, kind, value)?, Fact { kind, value: value.to_owned(), source });
        }
        remember(self.connection, self.vault, tenant, candidate, facts, now)
    }

    /// Notes what is said of a person.
    pub fn remember(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        hint: &CandidateHint,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let facts = facts(self.vault, tenant, hint)?;
        remember(self.connection, self.vault, tenant, candidate, facts, now)
    }

    /// Takes an address or DID away from the person. False when the person has no such address.
    pub fn forget_address(&mut self, tenant: &TenantId, candidate: &CandidateRef, id: &str) -> Result<bool> {
        let target = candidate_identities::table
            .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
            .filter(candidate_identities::candidate_ref.eq(candidate.as_str()))
            .filter(candidate_identities::digest.eq(id))
            .filter(candidate_identities::kind.eq_any([EMAIL, DID]));
        Ok(diesel::delete(target).execute(self.connection)? > 0)
    }
}

/// One row as it is read.
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
    pub(super) fn opened(&self, vault: &Vault, tenant: &TenantId) -> Result<String> {
        opened(vault, tenant, &CandidateRef::from(self.candidate_ref.as_str()), &self.value)
    }

    fn add_to(&self, identity: &mut Identity, vault: &Vault, tenant: &TenantId) -> Result<()> {
        if self.kind == BYTES {
            return Ok(());
        }
        let value = self.opened(vault, tenant)?;
        if parse_name::<IdentitySource>(&self.source)?.is_proven() {
            identity.proven.push(value.clone());
        }
        match self.kind.as_str() {
            EMAIL => identity.emails.push(value),
            DID => identity.dids.push(value),
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

/// What is known of these persons, by the reference that was asked for: also by a reference that a merger replaced.
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
        row.add_to(identity, vault, tenant)?;
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
    let mut known = Vec::new();
    for row in rows_of(connection, tenant, &[candidate.as_str()])?.into_iter().filter(|row| is_address(&row.kind)) {
        let kind: AddressKind = parse_name(&row.kind)?;
        let source: IdentitySource = parse_name(&row.source)?;
        known.push(KnownAddress {
            hint: kind.hint(&row.opened(vault, tenant)?),
            kind,
            source,
            proven: source.is_proven(),
            created_at: parse_time(&row.created_at)?,
            id: row.digest,
        });
    }
    Ok(known)
}

/// Notes facts about a person. A fact that is there already keeps the better source.
pub(super) fn remember(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
    facts: Facts,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut rows = Vec::with_capacity(facts.len());
    for (digest, fact) in facts {
        rows.push(IdentityRow {
            tenant_id: tenant.0.clone(),
            candidate_ref: candidate.0.clone(),
            digest,
            kind: fact.kind,
            source: name_text(&fact.source)?,
            value: vault.sealer.seal(&context(tenant, candidate), fact.value.as_bytes())?,
            created_at: time_text(now),
        });
    }
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

fn holders(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    marks: &[Mark],
) -> Result<HashMap<Mark, Vec<Holder>>> {
    let mut by_digest = HashMap::new();
    for mark in marks {
        by_digest.insert(digest_of(vault, tenant, mark)?, mark);
    }
    let digests: Vec<&String> = by_digest.keys().collect();
    let mut found: HashMap<Mark, Vec<Holder>> = HashMap::new();
    for some in digests.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<(String, String, String)> = each_backend!(connection, c => {
            candidate_identities::table
                .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
                .filter(candidate_identities::digest.eq_any(some.iter().map(|digest| digest.as_str())))
                .order((candidate_identities::created_at.asc(), candidate_identities::candidate_ref.asc()))
                .select((candidate_identities::digest, candidate_identities::candidate_ref, candidate_identities::source))
                .load(c)
        })?;
        for (digest, candidate, source) in rows {
            let Some(mark) = by_digest.get(&digest) else { continue };
            let holder = Holder { candidate_ref: CandidateRef(candidate), source: parse_name(&source)? };
            found.entry((*mark).clone()).or_default().push(holder);
        }
    }
    Ok(found)
}

fn is_address(kind: &str) -> bool {
    matches!(kind, EMAIL | DID)
}

fn parts(mark: &Mark) -> (&'static str, &str) {
    match mark {
        Mark::Email(address) => (EMAIL, address.trim()),
        Mark::Did(did) => (DID, did.trim()),
        Mark::Bytes(mark) => (BYTES, mark),
    }
}

fn digest_of(vault: &Vault, tenant: &TenantId, mark: &Mark) -> Result<String> {
    let (kind, value) = parts(mark);
    digest(vault, tenant, kind, value)
}

/// What a hint says of the person. Its DIDs were proven by wallets; the rest was typed.
pub(super) fn facts(vault: &Vault, tenant: &TenantId, hint: &CandidateHint) -> Result<Facts> {
    let emails = hint.emails.iter().map(|email| (EMAIL, email.trim(), IdentitySource::Stated));
    let dids = hint.dids.iter().map(|did| (DID, did.trim(), IdentitySource::Wallet));
    let name = hint.name.iter().map(|name| (NAME, name.trim(), IdentitySource::Stated));
    emails
        .chain(dids)
        .chain(name)
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(kind, value, source)| Ok((digest(vault, tenant, kind, value)?, Fact { kind, value: value.to_owned(), source })))
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

fn opened(vault: &Vault, tenant: &TenantId, candidate: &CandidateRef, sealed: &[u8]) -> Result<String> {
    let plain = vault.sealer.open(&context(tenant, candidate), sealed)?;
    String::from_utf8(plain).map_err(|_| StoreError::Internal("an identity is damaged".to_owned()))
}

/// A sealed value can't be moved to another person.
pub(super) fn context(tenant: &TenantId, candidate: &CandidateRef) -> String {
    format!("candidate:{tenant}:{candidate}")
}
