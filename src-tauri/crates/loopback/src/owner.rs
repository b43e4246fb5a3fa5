//! Whether the program at the other end of a connection runs as our user.

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::SameUser;
#[cfg(target_os = "linux")]
pub(crate) use linux::SameUser;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;

    use crate::Connection;

    /// Not yet: other systems have no table to look in, and there the key of the runtime file is to
    /// guard what is served.
    #[derive(Debug, Clone)]
    pub(crate) struct SameUser;

    impl SameUser {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn admits(&self, _connection: Connection) -> io::Result<bool> {
            Ok(true)
        }
    }
}
