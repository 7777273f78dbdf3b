//! A keep-alive HTTP/1.1 connection to the gateway or the receiver, without the cost of a library.

use crate::KEY;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    pub fn call(&mut self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let (headers, body) = self.exchange(method, path, media_type, body);
        (headers["status"].parse().expect("a status"), body)
    }

    /// The headers, with the status among them, and the body.
    pub fn exchange(&mut self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (HashMap<String, String>, Vec<u8>) {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).expect("the request goes out");
        let (first, mut headers) = head(&mut self.stream).expect("an answer");
        headers.insert("status".to_owned(), first.split(' ').nth(1).unwrap_or_default().to_owned());
        let length = headers.get("content-length").map_or(0, |text| text.parse().expect("a length"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (headers, body)
    }
}

pub fn head(stream: &mut BufReader<TcpStream>) -> Option<(String, HashMap<String, String>)> {
    let mut first = String::new();
    if stream.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => drop(headers.insert(name.to_lowercase(), value.trim().to_owned())),
            None => return Some((first, headers)),
        }
    }
}
