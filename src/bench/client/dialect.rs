//! Protocols of servers: Parlor's JSON, or XMPP over WebSocket.

use std::net::SocketAddr;

/// Protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerProtocol {
    /// The frames of `docs/protocol/`.
    Parlor,
    /// RFC 7395 with rooms of XEP-0045, for anonymous users.
    Xmpp,
}

/// Kind of a frame of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A message with a marker, or a system message.
    Message,
    Ack,
    /// The socket is live.
    Ready,
    Synced,
    Presence,
    Error,
    /// A step of joining by XMPP, before the socket is live.
    XmppStep(XmppStep),
    Other,
}

/// Steps of joining a room by XMPP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum XmppStep {
    SignIn,
    Again,
    Bind,
    Join,
}

/// Offset of the type in a frame: `{"type":"`.
const TYPE: usize = 9;
const XMPP_ROOMS: &str = "conference.localhost";

impl PeerProtocol {
    /// Returns the handshake for the socket of a room; room 0 stands for all rooms of the user.
    pub(super) fn handshake(self, address: SocketAddr, room: i64, token: &str) -> String {
        let (path, protocol) = match self {
            Self::Parlor if room == 0 => ("/ws".to_owned(), "parlor.v1.json"),
            Self::Parlor => (format!("/ws/{room}"), "parlor.v1.json"),
            Self::Xmpp => ("/ws".to_owned(), "xmpp"),
        };
        format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {protocol}\r\nauthorization: Bearer {token}\r\n\r\n"
        )
    }

    /// Returns the first text after the handshake.
    pub(super) fn greeting(self) -> Option<&'static str> {
        match self {
            Self::Parlor => None,
            Self::Xmpp => Some(OPEN),
        }
    }

    /// Returns the answer to a step of joining a room, for the client called `name`.
    pub(super) fn answer(step: XmppStep, room: i64, name: usize) -> String {
        match step {
            XmppStep::SignIn => {
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>".to_owned()
            }
            XmppStep::Again => OPEN.to_owned(),
            XmppStep::Bind => "<iq xmlns='jabber:client' type='set' id='bind'>\
                 <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
                .to_owned(),
            XmppStep::Join => format!(
                "<presence xmlns='jabber:client' to='room{room}@{XMPP_ROOMS}/n{name:05}'>\
                 <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
            ),
        }
    }

    /// Returns the command that posts to a room.
    pub(super) fn publish(self, room: i64, key: u64, body: &str) -> String {
        match self {
            Self::Parlor => {
                format!(r#"{{"type":"send","key":"{key:016}","room_id":{room},"body":"{body}"}}"#)
            }
            Self::Xmpp => format!(
                "<message xmlns='jabber:client' type='groupchat' id='{key:016}' \
                 to='room{room}@{XMPP_ROOMS}'><body>{body}</body></message>"
            ),
        }
    }

    pub(super) fn kind(self, payload: &[u8]) -> FrameKind {
        match self {
            Self::Parlor => parlor(payload),
            Self::Xmpp => xmpp(payload),
        }
    }
}

const OPEN: &str =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";

fn parlor(payload: &[u8]) -> FrameKind {
    match payload.get(TYPE..TYPE + 3) {
        Some(b"mes") => FrameKind::Message,
        Some(b"ack") => FrameKind::Ack,
        Some(b"pre") => FrameKind::Presence,
        Some(b"syn") => FrameKind::Synced,
        Some(b"err" | b"beh" | b"bye") => FrameKind::Error,
        Some(b"rea") if payload[TYPE..].starts_with(b"ready") => FrameKind::Ready,
        _ => FrameKind::Other,
    }
}

fn xmpp(payload: &[u8]) -> FrameKind {
    let has = |text: &str| {
        let text = text.as_bytes();
        payload.windows(text.len()).any(|window| window == text)
    };
    if payload.starts_with(b"<message") {
        return if has("type='error'") {
            FrameKind::Error
        } else {
            FrameKind::Message
        };
    }
    if payload.starts_with(b"<presence") {
        return match (has("type='error'"), has("code='110'")) {
            (true, _) => FrameKind::Error,
            (_, true) => FrameKind::Ready,
            _ => FrameKind::Presence,
        };
    }
    if payload.starts_with(b"<success") {
        FrameKind::XmppStep(XmppStep::Again)
    } else if payload.starts_with(b"<failure") || payload.starts_with(b"<stream:error") {
        FrameKind::Error
    } else if payload.starts_with(b"<iq") && has("bind") {
        FrameKind::XmppStep(XmppStep::Join)
    } else if has("<mechanism") {
        FrameKind::XmppStep(XmppStep::SignIn)
    } else if payload.starts_with(b"<stream:features") {
        FrameKind::XmppStep(XmppStep::Bind)
    } else {
        FrameKind::Other
    }
}
