//! Search in SQLite.
//!
//! The index names candidates, newest first. Each is compared with the query as it is now. The statement that reads
//! the text joins the memberships, which decide what the reader may see.

mod frequencies;
mod grams;
mod index;
mod tables;

use std::collections::HashSet;

use futures_util::TryStreamExt;

use crate::{
    domain::{Message, RoomId, SearchQuery, UserId, Wrote, fold::fold, parse_number},
    store::{
        Search, SearchOutcome, SearchPage, StoreError,
        sqlite::{Sqlite, read::rows::MessageRow},
    },
};
use grams::{DocumentTag, Table};
use index::SPAN_BITS;

pub(super) use frequencies::SharedFrequencies;
pub(super) use tables::prepare;

/// Converts between the id of a message and its row in the index, in SQL.
///
/// FTS5 reads ascending rows twice as fast as descending ones, and searches want the newest message first. So rows
/// descend as ids ascend. They stay positive, where FTS5 encodes them in few bytes.
macro_rules! descending_rowid {
    ($number:literal) => {
        concat!("(1099511627776 - ", $number, ")")
    };
}
use descending_rowid;

/// Computes [`descending_rowid`] in Rust.
fn row_of(id: i64) -> i64 {
    (1_i64 << 40).saturating_sub(id)
}

/// Maximum number of candidates of one search. If most do not match, the answer holds fewer messages and a cursor.
const CANDIDATES: i64 = 4000;
/// Maximum number of bytes of bodies in one answer.
const ANSWER_BYTES: usize = 512 * 1024;
/// Rooms are looked up in the index if they hold less than this part of all messages. Otherwise checking the
/// candidates is faster.
const FEW: i64 = 8;
/// Maximum number of rooms that are looked up one by one.
const MAX_TAGS: usize = 512;

macro_rules! candidates {
    ($table:literal) => {
        concat!(
            "select m.id, m.room_id, m.seq, m.author_id, m.created_at,
                    case when me.user_id is not null and m.kind = 'text' and m.deleted_at is null
                         then m.body end as body, m.flags & 4 <> 0 as has_file
             from ",
            $table,
            " x cross join messages m on m.id = ",
            descending_rowid!("x.rowid"),
            " left join memberships me on me.room_id = m.room_id and me.user_id = ?2
             where x.",
            $table,
            " match ?1 and x.rowid > ?3 and x.rowid <= ?4
             order by x.rowid limit +?5"
        )
    };
}

/// A message that may match.
#[derive(sqlx::FromRow)]
struct Candidate {
    id: i64,
    room_id: i64,
    seq: i64,
    author_id: i64,
    created_at: i64,
    /// `None` if the reader must not find it.
    body: Option<String>,
    has_file: bool,
}

/// A query with names resolved to ids.
struct ResolvedQuery {
    rooms: HashSet<RoomId>,
    /// `None` for any author.
    authors: Option<HashSet<UserId>>,
    expression: String,
    table: Table,
}

impl Sqlite {
    pub(in crate::store) async fn search(
        &self,
        search: &Search,
    ) -> Result<SearchOutcome, StoreError> {
        let query = &search.query;
        let resolved = match self.resolve(search).await? {
            Ok(resolved) => resolved,
            Err(unknown) => return Ok(SearchOutcome::NoSuchRoom(unknown)),
        };
        if resolved.rooms.is_empty() || resolved.authors.as_ref().is_some_and(HashSet::is_empty) {
            return Ok(SearchOutcome::Found(SearchPage::default()));
        }
        let (low, high) = self.ids_between(query).await?;
        let high = search.cursor.map_or(high, |cursor| cursor.min(high));
        let (places, next) = self.candidates(search, &resolved, low, high).await?;
        let items = self.found(search.reader, &places).await?;
        // They were read again and may have changed since.
        let items = items
            .into_iter()
            .filter(|(_, message)| query.terms.are_in(&message.body))
            .collect();
        Ok(SearchOutcome::Found(SearchPage { items, next }))
    }

