//! The server's own secret, kept in the data folder.

use std::{
    fmt,
    fs::{File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use ring::hmac;

const LENGTH: usize = 32;

/// 32 random bytes that sign every token. Whoever has them can be anybody.
#[derive(Clone)]
pub struct Secret([u8; LENGTH]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new secret that is kept nowhere.
    ///
    /// # Errors
    /// Only if the system has no randomness to give.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// Reads the secret at `path`, or makes it there, readable by its owner alone.
    ///
    /// # Errors
    /// If the file can be neither read nor made, or is not a secret of ours.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(file) => Self::read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(error),
        }
    }

    /// A name of this server that gives nothing of the secret away: eight hexadecimal digits.
    #[must_use]
    pub fn nickname(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, b"nickname");
        let digits = tag.as_ref().iter().take(4);
        digits
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat()
    }

    /// The bytes, for signing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn read(file: File) -> io::Result<Self> {
        // One that was copied here may have come with another mode.
        file.set_permissions(Permissions::from_mode(0o600))?;
        let mut bytes = Vec::with_capacity(LENGTH);
        file.take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
        let bytes = bytes.try_into().map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "is not a secret of 32 bytes")
        })?;
        Ok(Self(bytes))
    }

    /// Written beside its place and moved there whole, so that a crash leaves no half of one.
    fn create(path: &Path) -> io::Result<Self> {
        let secret = Self::generate()?;
        let beside = path.with_extension("new");
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&secret.0)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let made = Secret::load_or_create(&path).unwrap();
        assert_eq!(
            made.as_bytes(),
            Secret::load_or_create(&path).unwrap().as_bytes()
        );
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::write(&path, "short").unwrap();
        assert!(Secret::load_or_create(&path).is_err());
    }
}
