//! The certificates that a server is known by: the system's, and those that the program adds.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::secret::Secret;

/// Reads certificates in PEM.
pub(crate) fn read_roots(texts: &[Secret<Vec<u8>>]) -> Result<RootCertStore, String> {
    const WANTED: &str = "give the whole text, from BEGIN CERTIFICATE to END CERTIFICATE";
    let mut roots = RootCertStore::empty();
    for Secret(text) in texts {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate =
                certificate.map_err(|error| format!("cannot be read as PEM ({error}): {WANTED}"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("holds something other than a certificate ({error}): {WANTED}"))?;
        }
        if roots.len() == before {
            return Err(format!("holds no certificate in PEM: {WANTED}"));
        }
    }
    Ok(roots)
}

/// The system's certificates and these. A system that has none is no fault where the program brings its own.
pub(super) fn with_system_roots(mut own: RootCertStore) -> Result<RootCertStore, String> {
    let system = rustls_native_certs::load_native_certs();
    own.add_parsable_certificates(system.certs);
    if own.is_empty() {
        let causes: Vec<_> = system.errors.iter().map(ToString::to_string).collect();
        return Err(format!(
            "the system has no root certificates that can be read ({}): install them, or give root_certificates",
            causes.join("; ")
        ));
    }
    Ok(own)
}
