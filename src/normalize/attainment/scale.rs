//! Compares a given value with a required value, and answers only with certainty.
//! Comes in: texts, the kind of result and its scale. Goes out: the comparison, and places on ordered lists.
//! Must not know: JSON. Grades run in opposite directions in different countries (5 is the best grade in Russia and fails in
//! Germany), so a number alone, or the written order of a list, proves nothing.

use super::words::{Word, plain, word};

/// The comparison of a given value with the required value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Same,
    Above,
    Below,
    /// It is uncertain which of the two is better.
    Unclear,
}

/// The kind of number or grade of a result type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Parts of a whole: more is better.
    Percent,
    /// Points: more is better, unless the scale may be a scale of school grades.
    Score,
    /// Letters, levels and other values: only an ordered list shows which value is better.
    Other,
    /// A kind that no standard describes: even numbers have no certain direction.
    Foreign,
}

/// The scale of a result: its bounds, and its allowed values from low to high where that order is signed.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    pub min: Option<String>,
    pub max: Option<String>,
    pub allowed: Option<Vec<Option<String>>>,
}

/// Above this number, no scale is a scale of school grades on which lower is better.
const BEYOND_GRADES: f64 = 10.0;
const LONGEST_NUMBER: usize = 24;

pub fn compare(given: &str, required: &str, measure: Measure, scale: &Scale) -> Relation {
    let (one, other) = (number(given), number(required));
    if let (Some(one), Some(other)) = (one, other)
        && matches!(measure, Measure::Percent | Measure::Score)
    {
        return compare_numbers(one, other, measure, scale);
    }
    if same(given, required) || one.is_some_and(|one| Some(one) == other) {
        return Relation::Same;
    }
    let ranks = scale.allowed.as_deref().and_then(|allowed| {
        ascends(allowed, measure).then_some(())?;
        Some((rank(allowed, given)?, rank(allowed, required)?))
    });
    ranks.map_or(Relation::Unclear, |(given, required)| if given < required { Relation::Below } else { Relation::Above })
}

/// Whether two texts are equal apart from case and spaces.
pub fn same(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.trim().to_lowercase();
    bare(one) == bare(other)
}

/// The place of a text on a list, counted from 0.
pub fn rank(list: &[Option<String>], text: &str) -> Option<usize> {
    list.iter().position(|entry| entry.as_deref().is_some_and(|entry| same(entry, text)))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Plain(f64),
    /// A percentage, as a part of one.
    Part(f64),
    /// `45/100`
    Of(f64, f64),
}

/// Reads digits with at most one decimal point or comma, a percentage or a fraction. A text with two possible meanings (`1.500`,
/// `1,500`) gives `None`.
fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    if text.len() > LONGEST_NUMBER {
        return None;
    }
    if let Some(percent) = text.strip_suffix('%') {
        return Some(Number::Part(decimal(percent.trim_end())? / 100.0));
    }
    if let Some((points, of)) = text.split_once('/') {
        let (points, of) = (decimal(points.trim_end())?, decimal(of.trim_start())?);
        return (points >= 0.0 && of > 0.0 && points <= of).then_some(Number::Of(points, of));
    }
    decimal(text).map(Number::Plain)
}

fn decimal(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    // Three digits after a comma or point may be thousands.
    let is_clear = fraction.len() != 3 || whole == "0";
    let value: f64 = (are_digits(whole) && are_digits(fraction) && is_clear).then(|| text.replace(',', ".").parse().ok())??;
    value.is_finite().then_some(value)
}

/// Both numbers on a scale where more is better; `None` when that is uncertain.
fn compare_numbers(given: Number, required: Number, measure: Measure, scale: &Scale) -> Relation {
    let bound = |text: &Option<String>| text.as_deref().and_then(number);
    let (min, max) = (bound(&scale.min), bound(&scale.max));
    let pair = match (given, required) {
        (Number::Plain(given), Number::Plain(required)) => plain_pair(given, required, measure, min, max),
        _ => part(given, measure, max).zip(part(required, measure, max)).filter(|(one, other)| *one <= 1.0 && *other <= 1.0),
    };
    let is_equal = matches!((given, required), (Number::Plain(one), Number::Plain(other)) if one == other);
    match pair {
        _ if is_equal => Relation::Same,
        None => Relation::Unclear,
        Some((given, required)) if given < required => Relation::Below,
        Some((given, required)) if given > required => Relation::Above,
        Some(_) => Relation::Same,
    }
}

