//! What is to be written for some messages: who may say what, and which numbers they get.

use foldhash::{HashMap, HashSet};

use crate::{
    domain::{Change, Message, MessageKind, MessageRelations, Rev, Seq, Timestamp, UserSummary},
    store::{
        Append, AppendOutcome,
        sqlite::{
            append::{
                attachments::{self, UnattachedFiles},
                job::{AppendJob, IdempotencyKey, MemberKey},
                mentions::MessageContext,
                senders::RoomCounters,
            },
            write::request::WriterState,
        },
    },
};

/// What is to be written for some jobs.
#[derive(Default)]
pub(in crate::store) struct AppendPlan {
    /// With the count of text messages at each.
    messages: Vec<(Message, i64)>,
    /// Jobs that repeat the key of an earlier one among them.
    repeats: Vec<(usize, usize)>,
    /// Who wrote when under slow mode.
    pub(in crate::store) slowed: HashMap<MemberKey, Timestamp>,
}

impl AppendPlan {
    /// First decides, then numbers: a refused message must not leave a gap. `None`, and nothing is decided, if
    /// it is not `known` which keys were used and a message with a key would be refused: what cannot be said
    /// now may have been said before, and then it is acked.
    pub(in crate::store) async fn make(
        tx: &mut WriterState,
        jobs: &mut [&mut AppendJob],
        known: Option<&HashMap<IdempotencyKey, ExistingMessage>>,
    ) -> Result<Option<Self>, sqlx::Error> {
        tx.senders.learn(&mut tx.conn, jobs).await?;
        let mut loose = UnattachedFiles::read(&mut tx.conn, jobs).await?;

        let mut plan = Self::default();
        let mut accepted = Vec::with_capacity(jobs.len());
        let mut brought = HashMap::default();
        let mut keys: HashMap<IdempotencyKey, usize> = HashMap::default();
        for (at, job) in jobs.iter_mut().enumerate() {
            let append = &job.append;
            let place = (append.room, append.author);
            // Before the keys: to who is out of the room it says nothing, not even of what they said there.
            let Some((sender, numbers)) = tx.senders.get_mut(&place) else {
                job.outcome = Ok(AppendOutcome::NotMember);
                continue;
            };
            if append
                .draft
                .reply_to
                .is_some_and(|seq| seq.0 < 1 || seq.0 > numbers.seq)
            {
                job.outcome = Ok(AppendOutcome::NoSuchReply);
                continue;
            }
            let keyed = keyed(append);
            if let Some(keyed) = &keyed {
                if let Some(first) = known.and_then(|known| known.get(keyed)) {
                    let said = first.said.as_ref().unwrap_or(&first.message.body);
                    job.outcome = Ok(replay(&first.message, first.rev, said, append));
                    continue;
                }
                if let Some(first) = keys.get(keyed) {
                    plan.repeats.push((at, *first));
                    continue;
                }
            }
            // Behind the keys: what is on disk already is acked, whatever has come since.
            if sender.blocked {
                job.outcome = Ok(AppendOutcome::Blocked);
                continue;
            }
            if let Some(restraint) = sender.restraints.check_post(append.at) {
                job.outcome = Ok(AppendOutcome::Restrained(restraint));
                continue;
            }
            let Some(files) = loose.take(append) else {
                job.outcome = Ok(AppendOutcome::NoSuchFile);
                continue;
            };
            brought.insert(at, files);
            if sender.restraints.is_slowed() {
                sender.restraints.said_at = append.at;
                plan.slowed.insert(place, append.at);
            }
            keys.extend(keyed.map(|keyed| (keyed, at)));
            accepted.push(at);
        }

        if known.is_none() && plan.refuses_keyed(jobs, &accepted) {
            if !plan.slowed.is_empty() {
                // They have not said it yet.
                tx.senders.forget();
            }
            return Ok(None);
        }

        let appends = accepted.iter().map(|at| &jobs[*at].append);
        let around = MessageContext::read(&mut tx.conn, appends).await?;
        for at in accepted {
            let append = &jobs[at].append;
            // Known since they were accepted.
            let Some((sender, numbers)) = tx.senders.get_mut(&(append.room, append.author)) else {
                continue;
            };
            numbers.seq += 1;
            numbers.rev += 1;
            numbers.text_count += 1;
            let extras =
                attachments::with_files(around.extras(append, sender), brought.remove(&at));
            let message = message(append, sender.author.clone(), *numbers, extras);
            plan.messages.push((message.clone(), numbers.text_count));
            jobs[at].outcome = Ok(AppendOutcome::New(message));
        }
        Ok(Some(plan))
    }

