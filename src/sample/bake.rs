//! Bakes a credential into a picture (Open Badges 3.0 §5.3).
//! Comes in: a signed credential, as JSON text or as a compact JWS. Goes out: a PNG or an SVG that carries it.

use super::picture;

/// Length of the signature and the header chunk; the credential follows them.
const AFTER_HEADER: usize = 8 + 25;

/// A PNG with the credential in an uncompressed iTXt chunk.
pub fn png(credential: &str) -> std::io::Result<Vec<u8>> {
    let picture = picture::png()?;
    let (head, tail) = picture.split_at(AFTER_HEADER.min(picture.len()));
    let data = [b"openbadgecredential\0\0\0\0\0", credential.as_bytes()].concat();
    Ok([head, &picture::chunk(b"iTXt", &data), tail].concat())
}

/// An SVG with the credential: a signature goes into `verify`, JSON into the element.
pub fn svg(credential: &str) -> String {
    let namespace = r#"xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0""#;
    let element = if credential.starts_with('{') {
        let text = credential.replace("]]>", "]]]]><![CDATA[>");
        format!("  <openbadges:credential {namespace}><![CDATA[{text}]]></openbadges:credential>")
    } else {
        format!("  <openbadges:credential {namespace} verify=\"{credential}\"/>")
    };
    picture::svg(&element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Limits;
    use crate::intake::baked;

    #[test]
    fn what_is_baked_comes_out_again() {
        let json = r#"{"a":"]]> <b> & é"}"#;
        let limits = Limits::default();
        assert_eq!(baked::png::extract(&png(json).unwrap_or_default(), &limits).payloads, [json]);
        assert_eq!(baked::svg::extract(svg(json).as_bytes(), &limits).payloads, [json]);
        assert_eq!(baked::svg::extract(svg("a.b.c").as_bytes(), &limits).payloads, ["a.b.c"]);
    }

    #[test]
    fn the_baked_picture_can_still_be_shown() {
        let file = png("{}").unwrap_or_default();
        let decoder = png_crate::Decoder::new(std::io::Cursor::new(file));
        let size = decoder.read_info().map(|reader| (reader.info().width, reader.info().height));
        assert_eq!(size.ok(), Some((240, 240)));
    }

    use ::png as png_crate;
}
