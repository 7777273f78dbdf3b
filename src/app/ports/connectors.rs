//! The connectors for administrators: set-up forms, checked settings, a test without side effects.

use crate::connector::Engine;
use crate::connector::manifest::{Field, FieldKind, SecretField, Status};
use crate::connector::registry::{Connector, Registry};
use crate::connector::{secrets, settings};
use crate::http::ports::{ConnectorInfo, Connectors, FieldError, FormField, TestStep};
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
    let plain = manifest.connection.fields.iter().map(|(name, field)| form_field(name, field));
    let secret = manifest.connection.secrets.iter().map(|(name, field)| secret_field(name, field));
    let mut fields: Vec<FormField> = plain.chain(secret).collect();
    // Required fields stand first.
    fields.sort_by_key(|field| (field.secret, !field.required));
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
    }
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
    }
}

fn secret_field(name: &str, field: &SecretField) -> FormField {
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
    }
}

fn help(description: &str) -> Option<String> {
    (!description.is_empty()).then(|| description.to_owned())
}
