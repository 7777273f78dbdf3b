//! Decisions about the texts of skills, and the texts that wait for a decision. Comes in: decisions. Goes out: decisions, entries,
//! counts. The work that follows from a decision is in review_work.rs.

use super::credentials::place as credentials_place;
use super::packed::Kind;
use super::pool::{AnyConnection, each_backend};
use super::schema::{self, skill_decisions, skill_settings, skills};
use super::skills::{label_digest, place as skills_place};
use super::text::{clean, name_text, parse_times, time_text, to_u32};
use super::transaction::Transaction;
use super::{Result, Store, StoreError, Vault, identities};
use crate::model::credential::NormalizedCredential;
use crate::model::decision::{Decision, Precision, ReviewEntry};
use crate::model::ids::TenantId;
use crate::model::record::Page;
use crate::model::skill::{MappingStatus, Method, SkillAssertion, SkillStatus, label_key};
use chrono::{DateTime, Utc};
use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Issuers that an entry names.
const SAMPLES: i64 = 3;

/// Id, sealed decision, corrections, when it was taken back.
type Row = (String, Vec<u8>, i64, Option<String>);

fn decision(connection: &mut AnyConnection, vault: &Vault, (id, body, corrected, undone_at): Row) -> Result<Decision> {
    let decision: Decision = vault.unpack_json(connection, &place(&id), &body)?;
    Ok(Decision { corrected: to_u32(corrected), undone_at: parse_times(undone_at)?, ..decision })
}

