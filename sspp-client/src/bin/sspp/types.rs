//! `sspp types`: the event types of the active scoring model.

use sspp_client::Client;

use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

/// Lists them.
pub(crate) async fn run(client: &Client, output: &Output) -> Result<(), Failure> {
    let types = client.event_types().await?;
    let columns = [
        ("EVENT TYPE", Side::Left),
        ("BASE", Side::Right),
        ("SIGNAL TYPE", Side::Left),
        ("GROUP", Side::Left),
    ];
    let mut list = Listing::new(output, &columns);
    for kind in &types.event_types {
        list.add(kind, || {
            vec![
                kind.event_type.to_string(),
                format!("{:.2}", kind.base),
                kind.signal_type.to_string(),
                kind.group.clone(),
            ]
        });
    }
    list.end("no event types");
    output.note(&format!(
        "base scores of the scoring model {} {}; modifiers change them",
        types.model.name, types.model.version
    ));
    Ok(())
}
