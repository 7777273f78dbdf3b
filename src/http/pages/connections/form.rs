//! The form of a connection, in the order of the connector's manifest. Comes in: a connector, and the connection where there is one.
//! Goes out: values for the template. Secrets are never in it: only whether they are set.

use crate::http::ports::{ConnectorInfo, FormField};
use crate::model::connection::{Carries, Connection, default_outcomes};
use crate::model::event::EventType;
use crate::model::report::Outcome;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
pub struct Form {
    /// The connector's own name.
    connector: String,
    title: String,
    /// `stable`, `beta` or `experimental`.
    status: String,
    docs: Vec<String>,
    name: String,
    fields: Vec<Field>,
    secrets: Vec<Field>,
    event_types: Vec<Taken>,
    takes_accepted: bool,
    takes_attention: bool,
    carries_ats_id: bool,
    carries_email: bool,
    purpose: String,
    /// Names of the templates that may be overridden.
    mapping_names: Vec<String>,
    /// The overrides as JSON; empty when there are none.
    mapping: String,
}

#[derive(Serialize)]
struct Field {
    name: String,
    label: String,
    help: Option<String>,
    kind: String,
    is_required: bool,
    choices: Vec<String>,
    example: Option<String>,
    value: String,
    is_checked: bool,
    /// A secret that is stored.
    is_set: bool,
    is_generated: bool,
}

#[derive(Serialize)]
struct Taken {
    /// `org.skillgate.skill.asserted.v1`
    name: String,
    /// `skill.asserted`
    short: String,
    is_taken: bool,
}

impl Form {
    pub fn new(connector: &ConnectorInfo) -> Self {
        let of_fields = connector.fields.iter();
        let (secrets, fields): (Vec<&FormField>, Vec<&FormField>) = of_fields.partition(|field| field.secret);
        Self {
            fields: fields.into_iter().map(|spec| field(spec, &Map::new(), &[])).collect(),
            secrets: secrets.into_iter().map(|spec| field(spec, &Map::new(), &[])).collect(),
            event_types: connector.event_types.iter().map(|name| taken(name, &[])).collect(),
            connector: connector.name.clone(),
            title: connector.title.clone(),
            status: connector.status.clone(),
            docs: connector.docs.clone(),
            name: connector.title.clone(),
            mapping_names: connector.mapping.clone(),
            mapping: String::new(),
            ..Self::choices(&default_outcomes(), &Carries::default())
        }
    }

    /// `connector`: absent when it is no longer installed.
    pub fn of(connection: &Connection, connector: Option<&ConnectorInfo>) -> Self {
        let mut form = connector.map_or_else(|| Self::choices(&[], &Carries::default()), Self::new);
        let specs = connector.map(|known| known.fields.as_slice()).unwrap_or_default();
        let filled = |secret: bool| {
            let specs = specs.iter().filter(move |spec| spec.secret == secret);
            specs.map(|spec| field(spec, &connection.fields, &connection.secrets_set)).collect()
        };
        let types = connector.map(|known| known.event_types.as_slice()).unwrap_or_default();
        form.event_types = types.iter().map(|name| taken(name, &connection.event_types)).collect();
        if !connection.mapping.is_empty() {
            form.mapping = serde_json::to_string_pretty(&connection.mapping).unwrap_or_default();
        }
        Self {
            fields: filled(false),
            secrets: filled(true),
            connector: connection.connector.clone(),
            name: connection.name.clone(),
            event_types: form.event_types,
            mapping: form.mapping,
            title: form.title,
            status: form.status,
            docs: form.docs,
            mapping_names: form.mapping_names,
            ..Self::choices(&connection.outcomes, &connection.carries)
        }
    }

    fn choices(outcomes: &[Outcome], carries: &Carries) -> Self {
        Self {
            connector: String::new(),
            title: String::new(),
            status: String::new(),
            docs: Vec::new(),
            name: String::new(),
            fields: Vec::new(),
            secrets: Vec::new(),
            event_types: Vec::new(),
            takes_accepted: outcomes.contains(&Outcome::Accepted),
            takes_attention: outcomes.contains(&Outcome::Attention),
            carries_ats_id: carries.ats_id,
            carries_email: carries.email,
            purpose: carries.purpose.clone().unwrap_or_default(),
            mapping_names: Vec::new(),
            mapping: String::new(),
        }
    }
}

fn field(spec: &FormField, values: &Map<String, Value>, secrets_set: &[String]) -> Field {
    let value = values.get(&spec.name).filter(|value| !value.is_null()).or(spec.default.as_ref());
    Field {
        is_checked: value.and_then(Value::as_bool).unwrap_or_default(),
        value: value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default(),
        is_set: spec.secret && secrets_set.contains(&spec.name),
        name: spec.name.clone(),
        label: spec.label.clone(),
        help: spec.help.clone(),
        kind: spec.kind.clone(),
        is_required: spec.required,
        choices: spec.choices.clone(),
        example: spec.example.clone(),
        is_generated: spec.generated,
    }
}

/// `chosen`: empty when all types are taken.
fn taken(name: &str, chosen: &[EventType]) -> Taken {
    Taken {
        short: name.trim_start_matches("org.skillgate.").trim_end_matches(".v1").to_owned(),
        is_taken: chosen.is_empty() || chosen.iter().any(|one| one.as_str() == name),
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_shows_what_is_stored_then_the_default_and_never_a_secret() {
        let spec = |name: &str, secret: bool, default: Option<Value>| FormField {
            name: name.to_owned(),
            label: name.to_owned(),
            help: None,
            kind: "string".to_owned(),
            required: true,
            secret,
            choices: Vec::new(),
            default,
            example: None,
            generated: false,
        };
        let Value::Object(values) = json!({"zone": "eu", "limit": 12}) else { unreachable!() };
        assert_eq!(field(&spec("zone", false, Some(json!("us"))), &values, &[]).value, "eu");
        assert_eq!(field(&spec("limit", false, None), &values, &[]).value, "12");
        assert_eq!(field(&spec("other", false, Some(json!("us"))), &values, &[]).value, "us");
        let secret = field(&spec("token", true, None), &values, &["token".to_owned()]);
        assert!(secret.is_set && secret.value.is_empty());
        assert!(taken("org.skillgate.skill.asserted.v1", &[]).is_taken);
        assert_eq!(taken("org.skillgate.skill.asserted.v1", &[EventType::CandidateErased]).short, "skill.asserted");
    }
}
