//! Sessions of the pages. The cookie holds the secret, the database its hash; a session that ended is deleted.
//! Comes in: hashes, who signed in. Goes out: sessions with whom they belong to. Must not know: cookies.

use super::account_schema::sessions;
use super::api_keys::key_with_id;
use super::pool::AnyConnection;
use super::text::{parse_time, time_text};
use super::users::user_with_id;
use super::{Result, Store};
use crate::model::account::{Actor, Role, Session};
use crate::model::ids::{ApiKeyId, SessionId, TenantId, UserId};
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;

/// Shortest time between two notes that a session is used, so that reading requests don't write.
const USE_NOTED_EVERY: Duration = Duration::minutes(1);
const MOST_LISTED: i64 = 500;

/// A session that is good now, and on whose behalf it acts.
pub struct Open {
    pub session: Session,
    pub tenant_id: TenantId,
    pub actor: Actor,
    /// Name of the key or the user.
    pub name: String,
    pub role: Role,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
struct Row {
    id: String,
    tenant_id: String,
    user_id: Option<String>,
    key_id: Option<String>,
    created_at: String,
    last_seen_at: String,
    ends_at: String,
    address: String,
}

impl Row {
    fn into_model(self) -> Result<Session> {
        Ok(Session {
            id: SessionId(self.id),
            user_id: self.user_id.map(UserId),
            key_id: self.key_id.map(ApiKeyId),
            created_at: parse_time(&self.created_at)?,
            last_seen_at: parse_time(&self.last_seen_at)?,
            ends_at: parse_time(&self.ends_at)?,
            address: self.address,
        })
    }
}

impl Store {
    /// `hash`: of the cookie's secret. Sessions that are over are deleted on this occasion.
    pub async fn begin_session(
        &self,
        tenant: &TenantId,
        actor: &Actor,
        hash: &str,
        address: &str,
        now: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    ) -> Result<SessionId> {
        let id = SessionId::generate();
        let (user, key) = columns(actor);
        let (tenant, hash, address, row_id) = (tenant.clone(), hash.to_owned(), address.to_owned(), id.clone());
        self.write(move |connection| {
            diesel::delete(sessions::table.filter(sessions::ends_at.le(time_text(now)))).execute(connection)?;
            let values = (
                sessions::hash.eq(&hash),
                sessions::id.eq(row_id.as_str()),
                sessions::tenant_id.eq(tenant.as_str()),
                sessions::user_id.eq(user),
                sessions::key_id.eq(key),
                sessions::created_at.eq(time_text(now)),
                sessions::last_seen_at.eq(time_text(now)),
                sessions::ends_at.eq(time_text(ends_at)),
                sessions::address.eq(&address),
            );
            diesel::insert_into(sessions::table).values(values).execute(connection)?;
            Ok(())
        })
        .await?;
        Ok(id)
    }

    /// The session, when it is good: neither over nor idle for too long, its key not revoked, its user not disabled. Notes its use.
    pub async fn open_session(&self, hash: &str, idle: Duration, now: DateTime<Utc>) -> Result<Option<Open>> {
        let (hash, vault) = (hash.to_owned(), self.0.vault.clone());
        let found = self
            .read(move |connection| {
                let row: Option<Row> = sessions::table
                    .filter(sessions::hash.eq(&hash))
                    .filter(sessions::ends_at.gt(time_text(now)))
                    .filter(sessions::last_seen_at.gt(time_text(now - idle)))
                    .select(Row::as_select())
                    .first(connection)
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                let tenant_id = TenantId(row.tenant_id.clone());
                let session = row.into_model()?;
                let owner = match (&session.user_id, &session.key_id) {
                    (Some(id), _) => user_with_id(connection, &vault, id)?
                        .filter(|user| user.disabled_at.is_none())
                        .map(|user| (Actor::User(user.id), user.name, user.role)),
                    (None, Some(id)) => key_with_id(connection, id.as_str())?.map(|key| (Actor::Key(key.id), key.name, key.role)),
                    (None, None) => None,
                };
                Ok(owner.map(|(actor, name, role)| Open { session, tenant_id, actor, name, role }))
            })
            .await?;
        if let Some(open) = &found
            && open.session.last_seen_at + USE_NOTED_EVERY <= now
        {
            let id = open.session.id.clone();
            self.write_soon(move |connection| {
                let target = sessions::table.filter(sessions::id.eq(id.as_str()));
                diesel::update(target).set(sessions::last_seen_at.eq(time_text(now))).execute(connection)?;
                Ok(())
            })
            .await?;
        }
        Ok(found)
    }

    /// Newest first, those that are over left out; with `of`, only theirs.
    pub async fn list_sessions(&self, tenant: &TenantId, of: Option<&Actor>, now: DateTime<Utc>) -> Result<Vec<Session>> {
        let (tenant, of) = (tenant.clone(), of.cloned());
        self.read(move |connection| {
            let mut query = sessions::table
                .filter(sessions::tenant_id.eq(tenant.as_str()))
                .filter(sessions::ends_at.gt(time_text(now)))
                .select(Row::as_select())
                .into_boxed();
            match of {
                Some(Actor::User(user)) => query = query.filter(sessions::user_id.eq(user.0)),
                Some(Actor::Key(key)) => query = query.filter(sessions::key_id.eq(key.0)),
                None => {}
            }
            let rows: Vec<Row> = query.order(sessions::id.desc()).limit(MOST_LISTED).load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Ends a session; with `of`, only when it is theirs. False when there is none.
    pub async fn end_session(&self, tenant: &TenantId, id: &SessionId, of: Option<&Actor>) -> Result<bool> {
        let (tenant, id, of) = (tenant.clone(), id.clone(), of.cloned());
        self.write(move |connection| {
            let one = sessions::table.filter(sessions::tenant_id.eq(tenant.as_str())).filter(sessions::id.eq(id.as_str()));
            let ended = match &of {
                Some(Actor::User(user)) => diesel::delete(one.filter(sessions::user_id.eq(user.as_str()))).execute(connection)?,
                Some(Actor::Key(key)) => diesel::delete(one.filter(sessions::key_id.eq(key.as_str()))).execute(connection)?,
                None => diesel::delete(one).execute(connection)?,
            };
            Ok(ended == 1)
        })
        .await
    }

    /// Ends all of their sessions. Returns how many there were.
    pub async fn end_sessions(&self, tenant: &TenantId, of: &Actor) -> Result<usize> {
        let (tenant, of) = (tenant.clone(), of.clone());
        self.write(move |connection| {
            let all = sessions::table.filter(sessions::tenant_id.eq(tenant.as_str()));
            Ok(match &of {
                Actor::User(user) => diesel::delete(all.filter(sessions::user_id.eq(user.as_str()))).execute(connection)?,
                Actor::Key(key) => diesel::delete(all.filter(sessions::key_id.eq(key.as_str()))).execute(connection)?,
            })
        })
        .await
    }
}

pub(super) fn end_sessions_of(connection: &mut AnyConnection, user: &str) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user))).execute(connection)?;
    Ok(())
}

fn columns(actor: &Actor) -> (Option<String>, Option<String>) {
    match actor {
        Actor::User(user) => (Some(user.0.clone()), None),
        Actor::Key(key) => (None, Some(key.0.clone())),
    }
}
