//! The connectors for administrators: set-up forms, checked settings, a test without side effects.

use crate::connector::Engine;
use crate::connector::auth_spec::Auth;
use crate::connector::case::Test;
use crate::connector::manifest::{Field, FieldKind, SecretField, Status};
use crate::connector::registry::{Connector, Registry};
use crate::connector::{secrets, selftest, settings};
use crate::http::ports::{ConnectorInfo, Connectors, FieldError, FormField, Planned, TestStep};
use crate::model::connection::{Connection, Secrets};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The connectors of this installation, and the engine that tries a connection out.
pub struct InstalledConnectors {
    pub registry: Registry,
    pub engine: Engine,
    /// Holds the tenants' folders of `file:` secrets; empty: no tenant has `file:` secrets.
    pub secrets_dir: PathBuf,
}

#[async_trait]
impl Connectors for InstalledConnectors {
    fn list(&self) -> Vec<ConnectorInfo> {
        let mut all: Vec<ConnectorInfo> = self.registry.iter().map(|connector| info(connector)).collect();
        all.sort_by_key(|connector| connector.title.to_lowercase());
        all
    }

    fn check(
        &self,
        connector: &str,
        fields: &Map<String, Value>,
        mapping: &Map<String, Value>,
        secrets: &[String],
    ) -> Vec<FieldError> {
        let Some(connector) = self.registry.get(connector) else {
            return vec![FieldError { field: "connector".into(), message: "This gateway has no connector of that name.".into() }];
        };
        let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let problems = settings::problems(&connector, fields, mapping, &names);
        let field = |pointer: &str| pointer.trim_start_matches('/').replace('/', ".");
        problems.into_iter().map(|problem| FieldError { field: field(&problem.pointer), message: problem.message }).collect()
    }

    async fn plan(&self, planned: &Planned) -> Result<String, FieldError> {
        let wrong = |field: &str, message: String| FieldError { field: field.to_owned(), message };
        let Some(connector) = self.registry.get(&planned.connector) else {
            return Err(wrong("connector", "This gateway has no connector of that name.".into()));
        };
        let is_meant = |test: &&Test| planned.event_type.is_none_or(|wanted| type_of(&connector, test) == Some(wanted.as_str()));
        let Some(mut test) = connector.manifest.tests.iter().find(is_meant).cloned() else {
            return Err(wrong("event_type", "The connector has no sample event of this type.".into()));
        };
        test.fields.clone_from(&planned.fields);
        test.mapping.clone_from(&planned.mapping);
        selftest::plan(&connector, test, None).await.map_err(|error| wrong("event_type", error.to_string()))
    }

    async fn test(&self, connection: &Connection, sealed: &Secrets) -> Vec<TestStep> {
        let step = |name: &str, ok: bool, message: String| TestStep { name: name.to_owned(), ok, message };
        let Some(connector) = self.registry.get(&connection.connector) else {
            return vec![step("connector", false, "This gateway has no connector of that name.".into())];
        };
        let secrets = match secrets::resolve(sealed, &connection.tenant_id, &self.secrets_dir).await {
            Ok(secrets) => secrets,
            Err(error) => return vec![step("secrets", false, error.to_string())],
        };
        let report = self.engine.check_connection(&connector, connection, &secrets).await;
        let readable = step("secrets", true, "Every secret could be read.".into());
        vec![readable, step("connection", report.ok, report.message)]
    }
}

fn info(connector: &Connector) -> ConnectorInfo {
    let manifest = &connector.manifest;
    let spec = &manifest.connection;
    let is_generated = matches!(spec.auth, Auth::StandardWebhooks { .. });
    let plain = connector.order.fields.iter().filter_map(|name| Some(form_field(name, spec.fields.get(name)?)));
    let secret = connector.order.secrets.iter();
    let secret = secret.filter_map(|name| Some(secret_field(name, spec.secrets.get(name)?, is_generated)));
    let fields: Vec<FormField> = plain.chain(secret).collect();
    let tables = (!manifest.values.is_empty()).then(|| "values".to_owned());
    let status = match manifest.status {
        Status::Stable => "stable",
        Status::Beta => "beta",
        Status::Experimental => "experimental",
    };
    ConnectorInfo {
        name: manifest.connector.clone(),
        title: manifest.title.clone(),
        category: manifest.category.clone(),
        status: status.to_owned(),
        docs: manifest.docs.clone(),
        fields,
        event_types: connector.event_types().iter().map(|event_type| event_type.as_str().to_owned()).collect(),
        mapping: manifest.mapping.keys().cloned().chain(tables).collect(),
    }
}

/// The type of the event of a connector's test.
fn type_of<'a>(connector: &'a Connector, test: &Test) -> Option<&'a str> {
    /// The part of an event that tells its type.
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type")]
        event_type: &'a str,
    }
    let event: Typed<'a> = serde_json::from_slice(connector.files.get(&test.event)?).ok()?;
    Some(event.event_type)
}

fn form_field(name: &str, field: &Field) -> FormField {
    let kind = match field.kind {
        FieldKind::String => "string",
        FieldKind::Boolean => "boolean",
        FieldKind::Integer => "integer",
    };
    FormField {
        name: name.to_owned(),
        label: field.title.clone(),
        help: help(&field.description),
        kind: kind.to_owned(),
        required: field.required,
        secret: false,
        choices: field.choices.clone(),
        default: field.default.clone(),
        example: field.example.clone(),
        generated: false,
    }
}

fn secret_field(name: &str, field: &SecretField, is_generated: bool) -> FormField {
    FormField {
        name: name.to_owned(),
        label: field.title.clone(),
        help: help(&field.description),
        kind: "string".to_owned(),
        required: field.required,
        secret: true,
        choices: Vec::new(),
        default: None,
        example: None,
        generated: is_generated,
    }
}

fn help(description: &str) -> Option<String> {
    (!description.is_empty()).then(|| description.to_owned())
}
