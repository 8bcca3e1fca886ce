//! A room server of actors, as chats on actix were written for years: one actor keeps the rooms as sets
//! of recipients, each socket is an actor of its own, and every message goes through the one actor into
//! the mailbox of every socket. It speaks the frames of docs/protocol/socket.md as far as the load needs them:
//! ready, send, ack, message. In memory.
//!
//! It prints where it listens.
//!
//! `do_send` is used throughout: it puts a message into a mailbox even where that is full, while
//! `try_send` would refuse it, and somebody would miss a message.

mod frames;
mod rooms;
mod session;

use actix::{Actor, Addr};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws;

use rooms::Rooms;
use session::Session;

/// Longer frames are refused.
const FRAME: usize = 1024 * 1024;
/// No client is refused.
const CONNECTIONS: usize = 100_000;

async fn socket(
    request: HttpRequest,
    payload: web::Payload,
    room: web::Path<u64>,
    rooms: web::Data<Addr<Rooms>>,
) -> Result<HttpResponse, actix_web::Error> {
    let session = Session::new(*room, rooms.get_ref().clone());
    ws::WsResponseBuilder::new(session, &request, payload)
        .protocols(&["parlor.v1.json"])
        .frame_size(FRAME)
        .start()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // One core wants one worker. The rooms stay on the thread that is here anyway, as in all such chats:
    // with them among the sockets it was no faster.
    let rooms = web::Data::new(Rooms::default().start());
    let server = HttpServer::new(move || {
        let socket = web::get().to(socket);
        App::new()
            .app_data(rooms.clone())
            .route("/ws/{room}", socket)
    })
    .workers(1)
    .max_connections(CONNECTIONS)
    .disable_signals()
    .bind("127.0.0.1:0")?;
    for address in server.addrs() {
        println!("{address}");
    }
    server.run().await
}
