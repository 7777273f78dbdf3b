//! Reads the body of a channel's message, bounded in size.
//! Comes in: a request whose body is still on the wire. Goes out: its bytes, or why they could not be read.
//! Must not know: the meaning of the bytes, or how a handler words the refusal. Time and memory are watched by `arrival`.

use super::extract::header;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Payload;
use bytes::Bytes;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    /// The connection ended.
    Broken,
}

/// Reads a body up to `limit` bytes.
pub async fn read_body(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let announced = header(request.headers(), CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooLarge),
    }
}
