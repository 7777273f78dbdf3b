//! The pages: templates, texts in every language, one style sheet, small scripts; all of it is part of the program.
//! Comes in: a template's name and its values, or an asset's name. Goes out: HTML, or the asset's bytes.
//! Must not know: where values come from, who may see them.

pub mod channel;
pub mod dates;
pub mod frame;
pub mod messages;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// The asset of that name, if there is one. `known`: the version that the browser has, from `If-None-Match`.
pub fn asset(name: &str, known: Option<&str>) -> Option<HttpResponse> {
    let (_, bytes) = embedded::EMBEDDED.iter().find(|(path, _)| *path == name)?;
    let version = format!("\"{:08x}\"", crc32fast::hash(bytes));
    // Assets are part of the program, so a browser asks after an upgrade; the version answers in a few bytes.
    let mut response = match known == Some(version.as_str()) {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response.insert_header((ETAG, version.clone())).insert_header((CACHE_CONTROL, "no-cache"));
    if known == Some(version.as_str()) {
        return Some(response.finish());
    }
    Some(response.insert_header((CONTENT_TYPE, media_type(name))).body(*bytes))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
