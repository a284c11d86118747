//! Integration tests: conversations against the real parts.
mod embedded_pg;
mod floors;
mod settings;
