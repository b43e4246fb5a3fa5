//! Quiet hours, as people write them.

use plimsoll_domain::QuietHours;

/// Reads `22:00-07:00`; nothing: none.
pub(super) fn read(text: &str) -> Result<Option<QuietHours>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let hours = text.split_once('-').and_then(|(from, to)| {
        Some(QuietHours { from_minute: minute(from)?, to_minute: minute(to)? })
    });
    let hours = hours.filter(|hours| hours.from_minute != hours.to_minute);
    hours.map(Some).ok_or_else(|| format!("\"{text}\" is no span of a day such as \"22:00-07:00\""))
}

/// The minute of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str, most: u16| {
        let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|number| is_plain && *number <= most)
    };
    (minute.len() == 2).then_some(())?;
    Some(number(hour, 23)? * 60 + number(minute, 59)?)
}
