//! The source tree as the architecture test reads it: product code only, without comments, texts and tests.
//! Comes in: files. Goes out: the rooms that a file imports, with lines. Must not know: which import is allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One file of `src`.
pub struct Source {
    /// From the project's root, with forward slashes.
    pub path: String,
    pub text: String,
    /// The text with comments, literals and test items blanked out: same length, same lines.
    pub code: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: without_tests(&without_literals(text)) }
    }

    /// The first folder or file below `src`.
    pub fn room(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// How many `super` lead to the crate's root.
    fn depth(&self) -> usize {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        if inside == "lib" || inside == "main" { 0 } else { inside.split('/').count() }
    }

    /// Lines of code with their numbers.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// First names below the crate's root, with their lines: rooms, and whatever `lib.rs` exports besides.
    pub fn imports(&self) -> Vec<(usize, String)> {
        let up = "super::".repeat(self.depth());
        let mut found = names_after(&self.code, "crate::");
        if self.depth() > 0 {
            found.extend(names_after(&self.code, &up));
        }
        found.into_iter().map(|(at, name)| (self.code[..at].matches('\n').count() + 1, name)).collect()
    }

    /// Modules that are declared for tests only, as paths of their files.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        let clean = without_literals(&self.text);
        let declared = clean.match_indices(TEST_ITEM).filter_map(|(at, _)| {
            let item = clean[at..item_end(&clean, at)].trim_end().strip_suffix(';')?;
            let (before, name) = item.rsplit_once(' ')?;
            before.ends_with("mod").then(|| name.to_owned())
        });
        declared.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]).collect()
    }
}

const TEST_ITEM: &str = "#[cfg(test)]";

/// The product's files: those that are compiled for tests only are left out.
pub fn product() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    assert!(files.len() > 20, "the walk over src found only {} files", files.len());
    let relative = |file: &PathBuf| file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    let read = |file: &PathBuf| Source::new(&relative(file), &std::fs::read_to_string(file).unwrap());
    without_test_files(files.iter().map(read).collect())
}

