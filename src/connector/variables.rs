//! The names that a manifest's templates see.
//! Comes in: a job and the values of the steps so far. Goes out: a template context. Secrets are never in it.
//! A name costs nothing until a template reads it: most events are sent on without a look into them.

use super::carried::with_person;
use super::job::Job;
use super::registry::Connector;
use super::template::Templates;
use super::values::{TemplateError, from_json};
use crate::model::candidate::Identity;
use crate::model::connection::Connection;
use crate::model::event::Envelope;
use crate::model::ids::CandidateRef;
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The name under which templates see the mapping.
const MAPPING: &str = "mapping";

/// The connection's settings as templates see them, whatever the event: made once for each version of a connection.
#[derive(Clone, Debug)]
pub struct Settings {
    names: Arc<Names>,
    mapping: Arc<Map<String, Json>>,
}

impl Settings {
    pub fn new(connector: &Connector, connection: &Connection) -> Self {
        let mut mapping = connector.manifest.mapping.clone();
        let mut values = connector.manifest.values.clone();
        for (name, own) in &connection.mapping {
            match own.as_object().filter(|_| name == "values") {
                Some(tables) => values.extend(tables.clone()),
                None => drop(mapping.insert(name.clone(), own.clone())),
            }
        }
        let fields = Json::Object(super::settings::with_defaults(connector, &connection.fields));
        let names = vec![
            ("fields".to_owned(), from_json(&fields)),
            ("values".to_owned(), from_json(&Json::Object(values))),
            ("connection".to_owned(), from_json(&json!({"id": connection.id.as_str(), "name": connection.name}))),
        ];
        Self { names: Names::over(None, names), mapping: Arc::new(mapping) }
    }
}

/// Cheap to clone: values share their content.
#[derive(Clone)]
pub struct Variables {
    names: Arc<Names>,
    /// Rendered once for each item of a step: an entry may use `item` or an earlier step's value.
    mapping: Arc<Map<String, Json>>,
}

impl Variables {
    pub fn of(job: &Job<'_>, now: DateTime<Utc>) -> Self {
        let event = with_person(job.event, job.candidate, &job.setup.connection.carries);
        let body = event.body.clone();
        let event = Arc::new(EventValue { event, whole: OnceLock::new() });
        let names = vec![
            ("event_json".to_owned(), Value::from(body)),
            ("event_type".to_owned(), Value::from(super::registry::short_name(job.event.event_type))),
            ("candidate".to_owned(), candidate(&job.event.partitionkey, job.candidate)),
            ("data".to_owned(), Value::from_dyn_object(Arc::new(DataValue(event.clone())))),
            ("event".to_owned(), Value::from_dyn_object(event)),
        ];
        let mut variables = Self::settings(&job.setup.settings, now);
        variables.names = Names::over(Some(variables.names), names);
        variables
    }

    /// The values that are known without an event, for a connection's check.
    pub fn settings(settings: &Settings, now: DateTime<Utc>) -> Self {
        let names = vec![("now".to_owned(), Value::from(now.to_rfc3339_opts(SecondsFormat::Secs, true)))];
        Self { names: Names::over(Some(settings.names.clone()), names), mapping: settings.mapping.clone() }
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.names = Names::over(Some(self.names.clone()), vec![(name.to_owned(), value)]);
    }

    /// Identifiers that earlier events remembered. A name that is not there is none, not an error.
    pub fn set_remembered(&mut self, remembered: BTreeMap<String, String>) {
        self.set("remembered", Value::from_dyn_object(Arc::new(Remembered(remembered))));
    }

    /// The names outside any item, with the mapping rendered.
    pub fn context<'a>(&'a self, templates: &'a Templates) -> Context<'a> {
        Context::new(templates, &self.mapping, self.names.clone())
    }
}

fn candidate(about: &CandidateRef, known: &Identity) -> Value {
    from_json(&json!({
        "ref": about.as_str(),
        "emails": known.emails,
        "email": known.emails.first(),
        "name": known.name,
    }))
}

/// Names over other names, which they win over.
#[derive(Debug)]
struct Names {
    own: Vec<(String, Value)>,
    below: Option<Arc<Names>>,
}

impl Names {
    fn over(below: Option<Arc<Self>>, own: Vec<(String, Value)>) -> Arc<Self> {
        Arc::new(Self { own, below })
    }

    fn find(&self, name: &str) -> Option<&Value> {
        let mut layer = Some(self);
        while let Some(names) = layer {
            if let Some((_, value)) = names.own.iter().rev().find(|(known, _)| known == name) {
                return Some(value);
            }
            layer = names.below.as_deref();
        }
        None
    }

