//! The example of a request, as a curl command. Comes in: an operation of the OpenAPI document. Goes out: text to copy.

use crate::http::openapi;
use serde_json::Value;

/// Values of the parameters in paths.
const PATH_VALUES: [(&str, &str); 12] = [
    ("{ref}", "c_7f2e"),
    ("{candidate_ref}", "c_7f2e"),
    ("{id}", "0193b2c4-7d1e-7000-8000-000000000001"),
    ("{x}", "z6QVsWBRqY6NHXpEjBAVsGkdR"),
    ("{code}", "issuer_unknown"),
    ("{name}", "welding"),
    ("{version}", "1.2.0"),
    ("{channel}", "standard-webhooks"),
    ("{key}", "Zm9vYmFyYmF6"),
    ("{start}", "0193b2c4-7d1e-7000-8000-00000000b001"),
    ("{token}", "Zm9vYmFyYmF6"),
    ("{invitation}", "Zm9vYmFyYmF6"),
];

/// `base`: the gateway's address. `needs_key`: whether the route needs an API key.
pub fn curl(base: &str, method: &str, path: &str, operation: &Value, needs_key: bool) -> String {
    let mut parts = vec!["curl".to_owned()];
    let mut address =
        format!("{base}{}", PATH_VALUES.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value)));
    if path.starts_with("/schemas/") {
        address = address.replace("welding", if path.contains("/events/") { "skill-event.json" } else { "submission.json" });
    }
    if needs_key {
        parts.push("-H \"Authorization: Bearer $KEY\"".to_owned());
    }
    let example = openapi::body(operation).and_then(|(media_type, media)| Some((media_type.as_str(), media.get("example")?)));
    let default_method = match example {
        Some(_) => "POST",
        None => "GET",
    };
    if !method.eq_ignore_ascii_case(default_method) {
        parts.push(format!("-X {}", method.to_uppercase()));
    }
    match example {
        Some((media_type, example)) if media_type.contains("json") => {
            parts.push(format!("--json {}", quoted(&example.to_string())))
        }
        Some((media_type, example)) => {
            let flag = if media_type.starts_with("multipart/") { "-F" } else { "--data-urlencode" };
            // A form gives a list by repeating the field.
            let fields = example.as_object().into_iter().flatten();
            let fields = fields.flat_map(|(name, value)| match value {
                Value::Array(items) => items.iter().map(|item| (name, item)).collect(),
                one => vec![(name, one)],
            });
            for (name, value) in fields {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                parts.push(format!("{flag} {}", quoted(&format!("{name}={text}"))));
            }
        }
        None => {}
    }
    parts.push(quoted(&address));
    let rest = parts.split_off(parts.len().min(2));
    let first = parts.join(" ");
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" \\\n  ")
}

/// One word for a shell.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:/@=".contains(c));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bodies_files_and_quotes_are_written_for_a_shell() {
        let operation =
            |media_type: &str, example: Value| json!({"requestBody": {"content": {media_type: {"example": example}}}});
        let json = operation("application/json", json!({"name": "Ada's key"}));
        assert_eq!(
            curl("http://h", "post", "/v1/api-keys", &json, true),
            "curl -H \"Authorization: Bearer $KEY\" \\\n  --json '{\"name\":\"Ada'\\''s key\"}' \\\n  http://h/v1/api-keys"
        );
        let form = operation("multipart/form-data", json!({"file": "@badge.png", "mail": ["a@b", "c@d"]}));
        let command = curl("http://h", "post", "/v1/submissions", &form, false);
        assert!(
            command.contains("-F file=@badge.png") && command.contains("-F mail=a@b") && command.contains("-F mail=c@d"),
            "{command}"
        );
        assert_eq!(
            curl("http://h", "delete", "/v1/candidates/{ref}", &json!({}), false),
            "curl -X DELETE \\\n  http://h/v1/candidates/c_7f2e"
        );
    }
}
