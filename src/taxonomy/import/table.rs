//! Tables: comma, semicolon or tab separated, with a header. ESCO's and O*NET's files, an employer's own catalogue, exports of HR
//! systems and crosswalks are told apart by their columns. A broken row is noted with its line and left out.

use super::{ImportError, Wanted, primary};
use crate::taxonomy::bundle::{Bundle, Crossing, Kind, LabelKind, Match, Reuse};
use csv::StringRecord;
use std::collections::HashMap;

/// What a column may be called, in lower case without spaces, marks and underscores.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "uri",
        &[
            "uri",
            "concepturi",
            "id",
            "identifier",
            "skillid",
            "elementid",
            "dwaid",
            "referenceid",
            "canonicalurl",
            "url",
            "externalid",
            "skillcode",
            "rsdurl",
        ],
    ),
    (
        "name",
        &[
            "preferred",
            "preferredlabel",
            "label",
            "name",
            "title",
            "skillname",
            "rsdname",
            "elementname",
            "dwatitle",
            "skill",
            "competency",
            "competencyname",
            "preferred12",
        ],
    ),
    ("alternative", &["alt", "altlabels", "altlabel", "alternative", "synonyms", "aliases", "alternativelabels"]),
    ("hidden", &["hidden", "hiddenlabels"]),
    ("kind", &["skilltype", "kind", "type", "category"]),
    ("reuse", &["reuselevel"]),
    ("text", &["description", "definition", "skillstatement", "statement", "text"]),
    ("broader", &["broader", "broaderuri", "broaderconcepturi", "parent", "parentid", "iwaid"]),
    ("replaced", &["replacedby", "successor"]),
    ("language", &["lang", "language", "locale"]),
    ("status", &["status", "change", "inactive"]),
    ("code", &["code", "humancode"]),
    ("from", &["sourceid", "fromuri", "from", "classification1uri"]),
    ("fromname", &["sourcelabel", "fromlabel", "classification1preflabel"]),
    ("to", &["escouri", "targeturi", "touri", "to", "classification2uri"]),
    ("relation", &["relation", "match", "mappingrelation", "matchtype"]),
    ("example", &["example"]),
    ("commodity", &["commoditycode"]),
    ("commodityname", &["commoditytitle"]),
];

struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn of(header: &StringRecord) -> Self {
        let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let header: Vec<String> = header.iter().map(plain).collect();
        let find = |names: &&[&str]| names.iter().find_map(|name| header.iter().position(|column| column == name));
        Self(COLUMNS.iter().filter_map(|(role, names)| Some((*role, find(names)?))).collect())
    }

    fn has(&self, role: &str) -> bool {
        self.0.contains_key(role)
    }

    fn of_row<'a>(&self, row: &'a StringRecord, role: &str) -> &'a str {
        self.0.get(role).and_then(|at| row.get(*at)).unwrap_or_default().trim()
    }
}

/// Adds the rows of one table to the bundle.
pub fn read(bundle: &mut Bundle, file_name: &str, text: &str, wanted: &Wanted) -> Result<(), ImportError> {
    let first_line = text.lines().next().unwrap_or_default();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|mark| first_line.bytes().filter(|byte| byte == mark).count());
    let delimiter = delimiter.unwrap_or(b',');
    let mut builder = csv::ReaderBuilder::new();
    // Tab separated files of public bodies have quotation marks inside values.
    builder.delimiter(delimiter).flexible(true).quoting(delimiter != b'\t');
    let mut reader = builder.from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| ImportError::Unreadable(error.to_string()))?.clone();
    let columns = Columns::of(&header);
    let take: fn(&mut Bundle, &Row<'_>) -> Result<(), String> = if columns.has("from") && columns.has("to") {
        crossing
    } else if columns.has("example") && columns.has("commodity") {
        technology
    } else if columns.has("broader") && !columns.has("name") {
        broader
    } else if columns.has("name") {
        concept
    } else if is_hierarchy(&header) {
        return hierarchy(bundle, reader, file_name, &language_of(file_name, wanted));
    } else {
        let names = header.iter().collect::<Vec<_>>().join(", ");
        return Err(ImportError::Unreadable(format!(
            "{file_name}: no column is known. The table needs a column \"name\" (or preferredLabel, title, skill) and should have \"uri\" or \"id\"; it has: {names}"
        )));
    };
    let language = language_of(file_name, wanted);
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let row = Row { columns: &columns, record: &record, language: &language, wanted };
                let read = if record.len() > header.len() {
                    Err(format!("the row has {} values, the header {}", record.len(), header.len()))
                } else {
                    take(bundle, &row)
                };
                if let Err(message) = read {
                    bundle.problem(file_name, line, message);
                }
            }
            Err(error) => {
                bundle.problem(file_name, line, error.to_string());
                if error.is_io_error() {
                    return Ok(());
                }
            }
        }
    }
}

