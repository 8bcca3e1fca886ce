//! The table of rights: a row for each route and each command.

use super::{
    Actor::{self, Admin, Banned, Kicked, Left, Member, Moderator, Muted, Owner, Stranger},
    Answer,
    Kind::{Direct, Private, Public},
    Known, Row, Rule, Say, TokenNeed,
};

const EVERYBODY: &[Actor] = &super::ACTORS;
const SIGNED_IN: &[Actor] = &[
    Stranger, Left, Kicked, Banned, Muted, Member, Moderator, Owner, Admin,
];
const OUTSIDE: &[Actor] = &[Stranger, Left, Kicked, Banned, Admin];
const INSIDE: &[Actor] = &[Muted, Member, Moderator, Owner];

/// Every HTTP call. `{user_id}` is a plain member, `{self}` who asks, `{moderator}` and `{owner}` those
/// of the room; `{newcomer}`
/// somebody whom nobody needs; `{seq}` and `{file_id}` are a message and a picture of that member,
/// `{own}` is a message of who asks, from when they were in the room.
#[rustfmt::skip]
pub(super) const CALLS: &[Row] = &[
    row("POST", "/api/auth/signup", r#"{"username":"new-{actor}","password":"{password}"}"#, Rule::Public),
    row("POST", "/api/auth/signin", r#"{"username":"{username}","password":"{password}"}"#, Rule::Public),
    row("POST", "/api/auth/refresh", r#"{"refresh_token":"{refresh}"}"#, Rule::Public),
    row("POST", "/api/auth/signout", "{}", Rule::Anyone).by_another_login(),
    row("POST", "/api/auth/password", r#"{"current":"{password}","new":"{password}"}"#, Rule::Anyone).by_logins_only(),
    row("POST", "/api/auth/reset", r#"{"token":"{reset}","new":"{password}"}"#, Rule::Public),
    row("GET", "/api/me", "", Rule::Anyone),
    row("DELETE", "/api/me", r#"{"password":"{password}","messages":"keep"}"#, Rule::Anyone).for_newcomer().by_logins_only(),
    row("GET", "/api/me/export", "", Rule::Anyone),
    row("PUT", "/api/me/avatar", "{picture}", Rule::Anyone),
    row("DELETE", "/api/me/avatar", "", Rule::Anyone),
    row("PATCH", "/api/me", r#"{"display_name":"Somebody"}"#, Rule::Anyone),
    row("GET", "/api/me/sessions", "", Rule::Anyone).by_logins_only(),
    row("DELETE", "/api/me/sessions/{session_id}", "", Rule::Anyone).by_logins_only(),
    row("GET", "/api/me/tokens", "", Rule::Anyone),
    row("POST", "/api/me/tokens", r#"{"name":"script","scope":"read"}"#, Rule::Anyone).by_logins_only(),
    row("DELETE", "/api/me/tokens/{token_id}", "", Rule::Anyone).by_logins_only(),
    row("GET", "/api/me/blocks", "", Rule::Anyone),
    row("PUT", "/api/me/blocks/{user_id}", "", Rule::Anyone),
    row("DELETE", "/api/me/blocks/{user_id}", "", Rule::Anyone),
    row("GET", "/api/users/{user_id}", "", Rule::Anyone),
    row("GET", "/api/users/{user_id}/avatar", "", Rule::Anyone),
    row("GET", "/api/users/by-name/{username}", "", Rule::Anyone),
    row("GET", "/api/search?q=something", "", Rule::Anyone),
    row("POST", "/api/dms", r#"{"user_ids":[{user_id}]}"#, Rule::Anyone).beyond_a_list_of_rooms(),
    row("GET", "/api/invites/{code}", "", Rule::Public)
        .but(&[(EVERYBODY, &[Direct], 404, "bad_code")]),
    row("GET", "/api/server", "", Rule::Public),
    row("GET", "/healthz", "", Rule::Public),
    row("GET", "/openapi.json", "", Rule::Public),
    row("GET", "/readyz", "", Rule::Public),

    row("GET", "/api/admin/audit", "", Rule::Admins),
    row("GET", "/api/admin/reports", "", Rule::Admins),
    row("DELETE", "/api/admin/reports/{report_id}", "", Rule::Admins),
    row("PUT", "/api/admin/users/{user_id}/admin", "", Rule::Admins),
    row("DELETE", "/api/admin/users/{user_id}/admin", "", Rule::Admins),
    row("GET", "/api/admin/users", "", Rule::Admins),
    row("PUT", "/api/admin/users/{newcomer}/disabled", "", Rule::Admins),
    row("DELETE", "/api/admin/users/{newcomer}/disabled", "", Rule::Admins),
    row("POST", "/api/admin/users/{user_id}/reset", "", Rule::Admins),

    row("GET", "/api/rooms", "", Rule::Anyone),
    row("GET", "/api/rooms?discover=1", "", Rule::Anyone),
    row("POST", "/api/rooms", r#"{"name":"one's own"}"#, Rule::Anyone).beyond_a_list_of_rooms(),
    row("POST", "/api/rooms/join", r#"{"code":"{code}"}"#, Rule::Anyone)
        .but(&[(SIGNED_IN, &[Direct], 404, "bad_code"), (&[Banned], &[Private, Public], 404, "bad_code")]).beyond_a_list_of_rooms(),
    row("POST", "/api/rooms/join", r#"{"room_id":{room_id}}"#, Rule::Anyone)
        .but(&[(OUTSIDE, &[Private, Direct], 404, "not_found"), (&[Banned], &[Public], 404, "not_found")]).beyond_a_list_of_rooms(),
    row("POST", "/api/rooms/join", r#"{"access_code":"{code}"}"#, Rule::Anyone)
        .but(&[(SIGNED_IN, &[Direct], 404, "bad_code"), (&[Banned], &[Private, Public], 404, "bad_code")]).beyond_a_list_of_rooms(),
    row("GET", "/api/rooms/{room_id}", "", Rule::Members),
    row("GET", "/api/rooms/by-name/{room_name}", "", Rule::Members),
    row("PATCH", "/api/rooms/{room_id}", r#"{"name":"renamed"}"#, Rule::Owners),
    row("PATCH", "/api/rooms/{room_id}", r#"{"topic":"tea"}"#, Rule::Moderators),
    row("PATCH", "/api/rooms/{room_id}", r#"{"slow_mode_s":5}"#, Rule::Moderators),
    row("PATCH", "/api/rooms/{room_id}", r#"{"locked":true}"#, Rule::Moderators),
    row("DELETE", "/api/rooms/{room_id}", "", Rule::Owners),
    row("POST", "/api/rooms/{room_id}/access_code", "", Rule::Moderators),
    row("GET", "/api/rooms/{room_id}/invites", "", Rule::Moderators),
    row("POST", "/api/rooms/{room_id}/invites", r#"{"max_uses":1}"#, Rule::Moderators),
    row("DELETE", "/api/rooms/{room_id}/invites/{invite_id}", "", Rule::Moderators),
    row("GET", "/api/rooms/{room_id}/members", "", Rule::Members),
    row("DELETE", "/api/rooms/{room_id}/members/me", "", Rule::Members)
        .but(&[(INSIDE, &[Direct], 403, "forbidden"), (&[Owner], &[Private, Public], 409, "last_owner")]),
    row("PATCH", "/api/rooms/{room_id}/members/me", r#"{"notify":"none"}"#, Rule::Members),
    row("PATCH", "/api/rooms/{room_id}/members/{user_id}", r#"{"role":"moderator"}"#, Rule::Owners),
    row("PATCH", "/api/rooms/{room_id}/members/{self}", r#"{"role":"owner"}"#, Rule::Owners),
    row("DELETE", "/api/rooms/{room_id}/members/{user_id}", "", Rule::Moderators).in_a_fresh_room(),
    row("DELETE", "/api/rooms/{room_id}/members/{self}", "", Rule::Members)
        .but(&[(INSIDE, &[Direct], 403, "forbidden"), (&[Owner], &[Private, Public], 409, "last_owner")]),
    row("GET", "/api/rooms/{room_id}/bans", "", Rule::Moderators),
    row("PUT", "/api/rooms/{room_id}/bans/{user_id}", "", Rule::Moderators).in_a_fresh_room(),
    row("DELETE", "/api/rooms/{room_id}/bans/{user_id}", "", Rule::Moderators),
    row("GET", "/api/rooms/{room_id}/mutes", "", Rule::Moderators),
    row("PUT", "/api/rooms/{room_id}/mutes/{user_id}", r#"{"seconds":60}"#, Rule::Moderators),
    row("DELETE", "/api/rooms/{room_id}/mutes/{user_id}", "", Rule::Moderators),
    row("DELETE", "/api/rooms/{room_id}/mutes/{self}", "", Rule::Nobody),
    row("DELETE", "/api/rooms/{room_id}/members/{owner}", "", Rule::Nobody)
        .but(&[(&[Owner], &[Private, Public], 409, "last_owner")]),
    row("PUT", "/api/rooms/{room_id}/bans/{owner}", "", Rule::Nobody),
    row("PUT", "/api/rooms/{room_id}/bans/{moderator}", "", Rule::Owners),
    row("PUT", "/api/rooms/{room_id}/mutes/{owner}", r#"{"seconds":60}"#, Rule::Nobody),
    row("PUT", "/api/rooms/{room_id}/mutes/{moderator}", r#"{"seconds":60}"#, Rule::Owners),
    row("DELETE", "/api/rooms/{room_id}/mutes/{moderator}", "", Rule::Owners),
    row("POST", "/api/rooms/{room_id}/owner", r#"{"user_id":{user_id}}"#, Rule::Owners),
    row("GET", "/api/rooms/{room_id}/messages", "", Rule::Members),
    row("GET", "/api/rooms/{room_id}/messages?changed_since=0", "", Rule::Members),
    row("GET", "/api/rooms/{room_id}/messages?epoch=another", "", Rule::Members)
        .but(&[(INSIDE, &[Private, Public, Direct], 409, "epoch_changed")]),
    row("POST", "/api/rooms/{room_id}/messages", r#"{"body":"hi"}"#, Rule::Writers).to_post(),
    row("POST", "/api/rooms/{room_id}/messages", r#"{"body":"yes","reply_to":{seq}}"#, Rule::Writers).to_post(),
    row("GET", "/api/rooms/{room_id}/messages/{seq}", "", Rule::Members),
    row("PATCH", "/api/rooms/{room_id}/messages/{own}", r#"{"body":"better"}"#, Rule::Writers),
    row("PATCH", "/api/rooms/{room_id}/messages/{own}?key=k-{own}", r#"{"body":"best"}"#, Rule::Writers),
    row("PATCH", "/api/rooms/{room_id}/messages/{seq}", r#"{"body":"never said"}"#, Rule::Nobody),
    row("DELETE", "/api/rooms/{room_id}/messages/{own}", "", Rule::Members),
    row("DELETE", "/api/rooms/{room_id}/messages/{seq}", "", Rule::Moderators),
    row("GET", "/api/rooms/{room_id}/messages/{seq}/history", "", Rule::Members),
    row("PUT", "/api/rooms/{room_id}/messages/{seq}/reactions/{emoji}", "", Rule::Writers),
    row("DELETE", "/api/rooms/{room_id}/messages/{seq}/reactions/{emoji}", "", Rule::Writers),
    row("PUT", "/api/rooms/{room_id}/messages/{seq}/pin", "", Rule::Pinners),
    row("DELETE", "/api/rooms/{room_id}/messages/{seq}/pin", "", Rule::Pinners),
    row("GET", "/api/rooms/{room_id}/pins", "", Rule::Members),
    row("POST", "/api/rooms/{room_id}/messages/{seq}/report", r#"{"reason":"rude"}"#, Rule::Members),
    row("POST", "/api/rooms/{room_id}/files?name=notes.txt", "tea", Rule::Writers).to_post(),
    row("POST", "/api/rooms/{room_id}/files/?name=notes.txt", "tea", Rule::Writers).to_post(),
    row("PUT", "/api/rooms/{room_id}/files/{name}", "tea", Rule::Writers).to_post(),
    row("GET", "/api/files/{file_id}", "", Rule::Members),
    row("GET", "/api/files/{file_id}/thumbnail", "", Rule::Members),
    row("PUT", "/api/rooms/{room_id}/read", r#"{"seq":1}"#, Rule::Members),

    row("WS", "/ws", "", Rule::Anyone),
    row("WS", "/ws?epoch=another", "", Rule::Anyone)
        .but(&[(SIGNED_IN, &[Private, Public, Direct], 409, "epoch_changed")]),
    row("WS", "/ws/{room_id}", "", Rule::Members),
    row("WS", "/ws/{room_id}/{self}", "", Rule::Members),
    row("WS", "/ws/{room_id}/{user_id}", "", Rule::Anyone)
        .but(&[(SIGNED_IN, &[Private, Public, Direct], 403, "not_you")]),
];

/// Every command of a JSON socket.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Say] = &[
    say("send", r#"{"key":"{key}","room_id":{room_id},"body":"hi"}"#, Rule::Writers, Answer::Ack),
    say("send", r#"{"key":"{key}","room_id":{room_id},"body":"yes","reply_to":{seq}}"#, Rule::Writers, Answer::Ack),
    say("edit", r#"{"key":"{key}","room_id":{room_id},"seq":{own},"body":"better"}"#, Rule::Writers, Answer::Ack),
    say("edit", r#"{"key":"{key}","room_id":{room_id},"seq":{seq},"body":"never said"}"#, Rule::Nobody, Answer::Ack),
    say("react", r#"{"key":"{key}","room_id":{room_id},"seq":{seq},"emoji":":+1:","on":true}"#, Rule::Writers, Answer::Ack),
    say("react", r#"{"key":"{key}","room_id":{room_id},"seq":{seq},"emoji":":+1:","on":false}"#, Rule::Writers, Answer::Ack),
    say("delete", r#"{"key":"{key}","room_id":{room_id},"seq":{own}}"#, Rule::Members, Answer::Ack),
    say("delete", r#"{"key":"{key}","room_id":{room_id},"seq":{seq}}"#, Rule::Moderators, Answer::Ack),
    say("read", r#"{"room_id":{room_id},"seq":1,"force":true}"#, Rule::Members, Answer::Frame("read")),
    say("typing", r#"{"room_id":{room_id}}"#, Rule::Members, Answer::Silence),
    say("typing", r#"{"room_id":{room_id},"on":false}"#, Rule::Members, Answer::Silence),
    say("sync", r#"{"rooms":{"{room_id}":0}}"#, Rule::Members, Answer::Frame("synced")),
    say("ping", "{}", Rule::Anyone, Answer::Frame("pong")),
];

/// Where the server answers otherwise than it promises.
pub(super) const KNOWN: &[Known] = &[];

const fn row(method: &'static str, path: &'static str, body: &'static str, rule: Rule) -> Row {
    Row {
        method,
        path,
        body,
        rule,
        but: &[],
        fresh: false,
        another_login: false,
        newcomer: false,
        token: TokenNeed::ByMethod,
    }
}

const fn say(name: &'static str, fields: &'static str, rule: Rule, answer: Answer) -> Say {
    Say {
        name,
        fields,
        rule,
        answer,
    }
}
