//! Updates the index.
//!
//! Messages are read and tokenized outside the writer; only finished rows go through its queue. A message that changes
//! meanwhile has a newer `rev` than the recorded progress, and is indexed again.

use std::collections::BTreeMap;

use foldhash::HashMap;
use sqlx::SqliteConnection;

use super::{
    super::{Sqlite, json::json},
    descending_rowid,
    grams::{DocumentTag, Table, short_tokens},
    row_of, tables,
};
use crate::{
    domain::{Rev, RoomId, UserId, fold::fold},
    store::{IndexProgress, IndexSlice, StoreError},
};

/// Binary logarithm of the number of ids in a span of `search_spans`.
pub(super) const SPAN_BITS: u32 = 12;

/// A changed message.
struct ChangedMessage {
    id: i64,
    rev: i64,
    author_id: i64,
    created_at: i64,
    /// `None` if it must not be found: deleted messages and system messages.
    body: Option<String>,
    has_file: bool,
}

/// Rows to write, by their row in the index. FTS5 writes ascending rows as one segment, and starts another whenever a
/// row is smaller than the last.
#[derive(Default)]
struct IndexBatch {
    gone: Vec<i64>,
    trigrams: BTreeMap<i64, Trigrams>,
    short: BTreeMap<i64, String>,
    /// First and last time of each span.
    spans: BTreeMap<i64, (i64, i64)>,
    /// Progress of each room.
    progress: Vec<(i64, i64)>,
}

/// Body, room, author, files, and the tag of every message.
type Trigrams = (String, String, String, Option<String>, String);

impl IndexBatch {
    fn add(&mut self, room: RoomId, message: ChangedMessage) {
        let Some(body) = message.body else {
            self.gone.push(row_of(message.id));
            return;
        };
        let body = fold(&body);
        let (room, author) = (
            DocumentTag::Room(room),
            DocumentTag::Author(UserId(message.author_id)),
        );
        let file = message.has_file.then_some(DocumentTag::File);
        let mut tokens = short_tokens(&body);
        for mark in [room, author, DocumentTag::Any].into_iter().chain(file) {
            tokens.push_str(&mark.token(Table::Short));
            tokens.push(' ');
        }
        let token = |mark: DocumentTag| mark.token(Table::Trigrams);
        let trigrams = (
            body,
            token(room),
            token(author),
            file.map(token),
            token(DocumentTag::Any),
        );
        self.short.insert(row_of(message.id), tokens);
        self.trigrams.insert(row_of(message.id), trigrams);
        let at = message.created_at;
        let span = self
            .spans
            .entry(message.id >> SPAN_BITS)
            .or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at));
    }
}

impl Sqlite {
    pub(in crate::store) async fn rooms_to_index(&self) -> Result<Vec<RoomId>, StoreError> {
        let rooms = sqlx::query_scalar!(
            r#"select r.id as "id!" from rooms r left join search_progress p on p.room_id = r.id
               where r.deleted_at is null and r.last_rev > coalesce(p.rev, 0) order by r.id"#
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rooms.into_iter().map(RoomId).collect())
    }

    pub(in crate::store) async fn index(
        &self,
        rooms: &[RoomId],
        slice: IndexSlice,
    ) -> Result<IndexProgress, StoreError> {
        let (mut batch, mut indexed) = (IndexBatch::default(), IndexProgress::default());
        let mut bytes = slice.bytes;
        // Each room has at least one change, as far as is known.
        let rooms = rooms.get(..slice.messages).unwrap_or(rooms);
        let progress = self.progress(rooms).await?;
        for room in rooms {
            let left = slice.messages.saturating_sub(indexed.messages);
            if left == 0 || bytes == 0 {
                break;
            }
            let Some(known) = progress.get(room).copied() else {
                indexed.done.push(*room);
                continue;
            };
            let changed = self.changed(*room, known, left).await?;
            let mut all = changed.len() < left;
            let mut rev = None;
            for message in changed {
                if bytes == 0 {
                    all = false;
                    break;
                }
                bytes = bytes.saturating_sub(message.body.as_ref().map_or(1, String::len));
                rev = Some(message.rev);
                indexed.messages += 1;
                batch.add(*room, message);
            }
            batch.progress.extend(rev.map(|rev| (room.0, rev)));
            if all {
                indexed.done.push(*room);
            }
        }
        if indexed.messages > 0 {
            let rows = IndexRows::of(batch)?;
            self.writer
                .write_uncached(move |tx| Box::pin(async move { rows.write(&mut tx.conn).await }))
                .await?;
        }
        Ok(indexed)
    }