struct Row<'a> {
    columns: &'a Columns,
    record: &'a StringRecord,
    language: &'a str,
    wanted: &'a Wanted,
}

impl<'a> Row<'a> {
    fn get(&self, role: &str) -> &'a str {
        self.columns.of_row(self.record, role)
    }

    fn language(&self) -> String {
        match primary(self.get("language")) {
            said if said.is_empty() => self.language.to_owned(),
            said => said,
        }
    }
}

/// `skills_de.csv` and `esco-1.0-labels-fr.tsv` say their language in their name.
fn language_of(file_name: &str, wanted: &Wanted) -> String {
    let stem = file_name.rsplit('/').next().unwrap_or_default().split('.').collect::<Vec<_>>();
    let stem = stem.iter().rev().nth(1).copied().unwrap_or_default();
    let last = stem.rsplit(['_', '-']).next().unwrap_or_default();
    let is_tag = last.len() == 2 && stem.len() > 2 && last.bytes().all(|byte| byte.is_ascii_lowercase());
    match (wanted.language.as_str(), is_tag) {
        ("", true) => last.to_owned(),
        ("", false) => "en".to_owned(),
        (said, _) => primary(said),
    }
}

fn concept(bundle: &mut Bundle, row: &Row<'_>) -> Result<(), String> {
    let (uri, name) = (row.get("uri"), row.get("name"));
    if uri.is_empty() && name.is_empty() {
        return Err("the row has neither an identifier nor a name".to_owned());
    }
    let uri = if uri.is_empty() { own_address(&row.wanted.name, name) } else { canonical(uri) };
    let status = row.get("status").to_lowercase();
    if name.is_empty() && status != "removed" {
        return Err(format!("{uri} has no name"));
    }
    let language = row.language();
    let concept = bundle.concept(&uri);
    concept.retired |= ["obsolete", "deprecated", "retired", "removed", "inactive"].contains(&status.as_str());
    if !name.is_empty() {
        concept.add_label(name, &language, LabelKind::Preferred);
    }
    for (role, kind) in [("alternative", LabelKind::Alternative), ("hidden", LabelKind::Hidden)] {
        row.get(role).split(['\n', '|']).for_each(|label| concept.add_label(label, &language, kind));
    }
    (concept.kind, concept.reuse) = (kind(row, &uri), Reuse::read(row.get("reuse")));
    if concept.description.is_empty() {
        concept.description = row.get("text").chars().take(2_000).collect();
    }
    if concept.code.is_empty() {
        row.get("code").clone_into(&mut concept.code);
    }
    let listed =
        |role: &str| row.get(role).split(['\n', '|', ' ']).filter(|uri| !uri.is_empty()).map(canonical).collect::<Vec<_>>();
    concept.broader.extend(listed("broader"));
    concept.replaced_by.extend(listed("replaced"));
    Ok(())
}

fn kind(row: &Row<'_>, uri: &str) -> Kind {
    let said = row.get("kind").to_lowercase();
    match said.as_str() {
        _ if row.get("reuse") == "transversal" => Kind::Transversal,
        "knowledge" => Kind::Knowledge,
        "language" => Kind::Language,
        "technology" | "tool" | "software" => Kind::Technology,
        "group" => Kind::Group,
        // O*NET's content model: 2.C is knowledge; only elements of four or more parts are more than headings.
        _ if is_element(uri) && uri.split('.').count() < 4 => Kind::Group,
        _ if uri.starts_with("2.C.") => Kind::Knowledge,
        _ if row.record.get(0) == Some("SkillGroup") => Kind::Group,
        _ => Kind::Skill,
    }
}

/// `2.A.1.a`: an element of O*NET's content model.
fn is_element(uri: &str) -> bool {
    let mut parts = uri.split('.');
    parts.next().is_some_and(|first| first.len() == 1 && first.bytes().all(|byte| byte.is_ascii_digit())) && !uri.contains('/')
}

/// ESCO's addresses come with https and with a slash at the end, too.
pub(super) fn canonical(uri: &str) -> String {
    let uri = uri.trim();
    match uri.strip_prefix("https://data.europa.eu/") {
        Some(rest) => format!("http://data.europa.eu/{}", rest.trim_end_matches('/')),
        None if uri.starts_with("http://data.europa.eu/") => uri.trim_end_matches('/').to_owned(),
        None => uri.to_owned(),
    }
}

/// A catalogue without identifiers gets addresses made of its names.
fn own_address(catalogue: &str, name: &str) -> String {
    let catalogue = if catalogue.is_empty() { "own" } else { catalogue };
    let plain = crate::taxonomy::words::normal(name).replace(' ', "-");
    format!("urn:skillgate:{catalogue}:{}", percent_encoding::utf8_percent_encode(&plain, percent_encoding::NON_ALPHANUMERIC))
}

