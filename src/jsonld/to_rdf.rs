//! JSON-LD to RDF.

use super::JsonLdError;
use super::contexts::{Contexts, Edition};
use super::dataset::{Dataset, Literal, Quad, Term};
use serde_json::Value;
use std::collections::HashMap;

/// Expands a document to quads.
pub fn to_rdf(document: &Value, contexts: &Contexts, edition: Edition) -> Result<Dataset, JsonLdError> {
    let text = document.to_string();
    let contexts = contexts.clone();
    let mut blanks: HashMap<String, u32> = HashMap::new();
    let mut dataset = Dataset::default();
    let parser =
        oxjsonld::JsonLdParser::new().for_slice(text.as_bytes()).with_load_document_callback(move |url, _| {
            match contexts.get(url, edition) {
                Some(context) => {
                    Ok(oxjsonld::JsonLdRemoteDocument { document: context.to_string().into_bytes(), document_url: url.into() })
                }
                None => Err(format!("unknown context {url}").into()),
            }
        });
    for quad in parser {
        let quad = quad.map_err(|e| JsonLdError::invalid("invalid_json_ld", "", &e.to_string()))?;
        let mut blank = |label: &str| {
            let next = blanks.len() as u32;
            Term::Blank(*blanks.entry(label.to_owned()).or_insert(next))
        };
        let subject = match &quad.subject {
            oxrdf::NamedOrBlankNode::NamedNode(n) => Term::Iri(n.as_str().into()),
            oxrdf::NamedOrBlankNode::BlankNode(b) => blank(b.as_str()),
        };
        let object = match &quad.object {
            oxrdf::Term::NamedNode(n) => Term::Iri(n.as_str().into()),
            oxrdf::Term::BlankNode(b) => blank(b.as_str()),
            oxrdf::Term::Literal(l) => {
                let datatype = l.datatype().as_str();
                let plain = l.language().is_some() || datatype == "http://www.w3.org/2001/XMLSchema#string";
                Term::Literal(Box::new(Literal {
                    value: l.value().into(),
                    datatype: (!plain).then(|| datatype.into()),
                    language: l.language().map(Into::into),
                }))
            }
        };
        let graph = match &quad.graph_name {
            oxrdf::GraphName::NamedNode(n) => Some(Term::Iri(n.as_str().into())),
            oxrdf::GraphName::BlankNode(b) => Some(blank(b.as_str())),
            oxrdf::GraphName::DefaultGraph => None,
        };
        dataset.quads.push(Quad { subject, predicate: quad.predicate.as_str().into(), object, graph });
    }
    dataset.blank_count = blanks.len() as u32;
    Ok(dataset)
}
