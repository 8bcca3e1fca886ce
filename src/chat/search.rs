//! Search, and the background task that keeps the search index up to date.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{Change, Invalid, Message, RoomId, SearchQuery},
    store::{IndexSlice, Search, SearchOutcome, StoreError},
};

/// Time to collect changes before a slice is indexed, so that single messages do not cause a write each.
const GATHER: Duration = Duration::from_millis(200);
/// Maximum size of one indexed slice. Senders wait while it is written, so it must take only milliseconds.
const SLICE: IndexSlice = IndexSlice {
    messages: 200,
    bytes: 48 * 1024,
};
/// Multiple of the indexing time for which the indexer then pauses, to leave most of the writer's time to others.
const REST: u32 = 3;
/// Multiple of the indexing time while more than [`FLOOD`] changes per second arrive. Senders take precedence, and
/// new messages are found later.
const REST_IN_FLOOD: u32 = 20;
/// Changes per second.
const FLOOD: f64 = 1000.0;
/// Minimum time in seconds for the rate, because otherwise a single change would count as a flood.
const FLOOD_SECONDS: f64 = 0.01;
/// Pages of the index that one merge step writes. A step takes a few milliseconds.
const TIDY_PAGES: i64 = 16;
/// Merge steps between two slices, so that the index stays compact while there is much to index.
const TIDY_STEPS: usize = 3;
/// Delay after a failure.
const RETRY: Duration = Duration::from_secs(1);
/// Maximum concurrent searches. Further ones wait, so that other reads always find a free database connection.
const AT_ONCE: usize = 2;
/// Maximum time that a search waits before it fails with [`ChatError::Overloaded`].
const PATIENCE: Duration = Duration::from_secs(5);
/// Maximum highlighted ranges of one message.
const RANGES: usize = 100;

/// State of the indexer, and permits of searches.
pub(super) struct Indexer {
    turns: Semaphore,
    /// Rooms with messages that may not be indexed yet.
    pending_rooms: Mutex<BTreeSet<RoomId>>,
    news: Notify,
    /// Number of all changes so far.
    heard: AtomicU64,
}

/// A page of search results, newest first.
#[derive(Debug)]
pub struct Hits {
    /// The messages.
    pub items: Vec<Hit>,
    /// Cursor of the next page; `None` if all messages were searched.
    pub next: Option<i64>,
}

/// A search result.
#[derive(Debug)]
pub struct Hit {
    /// Name of the message's room.
    pub room_name: String,
    /// The message as it is now.
    pub message: Message,
    /// Positions of the terms in the message's body, as half-open ranges of characters.
    pub ranges: Vec<[usize; 2]>,
}

impl Indexer {
    pub(super) fn new() -> Self {
        Self {
            turns: Semaphore::new(AT_ONCE),
            pending_rooms: Mutex::default(),
            news: Notify::new(),
            heard: AtomicU64::new(0),
        }
    }

    /// Notes committed changes, and queues the rooms whose messages changed.
    pub(super) fn notify(&self, changes: &[Change]) {
        self.heard
            .fetch_add(changes.len() as u64, Ordering::Relaxed);
        // The match lists every kind, so that a new kind must state whether it changes a message.
        let rooms = changes.iter().filter_map(|change| match change {
            Change::Message(message)
            | Change::Joined { message, .. }
            | Change::Left { message, .. }
            | Change::AlterOutcome { message, .. }
            | Change::RoomCreated { message, .. } => Some(message.room_id),
            Change::StandingChanged { .. }
            | Change::DirectMade { .. }
            | Change::SessionEnded { .. }
            | Change::Read { .. }
            | Change::RoomChanged(_)
            | Change::RoomDeleted(_) => None,
        });
        self.add(rooms);
    }

    fn add(&self, rooms: impl IntoIterator<Item = RoomId>) {
        let mut pending_rooms = self
            .pending_rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = pending_rooms.len();
        pending_rooms.extend(rooms);
        if pending_rooms.len() > before {
            self.news.notify_one();
        }
    }

    fn is_up_to_date(&self) -> bool {
        let pending_rooms = self
            .pending_rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pending_rooms.is_empty()
    }