/// A row of `broaderRelationsSkillPillar`.
fn broader(bundle: &mut Bundle, row: &Row<'_>) -> Result<(), String> {
    let (uri, above) = (canonical(row.get("uri")), canonical(row.get("broader")));
    if uri.is_empty() || above.is_empty() {
        return Err("the row lacks one of its two identifiers".to_owned());
    }
    bundle.concept(&uri).broader.push(above);
    Ok(())
}

fn crossing(bundle: &mut Bundle, row: &Row<'_>) -> Result<(), String> {
    let relation = Match::read(row.get("relation"));
    let relation = relation.ok_or_else(|| {
        format!("\"{}\" is not a relation: use exactMatch, closeMatch, broadMatch or narrowMatch", row.get("relation"))
    })?;
    let (from, to) = (row.get("from"), canonical(row.get("to")));
    if to.is_empty() || (from.is_empty() && row.get("fromname").is_empty()) {
        return Err("the row lacks one of its two identifiers".to_owned());
    }
    bundle.crossings.push(Crossing {
        from: from.to_owned(),
        from_label: row.get("fromname").to_owned(),
        from_language: row.language(),
        relation,
        to,
    });
    Ok(())
}

/// A row of O*NET's technology skills: products have no identifier, so their name makes it.
fn technology(bundle: &mut Bundle, row: &Row<'_>) -> Result<(), String> {
    let name = row.get("example");
    if name.is_empty() {
        return Err("the row names no product".to_owned());
    }
    let commodity = row.get("commodity");
    let group = format!("urn:unspsc:{commodity}");
    let concept = bundle.concept(&own_address("onet-technology", name));
    concept.kind = Kind::Technology;
    concept.add_label(name, "en", LabelKind::Preferred);
    if let Some(short) = without_vendor(name) {
        concept.add_label(&short, "en", LabelKind::Alternative);
    }
    concept.broader.push(group.clone());
    let group = bundle.concept(&group);
    group.kind = Kind::Group;
    commodity.clone_into(&mut group.code);
    group.add_label(row.get("commodityname"), "en", LabelKind::Preferred);
    Ok(())
}

/// `Tableau` of `Tableau software`, `Excel` of `Microsoft Excel`: how people and badges name the product.
fn without_vendor(name: &str) -> Option<String> {
    const VENDORS: &[&str] = &[
        "Microsoft",
        "Adobe",
        "IBM",
        "Oracle",
        "SAP",
        "Google",
        "Apple",
        "Apache",
        "Amazon",
        "Autodesk",
        "Cisco",
        "Intuit",
        "Atlassian",
        "VMware",
        "Salesforce",
        "ESRI",
        "The MathWorks",
        "SAS Institute",
        "Red Hat",
        "Amazon Web Services",
        "Dassault Systemes",
        "Bentley",
    ];
    let cut = name.strip_suffix(" software").unwrap_or(name);
    let vendor = VENDORS.iter().filter_map(|vendor| cut.strip_prefix(vendor)?.strip_prefix(' ')).min_by_key(|rest| rest.len());
    let short = vendor.unwrap_or(cut).trim();
    // One short word without its vendor is any word: `Access`, `Word`, `Teams`.
    let tells = short.contains(' ')
        || vendor.is_none()
        || short.chars().any(|mark| !mark.is_ascii_lowercase() && !mark.is_ascii_uppercase());
    (short != name && short.chars().count() > 2 && tells).then(|| short.to_owned())
}

fn is_hierarchy(header: &StringRecord) -> bool {
    header.iter().any(|name| name == "Level 0 URI") && header.iter().any(|name| name == "Level 1 URI")
}

/// ESCO's `skillsHierarchy`: one row per group, with the groups above it.
fn hierarchy(bundle: &mut Bundle, mut reader: csv::Reader<&[u8]>, file_name: &str, language: &str) -> Result<(), ImportError> {
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                bundle.problem(file_name, error.position().map_or(0, csv::Position::line), error.to_string());
                continue;
            }
        };
        let mut above: Option<String> = None;
        for level in 0..4usize {
            let value = |at: usize| row.get(at).unwrap_or_default().trim();
            let uri = canonical(value(level * 2));
            if uri.is_empty() {
                break;
            }
            let concept = bundle.concept(&uri);
            concept.kind = Kind::Group;
            value(10 + level).clone_into(&mut concept.code);
            concept.add_label(value(level * 2 + 1), language, LabelKind::Preferred);
            concept.broader.extend(above.take());
            above = Some(uri);
        }
    }
    Ok(())
}
