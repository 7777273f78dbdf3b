//! The lock of a PDF document that opens without a password: it only forbids edits (ISO 32000-2, 7.6).
//! Comes in: the encryption dictionary. Goes out: decrypted streams and strings.
//! Must not know: their content. A document that asks its reader for a password stays locked.

use super::objects::Objects;
use aes_gcm::aes::cipher::consts::U16;
use aes_gcm::aes::cipher::{BlockDecrypt, BlockEncrypt, BlockSizeUser, KeyInit};
use aes_gcm::aes::{Aes128, Aes256, Block};
use hayro_syntax::object::{Dict, Object};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha384, Sha512};

const BLOCK: usize = 16;
/// Padding for short passwords (7.6.4.3.2).
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08, 0x2E, 0x2E, 0x00, 0xB6, 0xD0,
    0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    None,
    Rc4,
    Aes128,
    Aes256,
}

pub(super) struct Lock {
    key: Vec<u8>,
    streams: Method,
    strings: Method,
    metadata: bool,
}

impl Lock {
    /// `None` for a document that needs a password, and for an unknown kind of lock.
    pub(super) fn open_without_password(objects: &Objects<'_>, encrypt: &Dict<'_>, id: &[u8]) -> Option<Self> {
        let number = |key: &str| objects.number(encrypt, key);
        let (version, revision) = (number("V")?, number("R")?);
        let string = |key: &str| match encrypt.get_raw::<Object<'_>>(key) {
            Some(hayro_syntax::object::MaybeRef::NotRef(Object::String(text))) => Some(text.to_vec()),
            _ => None,
        };
        let (owner, user) = (string("O")?, string("U")?);
        let metadata = !matches!(objects.get(encrypt, "EncryptMetadata"), Some(Object::Boolean(false)));
        let method = |which: &str| match version {
            1 | 2 => Some(Method::Rc4),
            4 | 5 => {
                let name = objects.name(encrypt, which).unwrap_or_else(|| "Identity".to_owned());
                if name == "Identity" {
                    return Some(Method::None);
                }
                let filter = objects.dict(&objects.dict(encrypt, "CF")?, &name)?;
                match objects.name(&filter, "CFM")?.as_str() {
                    "None" => Some(Method::None),
                    "V2" => Some(Method::Rc4),
                    "AESV2" => Some(Method::Aes128),
                    "AESV3" => Some(Method::Aes256),
                    _ => None,
                }
            }
            _ => None,
        };
        let key = if version == 5 {
            modern_key(revision, &user, &string("UE")?)?
        } else {
            let length =
                if version == 1 { 5 } else { number("Length").map_or(if version == 4 { 16 } else { 5 }, |bits| bits / 8) };
            let permissions = permissions(objects, encrypt)?;
            classic_key(revision, length.clamp(5, 16), &owner, &user, permissions, id, metadata)?
        };
        Some(Self { key, streams: method("StmF")?, strings: method("StrF")?, metadata })
    }

    /// Whether streams of this type are encrypted.
    pub(super) fn covers(&self, kind: &str) -> bool {
        kind != "XRef" && (kind != "Metadata" || self.metadata)
    }

    pub(super) fn open_stream(&self, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        self.open(self.streams, number, generation, data)
    }

    pub(super) fn open_string(&self, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        self.open(self.strings, number, generation, data)
    }

    fn open(&self, method: Method, number: u32, generation: u16, data: &[u8]) -> Vec<u8> {
        match method {
            Method::None => data.to_vec(),
            Method::Rc4 => rc4(&self.object_key(number, generation, b""), data),
            Method::Aes128 => with_vector(&self.object_key(number, generation, b"sAlT"), data),
            Method::Aes256 => with_vector(&self.key, data),
        }
    }

    /// Algorithm 1: each object has its own key.
    fn object_key(&self, number: u32, generation: u16, salt: &[u8]) -> Vec<u8> {
        let mut hash = Md5::new();
        hash.update(&self.key);
        hash.update(&number.to_le_bytes()[..3]);
        hash.update(generation.to_le_bytes());
        hash.update(salt);
        hash.finalize()[..(self.key.len() + 5).min(16)].to_vec()
    }
}

