//! What an attempt to post means for a message.

use std::time::Duration;

use super::{Answer, PostError};
use crate::Upshot;

/// What is to be done after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: it was delivered.
    Delivered(Upshot),
    /// Try again, not before the server's wish.
    Again {
        /// What went wrong.
        why: String,
        /// How long the server wishes not to be asked.
        asked: Option<Duration>,
    },
    /// Nothing: it would fail again.
    Refused(Upshot),
}

/// Reads what came of an attempt.
pub(super) fn next(outcome: &Result<Answer, PostError>) -> Next {
    let is_passing = match outcome {
        Ok(Answer { status: 200..=299, .. }) => return Next::Delivered(upshot(outcome)),
        Ok(Answer { status: 408 | 425 | 429 | 500..=599, .. }) => true,
        Err(PostError::Connection(_) | PostError::Silent) => true,
        Ok(_) | Err(PostError::Url(_)) => false,
    };
    if !is_passing {
        return Next::Refused(upshot(outcome));
    }
    let asked = outcome.as_ref().ok().and_then(|answer| answer.retry_after);
    Next::Again { why: upshot(outcome).detail, asked }
}

/// An attempt by itself, as if none followed: the answer's status, or why there was none.
pub(super) fn upshot(outcome: &Result<Answer, PostError>) -> Upshot {
    match outcome {
        Ok(Answer { status: status @ 200..=299, .. }) => Upshot::done(status.to_string()),
        Ok(Answer { status, .. }) => Upshot::failed(status.to_string()),
        Err(error) => Upshot::failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: every kind of answer and of failure.
    /// Guarantees: 2xx is delivered; what may pass is tried again, by the server's wish where it has one; redirects and
    /// other refusals are final.
    #[test]
    fn only_what_may_pass_is_tried_again() {
        let minute = Some(Duration::from_secs(60));
        let answered = |status| next(&Ok::<_, PostError>(Answer { status, retry_after: minute }));
        for status in [200, 201, 204, 299] {
            assert_eq!(answered(status), Next::Delivered(Upshot::done(status.to_string())));
        }
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(answered(status), Next::Again { why: status.to_string(), asked: minute });
        }
        for status in [100, 301, 302, 307, 308, 400, 401, 404, 410, 600] {
            assert_eq!(answered(status), Next::Refused(Upshot::failed(status.to_string())));
        }
        let refused = PostError::Connection("connection refused".to_owned());
        let again = |why: &str| Next::Again { why: why.to_owned(), asked: None };
        assert_eq!(next(&Err(refused)), again("connection refused"));
        assert_eq!(next(&Err(PostError::Silent)), again("no answer within 10 s"));
        let unusable = next(&Err(PostError::Url("no host".to_owned())));
        let why = "the webhook's URL cannot be used: no host";
        assert_eq!(unusable, Next::Refused(Upshot::failed(why)));
    }
}
