//! JSON downloads: CASE packages, rich skill descriptors, and linked data (CTDL-ASN, ESCO, SKOS). The form is told by its members.

use super::linked::{Statements, Value as Said, local};
use super::{ImportError, Wanted, primary};
use crate::taxonomy::bundle::{Bundle, Crossing, Kind, LabelKind, Match};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

pub fn read(file_name: &str, text: &str, wanted: &Wanted) -> Result<Bundle, ImportError> {
    let value: Value = serde_json::from_str(text).map_err(|error| ImportError::Unreadable(format!("{file_name}: {error}")))?;
    if let Some(items) = value.get("CFItems").and_then(Value::as_array) {
        return Ok(case(file_name, &value, items, wanted));
    }
    // The registry of Credential Engine wraps its documents.
    let value = value.get("decoded_resource").unwrap_or(&value);
    let nodes = value.get("@graph").or_else(|| value.get("graph")).unwrap_or(value);
    let listed = nodes.get("skills").or_else(|| nodes.get("rsds")).unwrap_or(nodes);
    let listed: Vec<&Object> = match listed {
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        Value::Object(one) => vec![one],
        _ => return Err(ImportError::Unreadable(format!("{file_name}: the file holds no list of skills"))),
    };
    if listed.iter().any(|item| item.contains_key("skillName") || item.contains_key("skillStatement")) {
        return Ok(descriptors(file_name, value, &listed, wanted));
    }
    let mut statements = Statements::default();
    for node in listed {
        state(&mut statements, node, 0)?;
    }
    Ok(statements.finish(file_name, wanted))
}

fn text<'a>(of: &'a Object, names: &[&str]) -> &'a str {
    names.iter().find_map(|name| of.get(*name).and_then(Value::as_str)).unwrap_or_default().trim()
}

/// IMS CASE 1.0 and 1.1: a framework with its items and associations.
fn case(file_name: &str, package: &Value, items: &[Value], wanted: &Wanted) -> Bundle {
    let mut bundle = Bundle::default();
    let empty = Object::new();
    let document = package.get("CFDocument").and_then(Value::as_object).unwrap_or(&empty);
    text(document, &["title"]).clone_into(&mut bundle.title);
    text(document, &["version", "lastChangeDateTime"]).clone_into(&mut bundle.version);
    text(document, &["licenseURI"]).clone_into(&mut bundle.licence);
    let language = Some(primary(text(document, &["language"]))).filter(|tag| !tag.is_empty());
    let language =
        language.unwrap_or_else(|| if wanted.language.is_empty() { "en".to_owned() } else { primary(&wanted.language) });
    let address = |item: &Object| match text(item, &["uri"]) {
        "" => text(item, &["identifier"]).to_owned(),
        uri => uri.to_owned(),
    };
    for (at, item) in items.iter().enumerate() {
        let Some(item) = item.as_object() else { continue };
        let uri = address(item);
        let statement = text(item, &["fullStatement"]);
        let name = Some(text(item, &["abbreviatedStatement"])).filter(|name| !name.is_empty()).unwrap_or(statement);
        if uri.is_empty() || name.is_empty() {
            bundle.problem(file_name, 0, format!("CFItems[{at}] lacks its uri or its fullStatement"));
            continue;
        }
        let own = Some(primary(text(item, &["language"]))).filter(|tag| !tag.is_empty()).unwrap_or_else(|| language.clone());
        let concept = bundle.concept(&uri);
        concept.add_label(&shortened(name), &own, LabelKind::Preferred);
        concept.add_label(text(item, &["alternativeLabel"]), &own, LabelKind::Alternative);
        for keyword in item.get("conceptKeywords").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            concept.add_label(keyword, &own, LabelKind::Hidden);
        }
        statement.clone_into(&mut concept.description);
        text(item, &["humanCodingScheme"]).clone_into(&mut concept.code);
        concept.retired = !text(item, &["statusEndDate"]).is_empty();
        let item_type = text(item, &["CFItemType"]).to_lowercase();
        if ["domain", "cluster", "category", "strand", "group", "heading"].iter().any(|word| item_type.contains(word)) {
            concept.kind = Kind::Group;
        }
    }
    for association in package.get("CFAssociations").and_then(Value::as_array).into_iter().flatten() {
        let end = |name: &str| association.get(name).and_then(Value::as_object).map(address).unwrap_or_default();
        let (from, to) = (end("originNodeURI"), end("destinationNodeURI"));
        match association.get("associationType").and_then(Value::as_str).unwrap_or_default() {
            "isChildOf" | "isPartOf" if bundle.has(&from) && bundle.has(&to) => bundle.concept(&from).broader.push(to),
            "replacedBy" if bundle.has(&from) => bundle.concept(&from).replaced_by.push(to),
            "exactMatchOf" => bundle.crossings.push(Crossing {
                from,
                from_label: String::new(),
                from_language: language.clone(),
                relation: Match::Exact,
                to,
            }),
            _ => {}
        }
    }
    bundle
}

/// A statement that is too long for a name is cut at a word.
fn shortened(name: &str) -> String {
    if name.chars().count() <= crate::taxonomy::words::MAX_CHARACTERS {
        return name.to_owned();
    }
    let cut: String = name.chars().take(crate::taxonomy::words::MAX_CHARACTERS - 1).collect();
    cut.rsplit_once(' ').map_or(cut.as_str(), |(start, _)| start).to_owned() + "…"
}