    /// Returns the progress of the index in some rooms, without deleted ones.
    async fn progress(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, Rev>, StoreError> {
        let rooms = json(&rooms)?;
        let rows = sqlx::query!(
            r#"select r.id as "id!", coalesce(p.rev, 0) as "rev!: i64"
               from json_each(?1) j cross join rooms r on r.id = j.value
               left join search_progress p on p.room_id = r.id
               where r.deleted_at is null"#,
            rooms
        )
        .fetch_all(&self.readers)
        .await?;
        let known = rows.into_iter();
        Ok(known.map(|row| (RoomId(row.id), Rev(row.rev))).collect())
    }

    /// Returns at most `limit` messages of a room that changed after a `rev`, in its order.
    async fn changed(
        &self,
        room: RoomId,
        after: Rev,
        limit: usize,
    ) -> Result<Vec<ChangedMessage>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let changed = sqlx::query_as!(
            ChangedMessage,
            r#"select m.id as "id!", m.rev, m.author_id, m.created_at, m.flags & 4 <> 0 as "has_file!: bool",
                      case when m.kind = 'text' and m.deleted_at is null then m.body end as body
               from messages m join rooms r on r.id = m.room_id
               where m.room_id = ?1 and m.rev > ?2 and r.deleted_at is null
               order by m.rev limit +?3"#,
            room.0,
            after.0,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(changed)
    }

    pub(in crate::store) async fn tidy_index(&self, pages: i64) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let conn = &mut tx.conn;
                    for merge in [
                        "insert into search_trigrams(search_trigrams, rank) values ('merge', ?1)",
                        "insert into search_short(search_short, rank) values ('merge', ?1)",
                    ] {
                        let before = total_changes(conn).await?;
                        sqlx::query(merge).bind(pages).execute(&mut *conn).await?;
                        // The command itself counts as one change; its effects count as more.
                        if total_changes(conn).await? - before > 1 {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                })
            })
            .await
    }

    pub(in crate::store) async fn empty_index(&self) -> Result<(), StoreError> {
        self.writer
            .write(|tx| Box::pin(async move { tables::recreate(&mut tx.conn).await }))
            .await
    }
}

async fn total_changes(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select total_changes() as "changes!: i64""#)
        .fetch_one(conn)
        .await
}

/// A batch as parameters of the statements.
struct IndexRows {
    gone: String,
    trigrams: String,
    short: String,
    spans: String,
    progress: String,
}

impl IndexRows {
    fn of(mut batch: IndexBatch) -> Result<Self, StoreError> {
        let json = |value: Result<String, serde_json::Error>| {
            value.map_err(|error| StoreError::Failed(error.to_string()))
        };
        batch.gone.sort_unstable();
        // Maps as lists of pairs: the keys of objects would become strings.
        Ok(Self {
            gone: json(serde_json::to_string(&batch.gone))?,
            trigrams: json(serde_json::to_string(&Vec::from_iter(batch.trigrams)))?,
            short: json(serde_json::to_string(&Vec::from_iter(batch.short)))?,
            spans: json(serde_json::to_string(&Vec::from_iter(batch.spans)))?,
            progress: json(serde_json::to_string(&batch.progress))?,
        })
    }

    async fn write(self, conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for statement in [
            "delete from search_trigrams where rowid in (select value from json_each(?1))",
            "delete from search_short where rowid in (select value from json_each(?1))",
        ] {
            sqlx::query(statement)
                .bind(&self.gone)
                .execute(&mut *conn)
                .await?;
        }
        // A message that was deleted after it was read must not enter the index.
        for (statement, rows) in [
            (
                concat!("insert or replace into search_trigrams(rowid, body, room, author, files, every)
                 select j.value ->> 0, j.value ->> '$[1][0]', j.value ->> '$[1][1]', j.value ->> '$[1][2]',
                        j.value ->> '$[1][3]', j.value ->> '$[1][4]'
                 from json_each(?1) j where exists (select 1 from messages where id = ", descending_rowid!("(j.value ->> 0)"), ")"),
                &self.trigrams,
            ),
            (
                concat!("insert or replace into search_short(rowid, tokens)
                 select j.value ->> 0, j.value ->> 1
                 from json_each(?1) j where exists (select 1 from messages where id = ", descending_rowid!("(j.value ->> 0)"), ")"),
                &self.short,
            ),
        ] {
            sqlx::query(statement).bind(rows).execute(&mut *conn).await?;
        }
        sqlx::query!(
            "insert into search_spans (span, first_at, last_at)
             select value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]' from json_each(?1) where true
             on conflict (span) do update set first_at = min(first_at, excluded.first_at),
                                              last_at = max(last_at, excluded.last_at)",
            self.spans
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query!(
            "insert into search_progress (room_id, rev)
             select r.id, j.value ->> 1 from json_each(?1) j join rooms r on r.id = j.value ->> 0
             where true
             on conflict (room_id) do update set rev = excluded.rev",
            self.progress
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}
