//! The server's signing secret, stored in the data folder.

use std::{
    fmt,
    fs::{File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use ring::hmac;

const LENGTH: usize = 32;
/// File mode: readable and writable by the owner only.
const MODE: u32 = 0o600;

/// 32 random bytes that sign every token. Anyone who knows them can impersonate every user.
#[derive(Clone)]
pub struct SigningSecret([u8; LENGTH]);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

impl SigningSecret {
    /// Generates a new secret without storing it.
    ///
    /// # Errors
    /// If the system's random number generator fails.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// Reads the secret at `path`, or creates it there with access for its owner only.
    ///
    /// # Errors
    /// If the file can be neither read nor created, or does not hold 32 bytes.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(file) => Self::read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(error) => Err(error),
        }
    }

    /// Returns an identifier of this server that reveals nothing about the secret: eight hexadecimal digits.
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

    /// Returns the bytes, for signing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn read(file: File) -> io::Result<Self> {
        // A copied file may have another mode. A correct mode is not set again, because the file may belong to
        // another user or be on a read-only disk.
        if file.metadata()?.permissions().mode() & 0o7777 != MODE {
            file.set_permissions(Permissions::from_mode(MODE))?;
        }
        let mut bytes = Vec::with_capacity(LENGTH);
        file.take(LENGTH as u64 + 1).read_to_end(&mut bytes)?;
        let bytes = bytes.try_into().map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "is not a secret of 32 bytes")
        })?;
        Ok(Self(bytes))
    }

    /// Creates the secret in a temporary file and renames it, so that a crash leaves no incomplete file.
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
            .mode(MODE)
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
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn secret_is_created_once_readable_by_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let secret = SigningSecret::load_or_create(&path).unwrap();
        assert_eq!(
            secret.as_bytes(),
            SigningSecret::load_or_create(&path).unwrap().as_bytes()
        );
        let mode_now = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode_now(), 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        SigningSecret::load_or_create(&path).unwrap();
        assert_eq!(mode_now(), 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(SigningSecret::load_or_create(&path).is_err());
    }

    #[test]
    fn valid_secret_is_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        SigningSecret::load_or_create(&path).unwrap();
        // Setting the mode that a file already has changes its ctime.
        let changed = || {
            let metadata = std::fs::metadata(&path).unwrap();
            (metadata.ctime(), metadata.ctime_nsec())
        };
        let before = changed();
        // Wait until the file system's clock has advanced, because otherwise a change would not be visible.
        let beside = folder.path().join("beside");
        while {
            std::fs::write(&beside, "").unwrap();
            let now = std::fs::metadata(&beside).unwrap();
            (now.ctime(), now.ctime_nsec()) == before
        } {}
        SigningSecret::load_or_create(&path).unwrap();
        assert_eq!(changed(), before);
    }
}
