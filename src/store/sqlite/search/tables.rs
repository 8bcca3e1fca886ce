//! Tables of the index, created at the start and recreated if an older version made them differently.
//!
//! They are not part of the migrations, because they hold no data of their own: any version can drop them and index
//! the messages again.

use super::descending_rowid;
use sqlx::{Connection, Executor, SqliteConnection};

/// Version of the index: of folding, tokens and tables.
const SHAPE: i64 = 2;

/// Contentless: the texts are in `messages` alone. `detail` is off, since positions would triple the size. Texts come
/// folded, so the tokenizer does not fold.
///
/// FTS5 would merge segments during a write, at times for long. [`tidy`](super::Sqlite::tidy_index) merges in small
/// steps instead.
const MAKE: &str = concat!(
    "
    create virtual table search_trigrams using fts5(
        body, room, author, files, every,
        content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1');
    create virtual table search_short using fts5(
        tokens,
        content='', contentless_delete=1, detail=none, tokenize='ascii');
    insert into search_trigrams(search_trigrams, rank) values ('automerge', 0), ('crisismerge', 1000);
    insert into search_short(search_short, rank) values ('automerge', 0), ('crisismerge', 1000);
    -- Whatever takes a message away takes it out of the index in the same transaction: its id may be
    -- given to another one.
    create trigger search_forgets after delete on messages begin
        delete from search_trigrams where rowid = ",
    descending_rowid!("old.id"),
    ";
        delete from search_short where rowid = ",
    descending_rowid!("old.id"),
    ";
    end;"
);

const DROP: &str = "
    drop trigger if exists search_forgets;
    drop table if exists search_trigrams;
    drop table if exists search_short;
    delete from search_progress;
    delete from search_spans;
    delete from search_shape;";

/// Creates the tables unless they exist in this version.
pub(in super::super) async fn prepare(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let shape = sqlx::query_scalar!("select version from search_shape")
        .fetch_optional(&mut *conn)
        .await?;
    if shape == Some(SHAPE) {
        return Ok(());
    }
    let mut tx = conn.begin_with("begin immediate").await?;
    recreate(&mut tx).await?;
    tx.commit().await
}

/// Recreates the tables empty, in the caller's transaction.
pub(super) async fn recreate(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    (&mut *conn).execute(DROP).await?;
    (&mut *conn).execute(MAKE).await?;
    sqlx::query!("insert into search_shape (version) values (?1)", SHAPE)
        .execute(conn)
        .await?;
    Ok(())
}
