//! The objects of a PDF document (ISO 32000-2, 7.3 and 7.5).
//! Comes in: the bytes of a document. Goes out: its objects by number, and the data of its streams.
//! Objects are found by a scan of the bytes, because the table at the end is often wrong and may be hostile; the library parses each
//! object. Must not know: the purpose of an object. Nothing is unpacked outside the budget.

use super::filters::{self, Filter, FilterError};
use super::lock::Lock;
use crate::intake::budget::Budget;
use hayro_syntax::object::{Dict, FromBytes, MaybeRef, Name, Number, Object};
use memchr::memmem;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Most objects that are read; later objects are left out.
const MAX_OBJECTS: usize = 200_000;
/// Longest chain of references.
const MAX_STEPS: usize = 8;
/// Most bytes of a trailer.
const MAX_TRAILER_BYTES: usize = 16 << 10;
/// Most trailers, from the end, that are searched for an encryption dictionary.
const MAX_TRAILERS: usize = 16;
/// Most bytes that all reads of objects cost together, so that many references to one large object stay cheap.
const MAX_READ_BYTES: usize = 256 << 20;
/// Most white space between data and the keyword that ends it.
const MAX_SPACE: usize = 8;

pub(super) struct Objects<'a> {
    file: &'a [u8],
    /// Object streams, unpacked.
    unpacked: Vec<Vec<u8>>,
    places: BTreeMap<u32, Place>,
    lock: Option<Lock>,
    budget: &'a Budget,
    /// Bytes that may still be read.
    readable: Cell<usize>,
    /// Whether a bound was reached and parts were left out.
    pub(super) cut: bool,
}

/// The place of an object.
#[derive(Clone, Copy)]
struct Place {
    /// Index of the object stream that holds it.
    inside: Option<usize>,
    generation: u16,
    /// The object's bytes; for a stream, its dictionary.
    start: usize,
    end: usize,
    data: Option<(usize, usize)>,
    /// The start in the file of the object, or of the object stream that holds it. Of two objects with one number, the later counts.
    offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::intake) enum PdfError {
    #[error("it is protected by a password")]
    Locked,
    #[error("it holds no objects that can be read")]
    Damaged,
}

impl<'a> Objects<'a> {
    pub(super) fn read(file: &'a [u8], budget: &'a Budget) -> Result<Self, PdfError> {
        let readable = Cell::new(MAX_READ_BYTES);
        let mut objects = Self { file, unpacked: Vec::new(), places: BTreeMap::new(), lock: None, budget, readable, cut: false };
        objects.find();
        if objects.places.is_empty() {
            return Err(PdfError::Damaged);
        }
        objects.unlock()?;
        objects.unpack();
        Ok(objects)
    }

    pub(super) fn numbers(&self) -> Vec<u32> {
        self.places.keys().copied().collect()
    }

