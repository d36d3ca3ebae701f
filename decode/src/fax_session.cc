#include "fax_session.h"

#include <algorithm>
#include <utility>

#include "fax_result.h"

namespace koegura::decode {

using capture::Side;

void FaxSession::begin_fax(double at_s) {
  now_s_ = at_s;
  if (!fax_) {
    fax_.emplace();
    fax_->from_s = at_s;
  }
  fax_->to_s = at_s;
}

void FaxSession::on_frame(Side from, double at_s, Bytes hdlc) {
  const auto frame = read_t30_frame(hdlc);
  if (!frame || faxes_.size() == kMaxFaxes) return;
  if (frame->type == T30::kDcn) {
    if (!fax_) return;  // said again, or by the other side, too
    begin_fax(at_s);
    said_goodbye_ = true;
    return end_fax();
  }
  begin_fax(at_s);
  if (frame->type == T30::kFcd) {
    if (sender_ != from) return;
    if (frames_of_burst_.empty() && !page_) burst_at_s_ = at_s;
    return frames_of_burst_.add_frame(frame->information);
  }
  if (frame->type == T30::kRcp) return;
  if (sender_ == from) end_burst();
  on_control(from, *frame);
}

void FaxSession::on_control(Side from, const T30Frame& frame) {
  std::string& id = ids_[static_cast<std::size_t>(from)];
  switch (frame.type) {
    case T30::kCsi:
    case T30::kCig:
    case T30::kTsi:
      id = read_station_id(frame.information);
      return;
    case T30::kDcs:
      return on_dcs(from, frame.information);
    default:
      break;
  }
  if (!sender_) {
    unannounced_ = unannounced_ || after_page(frame.type) || frame.type == T30::kPps;
  } else if (sender_ == from) {
    on_command(frame);
  } else {
    on_answer(frame.type);
  }
}

void FaxSession::on_command(const T30Frame& frame) {
  if (const auto after = after_page(frame.type)) return on_after_page(*after);
  if (frame.type == T30::kPps) {
    if (const auto signal = read_pps(frame.information)) on_pps(*signal);
  } else if (frame.type == T30::kEor) {
    if (const auto after = read_eor(frame.information)) on_eor(*after);
  }
}

void FaxSession::on_answer(T30 type) {
  switch (type) {
    case T30::kCfr:
    case T30::kCtr:
      trained_ = true;
      return;
    case T30::kFtt:
      training_failed_ = true;
      return;
    case T30::kMcf:
    case T30::kRtp:
    case T30::kPip:
      return answer(PageAnswer::kConfirmed);
    case T30::kRtn:
    case T30::kPin:
      return answer(PageAnswer::kRefused);
    case T30::kErr:
      return answer(PageAnswer::kCorrected);
    default:
      return;
  }
}

void FaxSession::on_dcs(Side from, Bytes information) {
  if (sender_ && sender_ != from) {
    // The other one sends now (polling): another fax.
    turned_ = true;
    end_fax();
    begin_fax(now_s_);
  }
  close_all();
  sender_ = from;
  format_ = read_dcs(information);
  trained_ = false;
  fax_->from = from;
}

void FaxSession::on_image(Side from, double at_s, Bytes octets) {
  if (faxes_.size() == kMaxFaxes) return;
  begin_fax(at_s);
  if (sender_ != from) {
    unannounced_ = unannounced_ || !sender_;
    return;
  }
  if (burst_.empty()) burst_at_s_ = at_s;
  burst_.append(octets);
}

void FaxSession::on_image_gap(Side from) {
  if (sender_ == from) burst_.note_gap();
}

void FaxSession::on_carrier_end(Side from) {
  if (sender_ == from) end_burst();
}

// The training is zeros for 1.5 s (T.30 §5.3.6.1.3). A page has a one at each line's end; but lines
// may be filled up with zeros, so that its share of ones says something only before there was a
// CFR.
bool FaxSession::is_training() const {
  constexpr std::size_t kShareOfOnes = 50;
  const Bytes octets = burst_.octets();
  const auto not_zero = static_cast<std::size_t>(
      std::count_if(octets.begin(), octets.end(), [](std::byte b) { return b != std::byte{}; }));
  return not_zero == 0 || (!trained_ && not_zero * kShareOfOnes <= octets.size());
}

void FaxSession::end_burst() {
  if (burst_.empty()) return;
  const bool is_page = !format_.ecm && !is_training();
  if (is_page) {
    close_page(PageAnswer::kNone);  // of the one before nothing was heard
    SentPage& open = open_page();
    open.page.missing = static_cast<std::uint32_t>(burst_.gaps().size());
    open.data = std::move(burst_);
  }
  burst_.clear();
}

SentPage& FaxSession::open_page() {
  if (page_) return *page_;
  page_.emplace();
  page_->page.at_s = burst_at_s_;
  page_->page.format = format_;
  return *page_;
}

void FaxSession::on_after_page(AfterPage after) {
  if (page_ && !block_) page_->after = after;
}

void FaxSession::on_pps(const PartialPageSignal& signal) {
  const auto is_same = [&](const PartialPageSignal& other) {
    return other.page == signal.page && other.block == signal.block;
  };
  const bool goes_on = block_ && !block_->ended && is_same(block_->signal);
  // Said again because its answer was not heard.
  if (!block_ && closed_ && is_same(*closed_) && frames_of_burst_.empty()) return;
  if (!goes_on) close_block(PageAnswer::kNone);
  if (!block_) block_.emplace();
  block_->signal = signal;
  frames_of_block_.merge(frames_of_burst_);
  frames_of_block_.expect(signal.frames);
}

void FaxSession::on_eor(AfterPage after) {
  if (!block_) return;
  frames_of_block_.merge(frames_of_burst_);
  block_->signal.after = after;
  block_->ended = true;
}

void FaxSession::answer(PageAnswer answer) {
  if (block_) {
    close_block(answer);
  } else if (page_ && page_->after) {
    close_page(answer);
  } else {
    answer_late(answer);
  }
}

// An answer that was lost comes with what its sender said next, which is the answer to the next
// page: the sender of pages has gone on since.
void FaxSession::answer_late(PageAnswer answer) {
  constexpr std::ptrdiff_t kReach = 2;
  std::vector<FaxPage>& pages = fax_->pages;
  const auto last = pages.rbegin();
  const auto end = last + std::min(kReach, std::distance(last, pages.rend()));
  const auto found =
      std::find_if(last, end, [](const FaxPage& p) { return p.answer == PageAnswer::kNone; });
  if (found != end) found->answer = answer;
}

void FaxSession::close_block(PageAnswer answer) {
  if (!block_) return;
  SentPage& open = open_page();
  open.page.missing += frames_of_block_.missing();
  frames_of_block_.append_to(open.data);
  frames_of_block_.clear();
  // The worst that was said of one of its blocks.
  const bool is_first = block_->signal.block == 0;
  if (is_first || answer != PageAnswer::kConfirmed) open.page.answer = answer;
  const AfterPage after = block_->signal.after;
  closed_ = block_->signal;
  block_.reset();
  if (after == AfterPage::kNothing) return;
  open.after = after;
  close_page(open.page.answer);
}

void FaxSession::close_page(PageAnswer answer) {
  if (!page_) return;
  SentPage open = std::move(*page_);
  page_.reset();
  after_last_ = open.after;
  open.page.answer = answer;
  open.page.cut = open.data.is_cut() || !open.after;
  if (pages_.is_full()) {
    ++fax_->left_out;
    return;
  }
  pages_.add(open.data, open.page);
  fax_->pages.push_back(open.page);
}

void FaxSession::close_all() {
  end_burst();
  // Frames that no signal told of: the page broke off among them.
  if (!frames_of_burst_.empty() && !block_) {
    block_.emplace();
    block_->signal.block = 1;  // a page that goes on keeps what was said of its first block
  }
  frames_of_block_.merge(frames_of_burst_);
  close_block(PageAnswer::kNone);
  close_page(PageAnswer::kNone);
  closed_.reset();
}

void FaxSession::end_fax() {
  close_all();
  fax_->sender_id = ids_[static_cast<std::size_t>(fax_->from)];
  fax_->receiver_id = ids_[static_cast<std::size_t>(other(fax_->from))];
  const std::vector<std::string> troubles =
      fax_troubles(*fax_, {.announced = sender_.has_value(),
                           .unannounced = unannounced_,
                           .training_failed = training_failed_ && !trained_,
                           .said_goodbye = said_goodbye_,
                           .turned = turned_,
                           .after_last = after_last_});
  fax_->complete = troubles.empty();
  fax_->result = fax_result(troubles);
  faxes_.push_back(std::move(*fax_));
  fax_.reset();
  sender_.reset();
  format_ = {};
  trained_ = false;
  training_failed_ = false;
  unannounced_ = false;
  said_goodbye_ = false;
  turned_ = false;
  after_last_.reset();
}

void FaxSession::finish() {
  if (fax_) end_fax();
}

}  // namespace koegura::decode
