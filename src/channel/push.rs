//! Events that platforms push: known by their signature, each worked on once, their badges fetched by the table of platforms.
//! An event only says where a badge is and that something changed. What the badge is worth, and whether it was revoked, its own issuer
//! and the verifier say. A platform sends an event again until it was taken; an event that comes again changes nothing.

use super::{Channels, secrets};
use crate::http_client::{Method, OutboundRequest};
use crate::model::candidate::is_email;
use crate::model::ids::{SubmissionId, TenantId};
use crate::model::push::{PushNote, PushSecrets, PushSubscription, WorkedEvent};
use crate::model::report::sentence;
use crate::model::secret::Secret;
use crate::model::submission::{CandidateHint, Channel, UploadedFile};
use crate::pipeline::{Delivered, PipelineError};
use crate::protocol::link::{LinkProblem, Resolved, fetch, resolve};
use crate::protocol::push::event::{first, parse};
use crate::protocol::push::manifest::{DetailsAuth, Kind};
use crate::protocol::push::{BadgeSource, Manifest, PushError, PushEvent, Received};
use crate::store::StoreError;
use crate::verify::PresentationRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngCore;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use url::Url;

/// Most subscriptions of one tenant.
pub const MAX_SUBSCRIPTIONS: i64 = 100;
const MAX_NAME_CHARS: usize = 200;

/// Why a request of a platform was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushFailure {
    /// The body is no JSON that the gateway reads.
    #[error("{0}")]
    Unreadable(String),
    /// Sending the event again helps only after somebody changed something.
    #[error("{}", .0.message)]
    Unusable(PushNote),
    /// Sending the event again may help.
    #[error("{}", .0.message)]
    TryAgain(PushNote),
    #[error("the subscription sends too many requests")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// What became of the events of one request.
#[derive(Debug, Default, Serialize)]
pub struct Pushed {
    /// Led to a badge, or to a question to its issuer.
    pub accepted: usize,
    /// Came before.
    pub known: usize,
    /// Are about no badge, or about one that is gone and was never here.
    pub ignored: usize,
    /// Submissions that a worker must still work on.
    #[serde(skip)]
    pub unfinished: Vec<SubmissionId>,
    /// Why the first event that failed did: the platform must send the request again. The other events are known then.
    #[serde(skip)]
    pub failed: Option<PushFailure>,
}

/// What an administrator gives for a new subscription.
#[derive(Debug, Default)]
pub struct NewSubscription {
    pub name: String,
    /// Absent: the gateway makes one.
    pub secret: Option<Secret>,
    pub token: Option<Secret>,
}

/// A request that was shown to be the platform's, and whose subscription it is for.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    pub to: &'a PushSubscription,
    /// Opens the platform's API, where the platform must be asked about each event.
    pub token: Option<&'a Secret>,
    pub manifest: &'a Manifest,
    pub request: &'a Received<'a>,
}

enum Worked {
    Submission(SubmissionId, bool),
    IssuersAsked,
    NothingThere,
}

impl Channels {
    /// `None` when the tenant has enough subscriptions.
    pub async fn subscribe(
        &self,
        tenant: &TenantId,
        manifest: &Manifest,
        new: NewSubscription,
    ) -> Result<Option<(PushSubscription, Secret)>, StoreError> {
        let secret = new.secret.unwrap_or_else(|| {
            let mut random = [0u8; 32];
            rand::rngs::OsRng.fill_bytes(&mut random);
            Secret::new(manifest.verify.secret_from(&random))
        });
        let subscription = PushSubscription {
            id: secrets::random_id(),
            tenant_id: tenant.clone(),
            channel: manifest.channel.clone(),
            name: new.name,
            created_at: self.clock().now(),
            last_event_at: None,
            last_failure: None,
        };
        let sealed = PushSecrets { secret: secret.clone(), token: new.token };
        let is_new = self.store().create_push_subscription(&subscription, &sealed, MAX_SUBSCRIPTIONS).await?;
        Ok(is_new.then_some((subscription, secret)))
    }

    /// The subscription behind an address; `None` also when its platform is no longer known.
    pub async fn subscription_of(
        &self,
        channel: &str,
        id: &str,
    ) -> Result<Option<(PushSubscription, PushSecrets, Arc<Manifest>)>, StoreError> {
        let Some(manifest) = self.platforms.get(channel) else { return Ok(None) };
        let found = self.store().push_subscription(id).await?;
        Ok(found.filter(|(found, _)| found.channel == channel).map(|(found, secrets)| (found, secrets, manifest)))
    }

