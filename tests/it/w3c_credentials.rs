//! Verifiable Credentials against the inputs of the W3C's own test suites, where those lie beside the project.
//! `cargo test --test it w3c -- --ignored --nocapture` prints a table for each suite: what the suite expects, what came, and why.
//!
//! Issuers of these suites are made up, so what is scored is how a document is secured (the checks `format`, `context`,
//! `proof`, `integrity`), not whose key it is. A row that differs stands in a list below with its reason: a new difference
//! fails, and so does one that went away.

use crate::support::beside;
use crate::support::examine::examine_with;
use crate::support::tokens::TestKey;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::jsonld::Contexts;
use skillgate::model::report::{CheckId, CheckStatus, VerificationReport};
use skillgate::verify::Verifier;
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::keys::{KeyResolver, Purpose};
use skillgate::verify::securing::proof::{self, ProofRequest};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What a suite expects, and what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accepts,
    Refuses,
    /// Could not be told, for example because a key is of an unsupported kind.
    Open,
}

struct Row {
    /// Suite and version.
    group: String,
    case: String,
    expected: Answer,
    came: Answer,
    why: String,
}

/// Cases that differ, with the reason.
type Known = &'static [(&'static str, &'static str)];

struct Table {
    name: &'static str,
    rows: Vec<Row>,
    /// Why a case of the suite is not run → how many.
    left_out: BTreeMap<&'static str, usize>,
}

impl Table {
    fn new(name: &'static str) -> Self {
        Self { name, rows: Vec::new(), left_out: BTreeMap::new() }
    }

    fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    /// Prints the table and holds it against the differences that are known.
    fn settle(self, known: Known) {
        println!("\n{}", self.name);
        let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            groups.entry(&row.group).or_default().push(row);
        }
        for (group, rows) in &groups {
            println!("  {group}: {} of {} as expected", rows.iter().filter(|row| row.came == row.expected).count(), rows.len());
            for Row { case, expected, came, why, .. } in rows {
                let mark = if came == expected { ' ' } else { '!' };
                println!("  {mark} {case:66} {expected:?} {came:?} {why}", expected = expected, came = came);
            }
        }
        let as_expected = self.rows.iter().filter(|row| row.came == row.expected).count();
        println!("  {}: {as_expected} of {} as expected, {} differ", self.name, self.rows.len(), self.rows.len() - as_expected);
        for (why, count) in &self.left_out {
            println!("  not run: {count} ({why})");
        }
        for (case, reason) in known {
            println!("  known: {case}: {reason}");
        }
        let wrong_accepts = self.rows.iter().filter(|row| row.expected != Answer::Accepts && row.came == Answer::Accepts);
        assert_eq!(wrong_accepts.map(|row| &row.case).collect::<Vec<_>>(), Vec::<&String>::new(), "accepted, must not be");
        let mut differ: Vec<&str> =
            self.rows.iter().filter(|row| row.came != row.expected).map(|row| row.case.as_str()).collect();
        let mut known: Vec<&str> = known.iter().map(|(case, _)| *case).collect();
        differ.sort_unstable();
        known.sort_unstable();
        assert_eq!(differ, known, "{}", self.name);
        assert!(!self.rows.is_empty(), "{} is empty", self.name);
    }
}

/// The folder of the inputs with what they refer to.
struct Corpus {
    folder: PathBuf,
    documents: HashMap<String, Provided>,
    contexts: Contexts,
}

impl Corpus {
    fn find() -> Self {
        let folder = beside("corpus");
        let map = |name: &str| -> Vec<(String, PathBuf)> {
            let path = folder.join(name);
            let Value::Object(entries) = read_json(&path) else { panic!("{name} is a map") };
            let file = |value: Value| value.as_str().map(|file| path.with_file_name("").join(file));
            entries.into_iter().filter_map(|(key, value)| Some((key, file(value)?))).collect()
        };
        let documents = map("hosted-map.json").into_iter().map(|(key, path)| (key, Provided::File(path))).collect();
        let contexts = map("contexts/contexts-map.json").into_iter().map(|(url, path)| (url, read_json(&path))).collect();
        Self { folder, documents, contexts: Contexts::with_added(contexts) }
    }

