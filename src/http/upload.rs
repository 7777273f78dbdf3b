//! Reads the body of a submission: a multipart form, or one raw file.
//! Comes in: a request whose body is still on the wire. Goes out: files and what is said of the person, all within bounds.
//! Must not know: what the files hold. What is wrong inside a file is not an error of the request.

use super::extract::{is_identifier, payload_problem};
use super::problem::{Code, Problem};
use crate::document::Limits;
use crate::model::ids::CandidateRef;
use crate::model::submission::{CandidateHint, UploadedFile};
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use std::future::Future;
use std::time::Duration;

const MAX_PARTS: usize = 1_000;
const MAX_TEXT_BYTES: usize = 4 << 10;
const MAX_EMAILS: usize = 10;
const MAX_EMAIL_BYTES: usize = 254;
const MAX_NAME_CHARS: usize = 200;
const MAX_FILE_NAME_CHARS: usize = 120;
/// Longest silence on the wire, and longest time for the whole body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const BODY_TIMEOUT: Duration = Duration::from_secs(600);
/// Boundaries and part headers around the files of a multipart body.
const MULTIPART_OVERHEAD_BYTES: usize = 1 << 20;

/// Media types of a raw body. What the file really is, is found out from its bytes.
pub const RAW_MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/ld+json",
    "application/vc",
    "application/vc+ld+json",
    "application/vp",
    "application/vp+ld+json",
    "application/jwt",
    "application/jose",
    "application/vc+jwt",
    "application/vc+ld+jwt",
    "application/vc+ld+json+jwt",
    "application/vp+jwt",
    "application/dc+sd-jwt",
    "application/vc+sd-jwt",
    "application/sd-jwt",
    "application/vc+cose",
    "application/vp+cose",
    "application/cose",
    "application/zip",
    "application/x-zip-compressed",
    "application/octet-stream",
    "image/png",
    "image/svg+xml",
    "text/plain",
];

/// What a submission's body held.
#[derive(Debug)]
pub struct Upload {
    pub files: Vec<UploadedFile>,
    pub candidate: CandidateHint,
}

/// The form that the body has, known from the request's head alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    Multipart,
    Raw { media_type: Option<String> },
}

/// The head of a submission, checked before a byte of its body is read.
#[derive(Clone, Debug)]
pub struct Head {
    pub form: Form,
    /// Most bytes that the body may have.
    pub cap: usize,
    /// Bytes that the body says it has, or the cap when it doesn't say.
    pub expected: usize,
}

/// Checks media type, encoding and announced length.
pub fn head(request: &HttpRequest, limits: &Limits) -> Result<Head, Problem> {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send the body without a Content-Encoding."));
    }
    let form = form(header(CONTENT_TYPE))?;
    let cap = match form {
        Form::Multipart => limits.max_upload_bytes.saturating_add(MULTIPART_OVERHEAD_BYTES),
        Form::Raw { .. } => limits.max_upload_bytes,
    };
    let announced = header(CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > cap) {
        return Err(too_large(limits));
    }
    Ok(Head { form, cap, expected: announced.unwrap_or(cap) })
}

