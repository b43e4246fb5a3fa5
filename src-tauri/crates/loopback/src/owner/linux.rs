//! The owner of a socket, from the kernel's tables.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Semaphore;

use crate::Connection;

/// The kernel's tables of TCP sockets, and the user to look for in them.
#[derive(Debug, Clone)]
pub(crate) struct SameUser {
    user: u32,
    ipv4: PathBuf,
    ipv6: PathBuf,
    /// One look-up at a time: the kernel walks its whole hash table for each.
    turn: Arc<Semaphore>,
}

impl SameUser {
    /// For the user that this process runs as.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::of(own_user(Path::new("/proc/self/status"))?))
    }

    /// For this user.
    pub(crate) fn of(user: u32) -> Self {
        Self {
            user,
            ipv4: PathBuf::from("/proc/net/tcp"),
            ipv6: PathBuf::from("/proc/net/tcp6"),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Whether the peer's socket is the user's. Off the runtime's workers: a look-up takes 1.4 ms
    /// on a machine of 24 GB, whose kernel sizes the table for 262,144 sockets (measured).
    pub(crate) async fn admits(&self, connection: Connection) -> io::Result<bool> {
        let _turn = self.turn.acquire().await.map_err(io::Error::other)?;
        let this = self.clone();
        // Twice: the kernel lists its table piece by piece, and a socket that goes in between can
        // hide its neighbour.
        let owns = move || {
            let Connection { peer, local, .. } = connection;
            Ok(this.owns(peer, local)? || this.owns(peer, local)?)
        };
        tokio::task::spawn_blocking(owns).await.map_err(io::Error::other)?
    }

    /// Whether a socket of the user's is connected from `peer` to `local`.
    fn owns(&self, peer: SocketAddr, local: SocketAddr) -> io::Result<bool> {
        if peer.is_ipv4() && self.listed(&self.ipv4, peer, local)? {
            return Ok(true);
        }
        // A program that opened an IPv6 socket and called an IPv4 address is listed as
        // ::ffff:a.b.c.d.
        match self.listed(&self.ipv6, mapped(peer), mapped(local)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            result => result,
        }
    }

    fn listed(&self, table: &Path, peer: SocketAddr, local: SocketAddr) -> io::Result<bool> {
        let ends = [endpoint(peer), endpoint(local)];
        let mut rows = BufReader::with_capacity(16 * 1024, File::open(table)?);
        let mut row = String::new();
        while rows.read_line(&mut row)? > 0 {
            if let Some(owner) = owner_of(&row, &ends) {
                return Ok(owner == self.user);
            }
            row.clear();
        }
        Ok(false)
    }
}

/// The owner in a row that connects these two ends; `None` for other rows and for a socket that its
/// program has already closed (inode 0, and then the owner column says root).
fn owner_of(row: &str, ends: &[String; 2]) -> Option<u32> {
    let mut columns = row.split_ascii_whitespace().skip(1);
    if columns.next()? != ends[0] || columns.next()? != ends[1] {
        return None;
    }
    let owner = columns.nth(4)?.parse().ok()?;
    let inode: u64 = columns.nth(1)?.parse().ok()?;
    (inode != 0).then_some(owner)
}

/// The address as the kernel prints it: each 32-bit word in hexadecimal in the machine's byte
/// order.
fn endpoint(address: SocketAddr) -> String {
    let word = |bytes: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(bytes));
    let ip = match address {
        SocketAddr::V4(v4) => word(v4.ip().octets()),
        SocketAddr::V6(v6) => v6.ip().octets().as_chunks().0.iter().copied().map(word).collect(),
    };
    format!("{ip}:{:04X}", address.port())
}

fn mapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
        SocketAddr::V6(_) => address,
    }
}

/// The user that new sockets of this process will belong to (fourth of the `Uid:` line). The owner
/// of /proc/self is not asked: it is root for a process that may not be dumped.
fn own_user(status: &Path) -> io::Result<u32> {
    let text = std::fs::read_to_string(status)?;
    text.lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_ascii_whitespace().nth(3)?.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no user in the status file"))
}

