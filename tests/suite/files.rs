//! Files: brought by whoever is in a room, and fetched by whoever still is.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
    time::Duration,
};

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use reqwest::{Body, Method};
use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User, within};

/// Brings a file as `curl --data-binary @photo.jpg` does.
pub(crate) async fn upload_file(
    user: &User,
    room: &Room,
    name: &str,
    bytes: impl Into<Body>,
) -> Reply {
    let path = format!("/api/rooms/{}/files?name={name}", room.id);
    let request = user.request(Method::POST, &path);
    let form = "application/x-www-form-urlencoded";
    Reply::of(request.header("content-type", form).body(bytes)).await
}

/// Uploads a file and returns its JSON.
pub(crate) async fn uploaded(
    user: &User,
    room: &Room,
    name: &str,
    bytes: impl Into<Body>,
) -> Value {
    upload_file(user, room, name, bytes).await.expect(201)
}

pub(crate) async fn send(user: &User, room: &Room, body: &str, files: &[&Value]) -> Reply {
    let ids: Vec<&Value> = files.iter().map(|file| &file["id"]).collect();
    let path = format!("/api/rooms/{}/messages", room.id);
    user.post(&path, json!({ "body": body, "files": ids }))
        .await
}

/// A file that came with a message of its own.
pub(crate) async fn sent(
    user: &User,
    room: &Room,
    name: &str,
    bytes: impl Into<Body>,
) -> (Value, Value) {
    let file = uploaded(user, room, name, bytes).await;
    let message = send(user, room, "", &[&file]).await.expect(201);
    (file, message)
}

pub(crate) fn url(file: &Value) -> &str {
    file["url"].as_str().unwrap()
}

/// An answer with its bytes.
pub(crate) async fn fetch(user: &User, path: &str, headers: &[(&str, &str)]) -> (Reply, Vec<u8>) {
    let mut request = user.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap().to_vec();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (Reply::made(status, headers, text, path), bytes)
}

