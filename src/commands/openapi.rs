//! `skillgate openapi`: prints the description of the HTTP API (OpenAPI 3.1, JSON).

use crate::http::openapi;
use std::io::Write;
use std::process::ExitCode;

/// # Errors
/// When standard output is closed, or the embedded document is broken (which the tests rule out).
pub fn run() -> anyhow::Result<ExitCode> {
    let document = openapi::json().map_err(anyhow::Error::msg)?;
    std::io::stdout().write_all(document.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
