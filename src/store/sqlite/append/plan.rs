//! Decides which messages of a batch are valid, and numbers them.

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

/// The writes for some jobs.
#[derive(Default)]
pub(in crate::store) struct AppendPlan {
    /// Each with the room's count of text messages including it.
    messages: Vec<(Message, i64)>,
    /// Jobs that repeat the key of an earlier job, with the index of that one.
    repeats: Vec<(usize, usize)>,
    /// Senders under slow mode, and when they posted.
    pub(in crate::store) slowed: HashMap<MemberKey, Timestamp>,
}

impl AppendPlan {
    /// Checks all jobs, then numbers the valid ones, so that refused messages leave no gap.
    ///
    /// Returns `None`, and changes nothing, if the used keys are not `known` and a message with a key would be
    /// refused: the key may be known, and then the message is acked.
    #[expect(
        clippy::too_many_lines,
        reason = "the checks of a message in their order"
    )]
    pub(in crate::store) async fn make(
        tx: &mut WriterState,
        jobs: &mut [&mut AppendJob],
        known: Option<&HashMap<IdempotencyKey, ExistingMessage>>,
    ) -> Result<Option<Self>, sqlx::Error> {
        tx.senders.load(&mut tx.conn, jobs).await?;
        let mut loose = UnattachedFiles::read(&mut tx.conn, jobs).await?;

        let mut plan = Self::default();
        let mut accepted = Vec::with_capacity(jobs.len());
        let mut brought = HashMap::default();
        let mut keys: HashMap<IdempotencyKey, usize> = HashMap::default();
        for (at, job) in jobs.iter_mut().enumerate() {
            let append = &job.append;
            let place = (append.room, append.author);
            // Check membership before idempotency keys, so that non-members learn nothing.
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
            // After the keys: a message that is on disk is acked, whatever has changed since.
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
                // These messages are not sent yet.
                tx.senders.forget();
            }
            return Ok(None);
        }

        let appends = accepted.iter().map(|at| &jobs[*at].append);
        let around = MessageContext::read(&mut tx.conn, appends).await?;
        for at in accepted {
            let append = &jobs[at].append;
            // Cached, since the message was accepted.
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

    /// Returns whether there is nothing to write.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the messages to write.
    pub(in crate::store) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().map(|(message, _)| message)
    }

    /// Returns the messages to write, each with the room's count of text messages including it.
    pub(in crate::store) fn counted(&self) -> &[(Message, i64)] {
        &self.messages
    }

    /// Returns whether a message with a key is neither accepted nor the repetition of an accepted one.
    fn refuses_keyed(&self, jobs: &[&mut AppendJob], accepted: &[usize]) -> bool {
        let repeats = self.repeats.iter().map(|(at, _)| at);
        let answered: HashSet<&usize> = accepted.iter().chain(repeats).collect();
        let mut jobs = jobs.iter().enumerate();
        jobs.any(|(at, job)| job.append.draft.key.is_some() && !answered.contains(&at))
    }

    /// Returns whether no message has mentions, replies or files.
    pub(in crate::store) fn is_plain(&self) -> bool {
        let mut messages = self.messages.iter();
        self.slowed.is_empty() && messages.all(|(message, _)| message.extras.is_none())
    }

    /// Answers the repeated keys and queues the changes for publication.
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

/// A stored message with a key.
pub(in crate::store) struct ExistingMessage {
    /// Its current state.
    pub(in crate::store) message: Message,
    /// The `rev` with which it was posted.
    pub(in crate::store) rev: Rev,
    /// Its first text, if it was edited.
    pub(in crate::store) said: Option<String>,
}

/// Answers a known key. It must come with the same content as first sent; of a deleted message the content is unknown.
fn replay(first: &Message, rev: Rev, said: &str, again: &Append) -> AppendOutcome {
    let same = said == again.draft.body.as_str()
        && first.reply_to == again.draft.reply_to
        && attachments::has_same_files(first, &again.draft.files);
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
