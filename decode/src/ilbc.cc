// iLBC (RFC 3952): 20 ms frames of 38 bytes or 30 ms frames of 50.
#include "libav_decoder.h"
#include "payload_formats.h"

namespace koegura::decode {
namespace {

constexpr std::size_t kFrame20 = 38;
constexpr std::size_t kFrame30 = 50;

// mode is negotiated to the lower of both sides' (RFC 3952 §4.2), which one side's fmtp does not
// tell: the payload's length decides, and the mode only where both would fit.
std::size_t frame_bytes(const MediaFormat& format, std::size_t payload) {
  const bool mode20 = fmtp_value(format.fmtp, "mode") == "20";
  const std::size_t negotiated = mode20 ? kFrame20 : kFrame30;
  const std::size_t other = mode20 ? kFrame30 : kFrame20;
  if (payload % negotiated == 0) return negotiated;
  return payload % other == 0 ? other : 0;
}

class IlbcDecoder final : public Decoder {
 public:
  explicit IlbcDecoder(const char* name) : name_(name) {}
  bool decode(Bytes frame, SampleBuffer& out) override {
    if (frame.size() != frame_bytes_) {
      decoder_ = open_libav_decoder({.decoder = name_,
                                     .sample_rate = 8000,
                                     .channels = 1,
                                     .block_align = static_cast<int>(frame.size())});
      frame_bytes_ = frame.size();
    }
    return decoder_ != nullptr && decoder_->decode(frame, out);
  }

 private:
  const char* name_;
  std::unique_ptr<Decoder> decoder_;
  std::size_t frame_bytes_ = 0;  // what decoder_ was opened for
};

}  // namespace

bool depacketise_ilbc(const MediaFormat& format, Bytes payload, FrameList& frames) {
  const std::size_t size = frame_bytes(format, payload.size());
  if (payload.empty() || size == 0) return false;
  for (; !payload.empty(); payload = payload.subspan(size)) {
    if (!frames.add(payload.first(size))) return false;
  }
  return true;
}

std::unique_ptr<Decoder> open_ilbc(const Codec& codec, const MediaFormat& /*format*/) {
  return std::make_unique<IlbcDecoder>(codec.libav_decoder);
}

}  // namespace koegura::decode
