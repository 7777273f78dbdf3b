//! RDF quads and their canonical N-Quads spelling.
//! Comes in: terms from the expansion. Goes out: lines as RDFC-1.0 §5 defines them.
//! Must not know: JSON, contexts, proofs.

use std::sync::Arc;

/// An RDF term. Blank nodes are numbers: their labels mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    Iri(Arc<str>),
    Blank(u32),
    Literal(Box<Literal>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    pub value: Arc<str>,
    /// Absent: `xsd:string`, or `rdf:langString` for a text with a language.
    pub datatype: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quad {
    pub subject: Term,
    pub predicate: Arc<str>,
    pub object: Term,
    /// Absent: the default graph.
    pub graph: Option<Term>,
}

impl Quad {
    /// The blank nodes of the quad with their position: `s`, `o` or `g`.
    pub fn blanks(&self) -> impl Iterator<Item = (u32, char)> + '_ {
        let blank = |term: &Term, position| match term {
            Term::Blank(id) => Some((*id, position)),
            Term::Iri(_) | Term::Literal(_) => None,
        };
        let graph = self.graph.as_ref().and_then(move |term| blank(term, 'g'));
        [blank(&self.subject, 's'), blank(&self.object, 'o'), graph].into_iter().flatten()
    }

    /// Appends the canonical N-Quads line, line feed included. `label` spells a blank node, without `_:`.
    pub fn write(&self, out: &mut String, label: &mut dyn FnMut(u32, &mut String)) {
        write_term(&self.subject, out, label);
        out.push_str(" <");
        out.push_str(&self.predicate);
        out.push_str("> ");
        write_term(&self.object, out, label);
        if let Some(graph) = &self.graph {
            out.push(' ');
            write_term(graph, out, label);
        }
        out.push_str(" .\n");
    }
}

/// A quad's canonical line with open places for the labels of its blank nodes. Quads with equal open lines are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenLine {
    text: String,
    /// The places of labels in the text, each with its blank node: at most three.
    labels: Vec<(usize, u32)>,
}

impl OpenLine {
    pub fn of(quad: &Quad) -> Self {
        let mut text = String::with_capacity(160);
        let mut labels = Vec::new();
        quad.write(&mut text, &mut |id, out| labels.push((out.len(), id)));
        Self { text, labels }
    }

    /// The line's length with labels of this number of bytes.
    pub fn capacity(&self, label: usize) -> usize {
        self.text.len() + label * self.labels.len()
    }

    /// Appends the line with every label.
    pub fn close(&self, out: &mut String, mut label: impl FnMut(u32, &mut String)) {
        let mut from = 0;
        for (at, id) in &self.labels {
            out.push_str(&self.text[from..*at]);
            label(*id, out);
            from = *at;
        }
        out.push_str(&self.text[from..]);
    }
}

fn write_term(term: &Term, out: &mut String, label: &mut dyn FnMut(u32, &mut String)) {
    match term {
        Term::Iri(iri) => {
            out.push('<');
            out.push_str(iri);
            out.push('>');
        }
        Term::Blank(id) => {
            out.push_str("_:");
            label(*id, out);
        }
        Term::Literal(literal) => {
            out.push('"');
            write_escaped(&literal.value, out);
            out.push('"');
            if let Some(language) = &literal.language {
                out.push('@');
                out.push_str(language);
            } else if let Some(datatype) = &literal.datatype {
                out.push_str("^^<");
                out.push_str(datatype);
                out.push('>');
            }
        }
    }
}

fn write_escaped(text: &str, out: &mut String) {
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'\x08' => "\\b",
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\x0c' => "\\f",
            b'\r' => "\\r",
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x00..=0x1f | 0x7f => "",
            _ => continue,
        };
        out.push_str(&text[clean_from..at]);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04X}"));
        } else {
            out.push_str(escape);
        }
        clean_from = at + 1;
    }
    out.push_str(&text[clean_from..]);
}

/// A set of quads, in no particular order; duplicates are removed by canonicalisation.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    pub quads: Vec<Quad>,
    /// Blank nodes are numbered below this.
    pub blank_count: u32,
}
