// Two fax machines (spandsp's T.38 terminals), one sending pages of known pixels to the other, in
// memory and in no time: what they say to each other is what our listener is to understand.
#pragma once

#include <doctest/doctest.h>
#include <spandsp.h>
#include <tiffio.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "call_builder.h"

namespace koegura::decode::test {

struct Pixels {
  std::uint32_t width = 0;
  std::uint32_t rows = 0;
  std::vector<std::uint8_t> bytes;  // leftmost most significant, 1 is black
  bool operator==(const Pixels&) const = default;
};

// Lines of words, as far as a fax is concerned: runs of black, and margins and gaps of white.
inline Pixels written_page(unsigned seed, std::uint32_t rows, std::uint32_t width = 1728) {
  constexpr std::uint32_t kLine = 30;
  constexpr std::uint32_t kInk = 20;
  Pixels page{.width = width, .rows = rows, .bytes = {}};
  const std::size_t row_bytes = width / 8;
  page.bytes.assign(row_bytes * rows, 0);
  std::minstd_rand random(seed);
  for (std::uint32_t y = 20; y < rows; ++y) {
    if (y % kLine >= kInk) continue;
    for (std::size_t x = 10; x < row_bytes - 10; ++x) {
      if (random() % 3 == 0) page.bytes[y * row_bytes + x] = static_cast<std::uint8_t>(random());
    }
  }
  return page;
}

inline void write_tiff(const std::string& path, const std::vector<Pixels>& pages, double y_dpi) {
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  REQUIRE(tiff != nullptr);
  for (const Pixels& page : pages) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, page.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, page.rows);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    TIFFSetField(tiff, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, page.rows);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 204.0);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, y_dpi);
    std::vector<std::uint8_t> bytes = page.bytes;
    REQUIRE(TIFFWriteEncodedStrip(tiff, 0, bytes.data(), static_cast<tmsize_t>(bytes.size())) > 0);
    REQUIRE(TIFFWriteDirectory(tiff) == 1);
  }
  TIFFClose(tiff);
}

inline std::vector<Pixels> read_tiff(const std::string& path) {
  std::vector<Pixels> pages;
  TIFF* tiff = TIFFOpen(path.c_str(), "r");
  REQUIRE(tiff != nullptr);
  do {
    Pixels page;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &page.width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &page.rows);
    const auto row_bytes = static_cast<std::size_t>(TIFFScanlineSize(tiff));
    page.bytes.resize(row_bytes * page.rows);
    for (std::uint32_t y = 0; y < page.rows; ++y) {
      REQUIRE(TIFFReadScanline(tiff, page.bytes.data() + y * row_bytes, y, 0) == 1);
    }
    pages.push_back(std::move(page));
  } while (TIFFReadDirectory(tiff) == 1);
  TIFFClose(tiff);
  return pages;
}

struct FaxSettings {
  bool ecm = true;
  int compressions =
      T30_SUPPORT_T4_1D_COMPRESSION | T30_SUPPORT_T4_2D_COMPRESSION | T30_SUPPORT_T6_COMPRESSION;
  int version = 0;
  int modems = T30_SUPPORT_V27TER | T30_SUPPORT_V29 | T30_SUPPORT_V17;
  double y_dpi = 196;
  std::vector<Pixels> pages = {written_page(1, 400), written_page(2, 300)};
  // IFP packets that one machine sends and the other never gets; we hear all of them.
  std::function<bool(Side from, std::size_t number)> swallowed;
  double hang_up_ms = 0;  // both machines stop then; 0: when they are done
};

struct SaidIfp {
  double at_ms = 0;
  Octets bytes;
};

struct FaxTalk {
  std::vector<SaidIfp> caller;  // sends the pages
  std::vector<SaidIfp> callee;
  double end_ms = 0;
  int pages_sent = 0;  // as the sender has it
  int bit_rate = 0;
  [[nodiscard]] const std::vector<SaidIfp>& of(Side side) const {
    return side == Side::kCaller ? caller : callee;
  }
};

inline constexpr const char* kSenderId = "+81 3 1234 5678";
inline constexpr const char* kReceiverId = "2301";

class FaxPeers {
 public:
  explicit FaxPeers(const FaxSettings& settings) : settings_(settings) {
    for (End* end : {&caller_, &callee_}) {
      end->peers = this;
      end->terminal = t38_terminal_init(nullptr, end == &caller_ ? 1 : 0, on_packet, end);
      REQUIRE(end->terminal != nullptr);
      t38_set_t38_version(t38_terminal_get_t38_core_state(end->terminal), settings.version);
      t30_state_t* t30 = t38_terminal_get_t30_state(end->terminal);
      t30_set_tx_ident(t30, end == &caller_ ? kSenderId : kReceiverId);
      t30_set_ecm_capability(t30, settings.ecm ? 1 : 0);
      t30_set_supported_compressions(t30, settings.compressions);
      t30_set_supported_modems(t30, settings.modems);
    }
    write_tiff(folder_ / "sent.tiff", settings.pages, settings.y_dpi);
    t30_set_tx_file(t38_terminal_get_t30_state(caller_.terminal), (folder_ / "sent.tiff").c_str(),
                    -1, -1);
    t30_set_rx_file(t38_terminal_get_t30_state(callee_.terminal),
                    (folder_ / "received.tiff").c_str(), -1);
  }
  FaxPeers(const FaxPeers&) = delete;
  FaxPeers& operator=(const FaxPeers&) = delete;
  ~FaxPeers() {
    t38_terminal_free(caller_.terminal);
    t38_terminal_free(callee_.terminal);
  }

