//! Reads the body of a submission: a multipart form, or one raw file.
//! Comes in: a request whose body is still on the wire. Goes out: files and the person's fields, all within bounds.
//! Must not know: what the files hold, which fields a person has. What is wrong inside a file is not an error of the request.

use super::extract::payload_problem;
use super::person::{people, set_field};
use super::plain_name::plain_name;
use super::problem::{Code, Problem};
use crate::document::Limits;
use crate::model::submission::{CandidateHint, FilePerson, UploadedFile};
use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

const MAX_PARTS: usize = 1_000;
const MAX_TEXT_BYTES: usize = 4 << 10;
const MAX_PEOPLE_BYTES: usize = 1 << 20;
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
    "application/pdf",
    "application/vnd.ms-outlook",
    "message/rfc822",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/webp",
    "text/plain",
];

/// The content of a submission's body.
#[derive(Debug)]
pub struct Upload {
    pub files: Vec<UploadedFile>,
    pub candidate: CandidateHint,
    /// The persons of single files.
    pub people: Vec<FilePerson>,
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
    Ok(Head { form, cap })
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
    let upload = match &head.form {
        Form::Multipart => read_multipart(request, capped(payload, head.cap), limits).await?,
        Form::Raw { media_type } => read_raw(media_type.clone(), payload, limits).await?,
    };
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
    Ok(Upload { files: vec![file], candidate: CandidateHint::default(), people: Vec::new() })
}

async fn read_multipart(
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    limits: &Limits,
) -> Result<Upload, Problem> {
    let mut form = Multipart::new(request.headers(), payload);
    let mut upload = Upload { files: Vec::new(), candidate: CandidateHint::default(), people: Vec::new() };
    let mut total = 0usize;
    let mut parts = 0usize;
    while let Some(field) = form.next().await {
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
        } else if name == "people" {
            let text = read_text(&mut field, &name, MAX_PEOPLE_BYTES, limits).await?;
            upload.people.extend(people(&text)?);
        } else {
            let text = read_text(&mut field, &name, MAX_TEXT_BYTES, limits).await?;
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

async fn read_text(field: &mut Field, name: &str, cap: usize, limits: &Limits) -> Result<String, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| multipart_problem(&error, limits))?);
        if bytes.len() > cap {
            return Err(Problem::invalid_field(&plain_name(name), format!("is longer than {cap} bytes")));
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Problem::invalid_field(&plain_name(name), "is not valid UTF-8"))?;
    Ok(text.trim().to_owned())
}

/// Reads a file to its end, within the limit for the type that its first bytes show.
async fn collect<S, E>(stream: &mut S, limits: &Limits, subject: &str, problem: impl Fn(E) -> Problem) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