fn permissions(objects: &Objects<'_>, encrypt: &Dict<'_>) -> Option<[u8; 4]> {
    let value = objects.get(encrypt, "P")?.into_number()?.as_i64();
    // A signed or an unsigned number of 32 bits.
    let low = value.to_le_bytes();
    Some([low[0], low[1], low[2], low[3]])
}

/// Algorithms 2, 4 and 5 with an empty password.
fn classic_key(
    revision: usize,
    length: usize,
    owner: &[u8],
    user: &[u8],
    permissions: [u8; 4],
    id: &[u8],
    metadata: bool,
) -> Option<Vec<u8>> {
    let mut hash = Md5::new();
    hash.update(PADDING);
    hash.update(owner.get(..32)?);
    hash.update(permissions);
    hash.update(id);
    if revision >= 4 && !metadata {
        hash.update([0xFF; 4]);
    }
    let mut digest = hash.finalize();
    if revision >= 3 {
        for _ in 0..50 {
            digest = Md5::digest(&digest[..length]);
        }
    }
    let key = digest[..length].to_vec();
    let expected = if revision == 2 {
        rc4(&key, &PADDING)
    } else {
        let first = rc4(&key, &Md5::digest([&PADDING[..], id].concat()));
        (1..=19_u8).fold(first, |data, round| rc4(&key.iter().map(|byte| byte ^ round).collect::<Vec<_>>(), &data))
    };
    let compared = if revision == 2 { 32 } else { 16 };
    (user.get(..compared)? == expected.get(..compared)?).then_some(key)
}

/// Algorithm 2.A with an empty password.
fn modern_key(revision: usize, user: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
    let hash = |salt: &[u8]| match revision {
        5 => Sha256::digest(salt).to_vec(),
        _ => hardened(salt),
    };
    if hash(user.get(32..40)?) != user.get(..32)? {
        return None;
    }
    let between = hash(user.get(40..48)?);
    Some(decrypt_chain(&between, [0; BLOCK], encrypted.get(..32)?))
}

/// Algorithm 2.B with an empty password.
fn hardened(salt: &[u8]) -> Vec<u8> {
    let mut key = Sha256::digest(salt).to_vec();
    let mut round = 0_u32;
    loop {
        let block = encrypt_chain(&key[..16], &key[16..32], &key.repeat(64));
        let remainder = block.iter().take(16).map(|byte| u32::from(*byte)).sum::<u32>() % 3;
        key = match remainder {
            0 => Sha256::digest(&block).to_vec(),
            1 => Sha384::digest(&block).to_vec(),
            _ => Sha512::digest(&block).to_vec(),
        };
        round += 1;
        if round >= 64 && block.last().is_none_or(|last| u32::from(*last) + 32 <= round) {
            key.truncate(32);
            return key;
        }
    }
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut j = 0_u8;
    for i in 0..=255_u8 {
        let at = usize::from(i);
        j = j.wrapping_add(state[at]).wrapping_add(key[at % key.len()]);
        state.swap(at, usize::from(j));
    }
    let (mut i, mut j) = (0_u8, 0_u8);
    let mut next = || {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
    };
    data.iter().map(|byte| byte ^ next()).collect()
}

/// CBC with the initialisation vector before and the padding after the data.
fn with_vector(key: &[u8], data: &[u8]) -> Vec<u8> {
    let Some((vector, data)) = data.split_first_chunk::<BLOCK>() else { return Vec::new() };
    let mut plain = decrypt_chain(key, *vector, data);
    let padding = plain.last().map_or(0, |last| usize::from(*last));
    if (1..=BLOCK).contains(&padding) {
        plain.truncate(plain.len().saturating_sub(padding));
    }
    plain
}

fn decrypt_chain(key: &[u8], vector: [u8; BLOCK], data: &[u8]) -> Vec<u8> {
    match key.len() {
        32 => Aes256::new_from_slice(key).map(|cipher| decrypted(&cipher, vector, data)).unwrap_or_default(),
        _ => Aes128::new_from_slice(key).map(|cipher| decrypted(&cipher, vector, data)).unwrap_or_default(),
    }
}

