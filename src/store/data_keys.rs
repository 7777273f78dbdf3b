//! The keys that values of persons are sealed with: one for a person, one for a request to a wallet, one for a submission that is being
//! worked on. Each is kept sealed with the master key. Where the key is destroyed, nobody can open what was sealed with it: rows that
//! were left behind, copies of the database's log, and back-ups that hold no keys.
//! Comes in: owners, ids of keys. Goes out: keys. Must not know: what is sealed with them.

use super::pool::{AnyConnection, each_backend};
use super::prepared::Prepared;
use super::schema::data_keys;
use super::transaction::Transaction;
use super::{Result, StoreError, Vault};
use crate::model::ids::{CandidateRef, ExchangeId, SubmissionId, TenantId};
use crate::seal::Sealer;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) type KeyId = [u8; 16];
type Secret = [u8; 32];

/// A key, ready for use. Without an id: the master key, for what belongs to nobody.
#[derive(Clone)]
pub(super) struct DataKey {
    pub id: Option<KeyId>,
    pub sealer: Sealer,
}

/// To whom a key belongs: it goes with them.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Person(&'a TenantId, &'a CandidateRef),
    Exchange(&'a ExchangeId),
    Submission(&'a SubmissionId),
}

/// Keys of each half of [`KnownKeys`].
const HALF: usize = 8_192;

/// Keys that were used of late, so that they need not be read and unsealed again: at most two halves, the older of which is forgotten.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<(HashMap<KeyId, Secret>, HashMap<KeyId, Secret>)>);

impl KnownKeys {
    fn halves(&self) -> MutexGuard<'_, (HashMap<KeyId, Secret>, HashMap<KeyId, Secret>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &KeyId) -> Option<Secret> {
        let halves = self.halves();
        if let Some(secret) = halves.0.get(id) {
            return Some(*secret);
        }
        let secret = *halves.1.get(id)?;
        drop(halves);
        self.keep(*id, secret);
        Some(secret)
    }

    fn keep(&self, id: KeyId, secret: Secret) {
        let mut halves = self.halves();
        if halves.0.len() >= HALF {
            halves.1 = std::mem::take(&mut halves.0);
        }
        halves.0.insert(id, secret);
    }

    fn forget(&self, id: &KeyId) {
        let mut halves = self.halves();
        halves.0.remove(id);
        halves.1.remove(id);
    }
}

impl Vault {
    pub(super) fn master(&self) -> DataKey {
        DataKey { id: None, sealer: self.sealer.clone() }
    }

    /// The key with this id; [`StoreError::Erased`] when it was destroyed.
    pub(super) fn key(&self, connection: &mut AnyConnection, id: KeyId) -> Result<DataKey> {
        if let Some(secret) = self.known.get(&id) {
            return Ok(DataKey { id: Some(id), sealer: Sealer::new(&secret) });
        }
        let row = data_keys::table.filter(data_keys::id.eq(id.as_slice())).select(data_keys::value);
        let rows: Vec<Vec<u8>> = each_backend!(connection, c => Prepared::new(row).load(c))?;
        let sealed = rows.into_iter().next().ok_or(StoreError::Erased)?;
        self.unsealed(id, &sealed)
    }

    fn unsealed(&self, id: KeyId, sealed: &[u8]) -> Result<DataKey> {
        let secret: Option<Secret> = self.sealer.open(&context(&id), sealed)?.try_into().ok();
        let secret = secret.ok_or_else(|| StoreError::Internal("a key is damaged".to_owned()))?;
        self.known.keep(id, secret);
        Ok(DataKey { id: Some(id), sealer: Sealer::new(&secret) })
    }