fn form(content_type: Option<&str>) -> Result<Form, Problem> {
    let Some(content_type) = content_type else { return Ok(Form::Raw { media_type: None }) };
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "multipart/form-data" {
        return Ok(Form::Multipart);
    }
    if RAW_MEDIA_TYPES.contains(&essence.as_str()) {
        return Ok(Form::Raw { media_type: Some(essence) });
    }
    let detail = format!("Send multipart/form-data, or one file as {}.", RAW_MEDIA_TYPES.join(", "));
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

/// Reads the whole body within the limits, or says why not.
pub async fn read(request: &HttpRequest, head: &Head, payload: Payload, limits: &Limits) -> Result<Upload, Problem> {
    let reading = async {
        match &head.form {
            Form::Multipart => read_multipart(request, capped(payload, head.cap), limits).await,
            Form::Raw { media_type } => read_raw(media_type.clone(), payload, limits).await,
        }
    };
    let upload = tokio::time::timeout(BODY_TIMEOUT, reading).await.map_err(|_| too_slow())??;
    if upload.files.is_empty() {
        return Err(Problem::new(Code::NoFile, "The request holds no file; send at least one part named `file`."));
    }
    Ok(upload)
}

async fn read_raw(media_type: Option<String>, mut payload: Payload, limits: &Limits) -> Result<Upload, Problem> {
    let bytes = collect(&mut payload, limits, "The file", |error| payload_problem(&error)).await?;
    if bytes.is_empty() {
        return Err(Problem::new(Code::NoFile, "The request body is empty; send the file as the body."));
    }
    let file = UploadedFile { name: None, media_type, bytes };
    Ok(Upload { files: vec![file], candidate: CandidateHint::default() })
}

async fn read_multipart(
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    limits: &Limits,
) -> Result<Upload, Problem> {
    let mut form = Multipart::new(request.headers(), payload);
    let mut upload = Upload { files: Vec::new(), candidate: CandidateHint::default() };
    let mut total = 0usize;
    let mut parts = 0usize;
    while let Some(field) = in_time(form.next()).await? {
        let mut field = field.map_err(|error| multipart_problem(&error, limits))?;
        parts += 1;
        if parts > MAX_PARTS {
            return Err(Problem::new(Code::PayloadTooLarge, format!("The form has more than {MAX_PARTS} parts.")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file = read_file(&mut field, limits).await?;
            total = total.saturating_add(file.bytes.len());
            if total > limits.max_upload_bytes {
                return Err(too_large(limits));
            }
            upload.files.push(file);
        } else {
            let text = read_text(&mut field, &name, limits).await?;
            set_field(&mut upload.candidate, &name, text)?;
        }
    }
    Ok(upload)
}

async fn read_file(field: &mut Field, limits: &Limits) -> Result<UploadedFile, Problem> {
    let disposition = field.content_disposition();
    let extended =
        disposition.and_then(|given| given.get_filename_ext()).map(|ext| String::from_utf8_lossy(&ext.value).into_owned());
    let given = extended.or_else(|| disposition.and_then(|given| given.get_filename()).map(str::to_owned));
    let name = given.as_deref().map(plain_name);
    let media_type = field.content_type().map(|given| given.essence_str().to_owned());
    let subject = name.clone().map_or_else(|| "A file".to_owned(), |name| format!("The file {name}"));
    let bytes = collect(field, limits, &subject, |error| multipart_problem(&error, limits)).await?;
    Ok(UploadedFile { name, media_type, bytes })
}

async fn read_text(field: &mut Field, name: &str, limits: &Limits) -> Result<String, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = in_time(field.next()).await? {
        bytes.extend_from_slice(&chunk.map_err(|error| multipart_problem(&error, limits))?);
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(Problem::invalid_field(&plain_name(name), format!("is longer than {MAX_TEXT_BYTES} bytes")));
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::invalid_field(&plain_name(name), "is not valid UTF-8"))?;
    Ok(text.trim().to_owned())
}

/// Puts one text field of the form where it belongs. An empty value is as good as none.
pub fn set_field(candidate: &mut CandidateHint, name: &str, value: String) -> Result<(), Problem> {
    let refuse = |message: &str| Err(Problem::invalid_field(&plain_name(name), message));
    let known = ["candidate_email", "candidate_name", "candidate_ref"].contains(&name);
    match name {
        _ if known && value.is_empty() => {}
        "candidate_email" if !is_email(&value) => return refuse("is not an e-mail address"),
        "candidate_email" if candidate.emails.len() >= MAX_EMAILS => return refuse("is given more than ten times"),
        "candidate_email" => candidate.emails.push(value),
        "candidate_name" if candidate.name.is_some() => return refuse("is given twice"),
        "candidate_name" if value.chars().count() > MAX_NAME_CHARS => return refuse("is longer than 200 characters"),
        "candidate_name" if value.chars().any(char::is_control) => return refuse("holds control characters"),
        "candidate_name" => candidate.name = Some(value),
        "candidate_ref" if candidate.candidate_ref.is_some() => return refuse("is given twice"),
        "candidate_ref" => candidate.candidate_ref = Some(candidate_ref(&value)?),
        _ => return refuse("is not a field of this form; it takes file, candidate_email, candidate_name and candidate_ref"),
    }
    Ok(())
}

/// An opaque reference to a person, as given by the gateway or by the employer.
pub fn candidate_ref(value: &str) -> Result<CandidateRef, Problem> {
    if is_identifier(value) {
        return Ok(CandidateRef::from(value));
    }
    Err(Problem::invalid_field("candidate_ref", "may hold letters, digits and -._:@+ only, at most 128 of them"))
}

fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    plain && text.len() <= MAX_EMAIL_BYTES && !local.is_empty() && !domain.is_empty() && !local.contains('@')
}

/// Reads a file to its end, within the cap for what it begins like.
async fn collect<S, E>(stream: &mut S, limits: &Limits, subject: &str, problem: impl Fn(E) -> Problem) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut bytes = BytesMut::new();
    while let Some(chunk) = in_time(stream.next()).await? {
        bytes.extend_from_slice(&chunk.map_err(&problem)?);
        let cap = cap_for(&bytes, limits);
        if bytes.len() > cap {
            return Err(Problem::new(Code::PayloadTooLarge, format!("{subject} is larger than {cap} bytes.")));
        }
    }
    Ok(bytes.freeze())
}

