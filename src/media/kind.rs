//! Type of a file, from its first bytes.

/// Types of pictures, sounds and videos that browsers can show and that cannot run code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// PNG picture.
    Png,
    /// JPEG picture.
    Jpeg,
    /// GIF picture, possibly animated.
    Gif,
    /// WebP picture, possibly animated.
    Webp,
    /// Sound or video of this media type.
    Playable(&'static str),
}

impl MediaType {
    /// Detects the type from the first 64 bytes of a file. Returns `None` for types that are unknown or must not be
    /// shown inline: documents, SVG, HTML.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        let at = |offset: usize, bytes: &[u8]| {
            head.get(offset..)
                .is_some_and(|rest| rest.starts_with(bytes))
        };
        if at(0, b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if at(0, &[0xff, 0xd8, 0xff]) {
            return Some(Self::Jpeg);
        }
        if at(0, b"GIF87a") || at(0, b"GIF89a") {
            return Some(Self::Gif);
        }
        if at(0, b"RIFF") && at(8, b"WEBP") {
            return Some(Self::Webp);
        }
        let playable = if at(0, b"RIFF") && at(8, b"WAVE") {
            "audio/wav"
        } else if at(0, b"ID3") || is_mp3(head) {
            "audio/mpeg"
        } else if at(0, b"fLaC") {
            "audio/flac"
        } else if at(0, b"OggS") {
            // The first packet contains the name of the first stream's codec.
            if holds(head, b"theora") {
                "video/ogg"
            } else {
                "audio/ogg"
            }
        } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) && holds(head, b"webm") {
            "video/webm"
        } else if at(4, b"ftyp") {
            return mp4(head.get(8..12)?);
        } else {
            return None;
        };
        Some(Self::Playable(playable))
    }

    /// Returns the media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Playable(mime) => mime,
        }
    }

    /// Returns whether the file is a picture.
    #[must_use]
    pub fn is_image(self) -> bool {
        !matches!(self, Self::Playable(_))
    }
}

/// Guesses the media type of a file that is not shown inline from its name. A name never makes a file a picture, a
/// sound or a video, except SVG.
#[must_use]
pub fn mime_of_name(name: &str) -> String {
    const UNKNOWN: &str = "application/octet-stream";
    let mime = mime_guess::from_path(name).first_raw().unwrap_or(UNKNOWN);
    let shown = ["image/", "audio/", "video/"];
    let unproved = shown.iter().any(|kind| mime.starts_with(kind)) && mime != "image/svg+xml";
    if unproved { UNKNOWN } else { mime }.to_owned()
}

/// Returns whether the file begins with an MPEG layer III frame that has a valid bit rate and sample rate.
fn is_mp3(head: &[u8]) -> bool {
    let [0xff, second, third, ..] = head else {
        return false;
    };
    second & 0xe6 == 0xe2
        && second & 0x18 != 0x08
        && !matches!(third >> 4, 0 | 15)
        && third & 0x0c != 0x0c
}

/// Maps a brand of ISO media to a type that browsers play. Many other brands exist, also of pictures.
fn mp4(brand: &[u8]) -> Option<MediaType> {
    let mime = match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash"
        | b"MSNV" | b"M4V " | b"3gp4" | b"3gp5" => "video/mp4",
        b"qt  " => "video/quicktime",
        _ => return None,
    };
    Some(MediaType::Playable(mime))
}

fn holds(head: &[u8], word: &[u8]) -> bool {
    let head = &head[..head.len().min(64)];
    head.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displayable_types_are_detected_by_magic_bytes() {
        for (head, mime) in [
            (b"\x89PNG\r\n\x1a\n".as_slice(), "image/png"),
            (b"\xff\xd8\xff\xe1", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
            (b"ID3\x04", "audio/mpeg"),
            (b"\xff\xfb\x90\x64", "audio/mpeg"),
            (b"fLaC", "audio/flac"),
            (b"OggS\0\x02 OpusHead", "audio/ogg"),
            (b"OggS\0\x02 \x80theora", "video/ogg"),
            (b"\x1a\x45\xdf\xa3\x42\x82\x84webm", "video/webm"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        ] {
            assert_eq!(
                MediaType::of(head).map(MediaType::mime),
                Some(mime),
                "{head:?}"
            );
        }
    }

    #[test]
    fn other_types_are_downloads() {
        for head in [
            b"".as_slice(),
            b"<svg xmlns",
            b"<!doctype html>",
            b"%PDF-1.7",
            b"PK\x03\x04",
            b"\xff\xd8",
            b"\xff\xfe<\0h\0",
            b"\xff\xff\xff\xff",
            b"\0\0\0\x20ftypavif",
            b"\x1a\x45\xdf\xa3\x42\x82\x88matroska",
        ] {
            assert_eq!(MediaType::of(head), None, "{head:?}");
        }
    }

    #[test]
    fn file_extension_does_not_make_a_picture() {
        assert_eq!(mime_of_name("notes.txt"), "text/plain");
        assert_eq!(mime_of_name("cat.png"), "application/octet-stream");
        assert_eq!(mime_of_name("no-ending"), "application/octet-stream");
    }
}
