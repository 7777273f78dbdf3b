//! `GET /v1/credentials/{id}/receipt`: the result of verifying a credential, signed by the gateway.
//! The receipt is made when it is first asked for and is the same ever after. It holds codes and digests, nothing of the content.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::CredentialId;
use crate::model::secret::Secret;
use crate::receipt;
use crate::receipt::{ChainEnd, Receipt, SigningKey, Subject};
use crate::store::{MadeReceipt, Store};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};

pub async fn get(state: web::Data<State>, caller: Caller, id: Id<CredentialId>) -> Result<HttpResponse, Problem> {
    let stored = state.store().credential(&caller.tenant_id, &id.0).await?.ok_or_else(|| Problem::not_found("credential"))?;
    let (_, bytes) =
        state.store().credential_source(&caller.tenant_id, &id.0).await?.ok_or_else(|| Problem::not_found("credential"))?;
    let now = state.clock().now();
    let key = signing_key(state.store(), now).await?;
    let contexts = receipt::contexts_of(&bytes, &state.pipeline().examiner.verifiers.everybody().contexts);
    let gateway = state.public_url().to_owned();
    let make = move |previous: Option<(u64, String)>| {
        let subject = Subject {
            gateway: &gateway,
            credential_id: stored.id.as_str(),
            input_sha256: &stored.fingerprint,
            contexts,
            previous: previous.map(|(number, sha256)| ChainEnd { number, sha256 }),
        };
        let token = Receipt::new(&stored.report, subject).sign(&key).map_err(|error| error.to_string())?;
        let sha256 = receipt::fingerprint(&token);
        Ok(MadeReceipt { token, sha256 })
    };
    let token = state.store().receipt(&caller.tenant_id, &id.0, now, make).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, receipt::MEDIA_TYPE)).body(token))
}

/// `GET /receipt-key.json`: the public key as a JSON Web Key, for whoever checks receipts.
pub async fn key(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let key = signing_key(state.store(), state.clock().now()).await?;
    Ok(HttpResponse::Ok().json(receipt::public_jwk(&key.verifying_key())))
}

/// Made once per installation and kept sealed.
pub async fn signing_key(store: &Store, now: DateTime<Utc>) -> Result<SigningKey, Problem> {
    let kept = match store.sealed_setting(receipt::KEY_SETTING).await? {
        Some(kept) => kept,
        None => store.keep_sealed_setting(receipt::KEY_SETTING, &Secret::new(receipt::fresh_key()), now).await?,
    };
    receipt::read_key(kept.expose()).ok_or_else(|| Problem::internal("the receipt signing key is damaged"))
}
