//! Integration tests: conversations against the real parts.
mod floors;
mod settings;
