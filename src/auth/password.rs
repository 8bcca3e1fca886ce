//! Password hashing with argon2id, on blocking threads and at most one per core.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use tokio::sync::Semaphore;

use crate::domain::Password;

/// Memory in KiB, passes and lanes: OWASP's recommendation for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Size in bytes of an allocation that glibc always maps and unmaps: its mmap threshold ends at 32 MiB.
const NEVER_KEPT: usize = 40 << 20;

/// Maximum number of passwords that wait for a core. Further ones are refused with [`PasswordError::Busy`].
const MAX_WAITING: usize = 64;

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many passwords are waiting.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The random number generator, the hash function or the worker thread failed.
    #[error("hashing a password failed: {0}")]
    Failed(String),
}

/// Hashes and compares passwords.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// Permits for passwords that are hashed or wait.
    places: Arc<Semaphore>,
    /// Hash to compare with if there is no such user, so that the answer takes the same time.
    decoy: Arc<str>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Creates the hasher. The decoy hash is a constant that matches no known password, so nothing is hashed here.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (memory, passes, lanes) = COST;
        let (salt, hash) = ("A".repeat(22), "A".repeat(43));
        let decoy = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}");
        Self {
            turns: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores + MAX_WAITING)),
            decoy: decoy.into(),
        }
    }

    /// Hashes a password for storage.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many passwords are waiting, [`PasswordError::Failed`] if hashing fails.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.run_with_permit(move || hash(password.as_bytes()))
            .await
    }

    /// Returns whether `password` matches the stored hash. Without a hash it returns `false` after the same time.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many passwords are waiting, [`PasswordError::Failed`] if the worker failed.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored: Arc<str> = stored.map_or_else(|| self.decoy.clone(), Into::into);
        let matches = self
            .run_with_permit(move || Ok(verify(password.as_bytes(), &stored)))
            .await?;
        Ok(matches && known)
    }

    async fn run_with_permit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let failed = |error: &dyn std::fmt::Display| PasswordError::Failed(error.to_string());
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| PasswordError::Busy)?;
        // The permits move into the worker, because it keeps its core busy even if the caller is dropped.
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

/// Compares a password with a stored hash. The cost parameters come from that hash, so that the cost of new hashes
/// can be raised without invalidating existing accounts.
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

/// Hashes into `output` with memory that returns to the system afterwards.
///
/// The allocator would keep 19 MiB for each thread that has ever hashed. A larger block is mapped for this call only,
/// and pages beyond the blocks that the hash needs are never touched.
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
    async fn only_the_correct_password_verifies() {
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
