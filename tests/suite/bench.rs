//! `parlor bench`, from its arguments to its files. No figure is looked at: they are the machine's.

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::support::within;

async fn bench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command
        .arg("bench")
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true);
    within("the measurement", command.output()).await.unwrap()
}

#[tokio::test]
async fn row_is_measured_printed_and_cleaned_up() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["start", "--quick", "--messages", "500", "--folder", "data"];
    let output = bench(folder.path(), &arguments).await;
    assert!(output.status.success(), "{output:?}");

    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("| start to first answer | ms |"), "{table}");
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("1/1 start: sample 2 of 2"), "{progress}");

    let json = fs::read(folder.path().join("parlor-bench.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let row = &report["rows"][0];
    assert_eq!(row["name"], "start to first answer");
    let samples = |who: &str| row[who].as_array().unwrap().len();
    assert_eq!((samples("baseline"), samples("parlor")), (3, 2), "{row}");
    assert_eq!(fs::read_dir(data).unwrap().count(), 0, "nothing is left");
}

/// The processes whose parent is `process`.
fn children(process: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|child| stat(*child).is_some_and(|(_, parent)| parent == process))
        .collect()
}

/// The state of a process, and its parent.
fn stat(process: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

#[tokio::test]
async fn interrupt_leaves_no_folder_and_no_process() {
    for signal in [Signal::INT, Signal::TERM] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut bench = Command::new(env!("CARGO_BIN_EXE_parlor"))
            .args(["bench", "sends-1", "--quick", "--folder", "data"])
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut progress = BufReader::new(bench.stderr.take().unwrap()).lines();
        // By then a server runs.
        let begun = async {
            while let Some(line) = progress.next_line().await.unwrap() {
                if line.contains("sample 1 of") {
                    return;
                }
            }
            panic!("it ended before it was interrupted");
        };
        within("the first sample", begun).await;
        let process = bench.id().unwrap();
        let started = children(process);
        assert!(!started.is_empty(), "no server runs");
        assert!(fs::read_dir(&data).unwrap().count() > 0, "no folder");

        kill_process(Pid::from_raw(process.try_into().unwrap()).unwrap(), signal).unwrap();
        let status = within("the end", bench.wait()).await.unwrap();
        assert_eq!(status.code(), Some(130), "{signal:?}: {status}");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "a folder is left");
        let left = started.iter().filter_map(|child| stat(*child));
        let left: Vec<_> = left.filter(|(state, _)| state != "Z").collect();
        assert!(left.is_empty(), "{signal:?}: {left:?} are left");
    }
}

#[tokio::test]
async fn unknown_row_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &["fan-in"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.starts_with("parlor: there is no row \"fan-in\""),
        "{words}"
    );
    assert!(words.contains("fan-out-one"), "{words}");
}
