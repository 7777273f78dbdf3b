//! SKOS in Turtle (and N-Triples, which is a part of it). A statement that can't be read is noted with its line and left out up to its
//! full stop.

use super::linked::{Statements, Value};
use super::{ImportError, Wanted};
use crate::taxonomy::bundle::Bundle;
use std::collections::HashMap;

/// Blank nodes inside blank nodes.
const MAX_DEPTH: usize = 16;

pub fn read(file_name: &str, text: &str, wanted: &Wanted) -> Result<Bundle, ImportError> {
    let mut parser =
        Parser { text, at: 0, prefixes: HashMap::new(), base: String::new(), blank: 0, statements: Statements::default() };
    let mut problems = Vec::new();
    while parser.skip() {
        let start = parser.at;
        match parser.statement() {
            Ok(()) => {}
            Err(Stop::Import(error)) => return Err(error),
            Err(Stop::Wrong(message)) => {
                problems.push((parser.line(parser.at.max(start)), message));
                parser.recover();
            }
        }
    }
    let mut bundle = parser.statements.finish(file_name, wanted);
    for (line, message) in problems {
        bundle.problem(file_name, line, message);
    }
    Ok(bundle)
}

enum Stop {
    Wrong(String),
    Import(ImportError),
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}

type Read<T> = Result<T, Stop>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    prefixes: HashMap<String, String>,
    base: String,
    blank: usize,
    statements: Statements,
}

