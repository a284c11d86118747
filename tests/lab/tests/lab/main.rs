//! The simulators, tried from outside as a bot and as people.

#[cfg(test)]
mod core;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod page;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod support;
