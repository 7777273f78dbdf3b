//! Documents, pictures and mails as recruiters get them, made here byte by byte.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use qrcode::{Color, EcLevel, QrCode};
use std::io::{Cursor, Write};

pub fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A PDF document from its objects, numbered from 1; the first is the catalogue.
pub fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (index, object) in objects.iter().enumerate() {
        writeln!(file, "{} 0 obj", index + 1).unwrap();
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    file.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    file
}

/// `members` stand in the stream's dictionary beside its length.
pub fn stream(members: &str, data: &[u8]) -> Vec<u8> {
    [format!("<< {members} /Length {} >>\nstream\n", data.len()).into_bytes(), data.to_vec(), b"\nendstream".to_vec()].concat()
}

fn packed(members: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("{members} /Filter /FlateDecode"), &deflated(data))
}

pub const CATALOG: &str = "<< /Type /Catalog >>";

/// A file in the list of embedded files.
pub fn pdf_with_attachment(name: &str, data: &[u8]) -> Vec<u8> {
    pdf(&[
        b"<< /Type /Catalog /Names << /EmbeddedFiles << /Names [(x) 2 0 R] >> >> >>".to_vec(),
        format!("<< /Type /Filespec /F ({name}) /EF << /F 3 0 R >> >>").into_bytes(),
        packed("/Type /EmbeddedFile", data),
    ])
}

/// The file hangs at a note on the page, and stands in an object stream.
pub fn pdf_with_note(name: &str, data: &[u8]) -> Vec<u8> {
    let note = format!("<< /Subtype /FileAttachment /FS << /F ({name}) /UF ({name}) /EF << /F 3 0 R >> >> >>");
    let page = "<< /Type /Page /Annots [5 0 R] >>";
    let numbers = format!("2 0 5 {} ", page.len() + 1);
    let inner = format!("{numbers}{page} {note}");
    pdf(&[
        CATALOG.into(),
        b"null".to_vec(),
        packed("/Type /EmbeddedFile", data),
        packed(&format!("/Type /ObjStm /N 2 /First {}", numbers.len()), inner.as_bytes()),
    ])
}

pub fn pdf_with_metadata(value: &str) -> Vec<u8> {
    let escaped = value.replace('&', "&amp;").replace('<', "&lt;");
    let packet = format!(
        "<?xpacket begin=\"\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><c:credential xmlns:c=\"https://example.org/c\">{escaped}</c:credential></x:xmpmeta>"
    );
    pdf(&[CATALOG.into(), stream("/Type /Metadata /Subtype /XML", packet.as_bytes())])
}

pub fn pdf_with_link(link: &str) -> Vec<u8> {
    pdf(&[CATALOG.into(), format!("<< /Type /Annot /Subtype /Link /A << /S /URI /URI ({link}) >> >>").into_bytes()])
}

/// The text in letters that only a character map explains, each placed by itself.
pub fn pdf_with_text(text: &str) -> Vec<u8> {
    let codes = text.chars().map(|letter| format!("<{:04x}> Tj 6 0 Td ", letter as u32 + 256));
    let content = format!("BT /F1 12 Tf 10 10 Td {} ET", codes.collect::<String>());
    let map = "1 beginbfrange <0120> <017E> <0020> endbfrange";
    pdf(&[
        CATALOG.into(),
        b"<< /Type /Page /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>".to_vec(),
        packed("", content.as_bytes()),
        b"<< /Type /Font /Subtype /Type0 /ToUnicode 5 0 R >>".to_vec(),
        packed("", map.as_bytes()),
    ])
}

/// Shades of a QR code: width and one byte a pixel, with a white margin.
pub fn code(text: &str) -> (usize, Vec<u8>) {
    const SCALE: usize = 4;
    const MARGIN: usize = 4;
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let (side, colors) = (code.width(), code.to_colors());
    let width = (side + 2 * MARGIN) * SCALE;
    let shade = |at: usize| {
        let (x, y) = ((at % width / SCALE).wrapping_sub(MARGIN), (at / width / SCALE).wrapping_sub(MARGIN));
        if x < side && y < side && colors[y * side + x] == Color::Dark { 0 } else { 255 }
    };
    (width, (0..width * width).map(shade).collect())
}

