//! The pages of recruiters and administrators: plain HTML, one style sheet, small scripts, all embedded.
//! Comes in: a GET for a page or an asset. Goes out: its bytes. The pages get their data from the API.
//! Must not know: any data. The scripts fetch it with the session cookie's rights.

pub mod channel;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Every asset, by name; there are no other assets.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("assets/style.css")),
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    ("recruiter.js", SCRIPT, include_str!("assets/recruiter.js")),
    ("admin.js", SCRIPT, include_str!("assets/admin.js")),
    ("skills.js", SCRIPT, include_str!("assets/skills.js")),
    ("connections.js", SCRIPT, include_str!("assets/connections.js")),
    ("deliveries.js", SCRIPT, include_str!("assets/deliveries.js")),
    ("exchange.js", SCRIPT, include_str!("assets/exchange.js")),
    ("verdict.js", SCRIPT, include_str!("assets/verdict.js")),
    ("words.js", SCRIPT, include_str!("assets/words.js")),
    ("session.js", SCRIPT, include_str!("assets/session.js")),
    ("api.js", SCRIPT, include_str!("assets/api.js")),
    ("dom.js", SCRIPT, include_str!("assets/dom.js")),
];

/// `GET /`
pub async fn recruiter() -> HttpResponse {
    embedded(HTML, include_str!("recruiter.html"))
}

/// `GET /admin`
pub async fn admin() -> HttpResponse {
    embedded(HTML, include_str!("admin.html"))
}

/// `GET /skills`
pub async fn skills() -> HttpResponse {
    embedded(HTML, include_str!("skills.html"))
}

/// The asset of that name, if there is one.
pub fn asset(name: &str) -> Option<HttpResponse> {
    let (_, media_type, text) = ASSETS.iter().find(|(known, _, _)| *known == name)?;
    Some(embedded(media_type, text))
}

/// The text is part of the program, so a browser must revalidate it after an upgrade.
fn embedded(media_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, media_type)).insert_header((CACHE_CONTROL, "no-cache")).body(text)
}
