//! Reads one message inside the writer's transaction.

use crate::{
    domain::Message,
    store::{
        Alteration,
        sqlite::{read::rows::MessageRow, write::request::WriterState},
    },
};

/// Returns a message as it is inside the current transaction.
pub(in crate::store) async fn current_message(
    tx: &mut WriterState,
    which: Alteration,
) -> Result<Message, sqlx::Error> {
    sqlx::query_as!(
        MessageRow,
        r#"select m.room_id, m.seq, m.rev, m.kind, m.author_id, u.username, u.display_name, u.avatar, m.body, m.event,
                  m.reply_to, m.key, m.created_at, m.edited_at, m.deleted_at, m.extras as "extras?: String"
           from messages_seen m join users u on u.id = m.author_id
           where m.room_id = ?1 and m.seq = ?2"#,
        which.room.0,
        which.seq.0
    )
    .fetch_one(&mut tx.conn)
    .await?
    .try_into()
}
