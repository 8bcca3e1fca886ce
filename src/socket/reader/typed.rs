//! Lines that a person typed.

use super::{Done, Reader};
use crate::socket::{lines, writer::Request};
use crate::{
    chat::ChatError,
    domain::RoomId,
    protocol::{
        CloseReason,
        line::{HELP, Line},
    },
};

impl Reader {
    pub(super) async fn line(&mut self, room: RoomId, text: &str) -> Result<(), Done> {
        let chat = self.context.chat.clone();
        let line = Line::parse(text);
        if !matches!(
            line,
            Line::Nothing | Line::Say(_) | Line::Me(_) | Line::Quit
        ) && let Err(error) = chat.admit(&self.caller)
        {
            return self.refuse(None, None, &error).await;
        }
        match line {
            Line::Nothing => Ok(()),
            Line::Say(body) | Line::Me(body) => self.say_line(room, body).await,
            Line::Help => {
                let help = HELP.map(|line| format!("* {line}"));
                self.show(Ok(help.into())).await
            }
            Line::Who => {
                let who = chat.member(&self.caller, room).await;
                self.show(who.map(|member| vec![format!("* {}", lines::who(&chat, &member))]))
                    .await
            }
            Line::History(count) => self.ask(Request::History(room, count)).await,
            Line::Rooms => {
                let rooms = lines::rooms(&chat, &self.caller).await;
                self.show(rooms).await
            }
            Line::Leave => {
                let left = match chat.member(&self.caller, room).await {
                    Ok(member) => chat.leave(&member).await,
                    Err(error) => Err(error),
                };
                match left {
                    // The feed tells of it, and the writer closes.
                    Ok(()) => Ok(()),
                    Err(error) => self.say(format!("! {error}")).await,
                }
            }
            Line::Quit => self.ask(Request::Close(CloseReason::Normal)).await,
            Line::Wrong(words) => self.say(format!("! {words}")).await,
        }
    }

    async fn say_line(&mut self, room: RoomId, body: &str) -> Result<(), Done> {
        let chat = &self.context.chat;
        self.lines += 1;
        let key = self.voice.line_key(self.lines);
        let submitted = chat
            .draft(body, key.as_ref().map(crate::domain::Key::as_str), None)
            .and_then(|draft| chat.submit(&self.caller, room, draft));
        match submitted {
            Ok(pending) => {
                self.refusals = self.refusals.saturating_sub(1);
                let voice = self.voice.clone();
                self.in_flight.push(Box::pin(async move {
                    pending
                        .done()
                        .await
                        .err()
                        .map(|error| voice.refused(None, None, &error))
                }));
                Ok(())
            }
            Err(error) => self.refuse(None, None, &error).await,
        }
    }

    async fn show(&mut self, lines: Result<Vec<String>, ChatError>) -> Result<(), Done> {
        match lines {
            Ok(lines) => {
                for line in lines {
                    self.say(line).await?;
                }
                Ok(())
            }
            Err(error) => self.say(format!("! {error}")).await,
        }
    }
}
