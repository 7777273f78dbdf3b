//! A compiled taxonomy, as it is loaded: shared by all tenants and never changed. Comes in: the bytes of its file. Goes out: concepts
//! by address, by label and by likeness, with their paths. Must not know: credentials, how a skill is decided.

use super::bundle::{Kind, Match};
use super::embedding::Embedding;
use super::lexical::{Lexical, Scratch};
use super::packed::{Lists, Packer, Texts, Unpacker};
use serde::{Deserialize, Serialize};
use std::io;

const MAGIC: &[u8; 8] = b"SKGTAX01";

/// What the file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    pub version: String,
    pub title: String,
    pub licence: String,
    /// The language with most labels first.
    pub languages: Vec<String>,
    pub concepts: usize,
    pub labels: usize,
    pub crossings: usize,
    /// Rows that were left out at the import.
    pub problems: usize,
    /// Of the embedding, when it was trained.
    pub seed: Option<u64>,
}

impl About {
    /// `esco@1.1.1`
    pub fn id(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Concepts {
    pub uris: Texts,
    pub codes: Texts,
    pub kinds: Vec<u8>,
    pub reuse: Vec<u8>,
    pub retired: Vec<u8>,
    pub descriptions: Texts,
    /// The labels of concept `i` are those from `label_starts[i]` to `label_starts[i + 1]`.
    pub label_starts: Vec<u32>,
    pub broader: Lists,
    /// For retired concepts: places in `successors`.
    pub replaced: Lists,
    pub successors: Texts,
    /// Stems of labels and description, by their place in [`Stems`].
    pub stems: Lists,
}

#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub texts: Texts,
    pub normals: Texts,
    /// Place in `About::languages`.
    pub languages: Vec<u8>,
    pub kinds: Vec<u8>,
    pub concepts: Vec<u32>,
    pub norms: Vec<f32>,
    pub long_norms: Vec<f32>,
    /// Labels by language, then by normal form.
    pub sorted: Vec<u32>,
    /// The stems of each label, by their place in [`Stems`], in the order of the words.
    pub stems: Lists,
}

/// The stems of all texts of concepts, sorted by hash.
#[derive(Clone, Debug, Default)]
pub struct Stems {
    pub hashes: Vec<u64>,
    pub idf: Vec<f32>,
}

#[derive(Clone, Debug, Default)]
pub struct Crossings {
    pub from: Texts,
    pub to: Texts,
    pub relations: Vec<u8>,
}

/// A compiled taxonomy.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub about: About,
    pub concepts: Concepts,
    pub labels: Labels,
    pub stems: Stems,
    /// Words that skills begin with (`manage`): their hashes, sorted.
    pub verbs: Vec<u64>,
    pub crossings: Crossings,
    /// One for each language.
    pub lexical: Vec<Lexical>,
    pub embedding: Option<Embedding>,
}

impl Catalogue {
    pub fn len(&self) -> usize {
        self.concepts.kinds.len()
    }

    pub fn is_empty(&self) -> bool {
        self.concepts.kinds.is_empty()
    }

    pub fn kind(&self, concept: u32) -> Kind {
        Kind::of_code(self.concepts.kinds.get(concept as usize).copied().unwrap_or_default())
    }

    pub fn is_retired(&self, concept: u32) -> bool {
        self.concepts.retired.get(concept as usize) == Some(&1)
    }

    /// Whether a skill may mean this concept: not a heading, not retired.
    pub fn is_target(&self, concept: u32) -> bool {
        self.kind(concept) != Kind::Group && !self.is_retired(concept)
    }

    pub fn uri(&self, concept: u32) -> &str {
        self.concepts.uris.get(concept as usize)
    }