    /// Whether there is nothing to write.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The messages to write.
    pub(in crate::store) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().map(|(message, _)| message)
    }

    /// The same, each with the count of text messages at it.
    pub(in crate::store) fn counted(&self) -> &[(Message, i64)] {
        &self.messages
    }

    /// Whether a message that has a key is neither accepted nor a repetition of one that is.
    fn refuses_keyed(&self, jobs: &[&mut AppendJob], accepted: &[usize]) -> bool {
        let repeats = self.repeats.iter().map(|(at, _)| at);
        let answered: HashSet<&usize> = accepted.iter().chain(repeats).collect();
        let mut jobs = jobs.iter().enumerate();
        jobs.any(|(at, job)| job.append.draft.key.is_some() && !answered.contains(&at))
    }

    /// Whether there is nothing around the messages: nobody named, nothing answered, no file.
    pub(in crate::store) fn is_plain(&self) -> bool {
        let mut messages = self.messages.iter();
        self.slowed.is_empty() && messages.all(|(message, _)| message.extras.is_none())
    }

    /// Answers the repeats, and hands on what there is to tell.
    pub(in crate::store) fn finish(self, tx: &mut WriterState, jobs: &mut [&mut AppendJob]) {
        for (at, first) in self.repeats {
            if let Ok(AppendOutcome::New(message)) = &jobs[first].outcome {
                let outcome = replay(message, message.rev, &message.body, &jobs[at].append);
                jobs[at].outcome = Ok(outcome);
            }
        }
        let messages = self.messages.into_iter();
        tx.changes
            .extend(messages.map(|(message, _)| Change::Message(message)));
    }
}

pub(in crate::store) fn keyed(append: &Append) -> Option<IdempotencyKey> {
    let key = append.draft.key.as_ref()?;
    Some((append.room, append.author, key.as_str().to_owned()))
}

/// A message that went with a key before.
pub(in crate::store) struct ExistingMessage {
    /// As it is now.
    pub(in crate::store) message: Message,
    /// The `rev` that it came with.
    pub(in crate::store) rev: Rev,
    /// What it said at first, where it was edited since.
    pub(in crate::store) said: Option<String>,
}

/// The same key must mean the same message, as it was sent. Of a deleted one nobody knows any more.
fn replay(first: &Message, rev: Rev, said: &str, again: &Append) -> AppendOutcome {
    let same = said == again.draft.body.as_str()
        && first.reply_to == again.draft.reply_to
        && attachments::brings(first, &again.draft.files);
    if same || first.deleted_at.is_some() {
        let message = first.clone();
        AppendOutcome::Replayed { message, rev }
    } else {
        AppendOutcome::KeyConflict
    }
}

fn message(
    append: &Append,
    author: UserSummary,
    numbers: RoomCounters,
    extras: Option<Box<MessageRelations>>,
) -> Message {
    Message {
        room_id: append.room,
        seq: Seq(numbers.seq),
        rev: Rev(numbers.rev),
        kind: MessageKind::Text,
        author,
        body: append.draft.body.as_str().to_owned(),
        event: None,
        reply_to: append.draft.reply_to,
        key: append.draft.key.as_ref().map(|key| key.as_str().to_owned()),
        created_at: append.at,
        edited_at: None,
        deleted_at: None,
        extras,
    }
}
