//! Linked data, whatever it was written in: SKOS, CTDL-ASN, ESCO. Comes in: statements about nodes. Goes out: concepts.
//! Predicates and types are known by their local names; namespaces differ between publishers more than names do.

use super::table::canonical;
use super::{ImportError, Wanted, primary};
use crate::taxonomy::bundle::{Bundle, Crossing, Kind, LabelKind, Match, Reuse};
use std::collections::BTreeMap;

/// Most statements of one file.
const MAX_STATEMENTS: usize = 8_000_000;

#[derive(Clone, Debug)]
pub enum Value {
    Node(String),
    Text { text: String, language: String },
}

#[derive(Default)]
struct Node {
    types: Vec<String>,
    values: Vec<(String, Value)>,
}

/// Statements so far, by the node that they are about.
#[derive(Default)]
pub struct Statements {
    nodes: BTreeMap<String, Node>,
    count: usize,
}

/// `prefLabel` of `http://www.w3.org/2004/02/skos/core#prefLabel` and of `skos:prefLabel`.
pub fn local(name: &str) -> &str {
    name.rsplit(['#', '/', ':']).next().unwrap_or(name)
}

impl Statements {
    pub fn add(&mut self, subject: &str, predicate: &str, value: Value) -> Result<(), ImportError> {
        self.count += 1;
        if self.count > MAX_STATEMENTS {
            return Err(ImportError::Unreadable(format!("the file holds more than {MAX_STATEMENTS} statements")));
        }
        let node = self.nodes.entry(canonical(subject)).or_default();
        match (local(predicate), value) {
            ("type" | "@type", Value::Node(name)) => node.types.push(local(&name).to_owned()),
            ("type" | "@type", Value::Text { text, .. }) => node.types.push(local(&text).to_owned()),
            (name, Value::Node(other)) => node.values.push((name.to_owned(), Value::Node(canonical(&other)))),
            (name, text) => node.values.push((name.to_owned(), text)),
        }
        Ok(())
    }

    /// The concepts that the statements describe.
    pub fn finish(self, file_name: &str, wanted: &Wanted) -> Bundle {
        let mut bundle = Bundle::default();
        let mut narrower: Vec<(String, String)> = Vec::new();
        for (uri, node) in &self.nodes {
            if node.is_scheme() {
                describe(&mut bundle, node);
            } else if node.is_concept() {
                self.concept(&mut bundle, uri, node, wanted, &mut narrower);
                if bundle.concept(uri).labels.is_empty() && !bundle.concept(uri).retired {
                    bundle.problem(file_name, 0, format!("{uri} has no name"));
                }
            }
        }
        for (above, below) in narrower {
            if bundle.has(&below) {
                bundle.concept(&below).broader.push(above);
            }
        }
        bundle
    }

