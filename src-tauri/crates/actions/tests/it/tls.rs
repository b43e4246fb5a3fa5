//! A webhook over TLS, to a server whose certificate the system trusts or does not.
//!
//! The certificates are of nobody, made for these tests with `openssl req -x509 -newkey ec -days 36500`.

use std::{path::Path, sync::Arc, time::Duration};

use plimsoll_domain::{Alert, Level, Revision, Timestamp, Webhook};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    process::Command,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// Names where a child posts to; where it is not set, this is no child.
const URL: &str = "PLIMSOLL_TEST_CHILD_URL";

/// The test that is the child.
const NAME: &str = "tls::posts_once";

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);

fn certificate(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/certificates").join(name)
}

/// A server for `localhost` that answers every request with 204; the answer is its port.
async fn serve() -> u16 {
    let chain = vec![CertificateDer::from_pem_file(certificate("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("localhost.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust it leaves.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    });
    port
}

/// What a child says that posts there and trusts one certificate.
async fn posted(port: u16, trusted: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(URL, format!("https://localhost:{port}/hook"))
        .env("SSL_CERT_FILE", certificate(trusted))
        .env_remove("SSL_CERT_DIR")
        .kill_on_drop(true)
        .output();
    let output = timeout(DEADLINE, child).await.unwrap().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

/// Scenario: a server whose certificate is trusted, and the same while only another one is.
/// Guarantees: the message is delivered to the first; nothing is sent to the other, and it is said why.
#[tokio::test]
async fn only_a_trusted_server_is_told() {
    let port = serve().await;
    assert_eq!(posted(port, "localhost.pem").await, "Done: 204\n");
    let refused = posted(port, "other.pem").await;
    assert!(refused.starts_with("Failed: invalid peer certificate: UnknownIssuer"), "{refused}");
}

/// Scenario: run by the harness; and run by the parent.
/// Guarantees: the first passes; the other posts once and says what came of it.
#[tokio::test]
async fn posts_once() {
    let Ok(url) = std::env::var(URL) else { return };
    let alert = Alert {
        at: Timestamp::EPOCH,
        revision: Some(Revision(1)),
        ..crate::child::alert("s-1", "-", Level::Notice.code())
    };
    let webhook = Webhook { url, secret: None };
    let upshot = plimsoll_actions::post_webhook(&webhook, &alert, None, true).await;
    crate::child::say(&format!("{:?}: {}", upshot.result, upshot.detail));
}
