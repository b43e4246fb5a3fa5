//! `make validation`: recorded sessions, told to the real program in every way, and its audit beside what was really
//! answered. The page that says so is written from these measurements alone.

mod answered;
mod audited;
mod comparison;
mod day;
mod page;
mod record;
mod way;

use std::fs;

use answered::Answered;
use comparison::{Judged, judge};
use day::{Day, Evening};
use record::Record;
use way::Way;

use crate::house::folder;

/// The captures, in the order of their names.
fn captures() -> Vec<Answered> {
    let folders = fs::read_dir(folder("")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.iter().map(|name| Answered::read(name)).collect()
}

/// Scenario: every capture is told in five ways, each to a ledger of its own, and on several days all of them to one
/// ledger, with faults; two minutes later the real command audits them.
/// Guarantees: the books are what was answered, or the audit says why not, or the difference is one that the page
/// states; else nothing is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; make validation"]
async fn write() {
    let captures = captures();
    let mut evenings = Vec::new();
    for seed in day::seeds() {
        evenings.push(Evening::of(&captures, seed).await);
    }
    let mut records = Vec::new();
    for way in Way::ALL {
        for capture in &captures {
            records.push((way, capture, way.tell(&capture.capture).await));
        }
    }
    let mut days = Vec::new();
    for evening in evenings {
        days.push(evening.audit().await);
    }
    let mut faults: Vec<_> = days.iter().flat_map(Day::faults).collect();
    let mut told: page::Told<'_> = Way::ALL.map(|way| (way, Vec::new())).into();
    for (way, capture, record) in &records {
        let judged = judged(*way, capture, record).await;
        let name = capture.capture.as_str();
        faults.extend(judged.faults.iter().map(|fault| format!("{name}, {}: {fault}", way.name())));
        told.iter_mut().find(|(of, _)| of == way).unwrap().1.push((name, judged));
    }
    assert!(faults.is_empty(), "nothing was written:\n{}", faults.join("\n"));
    fs::write(page::path(), page::write(&captures, &told, &days)).unwrap();
}

async fn judged(way: Way, capture: &Answered, record: &Record) -> Judged {
    let answered = (&capture.all, &capture.knowable);
    judge(answered, &record.audit().await, way.tells_of_requests())
}

/// Scenario: the page as it is in the repository.
/// Guarantees: it names every capture that exists and no other, with what was answered in it, and tells of each in
/// every way.
#[test]
fn the_page_is_about_these_captures() {
    let page = fs::read_to_string(page::path()).unwrap();
    let captures = captures();
    assert!(page.contains(&page::truth(&captures)), "make validation writes it anew");
    for way in Way::ALL {
        let (_, section) = page.split_once(&format!("### {}\n", way.name())).unwrap();
        let table = section.split("\n#").next().unwrap().lines();
        let told: Vec<_> =
            table.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let names: Vec<_> = captures.iter().map(|of| of.capture.as_str()).collect();
        assert_eq!(told, names, "{}", way.name());
    }
}