/// An archive may be as large as a whole upload; its entries are bounded when it is opened.
fn cap_for(beginning: &[u8], limits: &Limits) -> usize {
    if beginning.starts_with(b"PK") { limits.max_upload_bytes } else { limits.max_file_bytes.min(limits.max_upload_bytes) }
}

/// The body as a stream that ends in an overflow after `cap` bytes, whatever its head announced.
fn capped(payload: Payload, cap: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
    payload.scan(0usize, move |seen, chunk| {
        let counted = chunk.and_then(|bytes| {
            *seen = seen.saturating_add(bytes.len());
            if *seen > cap { Err(PayloadError::Overflow) } else { Ok(bytes) }
        });
        std::future::ready(Some(counted))
    })
}

async fn in_time<T>(step: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(IDLE_TIMEOUT, step).await.map_err(|_| too_slow())
}

fn too_slow() -> Problem {
    Problem::new(Code::RequestTimeout, "The body arrived too slowly; send it again.")
}

fn too_large(limits: &Limits) -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("The upload is larger than {} bytes.", limits.max_upload_bytes))
}

fn multipart_problem(error: &MultipartError, limits: &Limits) -> Problem {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => too_large(limits),
        MultipartError::Payload(error) => payload_problem(error),
        MultipartError::ContentTypeIncompatible => {
            Problem::new(Code::UnsupportedMediaType, "The body is not multipart/form-data.")
        }
        other => Problem::new(Code::InvalidMultipart, format!("The multipart body is broken: {other}.")),
    }
}

/// A client's file name reduced to its last segment, without control or direction characters, at most 120 characters.
pub fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !c.is_control() && !is_format_character(*c)).collect();
    let trimmed = visible.trim();
    let length = trimmed.chars().count();
    match trimmed {
        "" | "." | ".." => "file".to_owned(),
        // Keep the end: it has the extension.
        long if length > MAX_FILE_NAME_CHARS => {
            let kept: String = long.chars().skip(length - MAX_FILE_NAME_CHARS + 1).collect();
            format!("…{kept}")
        }
        short => short.to_owned(),
    }
}

/// Characters that change how the text around them is shown: direction marks, zero-width ones.
fn is_format_character(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_reduced_to_something_plain() {
        for (given, plain) in [
            ("ada.png", "ada.png"),
            ("../../etc/passwd", "passwd"),
            (r"C:\badges\ada.png", "ada.png"),
            ("Čertifikát 🏅.json", "Čertifikát 🏅.json"),
            ("a\0\r\nb.png", "ab.png"),
            ("gpj.\u{202E}exe", "gpj.exe"),
            ("..", "file"),
            ("dir/", "file"),
        ] {
            assert_eq!(plain_name(given), plain, "{given:?}");
        }
        let long = plain_name(&format!("{}.png", "x".repeat(500)));
        assert_eq!(long.chars().count(), MAX_FILE_NAME_CHARS);
        assert!(long.ends_with(".png"));
    }

    #[test]
    fn media_types_are_told_apart_without_their_parameters() {
        assert_eq!(form(Some("multipart/form-data; boundary=x")).unwrap(), Form::Multipart);
        assert_eq!(
            form(Some("Application/JSON; charset=utf-8")).unwrap(),
            Form::Raw { media_type: Some("application/json".into()) }
        );
        assert_eq!(form(Some("text/html")).unwrap_err().code, Code::UnsupportedMediaType);
        assert_eq!(form(Some("multipart/mixed; boundary=x")).unwrap_err().code, Code::UnsupportedMediaType);
    }

    #[test]
    fn fields_of_the_person_are_checked_and_an_unknown_field_is_named() {
        let mut candidate = CandidateHint::default();
        set_field(&mut candidate, "candidate_email", "ada@example.org".into()).unwrap();
        set_field(&mut candidate, "candidate_email", String::new()).unwrap();
        set_field(&mut candidate, "candidate_ref", "employee:4711".into()).unwrap();
        assert_eq!(candidate.emails, ["ada@example.org"]);
        for (name, value) in
            [("candidate_email", "ada"), ("candidate_email", "a b@example.org"), ("candidate_ref", "x"), ("colour", "blue")]
        {
            let problem = set_field(&mut candidate, name, value.into()).unwrap_err();
            assert_eq!(problem.errors[0].field, name);
        }
    }
}
