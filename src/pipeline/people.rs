//! Which file is whose, where a list of files and people says so. Comes in: lists and the names of the files. Goes out: for a file the
//! person who is named for it. Must not know: where the lists come from, which persons are known.

use crate::model::submission::{CandidateHint, FilePerson};
use std::collections::HashMap;

/// A list, and the folder or archive in which it lies; empty for a list that lies beside the uploaded files.
#[derive(Clone, Debug)]
pub struct List {
    pub place: String,
    pub people: Vec<FilePerson>,
}

/// The persons of files, by the files' names.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<String, CandidateHint>);

/// Where a name of a list occurs in a file's path.
struct Occurrence<'a> {
    file: &'a str,
    /// The path up to the end of the name.
    upto: String,
}

impl People {
    /// A name stands for the file that is called so, or for everything in the archive that is called so. A name that several files
    /// have stands for none of them, and so does a file that is listed for two people.
    pub fn new(lists: &[List], files: &[&str]) -> Self {
        let mut people: HashMap<String, Option<CandidateHint>> = HashMap::new();
        for list in lists {
            let index = index(&list.place, files);
            let (mut of_files, mut of_archives) = (HashMap::new(), HashMap::new());
            for row in &list.people {
                let Some(found) = index.get(&plain(&row.file)) else { continue };
                let is_file = |occurrence: &&Occurrence| occurrence.upto == plain(occurrence.file);
                let named: Vec<&Occurrence> = found.iter().filter(is_file).collect();
                let (found, into) = match named.is_empty() {
                    true => (found.iter().collect(), &mut of_archives),
                    false => (named, &mut of_files),
                };
                if found.windows(2).all(|pair| pair[0].upto == pair[1].upto) {
                    found.iter().for_each(|occurrence| note(into, occurrence.file, &row.candidate));
                }
            }
            of_archives.extend(of_files);
            for (file, candidate) in of_archives {
                match candidate {
                    Some(candidate) => note(&mut people, &file, &candidate),
                    None => drop(people.insert(file, None)),
                }
            }
        }
        Self(people.into_iter().filter_map(|(file, candidate)| Some((file, candidate?))).collect())
    }

    pub fn of(&self, file: &str) -> Option<&CandidateHint> {
        self.0.get(file)
    }
}

fn note(people: &mut HashMap<String, Option<CandidateHint>>, file: &str, candidate: &CandidateHint) {
    let known = people.entry(file.to_owned()).or_insert_with(|| Some(candidate.clone()));
    if known.as_ref() != Some(candidate) {
        *known = None;
    }
}

/// Every run of a path's segments below the place, by its plain form.
fn index<'a>(place: &str, files: &[&'a str]) -> HashMap<String, Vec<Occurrence<'a>>> {
    let mut index: HashMap<String, Vec<Occurrence>> = HashMap::new();
    for file in files {
        let Some(below) = file.strip_prefix(place) else { continue };
        let segments: Vec<String> = below.split('/').map(plain).collect();
        for start in 0..segments.len() {
            for end in start + 1..=segments.len() {
                let upto = format!("{}{}", plain(place), segments[..end].join("/"));
                index.entry(segments[start..end].join("/")).or_default().push(Occurrence { file, upto });
            }
        }
    }
    for occurrences in index.values_mut() {
        // A file that holds several things is listed several times.
        occurrences.dedup_by(|one, other| one.file == other.file && one.upto == other.upto);
    }
    index
}

fn plain(name: &str) -> String {
    name.trim().trim_start_matches("./").replace('\\', "/").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(place: &str, rows: &[(&str, &str)]) -> List {
        let person = |(file, email): &(&str, &str)| FilePerson {
            file: (*file).to_owned(),
            candidate: CandidateHint { emails: vec![(*email).to_owned()], ..CandidateHint::default() },
        };
        List { place: place.to_owned(), people: rows.iter().map(person).collect() }
    }

    fn of<'a>(people: &'a People, file: &str) -> Option<&'a str> {
        people.of(file).map(|candidate| candidate.emails[0].as_str())
    }

    #[test]
    fn a_name_stands_for_one_file_or_for_all_of_one_archive() {
        let files = ["all.zip/x/ada.json", "all.zip/y/bob.json", "all.zip/y/Ada.json", "eve.zip/1.json", "eve.zip/2.json"];
        let people = People::new(
            &[list(
                "",
                &[("X/ada.json", "ada@"), ("bob.json", "bob@"), ("eve.zip", "eve@"), ("2.json", "joe@"), ("gone.json", "no@")],
            )],
            &files,
        );
        let found: Vec<_> = files.iter().map(|file| of(&people, file)).collect();
        assert_eq!(found, [Some("ada@"), Some("bob@"), None, Some("eve@"), Some("joe@")]);
        let ambiguous = People::new(&[list("", &[("ada.json", "ada@")])], &files);
        assert!(files.iter().all(|file| of(&ambiguous, file).is_none()), "two files are called so");
    }

    #[test]
    fn a_file_that_is_listed_for_two_people_is_nobodys_and_a_list_speaks_of_its_own_archive() {
        let files = ["a.zip/1.json", "b.zip/1.json"];
        let twice =
            People::new(&[list("", &[("a.zip/1.json", "ada@"), ("A.zip/1.json", "bob@"), ("b.zip/1.json", "eve@")])], &files);
        assert_eq!((of(&twice, files[0]), of(&twice, files[1])), (None, Some("eve@")));
        let own = People::new(&[list("a.zip/", &[("1.json", "ada@")]), list("b.zip/", &[("1.json", "bob@")])], &files);
        assert_eq!((of(&own, files[0]), of(&own, files[1])), (Some("ada@"), Some("bob@")));
    }
}
