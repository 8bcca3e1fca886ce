//! Types of the public API: commands of clients, frames and views of the server, and text lines for terminals.

pub mod close;
pub mod command;
pub mod deflate;
pub mod line;
mod message_json;
mod page;
pub mod server_event;
pub mod view;
pub mod ws_frame;

pub use close::CloseReason;
pub use command::{Command, CommandError, SendCommand};
pub use deflate::DeflateParams;
pub use page::page;
pub use server_event::{Bye, ErrorFrame, ServerEvent};
pub use view::{FileView, MessageView, RoomView, UserView};

/// WebSocket subprotocol with JSON frames.
pub const SUBPROTOCOL_JSON: &str = "parlor.v1.json";
/// WebSocket subprotocol with plain text lines.
pub const SUBPROTOCOL_TEXT: &str = "parlor.v1.text";

/// Largest room that lists all names. Larger rooms show counts and at most [`NAMES_SLICE`] names.
pub const LARGE_ROOM: usize = 200;
/// Maximum number of names that a larger room shows.
pub const NAMES_SLICE: usize = 100;
/// Maximum number of changed messages in the answer to a `sync`. With more changes, the client receives
/// `behind`.
pub const SYNC_LIMIT: usize = 1000;
