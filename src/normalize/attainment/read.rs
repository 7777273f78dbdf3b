//! Reads results and their descriptions for the table.
//! Comes in: JSON of an Open Badges 3.0 `Result` and `ResultDescription` (and their equivalents in Open Badges 2 and CLR 1).
//! Goes out: statements, compared with the requirement. Must not know: skills, levels of frameworks.

use super::scale::{self, Measure, Relation, Scale};
use super::words::word;
use super::{Given, Judged, Kind, Required, combined, counts_as};
use crate::model::credential::{Attainment, Securing};
use crate::normalize::reader::Node;

/// Contexts in which `allowedValue` is a list. A signature over RDF covers the order of a list, but not the order of a set, which the
/// holder can change.
const ALLOWED_VALUES_IN_ORDER: [&str; 2] =
    ["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];

/// The scales whose order the signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub allowed_values: bool,
    /// `rubricCriterionLevel` is a set in every context.
    pub rubrics: bool,
}

impl Order {
    /// `root`: the credential.
    pub fn of(root: &Node<'_>, secured_with: Securing) -> Self {
        let rubrics = secured_with != Securing::DataIntegrity;
        let mut contexts = root.list("@context").into_iter().filter_map(|context| context.value.as_str());
        Self { rubrics, allowed_values: rubrics || contexts.any(|context| ALLOWED_VALUES_IN_ORDER.contains(&context)) }
    }
}

/// Result types of Open Badges 3.0, each with its measure.
const TYPES: [(&str, Kind, Measure); 12] = [
    ("Status", Kind::Status, Measure::Other),
    ("Percent", Kind::Graded, Measure::Percent),
    ("RawScore", Kind::Graded, Measure::Score),
    ("ScaledScore", Kind::Graded, Measure::Score),
    ("RubricScore", Kind::Graded, Measure::Score),
    ("GradePointAverage", Kind::Graded, Measure::Score),
    ("LetterGrade", Kind::Graded, Measure::Other),
    ("PerformanceLevel", Kind::Graded, Measure::Other),
    ("RubricCriterion", Kind::Graded, Measure::Other),
    ("RubricCriterionLevel", Kind::Graded, Measure::Other),
    ("Result", Kind::Graded, Measure::Foreign),
    ("PredictedScore", Kind::Predicted, Measure::Foreign),
];

/// The measure of a result type.
pub fn measure(result_type: &str) -> Measure {
    TYPES.iter().find(|(name, _, _)| *name == result_type).map_or(Measure::Foreign, |(_, _, measure)| *measure)
}

/// Whether a standard describes the result type.
pub fn result_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(name, _, _)| *name)
}

/// A text; `None` for a value that is not text.
type Text = Option<String>;

/// All texts of a member, in every language.
fn texts(node: &Node<'_>, names: &[&str]) -> Vec<Text> {
    let one = |item: Node<'_>| match item.text().or_else(|| item.id()) {
        Some(text) => vec![Some(text)],
        None => {
            let languages: Vec<Text> = item.languages(None).into_values().map(Some).collect();
            if languages.is_empty() { vec![None] } else { languages }
        }
    };
    names.iter().flat_map(|name| node.list(name)).flat_map(one).collect()
}

fn only(mut texts: Vec<Text>) -> Option<String> {
    if texts.len() == 1 { texts.pop().flatten() } else { None }
}

/// One level of a rubric.
struct RubricLevel {
    id: Option<String>,
    /// Its names in all languages.
    names: Vec<String>,
    points: Option<f64>,
}

/// A result with the description that it refers to.
pub struct Described<'a> {
    statuses: Vec<Text>,
    values: Vec<Text>,
    levels: Vec<Text>,
    is_readable: bool,
    /// All descriptions with the identifier.
    descriptions: Vec<Description>,
    reference: Option<&'a serde_json::Value>,
}

struct Description {
    kind: Kind,
    measure: Measure,
    required_values: Vec<Text>,
    required_levels: Vec<Text>,
    scale: Scale,
    rubric: Vec<RubricLevel>,
    /// The rubric from low to high; empty when the order is uncertain.
    rubric_rises: bool,
}