  FaxTalk run() {
    constexpr int kTickSamples = 160;
    constexpr double kTick_ms = 20;
    constexpr double kLongest_ms = 600'000;
    bool over = false;
    while (!over && at_ms_ < kLongest_ms) {
      const bool caller_done = t38_terminal_send_timeout(caller_.terminal, kTickSamples) != 0;
      const bool callee_done = t38_terminal_send_timeout(callee_.terminal, kTickSamples) != 0;
      at_ms_ += kTick_ms;
      over = (caller_done && callee_done) ||
             (settings_.hang_up_ms > 0 && at_ms_ >= settings_.hang_up_ms);
    }
    t30_stats_t statistics{};
    t30_get_transfer_statistics(t38_terminal_get_t30_state(caller_.terminal), &statistics);
    return {.caller = caller_.said,
            .callee = callee_.said,
            .end_ms = at_ms_,
            .pages_sent = statistics.pages_tx,
            .bit_rate = statistics.bit_rate};
  }

 private:
  struct End {
    FaxPeers* peers = nullptr;
    t38_terminal_state_t* terminal = nullptr;
    std::vector<SaidIfp> said;
  };

  static int on_packet(t38_core_state_t* /*core*/, void* user, const std::uint8_t* bytes, int size,
                       int /*times*/) {
    End& from = *static_cast<End*>(user);
    FaxPeers& peers = *from.peers;
    const bool is_caller = &from == &peers.caller_;
    const std::size_t number = from.said.size();
    const auto* octets = reinterpret_cast<const std::byte*>(bytes);
    from.said.push_back({.at_ms = peers.at_ms_, .bytes = Octets(octets, octets + size)});
    const Side side = is_caller ? Side::kCaller : Side::kCallee;
    if (peers.settings_.swallowed && peers.settings_.swallowed(side, number)) return 0;
    t38_terminal_state_t* to = is_caller ? peers.callee_.terminal : peers.caller_.terminal;
    t38_core_rx_ifp_packet(t38_terminal_get_t38_core_state(to), bytes, size,
                           static_cast<std::uint16_t>(number));
    return 0;
  }

  FaxSettings settings_;
  TemporaryFolder folder_;
  End caller_;
  End callee_;
  double at_ms_ = 0;
};

inline FaxTalk talk_fax(const FaxSettings& settings) {
  return FaxPeers(settings).run();
}

// UDPTL (ITU-T T.38 §9.1) as a sender writes it, with what it repeats of earlier packets.
struct UdptlSender {
  unsigned redundancy = 0;      // packets said again
  unsigned parity_span = 0;     // or: of so many packets each …
  unsigned parity_entries = 0;  // … so many parities
  unsigned first = 0;           // sequence number

  [[nodiscard]] std::vector<Octets> datagrams(const std::vector<SaidIfp>& said) const {
    std::vector<Octets> out;
    for (std::size_t i = 0; i < said.size(); ++i) out.push_back(datagram(said, i));
    return out;
  }

 private:
  static void open_type(capture::test::Writer& out, const Octets& bytes) {
    if (bytes.size() < 128) {
      out.u8(static_cast<unsigned>(bytes.size()));
    } else {
      out.u16(0x8000U | static_cast<unsigned>(bytes.size()));
    }
    out.bytes(bytes);
  }

  [[nodiscard]] Octets datagram(const std::vector<SaidIfp>& said, std::size_t i) const {
    capture::test::Writer out;
    out.u16(static_cast<unsigned>((first + i) & 0xFFFFU));
    open_type(out, said[i].bytes);
    if (parity_entries == 0) {
      const std::size_t again = std::min<std::size_t>(redundancy, i);
      out.u8(0).u8(static_cast<unsigned>(again));
      for (std::size_t back = 1; back <= again; ++back) open_type(out, said[i - back].bytes);
      return out.octets();
    }
    out.u8(0x80).u8(1).u8(parity_span).u8(parity_entries);
    for (std::size_t entry = 0; entry < parity_entries; ++entry) {
      open_type(out, parity(said, i, entry));
    }
    return out.octets();
  }

  [[nodiscard]] Octets parity(const std::vector<SaidIfp>& said, std::size_t i,
                              std::size_t entry) const {
    Octets sum;
    for (std::size_t k = 1; k <= parity_span; ++k) {
      const std::size_t back = k * parity_entries;
      if (back > i + entry) continue;
      const Octets& ifp = said[i + entry - back].bytes;
      if (sum.size() < ifp.size()) sum.resize(ifp.size());
      for (std::size_t b = 0; b < ifp.size(); ++b) sum[b] ^= ifp[b];
    }
    return sum;
  }
};

// The talk as a call that was captured, without the datagrams that are lost to us.
struct FaxOnWire {
  UdptlSender udptl{.redundancy = 3};
  unsigned version = 0;
  std::function<bool(Side from, std::size_t number)> lost;
};

inline void put_on_wire(CallBuilder& call, const FaxTalk& talk, const FaxOnWire& wire) {
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    capture::NegotiatedMedia media;
    media.since = at_ms(0);
    media.side = side;
    media.kind = capture::MediaKind::kImage;
    media.t38_version = static_cast<std::uint8_t>(wire.version);
    call.call().media.push_back(media);
    StreamBuilder& stream = call.stream(side, 0);
    const std::vector<Octets> datagrams = wire.udptl.datagrams(talk.of(side));
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      if (wire.lost && wire.lost(side, i)) continue;
      stream.udptl(talk.of(side)[i].at_ms, datagrams[i]);
    }
  }
  call.lasts_ms(talk.end_ms);
}

inline std::vector<Pixels> pages_of(const FaxDocument& document, const TemporaryFolder& folder) {
  if (document.tiff.empty()) return {};
  const std::string path = folder / "fax.tiff";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(document.tiff.data()),
             static_cast<std::streamsize>(document.tiff.size()));
  return read_tiff(path);
}

}  // namespace koegura::decode::test
