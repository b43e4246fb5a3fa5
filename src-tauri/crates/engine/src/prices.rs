//! What requests cost whose cost the client does not tell: the built-in table, and the user's beside the configuration.

use std::{fs, io, path::Path, sync::Arc};

use plimsoll_domain::PriceTable;
use plimsoll_sources::prices;

use crate::{
    Places,
    board::{Board, Trouble},
};

/// The name of the user's table, in the folder of the configuration file.
const FILE: &str = "prices.toml";

/// The prices to use. A table that cannot be used is a problem, but no reason not to run.
pub(crate) fn load(places: &Places, board: &Board) -> Arc<PriceTable> {
    let path = places.config.path.with_file_name(FILE);
    let read = match fs::read_to_string(&path) {
        Ok(text) => prices::read(&text, prices::built_in()).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(prices::built_in()),
        Err(error) => Err(error.to_string()),
    };
    Arc::new(read.unwrap_or_else(|reason| {
        board.raise(Trouble::Prices, sentence(&path, &reason));
        prices::built_in()
    }))
}

fn sentence(path: &Path, reason: &str) -> String {
    format!("The price table {} cannot be used, the built-in one is: {reason}.", path.display())
}
