//! Width and height of the pictures Telegram takes as photos.

/// Pixels of a PNG, GIF or JPEG picture; `None` for anything else.
pub(crate) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((be32(bytes.get(16..20)?), be32(bytes.get(20..24)?)));
    }
    if bytes.starts_with(b"GIF8") {
        let side = |at: usize| bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])));
        return Some((side(6)?, side(8)?));
    }
    if bytes.starts_with(&[0xFF, 0xD8]) {
        return jpeg(bytes);
    }
    None
}

/// Walks the segments of a JPEG to its frame header.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let header = bytes.get(at..at + 4)?;
        if header[0] != 0xFF {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let frame = matches!(header[1], 0xC0..=0xCF) && !matches!(header[1], 0xC4 | 0xC8 | 0xCC);
        if frame {
            let size = bytes.get(at + 5..at + 9)?;
            let (height, width) =
                (u16::from_be_bytes([size[0], size[1]]), u16::from_be_bytes([size[2], size[3]]));
            return Some((width.into(), height.into()));
        }
        at += 2 + length;
    }
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}
