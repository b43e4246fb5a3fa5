//! Makes sure that there is a page to embed, so that a fresh clone builds without Node.

use std::{fs, io, path::Path};

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Plimsoll</title>
<p>The page is not built yet: run <code>make ui</code>.
</html>
";

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/dist");
    let index = folder.join("index.html");
    if !index.exists() {
        fs::create_dir_all(&folder)?;
        fs::write(&index, PLACEHOLDER)?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
    Ok(())
}
