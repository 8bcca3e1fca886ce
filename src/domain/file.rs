//! Files that members attach to messages.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{RoomId, UserId};

/// Maximum number of files in one message.
pub const FILES_PER_MESSAGE: usize = 10;

/// Id of a file: 128 random bits, written as hexadecimal digits.
///
/// The id cannot be guessed. A download also requires membership of the file's room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, utoipa::ToSchema)]
#[schema(value_type = String)]
pub struct FileId([u8; 16]);

impl FileId {
    /// Generates an id from the system's random source.
    ///
    /// # Errors
    /// Only if the system's random source fails.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        Ok(Self(random))
    }

    /// Parses 32 lower-case hexadecimal digits. Returns `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lower = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(lower) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("must be the id of an uploaded file: 32 digits 0-9 and a-f")
        })
    }
}

/// Display name of a file: one line of at most 200 characters, without a path.
///
/// The server never uses it as a path on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Maximum number of characters in a name.
    const CHARS: usize = 200;

    /// Derives a name from the one that a client sends. Falls back to "file" if no usable character is left.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let unseen = |c: char| {
            c.is_control()
                || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{2069}' | '\u{feff}')
        };
        let shown = last.chars().filter(|c| !unseen(*c));
        let name: String = shown.take(Self::CHARS).collect();
        let name = name.trim();
        if name.is_empty() || name.chars().all(|c| c == '.') {
            return Self("file".to_owned());
        }
        Self(name.to_owned())
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file as the members of its room see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Id of the file.
    pub id: FileId,
    /// File name on the uploader's system.
    pub name: String,
    /// Media type, detected from the first bytes or else guessed from the name.
    pub mime: String,
    /// Size in bytes.
    pub size: u64,
    /// Width and height in pixels, if the file is an image.
    pub pixels: Option<(u32, u32)>,
    /// Whether the file has a thumbnail.
    pub thumbnail: bool,
}

/// A file in the store.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// The part that members see.
    pub about: Attachment,
    /// Room of the file.
    pub room: RoomId,
    /// User who uploaded it.
    pub by: UserId,
    /// SHA-256 of the content, in hexadecimal digits.
    pub hash: String,
    /// Whether browsers may display it in place: its first bytes are those of an image, audio or video format.
    pub inline: bool,
    /// Media type and size in bytes of the thumbnail.
    pub thumbnail: Option<(String, u64)>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_valid_ids_parse() {
        let id = FileId::generate().unwrap();
        assert_eq!(FileId::parse(&id.to_string()), Some(id));
        assert_ne!(FileId::generate().unwrap(), id);
        for wrong in [
            "",
            "..",
            "+0000000000000000000000000000001",
            &"A".repeat(32),
            &"a".repeat(33),
        ] {
            assert_eq!(FileId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_one_line_without_path() {
        for (given, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("/etc/passwd", "passwd"),
            ("C:\\Users\\ada\\cv.pdf", "cv.pdf"),
            ("a\r\nb\u{202e}gpj.exe", "abgpj.exe"),
            ("..", "file"),
            (" ", "file"),
            ("über uns.txt", "über uns.txt"),
        ] {
            assert_eq!(FileName::of(given).as_str(), kept, "{given:?}");
        }
        assert_eq!(FileName::of(&"x".repeat(300)).as_str().len(), 200);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn arbitrary_text_gives_a_safe_name(text in "(?s)(\\PC|.|/|\\\\|\\.){0,300}") {
            let name = FileName::of(&text);
            let name = name.as_str();
            prop_assert!(!name.is_empty() && name.chars().count() <= FileName::CHARS);
            prop_assert!(!name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')), "{:?}", name);
            prop_assert!(name != "." && name != "..");
            let again = FileName::of(name);
            prop_assert_eq!(again.as_str(), name);
        }

        #[test]
        fn parsed_id_is_written_as_it_was_read(text in "[0-9a-fA-F]{31,33}|\\PC{0,33}") {
            if let Some(id) = FileId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
