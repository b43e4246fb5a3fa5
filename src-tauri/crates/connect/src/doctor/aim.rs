//! Where a client's signals go, by its settings.

use super::{
    endpoint::Endpoint,
    layers::{Layers, Origin},
    resident::{Door, Resident},
    variables::{
        ENABLE, ENDPOINT, LOGS_ENDPOINT, LOGS_EXPORTER, LOGS_PROTOCOL, METRICS_ENDPOINT,
        METRICS_EXPORTER, METRICS_PROTOCOL, PROTOCOL,
    },
};

/// A kind of exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Metrics,
    Logs,
}

/// Where one signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim<'a> {
    /// Nowhere; what switches it off, if it is not just missing.
    Off(Option<Origin<'a>>),
    /// To us.
    Ours(Route),
    /// To another place, or in a way that cannot arrive.
    Elsewhere {
        /// Host and port.
        endpoint: String,
        /// What says so; `None` for the usual place.
        origin: Option<Origin<'a>>,
        /// Why it does not arrive, where the place is ours.
        fault: Option<&'static str>,
    },
}

/// The way to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    pub(super) is_grpc: bool,
    /// Whether the resident listens there.
    pub(super) is_served: bool,
}

/// Where both signals go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aims<'a> {
    pub(super) metrics: Aim<'a>,
    pub(super) logs: Aim<'a>,
}

impl<'a> Aims<'a> {
    /// By these settings.
    pub(super) fn of(layers: &Layers<'a>, resident: &Resident) -> Self {
        Self {
            metrics: aim(Signal::Metrics, layers, resident),
            logs: aim(Signal::Logs, layers, resident),
        }
    }

    /// Both, the one that tells more first.
    pub(super) fn both(&self) -> [(Signal, &Aim<'a>); 2] {
        [(Signal::Logs, &self.logs), (Signal::Metrics, &self.metrics)]
    }

    /// The ways to us.
    pub(super) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.both().into_iter().filter_map(|(_, aim)| match aim {
            Aim::Ours(route) => Some(route),
            _ => None,
        })
    }

    /// Whether any signal goes to another place that was chosen: nobody named ours.
    pub(super) fn are_others(&self) -> bool {
        let is_chosen =
            |aim: &Aim<'_>| matches!(aim, Aim::Elsewhere { origin: Some(_), fault: None, .. });
        self.both().into_iter().any(|(_, aim)| is_chosen(aim))
    }

    /// Whether any signal comes to us.
    pub(super) fn are_ours(&self) -> bool {
        self.routes().next().is_some()
    }
}

impl Signal {
    /// What people call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Metrics => "Metrics",
            Self::Logs => "Events",
        }
    }

    /// The variable that switches it on.
    pub(super) fn exporter(self) -> &'static str {
        match self {
            Self::Metrics => METRICS_EXPORTER,
            Self::Logs => LOGS_EXPORTER,
        }
    }

    fn endpoint(self) -> &'static str {
        match self {
            Self::Metrics => METRICS_ENDPOINT,
            Self::Logs => LOGS_ENDPOINT,
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::Metrics => METRICS_PROTOCOL,
            Self::Logs => LOGS_PROTOCOL,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }
}

fn aim<'a>(signal: Signal, layers: &Layers<'a>, resident: &Resident) -> Aim<'a> {
    let enable = layers.find(ENABLE);
    if !enable.is_some_and(|found| is_true(found.value)) {
        return Aim::Off(enable.map(|found| found.origin));
    }
    let exporter = layers.find(signal.exporter());
    let mut exporters = exporter.iter().flat_map(|found| found.value.split(','));
    if !exporters.any(|name| name.trim() == "otlp") {
        return Aim::Off(exporter.map(|found| found.origin));
    }
    // Managed settings of the one for all signals take away what users say of single ones.
    let is_locked = [ENDPOINT, PROTOCOL].iter().any(|name| layers.find_managed(name).is_some());
    let own = |name| if is_locked { layers.find_managed(name) } else { layers.find(name) };
    let protocol = own(signal.protocol()).or_else(|| layers.find(PROTOCOL));
    let is_grpc = protocol.is_some_and(|found| found.value == "grpc");
    let (text, origin, path) = match (own(signal.endpoint()), layers.find(ENDPOINT)) {
        (Some(own), _) => (own.value, Some(own.origin), ""),
        (None, Some(all)) => (all.value.trim_end_matches('/'), Some(all.origin), signal.path()),
        // Where the client's library sends by itself.
        (None, None) if is_grpc => ("http://localhost:4317", None, ""),
        (None, None) => ("http://localhost:4318", None, signal.path()),
    };
    let elsewhere = |endpoint, fault| Aim::Elsewhere { endpoint, origin, fault };
    let Some(mut endpoint) = Endpoint::parse(text) else {
        return elsewhere(text.to_owned(), Some("that is no address"));
    };
    endpoint.path.push_str(path);
    let (door, other) =
        if is_grpc { (&resident.grpc, &resident.http) } else { (&resident.http, &resident.grpc) };
    match fault(&endpoint, door, other, (!is_grpc).then_some(signal.path())) {
        Some(fault) => elsewhere(endpoint.to_string(), Some(fault)),
        None if endpoint.leads_to(door) => {
            Aim::Ours(Route { endpoint, is_grpc, is_served: resident.is_running && door.is_served })
        }
        None => elsewhere(endpoint.to_string(), None),
    }
}

/// Why what is sent to this place of ours cannot arrive.
fn fault(to: &Endpoint, door: &Door, other: &Door, path: Option<&str>) -> Option<&'static str> {
    if !to.leads_to(door) {
        let is_mixed_up = to.leads_to(other);
        return is_mixed_up.then_some(match path {
            Some(_) => "that port takes gRPC only",
            None => "that port takes HTTP only",
        });
    }
    if to.is_tls {
        return Some("Plimsoll takes no TLS there");
    }
    path.is_some_and(|path| to.path != path).then_some("Plimsoll does not serve that path")
}

/// As the client reads it.
pub(super) fn is_true(value: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}
