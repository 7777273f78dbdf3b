//! The picture of a badge, as far as it lies in the credential itself.
//! Comes in: a stored credential. Goes out: a small PNG that was written anew, or nothing. Nothing is fetched, and SVG is never drawn.

use super::budget::Budget;
use super::picture::{Kind, small_png};
use crate::document::Limits;
use crate::document::json;
use crate::document::token::decode;
use serde_json::Value;

/// Most pixels of a badge's picture: 4,000 by 4,000.
const MOST_PIXELS: usize = 16_000_000;
/// Where Open Badges 3 and 2, CLR and the credential data model put pictures, the most special place first.
const PLACES: [&str; 8] = [
    "/credentialSubject/achievement/image",
    "/credentialSubject/achievement/0/image",
    "/credentialSubject/0/achievement/image",
    "/badge/image",
    "/image",
    "/vc/credentialSubject/achievement/image",
    "/vc/image",
    "/credentialSubject/image",
];

/// `None` when there is no picture of a kind that can be read within the limits.
pub(crate) fn badge_picture(bytes: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let credential = content(bytes, limits)?;
    let limits = Limits { max_pixels: limits.max_pixels.min(MOST_PIXELS), ..limits.clone() };
    let budget = Budget::new(&limits);
    let named = PLACES.iter().filter_map(|place| credential.pointer(place));
    let texts = named.filter_map(|image| image.as_str().or_else(|| image.get("id").or_else(|| image.get("url"))?.as_str()));
    texts.filter_map(inside).find_map(|(kind, bytes)| small_png(kind, &bytes, &budget))
}

/// The JSON of the credential: as it is, or the payload of a signed token (also with disclosures behind it).
fn content(bytes: &[u8], limits: &Limits) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if text.starts_with('{') {
        return json::parse_text(text, limits).ok();
    }
    let payload = decode(text.split('~').next()?.split('.').nth(1)?).ok()?;
    json::parse(&payload, limits).ok()
}

/// The picture of a `data:` URI (RFC 2397), by its first bytes: what the URI says of its kind does not count.
fn inside(uri: &str) -> Option<(Kind, Vec<u8>)> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let (head, body) = uri.strip_prefix("data:")?.split_once(',')?;
    if !head.ends_with(";base64") {
        return None;
    }
    let bytes = STANDARD.decode(body.trim()).ok()?;
    let kind = match &bytes {
        png if png.starts_with(b"\x89PNG\r\n\x1a\n") => Kind::Png,
        jpeg if jpeg.starts_with(b"\xff\xd8\xff") => Kind::Jpeg,
        gif if gif.starts_with(b"GIF8") => Kind::Gif,
        webp if webp.starts_with(b"RIFF") && webp.get(8..12) == Some(b"WEBP") => Kind::WebP,
        _ => return None,
    };
    Some((kind, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::json;

    /// A red GIF of one pixel.
    const GIF: &[u8] =
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

    fn uri(bytes: &[u8]) -> String {
        format!("data:image/whatever;base64,{}", STANDARD.encode(bytes))
    }

    fn of(credential: &Value) -> Option<Vec<u8>> {
        badge_picture(credential.to_string().as_bytes(), &Limits::STANDARD)
    }

    #[test]
    fn a_picture_inside_a_credential_is_found_in_each_form() {
        let subject = |image: Value| json!({"credentialSubject": {"achievement": {"image": image}}});
        for credential in
            [subject(json!({"id": uri(GIF), "type": "Image"})), subject(json!(uri(GIF))), json!({"badge": {"image": uri(GIF)}})]
        {
            let png = of(&credential).unwrap();
            assert!(png.starts_with(b"\x89PNG"), "{credential}");
        }
        let payload = URL_SAFE_NO_PAD.encode(subject(json!(uri(GIF))).to_string());
        assert!(badge_picture(format!("e30.{payload}.AA~").as_bytes(), &Limits::STANDARD).is_some());
    }

    #[test]
    fn addresses_svg_and_nonsense_give_no_picture() {
        for image in [
            "https://example.org/badge.png".to_owned(),
            uri(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
            "data:image/png,x".to_owned(),
            uri(b""),
        ] {
            assert_eq!(of(&json!({"image": image})), None, "{image}");
        }
        assert_eq!(badge_picture(b"\xff\xfe", &Limits::STANDARD), None);
        assert_eq!(badge_picture(b"a.b", &Limits::STANDARD), None);
    }
}
