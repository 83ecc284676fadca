//! `sspp health`: how the platform and what it depends on are.

use sspp_client::{Client, Health};

use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

/// Asks; not being well is a failure that may pass.
pub(crate) async fn run(client: &Client, output: &Output) -> Result<(), Failure> {
    let health = client.health().await?;
    output.document(&health, || show(&health, output));
    if !health.is_healthy() {
        return Err(Failure::later("the platform is not healthy"));
    }
    client.ready().await?;
    Ok(())
}

fn show(health: &Health, output: &Output) {
    let columns =
        [("SERVICE", Side::Left), ("STATUS", Side::Left), ("TIME", Side::Right), ("REASON", Side::Left)];
    let mut list = Listing::new(output, &columns);
    for (name, service) in &health.services {
        list.add(&(), || {
            let reason = service.reason.clone().unwrap_or_default();
            vec![name.clone(), service.status.to_string(), format!("{} ms", service.response_time), reason]
        });
    }
    list.end("");
    output.line(&format!("durability of accepted events: {}", health.durability));
    for warning in &health.warnings {
        output.line(&format!("warning: {warning}"));
    }
}
