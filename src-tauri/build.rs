//! What Tauri needs to know at build time; nothing without the feature `desktop`.

fn main() {
    #[cfg(feature = "desktop")]
    build();
}

/// No capability is there, nor shall be: pages reach nothing but the engine over HTTP. The folder is named because
/// Tauri would otherwise watch one at the root that does not exist, and build anew each time.
#[cfg(feature = "desktop")]
fn build() {
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("src-tauri/capabilities/**/*");
    tauri_build::try_build(attributes).expect("tauri.conf.json is not as it must be");
}
