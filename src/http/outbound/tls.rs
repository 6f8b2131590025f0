//! Whom TLS trusts.

use std::{path::Path, sync::Arc};

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject as _},
    },
};

use super::OutboundStartError;

/// TLS that trusts the authorities that browsers trust, and those of the file.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, OutboundStartError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        add(&mut roots, path).map_err(|reason| OutboundStartError::CaFile {
            path: path.display().to_string(),
            reason,
        })?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let text = |reason: &dyn std::fmt::Display| reason.to_string();
    let mut count = 0;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|reason| text(&reason))? {
        let certificate = certificate.map_err(|reason| text(&reason))?;
        roots.add(certificate).map_err(|reason| text(&reason))?;
        count += 1;
    }
    if count == 0 {
        return Err("there is none in it".to_owned());
    }
    Ok(())
}
