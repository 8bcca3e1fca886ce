//! Which message went with a key.
//!
//! An index of messages by their keys would have to take in each with its message: a page of the database
//! for every room that somebody writes in. So what came of late is remembered here, and goes into its table in
//! order and by the hundred, along with messages of later. How far that has come stands in the table's company:
//! who starts reads the rest from the messages themselves.

use std::mem;

use foldhash::HashMap;
use sqlx::SqliteConnection;

use super::{append::json, plan::KeyedPlace};
use crate::domain::{Change, RoomId, Seq, UserId};

/// So many are put in order together.
const RUN: usize = 4096;
/// So many of them go into the table with one transaction, or as many as it has messages.
const SLICE: usize = 256;
/// So many messages may come, with keys or without, before the table is told how far they are known.
const MOST_UNMARKED: i64 = 16 * 1024;

/// The keys that are not in their table yet.
#[derive(Default)]
pub(super) struct Keys {
    recent: HashMap<KeyedPlace, Seq>,
    /// So many messages have come since a run was begun, with or without keys.
    unmarked: i64,
    /// On its way into the table, until that knows of its last message.
    run: Option<Run>,
    /// A transaction with keys failed, and none with messages has been committed since.
    paused: bool,
}

/// Keys on their way into the table, in its order.
struct Run {
    keys: Vec<(KeyedPlace, Seq)>,
    /// So many of them are there.
    kept: usize,
    /// So many more, once the transaction that is under way has been committed.
    underway: usize,
    /// Whether the table knows of all of them once it has been.
    ends: bool,
    /// The messages up to this id have no other key that is not there.
    last_id: i64,
}

/// Some keys for the table, as the statement wants them.
pub(super) struct Slice {
    rows: String,
    /// With the last of them: which messages it knows of then.
    kept: Option<i64>,
}

impl Keys {
    /// What was not in the table yet when the database was closed or left.
    pub(super) async fn read(conn: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let last_id = step_back(conn).await?;
        let kept = sqlx::query_scalar!("select message_id from keys_kept")
            .fetch_one(&mut *conn)
            .await?;
        let rows = sqlx::query!(
            "select room_id, author_id, key as \"key!\", seq from messages where id > ?1 and key is not null",
            kept
        )
        .fetch_all(conn)
        .await?;
        let recent = rows.into_iter().map(|row| {
            let place = (RoomId(row.room_id), UserId(row.author_id), row.key);
            (place, Seq(row.seq))
        });
        Ok(Self {
            recent: recent.collect(),
            unmarked: last_id - kept,
            run: None,
            paused: false,
        })
    }

    /// The message that went with a key, if that is not to be looked up in the table.
    pub(super) fn get(&self, key: &KeyedPlace) -> Option<Seq> {
        if let Some(seq) = self.recent.get(key) {
            return Some(*seq);
        }
        let run = &self.run.as_ref()?.keys;
        let at = run.binary_search_by(|(one, _)| one.cmp(key)).ok()?;
        run.get(at).map(|(_, seq)| *seq)
    }

    /// What is to go into the table with a transaction of so many messages.
    pub(super) fn slice(&mut self, messages: usize) -> Result<Option<Slice>, sqlx::Error> {
        let Some(run) = self.run.as_mut().filter(|_| !self.paused) else {
            return Ok(None);
        };
        let rest = run.keys.get(run.kept..).unwrap_or_default();
        let some = rest.get(..SLICE.max(messages)).unwrap_or(rest);
        run.underway = some.len();
        run.ends = some.len() == rest.len();
        let kept = run.ends.then_some(run.last_id);
        let rows = some
            .iter()
            .map(|((room, author, key), seq)| (room, author, key, seq));
        Ok(Some(Slice {
            rows: json(&rows.collect::<Vec<_>>())?,
            kept,
        }))
    }

    /// The transaction stands, with these changes.
    pub(super) fn committed(&mut self, changes: &[Change]) {
        if let Some(run) = &mut self.run {
            run.kept += mem::take(&mut run.underway);
            if run.ends {
                self.run = None;
            }
        }
        let messages = changes
            .iter()
            .filter(|change| matches!(change, Change::Message(_)));
        let messages = i64::try_from(messages.count()).unwrap_or(MOST_UNMARKED);
        self.unmarked += messages;
        self.paused &= messages == 0;
        self.recent.extend(of(changes));
    }

    /// The disk may not take what keys need, and nobody is to fail for them: they wait until it takes messages.
    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    /// Nothing of the transaction stands.
    pub(super) fn taken_back(&mut self) {
        if let Some(run) = &mut self.run {
            run.underway = 0;
            run.ends = false;
        }
    }

    /// Puts what came of late in order, if that has become much or if `all` of it is to be, and if the run
    /// before is in the table. Between two transactions.
    pub(super) async fn put_in_order(
        &mut self,
        conn: &mut SqliteConnection,
        all: bool,
    ) -> Result<(), sqlx::Error> {
        let due = if all {
            !self.recent.is_empty() || self.unmarked > 0
        } else {
            self.recent.len() >= RUN || self.unmarked >= MOST_UNMARKED
        };
        if self.run.is_some() || !due {
            return Ok(());
        }
        let last_id = last_id(conn).await?;
        let mut keys: Vec<_> = self.recent.drain().collect();
        keys.sort_unstable();
        self.unmarked = 0;
        self.run = Some(Run {
            keys,
            kept: 0,
            underway: 0,
            ends: false,
            last_id,
        });
        Ok(())
    }

    /// The newest messages may have gone, and their ids come again.
    pub(super) async fn step_back(
        &mut self,
        conn: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let last_id = step_back(conn).await?;
        if let Some(run) = &mut self.run {
            run.last_id = run.last_id.min(last_id);
        }
        Ok(())
    }
}

/// The id of the newest message, or 0.
async fn last_id(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select coalesce(max(id), 0) as \"id!: i64\" from messages")
        .fetch_one(conn)
        .await
}

/// Takes back that the table knows of messages that are gone, for others will have their ids. Answers
/// the id of the newest.
async fn step_back(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let last_id = last_id(conn).await?;
    sqlx::query!(
        "update keys_kept set message_id = ?1 where message_id > ?1",
        last_id
    )
    .execute(conn)
    .await?;
    Ok(last_id)
}

impl Slice {
    /// Writes the keys, but for those of rooms that are gone: theirs are taken away already.
    pub(super) async fn write(self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "insert or ignore into message_keys (room_id, author_id, key, seq)
             select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3
             from jsonb_each(?1) j cross join rooms r on r.id = j.value ->> 0
             where r.deleted_at is null",
            self.rows
        )
        .execute(&mut *conn)
        .await?;
        if let Some(kept) = self.kept {
            sqlx::query!("update keys_kept set message_id = ?1", kept)
                .execute(conn)
                .await?;
        }
        Ok(())
    }
}

/// The keys that new messages among some changes went with.
pub(super) fn of(changes: &[Change]) -> impl Iterator<Item = (KeyedPlace, Seq)> {
    changes.iter().filter_map(|change| {
        let Change::Message(message) = change else {
            return None;
        };
        let place = (message.room_id, message.author.id, message.key.clone()?);
        Some((place, message.seq))
    })
}
