//! Inflating a body while it arrives, never beyond the limit.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};
use zstd::stream::write::Decoder;

/// The largest window that every zstd decoder has to support (RFC 8878, 3.1.1.1.2): 8 MiB. A frame
/// that asks for more could make us allocate it before its first byte is checked.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// The encodings to name in an answer that refuses others.
    pub(crate) const ACCEPTED: &'static str = "gzip, zstd";

    /// As the request says; `None` for an encoding that is not known, or several.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Some(Self::Identity) };
        if values.next().is_some() {
            return None;
        }
        let name = value.to_str().ok()?.trim();
        let is = |known| name.eq_ignore_ascii_case(known);
        if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else if is("identity") || name.is_empty() {
            Some(Self::Identity)
        } else {
            None
        }
    }
}

/// Why a body cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InflateFault {
    /// More comes out than is allowed.
    TooLarge,
    /// It is not what its encoding says, or is not complete.
    Corrupt,
}

/// Takes compressed pieces, collects what they inflate to.
pub(crate) enum Inflater {
    Identity(Collected),
    Gzip(Box<MultiGzDecoder<Collected>>),
    Zstd(Decoder<'static, Collected>),
}

impl Inflater {
    /// `expected` is how many bytes of memory to begin with.
    pub(crate) fn new(encoding: Encoding, expected: usize, limit: usize) -> io::Result<Self> {
        let collected = Collected { bytes: Vec::with_capacity(expected.min(limit)), limit };
        Ok(match encoding {
            Encoding::Identity => Self::Identity(collected),
            Encoding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(collected))),
            Encoding::Zstd => {
                let mut decoder = Decoder::new(collected)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Self::Zstd(decoder)
            }
        })
    }

    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), InflateFault> {
        let result = match self {
            Self::Identity(collected) => collected.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece),
            Self::Zstd(decoder) => decoder.write_all(piece),
        };
        result.map_err(|_| self.fault())
    }

    /// After the last piece: the whole body.
    pub(crate) fn finish(mut self) -> Result<Bytes, InflateFault> {
        let result = match &mut self {
            Self::Identity(_) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Zstd(decoder) => decoder.do_finish(),
        };
        result.map_err(|_| self.fault())?;
        Ok(std::mem::take(&mut self.collected_mut().bytes).into())
    }

    /// The decoders hand every error of the collecting end on as it is, but only its fullness
    /// tells.
    fn fault(&mut self) -> InflateFault {
        let collected = self.collected_mut();
        if collected.bytes.len() >= collected.limit {
            InflateFault::TooLarge
        } else {
            InflateFault::Corrupt
        }
    }

    fn collected_mut(&mut self) -> &mut Collected {
        match self {
            Self::Identity(collected) => collected,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Bytes up to a limit; full is an error.
pub(crate) struct Collected {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Collected {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        let taken = &piece[..piece.len().min(room)];
        self.bytes.extend_from_slice(taken);
        // Zero for a full one becomes an error in whoever writes.
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use http::HeaderValue;

    use super::*;

    const LIMIT: usize = 100_000;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        zstd::encode_all(content, 0).unwrap()
    }

    /// Inflates in pieces of this many bytes.
    fn inflate(encoding: Encoding, body: &[u8], piece: usize) -> Result<Bytes, InflateFault> {
        let mut inflater = Inflater::new(encoding, 0, LIMIT).unwrap();
        let result = body.chunks(piece).try_for_each(|piece| inflater.push(piece));
        assert!(inflater.collected_mut().bytes.capacity() <= 2 * LIMIT);
        result.and_then(|()| inflater.finish())
    }

    /// Scenario: bodies up to the limit, in pieces of any size; also several members or frames in a
    /// row.
    /// Guarantees: they come out as they went in.
    #[test]
    fn bodies_are_inflated() {
        let content: Vec<u8> = (0..=250).cycle().take(LIMIT).collect();
        for size in [0, 1, 1000, LIMIT] {
            let content = &content[..size];
            for piece in [1, 7, 5000, LIMIT + 1] {
                let identity = inflate(Encoding::Identity, content, piece).unwrap();
                assert!(identity == content);
                assert!(inflate(Encoding::Gzip, &gzip(content), piece).unwrap() == content);
                assert!(inflate(Encoding::Zstd, &zstd(content), piece).unwrap() == content);
            }
        }
        let twice = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(inflate(Encoding::Gzip, &twice, 5), Ok(Bytes::from("one two")));
        let twice = [zstd(b"one "), zstd(b"two")].concat();
        assert_eq!(inflate(Encoding::Zstd, &twice, 5), Ok(Bytes::from("one two")));
    }

    /// Scenario: one byte more than allowed, and bombs of two hundred times as much.
    /// Guarantees: too large, without holding more than twice the limit.
    #[test]
    fn bombs_are_stopped_at_the_limit() {
        for size in [LIMIT + 1, 200 * LIMIT] {
            let content = vec![0; size];
            let identity = &content[..size.min(LIMIT * 10)];
            let too_large = Err(InflateFault::TooLarge);
            assert_eq!(inflate(Encoding::Identity, identity, 5000), too_large);
            assert_eq!(inflate(Encoding::Gzip, &gzip(&content), 5000), too_large);
            assert_eq!(inflate(Encoding::Zstd, &zstd(&content), 5000), too_large);
        }
    }

    /// Scenario: bodies that are cut off, damaged, followed by something else, or not compressed at
    /// all.
    /// Guarantees: corrupt, each of them.
    #[test]
    fn damaged_bodies_are_corrupt() {
        let content = b"some content that is long enough to be damaged in its middle".repeat(9);
        for (encoding, sound) in
            [(Encoding::Gzip, gzip(&content)), (Encoding::Zstd, zstd(&content))]
        {
            let corrupt = Err(InflateFault::Corrupt);
            for length in [0, 1, 5, sound.len() / 2, sound.len() - 1] {
                assert_eq!(
                    inflate(encoding, &sound[..length], 9),
                    corrupt,
                    "{encoding:?} {length}"
                );
            }
            let mut damaged = sound.clone();
            damaged[0] ^= 0xff;
            assert_eq!(inflate(encoding, &damaged, 9), corrupt, "{encoding:?} damaged");
            let followed = [&sound[..], b"something else"].concat();
            assert_eq!(inflate(encoding, &followed, 9), corrupt, "{encoding:?} followed");
            assert_eq!(inflate(encoding, &content, 9), corrupt, "{encoding:?} plain");
        }
    }

    /// Scenario: a zstd frame that wants a window of 128 MiB.
    /// Guarantees: it is refused instead of allocated.
    #[test]
    fn huge_zstd_windows_are_refused() {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&[7; 1000]).unwrap();
        let frame = encoder.finish().unwrap();
        assert_eq!(inflate(Encoding::Zstd, &frame, 9), Err(InflateFault::Corrupt));
    }

    /// Scenario: content encodings as clients write them.
    /// Guarantees: three are known, in any case; anything else, and more than one, is not.
    #[test]
    fn encodings_are_recognised() {
        let of = |values: &[&'static str]| {
            let values = values.iter().map(|value| HeaderValue::from_static(value));
            Encoding::of(&values.map(|value| (CONTENT_ENCODING, value)).collect())
        };
        assert_eq!(of(&[]), Some(Encoding::Identity));
        assert_eq!(of(&[""]), Some(Encoding::Identity));
        assert_eq!(of(&["Identity"]), Some(Encoding::Identity));
        assert_eq!(of(&["GZIP"]), Some(Encoding::Gzip));
        assert_eq!(of(&["x-gzip"]), Some(Encoding::Gzip));
        assert_eq!(of(&[" zstd "]), Some(Encoding::Zstd));
        assert_eq!(of(&["deflate"]), None);
        assert_eq!(of(&["gzip, zstd"]), None);
        assert_eq!(of(&["gzip", "gzip"]), None);
    }
}
