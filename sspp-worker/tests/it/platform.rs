//! The whole platform over real servers.
