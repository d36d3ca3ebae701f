#include "ledger_notes.h"

#include <iterator>
#include <span>
#include <utility>

#include "ledger_format.h"
#include "lived_time.h"
#include "store/user_name.h"

namespace koegura::store {

namespace {

constexpr auto kNotesTriedAgainAfter = std::chrono::seconds(10);

}  // namespace

LedgerNotes::LedgerNotes(std::string archive, bool sync, BoxClock clock)
    : archive_(std::move(archive)), sync_(sync), clock_(std::move(clock)), who_(own_user_name()) {}

void LedgerNotes::note(LedgerEntry entry) {
  complete(entry, clock_(), who_);
  if (!entry_line(entry)) return;  // too long for any ledger
  const MutexLock lock(mutex_);
  if (notes_.size() < kMost) notes_.push_back(std::move(entry));
}

bool LedgerNotes::open() {
  if (log_) return true;
  Result<LedgerLog> log = LedgerLog::open(ledger_of(archive_), sync_);
  if (log) log_ = std::move(*log);
  is_refused_ = !log && log.error().kind == ErrorKind::kVerification;
  return log.has_value();
}

std::optional<LedgerEntry> LedgerNotes::first() const {
  const MutexLock lock(mutex_);
  return notes_.empty() ? std::nullopt : std::optional<LedgerEntry>(notes_.front());
}

void LedgerNotes::write() {
  if (is_refused_ || Clock::now() < not_before_) return;
  for (std::optional<LedgerEntry> note = first(); note; note = first()) {
    if (!open() || !log_->append(std::span(&*note, 1))) {
      not_before_ = Clock::now() + kNotesTriedAgainAfter;
      return;
    }
    const MutexLock lock(mutex_);
    notes_.pop_front();
  }
}

void LedgerNotes::close() {
  not_before_ = {};
  write();
  // What has no head is signed with the next one.
  if (log_) static_cast<void>(log_->sign_head());
  log_.reset();
}

std::vector<LedgerEntry> LedgerNotes::take_left() {
  const MutexLock lock(mutex_);
  std::vector<LedgerEntry> left(std::make_move_iterator(notes_.begin()),
                                std::make_move_iterator(notes_.end()));
  notes_.clear();
  return left;
}

}  // namespace koegura::store