    /// Returns candidates from the index, newest first, until enough match.
    async fn candidates(
        &self,
        search: &Search,
        resolved: &ResolvedQuery,
        low: i64,
        high: i64,
    ) -> Result<(Vec<(i64, i64)>, Option<i64>), StoreError> {
        let statement = match resolved.table {
            Table::Trigrams => candidates!("search_trigrams"),
            Table::Short => candidates!("search_short"),
        };
        let mut candidates = sqlx::query_as::<_, Candidate>(statement)
            .bind(&resolved.expression)
            .bind(search.reader.0)
            .bind(row_of(high))
            .bind(row_of(low))
            .bind(CANDIDATES)
            .fetch(&self.readers);
        let (mut places, mut bytes, mut looked_at) = (Vec::new(), ANSWER_BYTES, 0);
        let mut last = None;
        while let Some(candidate) = candidates.try_next().await? {
            looked_at += 1;
            if let Some(body) = resolved.matching(&search.query, &candidate) {
                // One message more tells whether another page exists.
                if places.len() >= search.limit || bytes == 0 {
                    return Ok((places, last));
                }
                bytes = bytes.saturating_sub(body.len());
                places.push((candidate.room_id, candidate.seq));
                last = Some(candidate.id);
            }
            if looked_at == CANDIDATES {
                let full = places.len() >= search.limit;
                return Ok((places, if full { last } else { Some(candidate.id) }));
            }
        }
        Ok((places, None))
    }

