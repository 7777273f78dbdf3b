//! The folder of compiled taxonomies. Comes in: catalogues, and which version of each counts. Goes out: those that count, loaded and
//! shared. Must not know: who reads them. Another process may change the folder: it is looked at again from time to time.

use super::bundle::Match;
use super::catalogue::{About, Catalogue};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, io};

const EXTENSION: &str = "taxonomy";
/// Says which version of each taxonomy counts: name → version.
const ACTIVE: &str = "active.json";
/// How long the folder counts as unchanged.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The taxonomies that count.
#[derive(Default)]
pub struct Taxonomies {
    /// By name.
    pub all: Vec<Arc<Catalogue>>,
    crossings: HashMap<String, Vec<(Match, String)>>,
    /// Changes when any of them does.
    pub id: String,
}

impl Taxonomies {
    pub fn new(all: Vec<Arc<Catalogue>>) -> Self {
        let mut crossings: HashMap<String, Vec<(Match, String)>> = HashMap::new();
        for (from, relation, to) in all.iter().flat_map(|catalogue| catalogue.crossings()) {
            let back = match relation {
                Match::Broad => Match::Narrow,
                Match::Narrow => Match::Broad,
                same => same,
            };
            crossings.entry(from.to_owned()).or_default().push((relation, to.to_owned()));
            crossings.entry(to.to_owned()).or_default().push((back, from.to_owned()));
        }
        crossings.values_mut().for_each(|list| {
            list.sort();
            list.dedup();
        });
        let ids: Vec<String> =
            all.iter().map(|one| format!("{}#{}", one.about.id(), one.about.seed.unwrap_or_default())).collect();
        Self { id: ids.join(","), all, crossings }
    }

    pub fn named(&self, name: &str) -> Option<&Arc<Catalogue>> {
        self.all.iter().find(|catalogue| catalogue.about.name == name)
    }

    /// The taxonomy that holds the concept with that address.
    pub fn find(&self, uri: &str) -> Option<(&Arc<Catalogue>, u32)> {
        self.all.iter().find_map(|catalogue| Some((catalogue, catalogue.find(uri)?)))
    }

    /// What the concept is matched with elsewhere, the closest relation first.
    pub fn crossings(&self, uri: &str) -> &[(Match, String)] {
        self.crossings.get(uri).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Library(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    taxonomies: Arc<Taxonomies>,
    files: Vec<(PathBuf, SystemTime, u64)>,
    looked: Option<Instant>,
}

impl Library {
    /// A folder that is not there holds no taxonomies.
    pub fn new(folder: &Path) -> Self {
        Self(Arc::new(Inner { folder: folder.to_owned(), loaded: Mutex::new(Loaded::default()) }))
    }

    /// The taxonomies that count now. A file that can't be loaded is left out, and said in the log.
    pub fn current(&self) -> Arc<Taxonomies> {
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.looked.is_some_and(|looked| looked.elapsed() < LOOK_AGAIN) {
            return loaded.taxonomies.clone();
        }
        loaded.looked = Some(Instant::now());
        let files: Vec<(PathBuf, SystemTime, u64)> = self.active_files();
        if files != loaded.files {
            let load =
                |(path, _, _): &(PathBuf, SystemTime, u64)| match fs::read(path).and_then(|bytes| Catalogue::unpack(&bytes)) {
                    Ok(catalogue) => Some(Arc::new(catalogue)),
                    Err(error) => {
                        tracing::error!(file = %path.display(), cause = %error, "a taxonomy could not be loaded");
                        None
                    }
                };
            loaded.taxonomies = Arc::new(Taxonomies::new(files.iter().filter_map(load).collect()));
            loaded.files = files;
        }
        loaded.taxonomies.clone()
    }

    fn active_files(&self) -> Vec<(PathBuf, SystemTime, u64)> {
        let paths = self.active().into_iter().map(|(name, version)| self.path(&name, &version));
        let known = |path: PathBuf| {
            let about = fs::metadata(&path).ok()?;
            Some((path, about.modified().ok()?, about.len()))
        };
        paths.filter_map(known).collect()
    }

    /// Which version of each taxonomy counts.
    pub fn active(&self) -> BTreeMap<String, String> {
        let text = fs::read(self.0.folder.join(ACTIVE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Every compiled taxonomy of the folder, by name and version.
    pub fn list(&self) -> io::Result<Vec<About>> {
        let entries = match fs::read_dir(&self.0.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                found.push(Catalogue::read_about(&mut fs::File::open(&path)?)?);
            }
        }
        found.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        Ok(found)
    }

    /// # Errors
    /// The file can't be read, or was damaged.
    pub fn load(&self, name: &str, version: &str) -> io::Result<Catalogue> {
        Catalogue::unpack(&fs::read(self.path(name, version))?)
    }

    /// Writes a catalogue; a version that is there is replaced in one step.
    pub fn keep(&self, catalogue: &Catalogue) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.0.folder)?;
        let path = self.path(&catalogue.about.name, &catalogue.about.version);
        replace(&path, &catalogue.pack())?;
        Ok(path)
    }

    /// From now on this version counts.
    pub fn activate(&self, name: &str, version: &str) -> io::Result<()> {
        if !self.path(name, version).is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no taxonomy {name}@{version}")));
        }
        let mut active = self.active();
        active.insert(name.to_owned(), version.to_owned());
        self.set_active(&active)
    }

    /// Removes one version. When it counted, no version of the taxonomy counts any more.
    pub fn remove(&self, name: &str, version: &str) -> io::Result<()> {
        fs::remove_file(self.path(name, version))?;
        let mut active = self.active();
        if active.get(name).is_some_and(|counts| counts == version) {
            active.remove(name);
            self.set_active(&active)?;
        }
        Ok(())
    }

    fn set_active(&self, active: &BTreeMap<String, String>) -> io::Result<()> {
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner).looked = None;
        replace(&self.0.folder.join(ACTIVE), &serde_json::to_vec_pretty(active)?)
    }

    /// Where the state of an unfinished training lies.
    pub fn training_file(&self, name: &str, version: &str) -> PathBuf {
        self.path(name, version).with_extension("training")
    }

    fn path(&self, name: &str, version: &str) -> PathBuf {
        let plain = |text: &str| -> String {
            text.chars().map(|mark| if mark.is_alphanumeric() || ".-_".contains(mark) { mark } else { '_' }).collect()
        };
        self.0.folder.join(format!("{}@{}.{EXTENSION}", plain(name), plain(version)))
    }
}

/// A reader never sees half a file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes)?;
    fs::rename(new, path)
}
