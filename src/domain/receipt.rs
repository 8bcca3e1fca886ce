//! Read receipts: moves of a member's receipt.

use super::{ReadGeneration, Seq};

/// Requested move of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptStep {
    /// Moves only forward, because messages up to this one were displayed.
    ///
    /// If the client names a generation and the receipt has a newer one, a forced move came in between. The
    /// receipt then stays where it is.
    Forward(Seq, Option<ReadGeneration>),
    /// Moves to this message, forward or back, because the user asked for it.
    ///
    /// Starts a new generation even if the position does not change, so that receipts already under way have no
    /// effect.
    Forced(Seq),
}

impl ReceiptStep {
    /// Creates the step for the fields of a request. A forced step ignores the generation.
    #[must_use]
    pub fn new(seq: Seq, force: bool, generation: Option<ReadGeneration>) -> Self {
        if force {
            Self::Forced(seq)
        } else {
            Self::Forward(seq, generation)
        }
    }
}
