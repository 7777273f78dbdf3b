//! RDF Dataset Canonicalization (RDFC-1.0) under a strict work budget.
//! Comes in: a dataset. Goes out: its quads with canonical blank node numbers, or an error when the budget is used up.
//! Must not know: JSON, contexts, proofs.

use super::dataset::{Dataset, OpenLine, Quad, Term};
use sha2::{Digest, Sha256, Sha384};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The hash that RDFC-1.0 and the cryptosuite use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    Sha256,
    Sha384,
}

impl HashAlgorithm {
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
        }
    }

    fn digest_lines(self, lines: &[String]) -> Vec<u8> {
        fn hash<D: Digest>(lines: &[String]) -> Vec<u8> {
            lines.iter().fold(D::new(), |hasher, line| hasher.chain_update(line)).finalize().to_vec()
        }
        match self {
            Self::Sha256 => hash::<Sha256>(lines),
            Self::Sha384 => hash::<Sha384>(lines),
        }
    }

    fn hex(self, data: &str) -> String {
        hex::encode(self.digest(data.as_bytes()))
    }
}

/// The graph's blank nodes are too similar to be ordered within the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document's unnamed nodes are too similar to be put in order")]
pub struct TooComplex;

/// Most steps of the n-degree hash (RDFC-1.0 §4.8) for one dataset. A step takes about a microsecond; an honest credential needs
/// at most a few dozen.
const BUDGET: u64 = 40_000;

/// A dataset in canonical order.
#[derive(Clone, Debug)]
pub struct Canonical {
    /// Sorted by their canonical lines, without duplicates; blank node numbers are the canonical ones (`c14nN`).
    pub quads: Vec<Quad>,
    /// The line of each quad, with its line feed.
    pub lines: Vec<String>,
    /// The canonical number of each blank node of the input; absent for a node in no quad.
    pub numbers: Vec<Option<u32>>,
}

impl Canonical {
    /// The canonical N-Quads document.
    pub fn document(&self) -> String {
        self.lines.concat()
    }

    /// The hash of [`Canonical::document`], computed without the document's text.
    pub fn digest(&self, hash: HashAlgorithm) -> Vec<u8> {
        hash.digest_lines(&self.lines)
    }
}

pub fn canonicalize(dataset: Dataset, hash: HashAlgorithm) -> Result<Canonical, TooComplex> {
    // Each quad is written once; hashing and sorting differ only in the labels of its blank nodes.
    let spelled: Vec<OpenLine> = dataset.quads.iter().map(OpenLine::of).collect();
    let numbers = Canonicalizer::new(&dataset, &spelled, hash).run()?;
    let number = |id: u32| numbers.get(id as usize).copied().flatten().unwrap_or(u32::MAX);
    let relabel = |term: &mut Term| {
        if let Term::Blank(id) = term {
            *id = number(*id);
        }
    };
    let mut rows: Vec<(String, Quad)> = Vec::with_capacity(dataset.quads.len());
    for (mut quad, open) in dataset.quads.into_iter().zip(spelled) {
        let mut line = String::with_capacity(open.capacity(8));
        open.close(&mut line, |id, out| write_canonical_label(number(id), out));
        relabel(&mut quad.subject);
        relabel(&mut quad.object);
        quad.graph.iter_mut().for_each(relabel);
        rows.push((line, quad));
    }
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    rows.dedup_by(|a, b| a.0 == b.0);
    let (lines, quads) = rows.into_iter().unzip();
    Ok(Canonical { quads, lines, numbers })
}

/// Writes a canonical blank node.
pub fn write_canonical_label(id: u32, out: &mut String) {
    out.push_str("c14n");
    out.push_str(&id.to_string());
}

/// Issues identifiers in order (RDFC-1.0 §4.6), without the prefix, which is added in writing.
#[derive(Clone, Default)]
struct Issuer {
    order: Vec<u32>,
    issued: HashMap<u32, u32>,
}

impl Issuer {
    fn issue(&mut self, node: u32) -> u32 {
        if let Some(number) = self.issued.get(&node) {
            return *number;
        }
        let number = self.order.len() as u32;
        self.order.push(node);
        self.issued.insert(node, number);
        number
    }
}

struct Canonicalizer<'a> {
    hash: HashAlgorithm,
    /// The quads without repetitions, with their lines.
    quads: Vec<(&'a OpenLine, &'a Quad)>,
    quads_of: Vec<Vec<u32>>,
    first_degree: Vec<String>,
    canonical: Issuer,
    budget: u64,
}

impl<'a> Canonicalizer<'a> {
    fn new(dataset: &'a Dataset, spelled: &'a [OpenLine], hash: HashAlgorithm) -> Self {
        let mut seen: HashSet<&OpenLine, foldhash::fast::RandomState> = HashSet::default();
        let quads: Vec<(&OpenLine, &Quad)> = spelled.iter().zip(&dataset.quads).filter(|(line, _)| seen.insert(line)).collect();
        let mut quads_of = vec![Vec::new(); dataset.blank_count as usize];
        for (index, (_, quad)) in quads.iter().enumerate() {
            for (node, _) in quad.blanks() {
                let list: &mut Vec<u32> = &mut quads_of[node as usize];
                if list.last() != Some(&(index as u32)) {
                    list.push(index as u32);
                }
            }
        }
        Self { hash, quads, quads_of, first_degree: Vec::new(), canonical: Issuer::default(), budget: BUDGET }
    }

