//! Edits of a credential that leave its RDF as it is, or might: each a whole document with a word for what was done.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The contexts of a badge.
pub const CONTEXTS: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];

/// Definitions as JSON text, always with `@id`.
pub type Names = BTreeMap<String, BTreeSet<String>>;

/// Terms and their definitions, scoped contexts included. The contexts concerned write IRIs out, but for one prefix.
pub fn collect(context: &Value, names: &mut Names) {
    match context {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => {
            for (name, definition) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
                let iri = definition.as_str().or_else(|| definition["@id"].as_str());
                if let Some(iri) = iri.filter(|iri| iri.contains(':')) {
                    let mut whole = if definition.is_object() { definition.clone() } else { json!({}) };
                    whole["@id"] = json!(iri);
                    if let Some(datatype) = whole["@type"].as_str().and_then(|datatype| datatype.strip_prefix("xsd:")) {
                        whole["@type"] = json!(format!("http://www.w3.org/2001/XMLSchema#{datatype}"));
                    }
                    names.entry(name.clone()).or_default().insert(without_nulls(whole).to_string());
                }
                collect(definition, names);
            }
            members.iter().filter(|(name, _)| *name == "@context").for_each(|(_, inner)| collect(inner, names));
        }
        _ => {}
    }
}

/// Indexing adds a `null` where nothing was.
fn without_nulls(mut definition: Value) -> Value {
    definition.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    definition
}

/// A value as it has to be written where its term's definition is not known, to mean the same.
fn spelled_out(value: &Value, definition: &Value) -> Value {
    match (value, definition["@type"].as_str()) {
        (Value::Array(items), _) => items.iter().map(|item| spelled_out(item, definition)).collect(),
        (Value::String(_), Some("@id" | "@vocab")) => json!({"@id": value}),
        (Value::String(_), Some(datatype)) => json!({"@value": value, "@type": datatype}),
        _ => value.clone(),
    }
}