    fn all(&self) -> BTreeSet<&str> {
        let layers = std::iter::successors(Some(self), |names| names.below.as_deref());
        layers.flat_map(|names| names.own.iter().map(|(name, _)| name.as_str())).collect()
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.find(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.find(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.all().into_iter().map(Value::from).collect())
    }
}

/// What earlier events about the person left.
#[derive(Debug)]
struct Remembered(BTreeMap<String, String>);

impl Object for Remembered {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(key.as_str().and_then(|name| self.0.get(name)).map_or_else(|| Value::from(()), |id| Value::from(id.as_str())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().map(|name| Value::from(name.as_str())).collect())
    }
}

/// The event, which is taken apart when a template reads more of it than its id.
#[derive(Debug)]
struct EventValue {
    event: Envelope,
    whole: OnceLock<Value>,
}

impl EventValue {
    /// Nothing, when the stored text is no JSON: the template that needs it says so.
    fn whole(&self) -> &Value {
        self.whole.get_or_init(|| {
            let json: Option<Json> = serde_json::from_str(&self.event.body).ok();
            from_json(&json.unwrap_or_default())
        })
    }

    fn data(&self) -> Value {
        self.whole().get_attr("data").unwrap_or_default()
    }
}

impl Object for EventValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "id" => Some(Value::from(self.event.id.as_str())),
            key => known(self.whole().get_attr(key).ok()?),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        members(self.whole())
    }
}

/// The content of the event.
#[derive(Debug)]
struct DataValue(Arc<EventValue>);

impl Object for DataValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        known(self.0.data().get_item(key).ok()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        known(self.0.data().get_attr(key).ok()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        members(&self.0.data())
    }
}

fn known(value: Value) -> Option<Value> {
    (!value.is_undefined()).then_some(value)
}

fn members(value: &Value) -> Enumerator {
    Enumerator::Values(value.try_iter().map(Iterator::collect).unwrap_or_default())
}

/// The values that templates see, with the mapping rendered once. Cheap to clone: values share their content.
#[derive(Clone)]
pub struct Context<'a> {
    templates: &'a Templates,
    mapping: &'a Map<String, Json>,
    /// Without the rendered mapping.
    names: Arc<Names>,
    rendered: Value,
    value: Value,
}

impl<'a> Context<'a> {
    fn new(templates: &'a Templates, mapping: &'a Map<String, Json>, names: Arc<Names>) -> Self {
        let without = Value::from_dyn_object(names.clone());
        let rendered = mapping.iter().map(|(name, template)| {
            // An entry that fails is an error only for the template that uses it.
            let value =
                templates.json(template, &without).map_or_else(|error| Value::from(deferred(error)), |json| from_json(&json));
            (name.clone(), value)
        });
        let rendered = Value::from_pairs(rendered);
        Self::of(templates, mapping, names, rendered)
    }

    fn of(templates: &'a Templates, mapping: &'a Map<String, Json>, names: Arc<Names>, rendered: Value) -> Self {
        let visible = Names::over(Some(names.clone()), vec![(MAPPING.to_owned(), rendered.clone())]);
        Self { templates, mapping, names, rendered, value: Value::from_dyn_object(visible) }
    }

    /// For one element of a list. The mapping is rendered anew, because an entry may use `item`.
    pub fn of_item(&self, item: &Value) -> Self {
        let names = Names::over(Some(self.names.clone()), vec![("item".to_owned(), item.clone())]);
        Self::new(self.templates, self.mapping, names)
    }

    /// With `more` names, which win over the others. The mapping stays as it is: it says what is sent, so it never sees an answer.
    pub fn with(&self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        let names = Names::over(Some(self.names.clone()), more.into_iter().collect());
        Self::of(self.templates, self.mapping, names, self.rendered.clone())
    }

    pub fn value(&self) -> &Value {
        &self.value
    }
}

fn deferred(error: TemplateError) -> Error {
    let text = error.to_string();
    Error::new(ErrorKind::InvalidOperation, text).with_source(error)
}

/// The value of a step that did not apply.
pub fn skipped() -> Value {
    Value::from_pairs([("skipped".to_owned(), Value::from(true))])
}

/// The value of a step that names a person whom somebody has linked: the name, as if it were extracted, and no match.
pub fn linked(name: &str, link: &str) -> Value {
    Value::from_pairs([
        (name.to_owned(), Value::from(link)),
        ("match".to_owned(), Value::from(())),
        ("matches".to_owned(), Value::from(Vec::<Value>::new())),
        ("linked".to_owned(), Value::from(true)),
        ("skipped".to_owned(), Value::from(false)),
    ])
}

/// The value of a writing step.
pub fn written(remote_id: Option<String>, now: bool) -> Value {
    let remote_id = remote_id.map_or_else(|| Value::from(()), Value::from);
    Value::from_pairs([
        ("remote_id".to_owned(), remote_id),
        ("skipped".to_owned(), Value::from(false)),
        ("written_now".to_owned(), Value::from(now)),
    ])
}
