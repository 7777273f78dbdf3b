//! Finds credentials in running text: pasted into a mail, quoted in an answer, wrapped over lines, several one after another.
//! Comes in: text that is not a credential as a whole. Goes out: the signed credentials in it. Only a complete token is taken, and the
//! parts of a broken object are not searched. Linear in the length of the text.

use super::found::{Content, Found, OpenInner, Source};
use super::{search, signed};
use crate::document::token::decode;
use crate::document::{Limits, json, spans};
use std::borrow::Cow;

/// Most pieces of a text that are opened.
const MAX_PIECES: usize = 1_000;
/// The shortest line that mail programs wrap.
const SHORTEST_WRAPPED_LINE: usize = 40;
/// The longest text before a token on its line.
const LONGEST_PREFIX: usize = 200;
/// Beginnings of a token's header in base64url: a brace, then a quotation mark, a blank or a new line.
const TOKEN_STARTS: [&[u8]; 5] = [b"eyJ", b"eyA", b"ewo", b"ew0", b"ewk"];
/// The most characters by which a line of a wrapped token may be shorter than the first line.
const RAGGED: usize = 4;
/// Bytes of signatures: ECDSA, EdDSA, HMAC, RSA.
const SIGNATURE_LENGTHS: &[usize] = &[32, 48, 64, 96, 114, 132, 256, 384, 512];

/// `None` without a credential. `open`: opens a JSON document, and the credentials of a presentation.
pub(super) fn open(content: &str, source: &Source<'_>, open: OpenInner) -> Option<Vec<Found>> {
    let mut found = scan(content, source, open);
    let plain = unquoted(content);
    if plain != content {
        found.extend(scan(&plain, source, open));
    }
    if let Some(decoded) = quoted_printable(&plain) {
        found.extend(scan(&decoded, source, open));
    }
    if found.is_empty() {
        found.extend(whole_token(&plain, source, open));
    }
    let found = search::merged(found);
    (!found.is_empty()).then_some(found)
}

/// The pieces of a text that begin like a token or like a JSON object.
fn scan(content: &str, source: &Source<'_>, open: OpenInner) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..MAX_PIECES {
        let Some((start, is_json)) = next_start(content, at) else { break };
        if is_json {
            // An unclosed object is broken; its parts are not credentials.
            let Some(end) = spans::end_of_container(content, start) else { break };
            let piece = content.get(start..end).unwrap_or_default();
            if json::parse_text(piece, source.limits).is_ok() {
                found.extend(open(piece, &source.deeper()).into_iter().filter_map(signed_only));
            }
            at = end;
        } else {
            let (token, end) = token_at(content, start);
            if is_complete(&token, source.limits) {
                found.extend(signed::open(&token, source, open).filter(is_credential));
            }
            at = end;
        }
    }
    found
}

/// The next place where a JSON object (true) or a token (false) begins.
fn next_start(content: &str, from: usize) -> Option<(usize, bool)> {
    let bytes = content.as_bytes();
    (from..bytes.len()).find_map(|at| {
        let rest = bytes.get(at..)?;
        if TOKEN_STARTS.iter().any(|start| rest.starts_with(start)) {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            return before.is_none_or(|before| *before == b'=' || !is_token_byte(*before)).then_some((at, false));
        }
        let opens = matches!(rest.first(), Some(b'{' | b'['));
        let next = || bytes.get(spans::after_space(content, at + 1));
        (opens && matches!((rest.first(), next()), (Some(b'{'), Some(b'"')) | (Some(b'['), Some(b'{' | b'"'))))
            .then_some((at, true))
    })
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'=')
}

/// The token that begins at `start`, joined from the lines that a mail program wrapped it into, and the place behind it.
/// The token continues on the next line when this line is as long as the first line and the next line holds only token characters.
fn token_at(content: &str, start: usize) -> (String, usize) {
    let bytes = content.as_bytes();
    let segment =
        |from: usize| from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| is_token_byte(**byte)).count();
    let before = bytes.get(start.saturating_sub(LONGEST_PREFIX)..start).unwrap_or_default();
    let prefix = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    let mut end = segment(start);
    let mut token = content.get(start..end).unwrap_or_default().to_owned();
    let width = prefix + end - start;
    let mut length = width;
    while width >= SHORTEST_WRAPPED_LINE && length + RAGGED >= width {
        let Some(next) = next_line(bytes, end) else { break };
        let next_end = segment(next);
        let is_alone = next_end > next && ends_line(bytes, next_end);
        if !is_alone {
            break;
        }
        token.push_str(content.get(next..next_end).unwrap_or_default());
        length = next_end - next;
        end = next_end;
    }
    // The full stop of the sentence around the token.
    (token.trim_end_matches('.').to_owned(), end.max(start + 2))
}

