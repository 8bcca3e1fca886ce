//! Type, dimensions and thumbnails of files, from their bytes alone; names and declared types are not trusted. The
//! functions block, so callers run slow work away from the async runtime.

mod dimensions;
mod kind;
mod thumbnail;

pub use dimensions::dimensions;
pub use kind::{MediaType, mime_of_name};
pub use thumbnail::{Thumbnail, thumbnail, thumbnail_of};
