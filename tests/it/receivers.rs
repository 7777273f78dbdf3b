//! The receivers that the documents show are run: each takes an event with the right signature and refuses others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const KEY: &[u8; 32] = b"01234567890123456789012345678901";
const BODY: &str = r#"{"type":"org.skillgate.skill.asserted.v1","data":{"assertion":{"label":{"text":"SQL"}}}}"#;

struct Running {
    child: Child,
    printed: BufReader<std::process::ChildStdout>,
    port: u16,
}

impl Running {
    /// `None`: the language is not on this machine.
    fn start(program: &str, file: &str) -> Option<Self> {
        let is_there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !is_there.is_ok_and(|status| status.success()) {
            eprintln!("{program} is not on this machine: {file} was not run");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/receivers").join(file);
        let secret = format!("whsec_{}", STANDARD.encode(KEY));
        let mut child = Command::new(program).arg(file).arg(secret).arg(port.to_string()).stdout(Stdio::piped()).spawn().unwrap();
        let mut running = Self { printed: BufReader::new(child.stdout.take().unwrap()), child, port };
        assert!(running.line().contains("waiting for events"));
        Some(running)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.printed.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn post(&self, timestamp: i64, body: &str, signature: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nwebhook-id: msg-1\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n\
             content-type: application/cloudevents+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn signature(timestamp: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(format!("msg-1.{timestamp}.{BODY}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn takes_what_is_genuine_and_nothing_else(program: &str, file: &str) {
    let Some(mut receiver) = Running::start(program, file) else { return };
    let now = chrono::Utc::now().timestamp();
    assert_eq!(receiver.post(now, BODY, &format!("v1,AAAA {}", signature(now))), "204");
    assert!(receiver.line().starts_with("signature ok  org.skillgate.skill.asserted.v1"));
    let changed = BODY.replace("SQL", "SQl");
    for (timestamp, body, signed) in [
        (now, changed.as_str(), signature(now)),
        (now - 3_600, BODY, signature(now - 3_600)),
        (now, BODY, "v1,AAAA".to_owned()),
        (now, BODY, signature(now).replace("v1,", "v2,")),
    ] {
        assert_eq!(receiver.post(timestamp, body, &signed), "401", "{file}: {signed}");
        assert_eq!(receiver.line(), "refused: the signature is wrong");
    }
}

#[test]
fn the_receiver_in_python_takes_what_is_genuine_and_nothing_else() {
    takes_what_is_genuine_and_nothing_else("python3", "receiver.py");
}

#[test]
fn the_receiver_in_javascript_takes_what_is_genuine_and_nothing_else() {
    takes_what_is_genuine_and_nothing_else("node", "receiver.mjs");
}

#[test]
fn the_receiver_in_java_takes_what_is_genuine_and_nothing_else() {
    takes_what_is_genuine_and_nothing_else("java", "Receiver.java");
}
