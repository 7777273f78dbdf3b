//! Backpacks on other hosts: connecting, pulling on schedule, disconnecting. An error names the failed step and the next step.

use super::{Channels, secrets};
use crate::model::backpack::{
    Backpack, BackpackApi, BackpackState, BackpackTokens, HostRegistration, PendingAuthorization, StepFailure,
};
use crate::model::ids::TenantId;
use crate::model::secret::Secret;
use crate::model::submission::{CandidateHint, Channel, UploadedFile};
use crate::pipeline::{Delivered, PipelineError};
use crate::protocol::open_badges::client::{BackpackClient, Introduction, Pull, authorization_url, failure, first_page};
use crate::protocol::open_badges::client_pull::{MAX_PAGES, hosted_reference, next_page};
use crate::protocol::open_badges::oauth::s256;
use crate::store::{PullEnd, StoreError};
use crate::verify::PresentationRequest;
use chrono::{DateTime, Duration, Utc};

const AUTHORIZATION_MINUTES: i64 = 15;
/// Longer than the longest pull.
const LEASE: Duration = Duration::minutes(30);
/// Pulls overlap by this span: hosts select by creation time, and clocks differ.
const SINCE_MARGIN: Duration = Duration::hours(1);
/// Without `Retry-After` a client tries twice more, half an hour apart.
const RETRY: Duration = Duration::minutes(30);
const RETRIES: i32 = 2;
const DUE_AT_ONCE: u32 = 20;

#[derive(Debug, thiserror::Error)]
pub enum BackpackFailure {
    #[error("{}", .0.message)]
    Step(StepFailure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl From<StepFailure> for BackpackFailure {
    fn from(failure: StepFailure) -> Self {
        Self::Step(failure)
    }
}

/// The result of a pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    pub pages: usize,
    pub credentials: usize,
}

impl Channels {
    fn client(&self) -> BackpackClient {
        BackpackClient { http: self.http.clone(), limits: self.pipeline.examiner.limits.clone() }
    }

    fn callback_url(&self) -> String {
        format!("{}/backpacks/callback", self.public_url)
    }

    /// Finds the host and registers there once. The capability that is returned belongs into the candidate's link.
    pub async fn add_backpack(
        &self,
        tenant: &TenantId,
        candidate: &CandidateHint,
        typed: &str,
    ) -> Result<(Backpack, String), BackpackFailure> {
        let now = self.clock().now();
        let host = self.client().discover(typed).await?;
        self.registration(tenant, &host, false).await?;
        let candidate_ref = self.store().find_or_create_candidate(tenant, candidate, now).await?;
        let backpack = Backpack {
            id: uuid::Uuid::now_v7().to_string(),
            tenant_id: tenant.clone(),
            candidate_ref,
            state: BackpackState::Pending,
            host,
            last_failure: None,
            last_pull_at: None,
            next_pull_at: None,
            failures: 0,
            created_at: now,
        };
        let start = secrets::random();
        self.store().create_backpack(&backpack, &secrets::hash(&start)).await?;
        Ok((backpack, start))
    }

    async fn registration(
        &self,
        tenant: &TenantId,
        host: &crate::model::backpack::HostDescription,
        renew: bool,
    ) -> Result<HostRegistration, BackpackFailure> {
        let now = self.clock().now();
        if !renew && let Some(known) = self.store().host_registration(tenant, &host.registration_url).await? {
            let expired = known.secret_expires_at.is_some_and(|at| at <= now);
            if !expired {
                return Ok(known);
            }
        }
        let us = Introduction { public_url: self.public_url.clone(), name: self.settings.organisation.clone() };
        let registration = self.client().register(host, &us, &self.callback_url()).await?;
        self.store().put_host_registration(tenant, &host.registration_url, &registration, now).await?;
        Ok(registration)
    }

    /// The candidate opened their link: where to send the browser. `browser`: a secret that only this browser has.
    pub async fn start_backpack(&self, start: &str, browser: &str) -> Result<Option<String>, BackpackFailure> {
        let Some(backpack) = self.store().backpack_by_start(&secrets::hash(start)).await? else { return Ok(None) };
        let registration = self.registration(&backpack.tenant_id, &backpack.host, false).await?;
        let (state, verifier) = (secrets::random(), secrets::random());
        let url = authorization_url(&backpack.host, &registration, &state, &s256(&verifier))?;
        let pending = PendingAuthorization {
            state_hash: secrets::hash(&state),
            browser_hash: secrets::hash(browser),
            verifier: Secret::new(verifier),
            redirect_uri: registration.redirect_uri,
            expires_at: self.clock().now() + Duration::minutes(AUTHORIZATION_MINUTES),
        };
        self.store().begin_authorization(&backpack.id, &pending).await?;
        Ok(Some(url))
    }

