//! Work that must not stop half-way.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A future that, dropped before its end, goes on as a task: hyper drops a request's future when
/// its client leaves, and by then the export may be half-way into the books. While nobody leaves it
/// costs no task.
pub(crate) struct ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` once it has ended.
    work: Option<Pin<Box<F>>>,
    tasks: TaskTracker,
}

impl<F> ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// The task, should there be one, is tracked there.
    pub(crate) fn new(work: F, tasks: &TaskTracker) -> Self {
        Self { work: Some(Box::pin(work)), tasks: tasks.clone() }
    }
}

impl<F> Future for ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it runs: work that panics is not run again.
        let mut work = self.work.take().expect("not polled again after its end");
        let poll = work.as_mut().poll(cx);
        if poll.is_pending() {
            self.work = Some(work);
        }
        poll
    }
}

impl<F> Drop for ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // Without a runtime the process is ending.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            let span = tracing::info_span!("abandoned-export");
            self.tasks.spawn_on(work.instrument(span), &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// Scenario: the caller goes away while the work waits.
    /// Guarantees: the work is done to its end, and the tracker waits for it.
    #[tokio::test]
    async fn abandoned_work_goes_on() {
        let tasks = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (done, seen) = oneshot::channel();
        let work = async move {
            gone.await.unwrap();
            done.send("done").unwrap();
        };
        let mut work = ToTheEnd::new(work, &tasks);
        assert!(futures_poll(&mut work).is_pending());
        drop(work);
        assert_eq!(tasks.len(), 1);
        go.send(()).unwrap();
        tasks.close();
        tasks.wait().await;
        assert_eq!(seen.await, Ok("done"));
    }

    /// Scenario: work that ends while its caller is there, and work that was never begun.
    /// Guarantees: the first starts no task; the second is done all the same.
    #[tokio::test]
    async fn only_unfinished_work_becomes_a_task() {
        let tasks = TaskTracker::new();
        assert_eq!(ToTheEnd::new(async { 7 }, &tasks).await, 7);
        assert_eq!(tasks.len(), 0);
        let (done, seen) = oneshot::channel();
        drop(ToTheEnd::new(async move { done.send(()).unwrap() }, &tasks));
        assert_eq!(seen.await, Ok(()));
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
    }
}