/// Everything below the folder of files, with the folders themselves left out.
pub(crate) fn on_disk(server: &TestServer) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![server.folder().join("files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

/// Waits until so many files are on disk.
pub(crate) async fn on_disk_become(server: &TestServer, count: usize) {
    within("what is left to go", async {
        while on_disk(server).len() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub(crate) fn picture(format: ImageFormat, across: u32, down: u32) -> Vec<u8> {
    let pixels = RgbaImage::from_fn(across, down, |x, y| {
        let shade = |part: u32, whole: u32| u8::try_from(part * 255 / whole).unwrap();
        Rgba([shade(x, across), shade(y, down), 90, 255])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(pixels)
        .to_rgb8()
        .write_to(&mut bytes, format)
        .unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn attached_file_is_downloaded_unchanged() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let reply = upload_file(&ana, &room, "notes.txt", bytes.clone()).await;
    let file = reply.expect(201);
    assert_eq!(reply.header("location"), Some(url(&file)));
    assert_eq!(file["name"], "notes.txt");
    assert_eq!(file["mime"], "text/plain");
    assert_eq!(file["size"], bytes.len());
    assert_eq!(file["thumbnail"], Value::Null);
    assert_eq!(file["id"].as_str().unwrap().len(), 32);

    // Until it is sent it is its sender's alone.
    fetch(&ana, url(&file), &[]).await.0.is(200);
    ben.get(url(&file)).await.refused(404, "not_found");
    let (mut socket, _) = ben.connect().await;
    let message = send(&ana, &room, "read this", &[&file]).await.expect(201);
    assert_eq!(message["files"], json!([file]));
    assert_eq!(socket.next_message().await["files"], json!([file]));
    let path = format!("/api/rooms/{}/messages/{}", room.id, message["seq"]);
    assert_eq!(ben.get(&path).await.expect(200)["files"], json!([file]));

    let (reply, fetched) = fetch(&ben, url(&file), &[("accept-encoding", "gzip")]).await;
    reply.is(200);
    assert_eq!(fetched, bytes);
    assert_eq!(reply.header("content-encoding"), None);
    assert_eq!(reply.header("content-length"), Some("300000"));
    assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    let disposition = reply.header("content-disposition").unwrap();
    assert_eq!(disposition, "attachment; filename=\"notes.txt\"");
    // A user who loses access must not get the file from the browser's cache.
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    let head = Reply::of(ben.request(Method::HEAD, url(&file))).await;
    head.is(200);
    assert_eq!(head.header("content-length"), Some("300000"));

    let files = on_disk(&server);
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(mode(&files[0]), 0o600);
    assert_eq!(mode(&server.folder().join("files")), 0o700);
    let id = file["id"].as_str().unwrap();
    assert!(
        files[0].ends_with(format!("{}/{id}", &id[..2])),
        "{files:?}"
    );
}

#[tokio::test]
async fn empty_list_of_files_attaches_nothing() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    send(&ana, &room, "words", &[]).await.expect(201);
    send(&ana, &room, " ", &[]).await.refused(422, "invalid");
    let (mut socket, _) = ana.connect().await;
    let frame = json!({ "type": "send", "key": "k", "room_id": room.id, "body": "x", "files": [] });
    socket.send(frame).await;
    assert_eq!(socket.answer().await["type"], "ack");
}

#[tokio::test]
async fn text_of_a_message_with_files_can_be_removed() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let file = uploaded(&ana, &room, "notes.txt", b"x".to_vec()).await;
    let with = send(&ana, &room, "read this", &[&file]).await.expect(201);
    let without = ana.send_message(&room, "words alone").await;
    let path = |message: &Value| format!("/api/rooms/{}/messages/{}", room.id, message["seq"]);
    let edited = ana.patch(&path(&with), json!({ "body": " " })).await;
    let edited = edited.expect(200);
    assert_eq!(
        (&edited["body"], &edited["files"]),
        (&json!(""), &json!([file]))
    );
    let refused = ana.patch(&path(&without), json!({ "body": " " })).await;
    let refused = refused.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/body", "{refused}");
}

#[tokio::test]
async fn curl_upload_keeps_its_file_name() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let path = format!("/api/rooms/{}/files/", room.id);
    let put = ana.request(Method::PUT, &format!("{path}my%20plan.pdf"));
    let file = Reply::of(put.body("%PDF-1.7")).await.expect(201);
    assert_eq!(file["name"], "my plan.pdf");
    assert_eq!(file["mime"], "application/pdf");
    let post = ana
        .request(Method::POST, &path)
        .header("x-file-name", "a%2Fb.bin");
    let file = Reply::of(post.body("x")).await.expect(201);
    assert_eq!(file["name"], "b.bin");
    for (disposition, name) in [
        ("attachment; filename=\"a;b.txt\"", "a;b.txt"),
        (
            "attachment; filename=\"plan.txt\"; filename*=UTF-8''Pl%C3%A4ne%3B%202.txt",
            "Pläne; 2.txt",
        ),
    ] {
        let post = ana.request(Method::POST, &path);
        let post = post.header("content-disposition", disposition);
        let file = Reply::of(post.body("x")).await.expect(201);
        assert_eq!(file["name"], name);
    }
    let empty = ana.request(Method::POST, &path).body("");
    Reply::of(empty).await.refused(422, "invalid");
    on_disk_become(&server, 4).await;
}

#[tokio::test]
async fn ranges_and_conditional_requests_are_served() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let file = uploaded(&ana, &room, "x.bin", bytes.clone()).await;
    let path = url(&file);
    let (whole, _) = fetch(&ana, path, &[]).await;
    let tag = whole.header("etag").unwrap();
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-150000", 1000, 150_001),
        ("bytes=199999-", 199_999, 200_000),
        ("bytes=-7", 199_993, 200_000),
    ] {
        let (reply, part) = fetch(&ana, path, &[("range", range)]).await;
        reply.is(206);
        assert_eq!(part, bytes[first..end], "{range}");
        let said = format!("bytes {first}-{}/200000", end - 1);
        assert_eq!(reply.header("content-range"), Some(said.as_str()));
    }
    let (reply, _) = fetch(&ana, path, &[("range", "bytes=200000-")]).await;
    reply.refused(416, "range_not_satisfiable");
    assert_eq!(reply.header("content-range"), Some("bytes */200000"));
    let part = ("range", "bytes=0-9");
    fetch(&ana, path, &[part, ("if-range", tag)])
        .await
        .0
        .is(206);
    let (reply, all) = fetch(&ana, path, &[part, ("if-range", "\"other\"")]).await;
    reply.is(200);
    assert_eq!(all, bytes);
    let (reply, nothing) = fetch(&ana, path, &[("if-none-match", tag)]).await;
    reply.is(304);
    assert!(nothing.is_empty());
    assert_eq!(reply.header("etag"), Some(tag));
}

#[tokio::test]
async fn file_is_not_found_for_non_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let eve = server.user("eve").await;
    let (file, message) = sent(&ana, &room, "cat.png", picture(ImageFormat::Png, 64, 64)).await;
    let small = file["thumbnail"].as_str().unwrap();
    fetch(&ben, url(&file), &[]).await.0.is(200);
    fetch(&ben, small, &[]).await.0.is(200);
    upload_file(&eve, &room, "x", "x")
        .await
        .refused(404, "not_found");
    server.get(url(&file)).await.refused(401, "unauthenticated");
    ben.leave(&room).await;
    for outsider in [&eve, &ben] {
        outsider.get(url(&file)).await.refused(404, "not_found");
        outsider.get(small).await.refused(404, "not_found");
    }
    let (other, _) = sent(&ana, &room, "y.bin", "y").await;
    let path = format!("/api/rooms/{}/messages/{}", room.id, message["seq"]);
    ana.delete(&path).await.expect(204);
    ana.get(url(&file)).await.refused(404, "not_found");
    ana.get(small).await.refused(404, "not_found");
    assert_eq!(ana.get(&path).await.expect(200)["files"], json!([]));
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    ana.get(url(&other)).await.refused(404, "not_found");
    for nothing in ["0", "..", &"f".repeat(32), &"F".repeat(32)] {
        let path = format!("/api/files/{nothing}");
        ana.get(&path).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn message_attaches_only_unused_files_of_its_author_and_room() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let attic = ana.create_room("attic").await;
    let mine = uploaded(&ana, &room, "mine", "x").await;
    let bens = uploaded(&ben, &room, "bens", "x").await;
    let elsewhere = uploaded(&ana, &attic, "elsewhere", "x").await;
    let nothing = json!({ "id": "0".repeat(32) });
    for wrong in [
        vec![&bens],
        vec![&mine, &elsewhere],
        vec![&mine, &mine],
        vec![&nothing],
    ] {
        let refusal = send(&ana, &room, "hi", &wrong)
            .await
            .refused(422, "invalid");
        assert_eq!(refusal["errors"][0]["pointer"], "/files", "{refusal}");
    }
    let many = vec![&mine; 11];
    send(&ana, &room, "", &many).await.refused(422, "invalid");
    let path = format!("/api/rooms/{}/messages", room.id);
    let nameless = json!({ "body": "", "files": ["nonsense"] });
    ana.post(&path, nameless).await.refused(422, "invalid");

    // Nothing of what was refused is taken; with a key the same is sent once.
    let second = uploaded(&ana, &room, "second", "y").await;
    let draft = json!({ "body": " ", "key": "k", "files": [second["id"], mine["id"]] });
    let first = ana.post(&path, draft.clone()).await.expect(201);
    let names: Vec<&Value> = first["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["name"])
        .collect();
    assert_eq!(names, ["second", "mine"], "in the sender's order");
    assert_eq!(first["body"], "");
    assert_eq!(ana.post(&path, draft).await.expect(200), first);
    let other = json!({ "body": " ", "key": "k", "files": [mine["id"]] });
    ana.post(&path, other).await.refused(409, "key_conflict");
    send(&ana, &room, "again", &[&mine])
        .await
        .refused(422, "invalid");
    for none in [json!([]), Value::Null] {
        let blank = json!({ "body": " ", "files": none });
        ana.post(&path, blank).await.refused(422, "invalid");
        let words = json!({ "body": "words", "files": none });
        ana.post(&path, words).await.expect(201);
    }
    // An edit leaves the files alone.
    let place = format!("{path}/{}", first["seq"]);
    let edited = ana
        .patch(&place, json!({ "body": "words" }))
        .await
        .expect(200);
    assert_eq!(edited["files"], first["files"]);
}

#[tokio::test]
async fn files_are_sent_over_sockets_and_listed_at_a_terminal() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let file = uploaded(&ana, &room, "plan.pdf", "%PDF-1.7").await;
    let (mut socket, _) = ana.connect().await;
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next_with("/help").await;
    let mut frame = json!({ "type": "send", "key": "a", "room_id": room.id, "body": "", "files": [file["id"]] });
    socket.send(frame.clone()).await;
    assert_eq!(socket.answer().await["type"], "ack");
    let line = terminal.next_with("plan.pdf").await;
    let words = format!("<ana> [plan.pdf, 8 bytes: {}]", url(&file));
    assert!(line.ends_with(&words), "{line}");
    frame["key"] = json!("b");
    socket.send(frame.clone()).await;
    assert_eq!(socket.answer().await["code"], "invalid");
    for none in [json!([]), Value::Null] {
        frame["files"] = none;
        frame["body"] = json!("words");
        socket.send(frame.clone()).await;
        assert_eq!(socket.answer().await["type"], "ack");
    }
}

#[tokio::test]
async fn only_verified_media_types_are_inline() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for (name, bytes, shown, mime) in [
        (
            "a.html",
            b"<script>1</script>".as_slice(),
            false,
            "text/html",
        ),
        (
            "a.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            false,
            "image/svg+xml",
        ),
        (
            "a.png",
            b"<html>no picture",
            false,
            "application/octet-stream",
        ),
        ("a.html", b"\x89PNG\r\n\x1a\nbroken", true, "image/png"),
        ("a.mp3", b"ID3\x04\0\0", true, "audio/mpeg"),
    ] {
        let file = uploaded(&ana, &room, name, bytes).await;
        assert_eq!(file["mime"], mime, "{name}");
        let (reply, _) = fetch(&ana, url(&file), &[]).await;
        let disposition = reply.header("content-disposition").unwrap();
        assert_eq!(disposition.starts_with("inline;"), shown, "{disposition}");
        assert!(shown || disposition.starts_with("attachment;"));
        let kind = if shown {
            mime
        } else {
            "application/octet-stream"
        };
        assert_eq!(reply.header("content-type"), Some(kind), "{name}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"));
    }
}
