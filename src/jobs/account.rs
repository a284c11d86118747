//! Jobs about people and records.

use serde::{Deserialize, Serialize};

use super::{Job, Spec};

/// Mails the digits that prove an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCode {
    /// The row of `email_codes`.
    pub code_id: i64,
}

impl Job for SendCode {
    const NAME: &'static str = "send_code";

    fn spec(&self) -> Spec {
        // Somebody looks at the chat meanwhile.
        Spec::default().once(format!("{}:{}", Self::NAME, self.code_id)).priority(-10)
    }
}

/// Deletes codes from long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanCodes {}

impl Job for CleanCodes {
    const NAME: &'static str = "clean_codes";

    fn spec(&self) -> Spec {
        Spec::default().once(Self::NAME).attempts(3)
    }
}

/// Chains the records that have been committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainAudit {}

impl Job for ChainAudit {
    const NAME: &'static str = "chain_audit";

    fn spec(&self) -> Spec {
        Spec::default().in_queue("audit").once(Self::NAME).attempts(3)
    }
}

/// Tells the ops group where the chain stood at the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellAuditHead {}

impl Job for TellAuditHead {
    const NAME: &'static str = "tell_audit_head";

    fn spec(&self) -> Spec {
        Spec::default().in_queue("audit").once(Self::NAME)
    }
}