    /// Works on the events of a request that was shown to be the platform's. Every event is tried, whatever becomes of the others.
    pub async fn take_push(&self, push: Push<'_>) -> Result<Pushed, PushFailure> {
        let to = push.to;
        if !self.pushes.admit(to.id.clone(), self.clock().now()) {
            return Err(PushFailure::TooMany);
        }
        let result = self.take_events(push).await;
        let note = match result.as_ref().map_or_else(Some, |pushed| pushed.failed.as_ref()) {
            Some(PushFailure::Unusable(note) | PushFailure::TryAgain(note)) => Some(note.clone()),
            Some(PushFailure::Unreadable(cause)) => Some(self.note("unreadable", format!("An event can't be read: {cause}."))),
            _ => None,
        };
        self.store().note_push(&to.id, note.as_ref(), self.clock().now()).await?;
        result
    }

    async fn take_events(&self, push: Push<'_>) -> Result<Pushed, PushFailure> {
        let body = parse(push.request.body, &self.pipeline.examiner.limits).map_err(PushFailure::Unreadable)?;
        let events = PushEvent::read(push.manifest, push.request, body).map_err(|error| self.unusable(&error))?;
        let mut pushed = Pushed::default();
        for event in events {
            // An event of another type is about no badge.
            let Some(event) = event else {
                pushed.ignored += 1;
                continue;
            };
            if self.store().push_event_was_worked_on(&push.to.id, &event.key).await? {
                pushed.known += 1;
                continue;
            }
            match self.take_event(push, &event).await {
                Ok(Worked::NothingThere) => pushed.ignored += 1,
                Ok(Worked::IssuersAsked) => pushed.accepted += 1,
                Ok(Worked::Submission(id, complete)) => {
                    pushed.accepted += 1;
                    pushed.unfinished.extend((!complete).then_some(id));
                }
                Err(failure) => drop(pushed.failed.get_or_insert(failure)),
            }
        }
        Ok(pushed)
    }

    async fn take_event(
        &self,
        Push { to, token, manifest, request }: Push<'_>,
        event: &PushEvent,
    ) -> Result<Worked, PushFailure> {
        let details = match event.details_url(manifest, request).map_err(|error| self.unusable(&error))? {
            Some(url) => Some(self.details(manifest, &url, token).await?),
            None => None,
        };
        let content = details.as_ref().unwrap_or(&event.content);
        let badge = PushEvent::badge(manifest, request, content).map_err(|error| self.unusable(&error))?;
        let resolved = match &badge {
            BadgeSource::Link(link) => {
                let settings = &self.settings;
                let resolved = resolve(link, &settings.link_hosts, &settings.link_platforms_off);
                Some(resolved.map_err(|problem| self.of_link(&problem))?)
            }
            BadgeSource::Document(_) => None,
        };
        // Two spellings of one address are one badge.
        let badge_key = match &resolved {
            Some(resolved) => BadgeSource::Link(resolved.url.to_string()).key(),
            None => badge.key(),
        };
        let known = match event.kind {
            Kind::Issued => Vec::new(),
            Kind::Changed | Kind::Revoked => self.store().credentials_of_push(to, &badge_key).await?,
        };
        self.pipeline.check_now(&to.tenant_id, &known).await?;
        let worked = match (event.kind, known.is_empty()) {
            (Kind::Revoked, false) => Worked::IssuersAsked,
            _ => match self.badge_file(badge, resolved.as_ref()).await {
                Ok(file) => {
                    let candidate = hint(manifest, request, content);
                    let submission = self.pipeline.accept(delivered(to, candidate, file)).await?;
                    Worked::Submission(submission.id, submission.completed_at.is_some())
                }
                Err(problem) if event.kind != Kind::Issued && is_gone(&problem) => match known.is_empty() {
                    true => Worked::NothingThere,
                    false => Worked::IssuersAsked,
                },
                Err(problem) => return Err(self.of_link(&problem)),
            },
        };
        let submission_id = match &worked {
            Worked::Submission(id, _) => Some(id.clone()),
            _ => None,
        };
        let record = WorkedEvent { event_key: event.key.clone(), badge_key, submission_id };
        self.store().remember_push_event(&to.id, &record, self.clock().now()).await?;
        Ok(worked)
    }

