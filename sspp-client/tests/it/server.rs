//! A server that does what its script says: verdicts, statuses, delays, cut connections; and keeps a ledger.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A request as it came, its body decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn events(&self) -> Vec<&Value> {
        self.body["events"].as_array().into_iter().flatten().collect()
    }
}

/// What to do with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A verdict an event: `rejected` for those whose metadata has `bad`, `accepted` for the rest.
    Judge,
    /// The same, but every event of an even place is to be sent again.
    JudgeHalf,
    Status(u16, &'static str),
    Body(u16, Value),
    /// A page in HTML, as a proxy has it.
    Page(u16),
    /// The connection ends in the middle of an answer that accepts everything.
    Half,
    /// The events are taken, and the connection ends before the answer.
    TakeAndCut,
    /// These very bytes; then the connection ends.
    Raw(String),
    /// Bytes, and the rest of them when the barrier is passed; then the connection ends.
    Parts(String, Arc<Barrier>, String),
    Cut,
    /// No answer, for so long; then the connection ends.
    Hang(Duration),
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) requests: Vec<Request>,
    /// Events whose acceptance was answered.
    pub(crate) accepted: HashSet<String>,
    pub(crate) rejected: HashSet<String>,
    /// Events that came again after an answer had settled them.
    pub(crate) again: Vec<String>,
}

type Script = Box<dyn FnMut(&Request, usize) -> Reply + Send>;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    ledger: Arc<Mutex<Ledger>>,
}

impl Server {
    /// Asks the script for each request, with its number from 0.
    pub(crate) fn start(script: impl FnMut(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let ledger: Arc<Mutex<Ledger>> = Arc::default();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let shared = Arc::clone(&ledger);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (ledger, script) = (Arc::clone(&shared), Arc::clone(&script));
                std::thread::spawn(move || while serve(&stream, &ledger, &script).is_some() {});
            }
        });
        Self { url, ledger }
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.ledger.lock().unwrap())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.look(|ledger| ledger.requests.clone())
    }
}

/// An address at which no server listens.
pub(crate) fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn serve(stream: &TcpStream, ledger: &Mutex<Ledger>, script: &Mutex<Script>) -> Option<()> {
    let request = read(stream)?;
    let reply = {
        let mut ledger = ledger.lock().unwrap();
        let number = ledger.requests.len();
        for event in request.events() {
            let id = id(event);
            if ledger.accepted.contains(&id) || ledger.rejected.contains(&id) {
                ledger.again.push(id);
            }
        }
        ledger.requests.push(request.clone());
        (script.lock().unwrap())(&request, number)
    };
    let mut stream = stream;
    match reply {
        Reply::Judge | Reply::JudgeHalf => {
            let mut results = Vec::new();
            // The ledger is written before the answer: the client may send the next request at once.
            let mut ledger = ledger.lock().unwrap();
            for (index, event) in request.events().into_iter().enumerate() {
                let id = id(event);
                if event["metadata"]["bad"] == true {
                    ledger.rejected.insert(id);
                    let errors =
                        [json!({"pointer": "/metadata/bad", "code": "bad", "detail": "bad is true"})];
                    results.push(json!({"index": index, "status": "rejected", "errors": errors}));
                } else if index % 2 == 0 && matches!(reply, Reply::JudgeHalf) {
                    results.push(json!({"index": index, "status": "retry", "eventId": id}));
                } else {
                    results.push(json!({"index": index, "status": "accepted", "eventId": id, "jobId": id}));
                    ledger.accepted.insert(id);
                }
            }
            drop(ledger);
            write(stream, 202, "", &json!({"accepted": 0, "rejected": 0, "results": results}))
        }
        Reply::Status(status, headers) => {
            let problem = json!({"type": "urn:sspp:problem:test", "status": status, "detail": "as scripted", "requestId": "r-1"});
            write(stream, status, headers, &problem)
        }
        Reply::Body(status, body) => write(stream, status, "", &body),
        Reply::Page(status) => {
            let page = "<html>log in</html>";
            let length = page.len();
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all((head + page).as_bytes()).ok()
        }
        Reply::Half => {
            let half = r#"{"results":[{"index":0,"status":"accepted"}"#;
            let head = "HTTP/1.1 202 X\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n";
            stream.write_all(format!("{head}{half}").as_bytes()).ok()?;
            stream.shutdown(Shutdown::Both).ok().and(None)
        }
        Reply::Raw(bytes) => {
            stream.write_all(bytes.as_bytes()).ok()?;
            stream.shutdown(Shutdown::Both).ok().and(None)
        }
        Reply::Parts(first, gate, rest) => {
            stream.write_all(first.as_bytes()).ok()?;
            gate.wait();
            stream.write_all(rest.as_bytes()).ok()?;
            stream.shutdown(Shutdown::Both).ok().and(None)
        }
        Reply::TakeAndCut | Reply::Cut => stream.shutdown(Shutdown::Both).ok().and(None),
        Reply::Hang(time) => {
            // Ends early when the client hangs up.
            stream.set_read_timeout(Some(time)).ok()?;
            let _ = stream.read(&mut [0]);
            None
        }
    }
}

fn id(event: &Value) -> String {
    event["eventId"].as_str().unwrap().to_owned()
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if headers.get("content-encoding").is_some_and(|coding| coding == "gzip") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*body).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Request { line: line.trim().to_owned(), headers, body, at: Instant::now() })
}

fn write(mut stream: &TcpStream, status: u16, headers: &str, body: &Value) -> Option<()> {
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).ok()
}
