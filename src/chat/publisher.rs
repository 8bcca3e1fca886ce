//! Publication of committed changes, in commit order.

use std::sync::Arc;

use super::Chat;
use crate::{
    domain::{Change, LeaveReason, Message, UserId},
    hub::{ControlMessage, Hub, LiveMessage, LiveRoom, RoomEvent},
    store::Commits,
};

impl Chat {
    /// Publishes every commit until the store is closed and all commits are published.
    pub async fn publish_commits(self, mut commits: Commits) {
        while let Some(changes) = commits.next().await {
            self.inner.searching.notify(&changes);
            for change in changes {
                self.publish(change);
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of change")]
    fn publish(&self, change: Change) {
        let hub = &self.inner.hub;
        match change {
            Change::Message(message) => say(hub, message, None),
            Change::AlterOutcome {
                message,
                change_kind,
            } => {
                let room = message.room_id;
                let live = LiveMessage::altered(message, change_kind);
                hub.publish(room, RoomEvent::Message(Arc::new(live)));
            }
            Change::Joined { user, message } | Change::RoomCreated { user, message } => {
                let room = message.room_id;
                hub.presence().join(user, room);
                hub.connections()
                    .notify_user(user, ControlMessage::Room(room));
                say(hub, message, None);
            }
            Change::DirectMade { room, people } => {
                for user in people {
                    hub.presence().join(user, room);
                    hub.connections()
                        .notify_user(user, ControlMessage::Room(room));
                }
            }
            // The removal travels through the room's own channel, in order with other events. The removed member
            // therefore receives no later event.
            Change::Left {
                user,
                reason,
                message,
            } => {
                hub.presence().leave(user, message.room_id);
                say(hub, message, Some((user, reason)));
            }
            Change::StandingChanged { room, user } => {
                hub.connections()
                    .notify_user(user, ControlMessage::Room(room));
            }
            // This also runs here, because the request that ended the login may have been dropped before its answer.
            Change::SessionEnded { user, session } => self.revoke_and_disconnect(user, session),
            Change::Read {
                user,
                room,
                read_seq,
                unread,
                mentions,
                generation,
            } => {
                let word = ControlMessage::Read {
                    room,
                    read_seq,
                    unread,
                    mentions,
                    generation,
                };
                hub.connections().notify_user(user, word);
            }
            Change::RoomChanged(room) => {
                hub.publish(room.id, RoomEvent::Changed(Arc::new(LiveRoom::new(&room))));
            }
            Change::RoomDeleted(room) => {
                hub.presence().clear_room(room);
                hub.publish(room, RoomEvent::Deleted);
            }
        }
    }
}

fn say(hub: &Hub, message: Message, removes: Option<(UserId, LeaveReason)>) {
    let room = message.room_id;
    hub.publish(
        room,
        RoomEvent::Message(Arc::new(LiveMessage::new(message, removes))),
    );
}
