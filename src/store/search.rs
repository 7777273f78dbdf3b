//! Finding credentials again, newest first, at any number of them. Comes in: what is looked for. Goes out: a page of rows.
//! Titles and names are sealed: only keyed hashes of their words are compared. Every step reads a bounded number of rows.
//! Must not know: how a page shows the rows.

use super::candidates::current_ref;
use super::credentials::place;
use super::identities::{ATS_ID, EMAIL, digest};
use super::pool::{AnyConnection, each_backend};
use super::schema::{candidate_identities, candidate_words, candidates, credential_words, credentials};
use super::sealed::readable;
use super::search_words::{Place, number, numbers, words};
use super::text::{parse_name, parse_time};
use super::{Result, Store, Vault};
use crate::model::credential::LanguageMap;
use crate::model::ids::{CandidateRef, CredentialId, SubmissionId, TenantId};
use crate::model::record::Page;
use crate::model::report::Outcome;
use crate::model::search::{CredentialSearch, Found, ListedCredential};
use diesel::prelude::*;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Persons whom a text may stand for.
const MOST_PERSONS: i64 = 200;
/// Rows of an index that are read at once, and in all for one page.
const CHUNK: i64 = 500;
const MOST_SCANNED: usize = 20_000;
/// So many rows tell a frequent word from a rare one.
const FREQUENT: i64 = 2_000;

/// The members of a normalised credential that a list shows.
#[derive(Deserialize)]
struct Shown {
    achievement: ShownAchievement,
    issuer: ShownIssuer,
}

#[derive(Deserialize)]
struct ShownAchievement {
    name: LanguageMap,
}

#[derive(Deserialize)]
struct ShownIssuer {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// id, submission, candidate, file, outcome, status, content, time
type Row = (String, String, String, Vec<u8>, String, Option<String>, Option<Vec<u8>>, String);

/// A set of credentials that an index gives in their order.
enum Source {
    All,
    /// Those of these persons that have all of these words.
    OfPersons(Vec<String>, Vec<i64>),
    /// Those that have all of these words, the rarest word first.
    WithWords(Vec<i64>),
}

impl Store {
    /// Newest first. A page may be short although more rows follow: then `next` says where the search goes on.
    pub async fn search_credentials(
        &self,
        tenant: &TenantId,
        search: &CredentialSearch,
        page: &Page,
    ) -> Result<Found<ListedCredential>> {
        let (tenant, search, page, vault) = (tenant.clone(), search.clone(), page.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let sources = sources(connection, &vault, &tenant, &search)?;
            let wanted = page.limit.saturating_sub(1) as usize;
            let mut ids = BTreeSet::new();
            let mut stopped: Option<String> = None;
            for source in &sources {
                let walk = Walk { tenant: &tenant, outcome: search.outcome, wanted: wanted + 1 };
                let (found, at) = walk.newest(connection, source, page.after.clone())?;
                ids.extend(found);
                // Beyond the place where one source was left, others may not be shown yet.
                stopped = stopped.into_iter().chain(at).max();
            }
            let mut newest: Vec<String> = ids.into_iter().rev().collect();
            if let Some(stopped) = &stopped {
                newest.retain(|id| id >= stopped);
            }
            let is_more = newest.len() > wanted;
            newest.truncate(wanted);
            let next = if is_more { newest.last().cloned() } else { stopped };
            Ok(Found { rows: rows(connection, &vault, &newest)?, next })
        })
        .await
    }

    /// The persons whom a text may stand for: by reference, by exact address, by number in the applicant tracking system, by words of the name.
    pub async fn persons_named(&self, tenant: &TenantId, text: &str) -> Result<Vec<CandidateRef>> {
        let (tenant, text, vault) = (tenant.clone(), text.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let mut found = by_reference_or_address(connection, &vault, &tenant, &text)?;
            let wanted = words(&text);
            if found.is_empty() && !wanted.is_empty() {
                found = by_name(connection, &vault, &tenant, &wanted)?.into_iter().collect();
            }
            Ok(found.into_iter().map(CandidateRef).collect())
        })
        .await
    }
}