fn plain_pair(given: f64, required: f64, measure: Measure, min: Option<Number>, max: Option<Number>) -> Option<(f64, f64)> {
    let plain = |bound: Option<Number>| match bound {
        Some(Number::Plain(value)) => Some(value),
        _ => None,
    };
    let (min, max) = (plain(min), plain(max));
    let lies_between = |value: f64| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
    if min.zip(max).is_some_and(|(min, max)| min >= max) || !lies_between(given) || !lies_between(required) {
        return None;
    }
    let is_no_grade = min.is_some_and(|min| min <= 0.0) || max.is_some_and(|max| max >= BEYOND_GRADES);
    let is_unbounded = min.is_none() && max.is_none();
    let more_is_better = match measure {
        // 0.6 may be 60 % or 0.6 %.
        Measure::Percent if (given <= 1.0) != (required <= 1.0) && given > 0.0 && required > 0.0 => false,
        Measure::Percent => is_unbounded || is_no_grade,
        Measure::Score => is_no_grade || (is_unbounded && required >= BEYOND_GRADES),
        Measure::Other | Measure::Foreign => false,
    };
    more_is_better.then_some((given, required))
}

/// A number as a part of one; `None` when that is uncertain.
fn part(number: Number, measure: Measure, max: Option<Number>) -> Option<f64> {
    match number {
        Number::Part(part) => Some(part),
        Number::Of(points, of) => Some(points / of),
        Number::Plain(value) if measure == Measure::Percent => {
            let is_of_hundred = matches!(max, None | Some(Number::Part(_))) || max == Some(Number::Plain(100.0));
            (is_of_hundred && (value == 0.0 || value > 1.0)).then_some(value / 100.0)
        }
        Number::Plain(value) => match max {
            Some(Number::Plain(max)) if measure == Measure::Score && max >= BEYOND_GRADES && value >= 0.0 => Some(value / max),
            _ => None,
        },
    }
    .filter(|part| *part >= 0.0)
}

/// The position of a number between its bounds, from 0 to 1; only on a scale where more is better.
pub fn within(given: &str, measure: Measure, scale: &Scale) -> Option<f64> {
    let (min, max) = (number(scale.min.as_deref()?)?, number(scale.max.as_deref()?)?);
    let between =
        |given: f64, min: f64, max: f64| (max > min && given >= min && given <= max).then(|| (given - min) / (max - min));
    match (number(given)?, min, max) {
        (Number::Plain(given), Number::Plain(min), Number::Plain(max)) => {
            plain_pair(given, given, measure, Some(Number::Plain(min)), Some(Number::Plain(max)))?;
            between(given, min, max)
        }
        (Number::Part(given), Number::Part(min), Number::Part(max)) => between(given, min, max),
        _ => None,
    }
}

/// Whether a list really runs from low to high: its own words must show it. Some issuers write the best grade first, and school
/// grades run both ways.
pub fn ascends(list: &[Option<String>], measure: Measure) -> bool {
    let Some(entries) = list.iter().map(|entry| entry.as_deref()).collect::<Option<Vec<_>>>() else { return false };
    if entries.len() < 2 || (1..entries.len()).any(|index| entries[..index].iter().any(|other| same(other, entries[index]))) {
        return false;
    }
    letters(&entries) || languages(&entries) || bands(&entries) || (measure != Measure::Foreign && numbers(&entries))
}

fn rise<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}

/// `F`, `D`, `C`, `B`, `A`; with `+` and `-`.
fn letters(entries: &[&str]) -> bool {
    let grade = |text: &&str| {
        let mut letters = text.trim().chars();
        let letter = letters.next().map(|letter| letter.to_ascii_uppercase()).filter(|letter| ('A'..='F').contains(letter))?;
        let shade = match (letters.next(), letters.next()) {
            (None, None) => 0,
            (Some('+'), None) => 1,
            (Some('-' | '−'), None) => -1,
            _ => return None,
        };
        Some(-3 * i32::try_from(u32::from(letter)).ok()? + shade)
    };
    entries.iter().map(grade).collect::<Option<Vec<_>>>().is_some_and(|grades| rise(&grades))
}

