//! Settings: where they come from, which wins, and what is said of those that cannot be used.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use rustix::process::Signal;

use crate::command_line::{Running, parlor, refusal};

#[tokio::test]
async fn unknown_setting_suggests_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut not_text = parlor(folder.path(), &[]);
    not_text.env("PARLOR_NAME", OsStr::from_bytes(b"caf\xe9"));
    let words = refusal(not_text, 2).await;
    assert!(
        words.contains("PARLOR_NAME in the environment: is not UTF-8"),
        "{words}"
    );

    let by_flag = parlor(folder.path(), &["--set", "limits.rate=false"]);
    let words = refusal(by_flag, 2).await;
    assert!(
        words.contains("limits.rate ") && words.contains("did you mean limits.rates?"),
        "{words}"
    );

    for (text, nearest) in [
        ("[limits]\nbody_char = 5\n", "limits.body_chars"),
        ("[limit]\nbody_chars = 5\n", "limits.body_chars"),
        ("nmae = \"x\"\n", "name"),
    ] {
        fs::write(folder.path().join("parlor.toml"), text).unwrap();
        let words = refusal(parlor(folder.path(), &[]), 2).await;
        assert!(
            words.contains("parlor.toml") && words.contains(&format!("did you mean {nearest}?")),
            "{words}"
        );
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[tokio::test]
async fn invalid_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, named) in [
        (["--listen", "here"], "listen"),
        (["--listen", "localhost:8000"], "such as 127.0.0.1:8000"),
        (["--set", "limits.rates=maybe"], "limits.rates"),
        (["--set", "limits.body_chars=0"], "limits.body_chars"),
        (
            ["--set", "limits.body_chars=-1"],
            "limits.body_chars in the settings: must be a whole number from 0, for example limits.body_chars = 4000",
        ),
        (
            ["--set", "limits.send_per_s=2000000000"],
            "limits.send_per_s",
        ),
        (["--set", "log.format=xml"], "log.format"),
        (["--set", "log.level=parlor=loud"], "log.level"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
    ] {
        let words = refusal(parlor(folder.path(), &arguments), 2).await;
        assert!(words.contains(named), "{arguments:?}: {words}");
    }
    fs::write(folder.path().join("parlor.toml"), "listen =\n").unwrap();
    let words = refusal(parlor(folder.path(), &[]), 2).await;
    assert!(words.contains("parlor.toml is not valid TOML"), "{words}");
}

/// Returns the log of a server that is started with these variables and stopped again.
async fn log_with(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = parlor(folder.path(), &["--listen", "127.0.0.1:0"]);
    command.envs(variables.iter().copied());
    let running = Running::of(command).await;
    running.healthy().await;
    let output = running.ended_by(Signal::TERM).await;
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    log
}

#[tokio::test]
async fn unknown_variable_is_warned_of_and_ignored() {
    let log = log_with(&[
        ("PARLOR_LISTN", "127.0.0.1:1"),
        ("PARLOR_PORT", "9000"),
        ("PARLORS", "x"),
    ])
    .await;
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 2, "{log}");
    let words = "PARLOR_LISTN is not a setting and is ignored; did you mean PARLOR_LISTEN?";
    assert!(log.contains(words), "{log}");
    let words = "PARLOR_PORT is not a setting and is ignored; parlor config lists all settings";
    assert!(log.contains(words), "{log}");

    let folder = tempfile::tempdir().unwrap();
    let mut command = parlor(folder.path(), &["admin", "ada"]);
    command.env("PARLOR_DATTA", "elsewhere");
    let output = command.output().await.unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("PARLOR_DATTA is not a setting"), "{words}");
    assert!(words.contains("did you mean PARLOR_DATA?"), "{words}");
}