    fn concept(&self, bundle: &mut Bundle, uri: &str, node: &Node, wanted: &Wanted, narrower: &mut Vec<(String, String)>) {
        let said_language = |language: &str| match (primary(language), wanted.language.as_str()) {
            (own, _) if !own.is_empty() => own,
            (_, "") => "en".to_owned(),
            (_, wanted) => primary(wanted),
        };
        let mut crossings = Vec::new();
        let is_group = node.types.iter().any(|name| matches!(name.as_str(), "SkillGroup" | "Collection" | "OrderedCollection"));
        let has_label =
            node.values.iter().any(|(name, _)| matches!(name.as_str(), "competencyLabel" | "prefLabel" | "preferredLabel"));
        let concept = bundle.concept(uri);
        if is_group {
            concept.kind = Kind::Group;
        }
        for (name, value) in &node.values {
            let kind = match name.as_str() {
                "prefLabel" | "preferredLabel" | "competencyLabel" | "name" | "title" => Some(LabelKind::Preferred),
                "competencyText" | "label" if !has_label => Some(LabelKind::Preferred),
                "altLabel" | "alternativeLabel" | "alternateName" | "conceptKeyword" => Some(LabelKind::Alternative),
                "hiddenLabel" => Some(LabelKind::Hidden),
                _ => None,
            };
            if let Some(kind) = kind {
                for (text, language) in self.texts(value) {
                    concept.add_label(&text, &said_language(&language), kind);
                }
                continue;
            }
            match (name.as_str(), value) {
                ("definition" | "description" | "scopeNote" | "competencyText" | "comment", value)
                    if concept.description.is_empty() =>
                {
                    let mut texts = self.texts(value).into_iter();
                    let english = texts.find(|(_, language)| primary(language) == "en" || language.is_empty());
                    concept.description = english.map(|(text, _)| text.chars().take(2_000).collect()).unwrap_or_default();
                }
                ("broader" | "broaderTransitive" | "isChildOf" | "isTopChildOf" | "memberOf", Value::Node(above)) => {
                    concept.broader.push(above.clone());
                }
                ("narrower" | "member" | "hasChild", Value::Node(below)) => narrower.push((uri.to_owned(), below.clone())),
                ("isReplacedBy" | "replacedBy" | "supersededBy" | "replacement", Value::Node(new)) => {
                    concept.replaced_by.push(new.clone())
                }
                ("notation" | "codedNotation" | "code", Value::Text { text, .. }) => text.clone_into(&mut concept.code),
                ("deprecated" | "status", Value::Text { text, .. }) => {
                    concept.retired |= ["true", "obsolete", "deprecated", "retired", "1"].contains(&text.to_lowercase().as_str());
                }
                ("skillType" | "hasSkillType" | "competencyCategory", value) => {
                    let text = match value {
                        Value::Node(text) | Value::Text { text, .. } => text.to_lowercase(),
                    };
                    if text.ends_with("knowledge") && !is_group {
                        concept.kind = Kind::Knowledge;
                    }
                }
                ("reuseLevel" | "hasReuseLevel", value) => {
                    let (Value::Node(text) | Value::Text { text, .. }) = value;
                    concept.reuse = Reuse::read(local(text));
                }
                (name, Value::Node(to)) if name.ends_with("Match") || name.ends_with("Alignment") => {
                    let relation = Match::read(&name.replace("Alignment", "Match"));
                    let from_label = concept.labels.first().map(|label| label.text.clone()).unwrap_or_default();
                    crossings.extend(relation.map(|relation| Crossing {
                        from: uri.to_owned(),
                        from_label,
                        from_language: "en".to_owned(),
                        relation,
                        to: to.clone(),
                    }));
                }
                _ => {}
            }
        }
        bundle.crossings.extend(crossings);
    }

    /// The texts of a value: a literal, or a SKOS-XL label node with its literal form.
    fn texts(&self, value: &Value) -> Vec<(String, String)> {
        match value {
            Value::Text { text, language } => vec![(text.clone(), language.clone())],
            Value::Node(uri) => {
                let forms = self.nodes.get(uri).map(|node| node.values.as_slice()).unwrap_or_default();
                let literal = |(name, value): &(String, Value)| match value {
                    Value::Text { text, language } if matches!(name.as_str(), "literalForm" | "nodeLiteral") => {
                        Some((text.clone(), language.clone()))
                    }
                    _ => None,
                };
                forms.iter().filter_map(literal).collect()
            }
        }
    }
}

impl Node {
    fn is_scheme(&self) -> bool {
        self.types.iter().any(|name| matches!(name.as_str(), "ConceptScheme" | "CompetencyFramework" | "Ontology"))
    }

    /// Occupations and qualifications are concepts, too, and no skills.
    fn is_concept(&self) -> bool {
        let no_skill = ["Occupation", "Qualification", "Label", "NodeLiteral", "ISCOGroup", "AwardingBody"];
        let is = |wanted: &[&str]| self.types.iter().any(|name| wanted.contains(&name.as_str()));
        let named = |(name, _): &(String, Value)| matches!(name.as_str(), "prefLabel" | "preferredLabel" | "competencyText");
        !is(&no_skill) && (is(&["Concept", "Skill", "SkillGroup", "Competency", "Collection"]) || self.values.iter().any(named))
    }
}

fn describe(bundle: &mut Bundle, node: &Node) {
    for (name, value) in &node.values {
        let (Value::Node(text) | Value::Text { text, .. }) = value;
        let to = match name.as_str() {
            "title" | "prefLabel" | "name" if bundle.title.is_empty() => &mut bundle.title,
            "versionInfo" | "versionIdentifier" | "hasVersion" => &mut bundle.version,
            "license" | "licence" | "rights" if bundle.licence.is_empty() => &mut bundle.licence,
            _ => continue,
        };
        text.chars().take(200).collect::<String>().clone_into(to);
    }
}
