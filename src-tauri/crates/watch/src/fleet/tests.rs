mod alerts;
mod compaction;
mod gauges;
mod life;
mod order;