/// The code as plain samples in colour.
pub fn pdf_with_code(text: &str) -> Vec<u8> {
    let (width, shades) = code(text);
    let colors: Vec<u8> = shades.iter().flat_map(|shade| [*shade; 3]).collect();
    let members = format!("/Subtype /Image /Width {width} /Height {width} /BitsPerComponent 8 /ColorSpace /DeviceRGB");
    pdf(&[CATALOG.into(), packed(&members, &colors)])
}

/// The code as black squares that the page draws itself.
pub fn pdf_with_drawn_code(text: &str) -> Vec<u8> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let (side, colors) = (code.width(), code.to_colors());
    let dark = (0..side * side).filter(|at| colors[*at] == Color::Dark);
    let squares: String = dark.map(|at| format!("{} {} 2 2 re f\n", at % side * 2, (side - at / side) * 2)).collect();
    let content = format!("q 1 0 0 1 300 100 cm 1 g 0 0 600 600 re f 0 g {squares} Q");
    pdf(&[CATALOG.into(), b"<< /Type /Page /Contents 3 0 R >>".to_vec(), packed("", content.as_bytes())])
}

/// The code as a scanner writes it.
pub fn pdf_with_scan(text: &str) -> Vec<u8> {
    let (width, _) = code(text);
    let members =
        format!("/Subtype /Image /Width {width} /Height {width} /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /DCTDecode");
    pdf(&[CATALOG.into(), stream(&members, &jpeg(text))])
}

pub fn jpeg(text: &str) -> Vec<u8> {
    let (width, shades) = code(text);
    let mut bytes = Vec::new();
    let side = u16::try_from(width).unwrap();
    jpeg_encoder::Encoder::new(&mut bytes, 80).encode(&shades, side, side, jpeg_encoder::ColorType::Luma).unwrap();
    bytes
}

/// Black on nothing, as many tools draw codes.
pub fn png(text: &str) -> Vec<u8> {
    let (width, shades) = code(text);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, width as u32);
    encoder.set_color(png::ColorType::GrayscaleAlpha);
    let samples: Vec<u8> = shades.iter().flat_map(|shade| [0, 255 - shade]).collect();
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

pub fn webp(text: &str) -> Vec<u8> {
    let (width, shades) = code(text);
    let mut bytes = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut bytes);
    encoder.encode(&shades, width as u32, width as u32, image_webp::ColorType::L8).unwrap();
    bytes
}

pub fn gif(text: &str) -> Vec<u8> {
    let (width, shades) = code(text);
    let side = u16::try_from(width).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, side, side, &[0, 0, 0, 255, 255, 255]).unwrap();
    let indices: Vec<u8> = shades.iter().map(|shade| u8::from(*shade > 0)).collect();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(side, side, indices, None)).unwrap();
    drop(encoder);
    bytes
}

/// A message with a page, a text and one attachment.
pub fn eml(html: &str, attached: &str, data: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(data);
    let lines: Vec<&str> = coded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let lines = lines.join("\r\n");
    format!(
        "Received: by mx.example.org\r\nFrom: Ada <ada@example.org>\r\nTo: jobs@example.org\r\nSubject: =?utf-8?Q?Bewerbung_=C3=A4?=\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
        --b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n\
        --b\r\nContent-Type: application/octet-stream; name=\"{attached}\"\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename=\"{attached}\"\r\n\r\n{lines}\r\n--b--\r\n",
        html.replace('=', "=3D")
    )
    .into_bytes()
}

/// A message in a message.
pub fn forwarded(inner: &[u8]) -> Vec<u8> {
    let head = b"From: hr@example.org\r\nTo: jobs@example.org\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"o\"\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n";
    [&head[..], inner, b"\r\n--o--\r\n"].concat()
}

/// A message as Outlook saves it.
pub fn msg(body: &str, attached: &str, data: &[u8]) -> Vec<u8> {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_storage("/__attach_version1.0_#00000000").unwrap();
    for (path, bytes) in [
        ("/__properties_version1.0", vec![0; 32]),
        ("/__substg1.0_1000001F", utf16(body)),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", utf16(attached)),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102", data.to_vec()),
    ] {
        file.create_stream(path).unwrap().write_all(&bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}
