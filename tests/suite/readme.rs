//! The commands of the README, as a newcomer pastes them into a shell.

use std::{fs, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::support::{Process, within};

/// Set where `websocat` is installed; without it the one command that needs it is passed over.
const WITH_WEBSOCAT: &str = "README_WITH_WEBSOCAT";
/// Begins the line that ends the output of a command.
const MARKER: &str = "#status ";

/// The lines of one block of commands, and what the README shows as their output.
struct Step {
    commands: Vec<String>,
    output: String,
}

/// Reads the fenced blocks of "Five minutes": `sh` holds commands, any other the output of those before it.
fn steps() -> Vec<Step> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("\n## Five minutes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut steps: Vec<Step> = Vec::new();
    // Between two fences stands prose, then a block, then prose again.
    for block in section.split("```").skip(1).step_by(2) {
        let (kind, lines) = block.split_once('\n').unwrap();
        if kind == "sh" {
            steps.push(Step {
                commands: lines.lines().map(str::to_owned).collect(),
                output: String::new(),
            });
        } else {
            let step = steps.last_mut().unwrap();
            assert_eq!(step.output, "", "two outputs of {:?}", step.commands);
            lines.trim_end().clone_into(&mut step.output);
        }
    }
    steps
}

/// A shell that is given one line after the other.
pub(crate) struct Shell {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut child = Command::new("bash")
            .args(["--norc", "-c", "exec bash --norc 2>&1"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            _child: child,
            input,
            output,
        }
    }

    /// Runs a line and returns what it wrote. It must succeed.
    pub(crate) async fn run(&mut self, line: &str) -> String {
        let line = format!("{line}\nprintf '\\n{MARKER}%s\\n' $?\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
        let mut written = String::new();
        let status = loop {
            let start = written.len();
            let read = self.output.read_line(&mut written);
            assert_ne!(within(&line, read).await.unwrap(), 0, "{line}: {written}");
            if let Some(status) = written[start..].strip_prefix(MARKER) {
                let status = status.trim_end().to_owned();
                written.truncate(start);
                break status;
            }
        };
        assert_eq!(status, "0", "{line}: {written}");
        written.trim_end().to_owned()
    }
}

/// Puts a name in place of each token, code, time and id.
fn masked(text: &str) -> String {
    let text = replaced(text, "_token\":\"", "TOKEN", |c| {
        c.is_ascii_alphanumeric() || "-_.…".contains(c)
    });
    let text = replaced(&text, "parlor_", "TOKEN", |c| {
        c.is_ascii_alphanumeric() || c == '…'
    });
    let text = replaced(&text, "\"access_code\":\"", "CODE", |c| {
        c.is_ascii_alphanumeric() || c == '-'
    });
    let text = replaced(&text, "\"id\":\"", "ID", |c| c.is_ascii_hexdigit());
    let text = replaced(&text, "/api/files/", "ID", |c| c.is_ascii_hexdigit());
    let text = replaced(&text, "\"id\":", "ID", |c| c.is_ascii_digit());
    let text = replaced(&text, "_id\":", "ID", |c| c.is_ascii_digit());
    // Times: RFC 3339 in JSON, and at the start of a terminal's line.
    let text = replaced(&text, "\"20", "TIME", |c| {
        c.is_ascii_digit() || "-:.TZ".contains(c)
    });
    replaced(&text, "\n20", "TIME", |c| {
        c.is_ascii_digit() || "-: ".contains(c)
    })
}

/// Replaces what follows each `start` and holds only such characters.
fn replaced(text: &str, start: &str, name: &str, is_part: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(start);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&is_part);
        masked.push_str(start);
        if rest.len() < part.len() {
            masked.push_str(name);
        }
        masked.push_str(rest);
    }
    masked
}

/// Whether `text` is `pattern`, in which each `…` stands for something that is left out.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[tokio::test]
async fn five_minutes_can_be_pasted_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    // The limits on rates are those of a newcomer.
    let server = Process::start_with(folder.path(), &[("PARLOR_LIMITS_RATES", "true")]).await;
    let mut shell = Shell::start(folder.path());
    shell
        .run("set -o pipefail; mkfifo typed; exec 9<>typed")
        .await;
    let with_websocat = std::env::var_os(WITH_WEBSOCAT).is_some();
    let (mut compared, mut terminals) = (0, 0);
    for step in steps() {
        let mut written = String::new();
        let is_terminal = step.commands[0].starts_with("websocat ");
        terminals += usize::from(is_terminal);
        if is_terminal && !with_websocat {
            continue;
        }
        for command in &step.commands {
            let mut command = command.replace("127.0.0.1:8000", &server.address.to_string());
            if is_terminal {
                // A person reads, and then leaves.
                command = format!("echo /quit >&9; {command} <typed");
            }
            written += &shell.run(&command).await;
        }
        let (shown, written) = (masked(&step.output), masked(&written));
        assert!(
            matches(&shown, &written),
            "{:?}\nREADME: {shown}\nserver: {written}",
            step.commands
        );
        compared += usize::from(!step.output.is_empty());
    }
    assert_eq!(terminals, 1, "one command is of a terminal");
    assert!(compared > 7, "only {compared} outputs were compared");
    server.kill().await;
}

#[test]
fn output_may_differ_only_where_it_is_left_out() {
    assert!(matches("a…c…e", "abcde"));
    assert!(!matches("a…c…e", "abcdef"));
    assert!(!matches("abc", "abcd"));
    assert_eq!(
        masked(r#"{"id":3,"at":"2026-11-23T11:54:41.120Z","token":"parlor_…"}"#),
        masked(r#"{"id":14,"at":"2027-01-03T01:02:03.456Z","token":"parlor_a7x"}"#)
    );
    assert_ne!(masked(r#"{"seq":3}"#), masked(r#"{"seq":4}"#));
}
