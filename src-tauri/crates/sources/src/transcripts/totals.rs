//! What the client's own sums tell.

use plimsoll_domain::{Model, ModelTotals, NanoUsd};

use super::{
    line::{CostState, ModelUsage},
    request::tokens,
};
use crate::attributes::kept;

/// The sums by model. What the client counts under several names of one model is one sum.
pub(super) fn totals(line: &CostState<'_>) -> Option<Vec<ModelTotals>> {
    let mut totals: Vec<ModelTotals> = Vec::new();
    for (name, usage) in line.model_usage.object()? {
        let sum = of_model(name, usage.object()?)?;
        match totals.iter_mut().find(|known| known.model == sum.model) {
            Some(known) => {
                known.tokens = known.tokens.plus(sum.tokens);
                known.cost = known.cost.zip(sum.cost).map(|(one, other)| one.plus(other));
            }
            None => totals.push(sum),
        }
    }
    Some(totals)
}

fn of_model(name: &str, usage: &ModelUsage<'_>) -> Option<ModelTotals> {
    Some(ModelTotals {
        model: Model::parse(kept(name)?).0,
        tokens: tokens(
            (&usage.input_tokens, &usage.output_tokens),
            (&usage.cache_read_input_tokens, &usage.cache_creation_input_tokens),
        )?,
        cost: usage.cost_usd.number().and_then(NanoUsd::from_usd),
    })
}
