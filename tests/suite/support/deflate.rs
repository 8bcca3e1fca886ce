//! A client's side of permessage-deflate, written without a word of the server's.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::wire::{TEXT, Wire};

/// The first byte of a whole text frame that is compressed.
pub(crate) const PACKED: u8 = TEXT | 0x40;

/// Bytes at the end of each flush, which are not sent.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A message as a client compresses it.
pub(crate) fn packed(text: &[u8]) -> Vec<u8> {
    let mut small = Vec::with_capacity(text.len() + 1000);
    let mut compress = Compress::new(Compression::best(), false);
    let flush = FlushCompress::Sync;
    compress.compress_vec(text, &mut small, flush).unwrap();
    assert!(small.ends_with(&TAIL));
    small.truncate(small.len() - TAIL.len());
    small
}

/// A message as a client with a window of so many bits reads it.
pub(crate) fn unpacked(payload: &[u8], window_bits: u8) -> String {
    let bytes = [payload, &TAIL].concat();
    let mut text = Vec::with_capacity(1_000_000);
    let mut decompress = Decompress::new_with_window_bits(false, window_bits);
    let flush = FlushDecompress::Sync;
    decompress.decompress_vec(&bytes, &mut text, flush).unwrap();
    assert_eq!(decompress.total_in(), bytes.len() as u64);
    String::from_utf8(text).unwrap()
}

impl Wire {
    /// A WebSocket that speaks as the address does by itself, with what it offers and what the server answers
    /// to that.
    pub(crate) async fn offer(
        address: SocketAddr,
        path: &str,
        token: &str,
        headers: &str,
    ) -> (Self, Option<String>) {
        let mut wire = Self::connect_with_small_buffer(address).await;
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: parlor\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             {headers}authorization: Bearer {token}\r\n\r\n"
        );
        wire.write(request.as_bytes()).await;
        let head = wire.http_head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let answers = head
            .lines()
            .filter_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        let answers: Vec<&str> = answers.collect();
        assert!(answers.len() < 2, "{head}");
        (wire, answers.first().map(|&answer| answer.to_owned()))
    }

    /// Connects a client that accepts compressed messages.
    pub(crate) async fn deflating(address: SocketAddr, path: &str, token: &str) -> Self {
        let headers = "sec-websocket-extensions: permessage-deflate\r\n";
        let (wire, answer) = Self::offer(address, path, token, headers).await;
        assert!(answer.is_some());
        wire
    }

    /// The next text, and how it came: its bytes if they were compressed.
    pub(crate) async fn text(&mut self) -> (String, Option<Vec<u8>>) {
        loop {
            let frame = self.frame().await.expect("a frame before the end");
            match frame.head {
                TEXT => return (String::from_utf8(frame.payload).unwrap(), None),
                PACKED => return (unpacked(&frame.payload, 15), Some(frame.payload)),
                _ => {}
            }
        }
    }

    /// The next text that holds `part`; others before it are passed over.
    pub(crate) async fn text_with(&mut self, part: &str) -> (String, Option<Vec<u8>>) {
        loop {
            let text = self.text().await;
            if text.0.contains(part) {
                return text;
            }
        }
    }
}