fn decrypted<C: BlockDecrypt + BlockSizeUser<BlockSize = U16>>(cipher: &C, vector: [u8; BLOCK], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut previous = vector;
    for chunk in data.as_chunks::<BLOCK>().0 {
        let mut block = Block::from(*chunk);
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(previous).map(|(byte, before)| byte ^ before));
        previous = *chunk;
    }
    out
}

/// Keys shorter than AES-128 keys can't occur: digests have at least 32 bytes.
fn encrypt_chain(key: &[u8], vector: &[u8], data: &[u8]) -> Vec<u8> {
    let Ok(cipher) = Aes128::new_from_slice(key) else { return Vec::new() };
    let mut out = Vec::with_capacity(data.len());
    let mut previous = vector.to_vec();
    for chunk in data.as_chunks::<BLOCK>().0 {
        let mut block = Block::from(*chunk);
        block.iter_mut().zip(&previous).for_each(|(byte, before)| *byte ^= before);
        cipher.encrypt_block(&mut block);
        previous.clear();
        previous.extend_from_slice(&block);
        out.extend_from_slice(&block);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another program (pypdf) made for documents that open without a password.
    const ID: &str = "b843a55ae0b1fcac8f95fc3b4f63dff5";
    const PERMISSIONS: [u8; 4] = [0xFC, 0xFF, 0xFF, 0xFF];

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn the_keys_of_older_locks_are_those_of_another_program() {
        let short = (
            "c92422687facee686e373f10b5c7d04738053152f7e2ee30e11c69ec442576ab",
            "ac4302c5b4ff150df345a42a9b5486fd39c38253c3a3d98c4bf80bd49d67898c",
        );
        let long = (
            "566fa873ee33c797cd3b904fdadf814afa34df9a38f6ed41b984e2c6da2aa6f5",
            "545279b5f695bb054083bd02d94c901528bf4e5e4e758a4164004e56fffa0108",
        );
        for (revision, length, (owner, user), key) in [
            (2, 5, short, "d71348a5c8"),
            (3, 16, long, "f9c5370d471ffce8e6e00e90e9315533"),
            (4, 16, long, "f9c5370d471ffce8e6e00e90e9315533"),
        ] {
            let made = |user: &[u8]| classic_key(revision, length, &bytes(owner), user, PERMISSIONS, &bytes(ID), true);
            assert_eq!(made(&bytes(user)), Some(bytes(key)));
            assert_eq!(made(&[0; 32]), None, "a document that asks for a password stays locked");
        }
    }

    #[test]
    fn the_keys_of_newer_locks_are_those_of_another_program() {
        for (revision, user, encrypted, key) in [
            (
                5,
                "d5d49a4ff34945dd5aadbb52a6519fab5a34d13a423265b251ed0b658382c0b96aa00106d98ee71956013c372646531c",
                "e313162e72d5ddca8e42741af90f30e7f078e4421195ea4d1ac38d07c58d79d0",
                "3656cb571edb126b37c9b3bbf7f1056ac7a1bb7f9c528d27f6f99594043ce027",
            ),
            (
                6,
                "af0a958067cd735ff745d713645a6b7a9a0797a92dd6daef4bc72585b5e9ad7f8993ad7790b9f8808402bd6bd06189bb",
                "ea227dc7921cbeaed60a9476361a6932e8c22ab0820aaec3c37ae8d0b3cb2091",
                "279b50efa1965c7a0c76febaed54eec8478acccdd70350a6bad366a9136d5317",
            ),
        ] {
            assert_eq!(modern_key(revision, &bytes(user), &bytes(encrypted)), Some(bytes(key)));
            let mut other = bytes(user);
            other[0] ^= 1;
            assert_eq!(modern_key(revision, &other, &bytes(encrypted)), None);
        }
    }

    #[test]
    fn chained_blocks_are_undone_and_damaged_ones_give_something_shorter() {
        let (key, vector) = ([7; 16], [9; BLOCK]);
        let padded = [&b"hello"[..], &[11; 11]].concat();
        let locked = [&vector[..], &encrypt_chain(&key, &vector, &padded)].concat();
        assert_eq!(with_vector(&key, &locked), b"hello");
        assert!(with_vector(&key, &locked[..20]).is_empty() && with_vector(&key, b"short").is_empty());
        assert_eq!(rc4(b"Key", b"Plaintext"), bytes("bbf316e8d940af0ad3"));
    }
}