impl Store {
    /// Texts without a concept, or with a doubtful one, that nobody has decided about: those of most people first. `skip`: entries
    /// before the page.
    pub async fn skills_to_review(&self, tenant: &TenantId, skip: u32, limit: u32) -> Result<Vec<ReviewEntry>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let open = [name_text(&MappingStatus::Unmapped)?, name_text(&MappingStatus::DeclaredMismatch)?];
            let asserted = name_text(&SkillStatus::Asserted)?;
            let decided = skill_decisions::table
                .filter(skill_decisions::tenant_id.eq(tenant.as_str()))
                .filter(skill_decisions::undone_at.is_null())
                .filter(skill_decisions::issuer_id.eq(""))
                .select(skill_decisions::label_key);
            let rows: Vec<(String, i64, i64)> = each_backend!(connection, c => {
                skills::table
                    .filter(skills::tenant_id.eq(tenant.as_str()))
                    .filter(skills::mapping_status.eq_any(&open))
                    .filter(skills::status.eq(&asserted))
                    .filter(skills::label_key.ne_all(decided))
                    .group_by(skills::label_key)
                    .order((count(skills::candidate_ref).aggregate_distinct().desc(), skills::label_key.asc()))
                    .select((skills::label_key, count(skills::candidate_ref).aggregate_distinct(), count_star()))
                    .offset(i64::from(skip))
                    .limit(i64::from(limit))
                    .load(c)
            })?;
            let mut entries = Vec::with_capacity(rows.len());
            for (key, people, credentials) in rows {
                let samples: Vec<(String, Vec<u8>, Option<Vec<u8>>)> = skills::table
                    .inner_join(schema::credentials::table)
                    .filter(skills::tenant_id.eq(tenant.as_str()))
                    .filter(skills::label_key.eq(&key))
                    .filter(skills::status.eq(&asserted))
                    .filter(skills::mapping_status.eq_any(&open))
                    .order(skills::credential_id.desc())
                    .select((skills::credential_id, skills::assertion, schema::credentials::normalized))
                    .limit(SAMPLES)
                    .load(connection)?;
                let Some(first) = samples.first() else { continue };
                let shown: SkillAssertion = match vault.unpack_json(connection, &skills_place(&first.0), &first.1) {
                    Err(StoreError::Erased) => continue,
                    shown => shown?,
                };
                let mut issuers: Vec<String> = Vec::new();
                for (id, _, normalized) in &samples {
                    let Some(normalized) = normalized else { continue };
                    let normalized: NormalizedCredential = match vault.unpack_json(connection, &credentials_place(id), normalized)
                    {
                        Err(StoreError::Erased) => continue,
                        normalized => normalized?,
                    };
                    if !issuers.contains(&normalized.issuer.id) {
                        issuers.push(normalized.issuer.id);
                    }
                }
                entries.push(ReviewEntry {
                    label: shown.label.text,
                    lang: shown.label.lang,
                    people: to_u32(people),
                    credentials: to_u32(credentials),
                    issuers,
                    suggestions: shown.alternatives,
                });
            }
            Ok(entries)
        })
        .await
    }

    /// Newest first; `page.after` is the id of a decision. Decisions that were taken back are listed, too.
    pub async fn list_decisions(&self, tenant: &TenantId, page: &Page) -> Result<Vec<Decision>> {
        let (tenant, page, vault) = (tenant.clone(), page.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let columns = (skill_decisions::id, skill_decisions::body, skill_decisions::corrected, skill_decisions::undone_at);
            let mut query =
                skill_decisions::table.filter(skill_decisions::tenant_id.eq(tenant.as_str())).select(columns).into_boxed();
            if let Some(after) = page.after {
                query = query.filter(skill_decisions::id.lt(after));
            }
            let rows: Vec<Row> = query.order(skill_decisions::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            rows.into_iter().map(|row| decision(connection, &vault, row)).collect()
        })
        .await
    }

    /// Automatic mappings in force, and those that people corrected.
    pub async fn mapping_precision(&self, tenant: &TenantId) -> Result<Precision> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let automatic: i64 = skills::table
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .filter(skills::method.eq_any([name_text(&Method::Exact)?, name_text(&Method::Combined)?]))
                .count()
                .get_result(connection)?;
            let corrections: Vec<i64> = skill_decisions::table
                .filter(skill_decisions::tenant_id.eq(tenant.as_str()))
                .filter(skill_decisions::undone_at.is_null())
                .select(skill_decisions::corrected)
                .load(connection)?;
            let corrected = to_u32(corrections.into_iter().sum());
            Ok(Precision { automatic: to_u32(automatic).saturating_add(corrected), corrected })
        })
        .await
    }

    /// The taxonomy that the tenant's skills are mapped to, when it chose one, and the state that they were mapped with.
    pub async fn skill_settings(&self, tenant: &TenantId) -> Result<(Option<String>, String)> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let row: Option<(Option<String>, String)> = skill_settings::table
                .filter(skill_settings::tenant_id.eq(tenant.as_str()))
                .select((skill_settings::catalogue, skill_settings::state))
                .first(connection)
                .optional()?;
            Ok(row.unwrap_or_default())
        })
        .await
    }
}

