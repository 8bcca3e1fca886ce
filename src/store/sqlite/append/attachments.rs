//! Files of messages: looked up before a message gets its number, attached after it is written.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use crate::{
    domain::{Attachment, FileId, Message, MessageRelations, RoomId, UserId},
    store::{
        Append,
        sqlite::{append::job::AppendJob, json::json, read::rows::corrupt},
    },
};

/// Unused uploads that the messages of a batch name. Nothing is read if none names any.
#[derive(Default)]
pub(in crate::store) struct UnattachedFiles(HashMap<FileId, (RoomId, UserId, Attachment)>);

impl UnattachedFiles {
    pub(in crate::store) async fn read(
        conn: &mut SqliteConnection,
        jobs: &[&mut AppendJob],
    ) -> Result<Self, sqlx::Error> {
        let wanted = jobs.iter().flat_map(|job| &job.append.draft.files);
        let wanted: HashSet<&FileId> = wanted.collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let wanted = json(&wanted)?;
        let rows = sqlx::query!(
            r#"select f.id as "id!", f.room_id as "room_id!", f.user_id as "user_id!", f.name as "name!",
                      f.mime as "mime!", f.size as "size!", f.width, f.height,
                      f.thumbnail is not null as "thumbnail!: bool"
               from json_each(?1) j join files f on f.id = j.value
               where f.state = 'here' and f.message_id is null"#,
            wanted
        )
        .fetch_all(conn)
        .await?;
        let files = rows.into_iter().map(|row| {
            let about = Attachment {
                id: file_id(&row.id)?,
                name: row.name,
                mime: row.mime,
                size: row.size.unsigned_abs(),
                pixels: pixels(row.width, row.height),
                thumbnail: row.thumbnail,
            };
            Ok((about.id, (RoomId(row.room_id), UserId(row.user_id), about)))
        });
        files.collect::<Result<_, sqlx::Error>>().map(Self)
    }

    /// Takes the files of a message. Returns `None`, and takes none, if one is not an unused upload of the author to
    /// this room.
    pub(in crate::store) fn take(&mut self, append: &Append) -> Option<Vec<Attachment>> {
        let wanted = &append.draft.files;
        let once: HashSet<&FileId> = wanted.iter().collect();
        let may = |id| {
            self.0
                .get(id)
                .is_some_and(|(room, user, _)| *room == append.room && *user == append.author)
        };
        if once.len() < wanted.len() || !wanted.iter().all(may) {
            return None;
        }
        let taken = wanted.iter().filter_map(|id| self.0.remove(id));
        Some(taken.map(|(_, _, about)| about).collect())
    }
}

/// Returns the relations of a message with its files.
pub(in crate::store) fn with_files(
    extras: Option<Box<MessageRelations>>,
    files: Option<Vec<Attachment>>,
) -> Option<Box<MessageRelations>> {
    let Some(files) = files.filter(|files| !files.is_empty()) else {
        return extras;
    };
    let mut extras = extras.unwrap_or_default();
    extras.files = files;
    Some(extras)
}

/// Returns whether a message has exactly these files.
pub(in crate::store) fn has_same_files(message: &Message, files: &[FileId]) -> bool {
    let brought = message.extras.iter().flat_map(|extras| &extras.files);
    brought.map(|file| file.id).eq(files.iter().copied())
}

/// Attaches their files to new messages.
pub(in crate::store) async fn attach<'m>(
    conn: &mut SqliteConnection,
    messages: impl Iterator<Item = &'m Message>,
) -> Result<(), sqlx::Error> {
    let mut bound = Vec::new();
    for message in messages {
        let files = message.extras.iter().flat_map(|extras| &extras.files);
        let files = files.enumerate();
        bound.extend(files.map(|(place, file)| (file.id, message.room_id, message.seq, place)));
    }
    if bound.is_empty() {
        return Ok(());
    }
    let bound = json(&bound)?;
    sqlx::query!(
        "update files set message_id = j.message_id, place = j.place
         from (select b.value ->> 0 as file_id, m.id as message_id, b.value ->> 3 as place
               from json_each(?1) b
               join messages m on m.room_id = b.value ->> 1 and m.seq = b.value ->> 2) j
         where files.id = j.file_id",
        bound
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks the files of a message as deleted. Their bytes are removed later.
pub(in crate::store) async fn detach(
    conn: &mut SqliteConnection,
    message: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update files set state = 'gone', message_id = null where message_id = ?1",
        message
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(in crate::store) fn file_id(text: &str) -> Result<FileId, sqlx::Error> {
    FileId::parse(text).ok_or_else(|| corrupt("file id", text))
}

pub(in crate::store) fn pixels(width: Option<i64>, height: Option<i64>) -> Option<(u32, u32)> {
    Some((width?.try_into().ok()?, height?.try_into().ok()?))
}
