// FaxSession: a listener to both fax machines of a call (ITU-T T.30): who sends, how, which pages,
// and what the receiver said of them. It takes part in nothing: what it does not hear, it says.
//
//   (on_frame | on_image | on_image_gap | on_carrier_end)* finish
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "decode/fax.h"
#include "ecm_block.h"
#include "fax_page_data.h"
#include "fax_pages.h"
#include "t30_frame.h"

namespace koegura::decode {

// A page whose data was sent, until it is known what became of it.
struct SentPage {
  FaxPage page;
  FaxPageData data;
  std::optional<AfterPage> after;
};

struct SentBlock {
  PartialPageSignal signal;
  bool ended = false;  // EOR: nothing of it will be sent again
};

class FaxSession {
 public:
  static constexpr std::size_t kMaxFaxes = 64;  // of a call; what comes after them is passed over

  // REQUIRES: pages outlives this.
  explicit FaxSession(FaxPages& pages) : pages_(pages) {}

  // Times are seconds since the start of the call. An HDLC frame whose FCS was right, without it.
  void on_frame(capture::Side from, double at_s, Bytes hdlc);
  // Bits of a page or of the training, without error correction.
  void on_image(capture::Side from, double at_s, Bytes octets);
  void on_image_gap(capture::Side from);
  // The modem of that side is silent, or begins anew.
  void on_carrier_end(capture::Side from);
  void finish();
  [[nodiscard]] std::vector<Fax>& faxes() { return faxes_; }

 private:
  void begin_fax(double at_s);
  void end_fax();
  void on_control(capture::Side from, const T30Frame& frame);
  void on_command(const T30Frame& frame);
  void on_answer(T30 type);
  void on_dcs(capture::Side from, Bytes information);
  void on_after_page(AfterPage after);
  void on_pps(const PartialPageSignal& signal);
  void on_eor(AfterPage after);
  void answer(PageAnswer answer);
  void answer_late(PageAnswer answer);
  void end_burst();
  [[nodiscard]] bool is_training() const;
  SentPage& open_page();
  void close_block(PageAnswer answer);
  void close_page(PageAnswer answer);
  void close_all();
  void tell_result();

  FaxPages& pages_;
  std::vector<Fax> faxes_;
  std::array<std::string, 2> ids_;  // by side
  std::optional<Fax> fax_;          // of which something was heard
  double now_s_ = 0;
  std::optional<capture::Side> sender_;  // told by its DCS
  FaxFormat format_;
  bool trained_ = false;                 // CFR was heard since the latest DCS
  bool training_failed_ = false;         // FTT was
  bool unannounced_ = false;             // pages or their end were sent without a DCS
  bool said_goodbye_ = false;            // DCN
  bool turned_ = false;                  // the other one sends now
  std::optional<AfterPage> after_last_;  // page that was closed
  FaxPageData burst_;                    // without error correction: what the modem sends now
  double burst_at_s_ = 0;
  std::optional<SentPage> page_;
  std::optional<SentBlock> block_;
  EcmBlock frames_of_block_;
  EcmBlock frames_of_burst_;
  std::optional<PartialPageSignal> closed_;  // the latest block that was answered
};

}  // namespace koegura::decode
