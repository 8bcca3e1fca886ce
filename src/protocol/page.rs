//! JSON encoding of a page of messages, for REST.

use super::message_json;
use crate::domain::{Head, Message};

/// Capacity for the part of a page outside its messages.
const AROUND: usize = 128;

/// Encodes messages in their order, the room's newest numbers at that time, and whether more messages exist.
///
/// `has_before` is `None` for changes since a `rev`, which have no earlier page.
#[must_use]
pub fn page(items: &[Message], head: Head, has_before: Option<bool>, has_after: bool) -> String {
    let mut json = String::with_capacity(AROUND);
    json.push_str(r#"{"items":"#);
    message_json::array(items, &mut json);
    json.push_str(r#","head":{"seq":"#);
    message_json::number(&mut json, head.seq.0);
    json.push_str(r#","rev":"#);
    message_json::number(&mut json, head.rev.0);
    json.push('}');
    for (name, holds) in [("has_before", has_before), ("has_after", Some(has_after))] {
        if let Some(holds) = holds {
            json.push_str(",\"");
            json.push_str(name);
            json.push_str(if holds { "\":true" } else { "\":false" });
        }
    }
    json.push('}');
    json
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        domain::{MessageKind, Rev, RoomId, Seq, Timestamp, UserId, UserSummary},
        protocol::MessageView,
    };

    #[test]
    fn page_equals_serde_output() {
        let head = Head {
            seq: Seq(7),
            rev: Rev(9),
        };
        let message_json = Message {
            room_id: RoomId(3),
            seq: Seq(6),
            rev: Rev(6),
            kind: MessageKind::Text,
            author: UserSummary {
                id: UserId(1),
                username: "ada".to_owned(),
                display_name: "Ada \"Countess\"".to_owned(),
                avatar: None,
            },
            body: "two\nlines".to_owned(),
            event: None,
            reply_to: None,
            key: Some("k-1".to_owned()),
            created_at: Timestamp(1_700_000_000_007),
            edited_at: None,
            deleted_at: None,
            extras: None,
        };
        let edited = Message {
            seq: Seq(7),
            rev: Rev(9),
            edited_at: Some(Timestamp(1_700_000_000_999)),
            ..message_json.clone()
        };
        for items in [
            vec![],
            vec![message_json.clone()],
            vec![message_json, edited],
        ] {
            for (has_before, has_after) in [(None, true), (Some(false), false), (Some(true), true)]
            {
                let views: Vec<_> = items.iter().map(MessageView::from).collect();
                let mut expected = json!({ "items": views, "head": head, "has_after": has_after });
                if let Some(has_before) = has_before {
                    expected["has_before"] = json!(has_before);
                }
                let written = page(&items, head, has_before, has_after);
                let read: serde_json::Value = serde_json::from_str(&written).unwrap();
                assert_eq!(read, expected);
            }
        }
    }
}
