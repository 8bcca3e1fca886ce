//! Rows of files in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    append::attachments::{file_id, pixels},
    json::json,
    restraints,
};
use crate::{
    domain::{Attachment, FileId, RoomId, StoredFile, Timestamp, UserId},
    store::{FileQuota, NewFile, StoreError, UploadOutcome},
};

impl Sqlite {
    /// Marks uploads as failed that were incomplete when the server last ended.
    pub(in crate::store) async fn remove_incomplete_uploads(&self) -> Result<(), StoreError> {
        self.writer
            .write(|tx| {
                Box::pin(async move {
                    sqlx::query!("update files set state = 'gone' where state = 'coming'")
                        .execute(&mut tx.conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    pub(in crate::store) async fn begin_file(
        &self,
        id: FileId,
        new: NewFile,
        quota: FileQuota,
    ) -> Result<UploadOutcome<()>, StoreError> {
        self.writer
            .write_uncached(move |tx| Box::pin(begin(&mut tx.conn, id, new, quota)))
            .await
    }

    /// Keeps a finished upload if its sender is still in the room, and returns whether.
    pub(in crate::store) async fn keep_file(&self, file: StoredFile) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let (id, size) = (file.about.id.to_string(), bytes(file.about.size));
                    let (width, height) = file.about.pixels.unzip();
                    let (small, small_size) = file.thumbnail.unzip();
                    let small_size = small_size.map(bytes);
                    let kept = sqlx::query!(
                        "update files set state = 'here', mime = ?2, size = ?3, hash = ?4, inline = ?5, width = ?6,
                                          height = ?7, thumbnail = ?8, thumbnail_size = ?9
                         where id = ?1 and state = 'coming' and exists (
                             select 1 from memberships m where m.room_id = files.room_id and m.user_id = files.user_id)",
                        id,
                        file.about.mime,
                        size,
                        file.hash,
                        file.inline,
                        width,
                        height,
                        small,
                        small_size
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(kept.rows_affected() > 0)
                })
            })
            .await
    }

    pub(in crate::store) async fn file(
        &self,
        id: FileId,
        reader: UserId,
    ) -> Result<Option<StoredFile>, StoreError> {
        let text = id.to_string();
        let row = sqlx::query!(
            r#"select f.room_id, f.user_id, f.name, f.mime, f.size, f.hash, f.inline as "inline: bool",
                      f.width, f.height, f.thumbnail, f.thumbnail_size
               from files f
               join memberships m on m.room_id = f.room_id and m.user_id = ?2
               where f.id = ?1 and f.state = 'here' and (f.message_id is not null or f.user_id = ?2)"#,
            text,
            reader.0
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| {
            let small_size = row.thumbnail_size.map(i64::unsigned_abs);
            StoredFile {
                about: Attachment {
                    id,
                    name: row.name,
                    mime: row.mime,
                    size: row.size.unsigned_abs(),
                    pixels: pixels(row.width, row.height),
                    thumbnail: row.thumbnail.is_some(),
                },
                room: RoomId(row.room_id),
                by: UserId(row.user_id),
                hash: row.hash,
                inline: row.inline,
                thumbnail: row.thumbnail.zip(small_size),
            }
        }))
    }

    pub(in crate::store) async fn drop_unsent_files(
        &self,
        before: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        let old = sqlx::query_scalar!(
            r#"select 1 as "one!: i64" from files
               where message_id is null and state <> 'gone' and created_at < ?1 limit 1"#,
            before.0
        )
        .fetch_optional(&self.readers)
        .await?;
        if old.is_none() {
            return Ok(false);
        }
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let dropped = sqlx::query!(
                        "update files set state = 'gone'
                         where id in (select id from files
                                      where message_id is null and state <> 'gone' and created_at < ?1
                                      order by created_at limit +?2)",
                        before.0,
                        slice
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(dropped.rows_affected() > 0)
                })
            })
            .await
    }

    pub(in crate::store) async fn gone_files(&self, slice: i64) -> Result<Vec<FileId>, StoreError> {
        let ids = sqlx::query_scalar!("select id from files where state = 'gone' limit +?1", slice)
            .fetch_all(&self.readers)
            .await?;
        let ids = ids.iter().map(|id| file_id(id));
        Ok(ids.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Deletes the rows of files whose bytes are removed. A file that a message has taken stays.
    pub(in crate::store) async fn forget_files(&self, ids: Vec<FileId>) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let ids = json(&ids)?;
                    sqlx::query!(
                        "delete from files where message_id is null and id in (select value from json_each(?1))",
                        ids
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

async fn begin(
    conn: &mut SqliteConnection,
    id: FileId,
    new: NewFile,
    quota: FileQuota,
) -> Result<UploadOutcome<()>, sqlx::Error> {
    let Some(restraints) = restraints::of(conn, new.room, new.by).await? else {
        return Ok(UploadOutcome::NotMember);
    };
    if let Some(restraint) = restraints.on_changing(new.at) {
        return Ok(UploadOutcome::Restrained(restraint));
    }
    let used = sqlx::query!(
        r#"select coalesce(sum(size), 0) as "bytes!: i64",
                  count(*) filter (where state = 'coming') as "coming!: i64"
           from files where user_id = ?1 and state <> 'gone'"#,
        new.by.0
    )
    .fetch_one(&mut *conn)
    .await?;
    if usize::try_from(used.coming).is_ok_and(|coming| coming >= quota.at_once) {
        return Ok(UploadOutcome::TooMany);
    }
    if passes(used.bytes, new.size, quota.user) {
        return Ok(UploadOutcome::NoRoom(
            "your files take all the room you have",
        ));
    }
    if quota.total > 0 {
        // Deleted files count until their bytes are removed.
        let total =
            sqlx::query_scalar!(r#"select coalesce(sum(size), 0) as "bytes!: i64" from files"#)
                .fetch_one(&mut *conn)
                .await?;
        if passes(total, new.size, quota.total) {
            return Ok(UploadOutcome::NoRoom(
                "the server has no room for more files",
            ));
        }
    }
    let (id, name, size) = (id.to_string(), new.name.as_str(), bytes(new.size));
    sqlx::query!(
        "insert into files (id, room_id, user_id, name, size, state, created_at)
         values (?1, ?2, ?3, ?4, ?5, 'coming', ?6)",
        id,
        new.room.0,
        new.by.0,
        name,
        size,
        new.at.0
    )
    .execute(conn)
    .await?;
    Ok(UploadOutcome::Done(()))
}

/// Returns whether `more` bytes would exceed the quota; 0 is no quota.
fn passes(used: i64, more: u64, quota: u64) -> bool {
    quota > 0 && used.unsigned_abs().saturating_add(more) > quota
}

fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
