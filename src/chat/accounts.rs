//! Signing up and in, one's own account, and others' profiles.

use super::{Caller, Chat, ChatError, Login, SignedIn};
use crate::{
    auth::Refresh,
    domain::{
        AccessCode, DisplayName, Invalid, Password, RoomId, SessionOrigin, Timestamp, User, UserId,
        Username, text::fold_username,
    },
    store::{NewUser, SignedUp},
};

/// An account that somebody wants.
pub struct SignUp {
    /// The name to sign in with.
    pub username: Username,
    /// The password.
    pub password: Password,
    /// The name to show; the username if there is none.
    pub display_name: Option<DisplayName>,
    /// A code as it was typed: the account and the membership come together or not at all.
    pub code: Option<String>,
}

/// A user as another one sees them.
pub struct Profile {
    /// The account.
    pub user: User,
    /// What they say of themselves.
    pub about: String,
    /// Whether they are online.
    pub online: bool,
    /// The rooms that both are in; all of them for oneself.
    pub rooms: Vec<(RoomId, String)>,
}

impl Chat {
    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`ChatError::UsernameTaken`], [`ChatError::BadCode`], [`ChatError::RegistrationInvite`],
    /// [`ChatError::RegistrationClosed`], or [`ChatError::RateLimited`].
    pub async fn sign_up(
        &self,
        wanted: SignUp,
        origin: SessionOrigin,
    ) -> Result<SignedIn, ChatError> {
        self.inner.attempts.take(&origin.network())?;
        if wanted.username.is_of_nobody() {
            return Err(ChatError::UsernameTaken);
        }
        let typed = wanted.code.as_deref().filter(|code| !code.is_empty());
        self.check_registration(typed.is_some()).await?;
        let code = match typed {
            None => None,
            Some(text) => Some(AccessCode::parse(text).ok_or(ChatError::BadCode)?),
        };
        let password_hash = self.inner.passwords.hash(wanted.password).await?;
        let display_name = wanted.display_name.map_or_else(
            || wanted.username.as_str().to_owned(),
            DisplayName::into_string,
        );
        let now = Timestamp::now();
        let session_ttl = self.inner.tokens.refresh_ttl();
        let new = NewUser {
            username: wanted.username,
            display_name,
            password_hash,
            code,
            registration: self.inner.registration.rule(),
            origin,
            session_ttl,
        };
        match self.inner.store.sign_up(new, now).await? {
            SignedUp::Done {
                user,
                session,
                joined,
            } => {
                let grant = self.grant(
                    Refresh {
                        user: user.id,
                        session,
                        generation: 0,
                    },
                    now,
                )?;
                Ok(SignedIn {
                    user,
                    grant,
                    joined,
                })
            }
            SignedUp::UsernameTaken => Err(ChatError::UsernameTaken),
            SignedUp::BadCode => Err(ChatError::BadCode),
            SignedUp::NotOpen => Err(self.inner.registration.refusal()),
        }
    }

    /// Signs in. An unknown name costs as much time as a wrong password.
    ///
    /// # Errors
    /// [`ChatError::BadCredentials`], [`ChatError::Disabled`] or [`ChatError::RateLimited`].
    pub async fn sign_in(
        &self,
        username: &str,
        password: Password,
        origin: SessionOrigin,
    ) -> Result<SignedIn, ChatError> {
        self.inner.attempts.take(&origin.network())?;
        if username.len() > 128 || password.is_oversized() {
            return Err(ChatError::BadCredentials);
        }
        let key = fold_username(username);
        // Not by the name alone: strangers elsewhere must not be able to use up its owner's tries.
        let name_here = format!("{} {key}", origin.network());
        self.inner.attempts.take(&name_here)?;
        let known = self.inner.store.credentials(&key).await?;
        let disabled = known.as_ref().is_some_and(|known| known.disabled);
        let (user, hash) = known.map(|known| (known.user, known.password_hash)).unzip();
        // Many addresses together guess no faster than one, and cannot lock out who comes from where
        // they have a login already.
        if let Err(refusal) = self.inner.names.take(&key)
            && !self.is_familiar(user.as_ref(), &origin).await?
        {
            return Err(refusal.into());
        }
        let matches = self.inner.passwords.verify(password, hash.clone()).await?;
        let (Some(user), Some(hash), true) = (user, hash, matches) else {
            return Err(ChatError::BadCredentials);
        };
        // Behind the password: nobody else need know.
        if disabled {
            return Err(ChatError::Disabled);
        }
        let grant = self.open_session(user.id, hash, origin).await?;
        Ok(SignedIn {
            user,
            grant,
            joined: None,
        })
    }

    /// Whether that user has a login from that network.
    async fn is_familiar(
        &self,
        user: Option<&User>,
        origin: &SessionOrigin,
    ) -> Result<bool, ChatError> {
        let Some(user) = user else { return Ok(false) };
        let sessions = self.inner.store.sessions(user.id).await?;
        let network = origin.network();
        Ok(sessions
            .iter()
            .any(|session| session.origin.network() == network))
    }

    /// Changes the caller's password and ends every other login.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for `current` if it is not the present password.
    pub async fn change_password(
        &self,
        login: &Login,
        current: Password,
        new: Password,
    ) -> Result<(), ChatError> {
        let caller = login.caller();
        let old = self.confirm(caller, current, "current").await?;
        let hash = self.inner.passwords.hash(new).await?;
        let now = Timestamp::now();
        let changed =
            self.inner
                .store
                .set_password(caller.user(), old, hash, caller.session(), now);
        let Some(ended) = changed.await? else {
            return Err(Invalid::new("current", "is not your password").into());
        };
        for session in ended {
            self.revoke_and_disconnect(caller.user(), session);
        }
        Ok(())
    }

    /// That `password` is the caller's, and what is stored of it. `field` is the name it was sent
    /// under.
    pub(super) async fn confirm(
        &self,
        caller: &Caller,
        password: Password,
        field: &'static str,
    ) -> Result<String, ChatError> {
        let Some(known) = self.inner.store.credentials_of(caller.user()).await? else {
            return Err(ChatError::Unauthorized);
        };
        self.inner
            .attempts
            .take(&format!("user {}", caller.user()))?;
        let hash = known.password_hash;
        let matches = !password.is_oversized()
            && self
                .inner
                .passwords
                .verify(password, Some(hash.clone()))
                .await?;
        if matches {
            Ok(hash)
        } else {
            Err(Invalid::new(field, "is not your password").into())
        }
    }

    /// The caller's own account.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if it is gone.
    pub async fn me(&self, caller: &Caller) -> Result<User, ChatError> {
        self.inner
            .store
            .user(caller.user())
            .await?
            .ok_or(ChatError::Unauthorized)
    }

    /// A user as the caller may see them.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for somebody with whom the caller shares no room and who is in no
    /// public one.
    pub async fn profile(&self, caller: &Caller, user: UserId) -> Result<Profile, ChatError> {
        let store = &self.inner.store;
        let reader = caller.user();
        if reader != user && !store.may_see(reader, user, caller.rooms()).await? {
            return Err(ChatError::NotFound("user"));
        }
        // Asked before the database is: whoever goes offline in between shows a `last_seen` that is
        // at least as late as their status.
        let online = self.inner.hub.presence().is_online(user);
        let found = store.user(user).await?.ok_or(ChatError::NotFound("user"))?;
        let about = store.about(user).await?.unwrap_or_default();
        let mut rooms = store.shared_rooms(reader, user).await?;
        rooms.retain(|(room, _)| caller.rooms().includes(*room));
        Ok(Profile {
            user: found,
            about,
            online,
            rooms,
        })
    }
}
