//! The words by which credentials and candidates are found again. Comes in: a credential, or a candidate's name. Goes out: keyed
//! hashes of normalised words, which tell nothing without the key. Must not know: what is looked for.

use super::identities::{Facts, NAME, digest};
use super::pool::AnyConnection;
use super::schema::{candidate_words, credential_words, credentials};
use super::transaction::{Transaction, insert_all};
use super::{Result, StoreError, Vault};
use crate::model::credential::NormalizedCredential;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::record::NewCredential;
use diesel::prelude::*;
use icu_normalizer::DecomposingNormalizerBorrowed;
use std::collections::BTreeSet;

/// More words of a text are not looked up.
const MOST_WORDS: usize = 16;
/// Longer words are cut: they are no words.
const LONGEST_WORD: usize = 40;
/// Of a longer text only the beginning counts, in characters.
const LONGEST_TEXT: usize = 400;

/// What a word is a word of: words of a person's name find no credential of that title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A title, an issuer's name, a file's name.
    Credential,
    IssuerId,
    CandidateName,
}

impl Place {
    fn kind(self) -> &'static str {
        match self {
            Self::Credential => "word:credential",
            Self::IssuerId => "word:issuer",
            Self::CandidateName => "word:candidate",
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = credential_words)]
struct CredentialWord<'a> {
    word: i64,
    credential_id: &'a str,
}

#[derive(Insertable)]
#[diesel(table_name = candidate_words)]
struct CandidateWord<'a> {
    word: i64,
    tenant_id: &'a str,
    candidate_ref: &'a str,
}

/// Lower case, without accents, each once, in the order of the text: `Müller-Straße` → `muller`, `straße`.
pub(super) fn words(text: &str) -> Vec<String> {
    let start: String = text.chars().take(LONGEST_TEXT).collect();
    let apart = DecomposingNormalizerBorrowed::new_nfkd().normalize(&start).to_lowercase();
    // Accents are characters of their own now.
    let bare: String = apart.chars().filter(|character| !('\u{300}'..='\u{36f}').contains(character)).collect();
    let mut seen = BTreeSet::new();
    let parts = bare.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let cut = parts.map(|word| word.chars().take(LONGEST_WORD).collect::<String>());
    cut.filter(|word| seen.insert(word.clone())).take(MOST_WORDS).collect()
}

/// The number under which a word is kept.
pub(super) fn number(vault: &Vault, tenant: &TenantId, place: Place, word: &str) -> Result<i64> {
    let digest = digest(vault, tenant, place.kind(), word)?;
    let start = digest.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok());
    let start = start.ok_or_else(|| StoreError::Internal("a keyed hash is too short".to_owned()))?;
    Ok(i64::from_be_bytes(start.to_be_bytes()))
}

/// The numbers of the words of a text.
pub(super) fn numbers(vault: &Vault, tenant: &TenantId, place: Place, text: &str) -> Result<Vec<i64>> {
    words(text).iter().map(|word| number(vault, tenant, place, word)).collect()
}

/// Every word of a credential. `file`: its name, which is all that may be shown of a rejected credential.
fn of_credential(
    vault: &Vault,
    tenant: &TenantId,
    file: &str,
    normalized: Option<&NormalizedCredential>,
) -> Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    let Some(content) = normalized else {
        found.extend(numbers(vault, tenant, Place::Credential, file)?);
        return Ok(found);
    };
    for name in content.achievement.name.values().take(3).chain(content.issuer.name.as_ref()) {
        found.extend(numbers(vault, tenant, Place::Credential, name)?);
    }
    found.insert(number(vault, tenant, Place::IssuerId, &content.issuer.id)?);
    Ok(found)
}

impl Transaction<'_> {
    /// Makes new credentials findable.
    pub(super) fn index_credentials(&mut self, tenant: &TenantId, new: &[&NewCredential]) -> Result<()> {
        let mut rows = Vec::new();
        for credential in new {
            for word in of_credential(self.vault, tenant, &credential.name, credential.normalized.as_ref())? {
                rows.push(CredentialWord { word, credential_id: credential.id.as_str() });
            }
        }
        insert_all!(self.connection, credential_words::table, rows);
        Ok(())
    }

    /// Makes a credential findable by its content, which a better verdict lets people see.
    pub(super) fn index_content(&mut self, id: &CredentialId, normalized: &NormalizedCredential) -> Result<()> {
        let of_id = credentials::table.filter(credentials::id.eq(id.as_str()));
        let tenant: String = of_id.select(credentials::tenant_id).first(self.connection)?;
        let words = of_credential(self.vault, &TenantId(tenant), "", Some(normalized))?;
        let rows: Vec<_> = words.into_iter().map(|word| CredentialWord { word, credential_id: id.as_str() }).collect();
        insert_all!(self.connection, credential_words::table, rows);
        Ok(())
    }
}

/// Makes a candidate findable by the names among the facts.
pub(super) fn index_names(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
    candidate: &CandidateRef,
    facts: &Facts,
) -> Result<()> {
    let mut rows = Vec::new();
    for fact in facts.values().filter(|fact| fact.kind == NAME) {
        for word in numbers(vault, tenant, Place::CandidateName, &fact.value)? {
            rows.push(CandidateWord { word, tenant_id: tenant.as_str(), candidate_ref: candidate.as_str() });
        }
    }
    insert_all!(connection, candidate_words::table, rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_without_regard_to_case_accents_and_punctuation() {
        assert_eq!(words("Müller-Lüdenscheidt, MÜLLER"), ["muller", "ludenscheidt"]);
        assert_eq!(words("  C++ & R&D \u{0}"), ["c", "r", "d"]);
        assert_eq!(words("数据 分析"), ["数据", "分析"]);
        assert!(words("—").is_empty());
        assert_eq!(words(&"a ".repeat(9_999)).len(), 1);
        assert_eq!(words(&"x".repeat(9_999))[0].len(), LONGEST_WORD);
    }

    #[test]
    fn the_same_word_has_another_number_for_each_tenant_place_and_key() {
        let vault = |key: u8| Vault {
            sealer: crate::seal::Sealer::new(&[7; 32]),
            identity_key: std::sync::Arc::new([key; 32]),
            known: std::sync::Arc::default(),
        };
        let (one, two) = (TenantId::from("one"), TenantId::from("two"));
        let numbers = [
            number(&vault(0), &one, Place::Credential, "sql").unwrap(),
            number(&vault(0), &two, Place::Credential, "sql").unwrap(),
            number(&vault(0), &one, Place::CandidateName, "sql").unwrap(),
            number(&vault(1), &one, Place::Credential, "sql").unwrap(),
        ];
        assert_eq!(BTreeSet::from(numbers).len(), 4);
    }
}
