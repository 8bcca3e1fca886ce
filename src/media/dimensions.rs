//! How large a picture is, from its header: nothing is decoded.

use std::io::{self, Read, Seek, SeekFrom};

use super::Kind;

/// Markers of a JPEG that are looked at before it is given up.
const MARKERS: usize = 1000;

/// Across and down in pixels, as it is stored: a JPEG that is to be turned is not turned here.
/// `None` if the header does not say.
///
/// # Errors
/// Only what reading itself fails with.
pub fn dimensions<R: Read + Seek>(kind: Kind, from: &mut R) -> io::Result<Option<(u32, u32)>> {
    let found = match kind {
        Kind::Jpeg => jpeg(from),
        Kind::Png | Kind::Gif | Kind::Webp => {
            let mut head = [0; 32];
            from.read_exact(&mut head).map(|()| in_head(kind, &head))
        }
        Kind::Playable(_) => return Ok(None),
    };
    match found {
        Ok(found) => Ok(found.filter(|(across, down)| *across > 0 && *down > 0)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn in_head(kind: Kind, head: &[u8; 32]) -> Option<(u32, u32)> {
    let short = |at: usize| u32::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let three = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]);
    let long = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    match kind {
        Kind::Png if head[12..16] == *b"IHDR" => Some((long(16), long(20))),
        Kind::Gif => Some((short(6), short(8))),
        Kind::Webp => match &head[12..16] {
            b"VP8X" => Some((three(24) + 1, three(27) + 1)),
            b"VP8 " if head[23..26] == [0x9d, 0x01, 0x2a] => {
                Some((short(26) & 0x3fff, short(28) & 0x3fff))
            }
            b"VP8L" if head[20] == 0x2f => {
                let bits = u32::from_le_bytes([head[21], head[22], head[23], head[24]]);
                Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The first frame's header, from marker to marker.
fn jpeg<R: Read + Seek>(from: &mut R) -> io::Result<Option<(u32, u32)>> {
    let byte = |from: &mut R| {
        let mut byte = [0];
        from.read_exact(&mut byte).map(|()| byte[0])
    };
    from.seek(SeekFrom::Start(2))?;
    for _ in 0..MARKERS {
        if byte(from)? != 0xff {
            return Ok(None);
        }
        let mut marker = byte(from)?;
        let mut fill = 0;
        while marker == 0xff && fill < MARKERS {
            marker = byte(from)?;
            fill += 1;
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            continue;
        }
        let length = u16::from_be_bytes([byte(from)?, byte(from)?]);
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let mut frame = [0; 5];
                from.read_exact(&mut frame)?;
                let pair = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
                return Ok(Some((pair(3), pair(1))));
            }
            // What follows is the picture itself, or nothing.
            0xd8..=0xda => return Ok(None),
            _ if length < 2 => return Ok(None),
            _ => from.seek_relative(i64::from(length) - 2)?,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat};

    use super::*;

    fn written(format: ImageFormat, across: u32, down: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::new_rgb8(across, down);
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn headers_say_how_large_a_picture_is() {
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Gif,
            ImageFormat::WebP,
        ] {
            let bytes = written(format, 300, 7);
            let kind = Kind::of(&bytes).unwrap();
            let found = dimensions(kind, &mut Cursor::new(&bytes)).unwrap();
            assert_eq!(found, Some((300, 7)), "{format:?}");
        }
    }

    #[test]
    fn the_other_kinds_of_webp_are_known_too() {
        let mut lossy = *b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\0\0\0";
        assert_eq!(in_head(Kind::Webp, &lossy), Some((320, 240)));
        lossy[23] = 0;
        assert_eq!(in_head(Kind::Webp, &lossy), None);
        let extended = *b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0\0\0";
        assert_eq!(in_head(Kind::Webp, &extended), Some((320, 240)));
    }

    #[test]
    fn a_header_that_is_none_says_nothing() {
        let whole = written(ImageFormat::Jpeg, 30, 7);
        for length in 3..whole.len().min(200) {
            let cut = dimensions(Kind::Jpeg, &mut Cursor::new(&whole[..length])).unwrap();
            assert!(cut.is_none_or(|found| found == (30, 7)), "{length}");
        }
        for noise in [[0xff; 4000].as_slice(), &[0; 64], b"GIF89a\0\0\0\0"] {
            for kind in [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::Webp] {
                let mut noise = Cursor::new(noise);
                if kind == Kind::Gif && noise.get_ref()[0] == 0xff {
                    continue;
                }
                assert_eq!(dimensions(kind, &mut noise).unwrap(), None, "{kind:?}");
            }
        }
    }
}
