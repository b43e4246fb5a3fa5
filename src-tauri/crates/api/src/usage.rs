//! `GET /api/v1/usage`: reports of use by time, model, project or session.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use plimsoll_domain::{Calendar, Quarter, Timestamp};
use plimsoll_ledger::{Grouping, Usage, UsageRow};

use crate::{
    Shared,
    dto::{self, Time},
    error::ApiError,
    query::{Params, refuse},
    range::{Span, Step, by_step},
};

/// What a report may be grouped by.
#[derive(Debug, Clone, Copy)]
enum By {
    Time(Step, &'static str),
    Group(Grouping, &'static str),
}

impl By {
    fn read(text: Option<&str>) -> Result<Self, ApiError> {
        Ok(match text.unwrap_or("day") {
            "quarter" => Self::Time(Step::Quarter, "quarter"),
            "hour" => Self::Time(Step::Hour, "hour"),
            "day" => Self::Time(Step::Day, "day"),
            "model" => Self::Group(Grouping::Model, "model"),
            "project" => Self::Group(Grouping::Project, "project"),
            "session" => Self::Group(Grouping::Session, "session"),
            _ => {
                return Err(refuse(
                    "`by` must be one of quarter, hour, day, model, project, session.",
                ));
            }
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Time(_, name) | Self::Group(_, name) => name,
        }
    }

    /// Refuses spans whose report would be too long.
    fn check(self, span: Span) -> Result<(), ApiError> {
        let longest = match self {
            Self::Time(step, _) => step.longest(),
            Self::Group(..) => Step::LONGEST_OF_ALL,
        };
        if span.length() <= longest {
            return Ok(());
        }
        let days = longest.as_secs() / 86_400;
        Err(refuse(&format!("A report by {} covers at most {days} days.", self.name())))
    }
}

/// Answers with a report.
pub(crate) async fn report(
    State(shared): State<Arc<Shared>>,
    params: Params,
) -> Result<Response, ApiError> {
    let api = &shared.api;
    let by = By::read(params.text("by"))?;
    let calendar = params.calendar(&api.calendar)?;
    let now = (api.now)();
    let span = params.span(&calendar, now)?.in_quarters();
    by.check(span)?;
    let grouping = match by {
        By::Time(..) => Grouping::Quarter,
        By::Group(grouping, _) => grouping,
    };
    let books = api.ledger.usage(grouping, span.from, span.to).await?;
    let total = books.iter().fold(Usage::default(), |sum, row| sum.plus(row.usage));
    let rows = match by {
        By::Time(step, _) => rows_by_time(&books, step, &calendar, until_now(span, now)),
        By::Group(..) => rows_by_group(books),
    };
    let report = dto::UsageReport {
        from: Time(span.from),
        to: Time(span.to),
        time_zone: calendar.zone_name(),
        by: by.name(),
        rows,
        total: total.into(),
    };
    Ok(Json(report).into_response())
}

/// The part of a span that has passed: no zeros are told of the future.
fn until_now(span: Span, now: Timestamp) -> Span {
    Span { to: span.to.min(Timestamp::from_stored(now.nanos() + 1)), ..span }
}

fn rows_by_time(
    books: &[UsageRow],
    step: Step,
    calendar: &Calendar,
    span: Span,
) -> Vec<dto::UsageRow> {
    let row = |(start, usage): (Timestamp, Usage)| dto::UsageRow {
        group: (step == Step::Day).then(|| calendar.date(start)),
        start: Some(Time(start)),
        usage: usage.into(),
    };
    let quarters = books.iter().filter_map(|row| Some((quarter_of(row)?, row.usage)));
    by_step(quarters, step, calendar, span).into_iter().map(row).collect()
}

/// The ledger names a quarter by the milliseconds of its start.
fn quarter_of(row: &UsageRow) -> Option<Quarter> {
    let millis = row.group.as_deref()?.parse().ok()?;
    Some(Quarter::of(Timestamp::from_millis(millis)))
}

/// Groups, the most used first.
fn rows_by_group(mut books: Vec<UsageRow>) -> Vec<dto::UsageRow> {
    books.sort_by(|a, b| {
        let most = b.usage.tokens.total().cmp(&a.usage.tokens.total());
        most.then_with(|| a.group.cmp(&b.group))
    });
    let row = |row: UsageRow| dto::UsageRow {
        group: row.group.as_deref().map(str::to_owned),
        start: None,
        usage: row.usage.into(),
    };
    books.into_iter().map(row).collect()
}
