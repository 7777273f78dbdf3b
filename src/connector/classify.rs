//! Reads an answer and its meaning for the delivery. HTTP 200 is not always success, and a 5xx is not always worth another attempt.
//! Comes in: status, headers and body, or why there was no answer. Goes out: a verdict with a reason. Pure.

use super::manifest::{Rule, Verdict};
use super::template::Templates;
use super::values::from_json;
use crate::http_client::{HttpError, OutboundResponse};
use chrono::{DateTime, Utc};
use minijinja::value::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest wait that an answer's header can demand.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
const MAX_MESSAGE_CHARS: usize = 300;
/// Longest address that is quoted from a redirect.
const MAX_PLACE_CHARS: usize = 180;

/// The answer, or the reason why there is no answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// 0 when there was no answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: bytes::Bytes,
    pub json: Json,
    /// An XML answer as `markup` reads it; null for all others.
    pub xml: Json,
    /// Empty when there was an answer; else `timed_out`, `unreachable`, `refused`, `too_large`.
    pub transport: &'static str,
    /// The client's words when there was no answer.
    pub problem: String,
}

impl Answer {
    pub fn of(outcome: Result<OutboundResponse, HttpError>) -> Self {
        match outcome {
            Ok(response) => Self {
                status: response.status,
                headers: response.headers.into_iter().collect(),
                json: serde_json::from_slice(&response.body).unwrap_or(Json::Null),
                xml: super::markup::read(&response.body).unwrap_or(Json::Null),
                body: response.body,
                ..Self::default()
            },
            Err(error) => {
                let transport = match &error {
                    HttpError::Refused(_) => "refused",
                    HttpError::TimedOut(_) => "timed_out",
                    HttpError::TooLarge(_) => "too_large",
                    HttpError::Unreachable { .. } => "unreachable",
                };
                Self { transport, problem: error.to_string(), ..Self::default() }
            }
        }
    }

    /// Names and values that expressions over answers see.
    pub fn variables(&self) -> Vec<(String, Value)> {
        let headers = Value::from_pairs(self.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
        vec![
            ("status".into(), Value::from(i64::from(self.status))),
            ("headers".into(), headers),
            ("json".into(), from_json(&self.json)),
            ("xml".into(), from_json(&self.xml)),
            ("text".into(), Value::from(String::from_utf8_lossy(&self.body).into_owned())),
            ("transport".into(), Value::from(self.transport)),
        ]
    }

    /// Whether a write with this answer may have been applied although it did not succeed.
    pub fn fate_is_unknown(&self, verdict: Verdict) -> bool {
        verdict == Verdict::Transient || matches!(self.transport, "timed_out" | "unreachable" | "too_large")
    }
}

/// The meaning of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub verdict: Verdict,
    pub reason: String,
    /// One sentence; may quote the answer, so it must be redacted before it is kept.
    pub message: String,
    pub wait: Option<Duration>,
}

/// The first rule that holds, else the rules that hold for every system.
pub fn read<'a>(
    templates: &Templates,
    rules: impl Iterator<Item = &'a Rule>,
    answer: &Answer,
    context: &Value,
    now: DateTime<Utc>,
) -> Reading {
    let retry_after = answer.headers.get("retry-after").and_then(|value| retry_after(value, now));
    for rule in rules {
        let holds = templates.lenient(&rule.when, context).is_ok_and(|value| value.is_true());
        if !holds {
            continue;
        }
        let usual = usual_sentence(rule.then, answer);
        let message = rule.message.as_ref().and_then(|message| templates.lenient_text(message, context).ok());
        let message = message.filter(|message| !message.trim().is_empty()).unwrap_or(usual);
        let wait = rule.wait.as_ref().and_then(|wait| seconds(templates, wait, context));
        return Reading {
            verdict: rule.then,
            reason: rule.reason.clone().unwrap_or_else(|| code(rule.then).to_owned()),
            message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
            wait: wait.or(retry_after),
        };
    }
    let (verdict, reason) = usual(answer);
    Reading { verdict, reason: reason.to_owned(), message: usual_sentence(verdict, answer), wait: retry_after }
}

fn seconds(templates: &Templates, expression: &str, context: &Value) -> Option<Duration> {
    let value = templates.lenient(expression, context).ok()?;
    let seconds = value.to_string().parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    Some(Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())))
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds or an HTTP date.
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let moment = DateTime::parse_from_rfc2822(value.trim()).ok()?.with_timezone(&Utc);
    Some((moment - now).to_std().unwrap_or_default().min(LONGEST_WAIT))
}

fn usual(answer: &Answer) -> (Verdict, &'static str) {
    match answer.transport {
        "refused" => return (Verdict::ConfigError, "address_refused"),
        "too_large" => return (Verdict::Park, "answer_too_large"),
        "timed_out" => return (Verdict::Transient, "timed_out"),
        "" => {}
        _ => return (Verdict::Transient, "unreachable"),
    }
    match answer.status {
        200..=299 => (Verdict::Ok, "ok"),
        408 | 425 | 500.. => (Verdict::Transient, "server_error"),
        429 => (Verdict::RateLimited, "rate_limited"),
        401 => (Verdict::AuthRefresh, "unauthorized"),
        403 => (Verdict::ConfigError, "forbidden"),
        300..=399 => (Verdict::SuspectConfig, "redirected"),
        _ => (Verdict::Permanent, "refused"),
    }
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Unchanged => "unchanged",
        Verdict::Transient => "transient",
        Verdict::RateLimited => "rate_limited",
        Verdict::AuthRefresh => "unauthorized",
        Verdict::ConfigError => "config_error",
        Verdict::SuspectConfig => "suspect_config",
        Verdict::Permanent => "refused",
        Verdict::Park => "needs_review",
        Verdict::StartOver => "changed_meanwhile",
    }
}