impl Description {
    fn of(node: &Node<'_>, order: Order) -> Self {
        let name = node.text_of("resultType");
        let named = |row: &&(&str, Kind, Measure)| name.as_deref() == Some(row.0);
        let (kind, measure) =
            TYPES.iter().find(named).map_or((Kind::Graded, Measure::Foreign), |(_, kind, measure)| (*kind, *measure));
        let allowed = ["allowedValue", "allowedValues"].iter().find_map(|name| node.get(name)).map(|list| list.items());
        let scale = Scale {
            min: only(texts(node, &["valueMin"])),
            max: only(texts(node, &["valueMax"])),
            allowed: allowed.filter(|_| order.allowed_values).map(|list| list.iter().map(Node::text).collect()),
        };
        let rubric: Vec<RubricLevel> = ["rubricCriterionLevel", "rubricCriterionLevels"]
            .iter()
            .flat_map(|name| node.list(name))
            .map(|level| RubricLevel {
                id: level.id(),
                names: texts(&level, &["name", "level"]).into_iter().flatten().collect(),
                points: level.number_of("points"),
            })
            .collect();
        let names: Vec<Text> = rubric.iter().map(|level| level.names.first().cloned()).collect();
        let rubric_rises = order.rubrics && scale::ascends(&names, Measure::Other);
        let (required_values, required_levels) = (texts(node, &["requiredValue"]), texts(node, &["requiredLevel"]));
        Self { kind, measure, required_values, required_levels, scale, rubric, rubric_rises }
    }

    /// A result that holds its own description.
    fn none() -> Self {
        let (kind, measure, scale, rubric) = (Kind::Graded, Measure::Foreign, Scale::default(), Vec::new());
        Self { kind, measure, required_values: Vec::new(), required_levels: Vec::new(), scale, rubric, rubric_rises: false }
    }

    fn place(&self, text: &str) -> Option<usize> {
        let is_it =
            |level: &RubricLevel| level.id.as_deref() == Some(text) || level.names.iter().any(|name| scale::same(name, text));
        let mut places = self.rubric.iter().enumerate().filter(|(_, level)| is_it(level)).map(|(place, _)| place);
        places.next().filter(|_| places.next().is_none())
    }

    fn compare_levels(&self, given: &str, required: &str) -> Relation {
        if given == required {
            return Relation::Same;
        }
        let Some((one, other)) = self.place(given).zip(self.place(required)) else { return Relation::Unclear };
        let points: Option<Vec<f64>> = self.rubric.iter().map(|level| level.points).collect();
        let clear = points.filter(|points| {
            let mut sorted = points.clone();
            sorted.sort_by(f64::total_cmp);
            sorted.windows(2).all(|pair| pair[0] < pair[1])
        });
        match clear {
            _ if one == other => Relation::Same,
            Some(points) if points[one] < points[other] => Relation::Below,
            Some(_) => Relation::Above,
            None if !self.rubric_rises => Relation::Unclear,
            None if one < other => Relation::Below,
            None => Relation::Above,
        }
    }

    /// The statement of a text: by itself, or by the names of the level that it identifies.
    fn word(&self, text: &str) -> Option<super::Word> {
        let of_level = || {
            let names = self.place(text).map(|place| self.rubric[place].names.as_slice()).unwrap_or_default();
            names.iter().find_map(|name| word(name))
        };
        word(text).or_else(of_level)
    }

    /// The statement of a value, compared with each required value. If only levels are required, the value may name a level.
    fn of_value(&self, text: &Text) -> Vec<Given> {
        let Some(text) = text else { return vec![Given::Unreadable] };
        let compare = |required: &String| scale::compare(text, required, self.measure, &self.scale);
        if !self.required_values.is_empty() {
            return self.held(text, &self.required_values, compare);
        }
        match self.place(text) {
            Some(_) => self.held(text, &self.required_levels, |required| self.compare_levels(text, required)),
            None => self.held(text, &[], |_| Relation::Unclear),
        }
    }

    fn of_level(&self, text: &Text) -> Vec<Given> {
        let Some(text) = text else { return vec![Given::Unreadable] };
        self.held(text, &self.required_levels, |required| self.compare_levels(text, required))
    }

