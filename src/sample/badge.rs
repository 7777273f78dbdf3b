//! Open Badges 3.0 credentials of an invented institution.
//! Comes in: the content of the badge. Goes out: an unsigned credential.

use super::sign::{KeyKind, SigningKey};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub const CONTEXTS: [&str; 2] =
    ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];

/// The issuer: an invented name and a key made for this run.
pub struct Institution {
    pub name: String,
    pub url: String,
    pub key: SigningKey,
}

impl Institution {
    pub fn new(name: &str, kind: KeyKind) -> Self {
        Self { name: name.to_owned(), url: "https://lindgrove.example.org".to_owned(), key: SigningKey::generate(kind) }
    }

    pub fn did(&self) -> String {
        self.key.did()
    }
}

/// The content of a badge. Every field may be changed before [`Badge::unsigned`].
#[derive(Clone, Debug)]
pub struct Badge {
    pub id: String,
    pub title: String,
    pub description: String,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    /// The person's e-mail address; the badge holds only its salted hash.
    pub email: String,
    /// The person's DID, for a badge that is bound to a wallet.
    pub subject: Option<String>,
    /// `(name, concept URI, framework)`
    pub alignments: Vec<(String, String, String)>,
    pub tags: Vec<String>,
    /// The percentage that the person reached; 60 is required.
    pub percent: Option<u8>,
    /// URL of a Bitstring status list for revocation, and the index in it.
    pub status: Option<(String, usize)>,
}

impl Badge {
    /// A badge about data, with two ESCO skills, two tags and a result.
    pub fn new(email: &str, valid_from: DateTime<Utc>) -> Self {
        let esco = |name: &str, id: &str| (name.to_owned(), format!("http://data.europa.eu/esco/skill/{id}"), "ESCO".to_owned());
        Self {
            id: format!("urn:uuid:{}", Uuid::now_v7()),
            title: "Working with Data".to_owned(),
            description: "Collects, cleans, queries and presents data for everyday decisions.".to_owned(),
            valid_from,
            valid_until: None,
            email: email.to_owned(),
            subject: None,
            alignments: vec![
                esco("SQL", "598de5b0-5b58-4ea7-8058-a4bc4d18c742"),
                esco("Python", "ccd0a1d9-afda-43d9-b901-96344886e14d"),
            ],
            tags: vec!["Data cleaning".to_owned(), "Presenting results".to_owned()],
            percent: Some(88),
            status: None,
        }
    }

    /// The credential before it is signed.
    pub fn unsigned(&self, institution: &Institution) -> Value {
        let achievement_url = format!("{}/badges/working-with-data", institution.url);
        let salt = Uuid::new_v4().simple().to_string();
        let hash = hex::encode(Sha256::digest(format!("{}{salt}", self.email)));
        let alignment = |(name, uri, framework): &(String, String, String)| json!({"type": ["Alignment"], "targetName": name, "targetUrl": uri, "targetFramework": framework});
        let mut credential = json!({
            "@context": CONTEXTS,
            "id": self.id,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": self.title,
            "issuer": {"id": institution.did(), "type": ["Profile"], "name": institution.name, "url": institution.url},
            "validFrom": text(self.valid_from),
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [{
                    "type": "IdentityObject", "hashed": true, "identityHash": format!("sha256${hash}"),
                    "identityType": "emailAddress", "salt": salt
                }],
                "achievement": {
                    "id": achievement_url,
                    "type": ["Achievement"],
                    "achievementType": "Course",
                    "name": self.title,
                    "description": self.description,
                    "criteria": {"narrative": "Pass the final project and the written test."},
                    "inLanguage": "en",
                    "alignment": self.alignments.iter().map(alignment).collect::<Vec<_>>(),
                    "tag": self.tags
                }
            }
        });
        if let Some(until) = self.valid_until {
            credential["validUntil"] = json!(text(until));
        }
        if let Some(subject) = &self.subject {
            credential["credentialSubject"]["id"] = json!(subject);
        }
        if let Some(percent) = self.percent {
            let description = format!("{achievement_url}#test");
            credential["credentialSubject"]["achievement"]["resultDescription"] = json!([{
                "id": description, "type": ["ResultDescription"], "name": "Written test", "resultType": "Percent",
                "valueMin": "0", "valueMax": "100", "requiredValue": "60"
            }]);
            credential["credentialSubject"]["result"] =
                json!([{"type": ["Result"], "resultDescription": description, "value": percent.to_string()}]);
        }
        if let Some((list, index)) = &self.status {
            credential["credentialStatus"] = json!({
                "id": format!("{list}#{index}"), "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                "statusListIndex": index.to_string(), "statusListCredential": list
            });
        }
        credential
    }
}

pub(super) fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}
