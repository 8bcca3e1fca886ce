//! Durable writes: `pwrite` and `fdatasync`.

use std::{
    fs::File,
    io,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FallocateFlags, fallocate, fdatasync},
    io::pwrite,
};

use crate::bench::{folder::TempFolder, histogram::Histogram, machine, report::number};

/// Size of the file, which is overwritten in a circle, as SQLite does with its log.
const SIZE: u64 = 16 * 1024 * 1024;

/// A preallocated file.
pub(in crate::bench) struct DiskBaseline {
    file: File,
    at: u64,
    _folder: TempFolder,
}

impl DiskBaseline {
    pub(in crate::bench) fn within(folder: TempFolder) -> io::Result<Self> {
        let file = File::create(folder.path().join("log"))?;
        fallocate(&file, FallocateFlags::empty(), 0, SIZE)?;
        let zeros = vec![0; 1024 * 1024];
        for at in (0..SIZE).step_by(zeros.len()) {
            pwrite(&file, &zeros, at)?;
        }
        fdatasync(&file)?;
        Ok(Self {
            file,
            at: 0,
            _folder: folder,
        })
    }

    /// Writes records of `size` bytes for `time` on the server's core, with one fsync per `batch` records.
    /// Returns the records per second and the time of each fsync.
    pub(in crate::bench) fn write(
        &mut self,
        size: usize,
        batch: usize,
        time: Duration,
    ) -> io::Result<(f64, Histogram)> {
        machine::on_server_core(|| {
            let bytes = vec![b'x'; size * batch];
            let step = bytes.len() as u64;
            let (mut records, mut times) = (0, Histogram::default());
            let start = Instant::now();
            while start.elapsed() < time {
                let begun = Instant::now();
                pwrite(&self.file, &bytes, self.at)?;
                fdatasync(&self.file)?;
                times.add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
                self.at = if self.at + 2 * step > SIZE {
                    0
                } else {
                    self.at + step
                };
                records += batch as u64;
            }
            Ok((number(records) / start.elapsed().as_secs_f64(), times))
        })
    }
}