    /// Returns the messages at these places that the reader may see now, in the same order.
    async fn found(
        &self,
        reader: UserId,
        places: &[(i64, i64)],
    ) -> Result<Vec<(String, Message)>, StoreError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let places =
            serde_json::to_string(places).map_err(|error| StoreError::Failed(error.to_string()))?;
        let rows = sqlx::query!(
            r#"select case r.kind when 'direct' then (
                          select group_concat(p.display_name, ', ' order by p.id)
                          from memberships x join users p on p.id = x.user_id
                          where x.room_id = r.id and x.user_id <> ?2)
                      else r.name end as "room_name!: String", m.room_id, m.seq, m.rev, m.kind, m.author_id, u.username,
                      u.display_name, u.avatar, m.body, m.event, m.reply_to, m.key, m.created_at, m.edited_at,
                      m.deleted_at, m.extras as "extras?: String"
               from json_each(?1) j
               cross join memberships me on me.room_id = j.value ->> 0 and me.user_id = ?2
               join rooms r on r.id = me.room_id
               join messages_seen m on m.room_id = r.id and m.seq = j.value ->> 1
               join users u on u.id = m.author_id
               where m.deleted_at is null
               order by j.key"#,
            places,
            reader.0
        )
        .fetch_all(&self.readers)
        .await?;
        let rows = rows.into_iter().map(|row| {
            let message = Message::try_from(MessageRow {
                room_id: row.room_id,
                seq: row.seq,
                rev: row.rev,
                kind: row.kind,
                author_id: row.author_id,
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar,
                body: row.body,
                event: row.event,
                reply_to: row.reply_to,
                key: row.key,
                created_at: row.created_at,
                edited_at: row.edited_at,
                deleted_at: row.deleted_at,
                extras: row.extras,
            })?;
            Ok((row.room_name, message))
        });
        Ok(rows.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Resolves the rooms and authors of a query. Returns the name of a room that the reader is not in.
    #[expect(clippy::too_many_lines, reason = "most of it is one query")]
    async fn resolve(&self, search: &Search) -> Result<Result<ResolvedQuery, String>, StoreError> {
        let (reader, query) = (search.reader, &search.query);
        let mut mine = sqlx::query!(
            r#"select r.id as "id!", r.text_count,
                      case r.kind when 'direct' then (
                          select group_concat(p.display_name, ', ' order by p.id)
                          from memberships x join users p on p.id = x.user_id
                          where x.room_id = r.id and x.user_id <> ?1)
                      else r.name end as "name!: String",
                      (select coalesce(max(id), 0) from messages) as "all!: i64"
               from memberships me join rooms r on r.id = me.room_id where me.user_id = ?1"#,
            reader.0
        )
        .fetch_all(&self.readers)
        .await?;
        mine.retain(|room| search.limit_to.includes(RoomId(room.id)));
        let mut rooms: HashSet<RoomId> = HashSet::new();
        for wanted in &query.rooms {
            let name = wanted.strip_prefix('#').unwrap_or(wanted);
            let (id, folded) = (parse_number(name), fold(name));
            let before = rooms.len();
            rooms.extend(
                mine.iter()
                    .filter(|room| id == Some(room.id) || fold(&room.name) == folded)
                    .map(|room| RoomId(room.id)),
            );
            if rooms.len() == before {
                return Ok(Err(wanted.clone()));
            }
        }
        if query.rooms.is_empty() {
            rooms.extend(mine.iter().map(|room| RoomId(room.id)));
        }
        let inside = mine.iter().filter(|room| rooms.contains(&RoomId(room.id)));
        let texts: i64 = inside.map(|room| room.text_count).sum();
        let all = mine.first().map_or(0, |room| room.all);

        let authors = self.authors(reader, query).await?;
        let common = self.frequencies().await?;
        let (table, tokens) = grams::lookup(query.terms.as_slice(), |token| common.count(token));
        let mut groups: Vec<Vec<String>> = tokens.into_iter().map(|token| vec![token]).collect();
        if let Some(authors) = &authors {
            let marks = authors
                .iter()
                .map(|id| DocumentTag::Author(*id).token(table));
            groups.push(marks.collect());
        }
        if query.has_file {
            groups.push(vec![DocumentTag::File.token(table)]);
        }
        if texts.saturating_mul(FEW) < all && rooms.len() <= MAX_TAGS {
            let marks = rooms.iter().map(|id| DocumentTag::Room(*id).token(table));
            groups.push(marks.collect());
        }
        if groups.is_empty() {
            groups.push(vec![DocumentTag::Any.token(table)]);
        }
        Ok(Ok(ResolvedQuery {
            rooms,
            authors,
            expression: grams::expression(&groups),
            table,
        }))
    }

    /// Returns the wanted authors; `None` for any. An unknown name looks like a user without messages.
    async fn authors(
        &self,
        reader: UserId,
        query: &SearchQuery,
    ) -> Result<Option<HashSet<UserId>>, StoreError> {
        if query.from.is_empty() {
            return Ok(None);
        }
        let mut authors = HashSet::new();
        for wrote in &query.from {
            match wrote {
                Wrote::Me => {
                    authors.insert(reader);
                }
                Wrote::User(name) => {
                    let id = sqlx::query_scalar!(
                        r#"select id as "id!" from users where username_key = ?1"#,
                        name
                    )
                    .fetch_optional(&self.readers)
                    .await?;
                    authors.extend(id.map(UserId));
                }
            }
        }
        Ok(Some(authors))
    }

    /// Returns the half-open range of ids that contains the messages of the wanted time.
    async fn ids_between(&self, query: &SearchQuery) -> Result<(i64, i64), StoreError> {
        let (mut low, mut high) = (0, i64::MAX);
        if let Some(after) = query.after {
            let span = sqlx::query_scalar!(
                r#"select min(span) as "span: i64" from search_spans where last_at >= ?1"#,
                after.0
            )
            .fetch_one(&self.readers)
            .await?;
            low = span.map_or(high, |span| span << SPAN_BITS);
        }
        if let Some(before) = query.before {
            let span = sqlx::query_scalar!(
                r#"select max(span) as "span: i64" from search_spans where first_at < ?1"#,
                before.0
            )
            .fetch_one(&self.readers)
            .await?;
            high = span.map_or(low, |span| (span + 1) << SPAN_BITS);
        }
        Ok((low, high))
    }
}

impl ResolvedQuery {
    /// Returns the body of a candidate if it matches.
    fn matching<'c>(&self, query: &SearchQuery, candidate: &'c Candidate) -> Option<&'c str> {
        let body = candidate.body.as_deref()?;
        let author = UserId(candidate.author_id);
        let matches = self.rooms.contains(&RoomId(candidate.room_id))
            && self.authors.as_ref().is_none_or(|of| of.contains(&author))
            && query.before.is_none_or(|at| candidate.created_at < at.0)
            && query.after.is_none_or(|at| candidate.created_at >= at.0)
            && (candidate.has_file || !query.has_file)
            && query.terms.are_in(body);
        matches.then_some(body)
    }
}
