#include "ordered_stream.h"

#include <algorithm>
#include <cassert>

#include "capture/packet.h"

namespace koegura::decode {
namespace {

// RFC 3550 appendix A.1: beyond this a jump is no loss but a restart. Between two numberings we
// leave more numbers than the window has, so that they never meet in it.
constexpr std::int64_t kMaxDropout = 3000;
constexpr std::int64_t kBetweenNumberings = 4 * ReorderWindow::kSlots;
// Room below the first number for packets that were overtaken by it.
constexpr std::int64_t kFirstNumber = 1 << 16;
// Late packets are noted one by one; a flood of them is not worth its memory.
constexpr std::size_t kMaxLate = 1024;

bool may_be_voice(const PayloadMeaning& meaning) {
  return meaning.role == PayloadRole::kAudio || meaning.role == PayloadRole::kUndecodable;
}

}  // namespace

std::int64_t OrderedStream::extend(std::uint16_t sequence, bool after_outage) {
  if (!began_) {
    began_ = true;
    highest_ = kFirstNumber + sequence;
    window_.begin_at(highest_);
    return highest_;
  }
  const auto step = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(highest_));
  if (after_outage || step > kMaxDropout || step < -kMaxDropout) {
    // The low 16 bits stay the packet's own.
    const std::int64_t past = highest_ + 2 * kBetweenNumberings;
    highest_ = past + static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(past));
    numbering_from_ = highest_ - kBetweenNumberings;
    popped_of_numbering_ = false;
    statistics_.on_restart();
    return highest_;
  }
  highest_ = std::max(highest_, highest_ + step);
  return step > 0 ? highest_ : highest_ + step;
}

bool OrderedStream::is_in_time(std::int64_t sequence) {
  if (sequence >= window_.next()) return true;
  // The first packets of a numbering may have been overtaken: it begins where the lowest is.
  const bool begins = !popped_of_numbering_ && sequence >= numbering_from_;
  if (!begins || highest_ - sequence >= ReorderWindow::kSlots) return false;
  window_.begin_at(sequence);
  return true;
}

Result<void> OrderedStream::read() {
  capture::SpooledPacket spooled;
  while (true) {
    const Result<bool> more = reader_.next(spooled);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) {
      at_end_ = true;
      statistics_.finish();
      return {};
    }
    const std::uint32_t number = read_++;
    // Capture has read these bytes before: what fails here is counted there.
    const auto packet = capture::parse_ip(spooled.time, spooled.ip);
    if (!packet) continue;
    auto rtp = capture::parse_padded_rtp(packet->payload);
    if (!rtp) continue;
    const std::size_t outages = outages_.over_at(spooled.time, outages_over_);
    const std::int64_t sequence = extend(rtp->sequence, outages != outages_over_);
    outages_over_ = outages;
    if (!window_.is_new(sequence)) {
      statistics_.on_duplicate();
      if (redacted_ != nullptr) redacted_->leave_out(number);
      continue;
    }
    const StreamDecryptor::Opened opened = decryptor_.open(spooled.time, packet->payload);
    const bool was_sealed = opened.datagram.data() != packet->payload.data();
    if (was_sealed) rtp = capture::parse_padded_rtp(opened.datagram);
    if (!rtp) continue;
    const bool is_open = opened.why == nullptr;
    const bool misfit = is_open && !capture::take_off_padding(*rtp);
    arrived_ = {.number = number,
                .sequence = sequence,
                .arrival = spooled.time,
                .outages = outages,
                .timestamp = rtp->timestamp,
                .marker = rtp->marker,
                .misfit = misfit,
                .meaning = &formats_.at(rtp->payload_type, spooled.time, opened.why),
                .payload = rtp->payload};
    if (redacted_ != nullptr) {
      redacted_->on_packet(number, *arrived_.meaning, spooled.time, rtp->payload);
    }
    if (arrived_.meaning->role == PayloadRole::kRedundant) unpack(arrived_);
    ++arrived_.meaning->packets;
    newest_ = std::max(newest_, arrived_.arrival);
    statistics_.on_packet(arrived_);
    if (formats_.carries_audio() && may_be_voice(*arrived_.meaning)) {
      sketch_.add(arrived_.arrival, arrived_.payload);
    }
    has_arrived_ = is_in_time(sequence);
    if (has_arrived_) return {};
    note_late();
  }
}

