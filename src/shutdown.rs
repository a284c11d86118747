//! Stopping in order: told by a signal, or because a task that must live has ended.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why a process did not end well.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShutdownError {
    /// A task that must live ended by itself; the log has its reason.
    #[error("{task} ended by itself")]
    Ended {
        /// The task's name.
        task: &'static str,
    },
    /// Tasks were still at work when the grace was over.
    #[error("still at work when time was up: {}", tasks.join(", "))]
    Late {
        /// Their names.
        tasks: Vec<&'static str>,
    },
}

/// The tasks of a process and the word to stop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    stop: CancellationToken,
    hurry: CancellationToken,
    tasks: TaskTracker,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<&'static str>,
    ended: Option<&'static str>,
}

impl Shutdown {
    /// Listens to SIGTERM and SIGINT: the first asks all tasks to stop, a second ends the grace at once.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::default();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (stop, hurry) = (shutdown.stop.clone(), shutdown.hurry.clone());
        tokio::spawn(async move {
            for word in [stop, hurry] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "asked to stop");
                word.cancel();
            }
        });
        Ok(shutdown)
    }

    /// Cancelled when it is time to stop; give a clone to whoever waits for something.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks all tasks to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Runs a task that must live until it is told to stop. Should it end before, with an error, a panic or without,
    /// the whole process stops: half a process would look alive and serve nobody.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.state().running.push(name);
        let shutdown = self.clone();
        self.tasks.spawn(async move {
            // A task of its own, so that a panic becomes a value.
            let ended = tokio::spawn(task).await;
            let told = shutdown.stop.is_cancelled();
            match ended {
                Ok(Ok(())) if told => {}
                Ok(Ok(())) => tracing::error!(task = name, "ended by itself"),
                Ok(Err(error)) => tracing::error!(task = name, error = format!("{error:#}"), "failed"),
                // The panic hook has logged the rest.
                Err(_) => tracing::error!(task = name, "panicked"),
            }
            let mut state = shutdown.state();
            state.running.retain(|running| *running != name);
            if !told {
                state.ended.get_or_insert(name);
            }
            drop(state);
            shutdown.stop.cancel();
        });
    }

    /// Waits until it is time to stop, then until all tasks have, at most for `grace`.
    pub async fn finish(self, grace: Duration) -> Result<(), ShutdownError> {
        self.stop.cancelled().await;
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(grace) => {}
            () = self.hurry.cancelled() => {}
        }
        let state = self.state();
        if let Some(task) = state.ended {
            return Err(ShutdownError::Ended { task });
        }
        if !state.running.is_empty() {
            return Err(ShutdownError::Late { tasks: state.running.clone() });
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it, and names alone can't be half-written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal, getpid, kill_process};

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn tasks_that_stop_when_told_end_well() {
        let shutdown = Shutdown::default();
        for name in ["bot", "worker"] {
            let token = shutdown.token();
            shutdown.spawn(name, async move {
                token.cancelled().await;
                Ok(())
            });
        }
        shutdown.stop();
        assert_eq!(shutdown.finish(LONG).await, Ok(()));
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_stops_the_process() {
        let endings: [fn() -> anyhow::Result<()>; 3] =
            [|| Ok(()), || Err(anyhow::anyhow!("lost the database")), || panic!("a bug")];
        for ending in endings {
            let shutdown = Shutdown::default();
            let token = shutdown.token();
            shutdown.spawn("worker", async move {
                token.cancelled().await;
                Ok(())
            });
            shutdown.spawn("bot", async move { ending() });
            assert_eq!(shutdown.finish(LONG).await, Err(ShutdownError::Ended { task: "bot" }));
        }
    }

    #[tokio::test]
    async fn a_stuck_task_is_named_when_the_grace_is_over() {
        let shutdown = Shutdown::default();
        shutdown.spawn("stuck", std::future::pending());
        shutdown.stop();
        let late = shutdown.finish(Duration::from_millis(5)).await;
        assert_eq!(late, Err(ShutdownError::Late { tasks: vec!["stuck"] }));
    }

    #[tokio::test]
    async fn a_signal_stops_and_a_second_one_ends_the_grace() {
        let shutdown = Shutdown::on_signals().unwrap();
        shutdown.spawn("stuck", std::future::pending());
        kill_process(getpid(), Signal::TERM).unwrap();
        shutdown.token().cancelled().await;
        kill_process(getpid(), Signal::INT).unwrap();
        let late = tokio::time::timeout(LONG, shutdown.finish(LONG * 100)).await.unwrap();
        assert_eq!(late, Err(ShutdownError::Late { tasks: vec!["stuck"] }));
    }
}
