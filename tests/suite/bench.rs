//! `parlor bench`, from its arguments to its files. No figure is looked at: they are the machine's.

use std::{fs, path::Path, process::Output};

use tokio::process::Command;

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
async fn a_row_is_measured_printed_and_written_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["start", "--quick", "--messages", "500", "--folder", "data"];
    let output = bench(folder.path(), &arguments).await;
    assert!(output.status.success(), "{output:?}");

    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("| start to first answer | ms |"), "{table}");
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("1/1 start: turn 2 of 2"), "{progress}");

    let json = fs::read(folder.path().join("parlor-bench.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let row = &report["rows"][0];
    assert_eq!(row["name"], "start to first answer");
    let turns = |who: &str| row[who].as_array().unwrap().len();
    assert_eq!((turns("floor"), turns("ours")), (3, 2), "{row}");
    assert_eq!(fs::read_dir(data).unwrap().count(), 0, "nothing is left");
}

#[tokio::test]
async fn a_row_that_does_not_exist_is_told_with_those_that_do() {
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