    /// The verifier of the suites, with further documents.
    fn verifier(&self, further: &[(String, Value)]) -> Verifier {
        let mut documents = self.documents.clone();
        let further = further.iter().map(|(key, value)| (key.clone(), Provided::Content(value.to_string().into())));
        documents.extend(further);
        Verifier::new(Documents::with_provided(documents, None), self.contexts.clone())
    }

    /// Path and expected outcome of each case of a kind.
    fn cases(&self, kind: &str) -> Vec<(String, String)> {
        let index = std::fs::read_to_string(self.folder.join("INDEX.tsv")).unwrap();
        let mut columns = Vec::new();
        let mut cases = Vec::new();
        for line in index.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            if columns.is_empty() {
                columns = fields;
                continue;
            }
            let field = |name: &str| fields[columns.iter().position(|column| *column == name).unwrap()].to_owned();
            if field("kind") == kind {
                cases.push((field("path"), field("outcome")));
            }
        }
        cases
    }
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Some validity windows of the inputs are relative to the day on which they were made.
fn at() -> DateTime<Utc> {
    "2026-11-23T09:51:00Z".parse().unwrap()
}

/// The reports on everything in a file, or the code of the problem that there is nothing in it.
async fn reports(path: &Path, verifier: &Verifier) -> Result<Vec<VerificationReport>, String> {
    reports_on(std::fs::read(path).unwrap(), verifier).await
}

async fn reports_on(bytes: Vec<u8>, verifier: &Verifier) -> Result<Vec<VerificationReport>, String> {
    let mut found = Vec::new();
    for file in examine_with(verifier, &bytes, at()).await {
        if let Some(problem) = file.problem {
            return Err(problem.code.to_string());
        }
        found.extend(file.presentation.map(|finding| finding.report));
        found.extend(file.credentials.into_iter().map(|credential| credential.report));
    }
    Ok(found)
}

/// What the checks named say together, and the first that says so.
fn answer(reports: &Result<Vec<VerificationReport>, String>, scored: &[CheckId]) -> (Answer, String) {
    let reports = match reports {
        Ok(reports) => reports,
        Err(code) => return (Answer::Refuses, format!("intake:{code}")),
    };
    let checks = || reports.iter().flat_map(|report| &report.checks).filter(|check| scored.contains(&check.id));
    let first = |status| checks().find(|check| check.status == status).map(|check| format!("{:?}:{}", check.id, check.code));
    if let Some(why) = first(CheckStatus::Fail) {
        return (Answer::Refuses, why);
    }
    if let Some(why) = first(CheckStatus::CouldNotCheck) {
        return (Answer::Open, why);
    }
    // Every document has to pass what is scored of it; a warning of something beside it is not decisive.
    let is_decided = !reports.is_empty() && reports.iter().all(|report| passes(report, scored));
    match is_decided {
        true => (Answer::Accepts, first(CheckStatus::Warning).unwrap_or_default()),
        false => (Answer::Open, "not checked".to_owned()),
    }
}

fn passes(report: &VerificationReport, scored: &[CheckId]) -> bool {
    let decisive = if scored.contains(&CheckId::Proof) { CheckId::Proof } else { CheckId::Format };
    report.check(decisive).is_some_and(|check| matches!(check.status, CheckStatus::Pass | CheckStatus::Warning))
}

const SECURING: [CheckId; 4] = [CheckId::Format, CheckId::Context, CheckId::Proof, CheckId::Integrity];

/// Folder and file name of a case below its suite's folder.
fn named(path: &str, kind: &str) -> (String, String) {
    let case = path.trim_start_matches(kind).trim_start_matches('/');
    (case.rsplit_once('/').map_or(kind, |(group, _)| group).to_owned(), case.to_owned())
}

const DATA_INTEGRITY: Known = &[];

