//! Dimensions of a picture from its header, without decoding it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use imagesize::{ImageError, reader_size};

use super::MediaType;

/// Limits how often `imagesize` may move to another place of a file: once for each segment of a JPEG,
/// and a file may consist of millions of empty ones.
const MAX_SEEKS: usize = 1000;

/// Bytes to read at once after a seek.
const BUFFER: usize = 64;

/// Returns the width and height in pixels as stored, before the rotation that a JPEG may ask for. Returns `None` if the
/// header does not state them.
///
/// # Errors
/// Errors of the reader.
pub fn dimensions<R: Read + Seek>(kind: MediaType, from: &mut R) -> io::Result<Option<(u32, u32)>> {
    if !kind.is_image() {
        return Ok(None);
    }
    let reader = SeekLimit {
        reader: from,
        left: MAX_SEEKS,
    };
    match reader_size(BufReader::with_capacity(BUFFER, reader)) {
        Ok(size) => Ok(u32::try_from(size.width)
            .ok()
            .zip(u32::try_from(size.height).ok())
            .filter(|(across, down)| *across > 0 && *down > 0)),
        Err(ImageError::IoError(error)) => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Ok(None),
            _ => Err(error),
        },
        Err(_) => Ok(None),
    }
}

/// A reader that fails with `InvalidData` after a number of seeks.
struct SeekLimit<R> {
    reader: R,
    left: usize,
}

impl<R: Read> Read for SeekLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl<R: Seek> Seek for SeekLimit<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or(io::ErrorKind::InvalidData)?;
        self.reader.seek(to)
    }
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
    fn dimensions_are_read_from_headers() {
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Gif,
            ImageFormat::WebP,
        ] {
            let bytes = written(format, 300, 7);
            let kind = MediaType::of(&bytes).unwrap();
            let found = dimensions(kind, &mut Cursor::new(&bytes)).unwrap();
            assert_eq!(found, Some((300, 7)), "{format:?}");
        }
    }

    #[test]
    fn lossless_and_extended_webp_are_supported() {
        let sized = |bytes: &[u8]| dimensions(MediaType::Webp, &mut Cursor::new(bytes)).unwrap();
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xf0\0\0\0";
        assert_eq!(sized(lossy), Some((320, 240)));
        let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\x01\0\xef\0\0\0\0";
        assert_eq!(sized(extended), Some((320, 240)));
        assert_eq!(sized(b"RIFF\0\0\0\0WEBPVP8?\0\0\0\0\0\0\0\0"), None);
    }

    #[test]
    fn large_header_is_skipped_and_endless_one_abandoned() {
        let whole = written(ImageFormat::Jpeg, 30, 7);
        let with_segments = |length: u16, count: usize| {
            let mut segment = vec![0xff, 0xe1];
            segment.extend(length.to_be_bytes());
            segment.resize(usize::from(length) + 2, 0);
            let mut bytes = vec![0xff, 0xd8];
            bytes.extend(segment.repeat(count));
            bytes.extend(&whole[2..]);
            dimensions(MediaType::Jpeg, &mut Cursor::new(bytes)).unwrap()
        };
        assert_eq!(with_segments(0xffff, 50), Some((30, 7)));
        assert_eq!(with_segments(2, 500), Some((30, 7)));
        assert_eq!(with_segments(2, 2000), None);
    }

    #[test]
    fn invalid_header_has_no_dimensions() {
        let whole = written(ImageFormat::Jpeg, 30, 7);
        for length in 3..whole.len().min(200) {
            let cut = dimensions(MediaType::Jpeg, &mut Cursor::new(&whole[..length])).unwrap();
            assert!(cut.is_none_or(|found| found == (30, 7)), "{length}");
        }
        for noise in [[0xff; 4000].as_slice(), &[0; 64], b"GIF89a\0\0\0\0"] {
            for kind in [
                MediaType::Jpeg,
                MediaType::Png,
                MediaType::Gif,
                MediaType::Webp,
            ] {
                let mut noise = Cursor::new(noise);
                if kind == MediaType::Gif && noise.get_ref()[0] == 0xff {
                    continue;
                }
                assert_eq!(dimensions(kind, &mut noise).unwrap(), None, "{kind:?}");
            }
        }
    }
}
