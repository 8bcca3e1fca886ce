//! Domain model: users, rooms, members, messages and their rules.
//!
//! This module depends on no runtime, database or wire format. User input is parsed into types that hold only
//! valid values (see [`text`]), so that the layers above need not validate it again.

pub mod audit;
pub mod avatar;
pub mod change;
pub mod code;
pub mod decode;
pub mod emoji;
pub mod file;
pub mod fold;
pub mod ids;
pub mod invite;
pub mod mention;
pub mod message;
pub mod receipt;
pub mod registration;
pub mod report;
pub mod restraint;
pub mod room;
pub mod search;
pub mod session;
pub mod text;
pub mod time;
pub mod token;
pub mod user;
pub mod zone;

pub use audit::{Action, Actor, AuditEntry, AuditFilter};
pub use avatar::{Avatar, AvatarVersion};
pub use change::{Change, ChangeKind, CreatedRoom, LeaveReason};
pub use code::AccessCode;
pub use decode::{DecodeError, FieldError};
pub use emoji::Emoji;
pub use file::{Attachment, FILES_PER_MESSAGE, FileId, FileName, StoredFile};
pub use fold::Terms;
pub use ids::{InviteId, ReadGeneration, Rev, RoomId, Seq, SessionId, UserId, parse_number};
pub use invite::{CreatedInvite, Invite, InviteTerms};
pub use mention::MentionTokens;
pub use message::{
    Draft, Message, MessageKind, MessagePage, MessageRelations, OwnFile, OwnMessage, Quote,
    Reaction, SystemEvent, Version, Window,
};
pub use receipt::ReceiptStep;
pub use registration::Registration;
pub use report::Report;
pub use restraint::{Ban, Mute, MuteDuration, PostingRestriction, PostingRestrictions, SlowMode};
pub use room::{Head, Membership, Notify, Permission, Role, Room, RoomKind};
pub use search::{SearchQuery, Wrote};
pub use session::{Session, SessionOrigin};
pub use text::{
    About, Body, DisplayName, Invalid, Key, Password, RoomName, TokenName, Topic, Username,
    fold_username,
};
pub use time::Timestamp;
pub use token::{Digest, PersonalToken, RoomLimit, TokenHolder, TokenScope, TokenSecret};
pub use user::{Account, Roster, RosterEntry, User, UserSummary};
pub use zone::TimeZone;
