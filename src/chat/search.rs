//! Finding what was said, and feeding the index that it is found by.

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
    store::{Search, Searched, Slice, StoreError},
};

/// News is gathered this long, so that a message or two do not make a write of their own.
const GATHER: Duration = Duration::from_millis(200);
/// Senders wait for a slice that is being written: it is to take them some milliseconds.
const SLICE: Slice = Slice {
    messages: 200,
    bytes: 48 * 1024,
};
/// For each moment of indexing, the writer is left to others for so many, and is not kept busy by
/// the index alone however much there is to index.
const REST: u32 = 3;
/// The same while more than [`FLOOD`] are said: who sends goes first, and who searches finds it later.
const REST_IN_FLOOD: u32 = 20;
/// Messages a second.
const FLOOD: f64 = 1000.0;
/// Over no less time than this, or a single one were a flood.
const FLOOD_SECONDS: f64 = 0.01;
/// Pages of the index that a step of tidying writes: some milliseconds as well.
const TIDY_PAGES: i64 = 16;
/// Steps of tidying between two slices: enough for the index not to fall apart while there is much to
/// take in.
const TIDY_STEPS: usize = 3;
/// After a failure.
const RETRY: Duration = Duration::from_secs(1);
/// Searches at once; those beyond wait. All of them together leave connections for everything else.
const AT_ONCE: usize = 2;
/// A search that has waited so long is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// Ranges that one message is shown with.
const RANGES: usize = 100;

/// What searching and indexing share.
pub(super) struct Indexer {
    turns: Semaphore,
    /// Rooms with messages that the index may not know.
    pending_rooms: Mutex<BTreeSet<RoomId>>,
    news: Notify,
    /// Changes that were ever heard of.
    heard: AtomicU64,
}

/// Messages that were found, newest first.
#[derive(Debug)]
pub struct Hits {
    /// The messages.
    pub items: Vec<Hit>,
    /// Where to go on; `None` once everything was looked at.
    pub next: Option<i64>,
}

/// A message that was found.
#[derive(Debug)]
pub struct Hit {
    /// The name of its room.
    pub room_name: String,
    /// The message as it is now.
    pub message: Message,
    /// Where in its body the terms are: half-open ranges of characters.
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

    /// Hears of what was committed.
    pub(super) fn hear(&self, changes: &[Change]) {
        self.heard
            .fetch_add(changes.len() as u64, Ordering::Relaxed);
        // Every kind is named, so that a new one has to say whether it changes a message.
        let rooms = changes.iter().filter_map(|change| match change {
            Change::Message(message)
            | Change::Joined { message, .. }
            | Change::Left { message, .. }
            | Change::Altered { message, .. }
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
    /// Messages that match, newest first, of the rooms the caller is in at that moment. An answer may
    /// hold fewer than `limit`, and even none, and still say where to go on.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] if the query names a room that is none of the caller's;
    /// [`ChatError::Overloaded`] if too many search at once.
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
            Searched::Found(found) => found,
            Searched::NoSuchRoom(name) => {
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
        // What the process did not come to before it ended, or was killed.
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
                // A room that is waiting keeps its place, however much is said in it.
                let new = searching.take();
                let new = new.into_iter().filter(|room| !rooms.contains(room));
                rooms.extend(new.collect::<Vec<_>>());
            }
            while searching.is_up_to_date() {
                match self.rested(self.inner.store.tidy_index(TIDY_PAGES)).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => self.index_failed(&error).await,
                }
            }
        }
    }

    /// Takes a slice of what is new in `rooms` into the index, and takes those off that are done.
    async fn index_slice(&self, rooms: &mut Vec<RoomId>) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let indexed = self.rested(store.index(rooms, SLICE)).await?;
        rooms.retain(|room| !indexed.done.contains(room));
        // The first of the rest may have been cut short: the others are next.
        if !rooms.is_empty() {
            rooms.rotate_left(1);
        }
        for _ in 0..TIDY_STEPS {
            if !self.rested(store.tidy_index(TIDY_PAGES)).await? {
                break;
            }
        }
        Ok(())
    }

    /// Does it, and leaves the writer to others for a multiple of the time that it took.
    async fn rested<T>(&self, work: impl Future<Output = T>) -> T {
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
