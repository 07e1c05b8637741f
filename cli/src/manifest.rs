//! The few parts of Cargo.toml that matter here: the edition, the names and the crate roots.

use crate::failure::Failure;
use crate::input;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A Cargo.toml and where it stands.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Content {
    pub(crate) package: Option<Package>,
    pub(crate) workspace: Option<Workspace>,
    pub(crate) lib: Option<Root>,
    #[serde(default)]
    pub(crate) bin: Vec<Root>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: Option<String>,
    pub(crate) edition: Option<Edition>,
    /// The folder of the workspace's root, when it is not a folder above.
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Edition {
    Given(String),
    Inherited { workspace: bool },
}

#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) package: Option<Shared>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Shared {
    pub(crate) edition: Option<String>,
}

/// A `[lib]` or `[[bin]]`.
#[derive(Debug, Deserialize)]
pub(crate) struct Root {
    pub(crate) name: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

impl Manifest {
    /// The nearest Cargo.toml in `folder` or above it.
    pub(crate) fn nearest(folder: &Path) -> Result<Option<Manifest>, Failure> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        // Links are followed, as cargo sees the folder; one that does not exist is taken as it is written.
        let folder = folder.canonicalize().unwrap_or(folder);
        folder
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"))
            .find(|path| path.is_file())
            .map(Manifest::read)
            .transpose()
    }

    pub(crate) fn read(path: PathBuf) -> Result<Manifest, Failure> {
        let text = input::read(&path)?.text;
        let content = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or_else(String::new, |span| {
                format!(
                    " on line {}",
                    1 + text[..span.start.min(text.len())].matches('\n').count()
                )
            });
            Failure::unusable(format!(
                "cannot read `{}`: {}{line}",
                path.display(),
                error.message()
            ))
            .help("mend the manifest, or pass `--edition` so that it is not needed")
        })?;
        Ok(Manifest { path, content })
    }

    /// The folder of the package.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The edition that the package names, itself or through its workspace.
    pub(crate) fn edition(&self) -> Result<Option<String>, Failure> {
        let inherited = match self
            .content
            .package
            .as_ref()
            .and_then(|package| package.edition.as_ref())
        {
            Some(Edition::Given(edition)) => return Ok(Some(edition.clone())),
            Some(Edition::Inherited { workspace }) => *workspace,
            None => false,
        };
        if !inherited {
            return Ok(None);
        }
        let found = self.workspace_edition()?;
        found.map(Some).ok_or_else(|| {
            Failure::unusable(format!(
                "`{}` inherits its edition from a workspace that does not give one",
                self.path.display()
            ))
            .help("add `edition` to the workspace's `[workspace.package]`, or pass `--edition`")
        })
    }

    fn workspace_edition(&self) -> Result<Option<String>, Failure> {
        let shared = |content: &Content| {
            content
                .workspace
                .as_ref()
                .map(|workspace| workspace.package.as_ref()?.edition.clone())
        };
        if let Some(root) = self
            .content
            .package
            .as_ref()
            .and_then(|package| package.workspace.as_ref())
        {
            let root = Manifest::read(self.folder().join(root).join("Cargo.toml"))?;
            return Ok(shared(&root.content).flatten());
        }
        if let Some(edition) = shared(&self.content) {
            return Ok(edition);
        }
        for folder in self.folder().ancestors().skip(1) {
            let path = folder.join("Cargo.toml");
            if path.is_file()
                && let Some(edition) = shared(&Manifest::read(path)?.content)
            {
                return Ok(edition);
            }
        }
        Ok(None)
    }
}
