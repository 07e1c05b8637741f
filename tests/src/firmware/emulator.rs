//! A running chip.

use super::Board;
use super::tools::Tools;
use crate::place;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

/// QEMU with a board, the program to be added.
///
/// # Errors
/// When there is no QEMU.
pub fn qemu(board: Board) -> io::Result<Command> {
    let mut qemu = Tools::find()?.qemu();
    qemu.args(["-machine", board.machine]);
    Ok(qemu)
}

/// A chip with a program, running until it is dropped.
#[derive(Debug)]
pub struct Chip {
    qemu: Child,
    line: ChildStdin,
    received: Receiver<u8>,
    folder: PathBuf,
}

impl Chip {
    /// Starts a program.
    ///
    /// # Errors
    /// When there is no QEMU, or it does not start.
    pub fn start(board: Board, program: &Path) -> io::Result<Chip> {
        Chip::start_with(board, program, &[])
    }

    /// Starts a program, QEMU with further arguments.
    ///
    /// # Errors
    /// As above.
    pub fn start_with(board: Board, program: &Path, arguments: &[&str]) -> io::Result<Chip> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = place::programs()
            .with_file_name("handroll-firmware")
            .join(format!("run-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut qemu = qemu(board)?
            .args(["-display", "none", "-serial", "stdio", "-serial"])
            .arg(format!("file:{}", folder.join("led").display()))
            // The socket's path would be too long: it is given relative to the folder.
            .args(["-monitor", "unix:monitor,server=on,wait=off"])
            .args(arguments)
            .arg("-kernel")
            .arg(program)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let missing = || io::Error::other("QEMU has no serial line");
        let line = qemu.stdin.take().ok_or_else(missing)?;
        let mut output = qemu.stdout.take().ok_or_else(missing)?;
        let (send, received) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if bytes[..count].iter().any(|byte| send.send(*byte).is_err()) {
                    return;
                }
            }
        });
        Ok(Chip {
            qemu,
            line,
            received,
            folder,
        })
    }

    /// Sends bytes to the chip.
    ///
    /// # Errors
    /// When QEMU has ended.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.write_all(bytes)?;
        self.line.flush()
    }

    /// Waits for that many bytes from the chip, at most 60 seconds; fewer when no more come.
    pub fn receive(&mut self, count: usize) -> Vec<u8> {
        let end = Instant::now() + Duration::from_secs(60);
        let byte = |_| {
            let left = end.saturating_duration_since(Instant::now());
            self.received.recv_timeout(left).ok()
        };
        (0..count).map_while(byte).collect()
    }

    /// What the chip has sent and nobody has received, after a moment for more.
    pub fn rest(&mut self) -> Vec<u8> {
        thread::sleep(Duration::from_millis(200));
        self.received.try_iter().collect()
    }

    /// What the light has shown so far: `1` for on, `0` for off.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn led(&self) -> io::Result<String> {
        match fs::read_to_string(self.folder.join("led")) {
            // QEMU has just been started.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            shown => shown,
        }
    }

    /// Presses the reset button.
    ///
    /// # Errors
    /// When QEMU does not take the command.
    pub fn reset(&self) -> io::Result<()> {
        // The same folder, by a path that is short enough for a socket.
        let socket = format!("/proc/{}/cwd/monitor", self.qemu.id());
        let mut monitor = UnixStream::connect(socket)?;
        monitor.write_all(b"system_reset\n")?;
        // It is carried out before the next prompt.
        let mut answer = [0; 4096];
        monitor.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut text = String::new();
        while text.matches("(qemu)").count() < 2 {
            let count = monitor.read(&mut answer)?;
            if count == 0 {
                return Err(io::Error::other(format!("no prompt: {text}")));
            }
            text.push_str(&String::from_utf8_lossy(&answer[..count]));
        }
        Ok(())
    }

    /// The processor time that QEMU has used.
    ///
    /// # Errors
    /// Where there is no `/proc`.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.qemu.id()))?;
        let bad = || io::Error::other("not as expected: /proc/../stat");
        let (_, fields) = stat.rsplit_once(") ").ok_or_else(bad)?;
        let ticks: u64 = fields
            .split(' ')
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u64>().map_err(|_| bad()))
            .sum::<io::Result<u64>>()?;
        // Linux reports hundredths of seconds, whatever its own clock.
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
