//! New epoch for a data folder that was restored from a backup.

use super::{DATABASE, StartError, lock_data_folder};
use crate::{
    config::Config,
    store::{Store, StoreError},
};

/// Gives the database in the data folder a new epoch and returns it.
///
/// No server may run on the folder meanwhile, because it would continue to announce the old epoch.
///
/// # Errors
/// [`StartError`] if there is no database, a server uses the folder, or the schema is of another version.
pub async fn new_epoch(config: &Config) -> Result<String, StartError> {
    let database = config.data.join(DATABASE);
    // Claiming a folder that does not exist would make it.
    if !database.is_file() {
        let error = format!("there is no {}", database.display());
        return Err(StoreError::Open(error).into());
    }
    let _lock = lock_data_folder(&config.data)?;
    Ok(Store::renew_epoch(&database).await?)
}