fn usual_sentence(verdict: Verdict, answer: &Answer) -> String {
    if !answer.transport.is_empty() {
        return format!("There was no usable answer: {}.", answer.problem);
    }
    let status = answer.status;
    match verdict {
        Verdict::Ok | Verdict::Unchanged => format!("The system answered {status}."),
        Verdict::Transient => format!("The system answered {status}; the delivery is tried again."),
        Verdict::RateLimited => "The system asked to slow down; the delivery is tried again later.".to_owned(),
        Verdict::AuthRefresh => "The system does not accept the credentials: renew them in the connection.".to_owned(),
        Verdict::ConfigError => format!("The system answered {status}: check the connection's settings and permissions."),
        Verdict::SuspectConfig => match answer.headers.get("location") {
            Some(place) => {
                let place: String = place.chars().filter(|c| !c.is_control()).take(MAX_PLACE_CHARS).collect();
                format!("The system redirects to {place}, and redirects are not followed: enter the new address if it stays so.")
            }
            None => format!("The system answered {status}: check the connection's settings if it stays so."),
        },
        Verdict::Permanent => format!("The system refused the request with {status}; look at the attempt's answer."),
        Verdict::Park => format!("The system answered {status}; a person must decide."),
        Verdict::StartOver => format!("The system answered {status}: the data changed meanwhile; the delivery is tried again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reading(rules: &Json, answer: &Answer) -> Reading {
        let rules: Vec<Rule> = serde_json::from_value(rules.clone()).unwrap();
        let context = Value::from_pairs(answer.variables());
        read(&Templates, rules.iter(), answer, &context, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: Json) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, json: body, ..Answer::default() }
    }

    #[test]
    fn success_is_read_from_the_body_and_the_first_rule_wins() {
        let rules = json!([
            {"when": "json.success == false and json.errorInfo.code == 'missing'", "then": "park", "reason": "no_match"},
            {"when": "json.success == false", "then": "permanent", "message": "It said {{ json.errorInfo.code }}."},
        ]);
        assert_eq!(reading(&rules, &answer(200, &[], json!({"success": true}))).verdict, Verdict::Ok);
        let refused = reading(&rules, &answer(200, &[], json!({"success": false, "errorInfo": {"code": "x"}})));
        assert_eq!((refused.verdict, refused.message.as_str()), (Verdict::Permanent, "It said x."));
        assert_eq!(
            reading(&rules, &answer(200, &[], json!({"success": false, "errorInfo": {"code": "missing"}}))).reason,
            "no_match"
        );
    }

    #[test]
    fn an_answer_that_is_not_what_a_rule_expects_does_not_break_the_reading() {
        let rules = json!([{"when": "json.error.code == 429", "then": "rate_limited"}]);
        for body in [json!(null), json!([1]), json!("text"), json!({"error": "text"}), json!({"error": null})] {
            assert_eq!(reading(&rules, &answer(200, &[], body)).verdict, Verdict::Ok);
        }
        assert_eq!(reading(&rules, &answer(200, &[], json!({"error": {"code": 429}}))).verdict, Verdict::RateLimited);
    }

    #[test]
    fn a_wait_is_taken_from_the_rule_or_from_retry_after_and_is_bounded() {
        let rules = json!([{"when": "status == 429", "then": "rate_limited", "wait": "headers['x-reset']"}]);
        let wait = |headers: &[(&str, &str)]| reading(&rules, &answer(429, headers, json!(null))).wait;
        assert_eq!(wait(&[("x-reset", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "120")]), Some(Duration::from_secs(120)));
        assert_eq!(wait(&[("retry-after", "Mon, 23 Nov 2026 10:01:30 GMT")]), Some(Duration::from_secs(90)));
        assert_eq!(wait(&[("retry-after", "99999999")]), Some(LONGEST_WAIT));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn every_status_and_every_missing_answer_has_a_meaning() {
        let verdict = |status| reading(&json!([]), &answer(status, &[], json!(null))).verdict;
        assert_eq!(
            [204, 302, 401, 403].map(verdict),
            [Verdict::Ok, Verdict::SuspectConfig, Verdict::AuthRefresh, Verdict::ConfigError]
        );
        let moved = reading(&json!([]), &answer(308, &[("location", "https://hooks.example.org/new")], json!(null)));
        assert_eq!((moved.verdict, moved.reason.as_str()), (Verdict::SuspectConfig, "redirected"));
        assert!(moved.message.contains("https://hooks.example.org/new"), "{}", moved.message);
        assert_eq!(
            [404, 408, 429, 503].map(verdict),
            [Verdict::Permanent, Verdict::Transient, Verdict::RateLimited, Verdict::Transient]
        );
        let refused = Answer::of(Err(HttpError::Refused("10.0.0.1".into())));
        assert_eq!(reading(&json!([]), &refused).verdict, Verdict::ConfigError);
        let lost = Answer::of(Err(HttpError::TimedOut("example.org".into())));
        assert_eq!(reading(&json!([]), &lost).verdict, Verdict::Transient);
        assert!(lost.fate_is_unknown(Verdict::Transient));
    }
}
