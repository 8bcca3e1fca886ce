//! Uploads that are refused, given up or too many, and what is cleared away: nothing is left, and
//! memory does not grow with what is brought.

use std::{future::pending, path::Path, time::Duration};

use futures_util::{StreamExt, stream};
use image::ImageFormat;
use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::{
    command_line::Running,
    files::{fetch, on_disk, on_disk_become, picture, send, sent, upload_file, uploaded, url},
    support::{Reply, Room, TestServer, User, Wire, within},
};

const MIB: usize = 1024 * 1024;

/// A body of so many MiB of which nobody knows the length beforehand.
fn body_of_unknown_length(mib: usize) -> Body {
    let piece = vec![7_u8; MIB];
    let pieces = stream::iter((0..mib).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    Body::wrap_stream(pieces)
}

/// Begins an upload that goes on for ever, and answers once the first bytes are on disk.
async fn begin_upload(server: &TestServer, user: &User, room: &Room) -> Wire {
    let before = on_disk(server).len();
    let mut wire = Wire::connect_with_small_buffer(server.address).await;
    let head = format!(
        "POST /api/rooms/{}/files HTTP/1.1\r\nhost: parlor\r\nauthorization: Bearer {}\r\n\
         content-length: 1000000\r\n\r\n",
        room.id, user.token
    );
    wire.write(head.as_bytes()).await;
    wire.write(&[7; 5000]).await;
    on_disk_become(server, before + 1).await;
    wire
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_upload_is_refused_and_leaves_nothing() {
    let server = TestServer::with(|config| config.limits.file_bytes = 3 * MIB as u64).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for body in [Body::from(vec![7; 3 * MIB + 1]), body_of_unknown_length(4)] {
        let refusal = upload_file(&ana, &room, "x", body)
            .await
            .refused(413, "too_large");
        let words = refusal["detail"].as_str().unwrap();
        assert!(words.contains("3145728"), "{words}");
    }
    on_disk_become(&server, 0).await;
    uploaded(&ana, &room, "x", vec![7; 3 * MIB]).await;
    uploaded(&ana, &room, "x", body_of_unknown_length(3)).await;
    let about = server.get("/api/server").await.expect(200);
    assert_eq!(about["limits"]["file_bytes"], 3 * MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_apply_per_user_and_in_total() {
    let server = TestServer::with(|config| {
        config.limits.files_per_user_mb = 2;
        config.limits.files_total_mb = 3;
    })
    .await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let body = || vec![7; MIB + MIB / 2];
    let (first, message) = sent(&ana, &room, "x", body()).await;
    upload_file(&ana, &room, "x", body())
        .await
        .refused(507, "no_room");
    // An upload of unknown size counts with the maximum size.
    upload_file(&ben, &room, "x", body_of_unknown_length(1))
        .await
        .refused(507, "no_room");
    uploaded(&ben, &room, "x", body()).await;
    upload_file(&ana, &room, "x", "x")
        .await
        .refused(507, "no_room");
    let words = upload_file(&ben, &room, "x", "x")
        .await
        .refused(507, "no_room");
    let words = words["detail"].as_str().unwrap();
    assert!(words.contains("server has no room"), "{words}");
    on_disk_become(&server, 2).await;
    fetch(&ana, url(&first), &[]).await.0.is(200);
    // Deleted files no longer count for the user, and soon leave the disk.
    let path = format!("/api/rooms/{}/messages/{}", room.id, message["seq"]);
    ana.delete(&path).await.expect(204);
    within("room for another", async {
        while upload_file(&ana, &room, "x", body()).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_uploads_cannot_exceed_a_quota() {
    let server = TestServer::with(|config| config.limits.files_per_user_mb = 1).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let wire = begin_upload(&server, &ana, &room).await;
    upload_file(&ana, &room, "x", vec![7; MIB / 2])
        .await
        .refused(507, "no_room");
    drop(wire);
    on_disk_become(&server, 0).await;
    within("its place in the quota", async {
        while upload_file(&ana, &room, "x", vec![7; MIB / 2]).await.status != 201 {}
    })
    .await;
}

#[tokio::test]
async fn admin_command_keeps_uploads_in_progress() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut wire = begin_upload(&server, &ana, &room).await;
    let data = server.folder();
    let made = tokio::process::Command::new(env!("CARGO_BIN_EXE_parlor"))
        .args(["admin", "ana", "--data"])
        .arg(&data)
        .env_clear()
        .output();
    let made = within("the program to end", made).await.unwrap();
    assert!(made.status.success(), "{made:?}");
    wire.write(&vec![7; 1_000_000 - 5000]).await;
    let answer = wire.http_head().await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborted_upload_leaves_nothing() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut wires = Vec::new();
    for _ in 0..4 {
        wires.push(begin_upload(&server, &ana, &room).await);
    }
    let refusal = upload_file(&ana, &room, "x", "x").await;
    refusal.refused(429, "too_many_uploads");
    assert!(refusal.header("retry-after").is_some());
    drop(wires);
    on_disk_become(&server, 0).await;
    within("a place for the next", async {
        while upload_file(&ana, &room, "x", "x").await.status != 201 {}
    })
    .await;
    on_disk_become(&server, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_upload_succeeds_while_it_progresses() {
    let server = TestServer::with(|config| {
        // Long enough for a sign-up on a busy machine.
        config.timing.request_ms = 3000;
        config.timing.stall_ms = 10_000;
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    // Each piece comes within the time of a request; all together they take several of them.
    let pieces = stream::iter(0..12).then(|_| async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok::<_, std::io::Error>(vec![7_u8; 1000])
    });
    let file = uploaded(&ana, &room, "x", Body::wrap_stream(pieces)).await;
    assert_eq!(file["size"], 12_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_upload_fails() {
    let server = TestServer::with(|config| config.timing.stall_ms = 300).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let first = stream::iter([Ok::<_, std::io::Error>(vec![7_u8; 1000])]);
    let body = Body::wrap_stream(first.chain(stream::once(pending())));
    upload_file(&ana, &room, "x", body)
        .await
        .refused(408, "timeout");
    on_disk_become(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restricted_member_cannot_upload() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/api/rooms/{}", room.id);
    ana.patch(&path, json!({ "locked": true }))
        .await
        .expect(200);
    upload_file(&ben, &room, "x", "x")
        .await
        .refused(403, "locked");
    uploaded(&ana, &room, "x", "x").await;
    // Nor may who was removed while the file came in.
    ana.patch(&path, json!({ "locked": false }))
        .await
        .expect(200);
    let mut wire = begin_upload(&server, &ben, &room).await;
    ana.kick(&room, &ben).await;
    wire.write(&vec![7; 995_000]).await;
    let head = wire.http_head().await;
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    on_disk_become(&server, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_the_upload_and_frees_its_quota() {
    let server = TestServer::with(|config| config.limits.files_per_user_mb = 1).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let coming = server.folder().join("files/coming");
    std::fs::remove_dir(&coming).unwrap();
    let refusal = upload_file(&ana, &room, "x", vec![7; MIB]).await;
    let refusal = refusal.refused(507, "no_room");
    assert!(!refusal.to_string().contains("No such"), "{refusal}");
    std::fs::create_dir(&coming).unwrap();
    within("its place in the quota", async {
        while upload_file(&ana, &room, "x", vec![7; MIB]).await.status != 201 {}
    })
    .await;
    ana.send_message(&room, "still here").await;
}

/// Starts the server anew on the same folder, which has it sweep at once.
async fn restart(server: TestServer, folder: &Path, unsent_files_ms: u64) -> TestServer {
    server.stopped().await;
    TestServer::on(folder.to_owned(), |config| {
        config.timing.unsent_files_ms = unsent_files_ms;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreachable_files_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let day = 86_400_000;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let attic = ana.create_room("attic").await;
    let (kept, _) = sent(&ana, &room, "kept.bin", "x").await;
    let (_, deleted) = sent(&ana, &room, "a.png", picture(ImageFormat::Png, 600, 20)).await;
    let unsent = uploaded(&ana, &room, "unsent.bin", "x").await;
    sent(&ana, &attic, "of a deleted room", "x").await;
    assert_eq!(on_disk(&server).len(), 5, "one has a thumbnail");

    let path = format!("/api/rooms/{}/messages/{}", room.id, deleted["seq"]);
    ana.delete(&path).await.expect(204);
    on_disk_become(&server, 3).await;
    ana.delete(&format!("/api/rooms/{}", attic.id))
        .await
        .expect(204);
    // Remains of an upload after a crash.
    let coming = folder.path().join("files/coming/left");
    std::fs::write(&coming, "x").unwrap();
    let server = restart(server, folder.path(), day).await;
    assert!(!coming.exists());
    let ana = ana.at(server.address);
    fetch(&ana, url(&unsent), &[]).await.0.is(200);
    on_disk_become(&server, 2).await;

    let server = restart(server, folder.path(), 0).await;
    on_disk_become(&server, 1).await;
    let ana = ana.at(server.address);
    fetch(&ana, url(&kept), &[]).await.0.is(200);
    ana.get(url(&unsent)).await.refused(404, "not_found");
    send(&ana, &room, "late", &[&unsent])
        .await
        .refused(422, "invalid");
    server.stopped().await;
}

/// A JPEG that says where it was made, and that it is to be turned.
fn with_place(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut entry = Vec::new();
        entry.extend(tag.to_le_bytes());
        entry.extend(kind.to_le_bytes());
        entry.extend(count.to_le_bytes());
        entry.extend(value.to_le_bytes());
        entry
    };
    tiff.extend(2_u16.to_le_bytes());
    tiff.extend(entry(0x0112, 3, 1, 6));
    tiff.extend(entry(0x8825, 4, 1, 38));
    tiff.extend(0_u32.to_le_bytes());
    tiff.extend(1_u16.to_le_bytes());
    tiff.extend(entry(0x0001, 2, 2, u32::from(b'N')));
    tiff.extend(0_u32.to_le_bytes());
    tiff.extend(b"52 deg 31 min north");
    let mut exif = b"Exif\0\0".to_vec();
    exif.extend(tiff);
    let length = u16::try_from(exif.len() + 2).unwrap();
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}

#[tokio::test]
async fn thumbnail_is_small_rotated_and_without_metadata() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let photo = with_place(&picture(ImageFormat::Jpeg, 1200, 300));
    assert!(holds(&photo, b"Exif") && holds(&photo, b"52 deg"));
    let file = uploaded(&ana, &room, "photo.jpg", photo.clone()).await;
    assert_eq!(
        (&file["width"], &file["height"]),
        (&json!(300), &json!(1200))
    );
    let path = file["thumbnail"].as_str().unwrap();
    let (reply, small) = fetch(&ana, path, &[]).await;
    reply.is(200);
    assert_eq!(reply.header("content-type"), Some("image/jpeg"));
    assert!(!holds(&small, b"Exif") && !holds(&small, b"52 deg"));
    let seen = image::load_from_memory(&small).unwrap();
    assert_eq!((seen.width(), seen.height()), (120, 480));
    let tag = reply.header("etag").unwrap();
    fetch(&ana, path, &[("if-none-match", tag)]).await.0.is(304);
    // The original is its sender's to give, and comes as it went.
    assert_eq!(fetch(&ana, url(&file), &[]).await.1, photo);

    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let file = uploaded(&ana, &room, "x", picture(format, 500, 100)).await;
        assert_eq!(file["width"], 500, "{format:?}");
        let path = file["thumbnail"].as_str().unwrap();
        let (_, small) = fetch(&ana, path, &[]).await;
        assert_eq!(image::load_from_memory(&small).unwrap().width(), 480);
    }
}

#[tokio::test]
async fn oversized_picture_gets_no_thumbnail() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    // A header that promises 900 megapixels, and a picture cut in two.
    let mut bomb = picture(ImageFormat::Png, 8, 8);
    bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    let whole = picture(ImageFormat::Png, 200, 200);
    for (bytes, width) in [(bomb, 30_000), (whole[..whole.len() / 2].to_vec(), 200)] {
        let file = uploaded(&ana, &room, "x.png", bytes.clone()).await;
        assert_eq!(file["thumbnail"], Value::Null);
        assert_eq!(file["width"], width);
        assert_eq!(fetch(&ana, url(&file), &[]).await.1, bytes);
        ana.get(&format!("{}/thumbnail", url(&file)))
            .await
            .refused(404, "not_found");
    }
}

/// Returns the resident memory of a process in KiB.
pub(crate) fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upload_memory_does_not_grow_with_the_file() {
    const SIZE: usize = 256;
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "--set",
        "limits.file_bytes=1073741824",
        "--set",
        "limits.files_per_user_mb=0",
    ];
    let running = Running::start(folder.path(), &settings).await;
    let process = running.child.id().unwrap();
    let ana = User::sign_up(running.address(), "ana").await;
    let room = ana.create_room("lobby").await;
    // The first upload allocates buffers that stay.
    let small = uploaded(&ana, &room, "small", vec![7; 2 * MIB]).await;
    fetch(&ana, url(&small), &[]).await.0.is(200);

    let before = resident(process);
    let mut most = before;
    let (told, mut seen) = tokio::sync::mpsc::channel(1024);
    let piece = vec![7_u8; MIB];
    let pieces = stream::iter(0..SIZE).map(move |_| {
        let _ = told.try_send(resident(process));
        Ok::<_, std::io::Error>(piece.clone())
    });
    let path = format!("/api/rooms/{}/files", room.id);
    let request = ana
        .request(Method::POST, &path)
        .body(Body::wrap_stream(pieces));
    let file = Reply::of(request).await.expect(201);
    assert_eq!(file["size"], SIZE * MIB);
    while let Ok(now) = seen.try_recv() {
        most = most.max(now);
    }
    let uploaded = most.max(resident(process)) - before;
    println!("{uploaded} KiB more while it came in");
    assert!(uploaded < 16 * 1024, "{uploaded} KiB more while it came in");

    let mut response = ana.request(Method::GET, url(&file)).send().await.unwrap();
    let (mut size, mut most) = (0, before);
    while let Some(piece) = response.chunk().await.unwrap() {
        if size / MIB != (size + piece.len()) / MIB {
            most = most.max(resident(process));
        }
        size += piece.len();
    }
    assert_eq!(size, SIZE * MIB);
    let fetched = most - before;
    println!("{fetched} KiB more while it went out");
    assert!(fetched < 16 * 1024, "{fetched} KiB more while it went out");
    running.ended_by(rustix::process::Signal::TERM).await;
}