/// The first non-blank byte of the next line, when the rest of this line is blank.
fn next_line(bytes: &[u8], end: usize) -> Option<usize> {
    let blanks = |from: usize| {
        from + bytes.get(from..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count()
    };
    let line_end = blanks(end);
    (bytes.get(line_end) == Some(&b'\n')).then(|| blanks(line_end + 1))
}

/// Whether the line ends here, apart from blanks and a closing quotation mark or bracket.
fn ends_line(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..).unwrap_or_default().iter();
    let next = rest
        .copied()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' | b'>' | b')' | b',' | b';' | b'}' | b']'));
    matches!(next, None | Some(b'\n'))
}

/// Whether the token is complete: the payload is JSON, and the signature has the length of a signature.
fn is_complete(token: &str, limits: &Limits) -> bool {
    let (jws, disclosures) = token.split_once('~').map_or((token, None), |(jws, rest)| (jws, Some(rest)));
    if disclosures.is_some_and(|rest| !rest.is_empty() && !rest.ends_with('~') && rest.split('.').count() != 3) {
        return false;
    }
    let parts: Vec<&str> = jws.split('.').collect();
    let [header, payload, signature] = parts[..] else { return false };
    let is_object = |part: &str| decode(part).is_ok_and(|bytes| json::parse(&bytes, limits).is_ok_and(|value| value.is_object()));
    decode(signature).is_ok_and(|bytes| SIGNATURE_LENGTHS.contains(&bytes.len())) && is_object(header) && is_object(payload)
}

/// A token that is alone in its text, with any line breaks.
fn whole_token(content: &str, source: &Source<'_>, open: OpenInner) -> Option<Found> {
    let token: String = content.chars().filter(|c| !c.is_whitespace()).collect();
    let token = token.strip_prefix("Bearer").unwrap_or(&token).trim_matches(['"', '\'', '`', '<', '>', ',', ';']);
    if !TOKEN_STARTS.iter().any(|start| token.as_bytes().starts_with(start)) || !token.bytes().all(is_token_byte) {
        return None;
    }
    signed::open(token, source, open).filter(is_credential)
}

fn is_credential(found: &Found) -> bool {
    !matches!(found.content, Content::Nothing(_))
}

/// Drops unsigned credentials: examples in instructions are not signed.
fn signed_only(mut found: Found) -> Option<Found> {
    if let Content::Credentials(credentials) = &mut found.content {
        credentials.retain(|credential| !search::is_unsigned(credential));
        return (!credentials.is_empty()).then_some(found);
    }
    let counts = match &found.content {
        Content::Nothing(problem) => search::is_crowd(problem),
        _ => true,
    };
    counts.then_some(found)
}

/// The text without quotation signs (`>`) at the start of lines and without invisible characters.
fn unquoted(content: &str) -> Cow<'_, str> {
    let is_unseen = |c: char| matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}');
    let is_quoted = content.trim_start().starts_with('>') || content.contains("\n>");
    if !is_quoted && !content.contains(is_unseen) && !content.contains('\u{A0}') {
        return Cow::Borrowed(content);
    }
    let lines = content.lines().map(|line| match is_quoted {
        true => line.trim_start_matches(['>', ' ', '\t']),
        false => line,
    });
    let joined = lines.collect::<Vec<_>>().join("\n");
    Cow::Owned(joined.chars().filter(|c| !is_unseen(*c)).map(|c| if c == '\u{A0}' { ' ' } else { c }).collect())
}

/// The decoded text, for quoted-printable text (RFC 2045 §6.7); else `None`.
fn quoted_printable(content: &str) -> Option<String> {
    let is_written_so = ["=\n", "=\r\n", "=3D", "=2E", "=22", "=20"].iter().any(|remnant| content.contains(remnant));
    if !is_written_so {
        return None;
    }
    let mut decoded = Vec::with_capacity(content.len());
    let mut rest = content.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let soft_break = [&b"\r\n"[..], b"\n"].into_iter().find_map(|line_break| after.strip_prefix(line_break));
        if let Some(next_line) = soft_break {
            rest = next_line;
            continue;
        }
        match after.get(..2).and_then(|pair| hex::decode(pair).ok()) {
            Some(value) => {
                decoded.extend(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => decoded.push(b'='),
        }
    }
    String::from_utf8(decoded).ok()
}
