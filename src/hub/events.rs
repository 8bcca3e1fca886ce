//! Events of a room's channel.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{PresenceDiff, SharedFrame, Typing};
use crate::{
    domain::{ChangeKind, LeaveReason, Message, Room, RoomId, UserId},
    protocol::{
        DeflateParams, LARGE_ROOM, NAMES_SLICE, RoomView, ServerEvent,
        line::{self, LineStyle},
        server_event::{AbsentView, PresenceView},
        ws_frame,
    },
};

/// Event in a room. Cloning one is cheap.
#[derive(Clone)]
pub enum RoomEvent {
    /// A message is new or changed. These come in `rev` order.
    Message(Arc<LiveMessage>),
    /// Members came online or went offline.
    Presence(Arc<LivePresence>),
    /// The room has a new name, topic or other setting.
    Changed(Arc<LiveRoom>),
    /// A member is typing or has stopped.
    Typing(Typing),
    /// The room was deleted.
    Deleted,
}

impl RoomEvent {
    /// Returns the JSON frame for connections that negotiated `deflate`. Returns `None` for the end of a room, which
    /// each connection reports in its own way.
    #[must_use]
    pub fn json(&self, deflate: Option<DeflateParams>) -> Option<&Bytes> {
        match self {
            Self::Message(live) => Some(live.json(deflate)),
            Self::Presence(presence) => Some(presence.json(deflate)),
            Self::Changed(changed) => Some(changed.json(deflate)),
            Self::Typing(typing) => Some(typing.json()),
            Self::Deleted => None,
        }
    }
}

/// A message event. It is encoded once for all connections.
pub struct LiveMessage {
    /// The message.
    pub message: Message,
    /// User who leaves the room with this message, and must receive neither it nor later ones.
    pub removes: Option<(UserId, LeaveReason)>,
    /// Kind of the change.
    pub change_kind: ChangeKind,
    json: OnceLock<SharedFrame>,
    plain: OnceLock<SharedFrame>,
}

impl LiveMessage {
    /// Creates an event for a new message, not yet encoded.
    #[must_use]
    pub fn new(message: Message, removes: Option<(UserId, LeaveReason)>) -> Self {
        Self {
            message,
            removes,
            change_kind: ChangeKind::Message,
            json: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// Creates an event for a changed message, not yet encoded.
    #[must_use]
    pub fn altered(message: Message, change_kind: ChangeKind) -> Self {
        Self {
            change_kind,
            ..Self::new(message, None)
        }
    }

    /// Returns the JSON frame.
    #[must_use]
    pub fn json(&self, deflate: Option<DeflateParams>) -> &Bytes {
        let json =
            || SharedFrame::new(ws_frame::text(&ServerEvent::encoded_message(&self.message)));
        self.json.get_or_init(json).get(deflate)
    }

    /// Returns the line of text in [`LineStyle::PLAIN`].
    #[must_use]
    pub fn plain(&self, deflate: Option<DeflateParams>) -> &Bytes {
        let plain = || {
            SharedFrame::new(ws_frame::lines(&line::render(
                &self.message,
                LineStyle::PLAIN,
            )))
        };
        self.plain.get_or_init(plain).get(deflate)
    }
}

/// A presence event. It is encoded once for all connections.
pub struct LivePresence {
    /// Members who came online or went offline.
    pub diff: PresenceDiff,
    json: OnceLock<SharedFrame>,
    room: RoomId,
}

impl LivePresence {
    /// Wraps the presence changes of `room`, not yet encoded.
    #[must_use]
    pub fn new(room: RoomId, diff: PresenceDiff) -> Self {
        Self {
            diff,
            json: OnceLock::new(),
            room,
        }
    }

    /// Returns the JSON frame. In a large room it contains only some of the names.
    #[must_use]
    pub fn json(&self, deflate: Option<DeflateParams>) -> &Bytes {
        let json = || SharedFrame::new(ws_frame::text(&self.frame().encode()));
        self.json.get_or_init(json).get(deflate)
    }

    fn frame(&self) -> ServerEvent<'_> {
        let diff = &self.diff;
        let listed = diff.online.len().max(diff.offline.len());
        let max_names = if diff.online_count.max(listed) > LARGE_ROOM {
            NAMES_SLICE
        } else {
            usize::MAX
        };
        let absent = |(who, last_seen): &(Arc<_>, _)| {
            let who: &crate::domain::UserSummary = who;
            AbsentView {
                id: who.id,
                last_seen: *last_seen,
            }
        };
        ServerEvent::Presence(PresenceView {
            room_id: self.room,
            online: diff
                .online
                .iter()
                .take(max_names)
                .map(|who| &**who)
                .collect(),
            offline: diff.offline.iter().take(max_names).map(absent).collect(),
            online_count: diff.online_count,
        })
    }
}

/// A room event with the new settings. It is encoded once for all connections.
pub struct LiveRoom {
    /// The room.
    pub room: RoomId,
    /// The new name.
    pub name: String,
    json: SharedFrame,
}

impl LiveRoom {
    /// Encodes the fields of the changed room that all members share.
    #[must_use]
    pub fn new(room: &Room) -> Self {
        Self {
            room: room.id,
            name: room.name.clone(),
            json: SharedFrame::new(ws_frame::text(
                &ServerEvent::Room {
                    room: RoomView::shared(room),
                }
                .encode(),
            )),
        }
    }

    /// Returns the JSON frame.
    #[must_use]
    pub fn json(&self, deflate: Option<DeflateParams>) -> &Bytes {
        self.json.get(deflate)
    }
}
