//! `sspp export`: stored signals, to standard output or into a file that is there only when it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sspp_client::{Client, ExportFormat};
use sspp_import::Format;
use tempfile::NamedTempFile;

use crate::failure::Failure;

use crate::interrupt::Interrupt;
use crate::output::{Output, writing};
use crate::signals::SignalFilter;

/// How a file ends that is not whole yet.
const PART: &str = ".part";

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// File to write; standard output by default. It appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    /// Format; by default from the file's ending (.csv, .ndjson, .jsonl), else NDJSON
    #[arg(short, long)]
    format: Option<Format>,
    // Last: a heading holds for all arguments after it.
    #[command(flatten)]
    filter: SignalFilter,
}

/// Writes all signals of the filter.
pub(crate) async fn run(task: &Export, client: &Client, output: &Output) -> Result<(), Failure> {
    let path = task.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = match task.format.or_else(|| path.and_then(Format::of_name)) {
        Some(Format::Csv) => ExportFormat::Csv,
        _ => ExportFormat::Ndjson,
    };
    if path.is_none() && output.is_json() && matches!(format, ExportFormat::Csv) {
        return Err(Failure::usage(
            "--json and --format csv cannot both use standard output: add --output FILE, or leave one out",
        ));
    }
    let bar = output.bar(None, "{spinner} {bytes} · {bytes_per_sec}");
    let interrupt = Interrupt::watch(&bar)?;
    let mut target = interrupt.whole(|farewell| {
        let target = Target::open(path, task.force)?;
        farewell.unfinished = target.unfinished();
        farewell.words = path.map_or_else(
            || "stopped: the export is incomplete".to_owned(),
            |path| format!("stopped: {} is not written", path.display()),
        );
        Ok::<_, Failure>(target)
    })?;
    let exported =
        write(&mut target, path, client.export(&task.filter.query(), format).await?, output, &bar).await;
    bar.finish_and_clear();
    let bytes = exported?;
    let Some(path) = path else { return Ok(()) };
    interrupt.whole(|farewell| {
        farewell.words = String::new();
        target.finish(path, task.force)
    })?;
    output.result(&json!({"file": path.display().to_string(), "bytes": bytes}), || {
        format!("{} has the signals, {bytes} bytes", path.display())
    });
    Ok(())
}

async fn write(
    target: &mut Target,
    path: Option<&Path>,
    mut export: sspp_client::Export<sspp_client::Bytes>,
    output: &Output,
    bar: &indicatif::ProgressBar,
) -> Result<u64, Failure> {
    // By the name that the person gave, not by that of the file beside it.
    let failed = |error: io::Error| unwritable(path.unwrap_or(Path::new("-")), &error);
    let mut bytes = 0;
    while let Some(part) = export.try_next().await? {
        match target {
            Target::Standard => output.printed(writing(|out| out.write_all(&part))),
            Target::Whole(file) => file.as_file_mut().write_all(&part).map_err(failed)?,
            Target::Direct(file) => file.write_all(&part).map_err(failed)?,
        }
        bytes += part.len() as u64;
        bar.set_position(bytes);
    }
    Ok(bytes)
}

/// Where an export goes.
enum Target {
    Standard,
    /// Beside the file that it becomes.
    Whole(NamedTempFile),
    /// A pipe or a device, which nothing can take the place of.
    Direct(File),
}

impl Target {
    fn open(path: Option<&Path>, force: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Standard) };
        let found = fs::metadata(path).ok();
        if found.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Failure::usage(format!("{} is a folder: choose a file in it", path.display())));
        }
        if found.as_ref().is_some_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(path).map_err(|error| unwritable(path, &error))?;
            return Ok(Self::Direct(file));
        }
        if found.is_some() && !force {
            return Err(Failure::new(format!("{} already exists: replace it with --force", path.display())));
        }
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = real.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.sspp-export-");
        sweep(folder, &prefix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(PART);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Those of any file that is made.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|error| unwritable(path, &error))?;
        // As long as it is written: where there are no locks, nothing is swept either.
        let _: io::Result<()> = file.as_file().lock();
        Ok(Self::Whole(file))
    }

    fn unfinished(&self) -> Option<PathBuf> {
        if let Self::Whole(file) = self { Some(file.path().to_owned()) } else { None }
    }

    fn finish(self, path: &Path, force: bool) -> Result<(), Failure> {
        let Self::Whole(file) = self else { return Ok(()) };
        file.as_file().sync_all().map_err(|error| unwritable(path, &error))?;
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let placed = if force { file.persist(real) } else { file.persist_noclobber(real) };
        placed.map(drop).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new(format!("{} was created meanwhile: replace it with --force", path.display()))
            }
            _ => unwritable(path, &error.error),
        })
    }
}

/// Removes what exports to the same file left behind that were killed.
fn sweep(folder: &Path, prefix: &str) {
    let is_part = |name: &str| name.starts_with(prefix) && name.ends_with(PART);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(is_part);
        if ours && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Another export may have done it.
            let _: io::Result<()> = fs::remove_file(entry.path());
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}
