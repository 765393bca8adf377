//! Which program listens on a port, where the system tells.

use std::fmt;
use std::path::Path;

/// A program that holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its name, as the system shows it.
    pub name: String,
    /// Its process.
    pub process: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (process {})", self.name, self.process)
    }
}

/// Who listens on a port of this machine; `None` where that cannot be seen: it is somebody
/// else's program, or the system is not Linux.
pub(super) fn of(port: u16) -> Option<Holder> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok());
    let inodes: Vec<_> = tables.flat_map(|table| listeners(&table, port)).collect();
    let links: Vec<_> = inodes
        .iter()
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            has_one_of(&entry.path(), &links).then(|| Holder {
                name: name(&entry.path()),
                process,
            })
        })
}

/// The inodes of the sockets that listen on this port, in a table of the kernel's
/// (`man 5 proc_net_tcp`).
fn listeners(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter_map(|row| match row.as_slice() {
        [_, local, _, "0A", _, _, _, _, _, inode, ..] if local.ends_with(&suffix) => {
            Some((*inode).to_owned())
        }
        _ => None,
    })
    .collect()
}

fn has_one_of(process: &Path, links: &[String]) -> bool {
    let Ok(files) = std::fs::read_dir(process.join("fd")) else {
        return false;
    };
    let targets = files
        .flatten()
        .filter_map(|file| std::fs::read_link(file.path()).ok());
    targets
        .into_iter()
        .any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
}

fn name(process: &Path) -> String {
    let name = std::fs::read_to_string(process.join("comm"));
    name.map_or_else(|_| "a program".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_of_the_port_count() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1
   1: 0100007F:0BB8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 222 1
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 333 1";
        assert_eq!(listeners(table, 3000), ["111"]);
        assert_eq!(listeners(table, 8080), ["333"]);
        assert!(listeners(table, 40_000).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn ones_own_port_is_held_by_oneself() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let holder = of(listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(holder.process, std::process::id());
        assert!(!holder.name.is_empty());
    }
}
