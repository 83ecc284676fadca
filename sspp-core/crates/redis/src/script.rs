//! The scripts by their text and digest.

use std::sync::LazyLock;

/// A script as Redis knows it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) digest: String,
}

/// Milliseconds of Redis's own clock. Builds for fault tests shift it by a key of the shard.
#[cfg(not(feature = "faults"))]
const NOW: &str = "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)";
#[cfg(feature = "faults")]
const NOW: &str = "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000) \
    + tonumber(redis.call('GET', KEYS[1] .. ':clock_offset_ms') or 0)";

fn script(text: &str) -> Script {
    let text = text.replace("--NOW--", NOW);
    let digest = fred::util::sha1_hash(&text);
    Script { text, digest }
}

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| script(include_str!(concat!("../scripts/", $file))));)*
    };
}

scripts! {
    CAN_ENQUEUE = "can_enqueue.lua";
    CAN_SETTLE = "can_settle.lua";
    ENQUEUE = "enqueue.lua";
    RECEIVE = "receive.lua";
    RECLAIM = "reclaim.lua";
    SETTLE = "settle.lua";
    KEEP = "keep.lua";
    RUN = "run.lua";
    LOOK = "look.lua";
    FENCE = "fence.lua";
}
