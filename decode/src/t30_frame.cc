#include "t30_frame.h"

#include <algorithm>
#include <array>

namespace koegura::decode {
namespace {

constexpr std::byte kAddress{0xFF};
constexpr std::byte kControl{0xC0};       // more frames follow
constexpr std::byte kControlFinal{0xC8};  // T.30 §5.3.5
constexpr std::size_t kFrameHeaderBytes = 3;
constexpr unsigned kWhoSpeaks = 0x7F;  // all but X
constexpr std::size_t kStationIdCharacters = 20;
constexpr std::size_t kPpsBytes = 4;

constexpr std::array kWhole = {T30::kDis, T30::kCsi, T30::kNsf, T30::kDtc,
                               T30::kCig, T30::kFcd, T30::kRcp};
constexpr std::array kWithX = {
    T30::kDcs, T30::kTsi, T30::kNss,    T30::kCtc,    T30::kCfr,    T30::kFtt, T30::kCtr,
    T30::kEom, T30::kMps, T30::kEop,    T30::kEos,    T30::kPriEom, T30::kPps, T30::kEor,
    T30::kRr,  T30::kMcf, T30::kRtn,    T30::kRtp,    T30::kPin,    T30::kPip, T30::kRnr,
    T30::kErr, T30::kPpr, T30::kPriMps, T30::kPriEop, T30::kCrp,    T30::kDcn};

template <std::size_t kCount>
bool contains(const std::array<T30, kCount>& types, unsigned value) {
  return std::find(types.begin(), types.end(), static_cast<T30>(value)) != types.end();
}

T30 type_of(unsigned field) {
  if (contains(kWhole, field)) return static_cast<T30>(field);
  const unsigned without_x = field & kWhoSpeaks;
  return contains(kWithX, without_x) ? static_cast<T30>(without_x) : T30::kOther;
}

// Bits of a DCS by T.30's numbers, which begin with 1; absent ones are 0.
class DcsBits {
 public:
  explicit DcsBits(Bytes information) : information_(information) {}
  [[nodiscard]] bool operator[](unsigned number) const {
    constexpr unsigned kOctet = 8;
    const std::size_t at = (number - 1) / kOctet;
    if (at >= information_.size()) return false;
    const auto octet = std::to_integer<unsigned>(information_[at]);
    return (octet >> (kOctet - 1 - (number - 1) % kOctet) & 1U) != 0;
  }