    /// The platform's own answer about an event.
    async fn details(&self, manifest: &Manifest, url: &str, token: Option<&Secret>) -> Result<Value, PushFailure> {
        let title = &manifest.title;
        let unusable = |code: &str, message: String| PushFailure::Unusable(self.note(code, message));
        let again = |message: String| PushFailure::TryAgain(self.note("details_unreachable", message));
        let token = token.ok_or_else(|| {
            unusable(
                "token_missing",
                format!("{title} must be asked about each event, and the subscription has no token for it."),
            )
        })?;
        let auth = manifest.details.as_ref().map(|details| details.auth);
        let authorization = match auth {
            Some(DetailsAuth::BasicUsername) => format!("Basic {}", STANDARD.encode(format!("{}:", token.expose()))),
            _ => format!("Bearer {}", token.expose()),
        };
        let url = Url::parse(url).map_err(|_| self.unusable(&PushError::NoDetails))?;
        let headers = vec![("accept".to_owned(), "application/json".to_owned()), ("authorization".to_owned(), authorization)];
        let request = OutboundRequest {
            method: Method::GET,
            url,
            headers,
            body: None,
            timeout: None,
            max_body_bytes: None,
            follow_redirects: false,
        };
        let answer = self.http.send(request).await.map_err(|error| {
            tracing::info!(channel = manifest.channel, cause = %error, "a platform could not be asked about an event");
            again(format!("{title} could not be asked about an event."))
        })?;
        match answer.status {
            200..=299 => {}
            401 | 403 => {
                return Err(unusable("token_refused", format!("{title} does not accept the token of the subscription.")));
            }
            404 | 410 => return Err(unusable("details_not_found", format!("{title} does not know the event."))),
            status => return Err(again(format!("{title} answered with status {status} when it was asked about an event."))),
        }
        let parsed = parse(&answer.body, &self.pipeline.examiner.limits);
        parsed.map_err(|_| {
            unusable("details_unreadable", format!("{title} answered about an event with something other than JSON."))
        })
    }

    async fn badge_file(&self, badge: BadgeSource, resolved: Option<&Resolved>) -> Result<UploadedFile, LinkProblem> {
        match (badge, resolved) {
            (BadgeSource::Document(text), _) => {
                Ok(UploadedFile { name: Some("badge".to_owned()), media_type: None, bytes: text.into_bytes().into() })
            }
            (BadgeSource::Link(_), Some(resolved)) => fetch::fetch(&self.http, resolved).await,
            (BadgeSource::Link(_), None) => Err(LinkProblem::new("link_unusable", "This is not a usable link.")),
        }
    }

    fn note(&self, code: &str, message: String) -> PushNote {
        PushNote { at: self.clock().now(), code: code.to_owned(), message }
    }

    fn unusable(&self, error: &PushError) -> PushFailure {
        PushFailure::Unusable(self.note("event_unusable", sentence(&error.to_string())))
    }

    fn of_link(&self, problem: &LinkProblem) -> PushFailure {
        let note = self.note(problem.code, problem.message.clone());
        match problem.code {
            "link_unreachable" => PushFailure::TryAgain(note),
            _ => PushFailure::Unusable(note),
        }
    }
}

/// The platform shows the badge to nobody any more.
fn is_gone(problem: &LinkProblem) -> bool {
    matches!(problem.code, "link_gone" | "link_not_public")
}

/// Whom the platform names. A text that is no address or no name is left out: the badge itself says whose it is.
fn hint(manifest: &Manifest, request: &Received<'_>, content: &Value) -> CandidateHint {
    let email = first(&manifest.candidate.email, request, content).filter(|text| is_email(text));
    let name = first(&manifest.candidate.name, request, content).filter(|text| text.chars().count() <= MAX_NAME_CHARS);
    CandidateHint { emails: email.into_iter().collect(), name, ..CandidateHint::default() }
}

fn delivered(to: &PushSubscription, candidate: CandidateHint, file: UploadedFile) -> Delivered {
    Delivered {
        tenant_id: to.tenant_id.clone(),
        channel: Channel::Push,
        candidate,
        files: vec![file],
        people: Vec::new(),
        expected: PresentationRequest::default(),
        idempotency_key: None,
    }
}
