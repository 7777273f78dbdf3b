//! Looking persons up by the addresses, DIDs and bytes of a credential. Only keyed hashes are compared.

use super::identities::{BYTES, DID, EMAIL, Fact, Facts, digest, is_address, opened, unknown};
use super::pool::{AnyConnection, each_backend};
use super::schema::candidate_identities;
use super::sealed::readable;
use super::text::parse_name;
use super::transaction::{ROWS_PER_STATEMENT, Transaction};
use super::{Result, Store, Vault};
use crate::model::candidate::IdentitySource;
use crate::model::event::LinkedAddress;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::record::{Holder, Mark};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

impl Store {
    /// Who holds these marks, without any lock.
    pub async fn holders(&self, tenant: &TenantId, marks: Vec<Mark>) -> Result<HashMap<Mark, Vec<Holder>>> {
        if marks.is_empty() {
            return Ok(HashMap::new());
        }
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
            readable(rows, |(candidate, source, sealed)| {
                let candidate_ref = CandidateRef(candidate);
                let value = opened(connection, &vault, &tenant, &candidate_ref, &sealed)?;
                Ok((value, Holder { candidate_ref, source: parse_name(&source)? }))
            })
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

    /// Notes that these marks stand for the person; `source`: where the addresses among them come from. Returns the addresses and DIDs
    /// that were not known of the person before.
    pub fn remember_marks(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        marks: &[Mark],
        source: IdentitySource,
        now: DateTime<Utc>,
    ) -> Result<Vec<LinkedAddress>> {
        let mut facts = Facts::new();
        for mark in marks {
            let (kind, value) = parts(mark);
            facts.insert(digest(self.vault, tenant, kind, value)?, Fact { kind, value: value.to_owned(), source });
        }
        let linked = match facts.values().any(|fact| is_address(fact.kind)) {
            true => unknown(self.connection, tenant, candidate, &facts)?,
            false => Vec::new(),
        };
        self.remember_facts(tenant, candidate, facts, now)?;
        Ok(linked)
    }
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

/// Who holds any of these digests.
pub(super) fn holders_of(connection: &mut AnyConnection, tenant: &TenantId, digests: &HashSet<String>) -> Result<Vec<String>> {
    let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
    let mut holders = Vec::new();
    for some in digests.chunks(ROWS_PER_STATEMENT) {
        let found: Vec<String> = each_backend!(connection, c => {
            candidate_identities::table
                .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
                .filter(candidate_identities::digest.eq_any(some.iter().copied()))
                .select(candidate_identities::candidate_ref)
                .load(c)
        })?;
        holders.extend(found);
    }
    Ok(holders)
}

fn parts(mark: &Mark) -> (&'static str, &str) {
    match mark {
        Mark::Email(address) => (EMAIL, address.trim()),
        Mark::Did(did) => (DID, did.trim()),
        Mark::Bytes(mark) => (BYTES, mark),
    }
}

pub(super) fn digest_of(vault: &Vault, tenant: &TenantId, mark: &Mark) -> Result<String> {
    let (kind, value) = parts(mark);
    digest(vault, tenant, kind, value)
}
