//! Mentions and replies: resolved when a message is written, counted when it is read.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use crate::{
    domain::{
        AvatarVersion, MentionTokens, Message, MessageRelations, Quote, RoomId, Seq, UserId,
        UserSummary,
    },
    store::{
        Append,
        sqlite::{append::senders::Sender, json::json},
    },
};

/// Bit of `messages.flags`; see the migration.
pub(in crate::store) const NAMES_SOMEBODY: i64 = 1;
pub(in crate::store) const HAS_REACTIONS: i64 = 2;
/// Set when the message is written and cleared when it is deleted. Edits leave it.
pub(in crate::store) const HAS_FILES: i64 = 4;
pub(in crate::store) const IS_PINNED: i64 = 8;
pub(in crate::store) const NAMES_ROOM: i64 = 16;
pub(in crate::store) const IS_REPLY: i64 = 32;

/// Returns `messages.flags` of a message.
pub(in crate::store) fn flags(message: &Message) -> i64 {
    let Some(extras) = message.extras.as_deref() else {
        return 0;
    };
    let flag = |is: bool, flag| if is { flag } else { 0 };
    flag(!extras.mentions.is_empty(), NAMES_SOMEBODY)
        | flag(!extras.reactions.is_empty(), HAS_REACTIONS)
        | flag(extras.pinned_at.is_some(), IS_PINNED)
        | flag(!extras.files.is_empty(), HAS_FILES)
        | flag(extras.names_room, NAMES_ROOM)
        | flag(message.reply_to.is_some(), IS_REPLY)
}

/// Returns the mentioned members as stored in `messages.mentions`.
pub(in crate::store) fn named(message: &Message) -> Option<String> {
    as_json(&message.extras.as_deref()?.mentions)
}

/// Returns ids as a JSON array; `None` if there are none.
pub(in crate::store) fn as_json(ids: &[UserId]) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| format!("[{}]", ids.join(",")))
}

/// Mentioned and quoted members and messages of a batch. Nothing is read for a batch without any.
#[derive(Default)]
pub(in crate::store) struct MessageContext {
    members: HashMap<(RoomId, String), UserId>,
    quotes: HashMap<(RoomId, Seq), Quote>,
}

impl MessageContext {
    pub(in crate::store) async fn read<'a>(
        conn: &mut SqliteConnection,
        appends: impl Iterator<Item = &'a Append>,
    ) -> Result<Self, sqlx::Error> {
        let (mut usernames, mut answered) = (HashSet::new(), HashSet::new());
        for append in appends {
            let named = append.draft.named.usernames.iter();
            usernames.extend(named.map(|name| (append.room, name.as_str())));
            answered.extend(append.draft.reply_to.map(|seq| (append.room, seq)));
        }
        Ok(Self {
            members: members(conn, &usernames).await?,
            quotes: quotes(conn, &answered).await?,
        })
    }

    /// Returns the relations of a new message.
    pub(in crate::store) fn extras(
        &self,
        append: &Append,
        sender: &Sender,
    ) -> Option<Box<MessageRelations>> {
        let draft = &append.draft;
        if draft.named.is_empty() && draft.reply_to.is_none() {
            return None;
        }
        let quote = draft
            .reply_to
            .and_then(|seq| self.quotes.get(&(append.room, seq)).cloned());
        let extras = MessageRelations {
            mentions: self.ids(append.room, &draft.named),
            names_room: draft.named.room && sender.may_name_room(),
            quote,
            ..MessageRelations::default()
        };
        (extras != MessageRelations::default()).then(|| Box::new(extras))
    }

    fn ids(&self, room: RoomId, named: &MentionTokens) -> Vec<UserId> {
        let ids = named
            .usernames
            .iter()
            .filter_map(|name| self.members.get(&(room, name.clone())).copied());
        ids.collect()
    }
}

