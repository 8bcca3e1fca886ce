//! Settings: where they come from, which wins, and what is said of those that cannot be used.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use crate::command_line::{Running, parlor, refusal};

#[tokio::test]
async fn an_unknown_setting_is_told_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut by_variable = parlor(folder.path(), &[]);
    by_variable.env("PARLOR_LISTN", "127.0.0.1:0");
    let words = refusal(by_variable, 2).await;
    assert!(
        words.contains("PARLOR_LISTN") && words.contains("did you mean PARLOR_LISTEN?"),
        "{words}"
    );

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
async fn a_setting_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, named) in [
        (["--listen", "here"], "listen"),
        (["--listen", "localhost:8000"], "such as 127.0.0.1:8000"),
        (["--set", "limits.rates=maybe"], "limits.rates"),
        (["--set", "limits.body_chars=0"], "limits.body_chars"),
        (
            ["--set", "limits.body_chars=-1"],
            "limits.body_chars in the settings: invalid value: integer `-1`, expected a whole number",
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

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_that_over_the_file() {
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
async fn the_example_is_printed_and_is_a_settings_file() {
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