#[tokio::test]
#[ignore = "needs ../shared/corpus"]
async fn data_integrity_proofs_of_the_w3c_suites_are_judged_as_the_suites_do() {
    let corpus = Corpus::find();
    let verifier = corpus.verifier(&[]);
    let mut table = Table::new("Data Integrity (EdDSA, ECDSA and their assertion suite)");
    for (path, outcome) in corpus.cases("vc-di-suite") {
        let (group, case) = named(&path, "vc-di-suite");
        let file = corpus.folder.join(&path);
        let (expected, (came, why)) = match outcome.as_str() {
            "accept" => (Answer::Accepts, answer(&reports(&file, &verifier).await, &SECURING)),
            "reject" => (Answer::Refuses, answer(&reports(&file, &verifier).await, &SECURING)),
            "reject-with-options" => (Answer::Refuses, with_options(&read_json(&file), &verifier).await),
            _ => {
                table.leave_out("no outcome is given");
                continue;
            }
        };
        table.rows.push(Row { group, case, expected, came, why });
    }
    table.settle(DATA_INTEGRITY);
}

/// Proofs that are good as such, but answer another challenge or were made for another domain than the verifier's own.
async fn with_options(document: &Value, verifier: &Verifier) -> (Answer, String) {
    let keys = KeyResolver::new(verifier.documents.clone(), at());
    let judge = async |challenge, domain| {
        let request = ProofRequest {
            contexts: &verifier.contexts,
            keys: &keys,
            purpose: Purpose::Authentication,
            at: at(),
            challenge,
            domain,
            explain: false,
        };
        let verdict = proof::verify(document, document["issuer"].as_str(), &request).await;
        (verdict.proof.status, format!("Proof:{}", verdict.proof.code))
    };
    let (status, code) = judge(None, None).await;
    assert_eq!(status, CheckStatus::Pass, "nothing but the options may decide: {code}");
    match judge(Some("1235abcd6789"), Some("domain.example")).await {
        (CheckStatus::Fail, code) => (Answer::Refuses, code),
        (CheckStatus::Pass, code) => (Answer::Accepts, code),
        (_, code) => (Answer::Open, code),
    }
}

const VECTORS: Known = &[
    ("1edtech-impl-guide/clr2-0-signed.json", "carries no proof"),
    ("1edtech-impl-guide/clr2-3-signed.json", "the issuer's profile, which should hold its key, is not at hand"),
    ("bbs/prc/addSignedSDBase.json", "over a context that is not at hand: not checked, where a base proof would be refused"),
    ("bbs/prc/derivedRevealDocument.json", "over a context that is not at hand"),
    (
        "ecdsa/ecdsa-sd-2023/prc/addSignedSDBase.json",
        "over a context that is not at hand: not checked, where a base proof would be refused",
    ),
    ("ssi/bbs_2023/signed-derived-document.jsonld", "made with an outdated draft of BBS, which can't be told from a change"),
    ("ssi/bbs_2023/unsigned-reveal-document.jsonld", "carries no proof"),
];

#[tokio::test]
#[ignore = "needs ../shared/corpus"]
async fn data_integrity_vectors_of_the_w3c_specifications_verify() {
    let corpus = Corpus::find();
    let mut table = Table::new("Data Integrity (vectors of the specifications)");
    for (path, outcome) in corpus.cases("vc-di-vectors") {
        let (group, case) = named(&path, "vc-di-vectors");
        let expected = match outcome.as_str() {
            "accept" => Answer::Accepts,
            "base-proof" => Answer::Refuses,
            "support" => continue,
            _ => {
                table.leave_out("a context is not at hand");
                continue;
            }
        };
        let file = corpus.folder.join(&path);
        let verifier = corpus.verifier(&controllers(&read_json(&file)["verificationMethods"]));
        let (came, why) = answer(&reports(&file, &verifier).await, &SECURING);
        table.rows.push(Row { group: group.split('/').next().unwrap_or_default().to_owned(), case, expected, came, why });
    }
    table.settle(VECTORS);
}