void OrderedStream::note_late() {
  if (late_.size() < kMaxLate) late_.push_back(arrived_);
}

void OrderedStream::unpack(StreamPacket& packet) {
  PayloadMeaning& red = *packet.meaning;
  if (packet.misfit || !red_.read(packet.payload)) {
    red.why = "RED payload (RFC 2198) that cannot be taken apart";
    return;
  }
  const auto meaning_of = [&](const RedBlock& block) {
    PayloadMeaning& meaning = formats_.at(block.payload_type, packet.arrival);
    return meaning.role == PayloadRole::kRedundant ? nullptr : &meaning;
  };
  for (const RedBlock& block : red_.repeated()) {
    StreamPacket copy = packet;
    copy.timestamp -= block.offset;
    copy.marker = false;
    copy.repaired = true;
    copy.meaning = meaning_of(block);
    copy.payload = block.payload;
    if (copy.meaning != nullptr) copies_.keep(copy);
    packet.said_again = std::max(packet.said_again, block.offset);
  }
  if (PayloadMeaning* meaning = meaning_of(red_.primary())) packet.meaning = meaning;
  packet.payload = red_.primary().payload;
}

// A copy has no number: its timestamp says where it belongs. Those nearest to the packet that
// arrived are the likeliest to have a copy, so they get the numbers nearest to its own.
const StreamPacket* OrderedStream::repair_or(const StreamPacket& held) {
  if (held.sequence == window_.next() || is_restart(held)) return &held;
  const auto copies = copies_.between(last_timestamp_, held.timestamp);
  if (copies.empty()) return &held;
  repair_ = *copies.front();
  repair_.sequence =
      std::max(window_.next(), held.sequence - static_cast<std::int64_t>(copies.size()));
  repair_.outages = held.outages;
  is_repair_ = true;
  return &repair_;
}

Result<const StreamPacket*> OrderedStream::front() {
  is_repair_ = false;
  while (true) {
    if (has_arrived_ && arrived_.sequence < window_.next()) {
      // It ended the wait for itself: those behind it went first.
      note_late();
      has_arrived_ = false;
    }
    const bool too_far = has_arrived_ && !window_.fits(arrived_.sequence);
    if (const StreamPacket* held = window_.front()) {
      if (at_end_ || too_far || window_.is_due(*held, newest_)) return repair_or(*held);
    } else if (has_arrived_ && (too_far || arrived_.sequence == window_.next())) {
      return &arrived_;
    }
    if (has_arrived_) {
      hold_arrived();
    } else if (at_end_) {
      return nullptr;
    } else if (Result<void> got = read(); !got) {
      return tl::make_unexpected(got.error());
    }
  }
}

void OrderedStream::hold_arrived() {
  window_.hold(arrived_);
  has_arrived_ = false;
}

void OrderedStream::pop() {
  if (is_repair_) {
    last_timestamp_ = repair_.timestamp;
    window_.begin_at(repair_.sequence + 1);
    return;
  }
  const StreamPacket* held = window_.front();
  assert(held != nullptr || has_arrived_);
  const StreamPacket& given = held != nullptr ? *held : arrived_;
  const std::int64_t sequence = given.sequence;
  last_timestamp_ = given.timestamp;
  if (sequence >= numbering_from_) popped_of_numbering_ = true;
  if (held != nullptr) {
    window_.release_front();
  } else {
    window_.pass(sequence);
    has_arrived_ = false;
  }
}

Result<void> OrderedStream::look_ahead(Duration duration) {
  if (window_.empty()) {
    assert(has_arrived_);
    window_.begin_at(arrived_.sequence);
    hold_arrived();
  }
  const Timestamp until = window_.front()->arrival + duration;
  while (newest_ < until && !at_end_ && !has_arrived_) {
    if (Result<void> got = read(); !got) return got;
    if (has_arrived_ && window_.fits(arrived_.sequence)) hold_arrived();
  }
  return {};
}

}  // namespace koegura::decode