pub fn without_test_files(sources: Vec<Source>) -> Vec<Source> {
    let tests: BTreeSet<String> = sources.iter().flat_map(Source::test_modules).collect();
    sources.into_iter().filter(|source| !tests.contains(&source.path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Room → the rooms that it imports, each with one place as evidence.
pub type Arrows<'a> = BTreeMap<&'a str, BTreeMap<String, String>>;

/// `rooms`: what counts as a room; everything else that is imported from the root is no arrow.
pub fn arrows<'a>(sources: &'a [Source], rooms: &BTreeSet<&str>) -> Arrows<'a> {
    let mut arrows: Arrows = BTreeMap::new();
    for source in sources {
        let row = arrows.entry(source.room()).or_default();
        for (line, name) in source.imports() {
            if name != source.room() && rooms.contains(name.as_str()) {
                row.entry(name).or_insert_with(|| format!("{}:{line}", source.path));
            }
        }
    }
    arrows
}

/// One circle, as the names on it, if there is one.
pub fn circle(arrows: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Vec<String>> {
    fn walk<'a>(
        at: &'a str,
        arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> bool {
        if let Some(start) = way.iter().position(|passed| *passed == at) {
            way.drain(..start);
            way.push(at);
            return true;
        }
        if !done.insert(at) {
            return false;
        }
        way.push(at);
        let found = arrows.get(at).into_iter().flatten().any(|next| walk(next, arrows, way, done));
        if !found {
            way.pop();
        }
        found
    }
    let (mut way, mut done) = (Vec::new(), BTreeSet::new());
    let found = arrows.keys().any(|start| walk(start, arrows, &mut way, &mut done));
    found.then(|| way.iter().map(|name| (*name).to_owned()).collect())
}

/// Whether the line names the crate: `diesel::…`, and not `my_diesel::…` or `crate::diesel::…`. `ssi_*` is any of the family.
pub fn names_library(line: &str, library: &str) -> bool {
    let stem = library.trim_end_matches('*');
    line.match_indices(stem).filter(|(at, _)| starts_a_path(line, *at)).any(|(at, _)| {
        let rest = &line[at + stem.len()..];
        let rest = if stem == library { rest } else { rest.trim_start_matches(is_word) };
        rest.starts_with("::")
    })
}

fn starts_a_path(code: &str, at: usize) -> bool {
    !code[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':')
}

/// The first path segments after `prefix`, each with its place; `prefix::{a::x, b}` gives two.
fn names_after(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix).filter(|(at, _)| starts_a_path(code, *at)) {
        let start = at + prefix.len();
        let rest = &code[start..];
        if rest.starts_with('{') {
            let mut depth = 0;
            let mut expects_name = true;
            for (offset, letter) in rest.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => expects_name = true,
                    _ if depth == 1 && expects_name && is_word(letter) => {
                        found.push((start + offset, word(&rest[offset..])));
                        expects_name = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else if rest.starts_with(is_word) {
            found.push((start, word(rest)));
        }
    }
    found.retain(|(_, name)| name != "super" && name != "self");
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| is_word(*letter)).collect()
}

/// Comments, texts and characters become blanks, so that braces and names in them don't count.
fn without_literals(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, clean.chars().next_back()).unwrap_or(0);
        if length == 0 {
            clean.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        // As many bytes as before: places in the text stay what they are.
        clean.extend(rest[..length].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    clean
}

/// Length of the comment or literal that begins here.
fn literal(text: &str, before: Option<char>) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if !before.is_some_and(is_word) {
        let raw = text.strip_prefix("br").or_else(|| text.strip_prefix('r'));
        let hashes = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        if let Some(inside) = raw.and_then(|raw| raw[hashes..].strip_prefix('"')) {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
            return Some(text.len() - inside.len() + length);
        }
    }
    if let Some(inside) = text.strip_prefix('"') {
        return Some(1 + closing(inside, '"'));
    }
    // A lifetime has no second quote so near.
    let inside = text.strip_prefix('\'')?;
    let mut letters = inside.char_indices();
    let (_, first) = letters.next()?;
    let (second_at, second) = letters.next()?;
    if first == '\\' {
        return Some(1 + closing(inside, '\''));
    }
    (second == '\'').then(|| 1 + second_at + 1)
}

/// Bytes up to and with the quote that ends the literal.
fn closing(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    inside.len()
}

/// Blanks the item after each `#[cfg(test)]`.
fn without_tests(clean: &str) -> String {
    let mut code = String::with_capacity(clean.len());
    let mut from = 0;
    while let Some(at) = clean[from..].find(TEST_ITEM).map(|offset| from + offset) {
        let end = item_end(clean, at);
        code.push_str(&clean[from..at]);
        code.extend(clean[at..end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        from = end;
    }
    code.push_str(&clean[from..]);
    code
}

/// Where the item ends that begins (with its attributes) at `at`: after its `;` or its matching brace.
fn item_end(clean: &str, at: usize) -> usize {
    let mut open: Vec<char> = Vec::new();
    for (offset, letter) in clean[at..].char_indices() {
        let end = at + offset + letter.len_utf8();
        match letter {
            '{' | '(' | '[' => open.push(letter),
            '}' | ')' | ']' => {
                let opened = open.pop();
                if open.is_empty() && opened == Some('{') && !clean[end..].trim_start().starts_with(';') {
                    return end;
                }
            }
            ';' | ',' if open.is_empty() => return end,
            _ => {}
        }
    }
    clean.len()
}

#[test]
fn only_the_item_after_the_attribute_is_left_out() {
    let source = Source::new(
        "src/store/mod.rs",
        "use crate::model::Id;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(unused)]\nfn only_here() { let brace = \"}\"; crate::hidden::x(); }\nfn product() -> &'static str { crate::http::y(); \"crate::text::z\" } // crate::comment::z\n",
    );
    assert_eq!(source.imports(), [(1, "model".to_owned()), (7, "http".to_owned())]);
    assert_eq!(source.test_modules(), ["src/store/tests.rs", "src/store/tests/mod.rs"]);
}

#[test]
fn imports_are_found_in_groups_over_several_lines_and_through_the_parent() {
    let text = "use crate::{\n    model::{a, b},\n    queue,\n};\nuse super::super::seal::Sealer;\nuse super::neighbour;\nfn x<'a>(y: char) -> bool { y == '{' || y == '\\'' }\nuse crate::web as pages;\n";
    let names: Vec<(usize, String)> = Source::new("src/store/tables/x.rs", text).imports();
    let expected = [(2, "model"), (3, "queue"), (8, "web")].map(|(line, name)| (line, name.to_owned()));
    assert_eq!(names, expected, "two steps up from src/store/tables/x.rs is the room itself");
    let names = Source::new("src/store/x.rs", text).imports();
    assert!(names.contains(&(5, "seal".to_owned())), "two steps up from src/store/x.rs is the root: {names:?}");
}
