//! The simulators, tried from outside as a bot and as people.

#[cfg(test)]
mod core;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod page;
#[cfg(test)]
mod relay;
mod rules;
#[cfg(test)]
mod support;
