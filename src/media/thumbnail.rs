//! Thumbnails of pictures. A thumbnail contains the rotated pixels and no metadata, such as the camera or the place.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
    time::{Duration, Instant},
};

use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    metadata::Orientation,
};

use super::MediaType;

/// Maximum width and height of a thumbnail in pixels.
const SIDE: u32 = 480;
/// Maximum pixels of a picture to decode.
const PIXELS: u64 = 40_000_000;
/// Maximum bytes of a picture to decode, because some decoders hold the whole file in memory.
const BYTES: u64 = 32 * 1024 * 1024;
/// Maximum memory of a decoder in bytes.
const MEMORY: u64 = 192 * 1024 * 1024;
/// Maximum time to decode a picture.
const PATIENCE: Duration = Duration::from_secs(5);
/// Read size in bytes. It is small because the time limit is checked at each read.
const BUFFER: usize = 8 * 1024;
const QUALITY: u8 = 80;

/// Thumbnail of a picture.
#[derive(Debug)]
pub struct Thumbnail {
    /// Media type of the thumbnail.
    pub mime: &'static str,
    /// Encoded thumbnail.
    pub bytes: Vec<u8>,
    /// Width and height of the original picture in pixels, after the rotation that it asks for.
    pub seen: (u32, u32),
}

/// Makes a thumbnail of the picture in a file.
///
/// This takes up to five seconds, and memory in proportion to the pixels of the picture. Callers run it on a blocking
/// thread, one picture at a time.
///
/// # Errors
/// [`ImageError`] if the picture is broken, too large, or takes too long.
pub fn thumbnail(kind: MediaType, path: &Path) -> Result<Thumbnail, ImageError> {
    let file = File::open(path)?;
    if file.metadata()?.len() > BYTES {
        return Err(too_much("the picture has too many bytes"));
    }
    small(kind, file)
}

/// Makes a thumbnail of a picture in memory.
///
/// # Errors
/// [`ImageError`] if the picture is broken, too large, or takes too long.
pub fn thumbnail_of(kind: MediaType, bytes: Vec<u8>) -> Result<Thumbnail, ImageError> {
    small(kind, Cursor::new(bytes))
}

fn small(kind: MediaType, from: impl Read + Seek) -> Result<Thumbnail, ImageError> {
    let until = Instant::now() + PATIENCE;
    let format = match kind {
        MediaType::Png => ImageFormat::Png,
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Gif => ImageFormat::Gif,
        MediaType::Webp => ImageFormat::WebP,
        MediaType::Playable(_) => return Err(too_much("the file is not a picture")),
    };
    let from = BufReader::with_capacity(BUFFER, DeadlineReader { from, until });
    let mut reader = ImageReader::with_format(from, format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (across, down) = decoder.dimensions();
    if u64::from(across) * u64::from(down) > PIXELS || decoder.total_bytes() > MEMORY {
        return Err(too_much("the picture has too many pixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder)?;
    in_time(until)?;
    let mut small = if across > SIDE || down > SIDE {
        picture.thumbnail(SIDE, SIDE)
    } else {
        picture
    };
    in_time(until)?;
    small.apply_orientation(orientation);
    let (mime, bytes) = encode(&small)?;
    let sideways = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Ok(Thumbnail {
        mime,
        bytes,
        seen: if sideways {
            (down, across)
        } else {
            (across, down)
        },
    })
}

/// Encodes a picture as JPEG, or as PNG if any pixel is transparent.
fn encode(picture: &DynamicImage) -> Result<(&'static str, Vec<u8>), ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    let size = (picture.width(), picture.height());
    if picture.color().has_alpha() {
        let pixels = picture.to_rgba8();
        if pixels.pixels().any(|pixel| pixel.0[3] < 255) {
            let colour = image::ExtendedColorType::Rgba8;
            PngEncoder::new(&mut bytes).write_image(&pixels, size.0, size.1, colour)?;
            return Ok(("image/png", bytes.into_inner()));
        }
    }
    let pixels = picture.to_rgb8();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&pixels)?;
    Ok(("image/jpeg", bytes.into_inner()))
}

/// Reader that fails after a deadline.
struct DeadlineReader<R> {
    from: R,
    until: Instant,
}

impl<R: Read> Read for DeadlineReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        in_time(self.until)?;
        self.from.read(buffer)
    }
}

impl<R: Seek> Seek for DeadlineReader<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.from.seek(position)
    }
}

fn in_time(until: Instant) -> io::Result<()> {
    if Instant::now() < until {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        "the picture takes too long to decode",
    ))
}

fn too_much(why: &'static str) -> ImageError {
    ImageError::IoError(io::Error::other(why))
}
