//! Files: what people hand to a room together with a message.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{RoomId, UserId};

/// Files that one message can carry.
pub const FILES_PER_MESSAGE: usize = 10;

/// A file's name to the server: 128 random bits, in hexadecimal digits. Who cannot know it cannot
/// guess it, and who knows it must still be in the room.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileId([u8; 16]);

impl FileId {
    /// A new one from the system's random source.
    ///
    /// # Errors
    /// Only if the system has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        Ok(Self(random))
    }

    /// Reads its 32 digits; anything else is the name of no file.
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

/// What a file is called: one line without a path, of up to 200 characters. It never names anything
/// on the server's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Characters of a name that are kept.
    const CHARS: usize = 200;

    /// Makes a name of whatever a client's system calls the file. Nothing is refused: where nothing
    /// is left, the file is called "file".
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

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A file as those see it who may have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: FileId,
    /// What it was called where it comes from.
    pub name: String,
    /// What it is: found in its first bytes, else guessed from its name.
    pub mime: String,
    /// Its bytes.
    pub size: u64,
    /// Across and down in pixels, of an image.
    pub pixels: Option<(u32, u32)>,
    /// Whether there is a small picture of it.
    pub thumbnail: bool,
}

/// A file on disk.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// What it is.
    pub about: Attachment,
    /// Its room.
    pub room: RoomId,
    /// Who brought it.
    pub by: UserId,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
    /// Whether browsers may show it: its first bytes say that it is a picture, a sound or a film.
    pub inline: bool,
    /// What its thumbnail is, and how many bytes, if it has one.
    pub thumbnail: Option<(String, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_and_nothing_else_is_one() {
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
    fn names_are_one_line_without_a_path() {
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
}
