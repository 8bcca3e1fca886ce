//! Environment variables that begin with `PARLOR_`.

/// Environment variable that looks like a setting but is none. It is not an error, because container platforms add
/// variables of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredVariable {
    /// Name of the variable.
    pub name: String,
    /// Variable of the setting that was probably meant.
    pub nearest: Option<String>,
    /// Whether Kubernetes or Docker created the variable for a service that has this program's name.
    pub is_service_link: bool,
}

impl IgnoredVariable {
    /// Describes the variable named `PARLOR_` followed by `rest`.
    pub(super) fn new(rest: &str, value: &str, known: &[String]) -> Self {
        let settings: Vec<String> = known
            .iter()
            .map(|key| variable_of(key)["PARLOR_".len()..].to_owned())
            .collect();
        let nearest = closest(rest, &settings);
        Self {
            name: format!("PARLOR_{rest}"),
            nearest: nearest.map(|name| format!("PARLOR_{name}")),
            is_service_link: is_service_link(rest, value),
        }
    }
}

/// Returns the environment variable of a setting: `limits.body_chars` is `PARLOR_LIMITS_BODY_CHARS`.
pub(super) fn variable_of(key: &str) -> String {
    format!("PARLOR_{}", key.replace('.', "_").to_uppercase())
}

/// Returns the known name with the smallest edit distance, if it is close enough.
pub(super) fn closest(name: &str, known: &[String]) -> Option<String> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|known| {
            let distance = strsim::damerau_levenshtein(&name, &known.to_lowercase());
            (distance, known)
        })
        .min()
        .filter(|(distance, known)| *distance <= known.len().div_ceil(2))
        .map(|(_, known)| known.clone())
}

/// Returns whether a container platform created the variable.
///
/// Kubernetes sets `NAME_SERVICE_HOST`, `NAME_SERVICE_PORT`, `NAME_SERVICE_PORT_HTTP`,
/// `NAME_PORT=tcp://10.0.0.1:8000`, `NAME_PORT_8000_TCP` and `NAME_PORT_8000_TCP_ADDR` in every
/// container that runs beside a service of that name.
fn is_service_link(rest: &str, value: &str) -> bool {
    let protocols = ["tcp", "udp", "sctp"];
    let is_address = protocols
        .iter()
        .any(|protocol| value.starts_with(&format!("{protocol}://")));
    let is_part = rest.contains("PORT_")
        && protocols
            .iter()
            .any(|protocol| rest.contains(&format!("_{}_", protocol.to_uppercase())));
    is_address || is_part || rest.ends_with("SERVICE_HOST") || rest.contains("SERVICE_PORT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_service_variables_are_recognized() {
        for (name, value) in [
            ("SERVICE_HOST", "10.0.0.1"),
            ("SERVICE_PORT", "8000"),
            ("SERVICE_PORT_HTTP", "8000"),
            ("WEB_SERVICE_HOST", "10.0.0.1"),
            ("PORT", "tcp://10.0.0.1:8000"),
            ("PORT_8000_TCP", "tcp://10.0.0.1:8000"),
            ("PORT_8000_TCP_PROTO", "tcp"),
            ("PORT_8000_TCP_PORT", "8000"),
            ("PORT_8000_TCP_ADDR", "10.0.0.1"),
            ("VOICE_PORT_3478_UDP_PROTO", "udp"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("PORT", "8000"),
            ("LISTN", "127.0.0.1:8000"),
            ("LIMITS_RATE", "1"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
