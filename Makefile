# `make` alone lists what there is. Longer logic is in scripts/, one purpose each.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run serve test torture validation bench ui lint screenshots icons package clean ready desktop

release := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/release/plimsoll

help: ## lists these
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: desktop ui ## builds what changed and starts Plimsoll in the foreground, with tray icon and windows
	cargo build --release --locked --features desktop --bin plimsoll-window --bin plimsoll
	$(release)

serve: ui ## the same without tray and windows; needs no GUI toolkit
	cargo run --release --locked --bin plimsoll -- serve

test: ## installs what the tests need and runs all of them
	@scripts/toolchain test
	@scripts/system-packages test
	@scripts/test

torture: ready ## kills it under load, 200 rounds, and compares its books with what it acknowledged
	cargo build --release --locked --bin plimsoll
	PLIMSOLL_BIN=$(release) cargo test --locked --test it -- --ignored --exact torture::many_kills_under_load --nocapture

validation: ready ## replays every recorded session and a mixed day, and writes what the audit says to docs/validation.md
	cargo build --release --locked --bin plimsoll
	PLIMSOLL_BIN=$(release) cargo test --locked --test it -- --ignored --exact validation::write --nocapture

bench: desktop ui ## measures it: ingest, latency, memory, tray and windows
	@scripts/system-packages test
	cargo build --release --locked --features desktop --bin plimsoll-window --bin plimsoll
	PLIMSOLL_BIN=$(release) cargo run --release --locked -p plimsoll-bench

ui: ready ## builds the page that the binary embeds
	@scripts/build-ui

lint: ui ## format, clippy and the UI's types
	cargo fmt --all --check
	scripts/clippy
	npm --prefix ui run check

screenshots: ui ## pictures of the page, made from the running program, in tests/browser/shots
	@scripts/system-packages test
	cargo build --release --locked --bin plimsoll
	@scripts/node-modules tests/browser
	PLIMSOLL_BIN=$(release) npm --prefix tests/browser run screenshots

icons: ## renders the PNGs from icons/icon.svg (needs rsvg-convert)
	for size in 32 128 256 512; do rsvg-convert -w $$size -h $$size icons/icon.svg -o icons/$${size}x$${size}.png; done
	cp icons/512x512.png icons/icon.png

package: desktop ui ## makes the Debian package with both programs, in target/release/bundle/deb
	@scripts/package

clean: ## removes everything that was built or installed here
	cargo clean
	rm -rf ui/dist ui/node_modules tests/browser/node_modules src-tauri/package/node_modules

ready:
	@scripts/toolchain
	@scripts/system-packages

desktop: ready
	@scripts/system-packages desktop