#[cfg(test)]
mod tests {
    use std::{fs, net::SocketAddr, path::PathBuf};

    use super::{SameUser, endpoint, own_user};

    const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                        uid  timeout inode\n";

    fn row(from: &str, to: &str, user: u32, inode: u64) -> String {
        let (from, to) = (endpoint(from.parse().unwrap()), endpoint(to.parse().unwrap()));
        format!(
            "   7: {from} {to} 01 00000000:00000000 00:00000000 00000000  {user}        0 {inode} 1 0 20 4 30 10 -1\n"
        )
    }

    fn tables(ipv4: &str, ipv6: &str) -> (tempfile::TempDir, SameUser) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, rows: &str| -> PathBuf {
            let path = folder.path().join(name);
            fs::write(&path, format!("{HEAD}{rows}")).unwrap();
            path
        };
        let (ipv4, ipv6) = (write("tcp", ipv4), write("tcp6", ipv6));
        let same_user = SameUser { ipv4, ipv6, ..SameUser::of(1000) };
        (folder, same_user)
    }

    fn owns(same_user: &SameUser, peer: &str, local: &str) -> bool {
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        same_user.owns(address(peer), address(local)).unwrap()
    }

    /// Scenario: the tables list a socket of ours, one of another user and one that was closed.
    /// Guarantees: only the first is admitted, and nothing that is not listed.
    #[test]
    fn only_own_live_sockets_are_admitted() {
        let rows = [
            row("127.0.0.1:50001", "127.0.0.1:4318", 1000, 77),
            row("127.0.0.1:50002", "127.0.0.1:4318", 1001, 78),
            row("127.0.0.1:50003", "127.0.0.1:4318", 1000, 0),
            row("127.0.0.1:50005", "127.0.0.1:9999", 1000, 79),
        ];
        let (_folder, same_user) = tables(&rows.concat(), "");
        assert!(owns(&same_user, "127.0.0.1:50001", "127.0.0.1:4318"));
        assert!(!owns(&same_user, "127.0.0.1:50002", "127.0.0.1:4318"), "another user");
        assert!(!owns(&same_user, "127.0.0.1:50003", "127.0.0.1:4318"), "already closed");
        assert!(!owns(&same_user, "127.0.0.1:50004", "127.0.0.1:4318"), "not listed");
        assert!(!owns(&same_user, "127.0.0.1:50005", "127.0.0.1:4318"), "to another port");
    }

    /// Scenario: peers over IPv6, and an IPv6 socket that called an IPv4 address.
    /// Guarantees: both are found in the IPv6 table; a machine without that table just does not
    /// find them.
    #[test]
    fn ipv6_and_mapped_sockets_are_found() {
        let rows = [
            row("[::1]:50001", "[::1]:4318", 1000, 77),
            row("[::ffff:127.0.0.1]:50002", "[::ffff:127.0.0.1]:4318", 1000, 78),
        ];
        let (folder, same_user) = tables("", &rows.concat());
        assert!(owns(&same_user, "[::1]:50001", "[::1]:4318"));
        assert!(owns(&same_user, "127.0.0.1:50002", "127.0.0.1:4318"));
        fs::remove_file(folder.path().join("tcp6")).unwrap();
        assert!(!owns(&same_user, "127.0.0.1:50002", "127.0.0.1:4318"));
    }

    /// Scenario: a status file with four different users.
    /// Guarantees: the one that sockets belong to is taken; a file without it is an error.
    #[test]
    fn own_user_is_the_file_system_user() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status");
        fs::write(&path, "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t9\t9\t9\t9\n").unwrap();
        assert_eq!(own_user(&path).unwrap(), 4);
        fs::write(&path, "Name:\tx\n").unwrap();
        assert!(own_user(&path).is_err());
    }
}