/// Some vectors carry the keys that their signatures name.
fn controllers(methods: &Value) -> Vec<(String, Value)> {
    let document =
        |method: &Value| json!({"id": method["controller"], "verificationMethod": [method], "assertionMethod": [method["id"]]});
    let methods = methods.as_object().into_iter().flat_map(|methods| methods.values());
    methods.map(|method| (method["controller"].as_str().unwrap().to_owned(), document(method))).collect()
}

const DATA_MODEL: Known = &[];

#[tokio::test]
#[ignore = "needs ../shared/corpus"]
async fn the_data_model_is_enforced_as_its_w3c_suite_does() {
    let corpus = Corpus::find();
    let verifier = corpus.verifier(&[]);
    let mut table = Table::new("Data model 2.0 (unsigned inputs: the format check)");
    for (path, outcome) in corpus.cases("vcdm2-model") {
        let (group, case) = named(&path, "vcdm2-model");
        let expected = match outcome.as_str() {
            "accept" => Answer::Accepts,
            "reject" => Answer::Refuses,
            _ => {
                table.leave_out("no outcome is given");
                continue;
            }
        };
        let (came, why) = answer(&reports(&corpus.folder.join(&path), &verifier).await, &[CheckId::Format]);
        table.rows.push(Row { group, case, expected, came, why });
    }
    table.settle(DATA_MODEL);
}

const TOKENS: Known = &[(
    "31. COSE Basic Presentation Verification",
    "its own signature is good, but the credential in it is a token cut short with dots",
)];

#[tokio::test]
#[ignore = "needs ../shared/corpus"]
async fn tokens_of_the_w3c_jose_and_cose_suite_are_judged_as_the_suite_does() {
    let corpus = Corpus::find();
    let folder = corpus.folder.join("vc-jose-cose");
    let mut table = Table::new("JOSE and COSE");
    let mapping = read_json(&folder.join("test-mapping.json"));
    let verifier = corpus.verifier(&published_keys(&folder));
    for (group, tests) in mapping.as_object().unwrap() {
        for (case, test) in tests.as_object().into_iter().flatten().filter(|(_, test)| test["fn"] == "verify") {
            let text = |name: &str| test[name].as_str().unwrap();
            let input = folder.join(text("input_file"));
            if !input.is_file() {
                table.leave_out("the input is not at hand");
                continue;
            }
            let expected = if text("expected_result") == "success" { Answer::Accepts } else { Answer::Refuses };
            let reports = reports(&input, &verifier).await;
            let (came, why) = answer(&reports, &SECURING);
            if let (Answer::Accepts, Some(outer)) = (expected, reports.iter().flatten().next()) {
                let proof = outer.check(CheckId::Proof).unwrap();
                assert_ne!(proof.status, CheckStatus::Fail, "{case}: the outermost signature: {}", proof.code);
            }
            let group = group.trim_end_matches("TestMapping").to_owned();
            table.rows.push(Row { group, case: case.clone(), expected, came, why });
        }
    }
    table.settle(TOKENS);
}

/// The suite hands keys over; an issuer publishes them at its well-known address, or in its DID document.
fn published_keys(folder: &Path) -> Vec<(String, Value)> {
    let methods = ["vm-ed25519", "vm-p256", "vm-p384", "vm-p521"].map(|name| read_json(&folder.join(format!("{name}.json"))));
    let keys: Vec<&Value> = methods.iter().map(|method| &method["publicKeyJwk"]).collect();
    let well_known = url::Url::parse(methods[0]["controller"].as_str().unwrap()).unwrap().join("/.well-known/jwks.json").unwrap();
    // The holder of one presentation is a DID that nobody has; the keys are its own there.
    let holder = "did:example:ebfeb1f712ebc6f1c276e12ec21";
    let of_holder = keys.iter().map(|jwk| {
        json!({"id": format!("{holder}#{}", jwk["kid"].as_str().unwrap()), "type": "JsonWebKey", "controller": holder, "publicKeyJwk": jwk})
    });
    let of_holder: Vec<Value> = of_holder.collect();
    let ids: Vec<&Value> = of_holder.iter().map(|method| &method["id"]).collect();
    let document = json!({"id": holder, "verificationMethod": of_holder, "authentication": ids});
    vec![(well_known.to_string(), json!({"keys": keys})), (holder.to_owned(), document)]
}

