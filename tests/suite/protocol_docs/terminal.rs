//! The commands of `terminal.md` are those of the terminal.

use std::collections::BTreeSet;

use super::{examples::people, read_page};
use crate::support::{TestServer, User};

/// Returns the commands, as `/who`, that occur in a text.
fn commands(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '/');
    let commands = words.filter(|word| {
        word.strip_prefix('/')
            .is_some_and(|name| !name.is_empty() && !name.contains('/'))
    });
    commands.map(str::to_owned).collect()
}

/// Returns what `/help` says.
async fn help(user: &User, server: &TestServer) -> String {
    let room = user.create_room("terminal").await;
    let mut terminal = user.at(server.address).terminal(&room, "").await;
    terminal.enter("/help").await;
    let mut help = String::new();
    while !help.contains("in the address:") {
        help += &terminal.next().await;
        help.push('\n');
    }
    help
}

#[tokio::test]
async fn page_lists_every_command_and_parameter() {
    let server = TestServer::start().await;
    let ([ana, ..], _) = people(&server).await;
    let help = help(&ana, &server).await;
    let page = read_page("terminal.md");
    let (_, page) = page.split_once("\n## Commands\n").unwrap();
    let (table, page) = page.split_once("\n## Parameters of the address\n").unwrap();
    let (_, help_commands) = help.split_once("/help\n").unwrap();
    let (help_commands, help_parameters) = help_commands.split_once("in the address:").unwrap();

    let listed: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| commands(line.split(" | ").next().unwrap()))
        .collect();
    // `//x` is no command: it sends a text that begins with a slash.
    let mut known = commands(help_commands);
    known.remove("/x");
    assert!(known.len() > 20, "{help}");
    assert_eq!(listed, known);

    let (parameters, _) = page.split_once("\n## ").unwrap();
    for parameter in help_parameters.split('?').skip(1) {
        let name = parameter.split('=').next().unwrap();
        assert!(parameters.contains(&format!("| `?{name}=")), "?{name}");
    }
    assert!(help_parameters.matches('?').count() > 4, "{help}");
}