    fn take(&self) -> Vec<RoomId> {
        let mut pending_rooms = self
            .pending_rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *pending_rooms).into_iter().collect()
    }
}

impl Chat {
    /// Returns matching messages, newest first, of the rooms that the caller is in at that moment. A page may contain
    /// fewer than `limit` messages, even none, and still have a next page.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] if the query names a room that the caller is not in, or [`ChatError::Overloaded`] if too
    /// many searches run.
    pub async fn search(
        &self,
        caller: &Caller,
        query: SearchQuery,
        cursor: Option<i64>,
        limit: usize,
    ) -> Result<Hits, ChatError> {
        let _turn = match timeout(PATIENCE, self.inner.searching.turns.acquire()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(ChatError::Draining),
            Err(_) => return Err(ChatError::Overloaded),
        };
        let search = Search {
            reader: caller.user(),
            limit_to: caller.rooms().clone(),
            query,
            cursor,
            limit,
        };
        let found = match self.inner.store.search(&search).await? {
            SearchOutcome::Found(found) => found,
            SearchOutcome::NoSuchRoom(name) => {
                let detail = format!("has an in: that names none of your rooms: {name}");
                return Err(Invalid::new("q", detail).into());
            }
        };
        let terms = &search.query.terms;
        let items = found.items.into_iter().filter_map(|(room_name, message)| {
            Some(Hit {
                room_name,
                ranges: terms.ranges(&message.body, RANGES)?,
                message,
            })
        });
        Ok(Hits {
            items: items.collect(),
            next: found.next,
        })
    }

    /// Keeps the index up to date until `stop`.
    pub async fn run_indexer(self, stop: CancellationToken) {
        let _ = stop.run_until_cancelled(self.index_for_ever()).await;
    }

    async fn index_for_ever(&self) {
        let searching = &self.inner.searching;
        // Start with the messages that an earlier process did not index.
        loop {
            match self.inner.store.rooms_to_index().await {
                Ok(rooms) => break searching.add(rooms),
                Err(error) => self.index_failed(&error).await,
            }
        }
        loop {
            searching.news.notified().await;
            sleep(GATHER).await;
            let mut rooms = searching.take();
            while !rooms.is_empty() {
                if let Err(error) = self.index_slice(&mut rooms).await {
                    self.index_failed(&error).await;
                }
                // A waiting room keeps its place in the queue, even if it gets new messages.
                let new = searching.take();
                let new = new.into_iter().filter(|room| !rooms.contains(room));
                rooms.extend(new.collect::<Vec<_>>());
            }
            while searching.is_up_to_date() {
                match self
                    .with_pause(self.inner.store.tidy_index(TIDY_PAGES))
                    .await
                {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => self.index_failed(&error).await,
                }
            }
        }
    }

    /// Indexes one slice of new messages in `rooms`, and removes the rooms that are finished.
    async fn index_slice(&self, rooms: &mut Vec<RoomId>) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let indexed = self.with_pause(store.index(rooms, SLICE)).await?;
        rooms.retain(|room| !indexed.done.contains(room));
        // The first remaining room may be unfinished. It goes to the end of the queue, so that the others are next.
        if !rooms.is_empty() {
            rooms.rotate_left(1);
        }
        for _ in 0..TIDY_STEPS {
            if !self.with_pause(store.tidy_index(TIDY_PAGES)).await? {
                break;
            }
        }
        Ok(())
    }

    /// Runs `work`, then pauses for a multiple of the time that it took.
    async fn with_pause<T>(&self, work: impl Future<Output = T>) -> T {
        let heard = || self.inner.searching.heard.load(Ordering::Relaxed);
        let (before, start) = (heard(), Instant::now());
        let done = work.await;
        let took = start.elapsed();
        #[expect(clippy::cast_precision_loss, reason = "it is a rate")]
        let said = (heard() - before) as f64;
        let rest = if said > FLOOD * took.as_secs_f64().max(FLOOD_SECONDS) {
            REST_IN_FLOOD
        } else {
            REST
        };
        sleep(took * rest).await;
        done
    }

    async fn index_failed(&self, error: &StoreError) {
        tracing::warn!(%error, "indexing failed");
        sleep(RETRY).await;
    }
}
