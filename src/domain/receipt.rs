//! How far a member has read.

use super::{ReadGeneration, Seq};

/// How a client wants to move a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptStep {
    /// Forward only, to a message that was displayed. If the client names the generation it knows and the
    /// receipt has a newer one, a forced move came in between, and the receipt stays.
    Forward(Seq, Option<ReadGeneration>),
    /// To this message, forward or back, because the user said so. Begins a new generation, even where the
    /// receipt is there already: receipts that are still on their way must not move it on.
    Forced(Seq),
}

impl ReceiptStep {
    /// The step of a request with these fields. A forced step needs no generation.
    #[must_use]
    pub fn new(seq: Seq, force: bool, generation: Option<ReadGeneration>) -> Self {
        if force {
            Self::Forced(seq)
        } else {
            Self::Forward(seq, generation)
        }
    }
}
