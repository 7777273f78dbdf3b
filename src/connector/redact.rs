//! Removes secrets and personal data from the record of a call that an administrator may read.
//! Comes in: text that was sent or received. Goes out: the same, masked and cut. When in doubt it masks.

use super::template::IDENTIFIER;
use crate::model::candidate::Identity;
use crate::model::connection::Secrets;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use url::form_urlencoded;
use zeroize::Zeroizing;

const MAX_CHARS: usize = 2_000;
const MASK: &str = "***";
const PERSON: &str = "[person]";
/// Members whose values are masked in every answer, compared without case, `_` and `-`.
const MEMBERS: [&str; 28] = [
    "password",
    "passwd",
    "secret",
    "clientsecret",
    "token",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "apikey",
    "authorization",
    "cookie",
    "setcookie",
    "session",
    "sessionid",
    "privatekey",
    "signature",
    "email",
    "emails",
    "emailaddress",
    "emailaddresses",
    "primaryemailaddress",
    "phone",
    "phonenumber",
    "phonenumbers",
    "firstname",
    "lastname",
    "address",
    "debug",
];

// Without the characters that part an address of the web (`/ ? & = %`): a call must stay readable.
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:[A-Za-z0-9.!#$'*+^_`{|}~-]|%2[Bb]){1,64}(@|%40)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+").ok()
});
static PARAMETER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)([?&](?:[a-z_-]*(?:key|token|secret|signature|sig|password|auth|code))=)[^&#\s]+").ok());

/// Knows one delivery's secrets and person. Its Debug form shows neither.
#[derive(Clone)]
pub struct Redactor {
    /// In lower case, the longest first, each with what stands in its place.
    needles: Vec<(Arc<Zeroizing<String>>, &'static str)>,
    members: Arc<[String]>,
}

impl Redactor {
    pub fn new(secrets: &Secrets, person: &Identity, members: &[String]) -> Self {
        let mut redactor = Self { needles: Vec::new(), members: members.iter().map(|member| folded(member)).collect() };
        secrets.values().for_each(|secret| redactor.add_secret(secret.expose()));
        redactor.about(person)
    }

    /// The same for another person.
    pub fn about(&self, person: &Identity) -> Self {
        let mut redactor = self.clone();
        let texts = person.emails.iter().chain(&person.name).chain(&person.dids);
        texts.filter(|text| text.chars().count() > 2).for_each(|text| redactor.add(text, PERSON));
        redactor
    }

    /// A value that came up during the delivery, for example an access token.
    pub fn add_secret(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        self.add(secret, MASK);
        self.add(secret.strip_prefix("whsec_").unwrap_or(secret), MASK);
        for form in [STANDARD.encode(secret), STANDARD.encode(format!("{secret}:")), URL_SAFE_NO_PAD.encode(secret)] {
            self.add(&form, MASK);
        }
    }

    fn add(&mut self, text: &str, mask: &'static str) {
        let quoted = Value::String(text.to_owned()).to_string();
        let escaped = quoted.trim_matches('"').to_owned();
        let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        // The forms that paths and queries have.
        let in_path = utf8_percent_encode(text, IDENTIFIER).to_string();
        let in_query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let in_markup = super::filters::xml(text.to_owned());
        for mut form in [text.to_owned(), encoded, in_path, in_query, escaped, in_markup] {
            // ASCII letters match in either case: hosts and addresses come back in another case.
            form.make_ascii_lowercase();
            if !form.is_empty() && !self.needles.iter().any(|(known, _)| ***known == form) {
                self.needles.push((Arc::new(Zeroizing::new(form)), mask));
            }
        }
        // Longest first: a short value must not leave half of a long value behind.
        self.needles.sort_by_key(|(needle, _)| std::cmp::Reverse(needle.len()));
    }

    /// Plain text, masked and cut to 2,000 characters.
    pub fn text(&self, text: &str) -> String {
        cut(&self.masked(text))
    }

    /// An answer: members that name a secret or a person are masked, then the text.
    pub fn answer(&self, body: &[u8]) -> String {
        match serde_json::from_slice::<Value>(body) {
            Ok(mut json) => {
                self.mask_members(&mut json);
                self.text(&json.to_string())
            }
            Err(_) => self.text(&String::from_utf8_lossy(body)),
        }
    }

    /// Plain text, masked and whole.
    pub fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        let mut lower = text.to_ascii_lowercase();
        for (needle, mask) in &self.needles {
            if lower.contains(needle.as_str()) {
                masked = replace(&masked, &lower, needle, mask);
                lower = masked.to_ascii_lowercase();
            }
        }
        if let Some(email) = EMAIL.as_ref().filter(|_| masked.contains('@') || masked.contains("%40")) {
            masked = email.replace_all(&masked, PERSON).into_owned();
        }
        if let Some(parameter) = PARAMETER.as_ref().filter(|_| masked.contains('=')) {
            masked = parameter.replace_all(&masked, "${1}***").into_owned();
        }
        masked
    }

    fn mask_members(&self, json: &mut Value) {
        match json {
            Value::Object(members) => {
                for (name, member) in members {
                    let name = folded(name);
                    let masked = MEMBERS.contains(&name.as_str()) || self.members.contains(&name);
                    if masked && !member.is_null() {
                        *member = Value::String(MASK.to_owned());
                    } else {
                        self.mask_members(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_members(item)),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} values)", self.needles.len())
    }
}

fn folded(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// `lower`: the text in lower case, where the needle is looked for.
fn replace(text: &str, lower: &str, needle: &str, mask: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower[from..].find(needle) {
        replaced.push_str(&text[from..from + at]);
        replaced.push_str(mask);
        from += at + needle.len();
    }
    replaced.push_str(&text[from..]);
    replaced
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS - 1).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn redactor() -> Redactor {
        let secrets = Secrets::from([("key".to_owned(), Secret::new("s3cr/et+key"))]);
        let person = Identity { emails: vec!["ada@example.org".into()], name: Some("Ada Example".into()), ..Identity::default() };
        Redactor::new(&secrets, &person, &["custom_name".to_owned()])
    }

    #[test]
    fn secrets_are_masked_in_every_form_in_which_they_travel() {
        let redactor = redactor();
        for form in
            ["s3cr/et+key", "s3cr%2Fet%2Bkey", "S3CR/ET+KEY", &STANDARD.encode("s3cr/et+key"), &STANDARD.encode("s3cr/et+key:")]
        {
            let text = redactor.text(&format!("before {form} after"));
            assert_eq!(text, "before *** after");
        }
    }

    #[test]
    fn people_are_masked_whether_we_know_them_or_not() {
        let text = redactor().text("Ada Example <ADA@example.org> and bob.b+x@mail.example.com, ada%40example.org");
        assert_eq!(text, "[person] <[person]> and [person], [person]");
    }

    #[test]
    fn a_call_stays_readable_although_it_holds_an_address() {
        for (url, readable) in [
            (
                "https://api.example.org/v1/people?email=ada%40example.org&limit=2",
                "https://api.example.org/v1/people?email=[person]&limit=2",
            ),
            (
                "https://api.example.org/v1/people?email=bob%2Bx%40example.org&limit=2",
                "https://api.example.org/v1/people?email=[person]&limit=2",
            ),
            ("https://api.example.org/v1/people/Ada%20Example/notes", "https://api.example.org/v1/people/[person]/notes"),
            ("https://api.example.org/v1/people?name=Ada+Example", "https://api.example.org/v1/people?name=[person]"),
        ] {
            assert_eq!(redactor().text(url), readable);
        }
    }

    #[test]
    fn members_that_name_secrets_or_people_are_masked_and_error_texts_stay() {
        let answer =
            redactor().answer(br#"{"access_token":"x","Custom-Name":"y","errorInfo":{"code":"not_found"},"phoneNumbers":[1]}"#);
        assert_eq!(answer, r#"{"Custom-Name":"***","access_token":"***","errorInfo":{"code":"not_found"},"phoneNumbers":"***"}"#);
    }

    #[test]
    fn key_like_parameters_of_an_address_are_masked() {
        assert_eq!(
            redactor().text("https://example.org/x?apikey=abc&page=2&sig=q"),
            "https://example.org/x?apikey=***&page=2&sig=***"
        );
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(redactor().text(&"é".repeat(5_000)).chars().count(), 2_000);
    }

    proptest::proptest! {
        #[test]
        fn no_secret_and_no_address_survives_wherever_it_stands(
            secret in "[!-)+-~]{6,40}",
            name in "[a-z]{1,10}\\.[a-z]{1,10}",
            before in "[ -~]{0,40}",
            after in "[ -~]{0,40}",
        ) {
            let email = format!("{name}@example.org");
            let secrets = Secrets::from([("key".to_owned(), Secret::new(secret.clone()))]);
            let person = Identity { emails: vec![email.clone()], ..Identity::default() };
            let redactor = Redactor::new(&secrets, &person, &[]);
            let body = serde_json::json!({"message": format!("{before}{secret}{after}"), "list": [email, {"x": secret}]});
            for kept in [redactor.answer(body.to_string().as_bytes()), redactor.text(&format!("{before}{secret}{email}{after}"))] {
                let lower = kept.to_lowercase();
                proptest::prop_assert!(!lower.contains(&secret.to_lowercase()), "{kept}");
                proptest::prop_assert!(!lower.contains(&email), "{kept}");
            }
        }
    }
}
