//! Contract suites, builders, fakes and mocks for tests.