/// Returns members of a room by their usernames.
pub(in crate::store) async fn resolve(
    conn: &mut SqliteConnection,
    room: RoomId,
    named: &MentionTokens,
) -> Result<Vec<UserId>, sqlx::Error> {
    let usernames = named.usernames.iter();
    let wanted = usernames.map(|name| (room, name.as_str())).collect();
    let around = MessageContext {
        members: members(conn, &wanted).await?,
        ..MessageContext::default()
    };
    Ok(around.ids(room, named))
}

async fn members(
    conn: &mut SqliteConnection,
    names: &HashSet<(RoomId, &str)>,
) -> Result<HashMap<(RoomId, String), UserId>, sqlx::Error> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let names = json(names)?;
    let rows = sqlx::query!(
        r#"select m.room_id as "room_id!", u.username_key as "name!", u.id as "id!"
           from json_each(?1) j
           join users u on u.username_key = j.value ->> 1
           join memberships m on m.room_id = j.value ->> 0 and m.user_id = u.id"#,
        names
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| ((RoomId(row.room_id), row.name), UserId(row.id)))
        .collect())
}

async fn quotes(
    conn: &mut SqliteConnection,
    answered: &HashSet<(RoomId, Seq)>,
) -> Result<HashMap<(RoomId, Seq), Quote>, sqlx::Error> {
    if answered.is_empty() {
        return Ok(HashMap::new());
    }
    let answered = json(answered)?;
    let rows = sqlx::query!(
        r#"select m.room_id as "room_id!", m.seq as "seq!", m.body as "body!", m.deleted_at,
                  u.id as "user_id!", u.username as "username!", u.display_name as "display_name!", u.avatar
           from json_each(?1) j
           join messages m on m.room_id = j.value ->> 0 and m.seq = j.value ->> 1
           join users u on u.id = m.author_id"#,
        answered
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let quote = Quote {
            seq: Seq(row.seq),
            author: UserSummary {
                id: UserId(row.user_id),
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            },
            body: row.body.chars().take(Quote::CHARS).collect(),
            deleted: row.deleted_at.is_some(),
        };
        ((RoomId(row.room_id), quote.seq), quote)
    });
    Ok(rows.collect())
}

/// Records the members whom these messages notify, except those who have blocked the author.
pub(in crate::store) async fn note<'m>(
    conn: &mut SqliteConnection,
    messages: impl Iterator<Item = &'m Message>,
) -> Result<(), sqlx::Error> {
    let (mut people, mut rooms) = (Vec::new(), Vec::new());
    for message in messages {
        let Some(extras) = message.extras.as_deref() else {
            continue;
        };
        let (room, seq, author) = (message.room_id, message.seq, message.author.id);
        if extras.names_room {
            rooms.push((room, seq, author));
            continue;
        }
        let answered = extras.quote.iter().map(|quote| quote.author.id);
        let meant = extras.mentions.iter().copied().chain(answered);
        people.extend(
            meant
                .filter(|user| *user != author)
                .map(|user| (user, room, seq, author)),
        );
    }
    if !people.is_empty() {
        let people = json(&people)?;
        sqlx::query!(
            "insert or ignore into mentions (user_id, room_id, seq)
             select j.value ->> 0, j.value ->> 1, j.value ->> 2 from json_each(?1) j
             where not exists (select 1 from blocks b
                               where b.blocker_id = j.value ->> 0 and b.blocked_id = j.value ->> 3)",
            people
        )
        .execute(&mut *conn)
        .await?;
    }
    if !rooms.is_empty() {
        let rooms = json(&rooms)?;
        sqlx::query!(
            "insert or ignore into room_mentions (room_id, seq, author_id)
             select value ->> 0, value ->> 1, value ->> 2 from json_each(?1)",
            rooms
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Deletes the notifications of a message.
pub(in crate::store) async fn forget(
    conn: &mut SqliteConnection,
    room: RoomId,
    seq: Seq,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from mentions where room_id = ?1 and seq = ?2",
        room.0,
        seq.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from room_mentions where room_id = ?1 and seq = ?2",
        room.0,
        seq.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
