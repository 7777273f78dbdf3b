//! Paging of `GET /credentials`: limit, offset, since, and the Link header (RFC 8288).

use chrono::{DateTime, SecondsFormat, Utc};

pub const DEFAULT_LIMIT: u64 = 50;
pub const MAX_LIMIT: u64 = 100;
/// Keeps the database's arithmetic far from its end.
const MAX_OFFSET: u64 = 1 << 40;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageQuery {
    /// 1..=100; more is clamped.
    pub limit: u64,
    pub offset: u64,
    pub since: Option<DateTime<Utc>>,
}

impl PageQuery {
    /// Reads a raw query string. The error is one plain sentence.
    pub fn parse(query: &str) -> Result<Self, String> {
        let mut page = Self { limit: DEFAULT_LIMIT, offset: 0, since: None };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "limit" => match value.parse::<u64>() {
                    Ok(limit) if limit >= 1 => page.limit = limit.min(MAX_LIMIT),
                    _ => return Err("limit must be a whole number from 1 up".to_owned()),
                },
                "offset" => match value.parse::<u64>() {
                    Ok(offset) if offset <= MAX_OFFSET => page.offset = offset,
                    _ => return Err("offset must be a whole number from 0 up".to_owned()),
                },
                "since" => {
                    // A plus sign that was not percent-encoded arrives as a space.
                    let text = value.trim().replace(' ', "+");
                    let since = DateTime::parse_from_rfc3339(&text).map_err(|_| "since must be a date and time (RFC 3339)")?;
                    page.since = Some(since.with_timezone(&Utc));
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// The Link header: `first` and `last` always, `next` while more follows, `prev` when something is before.
    pub fn link_header(&self, url: &str, total: u64) -> String {
        let phase = self.offset % self.limit;
        let last = if total > phase { phase + (total - 1 - phase) / self.limit * self.limit } else { 0 };
        let mut links = Vec::new();
        if self.offset + self.limit < total {
            links.push(self.link(url, self.offset + self.limit, "next"));
        }
        links.push(self.link(url, last, "last"));
        links.push(self.link(url, 0, "first"));
        if self.offset > 0 {
            links.push(self.link(url, self.offset.saturating_sub(self.limit), "prev"));
        }
        links.join(", ")
    }

    fn link(&self, url: &str, offset: u64, relation: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string()).append_pair("offset", &offset.to_string());
        if let Some(since) = self.since {
            query.append_pair("since", &since.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
        format!("<{url}?{}>; rel=\"{relation}\"", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_zero_negative_offset_and_a_since_that_is_no_time_are_refused() {
        for query in
            ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=1.5", "since=yesterday", "offset=99999999999999999999"]
        {
            assert!(PageQuery::parse(query).is_err(), "{query}");
        }
        assert_eq!(PageQuery::parse("limit=5000").unwrap().limit, MAX_LIMIT);
        assert!(PageQuery::parse("since=2024-01-01T00:00:00+02:00").unwrap().since.is_some());
        assert!(PageQuery::parse("unknown=1").is_ok());
    }

    #[test]
    fn links_cover_the_first_middle_and_last_page_and_keep_since() {
        let first = PageQuery::parse("limit=2&since=2024-01-01T00:00:00Z").unwrap().link_header("https://gw.example/c", 5);
        assert!(first.contains("offset=2&since=2024-01-01T00%3A00%3A00Z>; rel=\"next\""), "{first}");
        assert!(first.contains("offset=4") && first.contains("rel=\"last\"") && !first.contains("prev"), "{first}");
        let last = PageQuery::parse("limit=2&offset=4").unwrap().link_header("https://gw.example/c", 5);
        assert!(!last.contains("next") && last.contains("offset=2>; rel=\"prev\""), "{last}");
        let odd = PageQuery::parse("limit=2&offset=1").unwrap().link_header("https://gw.example/c", 5);
        assert!(odd.contains("offset=3>; rel=\"last\"") && odd.contains("offset=0>; rel=\"prev\""), "{odd}");
        let empty = PageQuery::parse("").unwrap().link_header("https://gw.example/c", 0);
        assert!(empty.contains("rel=\"first\"") && !empty.contains("next"), "{empty}");
    }
}
