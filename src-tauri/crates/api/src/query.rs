//! Parameters of a request: read by name, refused with a sentence.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use plimsoll_domain::{Calendar, Revision, Timestamp, calendar::parse_rfc3339};

use crate::{error::ApiError, range::Span};

/// The query of a request. Names that nothing asks for are ignored; an empty value counts as absent.
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = query.map_err(|_| refuse("The query is not of the form a=b&c=d."))?;
        Ok(Self(pairs))
    }
}

impl Params {
    /// A parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        pair.map(|(_, value)| value.as_str())
    }

    /// A yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(refuse(&format!("`{name}` must be true or false."))),
        }
    }

    /// The page size, 1 to 1000.
    pub(crate) fn limit(&self) -> Result<u32, ApiError> {
        const DEFAULT: u32 = 100;
        let Some(text) = self.text("limit") else { return Ok(DEFAULT) };
        let limit = text.parse().ok().filter(|limit| (1..=1000).contains(limit));
        limit.ok_or_else(|| refuse("`limit` must be a number from 1 to 1000."))
    }

    /// A revision, from 0.
    pub(crate) fn revision(&self, name: &str) -> Result<Option<Revision>, ApiError> {
        self.text(name).map(|text| read_revision(name, text)).transpose()
    }

    /// A time, or the start of a local day.
    pub(crate) fn time(
        &self,
        name: &str,
        calendar: &Calendar,
    ) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // The `+` of an offset that was not escaped arrives as a blank.
        let time = parse_rfc3339(&text.replace(' ', "+")).or_else(|| calendar.date_start(text));
        time.map(Some).ok_or_else(|| {
            refuse(&format!(
                "`{name}` must be a time such as 2026-11-23T04:43:43Z or a date such as 2026-11-23."
            ))
        })
    }

    /// The calendar of the parameter `tz`, or `default` where there is none.
    pub(crate) fn calendar(&self, default: &Calendar) -> Result<Calendar, ApiError> {
        let Some(name) = self.text("tz") else { return Ok(default.clone()) };
        let calendar = Calendar::named(name);
        calendar.ok_or_else(|| refuse("`tz` must be a time zone such as Europe/Berlin."))
    }

    /// The span from `from` to `to` (exclusive). Either may be missing: without `to` it ends with the local
    /// day of `now`, without `from` it is the last local day before its end.
    pub(crate) fn span(&self, calendar: &Calendar, now: Timestamp) -> Result<Span, ApiError> {
        let to = self.time("to", calendar)?.unwrap_or_else(|| calendar.next_day_start(now));
        let from = match self.time("from", calendar)? {
            Some(from) => from,
            None => calendar.day_start(Timestamp::from_stored(to.nanos() - 1)),
        };
        ordered(Some(from), Some(to))?;
        Ok(Span { from, to })
    }
}

/// Reads a revision, from 0.
pub(crate) fn read_revision(name: &str, text: &str) -> Result<Revision, ApiError> {
    let revision = text.trim().parse().ok().filter(|number| *number >= 0).map(Revision);
    revision.ok_or_else(|| refuse(&format!("`{name}` must be a revision, a number from 0.")))
}

/// Refuses a span that ends before it begins.
pub(crate) fn ordered(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(), ApiError> {
    match (from, to) {
        (Some(from), Some(to)) if from >= to => Err(refuse("`from` must be before `to`.")),
        _ => Ok(()),
    }
}

/// The refusal of a parameter.
pub(crate) fn refuse(sentence: &str) -> ApiError {
    ApiError::BadParameter(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::rfc3339;

    use super::*;
    use crate::fixture::NOON;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
    }

    fn span(pairs: &[(&str, &str)]) -> Result<String, String> {
        let berlin = Calendar::named("Europe/Berlin").unwrap();
        let span = params(pairs).span(&berlin, NOON).map_err(|refusal| refusal.to_string())?;
        Ok(format!("{} {}", rfc3339(span.from), rfc3339(span.to)))
    }

    /// Scenario: reports asked for with both ends, one, none; as dates, times, and with an unescaped offset.
    /// Guarantees: dates are local days, `to` is exclusive, the default is today.
    #[test]
    fn spans_are_read() {
        let today = "2026-11-22T23:00:00.000Z 2026-11-23T23:00:00.000Z";
        assert_eq!(span(&[]).unwrap(), today);
        assert_eq!(span(&[("from", "2026-11-23")]).unwrap(), today);
        assert_eq!(span(&[("to", "2026-11-24"), ("from", "")]).unwrap(), today);
        assert_eq!(span(&[("to", "2026-11-23T10:00:00Z")]).unwrap(), {
            "2026-11-22T23:00:00.000Z 2026-11-23T10:00:00.000Z"
        });
        let offset = [("from", "2026-11-01T00:00:00 01:00"), ("to", "2026-11-02")];
        assert_eq!(span(&offset).unwrap(), "2026-10-31T23:00:00.000Z 2026-11-01T23:00:00.000Z");
    }

    /// Scenario: inverted, empty and unreadable spans; sizes and revisions out of range; an unknown zone.
    /// Guarantees: each is refused with a sentence that names the parameter.
    #[test]
    fn bad_parameters_are_named() {
        let inverted = span(&[("from", "2026-11-23"), ("to", "2026-11-22")]);
        assert_eq!(inverted.unwrap_err(), "`from` must be before `to`.");
        assert!(span(&[("from", "2026-11-23"), ("to", "2026-11-23")]).is_err());
        assert!(span(&[("from", "yesterday")]).unwrap_err().starts_with("`from` must be a time"));
        for limit in ["0", "1001", "-1", "ten", "99999999999"] {
            assert!(params(&[("limit", limit)]).limit().is_err(), "{limit}");
        }
        assert_eq!(params(&[("limit", "1000")]).limit().unwrap(), 1000);
        assert!(params(&[("cursor", "-1")]).revision("cursor").is_err());
        assert_eq!(params(&[("cursor", "7")]).revision("cursor").unwrap(), Some(Revision(7)));
        assert!(params(&[("tz", "Mars/Olympus")]).calendar(&Calendar::utc()).is_err());
    }
}
