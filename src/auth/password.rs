//! Hashing passwords: argon2id, off the runtime, no more at once than there are cores.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::sync::Semaphore;

use crate::domain::Password;

/// Memory in KiB, passes, lanes: OWASP's first choice for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Bytes. glibc maps whatever is larger than 32 MiB anew each time, and never keeps it.
const NEVER_KEPT: usize = 40 << 20;

/// Passwords that may wait for a core; whoever comes then is told to come again.
const MOST_WAITING: usize = 64;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// As many wait as may.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The system did not let us.
    #[error("hashing a password failed: {0}")]
    Failed(String),
}

/// Hashes and compares passwords.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Places for those who are hashed and those who wait.
    places: Arc<Semaphore>,
    /// Compared with where there is no such user, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Nothing is hashed yet: what it compares with where nothing is stored is the hash of no
    /// known password.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (memory, passes, lanes) = COST;
        let (salt, hash) = ("A".repeat(22), "A".repeat(43));
        let decoy = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}");
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores + MOST_WAITING)),
            decoy: decoy.into(),
        }
    }

    /// The password as it is stored.
    ///
    /// # Errors
    /// [`PasswordError`] if the system has no randomness to give.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.in_turn(move || hash(password.as_bytes())).await
    }

    /// Whether `password` is the one stored; with nothing stored it takes as long and is `false`.
    ///
    /// # Errors
    /// [`PasswordError`] if the worker could not run.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored: Arc<str> = stored.map_or_else(|| self.decoy.clone(), Into::into);
        let matches = self
            .in_turn(move || Ok(verify(password.as_bytes(), &stored)))
            .await?;
        Ok(matches && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| PasswordError::Busy)?;
        // The permits move into the worker: a caller that goes away does not free a core that is
        // busy.
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|error| failed(&error))?;
        let worker = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((turn, place));
            result
        });
        worker.await.map_err(|error| failed(&error))?
    }
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| failed(&error))?;
    let (mut salt, mut output) = ([0; 16], [0; Params::DEFAULT_OUTPUT_LEN]);
    getrandom::fill(&mut salt).map_err(|error| failed(&error))?;
    fill(&params, password, &salt, &mut output).map_err(|error| failed(&error))?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| failed(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| failed(&error))?),
        hash: Some(Output::new(&output).map_err(|error| failed(&error))?),
    };
    Ok(hash.to_string())
}

/// The costs are read from the stored hash, so that they can be raised without losing accounts.
fn verify(password: &[u8], stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else {
        return false;
    };
    let (Ok(params), Some(salt), Some(wanted)) =
        (Params::try_from(&stored), stored.salt, stored.hash)
    else {
        return false;
    };
    let mut output = vec![0; wanted.len()];
    let filled = fill(&params, password, &salt, &mut output);
    // `Output` compares in constant time.
    filled.is_ok() && Output::new(&output).is_ok_and(|output| output == wanted)
}

/// Hashes into `output`, in memory that is given back to the system afterwards. The allocator would
/// keep 19 MiB for each thread that ever hashed; a block larger than it ever keeps it maps for this
/// call alone, and of that no more is touched than the hash needs.
fn fill(params: &Params, password: &[u8], salt: &[u8], output: &mut [u8]) -> argon2::Result<()> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(NEVER_KEPT / Block::SIZE));
    memory.resize(blocks, Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password, salt, output, &mut memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::unchecked(text.into())
    }

    #[tokio::test]
    async fn only_the_same_password_matches() {
        let passwords = Passwords::new();
        assert!(PasswordHash::new(&passwords.decoy).is_ok());
        let stored = passwords.hash(password("correct horse")).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .verify(password("correct horse"), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(password("battery staple"), Some(stored))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(password("no password at all"), None)
                .await
                .unwrap()
        );
    }
}
