// FaxLine: what one fax machine sends, out of IFP packets in order: HDLC frames and bursts of image
// (ITU-T T.38 §7).
#pragma once

#include <vector>

#include "capture/finished_call.h"
#include "fax_session.h"
#include "ifp.h"

namespace koegura::decode {

class FaxLine {
 public:
  // REQUIRES: session outlives this.
  FaxLine(capture::Side side, FaxSession& session) : side_(side), session_(session) {}

  // `gap`: packets before this one are lost.
  void on_packet(double at_s, const Ifp& ifp, bool gap);
  // The modem is on: what comes next belongs to what came last.
  [[nodiscard]] bool is_sending() const { return sending_; }
  // By this packet a frame that had begun would have no end: was it understood?
  [[nodiscard]] bool would_abandon_frame(const Ifp& ifp) const;

 private:
  void on_field(double at_s, const Ifp::Field& field);
  void add_to_frame(Bytes octets);
  void end_frame(double at_s, bool right);
  void on_image(double at_s, Bytes octets);
  void end_carrier();

  capture::Side side_;
  FaxSession& session_;
  std::vector<std::byte> frame_;
  bool frame_is_broken_ = false;  // what is missing lay in it
  bool doubtful_ = false;         // packets were lost: is what comes now a frame's beginning?
  bool image_gap_ = false;        // packets were lost since the last octets of an image
  bool in_image_ = false;
  bool sending_ = false;
};

}  // namespace koegura::decode
