//! Notices that come close together are shown as one.

use std::time::Duration;

use tokio::time::Instant;

use super::{Press, Refused, Showing};
use crate::Notice;

/// How long after a notice others join it.
const TOGETHER: Duration = Duration::from_secs(2);

/// Notices remembered at most; the oldest is forgotten first.
const REMEMBERED: usize = 64;

/// Shows the first notice at once, and those that follow within two seconds together with it, in its place. Each keeps a
/// number of its own.
#[derive(Debug)]
pub(crate) struct Bundling<S> {
    showing: S,
    /// The number given last.
    last: u32,
    shown: Vec<Shown>,
    bundle: Option<Bundle>,
}

/// A notice that was shown.
#[derive(Debug)]
struct Shown {
    /// Its own number.
    id: u32,
    /// Under which number the desktop shows it, maybe with others.
    place: u32,
    notice: Notice,
}

/// What others may join.
#[derive(Debug, Clone, Copy)]
struct Bundle {
    place: u32,
    until: Instant,
}

impl<S: Showing> Bundling<S> {
    pub(crate) const fn new(showing: S) -> Self {
        Self { showing, last: 0, shown: Vec::new(), bundle: None }
    }

    /// Where a notice is shown, and whether it is alone there.
    fn place(&self, id: u32) -> Option<(u32, bool)> {
        let place = self.shown.iter().find(|shown| shown.id == id)?.place;
        let others = self.shown.iter().filter(|shown| shown.place == place).count() - 1;
        Some((place, others == 0))
    }

    /// The place of the bundle that may still be joined, unless nothing but `id` is in it.
    fn joinable(&self, id: Option<u32>) -> Option<u32> {
        let bundle = self.bundle.filter(|bundle| Instant::now() < bundle.until)?;
        let is_other = |shown: &Shown| shown.place == bundle.place && Some(shown.id) != id;
        self.shown.iter().any(is_other).then_some(bundle.place)
    }

    /// Shows a notice in the place of its predecessor, where that stands alone.
    async fn show_alone(&mut self, notice: &Notice, former: Option<u32>) -> Result<u32, Refused> {
        let own = former.and_then(|former| self.place(former));
        let own = own.filter(|(_, is_alone)| *is_alone).map(|(place, _)| place);
        let place = self.showing.show(notice, own).await?;
        if notice.joins {
            self.bundle = Some(Bundle { place, until: Instant::now() + TOGETHER });
        }
        Ok(place)
    }

    /// Shows a notice together with those at a place.
    async fn show_together(
        &mut self,
        notice: &Notice,
        former: Option<u32>,
        place: u32,
    ) -> Result<u32, Refused> {
        let is_other = |shown: &&Shown| shown.place == place && Some(shown.id) != former;
        let others = self.shown.iter().filter(is_other).map(|shown| &shown.notice);
        let together = Notice::together(others.chain([notice]));
        let new = self.showing.show(&together, Some(place)).await?;
        for shown in self.shown.iter_mut().filter(|shown| shown.place == place) {
            shown.place = new;
        }
        self.bundle = self.bundle.map(|bundle| Bundle { place: new, ..bundle });
        let left = former.and_then(|former| self.place(former));
        if let Some((left, true)) = left
            && left != new
        {
            // Should that fail, an older notice stays beside the new one.
            let _ = self.showing.withdraw(left).await;
        }
        Ok(new)
    }
}

impl<S: Showing> Showing for Bundling<S> {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        let place = match self.joinable(replaced).filter(|_| notice.joins) {
            Some(place) => self.show_together(notice, replaced, place).await?,
            None => self.show_alone(notice, replaced).await?,
        };
        self.shown.retain(|shown| Some(shown.id) != replaced);
        if self.shown.len() == REMEMBERED {
            self.shown.remove(0);
        }
        let id = replaced.unwrap_or_else(|| {
            self.last = self.last.wrapping_add(1);
            self.last
        });
        self.shown.push(Shown { id, place, notice: notice.clone() });
        Ok(id)
    }

    async fn withdraw(&mut self, id: u32) -> Result<(), Refused> {
        let place = self.place(id);
        self.shown.retain(|shown| shown.id != id);
        match place {
            // The others are still so.
            Some((_, false)) | None => Ok(()),
            Some((place, true)) => self.showing.withdraw(place).await,
        }
    }

    async fn pressed(&mut self) -> Press {
        self.showing.pressed().await
    }

    fn forget(&mut self) {
        self.shown.clear();
        self.bundle = None;
        self.showing.forget();
    }
}

#[cfg(test)]
mod tests;
