//! Types that the parts of one connection share.

use std::sync::Arc;

use crate::{
    domain::{LeaveReason, Rev, RoomId},
    hub::LiveMessage,
    protocol::CloseReason,
};

/// Work for the driver.
pub(super) enum ConnectionEvent {
    /// The delivery gate in this room has paused.
    GatePaused(RoomId, PauseReason),
    /// Send everything changed since these.
    Sync(Vec<(RoomId, Rev)>),
    /// Show the last so many messages of this room.
    History(RoomId, usize),
    /// Say when to come back, and close.
    Drain,
    /// Close, once everything that was asked for before is sent.
    Quit,
    /// End the connection.
    Disconnect(Disconnect),
}

/// Reason why a delivery gate paused.
pub(super) enum PauseReason {
    /// Changes were missed.
    Missed {
        /// Whether it may have been more than messages.
        lagged: bool,
    },
    /// The peer takes no more now.
    BufferFull,
    /// The user seems to be out of this room; they may have come back since.
    Removed(Arc<LiveMessage>, LeaveReason),
    /// The room is gone.
    Deleted,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disconnect {
    /// We close it, and say why.
    Close(CloseReason),
    /// The peer closed it, with this code, and waits for our answer.
    PeerClosed(Option<u16>),
    /// There is nobody to say it to.
    ConnectionLost,
}