/// Pointers to every object of a document, contexts and proofs left out.
fn objects(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(pointer.to_owned());
            for (name, value) in members.iter().filter(|(name, _)| !matches!(name.as_str(), "@context" | "proof")) {
                objects(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// An edited copy of the document with a word for what was done.
pub type Edit = (String, Value);

pub struct Editor<'a> {
    document: &'a Value,
    names: &'a Names,
    /// The member that is edited.
    at: String,
    pub edits: Vec<Edit>,
}

impl<'a> Editor<'a> {
    pub fn new(document: &'a Value, names: &'a Names) -> Self {
        Self { document, names, at: String::new(), edits: Vec::new() }
    }

    /// Edits one object; `context` is added to the top.
    fn object(&mut self, what: &str, pointer: &str, context: Option<Value>, edit: impl FnOnce(&mut Map<String, Value>)) {
        let mut document = self.document.clone();
        if let Some(context) = context {
            document["@context"].as_array_mut().unwrap().push(context);
        }
        edit(document.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
        if document != *self.document {
            self.edits.push((format!("{what} at {pointer}/{}", self.at), document));
        }
    }

    pub fn everywhere(&mut self) {
        let mut places = Vec::new();
        objects(self.document, "", &mut places);
        for pointer in &places {
            let members = self.document.pointer(pointer).unwrap().as_object().unwrap();
            let names: Vec<&str> =
                members.keys().map(String::as_str).filter(|name| !matches!(*name, "@context" | "proof")).collect();
            for name in names {
                self.member(pointer, name);
            }
            self.node(pointer);
        }
        self.top();
    }

    /// One member under another name, in another wrapping, at another place.
    fn member(&mut self, pointer: &str, name: &str) {
        let rename = |to: String| {
            move |members: &mut Map<String, Value>| {
                let value = members.remove(name).unwrap();
                members.insert(to, value);
            }
        };
        self.at = name.to_owned();
        let keyword = format!("@{name}");
        if matches!(name, "id" | "type") {
            self.object("keyword", pointer, None, rename(keyword.clone()));
            self.object("alias of a keyword", pointer, Some(json!({"zz": keyword})), rename("zz".to_owned()));
        }
        let value = self.document.pointer(pointer).unwrap()[name].clone();
        let definitions: Vec<Value> =
            self.names.get(name).into_iter().flatten().map(|text| serde_json::from_str(text).unwrap()).collect();
        for definition in definitions {
            let iri = definition["@id"].as_str().unwrap();
            let renamed = |to: &str, value: Value| {
                let to = to.to_owned();
                move |members: &mut Map<String, Value>| {
                    members.remove(name);
                    members.insert(to, value);
                }
            };
            let spelled = spelled_out(&value, &definition);
            self.object("IRI", pointer, None, renamed(iri, value.clone()));
            self.object("IRI, value spelled out", pointer, None, renamed(iri, spelled.clone()));
            self.object("same name, value spelled out", pointer, None, renamed(name, spelled.clone()));
            self.object("alias", pointer, Some(json!({"zz": definition})), renamed("zz", value.clone()));
            self.object("plain alias", pointer, Some(json!({"zz": iri})), renamed("zz", spelled.clone()));
            let container = |kind: &str| {
                let mut definition = definition.clone();
                definition["@container"] = json!(kind);
                json!({"zz": definition})
            };
            self.object("alias in a set", pointer, Some(container("@set")), renamed("zz", json!([value])));
            self.object("alias with an index", pointer, Some(container("@index")), renamed("zz", json!({"x": value})));
            self.object("alias by identifier", pointer, Some(container("@id")), renamed("zz", json!({"@none": value})));
            self.object("alias by type", pointer, Some(container("@type")), renamed("zz", json!({"@none": value})));
            self.object("alias by language", pointer, Some(container("@language")), renamed("zz", json!({"@none": value})));
            self.object("alias of a graph", pointer, Some(container("@graph")), renamed("zz", value.clone()));
            let nested = {
                let mut definition = definition.clone();
                definition["@nest"] = json!("yy");
                json!({"yy": "@nest", "zz": definition})
            };
            self.object("alias in a nest", pointer, Some(nested), renamed("yy", json!({"zz": value})));
            if let Some((space, local)) = iri.rsplit_once(['#', '/']) {
                let space = &iri[..=space.len()];
                let cut = local.char_indices().nth(1).map_or(local.len(), |(at, _)| at);
                let longer = format!("{space}{}", &local[..cut]);
                self.object("prefix", pointer, Some(json!({"p": space})), renamed(&format!("p:{local}"), spelled.clone()));
                self.object("vocabulary", pointer, Some(json!({"@vocab": longer})), renamed(&local[cut..], spelled.clone()));
            }
            self.object("inner alias", pointer, None, |members| {
                renamed("zz", value.clone())(members);
                members.insert("@context".to_owned(), json!({"zz": definition}));
            });
        }
        self.object("switched off", pointer, Some(json!({name: null})), |_| ());
        self.object("switched off inside", pointer, None, |members| {
            drop(members.insert("@context".to_owned(), json!({name: null})))
        });
        let wrappings = [
            ("[v]", json!([value])),
            ("[[v]]", json!([[value]])),
            ("@value", json!({"@value": value})),
            ("@value with a type", json!({"@value": value, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"})),
            ("@value with a language", json!({"@value": value, "@language": "en"})),
            ("@json", json!({"@value": value, "@type": "@json"})),
            ("@set", json!({"@set": [value]})),
            ("@list", json!({"@list": [value]})),
            ("@graph", json!({"@graph": [value]})),
            ("@id", json!({"@id": value})),
            ("id", json!({"id": value})),
            ("language map", json!({"en": value})),
            ("@none", json!({"@none": value})),
            ("null beside", json!([value, null])),
            ("twice", json!([value, value])),
            ("nothing", Value::Null),
            ("an empty list", json!([])),
        ];
        for (what, wrapped) in wrappings {
            self.object(what, pointer, None, |members| drop(members.insert(name.to_owned(), wrapped)));
        }
        if let Value::Array(items) = &value {
            if let [only] = items.as_slice() {
                self.object("unwrapped", pointer, None, |members| drop(members.insert(name.to_owned(), only.clone())));
            }
            let reversed: Vec<Value> = items.iter().rev().cloned().collect();
            self.object("another order", pointer, None, |members| drop(members.insert(name.to_owned(), reversed.into())));
        }
        let subject = self.document.pointer(pointer).unwrap().get("id").cloned();
        let alone = |value: Value| match &subject {
            Some(id) => json!({"id": id, name: value}),
            None => json!({name: value}),
        };
        for (what, holder, moved) in [
            ("@nest", "@nest", json!({name: value})),
            ("@included", "@included", json!([alone(value.clone())])),
            ("@graph inside", "@graph", json!([alone(value.clone())])),
            ("@reverse", "@reverse", json!({name: value})),
            ("evidence", "evidence", json!([alone(value.clone())])),
            ("relatedResource", "relatedResource", json!([alone(value.clone())])),
            ("termsOfUse", "termsOfUse", json!([alone(value.clone())])),
        ] {
            self.object(&format!("moved to {what}"), pointer, None, |members| {
                members.remove(name);
                members.insert(holder.to_owned(), moved.clone());
            });
            self.object(&format!("moved to {what} of the top"), "", None, |members| {
                let at = pointer.strip_prefix('/').map(|rest| rest.split_once('/').unwrap_or((rest, "")));
                let place = match at {
                    None => Some(&mut *members),
                    Some((first, "")) => members.get_mut(first).and_then(Value::as_object_mut),
                    Some((first, rest)) => members
                        .get_mut(first)
                        .and_then(|value| value.pointer_mut(&format!("/{rest}")))
                        .and_then(Value::as_object_mut),
                };
                place.unwrap().remove(name);
                members.insert(holder.to_owned(), moved);
            });
        }
        self.object("moved to an alias of @nest", pointer, Some(json!({"zz": "@nest"})), |members| {
            let value = members.remove(name).unwrap();
            members.insert("zz".to_owned(), json!({name: value}));
        });
        self.object("copied into an alias of @included", pointer, Some(json!({"zz": "@included"})), |members| {
            members.insert("zz".to_owned(), json!([alone(value)]));
        });
    }

    /// Members that shape a node and say nothing.
    fn node(&mut self, pointer: &str) {
        self.at.clear();
        let additions = [
            ("@context", json!(CONTEXTS)),
            ("@context", json!([])),
            ("@context", Value::Null),
            ("@context", json!({"@vocab": "https://example.org/"})),
            ("@context", json!({"@base": "https://example.org/"})),
            ("@context", json!({"@language": "de"})),
            ("@context", json!({"@propagate": false})),
            ("@index", json!("x")),
            ("@direction", json!("ltr")),
            ("@language", json!("en")),
            ("@base", json!("https://example.org/")),
            ("@type", json!([])),
            ("@included", json!([])),
            ("@graph", json!([])),
            ("@nest", json!({})),
            ("@reverse", json!({})),
            ("@set", json!([])),
            ("@ignored", json!("x")),
            ("", json!("x")),
            ("validUntil", json!("2099-01-01T00:00:00Z")),
            ("credentialStatus", json!([])),
            ("id", json!("urn:example:other")),
        ];
        for (name, value) in additions {
            self.object(&format!("added {name:?} {value}"), pointer, None, |members| {
                members.insert(name.to_owned(), value);
            });
        }
    }

    /// The document's own list of contexts, and what stands around the document.
    fn top(&mut self) {
        let document = self.document.clone();
        let contexts = document["@context"].as_array().unwrap().clone();
        let mut lists = vec![
            ("reversed", contexts.iter().rev().cloned().collect::<Vec<Value>>()),
            ("repeated", [contexts.clone(), contexts.clone()].concat()),
            ("nested", vec![json!(contexts)]),
            ("one", contexts[..1].to_vec()),
        ];
        for addition in [
            json!({"@base": "https://example.org/"}),
            json!({"@vocab": "https://example.org/"}),
            json!({"@vocab": ""}),
            json!({"@language": "de"}),
            json!({"@direction": "ltr"}),
            json!({"@version": 1.1}),
            json!({"@propagate": false}),
            json!({"@protected": true}),
            json!({"@import": contexts[0]}),
            json!({"validUntil": {"@id": "https://www.w3.org/2018/credentials#validFrom"}}),
            json!({"name": "https://schema.org/alternateName"}),
            json!({"type": null}),
            json!({"id": null}),
            json!({}),
            Value::Null,
            json!("https://www.w3.org/ns/credentials/examples/v2"),
            json!("https://www.w3.org/ns/credentials/undefined-terms/v2"),
            json!("https://www.w3.org/2018/credentials/v1"),
            json!("https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"),
        ] {
            lists.push(("added", [contexts.clone(), vec![addition.clone()]].concat()));
            lists.push(("put first", [vec![addition], contexts.clone()].concat()));
        }
        for (what, list) in lists {
            let edited = format!("contexts {what} {}", list.last().unwrap());
            self.object(&edited, "", None, |members| drop(members.insert("@context".to_owned(), list.into())));
        }
        let without_context = {
            let mut inner = document.clone();
            inner.as_object_mut().unwrap().remove("@context");
            inner
        };
        let proof = document["proof"].clone();
        let unsigned = {
            let mut inner = without_context.clone();
            inner.as_object_mut().unwrap().remove("proof");
            inner
        };
        for (what, around) in [
            ("in a graph", json!({"@context": contexts, "@graph": [without_context]})),
            ("in a graph beside its proof", json!({"@context": contexts, "@graph": [unsigned], "proof": proof})),
            ("included beside its proof", json!({"@context": contexts, "@included": [unsigned], "proof": proof})),
            ("in a list", json!([document])),
            (
                "in a presentation",
                json!({"@context": contexts, "type": "VerifiablePresentation", "verifiableCredential": [document]}),
            ),
            (
                "in a presentation without its context",
                json!({"@context": contexts, "type": "VerifiablePresentation", "verifiableCredential": [without_context]}),
            ),
            ("as evidence of itself", {
                let mut outer = document.clone();
                outer["evidence"] = json!([unsigned]);
                outer
            }),
        ] {
            self.edits.push((what.to_owned(), around));
        }
    }
}