#[tokio::test]
async fn kubernetes_service_named_parlor_does_not_prevent_start() {
    let log = log_with(&[
        ("PARLOR_SERVICE_HOST", "10.0.0.1"),
        ("PARLOR_SERVICE_PORT", "8000"),
        ("PARLOR_SERVICE_PORT_HTTP", "8000"),
        ("PARLOR_PORT", "tcp://10.0.0.1:8000"),
        ("PARLOR_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("PARLOR_PORT_8000_TCP_PROTO", "tcp"),
        ("PARLOR_PORT_8000_TCP_PORT", "8000"),
        ("PARLOR_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("PARLOR_WEB_SERVICE_HOST", "10.0.0.2"),
        ("PARLOR_WEB_PORT", "tcp://10.0.0.2:80"),
    ])
    .await;
    assert!(!log.contains("WARN"), "{log}");
    let words = "ignored the variables that describe a service of this name";
    let line = log.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("{log}"));
    for name in ["PARLOR_SERVICE_HOST", "PARLOR_PORT", "PARLOR_WEB_PORT"] {
        assert!(line.contains(name), "{line}");
    }
}

#[tokio::test]
async fn new_server_logs_no_warning() {
    let log = log_with(&[]).await;
    let first = log.lines().next().unwrap_or_default();
    assert!(first.contains("INFO"), "{log}");
    assert!(first.contains("limits.connections"), "{log}");
    assert!(!log.contains("WARN"), "{log}");
}

#[tokio::test]
async fn list_setting_accepts_toml_or_commas() {
    let origin = "https://app.example.org";
    for list in [
        format!("[\"{origin}\"]"),
        format!("['{origin}', \"https://b.example\"]"),
        origin.to_owned(),
        format!("https://b.example, {origin}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let set = format!("http.cors_origins={list}");
        let running = Running::start(folder.path(), &["--set", &set]).await;
        let request = reqwest::Client::new()
            .get(format!("{}api/server", running.said("page")))
            .header("origin", origin);
        let answer = request.send().await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin");
        let allowed = allowed.and_then(|value| value.to_str().ok());
        assert_eq!(allowed, Some(origin), "{list}");
        running.stopped().await;
    }
    let folder = tempfile::tempdir().unwrap();
    for (set, words) in [
        (
            "http.cors_origins=[1]",
            "http.cors_origins[0] in the settings: must be text in double quotes, for example http.cors_origins = [\"https://app.example.org\"]",
        ),
        (
            "http.trusted_proxies=[\"proxy\"]",
            "http.trusted_proxies[0] in the settings: must be an IP address, for example http.trusted_proxies = [\"127.0.0.1\"]",
        ),
        (
            "limits.rates=maybe",
            "limits.rates in the command line: must be true or false, not text, for example limits.rates = true",
        ),
        (
            "registration=shut",
            "registration in the settings: must be \"open\", \"invite\" or \"closed\", for example registration = \"open\"",
        ),
        (
            "log.level=parlor=loud",
            "log.level in the settings: must be error, warn, info, debug or trace, or a filter such as parlor=debug,info",
        ),
    ] {
        let told = refusal(parlor(folder.path(), &["--set", set]), 2).await;
        assert_eq!(told.trim(), format!("parlor: {words}"), "{set}");
    }
}

#[tokio::test]
async fn flag_overrides_environment_overrides_file() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "listen = \"127.0.0.1:0\"\nname = \"File\"\ndata = \"from-file\"\n\
                    [limits]\nbody_chars = 11\nrequest_bytes = 2222\n";
    fs::write(folder.path().join("parlor.toml"), settings).unwrap();
    let mut command = parlor(folder.path(), &["serve", "--set", "limits.body_chars=33"]);
    command
        .env("PARLOR_NAME", "Environment")
        .env("PARLOR_LIMITS_BODY_CHARS", "22")
        .env("PARLOR_DATA", "from-environment");
    let running = Running::of(command).await;
    assert!(
        running.banner.starts_with("Environment "),
        "{}",
        running.banner
    );
    assert_eq!(running.said("settings"), "parlor.toml");
    assert!(
        running.said("data").ends_with("/from-environment"),
        "{}",
        running.banner
    );
    let about = reqwest::get(format!("{}api/server", running.said("page")))
        .await
        .unwrap();
    let about: serde_json::Value = about.json().await.unwrap();
    assert_eq!(about["limits"]["body_chars"], 33, "{about}");
    assert_eq!(about["limits"]["request_bytes"], 2222, "{about}");
    running.stopped().await;
}

#[tokio::test]
async fn printed_example_is_a_valid_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = parlor(folder.path(), &["config"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let example = String::from_utf8(output.stdout).unwrap();
    assert_eq!(example, include_str!("../../parlor.example.toml"));
    fs::write(folder.path().join("mine.toml"), &example).unwrap();
    let running = Running::start(folder.path(), &["--config", "mine.toml"]).await;
    assert_eq!(running.said("settings"), "mine.toml");
    running.stopped().await;
}
