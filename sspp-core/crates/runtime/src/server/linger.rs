//! Closes a connection so that the answer arrives. A client that still sends when the socket is closed gets a reset, and its
//! system drops what it had received: most clients send the whole request before they look for the answer.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// So much more is read and dropped,
const BYTES: usize = 32 << 20;
/// for at most so long,
const WITHIN: Duration = Duration::from_secs(30);
/// and not longer than this after the last byte: a client that has nothing more to send does not hold its place.
const PAUSE: Duration = Duration::from_secs(2);

/// Says that nothing more is sent, and reads on until the client has ended too, or the bounds are met.
pub(super) async fn close(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        // Late or not, the connection is dropped next.
        drop(tokio::time::timeout(WITHIN, discard(&stream)).await);
    }
}

async fn discard(stream: &TcpStream) {
    let mut left = BYTES;
    while let Ok(Ok(())) = tokio::time::timeout(PAUSE, stream.readable()).await {
        let mut scrap = [0; 16 << 10];
        match stream.try_read(&mut scrap) {
            Ok(0) => return,
            Ok(read) => match left.checked_sub(read) {
                Some(less) => left = less,
                None => return,
            },
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
