//! The model of a room, as simple as possible.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::User;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It is done, or was so already.
    Done,
    Refused,
}

struct Message {
    rev: i64,
    /// `None` for what the server says of comings and goings.
    text: Option<Text>,
}

struct Text {
    author: usize,
    /// `None` once it is deleted.
    body: Option<String>,
    edited: bool,
    pinned: bool,
    reactions: BTreeMap<String, BTreeSet<usize>>,
    /// Whom it asks for attention.
    names: Option<usize>,
}

#[derive(Clone, Copy, Default)]
struct Person {
    member: bool,
    banned: bool,
    read_seq: i64,
}

pub(super) struct Reference {
    messages: Vec<Message>,
    people: Vec<Person>,
    rev: i64,
}

impl Reference {
    /// A room that the first person has made.
    pub(super) fn new(people: usize) -> Self {
        let mut reference = Self {
            messages: Vec::new(),
            people: vec![Person::default(); people],
            rev: 0,
        };
        reference.people[0].member = true;
        reference.add(None);
        reference
    }

    pub(super) fn is_member(&self, who: usize) -> bool {
        self.people[who].member
    }

    pub(super) fn rev(&self) -> i64 {
        self.rev
    }

    pub(super) fn seq(&self) -> i64 {
        i64::try_from(self.messages.len()).unwrap()
    }

    /// One of the messages that somebody wrote.
    pub(super) fn text(&self, pick: usize) -> Option<i64> {
        let texts = (1..)
            .zip(&self.messages)
            .filter(|(_, message)| message.text.is_some());
        let texts: Vec<i64> = texts.map(|(seq, _)| seq).collect();
        texts.get(pick.checked_rem(texts.len())?).copied()
    }

    /// The number of any message.
    pub(super) fn any(&self, pick: usize) -> i64 {
        i64::try_from(pick).unwrap() % (self.seq() + 1)
    }

    pub(super) fn send_message(&mut self, who: usize, body: &str, names: Option<usize>) -> Effect {
        if !self.is_member(who) {
            return Effect::Refused;
        }
        let names = names.filter(|named| *named != who && self.is_member(*named));
        self.add(Some(Text {
            author: who,
            body: Some(body.to_owned()),
            edited: false,
            pinned: false,
            reactions: BTreeMap::new(),
            names,
        }));
        self.people[who].read_seq = self.seq();
        Effect::Done
    }

    pub(super) fn edit(&mut self, who: usize, seq: i64, body: &str) -> Effect {
        let member = self.is_member(who);
        self.change(seq, |text| {
            if !member || text.author != who || text.body.is_none() {
                return None;
            }
            text.body = Some(body.to_owned());
            text.edited = true;
            text.names = None;
            Some(true)
        })
    }

    pub(super) fn delete(&mut self, who: usize, seq: i64) -> Effect {
        let member = self.is_member(who);
        self.change(seq, |text| {
            if !member || text.body.is_none() || text.author != who && who != 0 {
                return None;
            }
            text.body = None;
            text.edited = false;
            text.pinned = false;
            text.names = None;
            text.reactions.clear();
            Some(true)
        })
    }

    pub(super) fn react(&mut self, who: usize, seq: i64, emoji: &str, on: bool) -> Effect {
        let member = self.is_member(who);
        self.change(seq, |text| {
            if !member || text.body.is_none() {
                return None;
            }
            let users = text.reactions.entry(emoji.to_owned()).or_default();
            let change = if on {
                users.insert(who)
            } else {
                users.remove(&who)
            };
            text.reactions.retain(|_, users| !users.is_empty());
            Some(change)
        })
    }

    pub(super) fn pin(&mut self, seq: i64, on: bool) -> Effect {
        self.change(seq, |text| {
            text.body.as_ref()?;
            let change = text.pinned != on;
            text.pinned = on;
            Some(change)
        })
    }

    pub(super) fn read(&mut self, who: usize, seq: i64, force: bool) -> Effect {
        if !self.is_member(who) {
            return Effect::Refused;
        }
        let read = &mut self.people[who].read_seq;
        *read = if force { seq } else { seq.max(*read) };
        Effect::Done
    }

    pub(super) fn join(&mut self, who: usize) -> Effect {
        if self.people[who].member {
            return Effect::Done;
        }
        if self.people[who].banned {
            return Effect::Refused;
        }
        self.add(None);
        self.people[who].member = true;
        self.people[who].read_seq = self.seq();
        Effect::Done
    }

    pub(super) fn leave(&mut self, who: usize) -> Effect {
        if !std::mem::take(&mut self.people[who].member) {
            return Effect::Refused;
        }
        self.add(None);
        Effect::Done
    }

    pub(super) fn kick(&mut self, who: usize) -> Effect {
        self.leave(who)
    }

    pub(super) fn ban(&mut self, who: usize) -> Effect {
        let left = self.leave(who);
        self.people[who].banned |= left == Effect::Done;
        left
    }

    pub(super) fn unban(&mut self, who: usize) -> Effect {
        if std::mem::take(&mut self.people[who].banned) {
            Effect::Done
        } else {
            Effect::Refused
        }
    }

    /// The messages as the contract shows them, in what the model knows of them.
    pub(super) fn messages(&self, people: &[User]) -> Vec<Value> {
        let messages = (1_i64..).zip(&self.messages);
        let shown = messages.map(|(seq, message)| {
            let Some(text) = &message.text else {
                return json!({ "seq": seq, "rev": message.rev, "kind": "system" });
            };
            let reactions = text.reactions.iter().map(|(emoji, users)| {
                let users: BTreeSet<i64> = users.iter().map(|who| people[*who].id).collect();
                (emoji, users)
            });
            json!({
                "seq": seq,
                "rev": message.rev,
                "kind": "text",
                "author": people[text.author].id,
                "body": text.body.clone().unwrap_or_default(),
                "edited": text.edited,
                "deleted": text.body.is_none(),
                "pinned": text.pinned,
                "reactions": reactions.collect::<BTreeMap<_, _>>(),
            })
        });
        shown.collect()
    }

    /// `[read_seq, unread, mentions]`
    pub(super) fn counts(&self, who: usize) -> Value {
        let read_seq = self.people[who].read_seq;
        let unread = (1..).zip(&self.messages).filter(|(seq, _)| *seq > read_seq);
        let texts: Vec<&Text> = unread
            .filter_map(|(_, message)| message.text.as_ref())
            .collect();
        let mentions = texts.iter().filter(|text| text.names == Some(who)).count();
        json!([read_seq, texts.len(), mentions])
    }

    fn add(&mut self, text: Option<Text>) {
        self.rev += 1;
        self.messages.push(Message {
            rev: self.rev,
            text,
        });
    }

    /// Changes a text: `None` is a refusal, `false` no change.
    fn change(&mut self, seq: i64, change: impl FnOnce(&mut Text) -> Option<bool>) -> Effect {
        let index = usize::try_from(seq - 1).unwrap();
        let message = &mut self.messages[index];
        let text = message.text.as_mut().expect("a text");
        match change(text) {
            None => Effect::Refused,
            Some(changed) => {
                if changed {
                    self.rev += 1;
                    message.rev = self.rev;
                }
                Effect::Done
            }
        }
    }
}
