//! Prices of models, and what a request costs by them.

use std::collections::BTreeMap;

use crate::{ApiRequest, Model, NanoUsd};

/// Tokens that the rates of a price are given for.
const PER: i128 = 1_000_000;

/// What one model's tokens cost, in nano-USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rates {
    /// Fresh input.
    pub input: i64,
    /// Output.
    pub output: i64,
    /// Input re-read from the cache.
    pub cache_read: i64,
    /// Input written to the cache for five minutes.
    pub cache_write_5m: i64,
    /// Input written to the cache for one hour.
    pub cache_write_1h: i64,
}

/// Tokens of requests that are answered in the United States only cost 11/10 of the rates, whatever the model; so the
/// client 2.1.330 says for an answer with `inference_geo: "us"`.
const US_ONLY: (i128, i128) = (11, 10);

/// The prices of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    /// The usual rates.
    pub usual: Rates,
    /// The rates of the fast mode, for inputs of any length; `None` where the model has none.
    pub fast: Option<Rates>,
    /// The rates of requests whose input (fresh, re-read and written) is larger than so many tokens, for all of
    /// their tokens; `None` where the length does not matter.
    pub long: Option<(u64, Rates)>,
    /// One web search, in nano-USD; `None` where it has no price.
    pub web_search: Option<i64>,
}

impl Price {
    /// What a request costs, rounded to the nearest nano-dollar; `None` where it was billed in a way for which
    /// there is no price.
    #[must_use]
    pub fn of(&self, request: &ApiRequest) -> Option<NanoUsd> {
        let tokens = request.tokens;
        let rates = self.rates(request)?;
        let hour = request.cache_creation_1h.unwrap_or(0).min(tokens.cache_creation);
        let sum = [
            (tokens.input, rates.input),
            (tokens.output, rates.output),
            (tokens.cache_read, rates.cache_read),
            (tokens.cache_creation - hour, rates.cache_write_5m),
            (hour, rates.cache_write_1h),
        ]
        .into_iter()
        .map(|(count, rate)| i128::from(count) * i128::from(rate))
        .sum::<i128>();
        let (times, per) = if request.us_only == Some(true) { US_ONLY } else { (1, 1) };
        let nano = (sum * times + PER * per / 2) / (PER * per) + self.searches(request)?;
        i64::try_from(nano).ok().map(NanoUsd).filter(|cost| *cost <= NanoUsd::LIMIT)
    }

    fn searches(&self, request: &ApiRequest) -> Option<i128> {
        match request.web_searches {
            None | Some(0) => Some(0),
            Some(count) => Some(i128::from(count) * i128::from(self.web_search?)),
        }
    }

    fn rates(&self, request: &ApiRequest) -> Option<&Rates> {
        if request.fast == Some(true) {
            return self.fast.as_ref();
        }
        let tokens = request.tokens;
        let input = tokens.input + tokens.cache_read + tokens.cache_creation;
        match &self.long {
            Some((above, rates)) if input > *above => Some(rates),
            _ => Some(&self.usual),
        }
    }
}

/// The prices of all models that are known, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceTable {
    /// When the prices were last compared with those of the provider, as people read it, e.g. `2026-11-28`.
    pub dated: String,
    /// The date of the user's own prices among them; `None` where there are none, or they bear no date.
    pub own: Option<String>,
    prices: BTreeMap<String, Price>,
}

impl PriceTable {
    /// A table without prices.
    #[must_use]
    pub fn new(dated: impl Into<String>) -> Self {
        Self { dated: dated.into(), ..Self::default() }
    }

    /// Adds a model's price, or puts it in the place of the former one.
    pub fn set(&mut self, model: impl Into<String>, price: Price) {
        self.prices.insert(model.into(), price);
    }

    /// The price of a model: of this very name, else of the same name with a date behind it.
    #[must_use]
    pub fn price(&self, model: &Model) -> Option<&Price> {
        let name = model.as_str();
        self.prices.get(name).or_else(|| self.prices.get(undated(name)?))
    }