    /// Makes a key. [`StoreError::Erased`] when its owner's row is not there.
    pub(super) fn new_key(&self, connection: &mut AnyConnection, owner: Owner<'_>) -> Result<DataKey> {
        use rand::RngCore;
        // Ids that grow keep the table's index small.
        let id: KeyId = uuid::Uuid::now_v7().into_bytes();
        let mut secret: Secret = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut secret);
        let (tenant, candidate, exchange, submission) = match owner {
            Owner::Person(tenant, candidate) => (Some(tenant.as_str()), Some(candidate.as_str()), None, None),
            Owner::Exchange(exchange) => (None, None, Some(exchange.as_str()), None),
            Owner::Submission(submission) => (None, None, None, Some(submission.as_str())),
        };
        let row = (
            data_keys::id.eq(id.as_slice()),
            data_keys::tenant_id.eq(tenant),
            data_keys::candidate_ref.eq(candidate),
            data_keys::exchange_id.eq(exchange),
            data_keys::submission_id.eq(submission),
            data_keys::value.eq(self.sealer.seal(&context(&id), &secret)?),
        );
        match diesel::insert_into(data_keys::table).values(row).execute(connection) {
            Err(DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => return Err(StoreError::Erased),
            inserted => inserted?,
        };
        self.known.keep(id, secret);
        Ok(DataKey { id: Some(id), sealer: Sealer::new(&secret) })
    }
}

impl Transaction<'_> {
    /// The person's key, read anew in each transaction: what is sealed with a key that was destroyed meanwhile would be lost.
    pub(super) fn key_of(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<DataKey> {
        let owner = (tenant.clone(), candidate.clone());
        if let Some(key) = self.keys.get(&owner) {
            return Ok(key.clone());
        }
        let of_person = data_keys::table
            .filter(data_keys::tenant_id.eq(tenant.as_str()))
            .filter(data_keys::candidate_ref.eq(candidate.as_str()))
            .order(data_keys::id.asc())
            .select((data_keys::id, data_keys::value));
        let rows: Vec<(Vec<u8>, Vec<u8>)> = each_backend!(&mut *self.connection, c => Prepared::new(of_person).load(c))?;
        let key = match rows.into_iter().next() {
            None => self.vault.new_key(self.connection, Owner::Person(tenant, candidate))?,
            Some((id, sealed)) => {
                let id = id.try_into().map_err(|_| StoreError::Internal("the id of a key is damaged".to_owned()))?;
                match self.vault.known.get(&id) {
                    Some(secret) => DataKey { id: Some(id), sealer: Sealer::new(&secret) },
                    None => self.vault.unsealed(id, &sealed)?,
                }
            }
        };
        self.keys.insert(owner, key.clone());
        Ok(key)
    }

    /// The key of a person who was made in this transaction.
    pub(super) fn first_key(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<()> {
        let key = self.vault.new_key(self.connection, Owner::Person(tenant, candidate))?;
        self.keys.insert((tenant.clone(), candidate.clone()), key);
        Ok(())
    }

    /// Destroys the person's keys, and says how many they were.
    pub(super) fn destroy_keys(&mut self, tenant: &TenantId, candidate: &CandidateRef) -> Result<u64> {
        let of_person = data_keys::table
            .filter(data_keys::tenant_id.eq(tenant.as_str()))
            .filter(data_keys::candidate_ref.eq(candidate.as_str()));
        let ids: Vec<Vec<u8>> = of_person.select(data_keys::id).load(self.connection)?;
        diesel::delete(of_person).execute(self.connection)?;
        self.keys.remove(&(tenant.clone(), candidate.clone()));
        let destroyed = ids.len() as u64;
        ids.into_iter().filter_map(|id| id.try_into().ok()).for_each(|id| self.vault.known.forget(&id));
        Ok(destroyed)
    }
}

fn context(id: &KeyId) -> String {
    format!("data_key:{}", hex::encode(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_keys_is_known_and_used_ones_stay() {
        let known = KnownKeys::default();
        let id = |number: usize| (number as u128).to_be_bytes();
        known.keep(id(0), [7; 32]);
        for number in 1..=HALF * 3 {
            known.keep(id(number), [1; 32]);
            assert_eq!(known.get(&id(0)), Some([7; 32]), "{number}");
        }
        let halves = known.halves();
        assert!(halves.0.len() + halves.1.len() <= 2 * HALF);
        drop(halves);
        assert_eq!(known.get(&id(1)), None);
        known.forget(&id(0));
        assert_eq!(known.get(&id(0)), None);
    }
}
