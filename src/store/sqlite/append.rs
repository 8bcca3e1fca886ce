//! Writing many messages at once: a handful of statements, however many messages there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::SqliteConnection;

use super::{
    attachments::{self, Loose},
    job::{AppendJob, Tx},
    mentions::{self, Around},
    restraints::note_said,
    rows::MessageRow,
    senders::senders,
};
use crate::{
    domain::{
        Author, Change, Extras, Message, MessageKind, Rev, RoomId, Seq, SystemEvent, Timestamp,
        UserId,
    },
    store::{Append, Appended},
};

/// Where a room stands before a batch.
#[derive(Clone, Copy)]
struct Numbers {
    seq: i64,
    rev: i64,
    text_count: i64,
}

pub(super) type Place = (RoomId, UserId);
type KeyedPlace = (RoomId, UserId, String);

/// Writes what may be written of `jobs`, in their order, and notes in each what came of it.
pub(super) async fn append_all(
    tx: &mut Tx,
    jobs: &mut [&mut AppendJob],
) -> Result<(), sqlx::Error> {
    let mut senders = senders(&mut tx.conn, jobs).await?;
    let known = known_keys(&mut tx.conn, jobs).await?;
    let mut loose = Loose::read(&mut tx.conn, jobs).await?;

    // First decide, then number: a refused message must not leave a gap.
    let mut accepted = Vec::with_capacity(jobs.len());
    let mut repeats = Vec::new();
    let mut brought = HashMap::new();
    let mut slowed: HashMap<Place, Timestamp> = HashMap::new();
    let mut keys: HashMap<KeyedPlace, usize> = HashMap::new();
    for (at, job) in jobs.iter_mut().enumerate() {
        let append = &job.append;
        let place = (append.room, append.author);
        let Some(sender) = senders.get_mut(&place) else {
            job.outcome = Ok(Appended::NotMember);
            continue;
        };
        if append
            .draft
            .reply_to
            .is_some_and(|seq| seq.0 < 1 || seq.0 > sender.last_seq)
        {
            job.outcome = Ok(Appended::NoSuchReply);
            continue;
        }
        let keyed = keyed(append);
        if let Some(keyed) = &keyed {
            if let Some(first) = known.get(keyed) {
                job.outcome = Ok(replay(first, append));
                continue;
            }
            if let Some(first) = keys.get(keyed) {
                repeats.push((at, *first));
                continue;
            }
        }
        // Behind the keys: what is on disk already is acked, whatever has come since.
        if sender.blocked {
            job.outcome = Ok(Appended::Blocked);
            continue;
        }
        if let Some(restraint) = sender.restraints.on_saying(append.at) {
            job.outcome = Ok(Appended::Restrained(restraint));
            continue;
        }
        let Some(files) = loose.take(append) else {
            job.outcome = Ok(Appended::NoSuchFile);
            continue;
        };
        brought.insert(at, files);
        if sender.restraints.is_slowed() {
            sender.restraints.said_at = append.at;
            slowed.insert(place, append.at);
        }
        keys.extend(keyed.map(|keyed| (keyed, at)));
        accepted.push(at);
    }

    let mut count: BTreeMap<RoomId, i64> = BTreeMap::new();
    for at in &accepted {
        *count.entry(jobs[*at].append.room).or_default() += 1;
    }
    let mut numbers = take_numbers(&mut tx.conn, &count).await?;
    let around = Around::read(&mut tx.conn, accepted.iter().map(|at| &jobs[*at].append)).await?;
    let mut messages = Vec::with_capacity(accepted.len());
    for at in accepted {
        let append = &jobs[at].append;
        let (Some(numbers), Some(sender)) = (
            numbers.get_mut(&append.room),
            senders.get(&(append.room, append.author)),
        ) else {
            // The room was deleted earlier in this very transaction.
            jobs[at].outcome = Ok(Appended::NotMember);
            continue;
        };
        numbers.seq += 1;
        numbers.rev += 1;
        numbers.text_count += 1;
        let extras = attachments::with_files(around.extras(append, sender), brought.remove(&at));
        let message = message(append, sender.author.clone(), *numbers, extras);
        messages.push((message.clone(), numbers.text_count));
        jobs[at].outcome = Ok(Appended::New(message));
    }
    insert(&mut tx.conn, &messages).await?;
    mentions::note(&mut tx.conn, messages.iter().map(|(message, _)| message)).await?;
    attachments::attach(&mut tx.conn, messages.iter().map(|(message, _)| message)).await?;
    move_receipts(&mut tx.conn, &messages).await?;
    if !slowed.is_empty() {
        let said = slowed.iter().map(|((room, user), at)| (room, user, at.0));
        note_said(&mut tx.conn, json(&said.collect::<Vec<_>>())?).await?;
    }

    for (at, first) in repeats {
        if let Ok(Appended::New(message)) = &jobs[first].outcome {
            let outcome = replay(message, &jobs[at].append);
            jobs[at].outcome = Ok(outcome);
        }
    }
    tx.changes.extend(
        messages
            .into_iter()
            .map(|(message, _)| Change::Message(message)),
    );
    Ok(())
}

/// Writes what the room says about itself.
pub(super) async fn append_system(
    conn: &mut SqliteConnection,
    room: RoomId,
    author: Author,
    event: SystemEvent,
    now: Timestamp,
) -> Result<Message, sqlx::Error> {
    let numbers = sqlx::query!(
        "update rooms set last_seq = last_seq + 1, last_rev = last_rev + 1 where id = ?1
         returning last_seq, last_rev, text_count",
        room.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let body = event.sentence(&author.username);
    let json = serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "insert into messages (room_id, seq, rev, kind, author_id, body, event, text_count, created_at)
         values (?1, ?2, ?3, 'system', ?4, ?5, ?6, ?7, ?8)",
        room.0,
        numbers.last_seq,
        numbers.last_rev,
        author.id.0,
        body,
        json,
        numbers.text_count,
        now.0
    )
    .execute(&mut *conn)
    .await?;
    Ok(Message {
        room_id: room,
        seq: Seq(numbers.last_seq),
        rev: Rev(numbers.last_rev),
        kind: MessageKind::System,
        author,
        body,
        event: Some(event),
        reply_to: None,
        key: None,
        created_at: now,
        edited_at: None,
        deleted_at: None,
        extras: None,
    })
}