    /// The concept with that address.
    pub fn find(&self, uri: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.concepts.uris.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.concepts.uris.get(middle) < uri { low = middle + 1 } else { high = middle }
        }
        (self.concepts.uris.get(low) == uri && !uri.is_empty()).then_some(low as u32)
    }

    /// The concepts that took the place of a retired one.
    pub fn successors(&self, concept: u32) -> impl Iterator<Item = &str> {
        self.concepts.replaced.get(concept as usize).iter().map(|at| self.concepts.successors.get(*at as usize))
    }

    pub fn labels_of(&self, concept: u32) -> std::ops::Range<usize> {
        let edge = |at: usize| self.concepts.label_starts.get(at).map_or(0, |edge| *edge as usize);
        edge(concept as usize)..edge(concept as usize + 1)
    }

    pub fn language(&self, tag: &str) -> Option<u8> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        self.about.languages.iter().position(|language| *language == primary).map(|at| at as u8)
    }

    /// The concept's name in the language, else in English, else in any.
    pub fn name(&self, concept: u32, language: Option<u8>) -> &str {
        let english = self.language("en");
        let range = self.labels_of(concept);
        let rank = |label: &usize| {
            let own = self.labels.languages.get(*label).copied();
            let place = if own == language { 0 } else { 1 + u8::from(own != english) };
            (place, self.labels.kinds.get(*label).copied())
        };
        range.min_by_key(rank).map_or("", |label| self.labels.texts.get(label))
    }

    /// Concepts with a label that has this normal form, each with the kind of label (0: preferred).
    pub fn with_label(&self, normal: &str, language: u8) -> Vec<(u32, u8)> {
        let labels = &self.labels;
        let key = |label: &u32| {
            let label = *label as usize;
            (labels.languages.get(label).copied().unwrap_or_default(), labels.normals.get(label))
        };
        let start = labels.sorted.partition_point(|label| key(label) < (language, normal));
        let same = labels.sorted.get(start..).unwrap_or_default().iter().take_while(|label| key(label) == (language, normal));
        let mut found: Vec<(u32, u8)> = same
            .filter_map(|label| Some((*labels.concepts.get(*label as usize)?, *labels.kinds.get(*label as usize)?)))
            .filter(|(concept, _)| self.is_target(*concept))
            .collect();
        found.sort_unstable();
        found.dedup_by_key(|(concept, _)| *concept);
        found
    }

    /// Concepts for a person who types: names that begin with the text, then names with words that begin with its words, then
    /// names that are written alike.
    pub fn typed(&self, normal: &str, language: Option<u8>, wanted: usize) -> Vec<u32> {
        let parts: Vec<&str> = normal.split(' ').filter(|part| !part.is_empty()).collect();
        let Some(first) = parts.first() else { return Vec::new() };
        let of = &self.labels;
        let mut found: Vec<(u8, u8, usize, u32)> = Vec::new();
        for label in 0..of.kinds.len() {
            if language.is_some_and(|language| of.languages.get(label) != Some(&language)) {
                continue;
            }
            let text = of.normals.get(label);
            let place = if text.starts_with(normal) {
                u8::from(text.len() != normal.len())
            } else if text.contains(first)
                && parts.iter().all(|part| text.split([' ', '/', '-']).any(|word| word.starts_with(part)))
            {
                2
            } else {
                continue;
            };
            let concept = of.concepts.get(label).copied().unwrap_or_default();
            if self.is_target(concept) {
                found.push((place, of.kinds.get(label).copied().unwrap_or_default(), text.len(), concept));
            }
        }
        found.sort_unstable();
        let mut concepts: Vec<u32> = Vec::with_capacity(wanted);
        let mut seen = std::collections::HashSet::new();
        concepts.extend(found.into_iter().map(|(.., concept)| concept).filter(|concept| seen.insert(*concept)).take(wanted));
        let lexical = self.lexical.get(usize::from(language.unwrap_or_default()));
        if let Some(lexical) = lexical.filter(|_| concepts.len() < wanted && normal.len() > 2) {
            let near = lexical.nearest(&lexical.query(normal), &of.norms, &mut Scratch::default());
            let near = near.into_iter().filter_map(|label| of.concepts.get(label as usize).copied());
            concepts.extend(near.filter(|concept| seen.insert(*concept)).take(wanted - concepts.len()));
        }
        concepts
    }

    /// From the concept up to the top, nearest first; a concept with several parents follows the first.
    pub fn path(&self, concept: u32) -> Vec<u32> {
        let mut path: Vec<u32> = Vec::new();
        let mut at = concept;
        while path.len() < 12 {
            let Some(above) =
                self.concepts.broader.get(at as usize).iter().find(|above| **above != concept && !path.contains(above))
            else {
                break;
            };
            path.push(*above);
            at = *above;
        }
        path
    }

    pub fn crossings(&self) -> impl Iterator<Item = (&str, Match, &str)> {
        let relation = |code: u8| match code {
            0 => Match::Exact,
            1 => Match::Close,
            2 => Match::Broad,
            _ => Match::Narrow,
        };
        let of = &self.crossings;
        of.relations.iter().enumerate().map(move |(at, code)| (of.from.get(at), relation(*code), of.to.get(at)))
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        let (concepts, labels) = (&self.concepts, &self.labels);
        let lists = [&concepts.broader, &concepts.replaced, &concepts.stems, &labels.stems];
        let texts =
            [&concepts.uris, &concepts.codes, &concepts.descriptions, &concepts.successors, &labels.texts, &labels.normals];
        let lists: usize = lists.into_iter().map(|list| 4 * (list.starts.len() + list.values.len())).sum();
        let texts: usize = texts.into_iter().map(Texts::bytes).sum();
        let lexical: usize = self.lexical.iter().map(Lexical::bytes).sum();
        let embedding = self.embedding.as_ref().map_or(0, Embedding::bytes);
        let crossings = self.crossings.from.bytes() + self.crossings.to.bytes();
        lists + texts + lexical + embedding + crossings + 7 * self.len() + 18 * labels.kinds.len() + 12 * self.stems.idf.len()
    }

    /// The bytes of the compiled file.
    pub fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::default();
        // Plain structs of text and numbers: writing them as JSON can't fail.
        packer.bytes(&serde_json::to_vec(&self.about).unwrap_or_default());
        let of = &self.concepts;
        [&of.uris, &of.codes, &of.descriptions, &of.successors].into_iter().for_each(|texts| packer.texts(texts));
        [&of.kinds, &of.reuse, &of.retired].into_iter().for_each(|codes| packer.bytes(codes));
        packer.u32s(&of.label_starts);
        [&of.broader, &of.replaced, &of.stems].into_iter().for_each(|lists| packer.lists(lists));
        let of = &self.labels;
        [&of.texts, &of.normals].into_iter().for_each(|texts| packer.texts(texts));
        [&of.languages, &of.kinds].into_iter().for_each(|codes| packer.bytes(codes));
        [&of.concepts, &of.sorted].into_iter().for_each(|places| packer.u32s(places));
        [&of.norms, &of.long_norms].into_iter().for_each(|norms| packer.f32s(norms));
        packer.lists(&of.stems);
        packer.u64s(&self.stems.hashes);
        packer.f32s(&self.stems.idf);
        packer.u64s(&self.verbs);
        packer.texts(&self.crossings.from);
        packer.texts(&self.crossings.to);
        packer.bytes(&self.crossings.relations);
        packer.u64s(&[self.lexical.len() as u64]);
        self.lexical.iter().for_each(|lexical| lexical.pack(&mut packer));
        if let Some(embedding) = &self.embedding {
            embedding.pack(&mut packer);
        }
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&crc32fast::hash(&packer.out).to_le_bytes());
        file.extend_from_slice(&packer.out);
        file
    }

    /// # Errors
    /// The bytes are not a compiled taxonomy of this version, or were changed since they were written.
    pub fn unpack(file: &[u8]) -> io::Result<Self> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let other = || wrong("the file is not a compiled taxonomy of this version of Skillgate; import the taxonomy again");
        let rest = file.strip_prefix(MAGIC.as_slice()).ok_or_else(other)?;
        let (checksum, body) = rest.split_first_chunk::<4>().ok_or_else(other)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(wrong("the compiled taxonomy is damaged: its checksum does not fit; import the taxonomy again"));
        }
        let mut from = Unpacker::new(body);
        let about: About = serde_json::from_slice(&from.take_bytes()?)?;
        let (uris, codes, descriptions, successors) =
            (from.take_texts()?, from.take_texts()?, from.take_texts()?, from.take_texts()?);
        let (kinds, reuse, retired) = (from.take_bytes()?, from.take_bytes()?, from.take_bytes()?);
        let label_starts = from.take_u32s()?;
        let (broader, replaced, stems) = (from.take_lists()?, from.take_lists()?, from.take_lists()?);
        let concepts =
            Concepts { uris, codes, kinds, reuse, retired, descriptions, label_starts, broader, replaced, successors, stems };
        let (texts, normals) = (from.take_texts()?, from.take_texts()?);
        let (languages, kinds) = (from.take_bytes()?, from.take_bytes()?);
        let (of_concepts, sorted) = (from.take_u32s()?, from.take_u32s()?);
        let (norms, long_norms) = (from.take_f32s()?, from.take_f32s()?);
        let of_labels = from.take_lists()?;
        let labels =
            Labels { texts, normals, languages, kinds, concepts: of_concepts, norms, long_norms, sorted, stems: of_labels };
        let stems = Stems { hashes: from.take_u64s()?, idf: from.take_f32s()? };
        let verbs = from.take_u64s()?;
        let crossings = Crossings { from: from.take_texts()?, to: from.take_texts()?, relations: from.take_bytes()? };
        let indexes = from.take_u64s()?.first().copied().unwrap_or_default();
        let lexical = (0..indexes).map(|_| Lexical::unpack(&mut from)).collect::<io::Result<Vec<_>>>()?;
        let embedding = if from.is_done() { None } else { Some(Embedding::unpack(&mut from)?) };
        Ok(Self { about, concepts, labels, stems, verbs, crossings, lexical, embedding })
    }

    /// What the file says of itself, without the rest of it.
    pub fn read_about(file: &mut impl io::Read) -> io::Result<About> {
        let mut head = [0u8; 20];
        file.read_exact(&mut head)?;
        let length = head.last_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes)).min(100_000);
        let mut about = vec![0u8; length as usize];
        file.read_exact(&mut about)?;
        if !head.starts_with(MAGIC) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file was compiled by another version; import the taxonomy again",
            ));
        }
        Ok(serde_json::from_slice(&about)?)
    }
}
