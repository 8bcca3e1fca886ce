//! Refused lines at a terminal, and how it ends.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Terminal, TestServer};

impl Terminal {
    /// Types several lines at once, as a paste does: they arrive together.
    async fn paste(&mut self, lines: &[&str]) {
        for line in lines {
            let frame = Message::text(format!("{line}\n"));
            self.raw.feed(frame).await.unwrap();
        }
        self.raw.flush().await.unwrap();
    }
}

#[tokio::test]
async fn quit_waits_for_the_previous_line() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/api/rooms/{}", room.id);
    let locked = serde_json::json!({ "locked": true });
    ana.patch(&path, locked).await.expect(200);
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next_with("/help").await;
    let line = "the offer letter is ready, come and see it";
    terminal.paste(&[line, "/quit"]).await;
    let (lines, closed) = terminal.closed().await;
    assert_eq!(closed.code, 1000);
    let last = lines.last().unwrap();
    assert!(last.starts_with("! not sent: "), "{lines:?}");
    assert!(
        last.ends_with(" (“the offer letter is ready, com…”)"),
        "{lines:?}"
    );

    // One that is accepted is on disk, and what was asked for is shown.
    let mut terminal = ana.terminal(&room, "").await;
    terminal.next_with("/help").await;
    terminal.paste(&["see you", "/history 3", "/quit"]).await;
    let (lines, closed) = terminal.closed().await;
    assert_eq!(closed.code, 1000);
    let history = lines.iter().filter(|line| line.starts_with('#'));
    assert_eq!(history.count(), 3, "{lines:?}");
    let texts = ana.history(&room).await;
    assert_eq!(texts.last().unwrap()["body"], "see you");
    server.stopped().await;
}

#[tokio::test]
async fn refusal_quotes_the_refused_text() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut terminal = ana.terminal(&room, "").await;
    terminal.next_with("/help").await;
    let long = format!("start {}", "x".repeat(4000));
    let quoted = format!("(“start {}…”)", "x".repeat(24));
    for (line, quote) in [
        (long.as_str(), quoted.as_str()),
        ("/reply 99 yes", "(“yes”)"),
        ("/edit 99 \u{1b}[31mno", "(“/edit 99 [31mno”)"),
        ("/msg @nobody psst", "(“/msg @nobody psst”)"),
    ] {
        terminal.enter(line).await;
        let answer = terminal.next().await;
        assert!(
            answer.starts_with("! ") && answer.ends_with(quote),
            "{line:.20}: {answer}"
        );
    }
    server.stopped().await;
}
