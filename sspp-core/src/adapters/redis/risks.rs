//! What a server's own words say of its durability.

/// What in Redis's INFO puts acknowledged events at risk.
pub(super) fn risks(info: &str) -> Vec<String> {
    let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    let mut risks = Vec::new();
    if value("aof_enabled") != Some("1") {
        risks.push(
            "Redis keeps no append-only file: a crash of it loses events; set `appendonly yes`".to_owned(),
        );
    } else if value("aof_last_write_status").is_some_and(|status| status != "ok") {
        risks.push("Redis cannot write its append-only file: see its log and its disk".to_owned());
    }
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
    }
}
