//! Puts a transport of your own under the client: here one that keeps each batch in a file and answers for the server. The
//! same trait takes events over a message bus, signs requests, or answers them in a test.
//!
//! `cargo run -p sspp-examples --bin custom_transport`

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use sspp_client::{Bytes, Client, SalesEvent, Transport, TransportError, async_trait, http};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("events.ndjson");
    let archive = Arc::new(Archive(Mutex::new(File::create(&path)?)));
    let client = Client::builder("http://archive.invalid").transport(archive).gzip(false).build()?;

    for number in 1..=3 {
        client.emit(SalesEvent::email_opened("acme", "ada").with("mail", number))?;
    }
    client.close(Duration::from_secs(5)).await;
    print!("{}", std::fs::read_to_string(&path)?);
    Ok(())
}

/// Writes events to a file, one a line.
#[derive(Debug)]
struct Archive(Mutex<File>);

#[async_trait]
impl Transport for Archive {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let batch: Value = serde_json::from_slice(request.body()).map_err(TransportError::unusable)?;
        let events = batch["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut results = Vec::new();
        for (index, event) in events.iter().enumerate() {
            writeln!(file, "{event}").map_err(TransportError::cut)?;
            let id = &event["eventId"];
            results.push(json!({"index": index, "eventId": id, "jobId": id, "status": "accepted"}));
        }
        let answer = json!({"accepted": results.len(), "rejected": 0, "results": results});
        let mut response = http::Response::new(Bytes::from(answer.to_string()));
        *response.status_mut() = http::StatusCode::ACCEPTED;
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        Ok(response)
    }
}
