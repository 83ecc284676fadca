//! stub
/// stub
#[derive(Debug)]
pub struct MemoryEventQueue;
/// stub
#[derive(Debug)]
pub struct MemorySignalStore;
