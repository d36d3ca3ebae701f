// Ifp: one Internet Facsimile Protocol packet (ITU-T T.38 §7 and its ASN.1, Annex A): what a fax
// machine's modem heard.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/frame.h"

namespace koegura::decode {

using capture::Bytes;

// T.38 §7.4: what a field of t30-data carries. From kCm on: of version 3 (V.8, V.34).
enum class IfpField : std::uint8_t {
  kHdlcData,
  kHdlcSigEnd,
  kHdlcFcsOk,
  kHdlcFcsBad,
  kHdlcFcsOkSigEnd,
  kHdlcFcsBadSigEnd,
  kNonEcmData,
  kNonEcmSigEnd,
  kCm,
  kJm,
  kCi,
  kV34Rate,
};

struct Ifp {
  enum class Type : std::uint8_t { kIndicator, kData } type = Type::kIndicator;
  // T.38 §7.3: of an indicator 0 is "no signal", 3 V.21's preamble, others are trainings; of data
  // the modulation, 0 is V.21. Those behind the extension marker go on from 16 and 9.
  std::uint8_t code = 0;
  struct Field {
    IfpField type = IfpField::kHdlcData;
    Bytes data;  // a view into the packet; the first bit on the line is the most significant one
  };
  std::vector<Field> fields;  // of kData
};

// The ASN.1 of 1998 left an extension marker out, so that field types stand elsewhere than later.
enum class IfpVersion : std::uint8_t { kFirst /* a=T38FaxVersion:0 */, kLater };

// False: the packet makes no sense by this version. Zeros behind its end are let pass, as parity
// leaves them there. Reuses out's memory.
[[nodiscard]] bool read_ifp(Bytes packet, IfpVersion version, Ifp& out);

}  // namespace koegura::decode
