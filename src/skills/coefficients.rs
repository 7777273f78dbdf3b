//! The trained weights with their thresholds. Comes in: the file that the training writes. Goes out: the weights for a language and
//! the sources that are there. The file is made by `skillgate taxonomy train-matcher` and built in.

use super::combiner::{Combiner, Weights};
use serde::{Deserialize, Serialize};

/// Trained on judged pairs, whose texts are not part of the product.
const SHIPPED: &str = include_str!("coefficients.json");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// Named in every mapping that they decided.
    pub id: String,
    /// The taxonomy that they were trained with: name and major version.
    pub taxonomy: String,
    pub sets: Vec<Set>,
}

/// Weights for some languages and sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// Empty: all languages that no other set names.
    pub languages: Vec<String>,
    /// Whether the taxonomy's vectors take part.
    pub embedding: bool,
    /// Least probability that is published without a person's look; absent: none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_at: Option<f32>,
    pub weights: Weights,
}

/// The weights for one look-up.
pub struct Chosen {
    pub combiner: Combiner,
    pub publish_at: Option<f32>,
}

impl Coefficients {
    /// # Errors
    /// The text is not what the training writes.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Those that are built in. A test reads the file, so that it can't be wrong here.
    pub fn shipped() -> Self {
        Self::read(SHIPPED).unwrap_or_else(|_| Self { id: "none".to_owned(), taxonomy: String::new(), sets: Vec::new() })
    }

    /// The set for a language. Thresholds hold only for the taxonomy that they were measured with.
    pub fn choose(&self, taxonomy: &str, version: &str, language: &str, embedding: bool) -> Option<Chosen> {
        let fits = |set: &&Set| set.embedding == embedding && set.languages.iter().any(|one| one == language);
        let other = |set: &&Set| set.embedding == embedding && set.languages.is_empty();
        let set = self.sets.iter().find(fits).or_else(|| self.sets.iter().find(other))?;
        let major = version.split('.').next().unwrap_or_default();
        let is_measured = self.taxonomy == format!("{taxonomy}@{major}");
        Some(Chosen { combiner: Combiner::new(&set.weights), publish_at: set.publish_at.filter(|_| is_measured) })
    }
}
