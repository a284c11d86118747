//! Plans: what the shop sells.

pub mod store;

use crate::money::Money;
use crate::types::{PlanId, Terms, Title};

/// A plan as its table holds it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its row.
    pub id: PlanId,
    /// The name that admins type, such as `standard-30`.
    pub name: String,
    /// The name that customers read.
    pub title: Title,
    /// How it is charged.
    pub billing: Billing,
    /// What it gives.
    pub terms: Terms,
    /// Whether the shop shows it.
    pub visible: bool,
    /// Whether serials of odd lengths take its limits.
    pub is_default: bool,
    /// What it costs, one price a currency.
    pub prices: Vec<Money>,
}

/// How a plan is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// For so many days, before they begin.
    Prepaid {
        /// The days.
        days: u32,
    },
    /// By the hour that it ran, afterwards.
    Hourly,
}

/// A plan to be stored.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// The name that admins type.
    pub name: String,
    /// The name that customers read.
    pub title: Title,
    /// How it is charged.
    pub billing: Billing,
    /// What it gives.
    pub terms: Terms,
    /// Whether serials of odd lengths take its limits.
    pub is_default: bool,
    /// What it costs, one price a currency.
    pub prices: Vec<Money>,
}
