//! `POST /requests`: makes a request to a wallet, or a link with which a candidate connects a badge platform.
//! Comes in: the form as JSON. Goes out: where the request is shown, or the link itself, which is shown once.

use crate::channel::consent::NewInvitation;
use crate::channel::exchange::NewExchange;
use crate::http::auth::Caller;
use crate::http::handlers::request_templates::{Asked, named};
use crate::http::person::named as person_named;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::{CandidateRef, is_identifier};
use crate::model::submission::CandidateHint;
use crate::web::dates;
use crate::web::messages::{self, Language};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// Hours for which a wallet's answer may be waited for, and days for a platform's link.
const HOURS: [i64; 3] = [1, 24, 48];
const DAYS: i64 = 14;
const CONNECTIONS: i32 = 5;
const BADGES: [&str; 2] = ["OpenBadgeCredential", "AchievementCredential"];
const LEARNER_RECORD: &str = "ClrCredential";
const TEMPLATE: &str = "template:";

/// `?candidate=`: the person for whom the form is opened.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct For {
    candidate: String,
}

impl For {
    pub fn candidate(&self) -> Option<CandidateRef> {
        is_identifier(&self.candidate).then(|| CandidateRef::from(self.candidate.as_str()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Wallet,
    Platform,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    candidate_ref: Option<String>,
    candidate_email: Option<String>,
    candidate_name: Option<String>,
    candidate_ats_id: Option<String>,
    vacancy: Option<String>,
    purpose: Option<String>,
    /// `any`, `badges`, `learner_record`, or `template:NAME`.
    wanted: String,
    way: Way,
    hours: i64,
    language: Option<String>,
}

/// A mail that a recruiter copies.
#[derive(Serialize)]
pub struct Mail {
    pub to: Option<String>,
    pub subject: String,
    pub body: String,
}

impl Mail {
    pub fn new(
        language: Language,
        organisation: &str,
        candidate: &CandidateHint,
        reason: &str,
        link: &str,
        until: DateTime<Utc>,
    ) -> Self {
        let name = candidate.name.clone().unwrap_or_default();
        let greeting = if name.is_empty() { "mail.greeting" } else { "mail.greeting_name" };
        let greeting = messages::filled(language, greeting, &[("name", &name)]);
        let until = dates::moment(language, &until.to_rfc3339());
        let places = [("organisation", organisation), ("reason", reason), ("link", link), ("until", until.as_str())];
        let text = messages::filled(language, "mail.body", &places);
        Self {
            to: candidate.emails.first().cloned(),
            subject: messages::filled(language, "mail.subject", &places),
            body: format!("{greeting}\n\n{text}"),
        }
    }
}

#[derive(Serialize)]
struct Made {
    /// The request's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The link, when there is no page for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Mail>,
}

/// `POST /requests`
pub async fn create(state: web::Data<State>, caller: Caller, form: web::Json<Form>) -> Result<HttpResponse, Problem> {
    let form = form.into_inner();
    let language = form.language.as_deref().and_then(Language::of_tag).unwrap_or_default();
    let mut person = person_named(&[
        ("candidate_ref", form.candidate_ref.as_deref()),
        ("candidate_email", form.candidate_email.as_deref()),
        ("candidate_name", form.candidate_name.as_deref()),
        ("candidate_ats_id", form.candidate_ats_id.as_deref()),
    ])?;
    if person.is_empty() {
        return Err(Problem::invalid_field("candidate_email", messages::text(language, "request.person_missing")));
    }
    let reason = reason(form.vacancy.as_deref(), form.purpose.as_deref());
    let organisation = state.channels.settings.organisation.clone();
    let now = state.clock().now();
    if form.way == Way::Platform {
        let new = NewInvitation {
            tenant_id: caller.tenant_id.clone(),
            candidate: person.clone(),
            purpose: reason.clone(),
            days: DAYS,
            max_connections: CONNECTIONS,
        };
        let (invitation, code) = state.channels.invite(new).await?;
        caller.note("invitation.create", format!("invitation:{}", invitation.id));
        let link = format!("{}/connect/{code}", state.public_url());
        let purpose = reason.unwrap_or_default();
        let mail = Mail::new(language, &organisation, &person, &purpose, &link, invitation.expires_at);
        return Ok(answer(&Made { address: None, link: Some(link), mail: Some(mail) }));
    }
    if !HOURS.contains(&form.hours) {
        return Err(Problem::invalid_field("hours", "must be 1, 24 or 48"));
    }
    let asked = match form.wanted.strip_prefix(TEMPLATE) {
        Some(name) => Asked { reason, ..Asked::default() }.or(named(&state, &caller, name).await?),
        None => Asked { reason, types: types(&form.wanted)?, ..Asked::default() },
    };
    let encrypted = asked.open_id.encrypted.unwrap_or(state.channels.settings.encrypted_answers);
    let options = asked.options(&organisation)?;
    let known = state.store().find_or_create_candidate(&caller.tenant_id, &person, now).await?;
    person.candidate_ref = Some(known.clone());
    let new = NewExchange {
        tenant_id: caller.tenant_id.clone(),
        candidate: person,
        known: Some(known),
        options,
        encrypted,
        expires_at: now + Duration::hours(form.hours),
    };
    let exchange = state.channels.open_exchange(new).await?;
    caller.note("exchange.create", format!("exchange:{}", exchange.id));
    Ok(answer(&Made { address: Some(format!("/requests/{}", exchange.id)), link: None, mail: None }))
}

fn answer(made: &Made) -> HttpResponse {
    HttpResponse::Created().insert_header(("cache-control", "no-store")).json(made)
}

/// What a wallet or a candidate reads: the vacancy, then the purpose.
fn reason(vacancy: Option<&str>, purpose: Option<&str>) -> Option<String> {
    let said: Vec<&str> = [vacancy, purpose].into_iter().flatten().map(str::trim).filter(|text| !text.is_empty()).collect();
    (!said.is_empty()).then(|| said.join(": "))
}

fn types(wanted: &str) -> Result<Vec<String>, Problem> {
    match wanted {
        "any" => Ok(Vec::new()),
        "badges" => Ok(BADGES.map(str::to_owned).to_vec()),
        "learner_record" => Ok(vec![LEARNER_RECORD.to_owned()]),
        _ => Err(Problem::invalid_field("wanted", "must be any, badges, learner_record or template:NAME")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_vacancy_and_purpose_where_they_are_given() {
        assert_eq!(reason(Some("Data engineer"), Some("first interview")).as_deref(), Some("Data engineer: first interview"));
        assert_eq!(reason(Some(" "), Some("first interview")).as_deref(), Some("first interview"));
        assert_eq!(reason(None, None), None);
    }

    #[test]
    fn a_mail_greets_by_name_and_holds_the_link() {
        let hint = CandidateHint { name: Some("Ada".into()), emails: vec!["ada@example.org".into()], ..CandidateHint::default() };
        let until = "2026-03-01T12:00:00Z".parse().unwrap();
        let mail =
            Mail::new(Language::English, "Example Ltd", &hint, "Data engineer", "https://gw.example/interactions/x", until);
        assert_eq!(mail.to.as_deref(), Some("ada@example.org"));
        assert!(mail.body.contains("Ada") && mail.body.contains("https://gw.example/interactions/x"), "{}", mail.body);
        assert!(mail.subject.contains("Example Ltd"), "{}", mail.subject);
    }
}
