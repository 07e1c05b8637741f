//! What an ELF says of its sizes: as much of the format as 32-bit little-endian ARM needs.

use std::path::Path;
use std::{fs, io};

/// A program.
#[derive(Debug)]
pub struct Elf {
    bytes: Vec<u8>,
    sections: Vec<Section>,
}

#[derive(Clone, Copy, Debug)]
struct Section {
    kind: u32,
    flags: u32,
    address: u32,
    offset: usize,
    size: usize,
    link: usize,
}

/// In `Section::flags`: it is there when the program runs.
const ALLOCATED: u32 = 2;
/// In `Section::kind`: symbols; nothing in the file.
const SYMBOLS: u32 = 2;
const ZEROS: u32 = 8;
/// Where the board's RAM begins; flash is below.
const RAM: u32 = 0x2000_0000;

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

impl Elf {
    /// Reads a program.
    ///
    /// # Errors
    /// When it is not there or is no such ELF.
    pub fn read(path: &Path) -> io::Result<Elf> {
        let bytes = fs::read(path)?;
        let sections = sections(&bytes);
        let sections = sections.ok_or_else(|| io::Error::other("not an ELF of 32 bits"))?;
        Ok(Elf { bytes, sections })
    }

    fn allocated(&self) -> impl Iterator<Item = &Section> {
        self.sections
            .iter()
            .filter(|section| section.flags & ALLOCATED != 0)
    }

    /// Bytes in flash: vectors, code, constants, and what is copied to RAM at the start.
    pub fn flash(&self) -> usize {
        let stored = self.allocated().filter(|section| section.kind != ZEROS);
        stored.map(|section| section.size).sum()
    }

    /// Bytes of RAM for `static`s.
    pub fn ram(&self) -> usize {
        let last = self
            .allocated()
            .filter(|section| section.address >= RAM && section.size > 0);
        last.map(|section| section.address as usize + section.size - RAM as usize)
            .max()
            .unwrap_or(0)
    }

    /// The bytes at an address of flash.
    pub fn at(&self, address: u32) -> Option<&[u8]> {
        self.allocated()
            .filter(|section| section.kind != ZEROS)
            .find(|section| {
                (section.address..section.address + section.size as u32).contains(&address)
            })
            .and_then(|section| {
                let from = section.offset + (address - section.address) as usize;
                self.bytes.get(from..section.offset + section.size)
            })
    }

    /// The names of all symbols, as the linker has them.
    pub fn symbols(&self) -> Vec<String> {
        let mut names = Vec::new();
        for table in self
            .sections
            .iter()
            .filter(|section| section.kind == SYMBOLS)
        {
            let Some(strings) = self.sections.get(table.link) else {
                continue;
            };
            for symbol in (table.offset..table.offset + table.size).step_by(16) {
                let Some(name) = word(&self.bytes, symbol) else {
                    continue;
                };
                let text = self
                    .bytes
                    .get(strings.offset + name as usize..)
                    .unwrap_or_default();
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(0);
                names.push(String::from_utf8_lossy(&text[..end]).into_owned());
            }
        }
        names
    }

    /// The handler of an interrupt, from the vectors at the start of flash.
    pub fn handler(&self, interrupt: u32) -> Option<u32> {
        // The lowest bit says that its code is of 16-bit instructions; all of this chip is.
        Some(word(self.at((16 + interrupt) * 4)?, 0)? & !1)
    }
}

fn sections(bytes: &[u8]) -> Option<Vec<Section>> {
    if bytes.get(..6)? != b"\x7FELF\x01\x01" {
        return None;
    }
    let (table, size, count) = (
        word(bytes, 32)? as usize,
        half(bytes, 46)?,
        half(bytes, 48)?,
    );
    let section = |index| {
        let at = table + index * size;
        Some(Section {
            kind: word(bytes, at + 4)?,
            flags: word(bytes, at + 8)?,
            address: word(bytes, at + 12)?,
            offset: word(bytes, at + 16)? as usize,
            size: word(bytes, at + 20)? as usize,
            link: word(bytes, at + 24)? as usize,
        })
    };
    (0..count).map(section).collect()
}
