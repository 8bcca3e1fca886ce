//! Background deletion of expired and unused data.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::Chat;
use crate::{domain::Timestamp, store::StoreError};

const EVERY: Duration = Duration::from_mins(1);
/// Maximum rows that one transaction deletes. It is small because senders wait for the transaction, and a long message
/// takes several database pages.
const SLICE: i64 = 100;
/// Maximum messages that one transaction erases. Each takes several statements.
const ERASED: i64 = 25;
/// Pause between two slices, so that other writes can run.
const PAUSE: Duration = Duration::from_millis(25);
/// Time for which an ended login stays in the database, to investigate incidents.
const FORGET_SESSIONS: Duration = Duration::from_hours(168);
/// Time for which an expired invite stays, so that a member who used it can repeat the request.
const FORGET_INVITES: Duration = Duration::from_hours(24);

/// Independent task of the janitor. A failure of one does not affect the others.
#[derive(Clone, Copy, Debug)]
enum Sweep {
    Memory,
    ExpiredLogins,
    EndedLogins,
    DeletedRooms,
    DeadInvites,
    UnsentFiles,
    GoneFiles,
    Erasures,
    CommandKeys,
}

impl Chat {
    /// Runs all sweeps until `stop`: expired logins, remains of deleted rooms and accounts, unused files and idle
    /// entries of throttles.
    pub async fn run_janitor(self, stop: CancellationToken) {
        let sweeps = async {
            tokio::join!(
                self.repeat(Sweep::Memory),
                self.repeat(Sweep::ExpiredLogins),
                self.repeat(Sweep::EndedLogins),
                self.repeat(Sweep::DeletedRooms),
                self.repeat(Sweep::DeadInvites),
                self.repeat(Sweep::UnsentFiles),
                self.repeat(Sweep::GoneFiles),
                self.repeat(Sweep::Erasures),
                self.repeat(Sweep::CommandKeys),
            )
        };
        tokio::select! {
            _ = sweeps => {}
            () = stop.cancelled() => {}
        }
    }

    /// Runs a sweep at once and then every minute, slice by slice until nothing is left.
    async fn repeat(&self, sweep: Sweep) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.woken(sweep) => {}
            }
            loop {
                match self.slice(sweep).await {
                    Ok(true) => sleep(PAUSE).await,
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, ?sweep, "sweep failed");
                        break;
                    }
                }
            }
        }
    }

    /// Waits for a request to sweep before the next tick, so that deleted data does not take space for a minute.
    async fn woken(&self, sweep: Sweep) {
        match sweep {
            Sweep::GoneFiles => self.inner.files_gone.notified().await,
            Sweep::Erasures => self.inner.erase.notified().await,
            Sweep::DeletedRooms => self.inner.rooms_gone.notified().await,
            _ => std::future::pending().await,
        }
    }

    /// Runs one slice and returns whether more may be left.
    async fn slice(&self, sweep: Sweep) -> Result<bool, StoreError> {
        let (store, now) = (&self.inner.store, Timestamp::now());
        match sweep {
            Sweep::Memory => {
                self.inner.ended.sweep();
                self.inner.known.sweep();
                self.inner.attempts.sweep();
                self.inner.names.sweep();
                self.inner.codes.sweep();
                self.inner.sends.sweep();
                self.inner.requests.sweep();
                Ok(false)
            }
            Sweep::ExpiredLogins => store.expire_sessions(now, SLICE).await,
            Sweep::EndedLogins => {
                let before = now.minus(FORGET_SESSIONS);
                store.forget_sessions(before, SLICE).await
            }
            Sweep::DeadInvites => {
                store.forget_invites(now.minus(FORGET_INVITES)).await?;
                Ok(false)
            }
            Sweep::UnsentFiles => {
                let patience = Duration::from_millis(self.inner.timing.unsent_files_ms);
                let dropped = store.drop_unsent_files(now.minus(patience), SLICE).await;
                self.inner.files_gone.notify_one();
                dropped
            }
            Sweep::GoneFiles => store.purge_gone_files(SLICE).await,
            Sweep::CommandKeys => store.forget_command_keys(now, SLICE).await,
            Sweep::Erasures => store.erase_messages(ERASED, now).await,
            Sweep::DeletedRooms => {
                let purged = store.purge_deleted_rooms(SLICE).await;
                self.inner.files_gone.notify_one();
                purged
            }
        }
    }
}