impl Transaction<'_> {
    /// The decisions in force about these labels, by label: a decision for this issuer precedes a decision for everyone.
    pub fn decisions(&mut self, tenant: &TenantId, issuer: &str, labels: &[String]) -> Result<BTreeMap<String, Decision>> {
        let mut found = BTreeMap::new();
        let issuer = issuer_digest(self.vault, tenant, issuer)?;
        let mut by_digest: HashMap<String, &String> = HashMap::new();
        for label in labels {
            by_digest.insert(label_digest(self.vault, tenant, label)?, label);
        }
        let keys: Vec<&String> = by_digest.keys().collect();
        for keys in keys.chunks(200) {
            let rows: Vec<(String, Row)> = skill_decisions::table
                .filter(skill_decisions::tenant_id.eq(tenant.as_str()))
                .filter(skill_decisions::undone_at.is_null())
                .filter(skill_decisions::issuer_id.eq_any(["", &issuer]))
                .filter(skill_decisions::label_key.eq_any(keys))
                .order(skill_decisions::issuer_id.asc())
                .select((
                    skill_decisions::label_key,
                    (skill_decisions::id, skill_decisions::body, skill_decisions::corrected, skill_decisions::undone_at),
                ))
                .load(self.connection)?;
            for (key, row) in rows {
                let Some(label) = by_digest.get(&key) else { continue };
                // The empty issuer comes first, so that the issuer's own decision takes its place.
                found.insert((*label).clone(), decision(self.connection, self.vault, row)?);
            }
        }
        Ok(found)
    }

    /// Keeps a decision; an earlier decision about the same label and issuer is taken back.
    pub fn insert_decision(&mut self, tenant: &TenantId, decision: &Decision) -> Result<()> {
        let key = label_digest(self.vault, tenant, &label_key(&decision.label))?;
        let issuer = decision.issuer_id.as_deref().map(|issuer| issuer_digest(self.vault, tenant, issuer));
        let issuer = issuer.transpose()?.unwrap_or_default();
        let same = skill_decisions::table
            .filter(skill_decisions::tenant_id.eq(tenant.as_str()))
            .filter(skill_decisions::label_key.eq(&key))
            .filter(skill_decisions::issuer_id.eq(&issuer))
            .filter(skill_decisions::undone_at.is_null());
        let taken_back = skill_decisions::undone_at.eq(Some(time_text(decision.decided_at)));
        diesel::update(same).set(taken_back).execute(self.connection)?;
        let row = (
            skill_decisions::id.eq(decision.id.as_str()),
            skill_decisions::tenant_id.eq(tenant.as_str()),
            skill_decisions::label_key.eq(key),
            skill_decisions::issuer_id.eq(issuer),
            skill_decisions::body.eq(self.vault.master().pack_json(&place(&decision.id), Kind::Normalized, decision)?),
            skill_decisions::corrected.eq(0i64),
        );
        diesel::insert_into(skill_decisions::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// Takes a decision back; `None` when there is no such decision in force.
    pub fn undo_decision(&mut self, tenant: &TenantId, id: &str, now: DateTime<Utc>) -> Result<Option<Decision>> {
        let one = skill_decisions::table
            .filter(skill_decisions::tenant_id.eq(tenant.as_str()))
            .filter(skill_decisions::id.eq(clean(id)))
            .filter(skill_decisions::undone_at.is_null());
        let columns = (skill_decisions::id, skill_decisions::body, skill_decisions::corrected, skill_decisions::undone_at);
        let row: Option<Row> = one.clone().select(columns).first(self.connection).optional()?;
        let Some(row) = row else { return Ok(None) };
        diesel::update(one).set(skill_decisions::undone_at.eq(Some(time_text(now)))).execute(self.connection)?;
        Ok(Some(Decision { undone_at: Some(now), ..decision(self.connection, self.vault, row)? }))
    }

    /// Counts automatic mappings that a decision changed.
    pub fn add_corrections(&mut self, id: &str, count: u32) -> Result<()> {
        let target = skill_decisions::table.filter(skill_decisions::id.eq(id));
        let values = skill_decisions::corrected.eq(skill_decisions::corrected + i64::from(count));
        diesel::update(target).set(values).execute(self.connection)?;
        Ok(())
    }

    /// Chooses the tenant's catalogue.
    pub fn set_catalogue(&mut self, tenant: &TenantId, catalogue: Option<&str>) -> Result<()> {
        let row = (
            skill_settings::tenant_id.eq(tenant.as_str()),
            skill_settings::catalogue.eq(catalogue.map(clean)),
            skill_settings::state.eq(""),
        );
        let target = skill_settings::table.filter(skill_settings::tenant_id.eq(tenant.as_str()));
        let changed = diesel::update(target).set(skill_settings::catalogue.eq(catalogue.map(clean))).execute(self.connection)?;
        if changed == 0 {
            diesel::insert_into(skill_settings::table).values(row).execute(self.connection)?;
        }
        Ok(())
    }
}

fn place(id: &str) -> String {
    format!("skill_decision:{id}")
}

fn issuer_digest(vault: &Vault, tenant: &TenantId, issuer: &str) -> Result<String> {
    identities::digest(vault, tenant, "issuer", issuer)
}
