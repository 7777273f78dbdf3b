//! A body of several parts (RFC 7578), some of which may be files.
//! Comes in: the parts of a call as templates. Goes out: the body and its media type. The boundary follows from the content, so that a
//! repeated request is the same.

use super::manifest::Part;
use super::request::wrong;
use super::template::Templates;
use super::values::TemplateError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Value;
use sha2::{Digest, Sha256};

/// The body and its media type.
pub fn body(templates: &Templates, parts: &[Part], context: &Value) -> Result<(Vec<u8>, String), TemplateError> {
    let mut rendered = Vec::with_capacity(parts.len());
    let mut hasher = Sha256::new();
    for part in parts {
        let (head, content) = render(templates, part, context)?;
        hasher.update(&content);
        rendered.push((head, content));
    }
    let boundary = format!("skillgate-{}", &hex::encode(hasher.finalize())[..32]);
    let mut body = Vec::new();
    for (head, content) in rendered {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(&content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((body, format!("multipart/form-data; boundary={boundary}")))
}

/// The part's headers and its content.
fn render(templates: &Templates, part: &Part, context: &Value) -> Result<(String, Vec<u8>), TemplateError> {
    let mut head = format!("content-disposition: form-data; name=\"{}\"", quoted(&part.name));
    if let Some(file_name) = &part.file_name {
        head.push_str(&format!("; filename=\"{}\"", quoted(&templates.text(file_name, context)?)));
    }
    if let Some(media_type) = &part.media_type {
        let media_type = templates.text(media_type, context)?;
        if media_type.contains(|c: char| c.is_control()) {
            return Err(wrong(&media_type, "a media type may not hold control characters"));
        }
        head.push_str(&format!("\r\ncontent-type: {media_type}"));
    }
    let content = match (&part.text, &part.base64) {
        (Some(text), _) => templates.text(text, context)?.into_bytes(),
        (None, Some(source)) => {
            let value = templates.value(source, context)?;
            let decoded = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            decoded.ok_or_else(|| wrong(source, "the value is not Base64"))?
        }
        (None, None) => return Err(wrong(&part.name, "a part needs `text` or `base64`")),
    };
    Ok((head, content))
}

/// Inside the quotes of a header (HTML Standard, multipart/form-data encoding).
fn quoted(text: &str) -> String {
    let visible = text.chars().filter(|c| !c.is_control() || matches!(c, '\r' | '\n')).collect::<String>();
    visible.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::values::from_json;
    use serde_json::json;

    #[test]
    fn parts_can_not_be_broken_out_of_by_their_names_or_content() {
        let parts: Vec<Part> = serde_json::from_value(json!([
            {"name": "id", "text": "{{ id }}"},
            {"name": "file", "base64": "{{ file }}", "file_name": "{{ name }}", "media_type": "application/json"}
        ]))
        .unwrap();
        let context = from_json(&json!({"id": "7\r\n--x", "file": STANDARD.encode("{}"), "name": "a\"; name=\"b\r\nx: y"}));
        let (body, media_type) = super::body(&Templates, &parts, &context).unwrap();
        let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = String::from_utf8(body).unwrap();
        let wanted = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"id\"\r\n\r\n7\r\n--x\r\n--{boundary}\r\ncontent-disposition: form-data; \
             name=\"file\"; filename=\"a%22; name=%22b%0D%0Ax: y\"\r\ncontent-type: application/json\r\n\r\n{{}}\r\n--{boundary}--\r\n"
        );
        assert_eq!(text, wanted);
        let broken = from_json(&json!({"id": "7", "file": "no base64!", "name": "a"}));
        assert!(super::body(&Templates, &parts, &broken).is_err());
    }
}
