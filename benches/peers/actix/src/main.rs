//! A room server of actors in the usual design of actix chats: one actor keeps the rooms as sets
//! of recipients, each socket is an actor, and every message goes through the rooms' actor into
//! the mailbox of every socket. It speaks the frames of docs/protocol/socket.md as far as the load needs them:
//! ready, send, ack, message. In memory.
//!
//! It prints its address.
//!
//! It uses `do_send`, which puts a message into a mailbox even if that is full. `try_send` would refuse
//! it, and a client would miss a message.

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
    // One worker for one core. The rooms stay on the main thread, as in other actix chats. On the worker's
    // thread, the server was no faster.
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
