//! What a server's own words say of its durability.

/// Settings that INFO does not tell, as CONFIG GET names them.
pub(super) const CONFIG: [&str; 2] = ["appendfsync", "no-appendfsync-on-rewrite"];

/// What in Redis's INFO, and in its settings as lines of the same form, puts acknowledged events at risk.
pub(super) fn risks(info: &str) -> Vec<String> {
    let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let mut risks = Vec::new();
    let mut risk = |of: bool, reason: &str| {
        if of {
            risks.push(reason.to_owned());
        }
    };
    let kept = value("aof_enabled") == Some("1");
    risk(!kept, "Redis has no append-only file, so a crash loses events: set `appendonly yes`");
    risk(
        kept && value("aof_last_write_status").is_some_and(|status| status != "ok"),
        "Redis cannot write its append-only file: see its log and its disk",
    );
    risk(
        kept && value("appendfsync") == Some("no"),
        "Redis does not sync its append-only file, so a crash of its machine loses about the last 30 seconds: set `appendfsync everysec` or `appendfsync always`",
    );
    risk(
        kept && value("no-appendfsync-on-rewrite") == Some("yes"),
        "Redis does not sync its append-only file during a rewrite, so a crash of its machine loses events of that time: set `no-appendfsync-on-rewrite no`",
    );
    if let Some(policy) = value("maxmemory_policy").filter(|policy| *policy != "noeviction") {
        risks.push(format!(
            "Redis removes keys when its memory is full (maxmemory-policy {policy}): set `maxmemory-policy noeviction`"
        ));
    }
    risks
}

#[cfg(test)]
mod tests {
    use super::risks;

    #[test]
    fn what_the_server_says_is_judged() {
        let safe = "aof_enabled:1\r\naof_last_write_status:ok\r\nmaxmemory_policy:noeviction\r\n";
        assert!(risks(safe).is_empty());
        assert_eq!(risks("aof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n").len(), 2);
        assert_eq!(
            risks("aof_enabled:1\r\naof_last_write_status:err\r\nmaxmemory_policy:noeviction").len(),
            1
        );
        for (settings, count) in [
            ("appendfsync:everysec\nno-appendfsync-on-rewrite:no\n", 0),
            ("appendfsync:no\nno-appendfsync-on-rewrite:no\n", 1),
            ("appendfsync:always\nno-appendfsync-on-rewrite:yes\n", 1),
        ] {
            assert_eq!(risks(&format!("{safe}{settings}")).len(), count, "{settings}");
        }
    }
}