fn sources(connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId, search: &CredentialSearch) -> Result<Vec<Source>> {
    let issuer = search.issuer.as_deref().map(|issuer| number(vault, tenant, Place::IssuerId, issuer)).transpose()?;
    let text = search.text.trim();
    let wanted = words(text);
    if wanted.is_empty() && text.is_empty() {
        return Ok(vec![issuer.map_or(Source::All, |issuer| Source::WithWords(vec![issuer]))]);
    }
    let named = by_reference_or_address(connection, vault, tenant, text)?;
    if !named.is_empty() {
        return Ok(vec![Source::OfPersons(named, issuer.into_iter().collect())]);
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut numbers = numbers(vault, tenant, Place::Credential, text)?;
    numbers.extend(issuer);
    let mut sources = vec![Source::WithWords(rarest_first(connection, numbers)?)];
    // Words that are words of somebody's name stand for the person; the rest must be in the credential.
    let (of_names, others) = names_and_others(connection, vault, tenant, &wanted)?;
    let persons: Vec<String> = by_name(connection, vault, tenant, &of_names)?.into_iter().collect();
    if !persons.is_empty() {
        let rest = others.iter().map(|word| number(vault, tenant, Place::Credential, word)).chain(issuer.map(Ok));
        sources.push(Source::OfPersons(persons, rest.collect::<Result<_>>()?));
    }
    Ok(sources)
}

fn by_reference_or_address(connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId, text: &str) -> Result<Vec<String>> {
    let text = text.trim();
    for kind in [EMAIL, ATS_ID] {
        let digest = digest(vault, tenant, kind, text)?;
        let holders: Vec<String> = candidate_identities::table
            .filter(candidate_identities::tenant_id.eq(tenant.as_str()))
            .filter(candidate_identities::digest.eq(digest))
            .limit(MOST_PERSONS)
            .select(candidate_identities::candidate_ref)
            .load(connection)?;
        if !holders.is_empty() {
            return Ok(holders);
        }
    }
    let wanted = current_ref(connection, tenant, &CandidateRef(text.to_owned()))?;
    let found = candidates::table
        .filter(candidates::tenant_id.eq(tenant.as_str()))
        .filter(candidates::id.eq(wanted.as_str()))
        .select(candidates::id)
        .load(connection)?;
    Ok(found)
}

/// Which of the words are words of a person's name.
fn names_and_others(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    wanted: &[String],
) -> Result<(Vec<String>, Vec<String>)> {
    let (mut names, mut others) = (Vec::new(), Vec::new());
    for word in wanted {
        let known: Option<i64> = candidate_words::table
            .filter(candidate_words::word.eq(number(vault, tenant, Place::CandidateName, word)?))
            .select(candidate_words::word)
            .first(connection)
            .optional()?;
        let list = if known.is_some() { &mut names } else { &mut others };
        list.push(word.clone());
    }
    Ok((names, others))
}

/// Persons whose names have all of the words.
fn by_name(connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId, wanted: &[String]) -> Result<HashSet<String>> {
    let mut common: Option<HashSet<String>> = None;
    for word in wanted {
        let of_word = candidate_words::table
            .filter(candidate_words::word.eq(number(vault, tenant, Place::CandidateName, word)?))
            .filter(candidate_words::tenant_id.eq(tenant.as_str()))
            .select(candidate_words::candidate_ref);
        let found: Vec<String> = match &common {
            None => of_word.limit(CHUNK * 4).load(connection)?,
            Some(common) => each_backend!(connection, c => {
                of_word.filter(candidate_words::candidate_ref.eq_any(common.iter())).load(c)
            })?,
        };
        common = Some(found.into_iter().collect());
    }
    let common = common.unwrap_or_default();
    Ok(common.into_iter().take(MOST_PERSONS as usize).collect())
}

fn rarest_first(connection: &mut AnyConnection, numbers: Vec<i64>) -> Result<Vec<i64>> {
    if numbers.len() < 2 {
        return Ok(numbers);
    }
    let mut counted = Vec::with_capacity(numbers.len());
    for word in numbers {
        let some: Vec<i64> = credential_words::table
            .filter(credential_words::word.eq(word))
            .limit(FREQUENT)
            .select(credential_words::word)
            .load(connection)?;
        counted.push((some.len(), word));
    }
    counted.sort_unstable();
    Ok(counted.into_iter().map(|(_, word)| word).collect())
}

struct Walk<'a> {
    tenant: &'a TenantId,
    outcome: Option<Outcome>,
    wanted: usize,
}