const ANOTHER_KIND: &str = "the data model allows other kinds of schemas: one that is not known could not be checked";
const SCHEMAS: Known = &[
    ("jsonschema Draft-7 4. type property is not JsonSchema", ANOTHER_KIND),
    ("jsonschema 2019-09 4. type property is not JsonSchema", ANOTHER_KIND),
    ("jsonschema 2020-12 4. type property is not JsonSchema", ANOTHER_KIND),
    ("jsonschemacredential Draft-7 4. type property is not JsonSchemaCredential", ANOTHER_KIND),
    ("jsonschemacredential 2019-09 4. type property is not JsonSchemaCredential", ANOTHER_KIND),
    ("jsonschemacredential 2020-12 4. type property is not JsonSchemaCredential", ANOTHER_KIND),
];

#[tokio::test]
#[ignore = "needs ../shared/corpus"]
async fn schemas_that_credentials_name_are_applied_as_the_w3c_suite_does() {
    let corpus = Corpus::find();
    let folder = corpus.folder.join("vc-json-schema");
    let mut table = Table::new("JSON Schema");
    let mapping = read_json(&folder.join("test-mapping.json"));
    for (kind, mapping) in
        [("jsonschema", &mapping["JsonSchemaTestMapping"]), ("jsonschemacredential", &mapping["JsonSchemaCredentialTestMapping"])]
    {
        for edition in ["Draft-7", "2019-09", "2020-12"] {
            for test in mapping.as_object().unwrap().values().flat_map(|tests| tests.as_array().unwrap()) {
                // The credentials are the same for every edition.
                let credential = folder.join(kind).join("2019-09").join(format!("{}-credential.json", test["cred_number"]));
                let schema = folder.join(kind).join(edition).join(format!("{}-schema.json", test["schema_number"]));
                if !schema.is_file() {
                    table.leave_out("the input is not at hand");
                    continue;
                }
                let expected = match test["expected_result"].as_str().unwrap() {
                    "success" => Answer::Accepts,
                    "failure" => Answer::Refuses,
                    _ => Answer::Open,
                };
                let credential = read_json(&credential);
                let verifier = corpus.verifier(&schema_documents(&credential, read_json(&schema)));
                let file = signed(&credential).into_bytes();
                let reports = reports_on(file, &verifier).await.unwrap();
                let check = reports[0].check(CheckId::Schema).unwrap();
                let came = match check.status {
                    CheckStatus::Pass => Answer::Accepts,
                    CheckStatus::Warning | CheckStatus::Fail => Answer::Refuses,
                    CheckStatus::CouldNotCheck | CheckStatus::NotApplicable => Answer::Open,
                };
                let case = format!("{kind} {edition} {}. {}", test["number"], test["description"].as_str().unwrap());
                let why = check
                    .findings
                    .first()
                    .map_or_else(|| check.code.to_string(), |finding| format!("{}: {}", check.code, finding.detail));
                table.rows.push(Row { group: format!("{kind} {edition}"), case, expected, came, why });
            }
        }
    }
    table.settle(SCHEMAS);
}

/// What the suite hands over unsigned, signed by its issuer.
fn signed(credential: &Value) -> String {
    TestKey::ed25519(1).token(json!({"kid": "key-1", "typ": "vc+jwt"}), credential)
}

/// The issuer's key, and what stands at the address that the credential names: a schema, or a credential around one.
fn schema_documents(credential: &Value, schema: Value) -> Vec<(String, Value)> {
    let address = credential["credentialSchema"]["id"].as_str().unwrap().to_owned();
    let keys = url::Url::parse(credential["issuer"].as_str().unwrap()).unwrap().join("/.well-known/jwks.json").unwrap();
    let mut jwk = TestKey::ed25519(1).jwk();
    jwk["kid"] = json!("key-1");
    let held = if schema.get("issuer").is_some() { json!(signed(&schema)) } else { schema };
    vec![(address, held), (keys.to_string(), json!({"keys": [jwk]}))]
}
