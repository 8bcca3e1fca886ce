use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use super::{Config, ConfigError, Layers, load};

fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}

fn variables(items: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    items
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

#[test]
fn defaults_equal_the_example_file() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(config.limits.body_chars, 4000);
    assert!(config.limits.rates);
}

#[test]
fn command_line_overrides_environment_overrides_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parlor.toml");
    std::fs::write(
        &file,
        "name = \"file\"\n[limits]\nbody_chars = 1\nsend_burst = 2\n",
    )
    .unwrap();
    let layers = Layers {
        file: Some(file),
        environment: variables(&[
            ("PARLOR_LIMITS_BODY_CHARS", "3"),
            ("PARLOR_NAME", "environment"),
            ("HOME", "/"),
        ]),
        command_line: pairs(&[("limits.body_chars", "4"), ("limits.rates", "false")]),
        ..Layers::default()
    };
    let config = load(layers).unwrap().config;
    assert_eq!(config.limits.body_chars, 4);
    assert_eq!(config.name, "environment");
    assert_eq!(config.limits.send_burst, 2);
    assert!(!config.limits.rates);
}

#[test]
fn unknown_setting_suggests_nearest_name() {
    let layers = Layers {
        environment: variables(&[("PARLOR_LIMITS_BODY_CHAR", "3")]),
        ..Layers::default()
    };
    let ignored = load(layers).unwrap().ignored;
    assert_eq!(ignored[0].name, "PARLOR_LIMITS_BODY_CHAR");
    let nearest = ignored[0].nearest.as_deref();
    assert_eq!(nearest, Some("PARLOR_LIMITS_BODY_CHARS"));
    let layers = Layers {
        command_line: pairs(&[("limit.rates", "false")]),
        ..Layers::default()
    };
    assert!(
        load(layers)
            .unwrap_err()
            .to_string()
            .ends_with("did you mean limits.rates?")
    );
}

#[test]
fn value_of_wrong_type_is_refused_with_setting_name() {
    for (key, value) in [
        ("limits.rates", "maybe"),
        ("limits.body_chars", "many"),
        ("limits.body_chars", "0"),
    ] {
        let layers = Layers {
            command_line: pairs(&[(key, value)]),
            ..Layers::default()
        };
        let error = load(layers).unwrap_err();
        assert!(
            matches!(&error, ConfigError::Value { key: named, .. } if named == key),
            "{error}"
        );
    }
    for (key, value) in [
        ("public_url", "chat.example.org"),
        ("http.cors_origins", "*"),
        ("timing.request_ms", "0"),
    ] {
        let layers = Layers {
            command_line: pairs(&[(key, value)]),
            ..Layers::default()
        };
        let error = load(layers).unwrap_err().to_string();
        assert!(error.starts_with(key), "{error}");
    }
    let layers = Layers {
        command_line: pairs(&[("listen", "here")]),
        ..Layers::default()
    };
    assert!(load(layers).unwrap_err().to_string().starts_with("listen"));
}

#[test]
fn non_utf8_variable_is_named() {
    let broken = || OsString::from_vec(b"caf\xe9".to_vec());
    for (name, refused) in [
        ("PARLOR_NAME", true),
        // PARLOR_CONFIG names the settings file, whose path need not be UTF-8. It is not a setting.
        ("PARLOR_CONFIG", false),
        ("PARLOR_SERVICE_HOST", false),
        ("HOME", false),
    ] {
        let layers = Layers {
            environment: vec![(name.into(), broken())],
            ..Layers::default()
        };
        let error = load(layers).err().map(|error| error.to_string());
        let wanted = format!("{name} in the environment: is not UTF-8");
        assert_eq!(error, refused.then_some(wanted));
    }
    let mut name = OsString::from("PARLOR_");
    name.push(broken());
    let layers = Layers {
        environment: vec![(name, "x".into())],
        ..Layers::default()
    };
    let ignored = load(layers).unwrap().ignored;
    assert!(ignored[0].name.starts_with("PARLOR_caf"), "{ignored:?}");
}

#[test]
fn invalid_address_error_shows_an_example() {
    for text in ["localhost:8000", "127.0.0.1", "8000", ""] {
        let layers = Layers {
            command_line: pairs(&[("listen", text)]),
            ..Layers::default()
        };
        let error = load(layers).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{text:?}")) && error.contains("such as 127.0.0.1:8000"),
            "{error}"
        );
    }
}

#[test]
fn rate_out_of_range_is_refused_with_setting_name() {
    for key in [
        "limits.send_burst",
        "limits.send_per_s",
        "limits.attempts_burst",
        "limits.attempts_per_min",
    ] {
        for (value, good) in [
            ("0", false),
            ("1", true),
            ("1000000", true),
            ("1000001", false),
            ("2000000000", false),
        ] {
            let layers = Layers {
                command_line: pairs(&[(key, value)]),
                ..Layers::default()
            };
            let error = load(layers).err().map(|error| error.to_string());
            let wanted = format!("{key} in the settings: must be 1 to 1000000");
            assert_eq!(error, (!good).then_some(wanted), "{value}");
        }
    }
}

#[test]
fn deflate_size_out_of_range_is_refused_with_setting_name() {
    for (value, good) in [
        ("0", true),
        ("1", false),
        ("63", false),
        ("64", true),
        ("65535", true),
        ("65536", false),
    ] {
        let layers = Layers {
            environment: variables(&[("PARLOR_LIMITS_DEFLATE_BYTES", value)]),
            ..Layers::default()
        };
        let error = load(layers).err().map(|error| error.to_string());
        let wanted = "limits.deflate_bytes in the settings: must be 0, or 64 to 65535";
        assert_eq!(error, (!good).then(|| wanted.to_owned()), "{value}");
    }
}

#[test]
fn registration_accepts_three_values() {
    for (word, good) in [
        ("open", true),
        ("invite", true),
        ("closed", true),
        ("shut", false),
    ] {
        let layers = Layers {
            environment: variables(&[("PARLOR_REGISTRATION", word)]),
            ..Layers::default()
        };
        match load(layers) {
            Ok(_) => assert!(good, "{word}"),
            Err(error) => {
                let error = error.to_string();
                assert!(!good && error.starts_with("registration"), "{error}");
            }
        }
    }
}
