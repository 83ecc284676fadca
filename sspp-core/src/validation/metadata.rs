use crate::MetadataFault;
use serde_json::value::RawValue;
pub(crate) fn check_metadata(_raw: &RawValue) -> Result<(), MetadataFault> {
    todo!()
}