    pub(super) fn object(&self, number: u32) -> Option<Object<'_>> {
        let mut place = self.places.get(&number)?;
        for _ in 0..MAX_STEPS {
            match MaybeRef::<Object<'_>>::from_bytes(self.bytes(place))? {
                MaybeRef::NotRef(object) => return Some(object),
                MaybeRef::Ref(reference) => place = self.places.get(&reference.obj_number)?,
            }
        }
        None
    }

    /// The value of a member, with references followed.
    pub(super) fn get<'b>(&'b self, dict: &Dict<'b>, key: &str) -> Option<Object<'b>> {
        match dict.get_raw::<Object<'b>>(key)? {
            MaybeRef::NotRef(object) => Some(object),
            MaybeRef::Ref(reference) => self.object(reference.obj_number),
        }
    }

    pub(super) fn dict<'b>(&'b self, dict: &Dict<'b>, key: &str) -> Option<Dict<'b>> {
        self.get(dict, key).and_then(Object::into_dict)
    }

    pub(super) fn name<'b>(&'b self, dict: &Dict<'b>, key: &str) -> Option<String> {
        self.get(dict, key).and_then(Object::into_name).map(|name| text_of(&name))
    }

    pub(super) fn number(&self, dict: &Dict<'_>, key: &str) -> Option<usize> {
        let number: Number = match dict.get_raw::<Object<'_>>(key)? {
            MaybeRef::NotRef(object) => object.into_number()?,
            MaybeRef::Ref(reference) => self.object(reference.obj_number)?.into_number()?,
        };
        usize::try_from(number.as_i64()).ok()
    }

    pub(super) fn is_stream(&self, number: u32) -> bool {
        self.places.get(&number).is_some_and(|place| place.data.is_some())
    }

    /// The data of a stream, and the picture filter that remains.
    pub(super) fn data(&self, number: u32) -> Result<(Vec<u8>, Option<String>), FilterError> {
        let place = self.places.get(&number).ok_or(FilterError::Damaged)?;
        let dict = Dict::from_bytes(self.bytes(place)).ok_or(FilterError::Damaged)?;
        let (start, end) = place.data.ok_or(FilterError::Damaged)?;
        let raw = self.file.get(start..end).ok_or(FilterError::Damaged)?;
        let kind = self.name(&dict, "Type").unwrap_or_default();
        let filters = self.filters(&dict);
        let says_otherwise = filters.first().is_some_and(|filter| filter.name == "Crypt");
        match &self.lock {
            Some(lock) if lock.covers(&kind) && !says_otherwise => {
                filters::undo(&lock.open_stream(number, place.generation, raw), &filters, self.budget)
            }
            _ => filters::undo(raw, &filters, self.budget),
        }
    }

    /// A decrypted string.
    pub(super) fn string(&self, number: u32, bytes: &[u8]) -> Vec<u8> {
        match (&self.lock, self.places.get(&number)) {
            (Some(lock), Some(place)) if place.inside.is_none() => lock.open_string(number, place.generation, bytes),
            _ => bytes.to_vec(),
        }
    }

    fn filters(&self, dict: &Dict<'_>) -> Vec<Filter> {
        let all = |key: &str| match self.get(dict, key) {
            Some(Object::Array(array)) => array.raw_iter().map(|item| self.followed(item)).collect(),
            Some(one) => vec![Some(one)],
            None => Vec::new(),
        };
        let parameters: Vec<Option<Object<'_>>> = all("DecodeParms");
        let named = all("Filter").into_iter().enumerate().map(|(index, name)| {
            let with = parameters.get(index).cloned().flatten().and_then(Object::into_dict).unwrap_or_default();
            let number = |key: &str, default: usize| self.number(&with, key).unwrap_or(default);
            Filter {
                name: name.and_then(Object::into_name).map(|name| text_of(&name)).unwrap_or_default(),
                predictor: number("Predictor", 1),
                columns: number("Columns", 1),
                colors: number("Colors", 1),
                bits: number("BitsPerComponent", 8),
                late_change: number("EarlyChange", 1) == 0,
            }
        });
        named.collect()
    }

    pub(super) fn followed<'b>(&'b self, item: MaybeRef<Object<'b>>) -> Option<Object<'b>> {
        match item {
            MaybeRef::NotRef(object) => Some(object),
            MaybeRef::Ref(reference) => self.object(reference.obj_number),
        }
    }

    fn bytes(&self, place: &Place) -> &[u8] {
        let source = match place.inside {
            Some(index) => self.unpacked.get(index).map_or(&[][..], Vec::as_slice),
            None => self.file,
        };
        let bytes = source.get(place.start..place.end).unwrap_or_default();
        match self.readable.get().checked_sub(bytes.len()) {
            Some(left) => {
                self.readable.set(left);
                bytes
            }
            None => &[],
        }
    }

    // --- Finding

    fn find(&mut self) {
        let file = self.file;
        let streams: Vec<usize> = memmem::find_iter(file, b"stream").filter(|at| !ends_with(file, *at, b"end")).collect();
        let stream_ends: Vec<usize> = memmem::find_iter(file, b"endstream").collect();
        let object_ends: Vec<usize> = memmem::find_iter(file, b"endobj").collect();
        let mut behind = 0;
        for (count, at) in memmem::find_iter(file, b"obj").enumerate() {
            if count >= MAX_OBJECTS * 2 || self.places.len() >= MAX_OBJECTS {
                self.cut = true;
                return;
            }
            let Some((number, generation)) = heading(file, at).filter(|_| at >= behind) else { continue };
            let start = at + 3;
            let mut end = first_from(&object_ends, start).unwrap_or(file.len());
            let mut place = Place { inside: None, generation, start, end, data: None, offset: at };
            let keyword = first_from(&streams, start).filter(|keyword| *keyword < end && is_data(file, start, *keyword));
            if let Some(keyword) = keyword {
                let data = self.extent(start, keyword, &stream_ends);
                place.end = keyword;
                place.data = Some(data);
                end = data.1;
            }
            let skipped = file.get(place.start..place.end).unwrap_or_default();
            place.start += skipped.len() - skipped.trim_ascii_start().len();
            behind = end;
            self.places.insert(number, place);
        }
    }

    /// The range of a stream's data: its declared length, if the data ends there, else up to the keyword.
    fn extent(&self, start: usize, keyword: usize, stream_ends: &[usize]) -> (usize, usize) {
        let after = keyword + b"stream".len();
        let line_end = match self.file.get(after..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([b'\r' | b'\n', ..]) => 1,
            _ => 0,
        };
        let from = after + line_end;
        let said = Dict::from_bytes(self.file[start..keyword].trim_ascii_start()).and_then(|dict| {
            let length = dict.get_raw::<Number>("Length")?;
            let MaybeRef::NotRef(length) = length else { return None };
            let to = from.checked_add(usize::try_from(length.as_i64()).ok()?)?;
            let rest = self.file.get(to..self.file.len().min(to.checked_add(MAX_SPACE + b"endstream".len())?))?;
            rest.trim_ascii_start().starts_with(b"endstream").then_some(to)
        });
        let to = said.unwrap_or_else(|| {
            let to = first_from(stream_ends, from).unwrap_or(self.file.len());
            let trailing = if ends_with(self.file, to, b"\r\n") { 2 } else { usize::from(ends_with(self.file, to, b"\n")) };
            to.saturating_sub(trailing).max(from)
        });
        (from, to)
    }

    /// Objects in object streams (7.5.7).
    fn unpack(&mut self) {
        for number in self.numbers() {
            let Some(place) = self.places.get(&number).copied().filter(|place| place.data.is_some()) else { continue };
            let Some(dict) = Dict::from_bytes(self.bytes(&place)) else { continue };
            if self.name(&dict, "Type").as_deref() != Some("ObjStm") {
                continue;
            }
            let (Some(count), Some(first)) = (self.number(&dict, "N"), self.number(&dict, "First")) else { continue };
            let Ok((data, None)) = self.data(number) else {
                self.cut = true;
                continue;
            };
            let index = self.unpacked.len();
            let heads = numbers(data.get(..first).unwrap_or_default(), count.min(MAX_OBJECTS));
            for (position, (number, offset)) in heads.iter().enumerate() {
                let start = first.saturating_add(*offset).min(data.len());
                let next = heads.get(position + 1).map_or(data.len(), |(_, offset)| first.saturating_add(*offset));
                let end = next.clamp(start, data.len());
                let skipped = &data[start..end];
                let start = start + skipped.len() - skipped.trim_ascii_start().len();
                let inner = Place { inside: Some(index), generation: 0, start, end, data: None, offset: place.offset };
                let is_later = self.places.get(number).is_none_or(|known| known.offset <= place.offset);
                if is_later && self.places.len() < MAX_OBJECTS {
                    self.places.insert(*number, inner);
                }
            }
            self.unpacked.push(data);
        }
    }

    /// Most encrypted documents open without a password: the encryption only forbids edits.
    fn unlock(&mut self) -> Result<(), PdfError> {
        let trailers = memmem::rfind_iter(self.file, b"trailer").take(MAX_TRAILERS).filter_map(|at| {
            let rest = self.file.get(at + b"trailer".len()..)?;
            Dict::from_bytes(rest.get(..rest.len().min(MAX_TRAILER_BYTES))?.trim_ascii_start())
        });
        let maps = self.places.values().filter(|place| place.data.is_some());
        let maps = maps.filter_map(|place| Dict::from_bytes(self.bytes(place)));
        let Some(trailer) = trailers.chain(maps).find(|dict| dict.contains_key("Encrypt")) else { return Ok(()) };
        let encrypt = self.dict(&trailer, "Encrypt").ok_or(PdfError::Locked)?;
        let id = match self.get(&trailer, "ID") {
            Some(Object::Array(ids)) => ids.raw_iter().next().and_then(|id| self.followed(id)).and_then(Object::into_string),
            _ => None,
        };
        let id = id.map(|id| id.to_vec()).unwrap_or_default();
        let lock = Lock::open_without_password(self, &encrypt, &id).ok_or(PdfError::Locked)?;
        self.lock = Some(lock);
        Ok(())
    }
}