fn wrong<T>(message: impl Into<String>) -> Read<T> {
    Err(Stop::Wrong(message.into()))
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Past white space and comments; false at the end.
    fn skip(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return !trimmed.is_empty();
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn line(&self, at: usize) -> u64 {
        1 + self.text.as_bytes().get(..at).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// To the next line that begins behind a full stop.
    fn recover(&mut self) {
        let rest = self.rest();
        let next = rest.match_indices('\n').map(|(at, _)| at).find(|at| rest[..*at].trim_end().ends_with('.'));
        self.at += next.unwrap_or(rest.len());
    }

    fn take(&mut self, mark: &str) -> bool {
        self.skip();
        let found = self.rest().starts_with(mark);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn statement(&mut self) -> Read<()> {
        for (word, is_prefix) in
            [("@prefix", true), ("PREFIX", true), ("prefix", true), ("@base", false), ("BASE", false), ("base", false)]
        {
            if self.rest().starts_with(word) && self.rest()[word.len()..].starts_with(char::is_whitespace) {
                self.at += word.len();
                self.skip();
                let name = if is_prefix { self.until(':') } else { String::new() };
                self.skip();
                let iri = self.iri_in_brackets()?;
                if is_prefix {
                    drop(self.prefixes.insert(name, iri))
                } else {
                    self.base = iri
                }
                self.take(".");
                return Ok(());
            }
        }
        let subject = if self.take("[") { self.blank_node(0)? } else { self.iri()? };
        self.predicates(&subject, 0)?;
        if self.take(".") { Ok(()) } else { wrong("a full stop is missing") }
    }

    fn until(&mut self, mark: char) -> String {
        let rest = self.rest();
        let end = rest.find(mark).unwrap_or(rest.len());
        self.at += (end + mark.len_utf8()).min(rest.len());
        rest[..end].trim().to_owned()
    }

    fn predicates(&mut self, subject: &str, depth: usize) -> Read<()> {
        loop {
            self.skip();
            if self.rest().starts_with(['.', ']']) || self.rest().is_empty() {
                return Ok(());
            }
            let predicate = if self.rest().starts_with("a ") || self.rest().starts_with("a\t") || self.rest().starts_with("a\n") {
                self.at += 1;
                "type".to_owned()
            } else {
                self.iri()?
            };
            loop {
                if let Some(value) = self.object(depth)? {
                    self.statements.add(subject, &predicate, value)?;
                }
                if !self.take(",") {
                    break;
                }
            }
            if !self.take(";") {
                return Ok(());
            }
            while self.take(";") {}
        }
    }

    fn object(&mut self, depth: usize) -> Read<Option<Value>> {
        self.skip();
        let rest = self.rest();
        if rest.starts_with(['"', '\'']) {
            return self.literal().map(Some);
        }
        if self.take("[") {
            return self.blank_node(depth + 1).map(|node| Some(Value::Node(node)));
        }
        if self.take("(") {
            while !self.take(")") {
                if self.rest().is_empty() || depth > MAX_DEPTH {
                    return wrong("a list is not closed");
                }
                self.object(depth + 1)?;
            }
            return Ok(None);
        }
        let is_number = rest.starts_with(|mark: char| mark.is_ascii_digit() || mark == '+' || mark == '-');
        if is_number || rest.starts_with("true") || rest.starts_with("false") {
            let end = rest.find(|mark: char| mark.is_whitespace() || ";,])".contains(mark)).unwrap_or(rest.len());
            let word = rest[..end].trim_end_matches('.');
            self.at += word.len();
            return Ok(Some(Value::Text { text: word.to_owned(), language: String::new() }));
        }
        self.iri().map(|iri| Some(Value::Node(iri)))
    }

    fn blank_node(&mut self, depth: usize) -> Read<String> {
        if depth > MAX_DEPTH {
            return wrong("blank nodes are nested too deep");
        }
        self.blank += 1;
        let node = format!("_:ttl{}", self.blank);
        self.predicates(&node, depth)?;
        if self.take("]") { Ok(node) } else { wrong("a blank node is not closed") }
    }

    fn iri_in_brackets(&mut self) -> Read<String> {
        if !self.rest().starts_with('<') {
            return wrong("an address in angle brackets is missing");
        }
        self.at += 1;
        let iri = self.until('>');
        Ok(if iri.contains(':') { iri } else { format!("{}{iri}", self.base) })
    }

    fn iri(&mut self) -> Read<String> {
        self.skip();
        let rest = self.rest();
        if rest.starts_with('<') {
            return self.iri_in_brackets();
        }
        let end = rest.find(|mark: char| mark.is_whitespace() || ";,[]()\"<".contains(mark)).unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        self.at += name.len();
        if name.starts_with("_:") {
            return Ok(name.to_owned());
        }
        let Some((prefix, local)) = name.split_once(':') else {
            return wrong(format!("\"{}\" is neither an address nor a prefixed name", name.chars().take(40).collect::<String>()));
        };
        match self.prefixes.get(prefix) {
            Some(start) => Ok(format!("{start}{}", local.replace('\\', ""))),
            None => wrong(format!("the prefix \"{prefix}:\" is not declared")),
        }
    }

    fn literal(&mut self) -> Read<Value> {
        let rest = self.rest();
        let quote = &rest[..1];
        let long = rest.starts_with(&quote.repeat(3));
        let mark = if long { quote.repeat(3) } else { quote.to_owned() };
        self.at += mark.len();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(&mark) {
                self.at += mark.len();
                break;
            }
            let mut characters = rest.chars();
            match characters.next() {
                None => return wrong("a text is not closed"),
                Some('\n') if !long => return wrong("a text is not closed at the end of its line"),
                Some('\\') => {
                    let escaped = characters.next().unwrap_or('\\');
                    let digits = match escaped {
                        'u' => 4,
                        'U' => 8,
                        _ => 0,
                    };
                    let code =
                        rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                    text.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'u' | 'U' => code.unwrap_or('\u{fffd}'),
                        other => other,
                    });
                    self.at += 1 + escaped.len_utf8() + if code.is_some() { digits } else { 0 };
                }
                Some(character) => {
                    text.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
        let mut language = String::new();
        if self.rest().starts_with('@') {
            self.at += 1;
            let rest = self.rest();
            let end = rest.find(|mark: char| !mark.is_ascii_alphanumeric() && mark != '-').unwrap_or(rest.len());
            rest[..end].clone_into(&mut language);
            self.at += end;
        } else if self.rest().starts_with("^^") {
            self.at += 2;
            self.iri()?;
        }
        Ok(Value::Text { text, language })
    }
}