/// The levels of the Common European Framework of Reference; no other scale has the names `A1` to `C2`.
fn languages(entries: &[&str]) -> bool {
    let level = |text: &&str| ["A1", "A2", "B1", "B2", "C1", "C2"].iter().position(|level| same(level, text));
    entries.iter().map(level).collect::<Option<Vec<_>>>().is_some_and(|levels| rise(&levels))
}

/// Numbers on a scale that is certainly not a scale of school grades.
fn numbers(entries: &[&str]) -> bool {
    let value = |text: &&str| match number(text) {
        Some(Number::Plain(value)) => Some(value),
        _ => None,
    };
    let Some(values) = entries.iter().map(value).collect::<Option<Vec<_>>>() else { return false };
    let reaches_far = values.first().is_some_and(|low| *low <= 0.0) || values.last().is_some_and(|high| *high >= BEYOND_GRADES);
    reaches_far && rise(&values)
}

/// Words with a known low, middle or high place: they must rise.
fn bands(entries: &[&str]) -> bool {
    let band = |text: &&str| match word(text) {
        Some(Word::Failed) => Some(0),
        Some(Word::Passed) => Some(2),
        _ => {
            let plain = plain(text);
            BANDS.iter().find(|(_, words)| words.split_whitespace().any(|word| word == plain)).map(|(band, _)| *band)
        }
    };
    let known: Vec<u8> = entries.iter().filter_map(band).collect();
    known.is_sorted() && known.first() < known.last()
}

