// T30Frame: one HDLC frame of a fax machine (ITU-T T.30 §5.3): what it is, and what it says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "capture/frame.h"
#include "decode/fax.h"

namespace koegura::decode {

using capture::Bytes;

// Facsimile control fields as T.30 §5.3.6.1 writes them; the first bit (X) is left out where it
// only says who speaks.
enum class T30 : std::uint8_t {
  kDis = 0x01,  // of the receiver: what it can
  kCsi = 0x02,  // and who it is
  kNsf = 0x04,
  kDtc = 0x81,  // the same of who wants to be sent something (polling)
  kCig = 0x82,
  kDcs = 0x41,  // of the sender: how the pages will be sent
  kTsi = 0x42,
  kNss = 0x44,
  kCtc = 0x48,
  kCfr = 0x21,  // answers to the training
  kFtt = 0x22,
  kCtr = 0x23,
  kEom = 0x71,  // after a page: another document, another page, no more
  kMps = 0x72,
  kEop = 0x74,
  kEos = 0x78,
  kPriEom = 0x79,
  kPriMps = 0x7A,
  kPriEop = 0x7C,
  kPps = 0x7D,  // after a partial page (Annex A)
  kEor = 0x73,
  kRr = 0x76,
  kMcf = 0x31,  // answers to those
  kRtn = 0x32,
  kRtp = 0x33,
  kPin = 0x34,
  kPip = 0x35,
  kRnr = 0x37,
  kErr = 0x38,
  kPpr = 0x3D,
  kCrp = 0x58,
  kDcn = 0x5F,
  kFcd = 0x60,  // a frame of a partial page, and its end
  kRcp = 0x61,
  kOther = 0xFF,
};

// What follows a page, of kMps … kPriEop or the second field of kPps and kEor.
enum class AfterPage : std::uint8_t {
  kNothing,          // PPS-NULL: the page goes on in the next block
  kAnotherPage,      // MPS
  kAnotherDocument,  // EOM, EOS
  kNoMore,           // EOP
};

struct T30Frame {
  T30 type = T30::kOther;
  Bytes information;  // behind the control field
};

// A frame without its FCS, first bit on the line most significant. Nothing: it is no frame of T.30.
[[nodiscard]] std::optional<T30Frame> read_t30_frame(Bytes hdlc);

// DCS, T.30 table 2.
[[nodiscard]] FaxFormat read_dcs(Bytes information);
// CSI, TSI, CIG: 20 characters, the last of them first. What does not print is left out.
[[nodiscard]] std::string read_station_id(Bytes information);
// Of a single control field.
[[nodiscard]] std::optional<AfterPage> after_page(T30 type);

struct PartialPageSignal {
  AfterPage after = AfterPage::kNothing;
  std::uint8_t page = 0;
  std::uint8_t block = 0;
  std::uint32_t frames = 0;  // of the block
};
[[nodiscard]] std::optional<PartialPageSignal> read_pps(Bytes information);
[[nodiscard]] std::optional<AfterPage> read_eor(Bytes information);

// The same bits, the last one first: an octet of FCD's number, of a character, of T.4's code.
[[nodiscard]] std::uint8_t reversed_bits(std::byte octet);

}  // namespace koegura::decode