 private:
  Bytes information_;
};

// T.30 table 2: the numbers of the bits that are read here.
enum DcsBit : unsigned {
  kRate1 = 11,
  kRate2 = 12,
  kRate3 = 13,
  kRate4 = 14,
  kFine = 15,
  kTwoDimensional = 16,
  kWidthB4 = 17,
  kWidthA3 = 18,
  kScanTime1 = 21,
  kScanTime2 = 22,
  kScanTime3 = 23,
  kErrorCorrection = 27,
  kMmr = 31,
  kLines15 = 41,  // R8 × 15.4 lines/mm
  kInch300 = 42,  // 300 × 300 an inch
  kR16 = 43,      // R16 × 15.4 lines/mm, or 400 × 400 an inch
  kColour = 68,   // JPEG
  kJbig = 78,     // T.85
  kJbigL0 = 79,
  kInch600 = 105,  // 600 × 600 an inch
  kInch1200 = 106,
};

std::uint32_t bit_rate_of(const DcsBits& bits) {
  struct Rate {
    unsigned code;  // bits 11 to 14
    std::uint32_t rate;
  };
  constexpr std::array kRates = {
      Rate{0x0, 2400},  Rate{0x4, 4800},  Rate{0x8, 9600},  Rate{0xC, 7200}, Rate{0x2, 14400},
      Rate{0x6, 12000}, Rate{0x1, 14400}, Rate{0x5, 12000}, Rate{0x9, 9600}, Rate{0xD, 7200}};
  const unsigned code = unsigned{bits[kRate1]} << 3U | unsigned{bits[kRate2]} << 2U |
                        unsigned{bits[kRate3]} << 1U | unsigned{bits[kRate4]};
  for (const Rate& row : kRates) {
    if (row.code == code) return row.rate;
  }
  return 0;
}

struct Resolution {
  DcsBit bit;
  std::uint32_t x_dpi;
  std::uint32_t y_dpi;
  std::array<std::uint32_t, 3> widths;  // A4, B4, A3
};
// The finest first.
constexpr std::array kResolutions = {
    Resolution{kInch1200, 1200, 1200, {10368, 12288, 14592}},
    Resolution{kInch600, 600, 600, {5184, 6144, 7296}},
    Resolution{kR16, 408, 391, {3456, 4096, 4864}},
    Resolution{kInch300, 300, 300, {2592, 3072, 3648}},
    Resolution{kLines15, 204, 391, {1728, 2048, 2432}},
    Resolution{kFine, 204, 196, {1728, 2048, 2432}},
};

void read_resolution(const DcsBits& bits, FaxFormat& out) {
  constexpr std::array<std::uint32_t, 3> kStandardWidths = {1728, 2048, 2432};
  const std::size_t paper = bits[kWidthA3] ? 2 : bits[kWidthB4] ? 1 : 0;
  out.width = kStandardWidths[paper];
  for (const Resolution& row : kResolutions) {
    if (!bits[row.bit]) continue;
    out.x_dpi = row.x_dpi;
    out.y_dpi = row.y_dpi;
    out.width = row.widths[paper];
    return;
  }
}

std::uint32_t scan_line_ms(const DcsBits& bits) {
  // T.30 table 2, bits 21 to 23; without ECM only.
  constexpr std::array<std::uint32_t, 8> kTimes = {20, 40, 10, 0, 5, 0, 0, 0};
  const unsigned code = unsigned{bits[kScanTime1]} << 2U | unsigned{bits[kScanTime2]} << 1U |
                        unsigned{bits[kScanTime3]};
  return kTimes[code];
}

}  // namespace

std::uint8_t reversed_bits(std::byte octet) {
  auto bits = std::to_integer<unsigned>(octet);
  bits = (bits & 0xF0U) >> 4U | (bits & 0x0FU) << 4U;
  bits = (bits & 0xCCU) >> 2U | (bits & 0x33U) << 2U;
  bits = (bits & 0xAAU) >> 1U | (bits & 0x55U) << 1U;
  return static_cast<std::uint8_t>(bits);
}

std::optional<T30Frame> read_t30_frame(Bytes hdlc) {
  if (hdlc.size() < kFrameHeaderBytes || hdlc[0] != kAddress) return std::nullopt;
  if (hdlc[1] != kControl && hdlc[1] != kControlFinal) return std::nullopt;
  return T30Frame{.type = type_of(std::to_integer<unsigned>(hdlc[2])),
                  .information = hdlc.subspan(kFrameHeaderBytes)};
}

FaxFormat read_dcs(Bytes information) {
  const DcsBits bits(information);
  FaxFormat format;
  format.ecm = bits[kErrorCorrection];
  format.bit_rate = bit_rate_of(bits);
  read_resolution(bits, format);
  if (bits[kColour] || bits[kJbig] || bits[kJbigL0]) {
    format.compression = FaxCompression::kOther;
  } else if (bits[kMmr]) {
    format.compression = FaxCompression::kMmr;
  } else if (bits[kTwoDimensional]) {
    format.compression = FaxCompression::kMr;
  }
  if (!format.ecm) format.scan_line_ms = scan_line_ms(bits);
  return format;
}

std::string read_station_id(Bytes information) {
  std::string id;
  const std::size_t size = std::min(information.size(), kStationIdCharacters);
  for (std::size_t i = size; i > 0; --i) {
    const auto character = static_cast<char>(reversed_bits(information[i - 1]));
    if (character >= ' ' && character <= '~') id.push_back(character);
  }
  const std::size_t first = id.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return id.substr(first, id.find_last_not_of(' ') - first + 1);
}

std::optional<AfterPage> after_page(T30 type) {
  switch (type) {
    case T30::kMps:
    case T30::kPriMps:
      return AfterPage::kAnotherPage;
    case T30::kEom:
    case T30::kPriEom:
    case T30::kEos:
      return AfterPage::kAnotherDocument;
    case T30::kEop:
    case T30::kPriEop:
      return AfterPage::kNoMore;
    default:
      return std::nullopt;
  }
}

std::optional<AfterPage> read_eor(Bytes information) {
  if (information.empty()) return std::nullopt;
  const auto field = std::to_integer<unsigned>(information[0]);
  if (field == 0) return AfterPage::kNothing;
  return after_page(static_cast<T30>(field & kWhoSpeaks));
}

std::optional<PartialPageSignal> read_pps(Bytes information) {
  const auto after = read_eor(information);
  if (!after || information.size() < kPpsBytes) return std::nullopt;
  return PartialPageSignal{.after = *after,
                           .page = reversed_bits(information[1]),
                           .block = reversed_bits(information[2]),
                           .frames = std::uint32_t{reversed_bits(information[3])} + 1};
}

}  // namespace koegura::decode
