//! The numbers that speak for a candidate, and for "no concept". Their names are those of the coefficients.

macro_rules! numbers {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $field:ident,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$inner])* pub $field: f32,)+ }

        impl $name {
            pub const NAMES: &[&str] = &[$(stringify!($field)),+];

            pub fn values(&self) -> [f32; Self::NAMES.len()] {
                [$(self.$field),+]
            }
        }
    };
}

numbers! {
    /// What speaks for or against one concept.
    OfCandidate {
        /// Shared runs of 2 to 4 characters, over the label that is most alike.
        runs,
        /// Of 3 and 4 characters only.
        long_runs,
        /// Of the preferred name alone.
        preferred_runs,
        /// The vector of the text and the middle of the concept's labels.
        centre,
        /// And the label that points most alike.
        label,
        preferred_label,
        description,
        exact,
        exact_preferred,
        /// Several concepts have exactly this name.
        ambiguous,
        /// Shared stems, weighed by rarity, over the label that shares most (Dice).
        shared_words,
        /// How much of the text is in that label, and the reverse.
        text_in_label,
        label_in_text,
        /// The last words are the same, the first words are.
        same_head,
        same_start,
        /// Difference in words, of the label that shares most.
        length,
        /// How much of the text is in the preferred name, and the reverse.
        text_in_name,
        name_in_text,
        /// How much of the text is in any text of the concept.
        text_in_concept,
        knowledge,
        verb_and_knowledge,
        verb_and_skill,
        transversal,
        cross_sector,
        sector,
        occupation,
        labels,
        /// The concept and the credential around the skill.
        context,
        context_words,
        /// Best of all candidates by runs, by vectors.
        best_runs,
        best_vector,
        /// Runs and vectors agree.
        agreement,
        label_squared,
        /// Behind the best candidate by vectors, by runs.
        behind_vector,
        behind_runs,
    }
}

numbers! {
    /// What speaks for "no concept of this taxonomy".
    OfNone {
        bias,
        /// How much of the text the taxonomy does not know.
        unknown_words,
        words,
        single_word,
        digit,
        capitals,
        verb_first,
        rarest_word,
        runs,
        centre,
        label,
        exact,
        shared_words,
        product,
        has_context,
        context,
    }
}
