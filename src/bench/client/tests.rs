//! Tests of the order check.

use std::{
    io::{self, Write},
    net::{TcpListener, TcpStream},
};

use super::{ClientPool, Marker, PeerProtocol, body};

/// Feeds a pool of one socket with messages of these numbers.
fn hears(numbers: &[u64]) -> io::Result<u64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut server = TcpStream::connect(listener.local_addr()?)?;
    let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
    pool.add(listener.accept()?.0)?;
    for number in numbers {
        let marker = Marker {
            number: *number,
            sender: 0,
            at: 0,
        };
        let body = body(marker, 50);
        let text = format!(r#"{{"type":"message","body":"{body}"}}"#);
        let length = u8::try_from(text.len()).map_err(io::Error::other)?;
        server.write_all(&[&[0x81, length], text.as_bytes()].concat())?;
    }
    let wanted = numbers.len() as u64;
    pool.until("all messages", |counts| counts.deliveries == wanted)?;
    Ok(pool.counts.deliveries)
}

#[test]
fn messages_in_order_are_counted() {
    assert_eq!(hears(&[0, 1, 2]).unwrap(), 3);
}

#[test]
fn a_lost_a_doubled_and_a_swapped_message_fail_the_run() {
    for numbers in [&[0, 2][..], &[0, 0], &[1, 0]] {
        let error = hears(numbers).unwrap_err().to_string();
        assert!(error.contains("was next"), "{numbers:?}: {error}");
    }
}