    /// What a request costs; `None` where its model has no price.
    #[must_use]
    pub fn cost(&self, request: &ApiRequest) -> Option<NanoUsd> {
        self.price(&request.model)?.of(request)
    }

    /// The models and their prices, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Price)> {
        self.prices.iter().map(|(name, price)| (name.as_str(), price))
    }
}

/// A model's name without the date of its release; `None` where it has none.
fn undated(name: &str) -> Option<&str> {
    let (model, date) = name.rsplit_once('-')?;
    (date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit())).then_some(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{QuerySource, Tokens};

    const USUAL: Rates = Rates {
        input: 3_000_000_000,
        output: 15_000_000_000,
        cache_read: 300_000_000,
        cache_write_5m: 3_750_000_000,
        cache_write_1h: 6_000_000_000,
    };

    fn price() -> Price {
        let double = Rates { input: 6_000_000_000, ..USUAL };
        Price {
            usual: USUAL,
            fast: None,
            long: Some((200_000, double)),
            web_search: Some(10_000_000),
        }
    }

    fn request(input: u64) -> ApiRequest {
        let tokens = Tokens { input, output: 113, cache_read: 12_011, cache_creation: 3_307 };
        let model = Model::parse("claude-sonnet-4-6").0;
        ApiRequest::new(None, model, QuerySource::Main, tokens)
    }

    /// Scenario: a request of the recorded client, whose own price is known.
    /// Guarantees: the table's price is the same to the nano-dollar.
    #[test]
    fn a_request_costs_what_the_client_says() {
        assert_eq!(price().of(&request(17)), Some(NanoUsd(17_750_550)));
    }

    /// Scenario: the same with one-hour cache writes, a web search, a long context, and in the fast mode.
    /// Guarantees: each is billed at its own rate, the fast mode at its own whatever the length; what has no rate
    /// has no price.
    #[test]
    fn what_is_billed_apart_has_its_own_rate() {
        let base = request(17);
        let hour = ApiRequest { cache_creation_1h: Some(3_307), ..base.clone() };
        assert_eq!(price().of(&hour), Some(NanoUsd(17_750_550 + 3_307 * 2_250)));
        let search = ApiRequest { web_searches: Some(2), ..base.clone() };
        assert_eq!(price().of(&search), Some(NanoUsd(37_750_550)));
        let unpriced = Price { web_search: None, ..price() };
        assert_eq!((unpriced.of(&search), unpriced.of(&base)), (None, price().of(&base)));
        let usual = price().of(&request(184_682)).unwrap();
        let long = price().of(&request(184_683)).unwrap();
        assert_eq!(long.0 - usual.0, 6_000 * 184_683 - 3_000 * 184_682);
        let fast = |input| ApiRequest { fast: Some(true), ..request(input) };
        assert_eq!(price().of(&fast(17)), None);
        let quick = Price { fast: Some(Rates { input: 30_000_000_000, ..USUAL }), ..price() };
        let (short, long) = (quick.of(&fast(17)).unwrap(), quick.of(&fast(184_683)).unwrap());
        assert_eq!(long.0 - short.0, 30_000 * (184_683 - 17));
    }

    /// Scenario: dated and undated names, and one that nobody knows.
    /// Guarantees: a date does not matter; an unknown model has no price, rather than a similar one's.
    #[test]
    fn models_are_found_by_name() {
        let mut table = PriceTable::new("2026-11-28");
        table.set("claude-sonnet-4-5", price());
        let known = |name| table.price(&Model::parse(name).0).is_some();
        assert!(known("claude-sonnet-4-5") && known("claude-sonnet-4-5-20250929"));
        assert!(
            !known("claude-sonnet-4-50")
                && !known("claude-sonnet-4")
                && !known("claude-sonnet-4-5-fast")
        );
    }
}