impl Walk<'_> {
    /// The newest ids of a source below `after`, and where the walk was left before its end because it had become long.
    fn newest(
        &self,
        connection: &mut AnyConnection,
        source: &Source,
        after: Option<String>,
    ) -> Result<(Vec<String>, Option<String>)> {
        match source {
            Source::All => Ok((self.of_tenant(connection, None, after, self.wanted as i64)?, None)),
            Source::OfPersons(persons, words) if words.is_empty() => {
                Ok((self.of_tenant(connection, Some(persons), after, self.wanted as i64)?, None))
            }
            Source::OfPersons(persons, words) => {
                let theirs = self.of_tenant(connection, Some(persons), after, MOST_SCANNED as i64)?;
                let mut found = Vec::new();
                for some in theirs.chunks(CHUNK as usize) {
                    found.extend(with_words(connection, some.to_vec(), words)?);
                }
                found.truncate(self.wanted);
                Ok((found, None))
            }
            Source::WithWords(words) => self.of_words(connection, words, after),
        }
    }

    fn of_tenant(
        &self,
        connection: &mut AnyConnection,
        persons: Option<&Vec<String>>,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<String>> {
        let mut query = credentials::table
            .filter(credentials::tenant_id.eq(self.tenant.as_str()))
            .order(credentials::id.desc())
            .limit(limit)
            .select(credentials::id)
            .into_boxed();
        if let Some(persons) = persons {
            query = query.filter(credentials::candidate_ref.eq_any(persons));
        }
        if let Some(outcome) = self.outcome {
            query = query.filter(credentials::outcome.eq(outcome.as_str()));
        }
        if let Some(after) = after {
            query = query.filter(credentials::id.lt(after));
        }
        Ok(query.load(connection)?)
    }

    /// Walks the index of the first word; the other words and the outcome are looked up for each piece of it.
    fn of_words(
        &self,
        connection: &mut AnyConnection,
        words: &[i64],
        after: Option<String>,
    ) -> Result<(Vec<String>, Option<String>)> {
        let Some((first, others)) = words.split_first() else { return Ok((Vec::new(), None)) };
        let (mut found, mut after, mut scanned) = (Vec::new(), after, 0);
        loop {
            let mut query = credential_words::table
                .filter(credential_words::word.eq(first))
                .order(credential_words::credential_id.desc())
                .limit(CHUNK)
                .select(credential_words::credential_id)
                .into_boxed();
            if let Some(after) = &after {
                query = query.filter(credential_words::credential_id.lt(after.clone()));
            }
            let some: Vec<String> = query.load(connection)?;
            scanned += some.len();
            let is_end = (some.len() as i64) < CHUNK;
            after = some.last().cloned().or(after);
            let some = with_words(connection, some, others)?;
            found.extend(self.with_outcome(connection, some)?);
            if found.len() >= self.wanted || is_end {
                found.truncate(self.wanted);
                return Ok((found, None));
            }
            if scanned >= MOST_SCANNED {
                return Ok((found, after));
            }
        }
    }

    fn with_outcome(&self, connection: &mut AnyConnection, ids: Vec<String>) -> Result<Vec<String>> {
        let Some(outcome) = self.outcome else { return Ok(ids) };
        let kept: Vec<String> = credentials::table
            .filter(credentials::id.eq_any(&ids))
            .filter(credentials::outcome.eq(outcome.as_str()))
            .select(credentials::id)
            .load(connection)?;
        Ok(in_order(ids, &kept))
    }
}

/// Those of the ids that have all of the words.
fn with_words(connection: &mut AnyConnection, mut ids: Vec<String>, words: &[i64]) -> Result<Vec<String>> {
    for word in words {
        if ids.is_empty() {
            break;
        }
        let kept: Vec<String> = credential_words::table
            .filter(credential_words::word.eq(word))
            .filter(credential_words::credential_id.eq_any(&ids))
            .select(credential_words::credential_id)
            .load(connection)?;
        ids = in_order(ids, &kept);
    }
    Ok(ids)
}

fn in_order(ids: Vec<String>, kept: &[String]) -> Vec<String> {
    let kept: HashSet<&String> = kept.iter().collect();
    ids.into_iter().filter(|id| kept.contains(id)).collect()
}

/// The rows of these ids, in this order.
fn rows(connection: &mut AnyConnection, vault: &Vault, ids: &[String]) -> Result<Vec<ListedCredential>> {
    let found: Vec<Row> = credentials::table
        .filter(credentials::id.eq_any(ids))
        .select((
            credentials::id,
            credentials::submission_id,
            credentials::candidate_ref,
            credentials::name,
            credentials::outcome,
            credentials::status,
            credentials::normalized,
            credentials::created_at,
        ))
        .load(connection)?;
    let mut by_id = HashMap::with_capacity(found.len());
    for row in readable(found, |row| listed(connection, vault, row))? {
        by_id.insert(row.id.to_string(), row);
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

fn listed(connection: &mut AnyConnection, vault: &Vault, row: Row) -> Result<ListedCredential> {
    let (id, submission_id, candidate_ref, name, outcome, status, normalized, created_at) = row;
    let place = place(&id);
    let outcome: Outcome = parse_name(&outcome)?;
    let content = normalized.filter(|_| outcome != Outcome::Rejected);
    let content: Option<Shown> = content.map(|sealed| vault.unpack_json(connection, &place, &sealed)).transpose()?;
    let (title, issuer) = content.map(|content| (content.achievement.name, content.issuer)).unzip();
    let (issuer_id, issuer_name) = issuer.map(|issuer: ShownIssuer| (issuer.id, issuer.name)).unzip();
    Ok(ListedCredential {
        file: vault.open_text(connection, &place, &name)?,
        id: CredentialId(id),
        submission_id: SubmissionId(submission_id),
        candidate_ref: CandidateRef(candidate_ref),
        outcome,
        status: status.as_deref().map(parse_name).transpose()?,
        title: title.unwrap_or_default(),
        issuer_id,
        issuer_name: issuer_name.flatten(),
        created_at: parse_time(&created_at)?,
    })
}
