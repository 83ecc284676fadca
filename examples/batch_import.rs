//! Imports a CSV file with progress, and goes on where it stopped: the code behind a nightly job. For use by hand there
//! is `sspp import`, which also writes rejected rows into a file.
//!
//! `cargo run -p sspp-examples --bin batch_import -- examples/data/events.csv`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use sspp_client::{Client, SalesEvent, Verdict};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file: PathBuf =
        std::env::args_os().nth(1).ok_or("name a file, such as examples/data/events.csv")?.into();
    let client = Client::builder(server()).build()?;
    let progress = file.with_extension("progress");
    let done = done_before(&progress)?;

    let mut reader = csv::Reader::from_path(&file)?;
    let mut rows = reader.records().skip(done);
    let (mut row, mut rejected) = (done, 0);
    loop {
        let batch: Vec<_> = rows.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        let events = batch.iter().enumerate().map(|(index, record)| event(&file, row + index, record));
        for (index, outcome) in client.send(events).await?.into_iter().enumerate() {
            match outcome.verdict {
                Verdict::Rejected { errors } => {
                    rejected += 1;
                    let reasons: Vec<_> = errors.iter().map(|fault| fault.detail.as_str()).collect();
                    eprintln!("row {}: {}", row + index + 1, reasons.join("; "));
                }
                // The server is away: run it again later, it goes on after the last whole batch.
                Verdict::NotSent { error, .. } => return Err(error.to_string().into()),
                _ => {}
            }
        }
        row += batch.len();
        fs::write(&progress, row.to_string())?;
        println!("{row} rows");
    }
    println!("done: {} accepted, {rejected} rejected, {done} before this run", row - done - rejected);
    Ok(())
}

/// A row as an event. Its id follows from the file and the row, so a batch that is sent twice counts once.
fn event(file: &Path, row: usize, record: &csv::StringRecord) -> SalesEvent {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let cell = |index| record.get(index).unwrap_or_default();
    SalesEvent::new(cell(2), cell(0), cell(1))
        .at(cell(3))
        .source("nightly-import")
        .id(format!("{name}-{row}"))
        .with("link", cell(4))
}

/// How many rows an earlier run finished.
fn done_before(progress: &Path) -> Result<usize, Box<dyn Error>> {
    match fs::read_to_string(progress) {
        Ok(text) => Ok(text.trim().parse()?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Rows in a request.
const BATCH: usize = 200;

fn server() -> String {
    std::env::var("SSPP_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned())
}
