//! Fetches the address of a resolved link through the guarded client, and explains a failure in plain words.

use super::platforms::{LinkProblem, Resolved};
use crate::http_client::{HttpClient, HttpError, OutboundResponse};
use crate::model::submission::UploadedFile;

const ACCEPT: &str = "application/json, application/ld+json, application/vc, application/vc+ld+json, application/vc+jwt, application/jwt, image/png, image/svg+xml;q=0.5";

/// The file behind the link, to be handled like an upload.
pub async fn fetch(client: &HttpClient, resolved: &Resolved) -> Result<UploadedFile, LinkProblem> {
    let response = client.get(&resolved.url, ACCEPT).await.map_err(|error| unreachable(&resolved.platform, &error))?;
    judge(&resolved.platform, response)
}

fn unreachable(platform: &str, error: &HttpError) -> LinkProblem {
    tracing::info!(platform, cause = %error, "a link could not be fetched");
    match error {
        HttpError::TooLarge(_) => {
            LinkProblem::new("link_too_large", format!("The answer from {platform} is too large to be a credential."))
        }
        // A closed address reads like a dead address: a link is no way to look at the employer's own network.
        _ => LinkProblem::new("link_unreachable", format!("{platform} could not be reached. Try again in a moment.")),
    }
}

fn judge(platform: &str, response: OutboundResponse) -> Result<UploadedFile, LinkProblem> {
    let media_type =
        response.header("content-type").map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let is_json = response.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    match response.status {
        200..=299 => {}
        // The body of a revoked badge identifies the badge for the verifier.
        410 if is_json => {}
        410 => return Err(LinkProblem::new("link_gone", format!("{platform} says that this credential was revoked."))),
        404 => {
            return Err(LinkProblem::new(
                "link_not_public",
                format!("{platform} shows no credential at this link: the credential is not public, or the link is wrong."),
            ));
        }
        401 | 403 => {
            return Err(LinkProblem::new("link_not_public", format!("{platform} does not show this credential publicly.")));
        }
        429 => {
            return Err(LinkProblem::new(
                "link_unreachable",
                format!("{platform} limits the number of requests. Try again in a few minutes."),
            ));
        }
        status => return Err(LinkProblem::new("link_unreachable", format!("{platform} answered with an error ({status})."))),
    }
    let is_page = media_type.as_deref().is_some_and(|text| text.contains("html"));
    if is_page || response.body.is_empty() {
        return Err(LinkProblem::new("link_is_a_page", format!("{platform} answered with a web page instead of a credential.")));
    }
    let name = match media_type.as_deref() {
        Some("image/png") => "link.png",
        Some("image/svg+xml") => "link.svg",
        Some("application/jwt" | "application/vc+jwt" | "text/plain") => "link.jwt",
        _ => "link.json",
    };
    Ok(UploadedFile { name: Some(name.to_owned()), media_type, bytes: response.body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use url::Url;

    fn response(status: u16, media_type: &str, body: &'static str) -> OutboundResponse {
        OutboundResponse {
            status,
            headers: vec![("content-type".to_owned(), media_type.to_owned())],
            body: Bytes::from_static(body.as_bytes()),
            final_url: Url::parse("https://api.example").unwrap(),
        }
    }

    #[test]
    fn pages_private_and_missing_credentials_each_have_their_own_sentence() {
        for (status, media_type, body, code) in [
            (200, "text/html; charset=utf-8", "<html>", "link_is_a_page"),
            (200, "application/json", "", "link_is_a_page"),
            (404, "application/json", "{}", "link_not_public"),
            (403, "text/html", "no", "link_not_public"),
            (410, "text/html", "gone", "link_gone"),
            (429, "", "", "link_unreachable"),
            (500, "", "", "link_unreachable"),
        ] {
            let problem = judge("Platform", response(status, media_type, body)).unwrap_err();
            assert_eq!(problem.code, code, "{status}");
            assert!(problem.next_step.contains("file"));
        }
    }

    #[test]
    fn a_credential_is_taken_with_its_media_type_and_a_withdrawn_one_with_its_body() {
        let file = judge("Platform", response(200, "application/ld+json; charset=utf-8", "{}")).unwrap();
        assert_eq!((file.name.as_deref(), file.media_type.as_deref()), (Some("link.json"), Some("application/ld+json")));
        assert!(judge("Platform", response(410, "application/json", " {\"revoked\":true}")).is_ok());
    }
}
