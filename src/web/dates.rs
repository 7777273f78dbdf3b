//! Days and moments in the words of a language. Comes in: a moment of RFC 3339. Goes out: text in UTC; a script of the pages turns
//! moments into the reader's own time.

use super::messages::{self, Language};
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

/// `28 Nov 2026`; text that is no moment stays as it is.
pub fn day(language: Language, moment: &str) -> String {
    let date = moment.get(..10).and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
    date.map_or_else(|| moment.to_owned(), |date| written(language, date))
}

/// `28 Nov 2026, 15:26 UTC`; text that is no moment stays as it is.
pub fn moment(language: Language, moment: &str) -> String {
    let Ok(at) = moment.parse::<DateTime<Utc>>() else { return moment.to_owned() };
    format!("{}, {:02}:{:02} UTC", written(language, at.date_naive()), at.hour(), at.minute())
}

fn written(language: Language, date: NaiveDate) -> String {
    let months = messages::text(language, "date.months");
    let month = months.split(' ').nth(date.month0() as usize).unwrap_or_default();
    format!("{} {month} {}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_written_in_the_language() {
        assert_eq!(day(Language::English, "2026-11-28T15:26:34Z"), "28 Nov 2026");
        assert_eq!(day(Language::German, "2026-03-01"), "1 März 2026");
        assert_eq!(moment(Language::English, "2026-11-28T15:06:34Z"), "28 Nov 2026, 15:06 UTC");
        assert_eq!(moment(Language::English, "soon"), "soon");
    }

    #[test]
    fn every_language_names_twelve_months() {
        for language in Language::ALL {
            assert_eq!(messages::text(language, "date.months").split(' ').count(), 12);
        }
    }
}
