//! The crates.

/// A crate of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its exact version: the newest stable one when it was chosen.
    pub version: &'static str,
    /// Features that switch on most of its async code, without system libraries; beside the default ones.
    pub features: &'static [&'static str],
}

/// Five widely used crates with much async code in inherent methods and free functions.
pub const ROSTER: [Entry; 5] = [
    Entry {
        name: "async-nats",
        version: "0.51.0",
        features: &["experimental"],
    },
    Entry {
        name: "fred",
        version: "10.1.0",
        features: &[
            "enable-rustls-ring",
            "i-all",
            "i-redis-stack",
            "i-hexpire",
            "monitor",
            "replicas",
            "sentinel-auth",
            "sentinel-client",
            "subscriber-client",
            "dynamic-pool",
            "dns",
            "unix-sockets",
            "credential-provider",
            "partial-tracing",
        ],
    },
    Entry {
        name: "mongodb",
        version: "3.9.1",
        features: &[
            "sync",
            "aws-auth",
            "azure-oidc",
            "gcp-oidc",
            "socks5-proxy",
            "tracing-unstable",
            "zlib-compression",
            "cert-key-password",
        ],
    },
    Entry {
        name: "redis",
        version: "1.8.1",
        features: &[
            "tokio-comp",
            "smol-comp",
            "connection-manager",
            "cluster-async",
            "sentinel",
            "cache-aio",
            "bb8",
        ],
    },
    Entry {
        name: "tokio-postgres",
        version: "0.7.18",
        features: &[],
    },
];

/// The crate of that name; or any other of the registry, written as `name@version` or `name@version:feature,feature`.
pub fn find(name: &str) -> Option<Entry> {
    if let Some(entry) = ROSTER.into_iter().find(|entry| entry.name == name) {
        return Some(entry);
    }
    // One that the command line names is wanted until the program ends.
    let (name, version) = String::leak(name.to_owned()).split_once('@')?;
    let (version, features) = version.split_once(':').unwrap_or((version, ""));
    let features: Vec<&str> = features.split(',').filter(|one| !one.is_empty()).collect();
    Some(Entry {
        name,
        version,
        features: Vec::leak(features),
    })
}
