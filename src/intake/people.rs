//! A list that says whose files are: a table with a column for the file and columns for the person.
//! Comes in: the bytes of a file in which no credential was found. Goes out: the people by file, or nothing when it is no such list.
//! Must not know: which files there are.

use super::problem;
use crate::model::candidate::is_email;
use crate::model::ids::{CandidateRef, is_identifier};
use crate::model::submission::{CandidateHint, FilePerson, FileProblem};

/// Most lines that are read, and most characters of a field.
const MAX_LINES: usize = 10_000;
const MAX_FIELD_CHARS: usize = 500;
const MAX_COLUMNS: usize = 100;
const MAX_NAME_CHARS: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    File,
    Email,
    Name,
    Reference,
}

/// A list of people, with what to say of the file.
pub(super) fn read(text: &str) -> Option<(Vec<FilePerson>, FileProblem)> {
    let text = text.trim_start_matches('\u{FEFF}');
    let separator = [',', ';', '\t'].into_iter().max_by_key(|separator| {
        let head = text.lines().next().unwrap_or_default();
        head.chars().take(MAX_FIELD_CHARS * 4).filter(|c| c == separator).count()
    })?;
    let mut rows = Rows { text, separator };
    let columns: Vec<Option<Column>> = rows.next()?.iter().map(|title| column(title)).collect();
    let has = |wanted: Column| columns.iter().filter(|column| **column == Some(wanted)).count();
    if has(Column::File) != 1 || has(Column::Email) + has(Column::Name) + has(Column::Reference) == 0 {
        return None;
    }
    let mut people = Vec::new();
    let mut unusable = Vec::new();
    // The titles are the first line.
    for (line, fields) in (2..).zip(rows.by_ref().take(MAX_LINES)) {
        if fields.iter().all(|field| field.is_empty()) {
            continue;
        }
        match person(&columns, &fields) {
            Some(person) => people.push(person),
            None => unusable.push(line),
        }
    }
    let is_cut = rows.next().is_some();
    Some((people.clone(), problem::people_list(people.len(), unusable.len(), unusable.first().copied(), is_cut)))
}

fn column(title: &str) -> Option<Column> {
    let title: String = title.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    Some(match title.as_str() {
        "file" | "filename" => Column::File,
        "email" | "candidateemail" => Column::Email,
        "name" | "candidatename" => Column::Name,
        "ref" | "reference" | "candidateref" => Column::Reference,
        _ => return None,
    })
}

/// `None` for a line without a file or a person, or with something that is no address or reference.
fn person(columns: &[Option<Column>], fields: &[String]) -> Option<FilePerson> {
    let mut file = String::new();
    let mut candidate = CandidateHint::default();
    for (column, field) in columns.iter().zip(fields).filter(|(_, field)| !field.is_empty()) {
        match column {
            Some(Column::File) => file.clone_from(field),
            Some(Column::Email) if is_email(field) => candidate.emails.push(field.clone()),
            Some(Column::Reference) if is_identifier(field) => candidate.candidate_ref = Some(CandidateRef::from(field.as_str())),
            Some(Column::Name) if field.chars().count() <= MAX_NAME_CHARS => candidate.name = Some(field.clone()),
            Some(_) => return None,
            None => {}
        }
    }
    (!file.is_empty() && !candidate.is_empty()).then_some(FilePerson { file, candidate })
}

/// The lines of a table (RFC 4180, with any separator), as trimmed fields.
struct Rows<'a> {
    text: &'a str,
    separator: char,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.text.is_empty() {
            return None;
        }
        let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
        let mut length = 0;
        let mut characters = self.text.chars().peekable();
        let end = |fields: &mut Vec<String>, field: &mut String| {
            let done = std::mem::take(field);
            if fields.len() < MAX_COLUMNS {
                let plain: String = done.chars().filter(|c| !c.is_control()).take(MAX_FIELD_CHARS + 1).collect();
                fields.push(plain.trim().to_owned());
            }
        };
        while let Some(c) = characters.next() {
            length += c.len_utf8();
            match c {
                '"' if is_quoted && characters.peek() == Some(&'"') => {
                    length += 1;
                    characters.next();
                    field.push('"');
                }
                '"' if is_quoted => is_quoted = false,
                '"' if field.trim().is_empty() => {
                    field.clear();
                    is_quoted = true;
                }
                '\n' if !is_quoted => break,
                c if c == self.separator && !is_quoted => end(&mut fields, &mut field),
                c => field.push(c),
            }
        }
        end(&mut fields, &mut field);
        self.text = self.text.get(length..).unwrap_or_default();
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Vec<(String, String)> {
        let (people, _) = read(text).unwrap();
        let told = |person: FilePerson| {
            let CandidateHint { emails, name, candidate_ref, .. } = person.candidate;
            (
                person.file,
                format!("{} {} {}", emails.join("+"), name.unwrap_or_default(), candidate_ref.map_or(String::new(), |r| r.0)),
            )
        };
        people.into_iter().map(told).collect()
    }

    #[test]
    fn tables_are_read_as_spreadsheets_write_them() {
        let expected = [("ada.json".to_owned(), "ada@example.org Lovelace, Ada 47".to_owned()), ("b.png".into(), "  48".into())];
        let comma = "file,email,name,ref,team\r\nada.json,ada@example.org,\"Lovelace, Ada\",47,x\r\n\r\nb.png,,,48,\r\n";
        let semicolon = "\u{FEFF}\"File name\";E-mail;Candidate name;candidate_ref\nada.json; ada@example.org ;\"Lovelace, Ada\";47\nb.png;;;48";
        let tab = "Team\tRef\tName\tEmail\tFile\nx\t47\tLovelace, Ada\tada@example.org\tada.json\n\t48\t\t\tb.png\n";
        for text in [comma, semicolon, tab] {
            assert_eq!(read_all(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_that_say_nothing_are_counted_and_other_files_are_no_lists() {
        let (people, told) = read("file,email\na.json,ada\n,b@example.org\nc.json,c@example.org\n").unwrap();
        assert_eq!(people.len(), 1);
        assert!(
            told.message.contains("1 file") && told.message.contains("2 lines") && told.message.contains("line 2"),
            "{}",
            told.message
        );
        for text in
            ["", "file", "name,email\nada,ada@example.org", "file,file,email\na,b,c@example.org", "Dear Ada,\nfile the email"]
        {
            assert!(read(text).is_none(), "{text}");
        }
        assert_eq!(read_all("file,name\na.json,\"never closed\nx").len(), 1);
    }
}