    fn held(&self, text: &str, required: &[Text], compare: impl Fn(&String) -> Relation) -> Vec<Given> {
        let relations: Vec<Given> = required
            .iter()
            .map(|required| required.as_ref().map_or(Given::Unreadable, |required| Given::Compared(compare(required))))
            .collect();
        let word = self.word(text).map(Given::Word);
        match word {
            // `Pass` is compared with a required `Pass`; a known word also counts beside the comparison.
            Some(Given::Word(super::Word::Passed)) if !relations.is_empty() => relations,
            Some(word) => relations.into_iter().chain([word]).collect(),
            None if relations.is_empty() => vec![Given::Uncompared],
            None => relations,
        }
    }
}

impl<'a> Described<'a> {
    /// A result that names no description is compared with the only description.
    pub fn of(result: &Node<'a>, descriptions: &[Node<'_>], order: Order) -> Self {
        let wanted = result.get("resultDescription");
        let id = wanted.as_ref().and_then(|wanted| wanted.items().first().and_then(Node::id));
        let meant = |node: &&Node<'_>| match &wanted {
            Some(_) => id.is_some() && node.id() == id,
            None => descriptions.len() == 1,
        };
        Self {
            statuses: texts(result, &["status"]),
            values: texts(result, &["value"]),
            levels: texts(result, &["achievedLevel"]),
            is_readable: result.value.is_object(),
            descriptions: descriptions.iter().filter(meant).map(|node| Description::of(node, order)).collect(),
            reference: wanted.map(|wanted| wanted.value),
        }
    }

    /// `all`: the results of the same achievement.
    pub fn judge(&self, all: &[Described<'_>]) -> Judged {
        let none = [Description::none()];
        let descriptions = if self.descriptions.is_empty() { &none } else { self.descriptions.as_slice() };
        let (mut said, mut met) = (Vec::new(), Vec::new());
        for description in descriptions {
            for (given, required) in self.parts(description, all) {
                said.push(counts_as(description.kind, required, given));
                match given {
                    Given::Compared(Relation::Same | Relation::Above) => met.push(Some(true)),
                    Given::Compared(Relation::Below) => met.push(Some(false)),
                    Given::Compared(Relation::Unclear) => met.push(None),
                    _ => {}
                }
            }
        }
        let meets_required = match met.as_slice() {
            [] => None,
            met if met.contains(&Some(false)) => Some(false),
            met => met.iter().all(Option::is_some).then_some(true),
        };
        Judged { attainment: combined(said).unwrap_or(Attainment::Unknown), meets_required }
    }

    fn parts(&self, description: &Description, all: &[Described<'_>]) -> Vec<(Given, Required)> {
        if !self.is_readable {
            return vec![(Given::Unreadable, Required::Nothing)];
        }
        let siblings = || all.iter().filter(|other| other.reference == self.reference);
        let statuses = |one: &Described<'_>| one.statuses.iter().map(of_status).collect::<Vec<_>>();
        let values = |one: &Described<'_>| one.values.iter().flat_map(|text| description.of_value(text)).collect::<Vec<_>>();
        let levels = |one: &Described<'_>| one.levels.iter().flat_map(|text| description.of_level(text)).collect::<Vec<_>>();

        let is_compared = |given: &Given| matches!(given, Given::Compared(Relation::Same | Relation::Above));
        let by_value = description.required_values.is_empty() || siblings().any(|one| values(one).iter().any(is_compared));
        let by_level = description.required_levels.is_empty()
            || siblings().any(|one| levels(one).iter().any(is_compared))
            || (description.required_values.is_empty() && siblings().any(|one| values(one).iter().any(is_compared)));
        let asks = !description.required_values.is_empty() || !description.required_levels.is_empty();
        let required = match (asks, by_value && by_level) {
            (false, _) => Required::Nothing,
            (true, true) => Required::AnsweredElsewhere,
            (true, false) => Required::Something,
        };

        let given: Vec<Given> = [statuses(self), values(self), levels(self)].concat();
        if given.is_empty() {
            return vec![(Given::Nothing, required)];
        }
        let is_passed = |given: &Given| *given == Given::Status(super::Word::Passed);
        let only_status = self.values.is_empty() && self.levels.is_empty();
        let is_open = required == Required::Something && !(only_status && given.iter().any(is_passed));
        let open = is_open.then_some((Given::Nothing, Required::Something));
        given.into_iter().map(|given| (given, required)).chain(open).collect()
    }
}

fn of_status(text: &Text) -> Given {
    text.as_deref().and_then(word).map_or(Given::Unreadable, Given::Status)
}
