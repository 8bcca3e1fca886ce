//! Lines for terminals with content that JSON clients request over HTTP.

use super::terminal::TerminalState;
use crate::{
    chat::{Caller, Chat, ChatError, Member},
    domain::{Invalid, Room, RoomId, RoomKind, SearchQuery, Seq, TimeZone, Timestamp},
    protocol::{NAMES_SLICE, line},
};

/// Returns the summary of a room: `* #lobby · 3 online: ada, bob, you · /help`
pub(super) fn banner(chat: &Chat, member: &Member) -> Vec<String> {
    let room = &member.standing().room;
    let (title, description) = (title(room), describe_user(chat, member));
    let mut lines = vec![format!("* {title} · {description} · /help")];
    if !room.topic.is_empty() {
        lines.push(topic(member));
    }
    lines
}

/// Returns the name of a room: `#lobby`. A direct room has the names of the other members: `@Ben, Cid`.
fn title(room: &Room) -> String {
    let sign = if room.kind == RoomKind::Direct {
        '@'
    } else {
        '#'
    };
    format!("{sign}{}", line::printable(&room.name))
}

/// Returns the line with the topic of a room.
pub(super) fn topic(member: &Member) -> String {
    match member.standing().room.topic.as_str() {
        "" => "* no topic is set".to_owned(),
        topic => format!("* topic: {}", line::printable(topic)),
    }
}

/// Returns the online members: `3 online: ada, bob, you`
pub(super) fn describe_user(chat: &Chat, member: &Member) -> String {
    let (count, online) = chat.hub().presence().in_room(member.room(), NAMES_SLICE);
    let others = online
        .iter()
        .filter(|user| user.id != member.user())
        .map(|user| user.username.as_str());
    let mut names: Vec<&str> = others.collect();
    let more = count.saturating_sub(online.len());
    names.push("you");
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{count} online: {}{more}", names.join(", "))
}

/// Returns the line with the time zone: `* times are those of Europe/Berlin: it is 2026-11-27 20:15`
pub(super) fn zone(zone: &TimeZone, now: Timestamp) -> String {
    let (name, (day, clock)) = (zone.name(), zone.local(now));
    format!("* times are those of {name}: it is {day} {clock}")
}

/// Returns one line for each of the caller's rooms.
pub(super) async fn rooms(chat: &Chat, caller: &Caller) -> Result<Vec<String>, ChatError> {
    let rooms = chat.rooms(caller).await?;
    let lines = rooms.iter().map(|standing| {
        let (room, unread) = (&standing.room, standing.unread);
        let unread = if unread > 0 {
            format!(" · {unread} unread")
        } else {
            String::new()
        };
        let (title, role) = (title(room), standing.role.as_str());
        format!("* {title} · /ws/{} · {role}{unread}", room.id)
    });
    Ok(lines.collect())
}

/// Returns the `seq` before the last `count` messages up to `upto`.
pub(super) fn start_of_last(count: usize, upto: Seq) -> Seq {
    let count = i64::try_from(count.min(line::HISTORY_MAX)).unwrap_or(0);
    Seq(upto.0.saturating_sub(count).max(0))
}

/// Returns one line for each pinned message, the latest pin first.
pub(super) async fn pins(
    chat: &Chat,
    caller: &Caller,
    terminal: &TerminalState,
    room: RoomId,
) -> Result<Vec<String>, ChatError> {
    let pins = chat.pins(caller, room).await?;
    if pins.is_empty() {
        return Ok(vec!["* nothing is pinned".to_owned()]);
    }
    let lines = pins.iter().map(|message| {
        let line = terminal.single_line(message);
        format!("* on {line}")
    });
    Ok(lines.collect())
}

/// Returns the lines that tell how to invite people, if the caller may invite.
pub(super) async fn invite(
    chat: &Chat,
    caller: &Caller,
    room: RoomId,
) -> Result<Vec<String>, ChatError> {
    let member = chat.member(caller, room).await?;
    let code = chat.access_code(&member).await?;
    Ok(vec![format!(
        "* hand out this code: {code} · it is typed on the page, or posted to /api/rooms/join"
    )])
}

/// Maximum search results that a terminal shows.
const HITS: usize = 10;

/// Returns one line for each message found, newest first, with its room and number.
pub(super) async fn search(
    chat: &Chat,
    caller: &Caller,
    terminal: &TerminalState,
    words: &str,
) -> Result<Vec<String>, ChatError> {
    // Over HTTP the query is the field q, which a terminal does not know.
    let named = |error| match error {
        ChatError::Invalid(Invalid { detail, .. }) => {
            Invalid::new("what you look for", detail).into()
        }
        other => other,
    };
    let query = SearchQuery::parse(words).map_err(|error| named(error.into()))?;
    let hits = chat.search(caller, query, None, HITS);
    let hits = hits.await.map_err(named)?;
    if hits.items.is_empty() {
        return Ok(vec!["* nothing was found".to_owned()]);
    }
    let lines = hits.items.iter().map(|hit| {
        let room = line::printable(&hit.room_name);
        format!("* in #{room} on {}", terminal.single_line(&hit.message))
    });
    let mut lines: Vec<String> = lines.collect();
    if hits.next.is_some() {
        lines.push("* there are older ones; more words find fewer".to_owned());
    }
    Ok(lines)
}
