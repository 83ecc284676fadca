//! A small disk of its own: a tmpfs in a mount namespace, which a sleeping process holds and others enter.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sspp_core::testing::did_not_run;

/// A disk that is mounted on a folder, seen only by processes that are started on it.
pub(super) struct Disk {
    holder: Child,
    folder: PathBuf,
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

impl Disk {
    /// Mounts so many bytes. `None` where the system lets no user do that, which is said.
    pub(super) fn mount(folder: &Path, bytes: u32) -> Option<Self> {
        let mount = format!(
            "mount -t tmpfs -o size={bytes} tmpfs '{}' && echo mounted && exec sleep 1000",
            folder.display()
        );
        let holder = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &mount])
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut holder) = holder else {
            did_not_run("there is no unshare(1), so no small disk to fill");
            return None;
        };
        let mut said = [0; 7];
        let mounted = std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said);
        let disk = Self { holder, folder: folder.to_owned() };
        if mounted.is_err() {
            did_not_run("this system lets no user mount a disk in a namespace of its own");
            return None;
        }
        Some(disk)
    }

    /// The words that start a program on this disk.
    pub(super) fn enter(&self) -> Vec<String> {
        let holder = self.holder.id().to_string();
        ["nsenter", "--target", &holder, "--user", "--mount", "--preserve-credentials"]
            .map(str::to_owned)
            .into()
    }

    /// Mounts it again, `ro` or `rw`.
    pub(super) fn remount(&self, how: &str) {
        let words = self.enter();
        let mut command = Command::new(&words[0]);
        let options = format!("remount,{how}");
        command.args(&words[1..]).args(["mount", "-o", &options]).arg(&self.folder);
        assert!(command.status().unwrap().success(), "{command:?}");
    }

    /// Its folder, as processes see it that are not on it.
    pub(super) fn seen_from_outside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.strip_prefix("/").unwrap())
    }
}
