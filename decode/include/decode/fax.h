// Fax: a document that T.38 carried, as a passive listener of both directions understood it
// (ITU-T T.38, T.30).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/finished_call.h"

namespace koegura::decode {

enum class FaxCompression : std::uint8_t { kMh, kMr, kMmr, kOther };
[[nodiscard]] std::string_view name_of(FaxCompression compression);  // "MH", "MMR"

// What the receiver said of a page (T.30 §5.3.6.1.7).
enum class PageAnswer : std::uint8_t {
  kNone,       // nothing was seen, or the page never came to its end
  kConfirmed,  // MCF, RTP or PIP: it has the page
  kRefused,    // RTN or PIN: it was not satisfied
  kCorrected,  // ERR: retransmission ended with frames still missing
};
[[nodiscard]] std::string_view name_of(PageAnswer answer);  // "confirmed"; empty for kNone

// How pages are sent, by the DCS before them (T.30 table 2).
struct FaxFormat {
  FaxCompression compression = FaxCompression::kMh;
  bool ecm = false;                // T.30 Annex A
  std::uint32_t bit_rate = 0;      // bit/s; 0: by V.34, which DCS does not tell
  std::uint32_t width = 1728;      // pixels
  std::uint32_t x_dpi = 204;       // pixels an inch
  std::uint32_t y_dpi = 98;        // lines an inch
  std::uint32_t scan_line_ms = 0;  // least time of a line without ECM
};

struct FaxPage {
  double at_s = 0;  // since the start of the call: its first packet
  FaxFormat format;
  std::uint32_t rows = 0;      // in the TIFF; 0: nothing could be made of it, and it is not there
  std::uint32_t bad_rows = 0;  // of these, damaged: the line before stands in
  std::uint32_t missing = 0;   // ECM frames, or gaps in the data without ECM
  bool cut = false;            // it goes on beyond what is kept, or broke off
  PageAnswer answer = PageAnswer::kNone;
  bool again = false;  // sent after the one before it was refused: most likely the same page
};

struct Fax {
  capture::Side from = capture::Side::kCaller;  // who sent the pages
  std::string sender_id;                        // TSI; printable ASCII, 20 characters
  std::string receiver_id;                      // CSI
  double from_s = 0;                            // since the start of the call
  double to_s = 0;
  std::vector<FaxPage> pages;  // in order of time
  std::uint32_t left_out = 0;  // pages beyond what is kept of one call
  bool complete = false;       // each page was confirmed and is whole, and both sides were done
  std::string result;          // "complete", or in words what happened
};

// What UDPTL went through, of one stream (T.38 §9.1).
struct UdptlStatistics {
  std::uint32_t received = 0;   // IFP packets by their own datagram
  std::uint32_t recovered = 0;  // by redundancy or parity of later ones
  std::uint32_t lost = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t unreadable = 0;  // datagrams that are no UDPTL, or packets that are no IFP
};

// All faxes of a call.
struct FaxDocument {
  std::vector<Fax> faxes;       // in order of time
  std::vector<std::byte> tiff;  // all their pages; empty if there are none
  UdptlStatistics packets;      // of all streams that were listened to
  std::vector<UdptlStatistics>
      streams;  // in the order of call.streams; zeros of those that are no T.38
};

}  // namespace koegura::decode
