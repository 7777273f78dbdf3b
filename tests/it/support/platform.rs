//! A platform for tests: registers over OAuth, gets a candidate's consent, calls the Open Badges API.

use super::{Answer, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const REDIRECT: &str = "https://platform.example/cb";
pub const SCOPE: &str = "https://purl.imsglobal.org/spec/ob/v3p0/scope/";
pub const BASE: &str = "/ims/ob/v3p0";

pub struct Platform<'a> {
    pub app: &'a TestApp,
    pub id: String,
    pub secret: String,
}

pub fn all_scopes() -> String {
    let names = ["credential.readonly", "credential.upsert", "profile.readonly", "profile.update"];
    let scopes: Vec<String> = names.iter().map(|name| format!("{SCOPE}{name}")).collect();
    format!("{} offline_access", scopes.join(" "))
}

pub fn registration() -> Value {
    json!({"client_name": "Platform", "client_uri": "https://platform.example", "logo_uri": "https://platform.example/l.png",
        "tos_uri": "https://platform.example/t", "policy_uri": "https://platform.example/p", "software_id": "s", "software_version": "1",
        "redirect_uris": [REDIRECT], "scope": format!("{} https://purl.imsglobal.org/spec/clr/v2p0/scope/credential.upsert", all_scopes())})
}

/// A candidate link of a new person.
pub async fn invite(app: &TestApp, body: Value) -> Value {
    let answer = Answer::of(app.request("POST", "/v1/invitations").json(&body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

pub fn with_query(path: &str, parameters: &[(&'static str, String)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

/// A verifier of a permitted length, different for each name.
pub fn verifier(name: &str) -> String {
    format!("{name:-<43}")
}

impl<'a> Platform<'a> {
    pub async fn register(app: &'a TestApp) -> Self {
        let answer = Answer::of(app.stranger("POST", "/oauth/register").json(&registration())).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { app, id: text("client_id"), secret: text("client_secret") }
    }

    pub fn authorization(&self, scope: &str, verifier: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.id.clone()),
            ("redirect_uri", REDIRECT.to_owned()),
            ("scope", scope.to_owned()),
            ("state", "st".to_owned()),
            ("code_challenge", challenge(verifier)),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    /// What a browser does: reads the page, keeps its cookie, sends the form with the candidate's code.
    pub async fn decide(&self, parameters: &[(&'static str, String)], extra: &[(&'static str, &str)]) -> Answer {
        let page = Answer::of(self.app.stranger("GET", &with_query("/oauth/authorize", parameters))).await;
        if page.status != 200 {
            return page;
        }
        let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
        let consent = cookie.split_once('=').unwrap().1.to_owned();
        let mut form: Vec<(&str, String)> = parameters.to_vec();
        form.push(("consent", consent));
        form.extend(extra.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Answer::of(self.app.stranger("POST", "/oauth/authorize").header("cookie", cookie).form(&form)).await
    }

    /// The code that a candidate's consent gives.
    pub async fn code(&self, invitation: &str, scope: &str, verifier: &str) -> String {
        let answer = self.decide(&self.authorization(scope, verifier), &[("invitation", invitation)]).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        let location = url::Url::parse(answer.header("location")).unwrap();
        let member = |name: &str| location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.to_string());
        assert_eq!(member("state").as_deref(), Some("st"));
        assert!(member("scope").is_some(), "the redirect names the scope");
        member("code").unwrap()
    }

    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.app.stranger("POST", "/oauth/token").basic_auth(&self.id, Some(&self.secret)).form(form)).await
    }

    pub async fn redeem(&self, code: &str, verifier: &str) -> Answer {
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", verifier)];
        self.token(&form).await
    }

    /// An access token (and what came with it) of one candidate.
    pub async fn connect(&self, invitation: &str, scope: &str) -> Value {
        let verifier = verifier("connect");
        let code = self.code(invitation, scope, &verifier).await;
        let answer = self.redeem(&code, &verifier).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }
}

/// A call of the Open Badges API with a token.
pub fn call(app: &TestApp, token: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
    app.stranger(method, &format!("{BASE}{path}")).bearer_auth(token)
}

pub async fn push(app: &TestApp, token: &str, media_type: &str, body: &str) -> Answer {
    Answer::of(call(app, token, "POST", "/credentials").header("content-type", media_type).body(body.to_owned())).await
}

pub fn minor(answer: &Answer) -> String {
    answer.json()["imsx_codeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"].as_str().unwrap().to_owned()
}
