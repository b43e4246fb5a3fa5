//! Reading a request's body within its limits.

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::{
    encoding::{Encoding, InflateFault, Inflater},
    limits::Limits,
};

/// How much is usually gained by compression; only a first guess at the memory that is needed.
const USUAL_RATIO: usize = 4;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// Larger than a limit, as it is sent or inflated.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// It ended before it was complete.
    CutOff,
    /// It is not what its encoding says.
    Corrupt,
}

/// Reads and inflates the whole body. A small one that came in one piece is not copied.
pub(crate) async fn read(
    body: &mut Body,
    encoding: Encoding,
    limits: &Limits,
) -> Result<Bytes, BodyFault> {
    timeout(limits.deadline, gather(body, encoding, limits))
        .await
        .unwrap_or(Err(BodyFault::TooSlow))
}

/// Reads what is left of a body that was refused, so that the client gets to read the answer and
/// can keep its connection: one that is still writing when we close sees a reset instead. Four
/// times the limit is enough patience for a mistake.
pub(crate) async fn discard(body: &mut Body, limits: &Limits) {
    let patience = limits.compressed.saturating_mul(4);
    if declared(body) > patience {
        return;
    }
    let drain = async {
        let mut seen = 0;
        while let Ok(Some(piece)) = next_piece(body).await {
            seen += piece.len();
            if seen > patience {
                break;
            }
        }
    };
    // Late or not, the answer is sent next.
    let _in_time = timeout(limits.deadline, drain).await;
}

async fn gather(body: &mut Body, encoding: Encoding, limits: &Limits) -> Result<Bytes, BodyFault> {
    let declared = declared(body);
    if declared > limits.compressed {
        return Err(BodyFault::TooLarge);
    }
    let first = next_piece(body).await?.unwrap_or_default();
    if encoding == Encoding::Identity && body.is_end_stream() && first.len() <= limits.inflated {
        return Ok(first);
    }
    let ratio = if encoding == Encoding::Identity { 1 } else { USUAL_RATIO };
    let expected = declared.max(first.len()).saturating_mul(ratio);
    let mut inflater =
        Inflater::new(encoding, expected, limits.inflated).map_err(|_| BodyFault::Corrupt)?;
    let (mut piece, mut seen) = (first, 0);
    loop {
        seen += piece.len();
        if seen > limits.compressed {
            return Err(BodyFault::TooLarge);
        }
        inflater.push(&piece)?;
        match next_piece(body).await? {
            Some(next) => piece = next,
            None => return Ok(inflater.finish()?),
        }
    }
}

/// What the head says the body has at least: all of it with a Content-Length, nothing otherwise.
fn declared(body: &Body) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

/// The next bytes; `None` at the end. Trailers mean nothing to us.
async fn next_piece(body: &mut Body) -> Result<Option<Bytes>, BodyFault> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyFault::CutOff)?;
        if let Ok(bytes) = frame.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

impl From<InflateFault> for BodyFault {
    fn from(fault: InflateFault) -> Self {
        match fault {
            InflateFault::TooLarge => Self::TooLarge,
            InflateFault::Corrupt => Self::Corrupt,
        }
    }
}
