//! The codes of problem documents, each described once.

/// Code of a problem document with its HTTP status and its meaning.
pub(super) struct ProblemCode {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

const fn code(status: u16, code: &'static str, description: &'static str) -> ProblemCode {
    ProblemCode {
        status,
        code,
        description,
    }
}

/// Every code, by status.
pub(super) const ALL: &[ProblemCode] = &[
    code(
        400,
        "malformed",
        "The body is not JSON or did not arrive whole, or the handshake is not valid.",
    ),
    code(
        400,
        "text_needs_a_room",
        "The address `/ws` has no text protocol; connect to `/ws/{room_id}`.",
    ),
    code(401, "unauthenticated", "The request has no token."),
    code(401, "unauthorized", "The token is not valid or has ended."),
    code(
        401,
        "bad_credentials",
        "The username or the password is wrong.",
    ),
    code(
        403,
        "forbidden",
        "The role of the caller does not allow it.",
    ),
    code(403, "read_only", "The personal token may only read."),
    code(
        403,
        "out_of_scope",
        "The personal token lacks a scope, or no personal token may do this; `detail` says which.",
    ),
    code(
        403,
        "cross_origin",
        "A request with a cookie does not come from this server's own page.",
    ),
    code(403, "not_you", "The user in the address is not the caller."),
    code(
        403,
        "blocked",
        "The other member of the direct room has blocked the caller.",
    ),
    code(
        403,
        "muted",
        "The caller is muted in this room; `retry_after_ms` says for how long.",
    ),
    code(
        403,
        "locked",
        "Only moderators and owners write in this room.",
    ),
    code(403, "too_late", "The time for edits is over."),
    code(403, "disabled", "An admin has disabled the account."),
    code(403, "registration_invite", "A new account needs a code."),
    code(
        403,
        "registration_closed",
        "The server takes no new accounts.",
    ),
    code(
        404,
        "not_found",
        "The object does not exist, or the caller may not see it.",
    ),
    code(
        404,
        "bad_code",
        "The code is unknown, expired, used up, revoked or replaced, or the caller is banned.",
    ),
    code(
        405,
        "method_not_allowed",
        "The address takes other methods.",
    ),
    code(
        408,
        "timeout",
        "The client sent nothing for `timing.stall_ms`. Nothing was stored.",
    ),
    code(
        409,
        "epoch_changed",
        "The client knows the numbers of another history; see \"Restored backups\".",
    ),
    code(
        409,
        "username_taken",
        "Another account has or had the username.",
    ),
    code(
        409,
        "key_conflict",
        "The idempotency key was used with other content.",
    ),
    code(
        409,
        "last_owner",
        "A room would be left without an owner; hand it over first.",
    ),
    code(
        409,
        "last_admin",
        "The server would be left without an admin.",
    ),
    code(
        409,
        "too_many_rooms",
        "The caller is in as many rooms as one user can be.",
    ),
    code(
        409,
        "too_many_invites",
        "The room has as many valid invites as it can have.",
    ),
    code(
        409,
        "standing_invite",
        "The access code cannot be revoked; replace it.",
    ),
    code(
        409,
        "too_many",
        "The limit is reached, for example of pins, reactions, personal tokens or former names.",
    ),
    code(
        409,
        "ambiguous",
        "Several rooms of the caller have this name; `room_ids` lists them.",
    ),
    code(413, "too_large", "The body is larger than the limit."),
    code(
        415,
        "unsupported_media_type",
        "The body has a type that is not accepted here.",
    ),
    code(
        416,
        "range_not_satisfiable",
        "The file has fewer bytes than the range asks for.",
    ),
    code(
        422,
        "invalid",
        "A field breaks its rule; `errors` names the field and the rule.",
    ),
    code(
        426,
        "upgrade_required",
        "The address is that of a WebSocket, version 13.",
    ),
    code(
        429,
        "rate_limited",
        "The caller sends too many requests; `retry_after_ms` says how long to wait.",
    ),
    code(
        429,
        "slow_mode",
        "The room is in slow mode; `retry_after_ms` says how long to wait.",
    ),
    code(
        429,
        "too_many_connections",
        "The user, the address or the server has too many connections.",
    ),
    code(
        429,
        "too_many_uploads",
        "The caller has too many uploads in progress.",
    ),
    code(
        500,
        "internal",
        "The server failed. Its log has the `request_id`.",
    ),
    code(
        503,
        "overloaded",
        "The server has a backlog. Nothing was stored; try again.",
    ),
    code(
        503,
        "draining",
        "The server is shutting down. Nothing was stored; try again.",
    ),
    code(
        503,
        "unavailable",
        "The disk is full or fails, or a part of the server has stopped.",
    ),
    code(
        503,
        "timeout",
        "The request took too long. It may have been stored; repeat it with the same key.",
    ),
    code(
        507,
        "no_room",
        "The file exceeds a quota, or the disk is full. Nothing was stored.",
    ),
];

/// Returns the entries of `code`. A code may have several statuses.
pub(super) fn find(code: &str) -> impl Iterator<Item = &'static ProblemCode> {
    ALL.iter().filter(move |entry| entry.code == code)
}
