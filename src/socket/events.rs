//! Types that the parts of one connection share.

use std::sync::Arc;

use crate::{
    domain::{LeaveReason, Rev, RoomId},
    hub::LiveMessage,
    protocol::CloseReason,
};

/// Work for the driver.
pub(super) enum ConnectionEvent {
    /// The delivery gate of this room has paused.
    GatePaused(RoomId, PauseReason),
    /// Send everything that changed after these.
    Sync(Vec<(RoomId, Rev)>),
    /// Show the last messages of this room.
    History(RoomId, usize),
    /// Tell the client when to reconnect, and close.
    Drain,
    /// Close after everything that was requested before is sent.
    Quit,
    /// End the connection.
    Disconnect(Disconnect),
}

/// Reason why a delivery gate paused.
pub(super) enum PauseReason {
    /// Changes were missed.
    Missed {
        /// Whether events other than messages may be missing.
        lagged: bool,
    },
    /// The peer does not read at present.
    BufferFull,
    /// The user seems to have left this room, but may have returned since.
    Removed(Arc<LiveMessage>, LeaveReason),
    /// The room was deleted.
    Deleted,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// The server closes the connection for this reason.
    Close(CloseReason),
    /// The peer closed the connection with this code and waits for the answer.
    PeerClosed(Option<u16>),
    /// The stream is broken, so that nothing can be sent.
    ConnectionLost,
}
