//! Builds the verifier from the settings' files.

use super::AppError;
use crate::config::VerifySettings;
use crate::document::{Limits, json};
use crate::http_client::HttpClient;
use crate::jsonld::Contexts;
use crate::model::ids::TenantId;
use crate::verify::checks::issuer_trust::TrustPolicy;
use crate::verify::documents::{Documents, Provided};
use crate::verify::keys::did::registries::Registries;
use crate::verify::{Verifier, Verifiers};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The verifier that the settings describe. With `verify.offline` it does not use `client`.
pub fn build_verifier(settings: &VerifySettings, limits: &Limits, client: HttpClient) -> Result<Verifier, AppError> {
    let documents = if given(&settings.documents_file) { path_map(&settings.documents_file, limits)? } else { HashMap::new() };
    let documents = documents.into_iter().map(|(key, path)| (key, path.map_or(Provided::Gone, Provided::File))).collect();
    let contexts = if given(&settings.contexts_file) {
        Contexts::with_added(context_map(&settings.contexts_file, limits)?)
    } else {
        Contexts::built_in()
    };
    let client = (!settings.offline).then_some(client);
    let registries = Registries::new(&settings.ebsi_registry, &settings.universal_resolver);
    let registries = registries.map_err(|problem| AppError::Settings(format!("verify: {problem}")))?;
    let verifier = Verifier::new(Documents::with_provided(documents, client), contexts).with_registries(registries);
    match given(&settings.policy_file) {
        true => Ok(verifier.with_policy(load_policy(&settings.policy_file)?)),
        false => Ok(verifier),
    }
}

/// [`build_verifier`], with the tenants' own policies.
pub fn build_verifiers(settings: &VerifySettings, limits: &Limits, client: HttpClient) -> Result<Verifiers, AppError> {
    let policies = if given(&settings.policy_folder) { tenant_policies(&settings.policy_folder)? } else { HashMap::new() };
    Ok(Verifiers::new(build_verifier(settings, limits, client)?, policies))
}

/// The files `TENANT.toml` and `TENANT.json` of the folder; other files are ignored.
fn tenant_policies(folder: &Path) -> Result<HashMap<TenantId, TrustPolicy>, AppError> {
    let unusable = |cause: std::io::Error| AppError::Settings(format!("{} can't be read: {cause}", folder.display()));
    let mut policies = HashMap::new();
    for entry in std::fs::read_dir(folder).map_err(unusable)? {
        let path = entry.map_err(unusable)?.path();
        let is_policy = path.extension().is_some_and(|extension| extension == "toml" || extension == "json");
        let Some(tenant) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_policy) else { continue };
        if policies.insert(TenantId::from(tenant), load_policy(&path)?).is_some() {
            return Err(AppError::Settings(format!("{} holds two policies of the tenant {tenant}", folder.display())));
        }
    }
    Ok(policies)
}

/// A trust policy from its file (TOML or JSON).
pub fn load_policy(path: &Path) -> Result<TrustPolicy, AppError> {
    let unusable = |cause: String| AppError::Settings(format!("{} can't be used: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    TrustPolicy::parse(&text).map_err(|error| unusable(error.to_string()))
}

fn given(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

/// A JSON object of name → file, relative to the map's folder; `null` stands for the answer 410 Gone.
fn path_map(map: &Path, limits: &Limits) -> Result<HashMap<String, Option<PathBuf>>, AppError> {
    let folder = map.parent().unwrap_or(Path::new("."));
    let Value::Object(entries) = read_json(map, limits)? else {
        return Err(AppError::Settings(format!("{} must hold one JSON object", map.display())));
    };
    let path_of = |(name, file): (String, Value)| match file {
        Value::String(file) => Ok((name, Some(folder.join(file)))),
        Value::Null => Ok((name, None)),
        _ => Err(AppError::Settings(format!("{}: \"{name}\" must name a file", map.display()))),
    };
    entries.into_iter().map(path_of).collect()
}

fn context_map(map: &Path, limits: &Limits) -> Result<HashMap<String, Value>, AppError> {
    let files = path_map(map, limits)?.into_iter().filter_map(|(url, file)| Some((url, file?)));
    files.map(|(url, file)| Ok((url, read_json(&file, limits)?))).collect()
}

fn read_json(path: &Path, limits: &Limits) -> Result<Value, AppError> {
    let unusable = |cause: String| AppError::Settings(format!("{} can't be used: {cause}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    json::parse(&bytes, limits).map_err(|error| unusable(error.to_string()))
}
