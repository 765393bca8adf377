//! Servers and programs that end with the test that started them.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server in this process, stopped when dropped.
#[derive(Debug)]
pub struct Server {
    /// Its address, as `http://127.0.0.1:1234`.
    pub base: String,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts `serve` on a free port.
    ///
    /// # Panics
    ///
    /// There is no free port.
    #[expect(clippy::expect_used, reason = "a test without its server cannot go on")]
    pub async fn start<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        Self {
            base: format!("http://{address}"),
            task: tokio::spawn(serve(listener)),
        }
    }

    /// Nobody answers at its address any more.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A simulator's program, killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// The line with which it started; empty if it did not.
    line: String,
}

impl Program {
    /// Starts the program at `path` and waits for its first line, or its end.
    ///
    /// # Panics
    ///
    /// There is no such program.
    #[expect(
        clippy::expect_used,
        reason = "a test without its program cannot go on"
    )]
    pub fn start(path: &str, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        let mut child = Command::new(path)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that was built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        Self { child, line }
    }

    /// Where it answers.
    ///
    /// # Panics
    ///
    /// It did not start.
    #[expect(
        clippy::expect_used,
        reason = "a test without its program cannot go on"
    )]
    pub fn base(&self) -> String {
        let base = self.line.trim().strip_prefix("ready ");
        base.expect("a program that started").to_owned()
    }

    /// `kill -9`, and what it had said.
    ///
    /// # Panics
    ///
    /// It cannot be killed.
    #[expect(clippy::expect_used, reason = "a test cannot go on beside it")]
    pub fn kill(&mut self) -> String {
        self.child.kill().expect("a program of ours");
        self.child.wait().expect("its end");
        self.said()
    }

    /// What a program says that must not start.
    ///
    /// # Panics
    ///
    /// It started, or ended well.
    #[expect(clippy::expect_used, reason = "a program without an end is a failure")]
    #[track_caller]
    pub fn refusal(mut self) -> String {
        assert_eq!(self.line, "", "it started");
        let status = self.child.wait().expect("its end");
        assert!(!status.success(), "{status}");
        self.said()
    }

    #[expect(clippy::expect_used, reason = "what is not text is a failure")]
    fn said(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe, read once");
        stderr.read_to_string(&mut said).expect("text");
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
