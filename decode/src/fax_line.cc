#include "fax_line.h"

namespace koegura::decode {
namespace {

// FCD with its 256 octets has 260.
constexpr std::size_t kMaxFrame = 512;
// Indicators before it are silence and tones.
constexpr std::uint8_t kFirstTraining = 3;
constexpr std::byte kFlagOfAddress{0xFF};

bool is_right(IfpField field) {
  return field == IfpField::kHdlcFcsOk || field == IfpField::kHdlcFcsOkSigEnd;
}

bool ends_frame(IfpField field) {
  return is_right(field) || field == IfpField::kHdlcFcsBad || field == IfpField::kHdlcFcsBadSigEnd;
}

bool ends_carrier(IfpField field) {
  return field == IfpField::kHdlcSigEnd || field == IfpField::kHdlcFcsOkSigEnd ||
         field == IfpField::kHdlcFcsBadSigEnd || field == IfpField::kNonEcmSigEnd;
}

}  // namespace

void FaxLine::on_packet(double at_s, const Ifp& ifp, bool gap) {
  if (gap) {
    // The frame's rest, or its end and the next one's beginning.
    frame_.clear();
    frame_is_broken_ = false;
    doubtful_ = true;
    image_gap_ = true;
  }
  if (ifp.type == Ifp::Type::kIndicator) {
    end_carrier();
    sending_ = ifp.code >= kFirstTraining;
    return;
  }
  sending_ = true;
  for (const Ifp::Field& field : ifp.fields) on_field(at_s, field);
}

bool FaxLine::would_abandon_frame(const Ifp& ifp) const {
  bool in_frame = !frame_.empty();
  for (const Ifp::Field& field : ifp.fields) {
    if (field.type == IfpField::kHdlcSigEnd && in_frame) return true;
    if (field.type == IfpField::kHdlcData) in_frame = true;
    if (ends_frame(field.type)) in_frame = false;
  }
  return false;
}

void FaxLine::on_field(double at_s, const Ifp::Field& field) {
  if (field.type == IfpField::kNonEcmData || field.type == IfpField::kNonEcmSigEnd) {
    on_image(at_s, field.data);
  } else if (field.type == IfpField::kHdlcData) {
    add_to_frame(field.data);
  } else if (ends_frame(field.type)) {
    end_frame(at_s, is_right(field.type));
  }
  if (ends_carrier(field.type)) end_carrier();
}

void FaxLine::add_to_frame(Bytes octets) {
  // Behind a gap only what begins like a frame is one.
  if (doubtful_ && frame_.empty()) frame_is_broken_ = octets[0] != kFlagOfAddress;
  doubtful_ = false;
  if (frame_.size() + octets.size() > kMaxFrame) frame_is_broken_ = true;
  if (!frame_is_broken_) frame_.insert(frame_.end(), octets.begin(), octets.end());
}

void FaxLine::end_frame(double at_s, bool right) {
  if (right && !frame_is_broken_ && !frame_.empty()) session_.on_frame(side_, at_s, frame_);
  frame_.clear();
  frame_is_broken_ = false;
  doubtful_ = false;
}

void FaxLine::on_image(double at_s, Bytes octets) {
  // A page begins with zeros (T.4 §4.1.2): if these are the first ones, nothing of it is missing.
  const bool begins = !in_image_ && (octets.empty() || octets[0] == std::byte{});
  if (image_gap_ && !begins) session_.on_image_gap(side_);
  image_gap_ = false;
  if (octets.empty()) return;
  in_image_ = true;
  session_.on_image(side_, at_s, octets);
}

void FaxLine::end_carrier() {
  if (in_image_ && image_gap_) session_.on_image_gap(side_);
  image_gap_ = false;
  in_image_ = false;
  frame_.clear();
  frame_is_broken_ = false;
  sending_ = false;
  session_.on_carrier_end(side_);
}

}  // namespace koegura::decode
