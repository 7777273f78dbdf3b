//! What a connection has chosen to carry of the person in its events, beside the reference.
//! Comes in: an event as it is stored, what is known of the person, the connection's choice. Goes out: the event as it is sent.
//! The stored event stays as it is: it names nobody.

use crate::model::candidate::Identity;
use crate::model::connection::Carries;
use crate::model::event::Envelope;
use serde_json::{Map, Value};

/// `privacymode` of an event that holds an address.
const IDENTIFIED: &str = "identified";

/// The event with the member `data.person`; the same event when the connection carries nothing, or nothing is known.
pub fn with_person(event: &Envelope, known: &Identity, carries: &Carries) -> Envelope {
    let ats_id = known.ats_id.as_ref().filter(|_| carries.ats_id);
    let email = known.first_email().filter(|_| carries.email);
    if ats_id.is_none() && email.is_none() {
        return event.clone();
    }
    let Ok(Value::Object(mut whole)) = serde_json::from_str(&event.body) else { return event.clone() };
    let person: Map<String, Value> = [("ats_id", ats_id), ("email", email)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?.as_str()))))
        .collect();
    if let Some(Value::Object(data)) = whole.get_mut("data") {
        data.insert("person".to_owned(), Value::Object(person));
    }
    if email.is_some() {
        whole.insert("privacymode".to_owned(), Value::from(IDENTIFIED));
    }
    Envelope { body: Value::Object(whole).to_string().into(), ..event.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::EventType;
    use crate::model::ids::{CandidateRef, EventId, TenantId};

    fn event() -> Envelope {
        Envelope {
            id: EventId::from("event-1"),
            event_type: EventType::SkillAsserted,
            tenantid: TenantId::from("default"),
            partitionkey: CandidateRef::from("c-1"),
            body: r#"{"id":"event-1","privacymode":"pseudonymous","data":{"candidate_ref":"c-1","level":1.50}}"#.into(),
        }
    }

    fn ada() -> Identity {
        Identity {
            emails: vec!["old@example.org".into(), "ada@example.org".into()],
            ats_id: Some("4711".into()),
            proven: vec!["ada@example.org".into()],
            ..Identity::default()
        }
    }

    fn sent(carries: Carries, known: &Identity) -> String {
        with_person(&event(), known, &carries).body.to_string()
    }

    #[test]
    fn an_event_carries_what_was_chosen_and_nothing_else_of_the_person() {
        assert_eq!(sent(Carries::default(), &ada()), *event().body);
        let by_id = sent(Carries { ats_id: true, ..Carries::default() }, &ada());
        assert!(by_id.contains(r#""person":{"ats_id":"4711"}"#) && by_id.contains(r#""privacymode":"pseudonymous""#), "{by_id}");
        assert!(by_id.contains(r#""level":1.50"#), "numbers stay as they are: {by_id}");
        let carries = Carries { email: true, purpose: Some("hiring".into()), ..Carries::default() };
        let by_email = sent(carries, &ada());
        assert!(by_email.contains(r#""person":{"email":"ada@example.org"}"#), "the proven address: {by_email}");
        assert!(by_email.contains(r#""privacymode":"identified""#), "{by_email}");
    }

    #[test]
    fn of_a_person_of_whom_nothing_is_known_nothing_is_carried() {
        let carries = Carries { ats_id: true, email: true, purpose: Some("hiring".into()) };
        assert_eq!(sent(carries, &Identity::default()), *event().body);
    }
}
