//! What merchants do through the links in their mail: see, confirm, pick another time, report locks, do without
//! optional mail. A link is the whole authority: it names the merchant, and every answer is on the audit trail under
//! that name.

pub mod answers;
mod calendar;
pub mod links;
mod locks;
mod page;
mod times;

pub use answers::{Saying, confirm, set_optional, wish};
pub use calendar::{feed, visit_file};
pub use locks::{locks_page, report_lock, works_again};
pub use page::visit_page;
pub use times::{choose, times_page};
