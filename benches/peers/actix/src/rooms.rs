//! The actor that keeps the members of all rooms.

use std::collections::HashMap;

use actix::{Actor, Context, Handler, Message, Recipient};
use bytestring::ByteString;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::frames::{self, UserSummary, Frame, Reactions};

/// A frame for sockets, which share its bytes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Text(pub ByteString);

/// Adds a user to the room and returns the number of that user.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct Join {
    pub room: u64,
    pub recipient: Recipient<Text>,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave {
    pub room: u64,
    pub user: u64,
}

#[derive(Message)]
#[rtype(result = "()")]
pub struct Say {
    pub room: u64,
    pub user: u64,
    pub key: String,
    pub body: String,
}

#[derive(Default)]
pub struct Rooms {
    users: u64,
    rooms: HashMap<u64, Room>,
}

#[derive(Default)]
struct Room {
    head: u64,
    recipients: HashMap<u64, Recipient<Text>>,
}

impl Actor for Rooms {
    type Context = Context<Self>;
}

impl Handler<Join> for Rooms {
    type Result = u64;

    fn handle(&mut self, Join { room, recipient }: Join, _: &mut Self::Context) -> u64 {
        self.users += 1;
        let room = self.rooms.entry(room).or_default();
        room.recipients.insert(self.users, recipient);
        self.users
    }
}

impl Handler<Leave> for Rooms {
    type Result = ();

    fn handle(&mut self, Leave { room, user }: Leave, _: &mut Self::Context) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.recipients.remove(&user);
        }
    }
}

impl Handler<Say> for Rooms {
    type Result = ();

    fn handle(&mut self, said: Say, _: &mut Self::Context) {
        let Some(room) = self.rooms.get_mut(&said.room) else {
            return;
        };
        room.head += 1;
        let (room_id, seq, rev) = (said.room, room.head, room.head);
        let name = format!("user{}", said.user % 10);
        let now = OffsetDateTime::now_utc();
        let now = now.truncate_to_millisecond().format(&Rfc3339);
        let message = Frame::Message {
            room_id,
            rev,
            message: frames::Message {
                room_id,
                seq,
                rev,
                kind: "text",
                author: UserSummary {
                    id: said.user,
                    username: &name,
                    display_name: &name,
                },
                body: &said.body,
                mentions: [],
                reply_to: None,
                files: [],
                reactions: Reactions {},
                key: &said.key,
                created_at: &now.expect("this century has years of four digits"),
                edited_at: None,
                deleted_at: None,
            },
        };
        let text = ByteString::from(message.text());
        for recipient in room.recipients.values() {
            recipient.do_send(Text(text.clone()));
        }
        if let Some(sender) = room.recipients.get(&said.user) {
            let key = &said.key;
            let ack = Frame::Ack {
                key,
                room_id,
                seq,
                rev,
            };
            sender.do_send(Text(ack.text().into()));
        }
    }
}
