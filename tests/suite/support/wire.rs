//! A client that writes its frames by hand, so that it can break every rule.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::within;

/// The first byte of a whole text frame.
pub(crate) const TEXT: u8 = 0x81;
/// The first byte of a close frame.
pub(crate) const CLOSE: u8 = 0x88;
/// The first byte of a ping.
pub(crate) const PING: u8 = 0x89;
/// The first byte of a pong.
pub(crate) const PONG: u8 = 0x8a;

/// A bare TCP connection to the server.
pub(crate) struct Wire {
    pub stream: TcpStream,
}

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawFrame {
    pub head: u8,
    pub payload: Vec<u8>,
}

impl Wire {
    /// Connects with a receive buffer so small that the server soon notices who does not read.
    pub(crate) async fn connect_with_small_buffer(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let stream = within("a connection", socket.connect(address)).await;
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// A WebSocket that speaks JSON, and nothing read from it yet.
    pub(crate) async fn open(address: SocketAddr, path: &str, token: &str) -> Self {
        let mut wire = Self::connect_with_small_buffer(address).await;
        wire.write(request(path, token).as_bytes()).await;
        let head = wire.http_head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        wire
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        within("a write", self.stream.write_all(bytes))
            .await
            .unwrap();
    }

    /// Sends a frame as a client must: masked.
    pub(crate) async fn send(&mut self, head: u8, payload: &[u8]) {
        self.write(&frame(head, payload)).await;
    }

    /// Reads the head of an HTTP answer, and not a byte more.
    pub(crate) async fn http_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = within("an answer", self.stream.read_u8()).await;
            head.push(byte.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&head))
            }));
        }
        String::from_utf8(head).unwrap()
    }

    /// The next frame; `None` where the stream ends in order. A reset fails the test.
    pub(crate) async fn frame(&mut self) -> Option<RawFrame> {
        within("a frame", async {
            let mut head = [0; 1];
            if self.stream.read(&mut head).await.expect("no reset") == 0 {
                return None;
            }
            let length = self.stream.read_u8().await.unwrap();
            assert_eq!(length & 0x80, 0, "a server must not mask");
            let length = match length {
                126 => u64::from(self.stream.read_u16().await.unwrap()),
                127 => self.stream.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).await.unwrap();
            let head = head[0];
            Some(RawFrame { head, payload })
        })
        .await
    }

    /// The next frame that begins so; others before it are passed over.
    pub(crate) async fn frame_of(&mut self, head: u8) -> RawFrame {
        loop {
            let frame = self.frame().await.expect("a frame before the end");
            if frame.head == head {
                return frame;
            }
        }
    }

    /// The code of the server's close. It is answered, and then the stream must end in order.
    pub(crate) async fn closed(mut self) -> u16 {
        let close = self.frame_of(CLOSE).await;
        let code = u16::from_be_bytes(close.payload[..2].try_into().unwrap());
        // The server may have ended its side and ours by now.
        let _ = self.stream.write_all(&frame(CLOSE, &close.payload)).await;
        assert_eq!(self.frame().await, None, "nothing follows a close");
        code
    }
}

/// A handshake for JSON.
pub(crate) fn request(path: &str, token: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: parlor\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: parlor.v1.json\r\nauthorization: Bearer {token}\r\n\r\n"
    )
}

/// A masked frame of any length.
pub(crate) fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 77, 177, 217];
    let mut bytes = vec![head];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..65536 => {
            bytes.push(0x80 + 126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 + 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}
