//! What a file is, and what can be seen of it: from its bytes alone, whatever its name or its sender
//! say. No store and no runtime; whoever calls takes care that slow work is done elsewhere.

mod dimensions;
mod kind;
mod thumbnail;

pub use dimensions::dimensions;
pub use kind::{Kind, guess};
pub use thumbnail::{Thumbnail, thumbnail, thumbnail_of};
