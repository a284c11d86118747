//! Values inside a button's data.

use chrono_tz::Tz;

use crate::types::{
    AclId, BatchId, ConfirmationId, ContainerId, DeviceId, Lang, PlanId, RegionCode, RentalId, SerialId,
    ServerId, ServerTypeId, TailnetId, UserId,
};

/// A value that a button can carry: as text without `:`, as short as may be.
pub trait Value: Sized {
    /// Appends the value's text.
    fn write(&self, data: &mut String);
    /// Reads it back; `None` if it isn't one.
    fn read(text: &str) -> Option<Self>;
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Numbers in base 36, so that an id of any size takes at most 14 bytes.
impl Value for i64 {
    fn write(&self, data: &mut String) {
        let mut left = self.unsigned_abs();
        let mut digits = Vec::with_capacity(13);
        loop {
            digits.push(char::from(DIGITS[usize::try_from(left % 36).unwrap_or_default()]));
            left /= 36;
            if left == 0 {
                break;
            }
        }
        if *self < 0 {
            data.push('-');
        }
        data.extend(digits.iter().rev());
    }

    fn read(text: &str) -> Option<Self> {
        // One spelling for each number: no sign, zeros or capitals that `write` would not make.
        let n = Self::from_str_radix(text, 36).ok()?;
        let mut again = String::new();
        n.write(&mut again);
        (again == text).then_some(n)
    }
}

impl Value for u16 {
    fn write(&self, data: &mut String) {
        i64::from(*self).write(data);
    }

    fn read(text: &str) -> Option<Self> {
        i64::read(text)?.try_into().ok()
    }
}

impl Value for bool {
    fn write(&self, data: &mut String) {
        data.push(if *self { '1' } else { '0' });
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        }
    }
}

impl Value for RegionCode {
    fn write(&self, data: &mut String) {
        data.push_str(self.as_str());
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Lang {
    fn write(&self, data: &mut String) {
        data.push_str(self.tag());
    }

    fn read(text: &str) -> Option<Self> {
        Self::from_tag(text)
    }
}

/// By its name, which is 32 characters at most.
impl Value for Tz {
    fn write(&self, data: &mut String) {
        data.push_str(self.name());
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Nothing, or a value: an empty text is nothing.
impl<T: Value> Value for Option<T> {
    fn write(&self, data: &mut String) {
        if let Some(value) = self {
            value.write(data);
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { T::read(text).map(Some) }
    }
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Value for $name {
            fn write(&self, data: &mut String) {
                self.0.write(data);
            }

            fn read(text: &str) -> Option<Self> {
                i64::read(text).filter(|n| *n > 0).map(Self)
            }
        }
    )+};
}
ids!(
    UserId,
    TailnetId,
    PlanId,
    BatchId,
    SerialId,
    RentalId,
    ServerId,
    ServerTypeId,
    ContainerId,
    AclId,
    DeviceId,
    ConfirmationId
);
