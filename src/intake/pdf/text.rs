//! The text of the pages, as far as links and tokens need it (ISO 32000-2, 9.4 and 9.10).
//! Comes in: content streams and their fonts' character maps. Goes out: plain text, line by line.
//! Must not know: credentials. The positions of letters are not computed, only the ends of lines.

use super::lexer::{Word, Words};
use super::objects::Objects;
use hayro_syntax::object::{Dict, MaybeRef, Object};
use std::collections::HashMap;
use std::rc::Rc;

/// Most bytes of one page's content, and most bytes of all text.
const MAX_CONTENT_BYTES: usize = 4 << 20;
const MAX_TEXT_BYTES: usize = 8 << 20;
/// Most entries of one font's map.
const MAX_MAP_ENTRIES: usize = 70_000;
/// Deepest nesting of page tree nodes above a page.
const MAX_PARENTS: usize = 8;
/// The smallest gap that counts as a space, in thousandths of the letter size.
const SPACE: f64 = -180.0;

/// Text in two readings: letters that the writer placed one by one are joined in `close` and separated in `wide`.
#[derive(Default)]
pub(super) struct Text {
    pub(super) wide: String,
    pub(super) close: String,
}

#[derive(Default)]
struct Font {
    /// Whether codes have two bytes.
    is_wide: bool,
    map: Option<Rc<HashMap<u32, String>>>,
}

/// Reads pages one after the other; character maps are read once.
pub(super) struct Reader<'o, 'a> {
    objects: &'o Objects<'a>,
    maps: HashMap<u32, Rc<HashMap<u32, String>>>,
    pub(super) text: Text,
}

impl<'o, 'a> Reader<'o, 'a> {
    pub(super) fn new(objects: &'o Objects<'a>) -> Self {
        Self { objects, maps: HashMap::new(), text: Text::default() }
    }

