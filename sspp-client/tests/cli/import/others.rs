//! Other files stay unchanged, and a second import waits.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;

use super::super::{Said, command, sspp};
use super::{Bench, HEADER, csv};

#[test]
fn two_imports_of_one_file_at_the_same_time_count_its_rows_once() {
    // A server that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("http://{}", silent.local_addr().unwrap());
    let bench = Bench::new();
    bench.write("events.csv", csv(200));
    let path = bench.path("events.csv");
    let mut first = command(&away, &["import", &path]).stderr(Stdio::null()).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    for more in [&[][..], &["--again"]] {
        let said = bench.import("events.csv", more);
        assert!(said.code == 3 && said.err.contains("another import") && said.out.is_empty(), "{said:?}");
    }
    // Its death frees the lock.
    first.kill().unwrap();
    first.wait().unwrap();
    let spawn = || {
        let mut command = command(&bench.platform.url, &["import", &path, "--batch", "5"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [spawn(), spawn()].map(|child| Said::from(child.wait_with_output().unwrap()));
    assert!(both.iter().any(|said| said.code == 0 && said.out.contains("200 accepted")), "{both:?}");
    assert!(both.iter().all(|said| [0, 3].contains(&said.code)), "{both:?}");
    bench.signals(200);
    assert!(!fs::exists(bench.path("events.csv.checkpoint.lock")).unwrap());
}

#[test]
fn files_that_are_not_its_own_are_never_replaced() {
    let bench = Bench::new();
    bench.write("n.csv", format!("{HEADER}\na,u,email_sent,bad\n"));
    for (name, bytes) in
        [("notes.txt", &b"my notes"[..]), ("notes.bin", b"\xff\0"), ("list.json", b"{\"a\":1}")]
    {
        bench.write(name, bytes);
        let notes = bench.path(name);
        for arguments in [
            &["--checkpoint", &notes, "--again"][..],
            &["--checkpoint", &notes],
            &["--rejected", &notes],
            &["--rejected", &notes, "--again"],
            &["--rejected", &notes, "--dry-run"],
        ] {
            let said = bench.import("n.csv", arguments);
            assert!(
                said.code == 1 && said.err.contains(name) && said.out.is_empty(),
                "{arguments:?}: {said:?}"
            );
            assert_eq!(fs::read(&notes).unwrap(), bytes, "{arguments:?}");
        }
    }
    // One file that is not there yet, written in two ways.
    let here = |arguments: &[&str]| -> Said {
        let mut command = command(&bench.platform.url, &[&["import", "n.csv"], arguments].concat());
        command.current_dir(bench.folder.path()).output().unwrap().into()
    };
    let said = here(&["--checkpoint", "./q", "--rejected", "q"]);
    assert!(said.code == 2 && said.err.contains("same file"), "{said:?}");
    // It replaces its own file, by any path, and another one with --force.
    for arguments in [&["--rejected", "r.csv"][..], &["--rejected", "./r.csv", "--again"]] {
        let said = here(arguments);
        assert!(said.code == 1 && said.out.contains("1 rejected"), "{said:?}");
    }
    let said = here(&["--rejected", "notes.txt", "--again", "--force"]);
    assert!(said.code == 1 && bench.read("notes.txt").starts_with("rejection,"), "{said:?}");
    // The name that it has by itself is no reason either.
    bench.write("m.csv", bench.read("n.csv"));
    bench.write("m.csv.rejected.csv", "mine");
    let said = sspp(&bench.platform.url, &["import", &bench.path("m.csv")]);
    assert!(said.code == 1 && bench.read("m.csv.rejected.csv") == "mine", "{said:?}");
}
