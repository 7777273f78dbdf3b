//! The pages for candidates and owners of wallets: consent, waiting for a wallet, plain messages.
//! Comes in: a template's name and its values. Goes out: HTML with every value escaped. Must not know: the source of the values.

use super::frame;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

/// A page. `form_action`: the allowed targets of its forms, in the form of a Content-Security-Policy.
pub fn page(status: u16, template: &str, values: &Value, form_action: &str) -> HttpResponse {
    let html = frame::render(template, template_value(values));
    let (status, html) = match html {
        Ok(html) => (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), html),
        Err(error) => {
            tracing::error!(template, cause = %error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, frame::broken())
        }
    };
    let policy =
        format!("default-src 'self'; base-uri 'none'; form-action {form_action}; frame-ancestors 'none'; object-src 'none'");
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("content-security-policy", policy))
        .body(html)
}

/// JSON values for templates. These pages use no numbers.
fn template_value(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(flag) => minijinja::Value::from(*flag),
        Value::Number(number) => minijinja::Value::from(number.to_string()),
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(items) => minijinja::Value::from(items.iter().map(template_value).collect::<Vec<_>>()),
        Value::Object(members) => {
            minijinja::Value::from_pairs(members.iter().map(|(name, value)| (name.as_str(), template_value(value))))
        }
    }
}

/// One heading, one sentence.
pub fn message(status: u16, title: &str, text: &str) -> HttpResponse {
    page(status, "message.html", &json!({"title": title, "text": text}), "'none'")
}

/// A QR code as inline SVG, black on white for every theme.
pub fn qr_code(text: &str) -> String {
    use qrcode::render::svg;
    use qrcode::{EcLevel, QrCode};
    match QrCode::with_error_correction_level(text, EcLevel::M) {
        Ok(code) => {
            let picture = code.render::<svg::Color>().min_dimensions(240, 240).quiet_zone(true).build();
            // HTML allows no XML declaration.
            picture.split_once("?>").map_or(picture.clone(), |(_, rest)| rest.to_owned())
        }
        Err(_) => String::new(),
    }
}

/// `GET /about/terms`
pub async fn terms() -> HttpResponse {
    let text = [
        "This gateway accepts digital credentials on behalf of an employer, checks whether they are genuine, and passes the skills in them on to the employer’s own systems.",
        "Send only credentials that you may share. The employer decides what they mean for an application.",
        "The employer who runs this gateway has not published terms of its own; ask them when in doubt.",
    ];
    page(200, "about.html", &json!({"title": "Terms of service", "paragraphs": text}), "'none'")
}

/// `GET /about/privacy`
pub async fn privacy() -> HttpResponse {
    let text = [
        "What you share is kept exactly as you sent it, together with the result of the checks, until the employer erases it or you ask the employer to.",
        "Your name and addresses are kept encrypted. Skills are passed on under a number, not under your name, except to the employer’s own applicant and personnel systems.",
        "You can disconnect a platform at any time, there or by asking the employer. The employer is responsible for the data; its own privacy notice applies.",
    ];
    page(200, "about.html", &json!({"title": "Privacy", "paragraphs": text}), "'none'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound_and_escapes_what_it_is_given() {
        let values = json!({
            "title": "<b>t</b>", "text": "<script>", "paragraphs": ["<i>"], "organisation": "<b>Org</b>", "client_host": "<x>", "client_name": "n",
            "scopes": ["<s>"], "fields": [{"name": "state", "value": "\"><script>"}], "consent": "c", "invited": false, "purpose": null,
            "privacy_url": "https://gw.example/p", "problem": null, "code": "c", "address": "a", "expires": "e", "reason": "<r>",
            "qr": qr_code("https://gw.example/interactions/x?iuv=1"), "interaction": "https://gw.example", "id": "x", "state": "pending",
            "wallets": [{"name": "W", "link": "interaction:https://x"}], "keep_days": 30,
        });
        for name in ["consent.html", "connect.html", "interaction.html", "message.html", "about.html"] {
            let html = frame::render(name, template_value(&values)).unwrap();
            assert!(html.contains("<h1"), "{name}");
            assert!(!html.contains("<script>") && !html.contains("<b>Org</b>") && !html.contains("<r>"), "{name}: {html}");
        }
    }

    #[test]
    fn a_qr_code_is_plain_svg() {
        let picture = qr_code("https://gw.example/interactions/x?iuv=1");
        assert!(picture.trim_start().starts_with("<svg") && picture.contains("</svg>"));
    }
}
