//! The public contract in types: what clients send, what they get, and how a line of text says it.

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

/// The subprotocol of JSON frames.
pub const SUBPROTOCOL_JSON: &str = "parlor.v1.json";
/// The subprotocol of plain lines.
pub const SUBPROTOCOL_TEXT: &str = "parlor.v1.text";

/// Members above which a room shows counts and a slice of names in place of all names.
pub const LARGE_ROOM: usize = 200;
/// How many names such a slice has at most.
pub const NAMES_SLICE: usize = 100;
/// Changed messages that one `sync` answers at most; with more, the client is told `behind`.
pub const SYNC_LIMIT: usize = 1000;