    fn run(mut self) -> Result<Vec<Option<u32>>, TooComplex> {
        self.first_degree = (0..self.quads_of.len()).map(|node| self.hash_first_degree(node as u32)).collect();
        let mut by_hash: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (node, hash) in self.first_degree.iter().enumerate().filter(|(node, _)| !self.quads_of[*node].is_empty()) {
            by_hash.entry(hash).or_default().push(node as u32);
        }
        let mut alike = Vec::new();
        for nodes in by_hash.into_values() {
            match nodes.as_slice() {
                [node] => {
                    self.canonical.issue(*node);
                }
                _ => alike.push(nodes),
            }
        }
        for nodes in alike {
            let mut paths: Vec<(String, Issuer)> = Vec::new();
            for node in nodes {
                if self.canonical.issued.contains_key(&node) {
                    continue;
                }
                let mut issuer = Issuer::default();
                issuer.issue(node);
                paths.push(self.hash_n_degree(node, issuer, 0)?);
            }
            paths.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, issuer) in paths {
                for node in issuer.order {
                    self.canonical.issue(node);
                }
            }
        }
        Ok((0..self.quads_of.len()).map(|node| self.canonical.issued.get(&(node as u32)).copied()).collect())
    }

    /// RDFC-1.0 §4.7.
    fn hash_first_degree(&self, node: u32) -> String {
        let mut lines: Vec<String> = self.quads_of[node as usize]
            .iter()
            .map(|index| {
                let (open, _) = self.quads[*index as usize];
                let mut line = String::with_capacity(open.capacity(1));
                open.close(&mut line, |id, out| out.push(if id == node { 'a' } else { 'z' }));
                line
            })
            .collect();
        lines.sort_unstable();
        hex::encode(self.hash.digest_lines(&lines))
    }

    fn spend(&mut self, steps: usize) -> Result<(), TooComplex> {
        self.budget = self.budget.checked_sub(steps as u64).ok_or(TooComplex)?;
        Ok(())
    }

    /// RDFC-1.0 §4.9.3: the label of a neighbour of the node that is being hashed.
    fn hash_related(&self, related: u32, quad: &Quad, issuer: &Issuer, position: char) -> String {
        let mut input = String::with_capacity(160);
        input.push(position);
        if position != 'g' {
            input.push('<');
            input.push_str(&quad.predicate);
            input.push('>');
        }
        if !self.write_issued(related, issuer, &mut input) {
            input.push_str(&self.first_degree[related as usize]);
        }
        self.hash.hex(&input)
    }

    fn write_issued(&self, node: u32, issuer: &Issuer, out: &mut String) -> bool {
        if let Some(number) = self.canonical.issued.get(&node) {
            out.push_str("_:c14n");
            out.push_str(&number.to_string());
        } else if let Some(number) = issuer.issued.get(&node) {
            out.push_str("_:b");
            out.push_str(&number.to_string());
        } else {
            return false;
        }
        true
    }

    /// RDFC-1.0 §4.8.
    fn hash_n_degree(&mut self, node: u32, mut issuer: Issuer, depth: usize) -> Result<(String, Issuer), TooComplex> {
        if depth > 64 {
            return Err(TooComplex);
        }
        let own_quads = self.quads_of[node as usize].clone();
        self.spend(1 + own_quads.len())?;
        let mut by_hash: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for index in own_quads {
            let (_, quad) = self.quads[index as usize];
            for (related, position) in quad.blanks().filter(|(related, _)| *related != node) {
                by_hash.entry(self.hash_related(related, quad, &issuer, position)).or_default().push(related);
            }
        }
        let mut data = String::new();
        for (related_hash, mut related) in by_hash {
            data.push_str(&related_hash);
            related.sort_unstable();
            let mut chosen: Option<(String, Issuer)> = None;
            loop {
                self.spend(1 + related.len() + issuer.order.len() / 8)?;
                if let Some(better) = self.try_order(&related, &issuer, chosen.as_ref().map(|(path, _)| path), depth)? {
                    chosen = Some(better);
                }
                if !next_permutation(&mut related) {
                    break;
                }
            }
            if let Some((path, chosen_issuer)) = chosen {
                data.push_str(&path);
                issuer = chosen_issuer;
            }
        }
        Ok((self.hash.hex(&data), issuer))
    }

    /// One permutation of §4.8.3 step 5.4: its path and issuer, if it is better than the best so far.
    fn try_order(
        &mut self,
        related: &[u32],
        issuer: &Issuer,
        best: Option<&String>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, TooComplex> {
        let worse = |path: &String| best.is_some_and(|best| path.len() >= best.len() && path > best);
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut to_visit = Vec::new();
        for node in related {
            if !self.write_issued(*node, &issuer, &mut path) {
                to_visit.push(*node);
                issuer.issue(*node);
                self.write_issued(*node, &issuer, &mut path);
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for node in to_visit {
            let (hash, visited) = self.hash_n_degree(node, issuer.clone(), depth + 1)?;
            self.write_issued(node, &issuer, &mut path);
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = visited;
            if worse(&path) {
                return Ok(None);
            }
        }
        Ok(best.is_none_or(|best| path < *best).then_some((path, issuer)))
    }
}

/// The next permutation of the list; `false` after the last.
fn next_permutation(list: &mut [u32]) -> bool {
    let Some(pivot) = (1..list.len()).rev().find(|i| list[i - 1] < list[*i]).map(|i| i - 1) else {
        return false;
    };
    let Some(swap) = (pivot + 1..list.len()).rev().find(|i| list[*i] > list[pivot]) else {
        return false;
    };
    list.swap(pivot, swap);
    list[pivot + 1..].reverse();
    true
}