pub(super) fn text_of(name: &Name<'_>) -> String {
    String::from_utf8_lossy(name.as_ref()).into_owned()
}

fn ends_with(file: &[u8], at: usize, what: &[u8]) -> bool {
    file.get(..at).is_some_and(|before| before.ends_with(what))
}

fn first_from(sorted: &[usize], from: usize) -> Option<usize> {
    sorted.get(sorted.partition_point(|at| *at < from)).copied()
}

/// Whether the keyword `stream` at `keyword` ends the dictionary that begins at `start`.
fn is_data(file: &[u8], start: usize, keyword: usize) -> bool {
    file.get(start..keyword).is_some_and(|before| before.trim_ascii_end().ends_with(b">>"))
}

/// `12 0 ` before the keyword `obj`.
fn heading(file: &[u8], at: usize) -> Option<(u32, u16)> {
    let before = file.get(at.saturating_sub(24)..at)?;
    let (rest, generation) = last_number(before.trim_ascii_end())?;
    let spaced = rest.trim_ascii_end();
    if spaced.len() == rest.len() {
        return None;
    }
    let (_, number) = last_number(spaced)?;
    Some((number, u16::try_from(generation).ok()?))
}

fn last_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, number) = text.split_at(text.len() - digits);
    Some((rest, std::str::from_utf8(number).ok()?.parse().ok()?))
}

/// Pairs of object number and offset at the start of an object stream.
fn numbers(head: &[u8], count: usize) -> Vec<(u32, usize)> {
    let words = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut numbers = words.map_while(|word| std::str::from_utf8(word).ok()?.parse::<u32>().ok());
    let mut pairs = Vec::new();
    while pairs.len() < count
        && let (Some(number), Some(offset)) = (numbers.next(), numbers.next())
    {
        pairs.push((number, offset as usize));
    }
    pairs
}
