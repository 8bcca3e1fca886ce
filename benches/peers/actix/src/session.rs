//! A socket: an actor with its own mailbox.

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, ContextFutureSpawner, Handler,
    StreamHandler, WrapFuture, fut,
};
use actix_web_actors::ws;

use crate::{
    frames::{Command, Frame},
    rooms::{Join, Leave, Rooms, Say, Text},
};

pub struct Session {
    room: u64,
    /// Number of the user, once the socket has joined the room.
    user: u64,
    rooms: Addr<Rooms>,
}

impl Session {
    pub fn new(room: u64, rooms: Addr<Rooms>) -> Self {
        Self {
            room,
            user: 0,
            rooms,
        }
    }
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let (room, recipient) = (self.room, context.address().recipient());
        self.rooms
            .send(Join { room, recipient })
            .into_actor(self)
            .then(|joined, session, context| {
                match joined {
                    Ok(user) => {
                        session.user = user;
                        let rooms = [session.room];
                        context.text(Frame::Ready { rooms }.text());
                    }
                    Err(_) => context.stop(),
                }
                fut::ready(())
            })
            .wait(context);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let (room, user) = (self.room, self.user);
        self.rooms.do_send(Leave { room, user });
    }
}

impl Handler<Text> for Session {
    type Result = ();

    fn handle(&mut self, Text(text): Text, context: &mut Self::Context) {
        context.text(text);
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(
        &mut self,
        message: Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        match message {
            Ok(ws::Message::Text(text)) => match serde_json::from_str(&text) {
                Ok(Command::Send { key, room_id, body }) => self.rooms.do_send(Say {
                    room: room_id,
                    user: self.user,
                    key: key.into_owned(),
                    body: body.into_owned(),
                }),
                Ok(Command::Other) => {}
                Err(_) => context.stop(),
            },
            Ok(ws::Message::Ping(bytes)) => context.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            _ => context.stop(),
        }
    }
}