fn keyed(append: &Append) -> Option<KeyedPlace> {
    let key = append.draft.key.as_ref()?;
    Some((append.room, append.author, key.as_str().to_owned()))
}

/// The same key must mean the same message. A message edited since is still the one that was sent.
fn replay(first: &Message, again: &Append) -> Appended {
    let same = first.body == again.draft.body.as_str()
        && first.reply_to == again.draft.reply_to
        && attachments::brings(first, &again.draft.files);
    if same || first.edited_at.is_some() || first.deleted_at.is_some() {
        Appended::Replayed(first.clone())
    } else {
        Appended::KeyConflict
    }
}

fn message(
    append: &Append,
    author: Author,
    numbers: Numbers,
    extras: Option<Box<Extras>>,
) -> Message {
    Message {
        room_id: append.room,
        seq: Seq(numbers.seq),
        rev: Rev(numbers.rev),
        kind: MessageKind::Text,
        author,
        body: append.draft.body.as_str().to_owned(),
        event: None,
        reply_to: append.draft.reply_to,
        key: append.draft.key.as_ref().map(|key| key.as_str().to_owned()),
        created_at: append.at,
        edited_at: None,
        deleted_at: None,
        extras,
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// The messages that went with keys used again now.
async fn known_keys(
    conn: &mut SqliteConnection,
    jobs: &[&mut AppendJob],
) -> Result<HashMap<KeyedPlace, Message>, sqlx::Error> {
    let wanted: HashSet<KeyedPlace> = jobs.iter().filter_map(|job| keyed(&job.append)).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = json(&wanted)?;
    let rows = sqlx::query_as!(
        MessageRow,
        r#"select m.room_id as "room_id!", m.seq as "seq!", m.rev as "rev!", m.kind as "kind!",
                  m.author_id as "author_id!", u.username, u.display_name, m.body as "body!", m.event,
                  m.reply_to, m.key, m.created_at as "created_at!", m.edited_at, m.deleted_at,
                  m.extras as "extras?: String"
           from json_each(?1) j
           join messages_seen m on m.room_id = j.value ->> 0 and m.author_id = j.value ->> 1
                and m.key = j.value ->> 2 and m.key is not null
           join users u on u.id = m.author_id"#,
        wanted
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let message = Message::try_from(row)?;
        let key = message.key.clone().unwrap_or_default();
        Ok(((message.room_id, message.author.id, key), message))
    });
    rows.collect()
}

/// Takes each room's next numbers, and answers where it stood before.
async fn take_numbers(
    conn: &mut SqliteConnection,
    count: &BTreeMap<RoomId, i64>,
) -> Result<HashMap<RoomId, Numbers>, sqlx::Error> {
    if count.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = json(&count.iter().collect::<Vec<_>>())?;
    let rows = sqlx::query!(
        r#"update rooms set last_seq = last_seq + j.n, last_rev = last_rev + j.n, text_count = text_count + j.n
           from (select value ->> 0 as room_id, value ->> 1 as n from json_each(?1)) j
           where rooms.id = j.room_id and rooms.deleted_at is null
           returning id as "id!: i64", last_seq as "last_seq!: i64", last_rev as "last_rev!: i64",
                     text_count as "text_count!: i64""#,
        wanted
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let room = RoomId(row.id);
        let taken = count.get(&room).copied().unwrap_or_default();
        let numbers = Numbers {
            seq: row.last_seq - taken,
            rev: row.last_rev - taken,
            text_count: row.text_count - taken,
        };
        (room, numbers)
    });
    Ok(rows.collect())
}

async fn insert(
    conn: &mut SqliteConnection,
    messages: &[(Message, i64)],
) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = messages
        .iter()
        .map(|(m, text_count)| {
            (
                m.room_id,
                m.seq,
                m.rev,
                m.author.id,
                &m.body,
                m.reply_to,
                &m.key,
                text_count,
                m.created_at.0,
                mentions::flags(m),
                mentions::named(m),
            )
        })
        .collect();
    let rows = json(&rows)?;
    sqlx::query!(
        "insert into messages (room_id, seq, rev, kind, author_id, body, reply_to, key, text_count, created_at,
                               flags, mentions)
         select value ->> 0, value ->> 1, value ->> 2, 'text', value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
         from json_each(?1)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who sends has read up to what they sent.
async fn move_receipts(
    conn: &mut SqliteConnection,
    messages: &[(Message, i64)],
) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let furthest: HashMap<Place, (Seq, i64)> = messages
        .iter()
        .map(|(message, text_count)| {
            (
                (message.room_id, message.author.id),
                (message.seq, *text_count),
            )
        })
        .collect();
    let rows: Vec<_> = furthest
        .iter()
        .map(|((room, user), (seq, count))| (room, user, seq, count))
        .collect();
    let rows = json(&rows)?;
    sqlx::query!(
        "update memberships set read_seq = j.seq, read_text_count = j.text_count
         from (select value ->> 0 as room_id, value ->> 1 as user_id, value ->> 2 as seq,
                      value ->> 3 as text_count from json_each(?1)) j
         where memberships.room_id = j.room_id and memberships.user_id = j.user_id
               and memberships.read_seq < j.seq",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}