    /// The host sent the browser back with a code.
    pub async fn finish_backpack(
        &self,
        state: &str,
        code: Result<&str, &str>,
        browser: &str,
    ) -> Result<Backpack, BackpackFailure> {
        const STEP: &str = "authorization";
        let again = "Open the link from the employer again.";
        let now = self.clock().now();
        let Some((backpack, pending)) = self.store().take_authorization(&secrets::hash(state), now).await? else {
            return Err(failure(STEP, "This connection was not started here, or it took too long.", again, false).into());
        };
        if !secrets::same(&pending.browser_hash, &secrets::hash(browser)) {
            return Err(failure(STEP, "This connection was started in another browser.", again, false).into());
        }
        let code = code.map_err(|error| {
            let error: String = error.chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
            failure(STEP, format!("The host did not allow it: {error}."), again, false)
        })?;
        let registration = self.registration(&backpack.tenant_id, &backpack.host, false).await?;
        let redeemed =
            self.client().redeem(&backpack.host, &registration, code, &pending.redirect_uri, &pending.verifier, now).await;
        let tokens = match redeemed {
            Ok(tokens) => tokens,
            Err(failure) => {
                // A host that no longer knows the gateway gets a new registration at the next pull.
                if failure.message.contains("invalid_client") {
                    self.store().delete_host_registration(&backpack.tenant_id, &backpack.host.registration_url).await?;
                }
                return Err(failure.into());
            }
        };
        self.store().put_backpack_tokens(&backpack.id, &tokens, Some(now)).await?;
        Ok(backpack)
    }

    /// Pulls now. `None` when another worker holds the backpack's lease, or the backpack is not connected.
    pub async fn pull(&self, backpack: &Backpack) -> Result<Option<Pulled>, BackpackFailure> {
        let now = self.clock().now();
        if !self.store().lease_backpack(&backpack.id, now, LEASE).await? {
            return Ok(None);
        }
        let result = self.pull_leased(backpack, now).await;
        let next = now + Duration::hours(self.settings.pull_hours.max(1));
        let end = match &result {
            Ok(_) => PullEnd {
                state: BackpackState::Connected,
                last_pull_at: Some(now),
                next_pull_at: Some(next),
                failure: None,
                failures: 0,
            },
            Err(BackpackFailure::Step(step)) => {
                let failures = backpack.failures + 1;
                let give_up = !step.retry;
                let state = if give_up { BackpackState::Reconnect } else { BackpackState::Connected };
                let at = if failures <= RETRIES { now + RETRY } else { next };
                let next_pull_at = (!give_up).then_some(at);
                PullEnd { state, last_pull_at: None, next_pull_at, failure: Some(step.clone()), failures }
            }
            Err(_) => {
                let (failures, next_pull_at) = (backpack.failures, Some(now + RETRY));
                PullEnd { state: BackpackState::Connected, last_pull_at: None, next_pull_at, failure: None, failures }
            }
        };
        self.store().end_pull(&backpack.id, &end).await?;
        result.map(Some)
    }

    async fn pull_leased(&self, backpack: &Backpack, now: DateTime<Utc>) -> Result<Pulled, BackpackFailure> {
        let reconnect =
            || failure("refresh", "The backpack is no longer connected.", "Ask the candidate to connect again.", false);
        let registration = self.registration(&backpack.tenant_id, &backpack.host, false).await?;
        let mut tokens = self.store().backpack_tokens(&backpack.id).await?.ok_or_else(reconnect)?;
        if tokens.expires_at.is_some_and(|at| at <= now + Duration::minutes(1)) && tokens.refresh_token.is_some() {
            tokens = self.refresh_tokens(backpack, &registration, &tokens).await?;
        }
        let client = self.client();
        let since = backpack.last_pull_at.map(|at| at - SINCE_MARGIN);
        let (mut url, mut offset) = (first_page(&backpack.host, since)?, 0);
        let (mut pulled, mut refreshed) = (Pulled::default(), false);
        while pulled.pages < MAX_PAGES {
            match client.pull(backpack.host.api, &url, &tokens.access_token).await? {
                Pull::Unauthorized if refreshed => return Err(reconnect().into()),
                Pull::Unauthorized => {
                    tokens = self.refresh_tokens(backpack, &registration, &tokens).await?;
                    refreshed = true;
                }
                Pull::Page { page, link, total } => {
                    let received = page.files.len();
                    pulled.pages += 1;
                    pulled.credentials += received;
                    self.take_pulled(backpack, page.files).await?;
                    let received = u64::try_from(received).unwrap_or(0);
                    match next_page(&url, &backpack.host.api_base, link.as_deref(), total.as_deref(), offset, received) {
                        Some(next) => (url, offset) = next,
                        None => break,
                    }
                }
            }
        }
        Ok(pulled)
    }

