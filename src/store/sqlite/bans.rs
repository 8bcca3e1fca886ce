//! Bans in SQLite.

use sqlx::SqliteConnection;

use crate::domain::{RoomId, UserId};

/// Returns whether `user` is banned from the room, in the caller's transaction.
pub(super) async fn is_banned(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from bans where room_id = ?1 and user_id = ?2) as "banned!: bool""#,
        room.0,
        user.0
    )
    .fetch_one(conn)
    .await
}