    /// Returns the page's content.
    pub(super) fn page(&mut self, page: &Dict<'o>) -> Vec<u8> {
        let objects = self.objects;
        let mut content = Vec::new();
        let parts = match page.get_raw::<Object<'o>>("Contents") {
            Some(MaybeRef::Ref(reference)) if objects.is_stream(reference.obj_number) => vec![reference.obj_number],
            Some(MaybeRef::Ref(reference)) => match objects.object(reference.obj_number) {
                Some(Object::Array(parts)) => references(&parts),
                _ => Vec::new(),
            },
            Some(MaybeRef::NotRef(Object::Array(parts))) => references(&parts),
            _ => Vec::new(),
        };
        for part in parts {
            if content.len() < MAX_CONTENT_BYTES
                && let Ok((data, None)) = objects.data(part)
            {
                content.extend_from_slice(&data);
                content.push(b'\n');
            }
        }
        let mut resources = objects.dict(page, "Resources");
        let mut parent = objects.dict(page, "Parent");
        for _ in 0..MAX_PARENTS {
            let Some(above) = parent.filter(|_| resources.is_none()) else { break };
            resources = objects.dict(&above, "Resources");
            parent = objects.dict(&above, "Parent");
        }
        self.content(&content, resources);
        content
    }

    /// Reads a drawing that pages use; returns its content.
    pub(super) fn form(&mut self, number: u32, dict: &Dict<'o>) -> Vec<u8> {
        let Ok((content, None)) = self.objects.data(number) else { return Vec::new() };
        let resources = self.objects.dict(dict, "Resources");
        self.content(&content, resources);
        content
    }

    fn content(&mut self, data: &[u8], resources: Option<Dict<'o>>) {
        let data = &data[..data.len().min(MAX_CONTENT_BYTES)];
        if self.text.wide.len() > MAX_TEXT_BYTES {
            return;
        }
        let fonts = resources.and_then(|resources| self.objects.dict(&resources, "Font")).unwrap_or_default();
        let mut known: HashMap<Vec<u8>, Rc<Font>> = HashMap::new();
        let mut font = Rc::new(Font::default());
        let mut line = 0.0;
        let mut operands: Vec<Word<'_>> = Vec::new();
        for word in Words::new(data) {
            let Word::Operator(operator) = word else {
                operands.push(word);
                continue;
            };
            match operator {
                b"Tf" => {
                    if let Some(Word::Name(name)) = operands.first() {
                        let entry = known.entry(name.to_vec());
                        font = entry.or_insert_with(|| Rc::new(self.font(&fonts, name))).clone();
                    }
                }
                b"BT" | b"T*" => self.end_line(),
                b"Td" | b"TD" => match number(&operands, 1) {
                    Some(0.0) => self.gap(),
                    _ => self.end_line(),
                },
                b"Tm" => {
                    let height = number(&operands, 5).unwrap_or_default();
                    if height == line {
                        self.gap()
                    } else {
                        self.end_line()
                    }
                    line = height;
                }
                b"Tj" | b"TJ" => self.show(&operands, &font),
                b"'" | b"\"" => {
                    self.end_line();
                    self.show(&operands, &font);
                }
                _ => {}
            }
            operands.clear();
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        for text in [&mut self.text.wide, &mut self.text.close] {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }

    fn gap(&mut self) {
        if !self.text.wide.is_empty() && !self.text.wide.ends_with([' ', '\n']) {
            self.text.wide.push(' ');
        }
    }

    fn show(&mut self, operands: &[Word<'_>], font: &Font) {
        for operand in operands {
            match operand {
                Word::String(codes) => {
                    let shown = font.read(codes);
                    self.text.wide.push_str(&shown);
                    self.text.close.push_str(&shown);
                }
                Word::Number(gap) if *gap < SPACE => {
                    self.text.wide.push(' ');
                    self.text.close.push(' ');
                }
                _ => {}
            }
        }
    }

    fn font(&mut self, fonts: &Dict<'o>, name: &[u8]) -> Font {
        let Some(font) = std::str::from_utf8(name).ok().and_then(|name| self.objects.dict(fonts, name)) else {
            return Font::default();
        };
        let is_wide = self.objects.name(&font, "Subtype").as_deref() == Some("Type0");
        let map = match font.get_raw::<Object<'_>>("ToUnicode") {
            Some(MaybeRef::Ref(reference)) => {
                let number = reference.obj_number;
                let objects = self.objects;
                let read = || Rc::new(objects.data(number).map(|(data, _)| character_map(&data)).unwrap_or_default());
                Some(self.maps.entry(number).or_insert_with(read).clone())
            }
            _ => None,
        };
        Font { is_wide, map }
    }
}

impl Font {
    fn read(&self, codes: &[u8]) -> String {
        let Some(map) = &self.map else {
            // Without a map, the codes of most fonts are the letters' codes.
            return if self.is_wide { String::new() } else { codes.iter().map(|code| char::from(*code)).collect() };
        };
        let mut text = String::new();
        for code in codes.chunks(if self.is_wide { 2 } else { 1 }) {
            match map.get(&code_of(code)) {
                Some(shown) => text.push_str(shown),
                None if self.is_wide => text.push(' '),
                None => text.extend(code.iter().map(|code| char::from(*code))),
            }
        }
        text
    }
}

fn references(parts: &hayro_syntax::object::Array<'_>) -> Vec<u32> {
    parts.raw_iter().filter_map(|part| part.as_obj_ref()).map(|reference| reference.obj_number).collect()
}

fn number(operands: &[Word<'_>], index: usize) -> Option<f64> {
    match operands.get(index)? {
        Word::Number(number) => Some(*number),
        _ => None,
    }
}

fn code_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The `bfchar` and `bfrange` sections of a character map.
fn character_map(data: &[u8]) -> HashMap<u32, String> {
    let mut map = HashMap::new();
    let mut entry: Vec<Vec<u8>> = Vec::new();
    let mut is_range = false;
    let mut is_list = false;
    for word in Words::new(data) {
        match word {
            Word::Operator(name) => {
                is_range = name == b"beginbfrange";
                entry.clear();
            }
            Word::Open => is_list = true,
            Word::Close => {
                is_list = false;
                if let [first, _, targets @ ..] = entry.as_slice() {
                    for (code, target) in (code_of(first)..).zip(targets) {
                        insert(&mut map, code, utf16(target));
                    }
                }
                entry.clear();
            }
            Word::String(text) if entry.len() < MAX_MAP_ENTRIES => {
                entry.push(text);
                match entry.as_slice() {
                    [code, target] if !is_range => insert(&mut map, code_of(code), utf16(target)),
                    [first, last, target] if is_range && !is_list => range(&mut map, code_of(first), code_of(last), target),
                    _ => continue,
                }
                entry.clear();
            }
            _ => {}
        }
    }
    map
}

/// One target for a range of codes: its last letter counts up with the code.
fn range(map: &mut HashMap<u32, String>, first: u32, last: u32, target: &[u8]) {
    let start = code_of(target.get(target.len().saturating_sub(2)..).unwrap_or_default());
    for (offset, code) in (first..=last).take(MAX_MAP_ENTRIES).enumerate() {
        let letter = u32::try_from(offset).ok().and_then(|offset| char::from_u32(start.checked_add(offset)?));
        insert(map, code, letter.map(String::from).unwrap_or_default());
    }
}

fn insert(map: &mut HashMap<u32, String>, code: u32, text: String) {
    if map.len() < MAX_MAP_ENTRIES {
        map.insert(code, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_maps_are_read_in_all_their_forms() {
        let map = character_map(
            b"2 beginbfchar <0003> <0020> <0024> <0041> endbfchar
            2 beginbfrange <0044> <0046> <0061> <0050> <0051> [<0070> <00660069>] endbfrange",
        );
        let read = |code: u32| map.get(&code).map(String::as_str);
        assert_eq!([read(3), read(0x24), read(0x45), read(0x50), read(0x51)], [" ", "A", "b", "p", "fi"].map(Some));
        assert_eq!(read(0x47), None);
        let huge = character_map(b"1 beginbfrange <00000000> <FFFFFFFF> <0000> endbfrange");
        assert_eq!(huge.len(), MAX_MAP_ENTRIES);
    }
}