/// Open Skills Management Tool: rich skill descriptors.
fn descriptors(file_name: &str, whole: &Value, listed: &[&Object], wanted: &Wanted) -> Bundle {
    let mut bundle = Bundle::default();
    if let Some(collection) = whole.as_object() {
        text(collection, &["name"]).clone_into(&mut bundle.title);
        text(collection, &["updateDate", "creationDate"]).clone_into(&mut bundle.version);
    }
    let language = if wanted.language.is_empty() { "en".to_owned() } else { primary(&wanted.language) };
    for (at, item) in listed.iter().enumerate() {
        let uri = text(item, &["id", "@id", "canonicalUrl", "uuid"]);
        let name = text(item, &["skillName", "name"]);
        if uri.is_empty() || name.is_empty() {
            bundle.problem(file_name, 0, format!("skill {at} lacks its id or its skillName"));
            continue;
        }
        let listed = |names: &[&str]| -> Vec<String> {
            let named = |value: &Value| value.as_str().or_else(|| value.get("name")?.as_str()).map(str::to_owned);
            let values = names.iter().find_map(|name| item.get(*name));
            match values {
                Some(Value::Array(values)) => values.iter().filter_map(named).collect(),
                Some(value) => named(value).into_iter().collect(),
                None => Vec::new(),
            }
        };
        let categories = listed(&["category", "categories"]);
        let keywords = listed(&["keywords"]);
        let alignments = item.get("alignments").and_then(Value::as_array).into_iter().flatten();
        let targets: Vec<String> =
            alignments.filter_map(|one| one.get("id").or_else(|| one.get("url"))?.as_str()).map(str::to_owned).collect();
        let groups: Vec<String> = categories
            .iter()
            .map(|name| format!("urn:skillgate:category:{}", crate::taxonomy::words::normal(name).replace(' ', "-")))
            .collect();
        let concept = bundle.concept(uri);
        concept.add_label(name, &language, LabelKind::Preferred);
        keywords.iter().for_each(|keyword| concept.add_label(keyword, &language, LabelKind::Hidden));
        concept.description = text(item, &["skillStatement"]).chars().take(2_000).collect();
        concept.retired = text(item, &["status"]).eq_ignore_ascii_case("archived");
        concept.broader.extend(groups.iter().cloned());
        for (group, name) in groups.iter().zip(&categories) {
            let group = bundle.concept(group);
            group.kind = Kind::Group;
            group.add_label(name, &language, LabelKind::Preferred);
        }
        bundle.crossings.extend(targets.into_iter().map(|to| Crossing {
            from: uri.to_owned(),
            from_label: name.to_owned(),
            from_language: language.clone(),
            relation: Match::Close,
            to,
        }));
    }
    bundle
}

/// Turns a JSON-LD node, and those inside it, into statements.
fn state(statements: &mut Statements, node: &Object, depth: usize) -> Result<(), ImportError> {
    let subject = text(node, &["@id", "id", "uri"]);
    if subject.is_empty() || depth > 8 {
        return Ok(());
    }
    for (name, value) in node.iter().filter(|(name, _)| !matches!(name.as_str(), "@id" | "id" | "uri" | "@context")) {
        for said in said(value) {
            statements.add(subject, name, said)?;
        }
        let inner = match value {
            Value::Array(values) => values.iter().filter_map(Value::as_object).collect(),
            Value::Object(one) => vec![one],
            _ => Vec::new(),
        };
        for inner in inner.into_iter().filter(|inner| inner.len() > 1) {
            state(statements, inner, depth + 1)?;
        }
    }
    Ok(())
}

fn said(value: &Value) -> Vec<Said> {
    let plain = |text: &str, language: &str| Said::Text { text: text.to_owned(), language: language.to_owned() };
    match value {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => vec![Said::Node(text.clone())],
        Value::String(text) => vec![plain(text, "")],
        Value::Bool(flag) => vec![plain(if *flag { "true" } else { "false" }, "")],
        Value::Number(number) => vec![plain(&number.to_string(), "")],
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().flat_map(said).collect(),
        Value::Object(one) => {
            if let Some(text) = one.get("@value").or_else(|| one.get("value")).and_then(Value::as_str) {
                let language = one.get("@language").or_else(|| one.get("language")).and_then(Value::as_str);
                return vec![plain(text, language.unwrap_or_default())];
            }
            if let Some(form) = one.iter().find(|(name, _)| local(name) == "literalForm").map(|(_, form)| form) {
                return said(form);
            }
            let id = text(one, &["@id", "id", "uri"]);
            if !id.is_empty() {
                return vec![Said::Node(id.to_owned())];
            }
            // A language map.
            let is_tag = |name: &str| {
                (2..=11).contains(&name.len()) && name.chars().all(|mark| mark.is_ascii_alphanumeric() || mark == '-')
            };
            let entries = one.iter().filter(|(name, _)| is_tag(name));
            entries
                .flat_map(|(language, value)| {
                    let texts: Vec<&str> = match value {
                        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                        other => other.as_str().into_iter().collect(),
                    };
                    texts.into_iter().map(|text| plain(text, language)).collect::<Vec<_>>()
                })
                .collect()
        }
    }
}
