//! The key that every request shows. A real platform has keys, so their cost belongs to the figures.

/// The header `Authorization`.
pub(crate) const SHOWN: &str = "Bearer sspp_of-the-load-test-alone";

/// The setting of the server, with its SHA-256.
pub(crate) const CONFIGURED: (&str, &str) =
    ("SSPP_API_KEYS", "loadtest:admin:2c78ffd3ed755796da9263c57318991acffe0ef8a3f6f95432f2113c781c6095");
