//! Arrays of numbers and texts as bytes. Comes in: arrays, or the bytes of a compiled taxonomy. Goes out: the other of the two.
//! Must not know: what the arrays mean. The file is read once, whole; nothing in it is believed before its checksum.

use std::io;

/// Many texts in one.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    all: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Texts {
    pub fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
    }

    pub fn get(&self, at: usize) -> &str {
        let end = self.ends.get(at).map_or(0, |end| *end as usize);
        let start = if at == 0 { 0 } else { self.ends.get(at - 1).map_or(0, |end| *end as usize) };
        self.all.get(start..end).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.all.len() + 4 * self.ends.len()
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<T: IntoIterator<Item = &'a str>>(texts: T) -> Self {
        let mut packed = Self::default();
        texts.into_iter().for_each(|text| packed.push(text));
        packed
    }
}

/// Lists of numbers, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    pub starts: Vec<u32>,
    pub values: Vec<u32>,
}

impl Lists {
    pub fn of(lists: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let mut packed = Self { starts: vec![0], values: Vec::new() };
        for list in lists {
            packed.values.extend(list);
            packed.starts.push(u32::try_from(packed.values.len()).unwrap_or(u32::MAX));
        }
        packed
    }

    pub fn get(&self, at: usize) -> &[u32] {
        let edge = |at: usize| self.starts.get(at).map_or(0, |edge| *edge as usize);
        self.values.get(edge(at)..edge(at + 1)).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One array after the other, each with its length before it.
#[derive(Default)]
pub struct Packer {
    pub out: Vec<u8>,
}

macro_rules! arrays {
    ($($put:ident $take:ident $number:ty),+ $(,)?) => {
        impl Packer {
            $(pub fn $put(&mut self, values: &[$number]) {
                self.length(values.len());
                values.iter().for_each(|value| self.out.extend_from_slice(&value.to_le_bytes()));
            })+
        }
        impl Unpacker<'_> {
            $(pub fn $take(&mut self) -> io::Result<Vec<$number>> {
                const SIZE: usize = size_of::<$number>();
                let bytes = self.array(SIZE)?;
                let (chunks, _) = bytes.as_chunks::<SIZE>();
                Ok(chunks.iter().map(|chunk| <$number>::from_le_bytes(*chunk)).collect())
            })+
        }
    };
}

arrays!(bytes take_bytes u8, signed take_signed i8, u32s take_u32s u32, u64s take_u64s u64, f32s take_f32s f32);

impl Packer {
    fn length(&mut self, length: usize) {
        self.out.extend_from_slice(&(length as u64).to_le_bytes());
    }

    pub fn texts(&mut self, texts: &Texts) {
        self.bytes(texts.all.as_bytes());
        self.u32s(&texts.ends);
    }

    pub fn lists(&mut self, lists: &Lists) {
        self.u32s(&lists.starts);
        self.u32s(&lists.values);
    }
}

pub struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    fn array(&mut self, size: usize) -> io::Result<&'a [u8]> {
        let short = || io::Error::new(io::ErrorKind::InvalidData, "the compiled taxonomy ends too early");
        let (head, rest) = self.rest.split_first_chunk::<8>().ok_or_else(short)?;
        let length =
            usize::try_from(u64::from_le_bytes(*head)).ok().and_then(|count| count.checked_mul(size)).ok_or_else(short)?;
        let (array, rest) = rest.split_at_checked(length).ok_or_else(short)?;
        self.rest = rest;
        Ok(array)
    }

    pub fn take_texts(&mut self) -> io::Result<Texts> {
        let all = String::from_utf8(self.take_bytes()?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Texts { all, ends: self.take_u32s()? })
    }

    pub fn take_lists(&mut self) -> io::Result<Lists> {
        Ok(Lists { starts: self.take_u32s()?, values: self.take_u32s()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_a_cut_file_is_an_error() {
        let mut packer = Packer::default();
        packer.texts(&["a", "", "für"].into_iter().collect());
        packer.lists(&Lists::of([vec![1, 2], vec![], vec![3]]));
        packer.f32s(&[0.5, -1.0]);
        let mut unpacker = Unpacker::new(&packer.out);
        let texts = unpacker.take_texts().unwrap();
        assert_eq!((texts.get(0), texts.get(1), texts.get(2), texts.get(9)), ("a", "", "für", ""));
        let lists = unpacker.take_lists().unwrap();
        assert_eq!((lists.get(0), lists.get(1), lists.get(2), lists.get(7)), (&[1, 2][..], &[][..], &[3][..], &[][..]));
        assert_eq!(unpacker.take_f32s().unwrap(), [0.5, -1.0]);
        assert!(unpacker.is_done());
        for cut in 0..packer.out.len() {
            let mut unpacker = Unpacker::new(&packer.out[..cut]);
            let whole = unpacker.take_texts().and_then(|_| unpacker.take_lists()).and_then(|_| unpacker.take_f32s());
            assert!(whole.is_err(), "{cut}");
        }
        assert!(Unpacker::new(&u64::MAX.to_le_bytes()).take_u64s().is_err());
    }
}
