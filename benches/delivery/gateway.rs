//! The gateway's own binary, started on an empty folder, or on an empty database of the given PostgreSQL and names of its own on RabbitMQ.

use crate::client::Client;
use crate::{KEY, PATIENCE};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Clone)]
pub struct Servers {
    pub database: String,
    pub queue: String,
}

pub struct Gateway {
    children: Vec<Child>,
    pub address: SocketAddr,
    database: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Gateway {
    pub fn start(servers: Option<&Servers>, workers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let name = format!("skillgate_bench_{}_{}", std::process::id(), free.port());
        let database = servers.map(|servers| {
            psql(&servers.database, &format!("CREATE DATABASE {name}"));
            (servers.database.clone(), name.clone())
        });
        let command = |role: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_skillgate"));
            command.arg(role).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command.env("SKILLGATE_HTTP__LISTEN", free.to_string()).env("SKILLGATE_AUTH__BOOTSTRAP_KEY", KEY);
            command.env("SKILLGATE_LOG__LEVEL", "warn").env("SKILLGATE_VERIFY__OFFLINE", "true");
            command.env("SKILLGATE_HTTP_CLIENT__ALLOW_PRIVATE", "127.0.0.0/8");
            command.env("SKILLGATE_SECURITY__MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
            if let Some(servers) = servers {
                let (server, _) = servers.database.rsplit_once('/').expect("a database in the URL");
                command.env("SKILLGATE_DATABASE__URL", format!("{server}/{name}")).env("SKILLGATE_QUEUE__URL", &servers.queue);
                command.env("SKILLGATE_QUEUE__PREFIX", format!("{name}."));
            }
            command.spawn().expect("the gateway starts")
        };
        let mut children = vec![command("serve")];
        let began = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(began.elapsed() < PATIENCE, "the gateway does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        children.extend((1..workers).map(|_| command("worker")));
        Self { children, address: free, database, _folder: folder }
    }

    pub fn call(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        Client::new(self.address).call(method, path, media_type, body)
    }

    /// The number of events in the feed.
    pub fn events_expected(&self) -> usize {
        let (mut client, mut after, mut count) = (Client::new(self.address), "0".to_owned(), 0);
        loop {
            let path = format!("/v1/events?limit=100&after={after}");
            let (headers, body) = client.exchange("GET", &path, "application/json", b"");
            let events: Vec<Value> = serde_json::from_slice(&body).expect("JSON");
            if events.is_empty() {
                return count;
            }
            count += events.len();
            after = headers["skillgate-next"].clone();
        }
    }

    /// User and system time of all processes, in seconds.
    pub fn cpu(&self) -> f64 {
        self.children.iter().map(|child| cpu_of(&format!("/proc/{}/stat", child.id()))).sum()
    }

    /// User and system time that the database and the broker spent, in seconds.
    pub fn servers_cpu(&self) -> f64 {
        self.database.as_ref().map_or(0.0, |(_, name)| servers_cpu(name))
    }

    /// The most that the first process ever held, in MiB.
    pub fn memory(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// What the first process holds now, in MiB.
    #[allow(dead_code, reason = "the other measurement that has this file asks for it")]
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.children[0].id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        for child in &mut self.children {
            child.kill().ok();
            child.wait().ok();
        }
        if let Some((server, name)) = &self.database {
            psql(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn psql(url: &str, statement: &str) {
    let done = Command::new("psql").args([url, "-qc", statement]).stdout(Stdio::null()).status().expect("psql");
    assert!(done.success(), "{statement}");
}

/// CPU time of the backends of a database and of RabbitMQ on this machine, in seconds. Other users of the broker count, too.
fn servers_cpu(database: &str) -> f64 {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0.0 };
    let mut sum = 0.0;
    for process in processes.flatten() {
        let read = |name: &str| std::fs::read_to_string(process.path().join(name)).unwrap_or_default();
        let counts = match read("comm").trim() {
            "postgres" => read("cmdline").contains(database),
            "beam.smp" => true,
            _ => false,
        };
        if counts {
            sum += cpu_of(&process.path().join("stat").display().to_string());
        }
    }
    sum
}

fn cpu_of(path: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