    /// The row is leased, so no other worker refreshes at the same time.
    async fn refresh_tokens(
        &self,
        backpack: &Backpack,
        us: &HostRegistration,
        tokens: &BackpackTokens,
    ) -> Result<BackpackTokens, BackpackFailure> {
        let fresh = self.client().refresh(&backpack.host, us, tokens, self.clock().now()).await?;
        self.store().put_backpack_tokens(&backpack.id, &fresh, None).await?;
        Ok(fresh)
    }

    async fn take_pulled(&self, backpack: &Backpack, mut files: Vec<UploadedFile>) -> Result<(), BackpackFailure> {
        if files.is_empty() {
            return Ok(());
        }
        if backpack.host.api == BackpackApi::BadgeConnect {
            for file in &mut files {
                // Hosted by reference: the assertion is read where it lives.
                if let Some(url) = hosted_reference(file)
                    && let Some(bytes) = self.client().fetch_hosted(&url).await
                {
                    file.bytes = bytes;
                }
            }
        }
        let identity = self.store().candidate_identity(&backpack.tenant_id, &backpack.candidate_ref).await?;
        // Small groups are verified at once; a large submission would need a caller that resumes it.
        for group in files.chunks(self.pipeline.examiner.limits.max_files_inline.max(1)) {
            let delivered = Delivered {
                tenant_id: backpack.tenant_id.clone(),
                channel: Channel::OpenBadges,
                // The candidate let the gateway in at the platform: the known facts about the candidate count as if they were stated now.
                candidate: CandidateHint {
                    emails: identity.emails.clone(),
                    name: identity.name.clone(),
                    candidate_ref: Some(backpack.candidate_ref.clone()),
                    dids: identity.proven_dids(),
                    unproven_emails: Vec::new(),
                    ats_id: None,
                },
                files: group.to_vec(),
                people: Vec::new(),
                expected: PresentationRequest::default(),
                idempotency_key: None,
            };
            self.pipeline.accept(delivered).await?;
        }
        Ok(())
    }

    /// Revokes and deletes the tokens. If the host is away, the gateway deletes its tokens anyway and says so.
    pub async fn disconnect_backpack(&self, backpack: &Backpack) -> Result<Option<StepFailure>, BackpackFailure> {
        let tokens = self.store().backpack_tokens(&backpack.id).await?;
        self.store().disconnect_backpack(&backpack.tenant_id, &backpack.id).await?;
        let registration = self.store().host_registration(&backpack.tenant_id, &backpack.host.registration_url).await?;
        let (Some(tokens), Some(registration)) = (tokens, registration) else { return Ok(None) };
        let client = self.client();
        let mut problem = None;
        let refresh = tokens.refresh_token.iter().map(|token| (token, "refresh_token"));
        for (token, hint) in refresh.chain([(&tokens.access_token, "access_token")]) {
            problem = client.revoke(&backpack.host, &registration, token, hint).await.err().or(problem);
        }
        Ok(problem)
    }
}

/// Pulls every backpack that is due, of all tenants.
pub async fn pull_due(channels: &Channels) {
    let due = match channels.store().due_backpacks(channels.clock().now(), DUE_AT_ONCE).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(cause = %error, "backpacks that are due could not be listed");
            return;
        }
    };
    for backpack in due {
        match channels.pull(&backpack).await {
            Ok(Some(pulled)) => tracing::info!(backpack = backpack.id, credentials = pulled.credentials, "pulled a backpack"),
            Ok(None) => {}
            Err(error) => tracing::warn!(backpack = backpack.id, cause = %error, "a backpack could not be pulled"),
        }
    }
}