const BANDS: [(u8, &str); 4] = [
    (
        1,
        "poor weak low novice beginner beginning basic elementary foundation foundational limited emerging developing entry
        awareness anfanger grundlagen debutant principiante inicial basico basique",
    ),
    (
        2,
        "fair satisfactory adequate average medium intermediate sufficient ausreichend befriedigend mittel intermediaire moyen
        medio intermedio",
    ),
    (3, "good proficient competent practitioner merit gut bien bon fortgeschritten avance avanzado"),
    (
        4,
        "excellent outstanding advanced expert distinguished distinction exemplary exceptional superior high mastery mastered
        master sehrgut hervorragend experte excelente sobresaliente tresbien",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<Option<String>> {
        entries.iter().map(|entry| Some((*entry).to_owned())).collect()
    }

    #[test]
    fn numbers_are_read_only_where_they_mean_one_thing() {
        for (text, read) in [
            ("5.5", Some(Number::Plain(5.5))),
            ("5,5", Some(Number::Plain(5.5))),
            (" 60 ", Some(Number::Plain(60.0))),
            ("-3", Some(Number::Plain(-3.0))),
            ("0.125", Some(Number::Plain(0.125))),
            ("60 %", Some(Number::Part(0.6))),
            ("45/100", Some(Number::Of(45.0, 100.0))),
        ] {
            assert_eq!(number(text), read, "{text}");
        }
        for text in
            ["1.500", "1,500", "1.5.0", "", "-", ".5", "5.", "1e3", "inf", "NaN", "٥", "≥6", "120/100", "1/0", "six", "+5"]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_ascends_only_where_its_own_words_show_it() {
        for entries in [
            &["F", "D", "C", "B", "A"][..],
            &["C-", "C", "C+", "B"],
            &["A1", "A2", "B1"],
            &["Developing", "Proficient", "Advanced", "Distinguished"],
            &["Fail", "Pass"],
            &["Poor", "So so", "Good"],
            &["0", "1", "2"],
            &["1", "6", "10"],
        ] {
            assert!(ascends(&list(entries), Measure::Other), "{entries:?}");
        }
        for entries in [
            &["A", "B", "C", "D", "F"][..],
            &["A1", "B2", "B3", "C4", "F9"],
            &["Distinguished", "Advanced", "Developing"],
            &["Pass", "Fail"],
            &["1", "2", "3", "4", "5", "6"],
            &["6", "5", "4", "3", "2", "1"],
            &["Bronze", "Silver", "Gold"],
            &["Good", "Fair"],
            &["Pass"],
            &["Pass", "Pass"],
            &[],
        ] {
            assert!(!ascends(&list(entries), Measure::Other), "{entries:?}");
        }
        assert!(!ascends(&list(&["0", "10"]), Measure::Foreign));
    }

    #[test]
    fn school_grades_have_no_direction() {
        let grades = Scale { min: Some("1".into()), max: Some("5".into()), allowed: None };
        for (given, required) in [("5.0", "4.0"), ("5,0", "4,0"), ("1.3", "4.0"), ("5", "4")] {
            assert_eq!(compare(given, required, Measure::Score, &grades), Relation::Unclear, "{given} of {required}");
            assert_eq!(compare(given, required, Measure::Score, &Scale::default()), Relation::Unclear, "{given} of {required}");
        }
        assert_eq!(compare("4,0", "4.0", Measure::Score, &grades), Relation::Same);
        let upside_down = Scale { min: Some("20".into()), max: Some("0".into()), allowed: None };
        assert_eq!(compare("15", "10", Measure::Score, &upside_down), Relation::Unclear);
    }

    #[test]
    fn numbers_on_one_clear_line_are_compared() {
        let ten = Scale { min: Some("1".into()), max: Some("10".into()), allowed: None };
        let hundred = Scale { min: Some("0".into()), max: Some("100".into()), allowed: None };
        let grades = Scale { min: Some("1".into()), max: Some("6".into()), allowed: None };
        for (given, required, measure, scale, relation) in [
            ("5,5", "6", Measure::Score, &ten, Relation::Below),
            ("7.5", "6", Measure::Score, &ten, Relation::Above),
            ("11", "6", Measure::Score, &ten, Relation::Unclear),
            ("45%", "60%", Measure::Percent, &Scale::default(), Relation::Below),
            ("45%", "60", Measure::Percent, &hundred, Relation::Below),
            ("45/100", "60%", Measure::Percent, &hundred, Relation::Below),
            ("45/100", "60", Measure::Score, &hundred, Relation::Below),
            ("45/100", "60", Measure::Score, &Scale::default(), Relation::Unclear),
            ("0.45", "60", Measure::Percent, &hundred, Relation::Unclear),
            ("0.7", "0.6", Measure::Percent, &Scale::default(), Relation::Above),
            ("450", "60%", Measure::Percent, &hundred, Relation::Unclear),
            ("5,0", "4", Measure::Percent, &grades, Relation::Unclear),
            ("45%", "4", Measure::Percent, &grades, Relation::Unclear),
            ("72", "60", Measure::Score, &Scale::default(), Relation::Above),
            ("72", "60", Measure::Other, &hundred, Relation::Unclear),
            ("72", "60", Measure::Foreign, &hundred, Relation::Unclear),
            ("60.0", "60", Measure::Foreign, &hundred, Relation::Same),
            ("b", "B ", Measure::Other, &Scale::default(), Relation::Same),
            ("B", "C", Measure::Other, &Scale::default(), Relation::Unclear),
        ] {
            assert_eq!(compare(given, required, measure, scale), relation, "{given} of {required}, {measure:?}");
        }
        let letters = Scale { allowed: Some(list(&["F", "D", "C", "B", "A"])), ..Scale::default() };
        assert_eq!(compare("D", "C", Measure::Other, &letters), Relation::Below);
        assert_eq!(compare("B", "C", Measure::Foreign, &letters), Relation::Above);
        assert_eq!(compare("E", "C", Measure::Other, &letters), Relation::Unclear);
    }

    #[test]
    fn a_number_has_a_place_only_on_a_scale_with_a_direction() {
        let scale = |min: &str, max: &str| Scale { min: Some(min.into()), max: Some(max.into()), allowed: None };
        assert_eq!(within("55", Measure::Percent, &scale("0", "100")), Some(0.55));
        assert_eq!(within("55%", Measure::Percent, &scale("0%", "100%")), Some(0.55));
        assert_eq!(within("5", Measure::Score, &scale("1", "6")), None);
        assert_eq!(within("120", Measure::Score, &scale("0", "100")), None);
    }
}
