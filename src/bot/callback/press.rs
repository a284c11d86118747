//! Every button there is.

use chrono_tz::Tz;

use super::presses;
use crate::types::{BatchId, ConfirmationId, Lang, RegionCode, RentalId, ServerId, UserId};

presses! {
    /// The main menu.
    Home = "h",
    /// The list of relays.
    Relays = "rl",
    /// A relay's card.
    Relay {
        /// The rental.
        rental: RentalId,
    } = "r",
    /// The serials that went to a relay.
    RelaySerials {
        /// The rental.
        rental: RentalId,
    } = "rs",
    /// What happened to a relay.
    RelayHistory {
        /// The rental.
        rental: RentalId,
    } = "rh",
    /// What to know before relying on a relay.
    RelayNotes {
        /// The rental.
        rental: RentalId,
    } = "rn",
    /// Ask for a serial.
    Redeem = "rd",
    /// Redeem the serial that waits in the account.
    RedeemNow = "rdy",
    /// Into a new relay: choose a region.
    RedeemNew = "rdn",
    /// Into a new relay in this region.
    RedeemIn {
        /// The region.
        region: RegionCode,
    } = "rdi",
    /// Into more days on a relay.
    RedeemExtend {
        /// The rental.
        rental: RentalId,
    } = "rdx",
    /// Leave the serial that waits.
    RedeemNot = "rdl",
    /// The ACL in force.
    Acl = "acl",
    /// The ACL as a file.
    AclFile = "aclf",
    /// How headscale takes it.
    AclHeadscale = "aclh",
    /// The versions so far.
    AclVersions = "aclv",
    /// Test a relay.
    Test {
        /// The rental.
        rental: RentalId,
    } = "rt",
    /// What to do when a device can't connect.
    Broken {
        /// The rental.
        rental: RentalId,
    } = "rb",
    /// Test a relay and send what was found to the ops group.
    SendReport {
        /// The rental.
        rental: RentalId,
    } = "rr",
    /// The screen that everything begins with.
    Welcome = "w",
    /// The same in another language.
    WelcomeIn {
        /// The language.
        lang: Lang,
    } = "wl",
    /// Begin without registering, where the shop sends no mail.
    Begin = "beg",
    /// Ask for an e-mail address.
    EmailAsk = "em",
    /// Mail another code.
    CodeResend = "cr",
    /// The account.
    Account = "ac",
    /// Ask for another name.
    UsernameAsk = "un",
    /// The languages.
    LangAsk = "lg",
    /// Speak this language.
    SetLang {
        /// The language.
        lang: Lang,
    } = "ls",
    /// Ask for a time zone.
    ZoneAsk = "z",
    /// Tell times in this zone.
    SetZone {
        /// The zone.
        zone: Tz,
    } = "zs",
    /// What happened to the account.
    AccountHistory = "hi",
    /// Help.
    Help = "hp",
    /// What to know before relying on a relay.
    Notes = "nt",
    /// The terms.
    Terms = "tm",
    /// Ops: do what was asked about.
    OpsConfirm {
        /// The question.
        id: ConfirmationId,
    } = "oy",
    /// Ops: don't do what was asked about.
    OpsCallOff {
        /// The question.
        id: ConfirmationId,
    } = "on",
    /// Ops: a page of the servers.
    OpsServers {
        /// From zero.
        page: u16,
    } = "osv",
    /// Ops: a page of a customer's records.
    OpsHistory {
        /// Whose.
        user: UserId,
        /// Those older than this one.
        before: Option<i64>,
    } = "ohi",
    /// Ops: a page of records.
    OpsAudit {
        /// Of this customer.
        user: Option<UserId>,
        /// Of this server.
        server: Option<ServerId>,
        /// Those older than this one.
        before: Option<i64>,
    } = "oau",
    /// Ops: send the file of a batch of serials again.
    OpsBatch {
        /// The batch.
        batch: BatchId,
    } = "oba",
    /// Ops: send a customer their ACL again.
    OpsAclSend {
        /// Whose.
        user: UserId,
    } = "oac",
    /// Ops: put an update that was set aside back into its lane.
    Unpark {
        /// Telegram's number of the update.
        update_id: i64,
    } = "unpark",
    /// Ops: start a failed job again.
    RetryJob {
        /// The job engine's number.
        job: i64,
    } = "job",
}
