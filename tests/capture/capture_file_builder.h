// Builds capture files for the tests, in either byte order, and reads them back through the file
// source.
#pragma once

#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>
#include <vector>

#include "capture/capture_file.h"
#include "packet_builder.h"

namespace koegura::capture::test {

enum class Order { kLittle, kBig };

class FileWriter {
 public:
  explicit FileWriter(Order order = Order::kLittle) : order_(order) {}

  FileWriter& u16(unsigned value) { return field(value, 2); }
  FileWriter& u32(std::uint64_t value) { return field(value, 4); }
  FileWriter& bytes(Bytes bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] const Octets& octets() const { return out_; }

 private:
  FileWriter& field(std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
      const unsigned shift = order_ == Order::kLittle ? 8 * i : 8 * (size - 1 - i);
      out_.push_back(static_cast<std::byte>(value >> shift));
    }
    return *this;
  }

  Order order_;
  Octets out_;
};

constexpr std::uint32_t kMicrosecondMagic = 0xA1B2C3D4;
constexpr std::uint32_t kNanosecondMagic = 0xA1B23C4D;
constexpr std::uint32_t kModifiedMagic = 0xA1B2CD34;

// A classic pcap file.
class PcapBuilder {
 public:
  explicit PcapBuilder(std::uint32_t magic = kMicrosecondMagic, Order order = Order::kLittle,
                       unsigned link_type = 1)
      : file_(order), modified_(magic == kModifiedMagic) {
    file_.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
  }
  PcapBuilder& packet(std::uint32_t seconds, std::uint32_t ticks, std::string_view data) {
    file_.u32(seconds).u32(ticks).u32(data.size()).u32(data.size());
    if (modified_) file_.u32(0).u32(0);
    file_.bytes(test::octets(data));
    return *this;
  }
  [[nodiscard]] const Octets& octets() const { return file_.octets(); }

 private:
  FileWriter file_;
  bool modified_;
};

// A pcapng file, block by block. Options and packet data are given in the file's order, padded
// here.
class PcapngBuilder {
 public:
  explicit PcapngBuilder(Order order = Order::kLittle) : order_(order) { section(order); }

  PcapngBuilder& section(Order order) {
    order_ = order;
    return block(0x0A0D0D0A, body().u32(0x1A2B3C4D).u16(1).u16(0).u32(~0U).u32(~0U).octets());
  }
  PcapngBuilder& interface(unsigned link_type, const Octets& options = {}, unsigned snaplen = 0) {
    return block(1, body().u16(link_type).u16(0).u32(snaplen).bytes(options).octets());
  }
  PcapngBuilder& enhanced(unsigned interface, std::uint64_t ticks, std::string_view data) {
    const auto size = static_cast<std::uint32_t>(data.size());
    return block(6, body()
                        .u32(interface)
                        .u32(ticks >> 32U)
                        .u32(ticks & 0xFFFFFFFFU)
                        .u32(size)
                        .u32(size)
                        .bytes(padded(data))
                        .octets());
  }
  PcapngBuilder& obsolete(unsigned interface, std::uint64_t ticks, std::string_view data) {
    const auto size = static_cast<std::uint32_t>(data.size());
    return block(2, body()
                        .u16(interface)
                        .u16(0xFFFF)
                        .u32(ticks >> 32U)
                        .u32(ticks & 0xFFFFFFFFU)
                        .u32(size)
                        .u32(size)
                        .bytes(padded(data))
                        .octets());
  }
  PcapngBuilder& simple(unsigned wire_length, std::string_view data) {
    return block(3, body().u32(wire_length).bytes(padded(data)).octets());
  }
  PcapngBuilder& block(std::uint32_t type, const Octets& content) {
    const std::size_t size = 12 + content.size();
    const Octets whole = body().u32(type).u32(size).bytes(content).u32(size).octets();
    out_.insert(out_.end(), whole.begin(), whole.end());
    return *this;
  }
  // One option of an interface, without the end of options.
  [[nodiscard]] Octets option(unsigned code, const Octets& value) const {
    return body()
        .u16(code)
        .u16(static_cast<unsigned>(value.size()))
        .bytes(padded(text_of(value)))
        .octets();
  }
  [[nodiscard]] FileWriter body() const { return FileWriter(order_); }
  [[nodiscard]] const Octets& octets() const { return out_; }

 private:
  static Octets padded(std::string_view data) {
    Octets out = test::octets(data);
    out.resize((out.size() + 3) / 4 * 4);
    return out;
  }

  Order order_;
  Octets out_;
};

inline Octets gzip(Bytes plain) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Octets out(deflateBound(&z, plain.size()) + 64);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline Octets zstd(Bytes plain) {
  Octets out(ZSTD_compressBound(plain.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

// Larger than the window, so that it is refilled many times.
inline Octets large_capture(std::size_t packets) {
  PcapBuilder file(kNanosecondMagic);
  for (std::size_t i = 0; i < packets; ++i) {
    file.packet(static_cast<std::uint32_t>(i), 7, std::to_string(i) + std::string(1000, '.'));
  }
  return file.octets();
}

struct Seen {
  std::string data;
  long long ns = 0;
  unsigned link = 0;
  unsigned interface = 0;
  friend bool operator==(const Seen&, const Seen&) = default;
};

// What a source gives until its end or its error.
struct Reading {
  std::vector<Seen> frames;
  std::string error;
};

inline Reading read_all(PacketSource& source, std::size_t burst_size = 4) {
  Reading reading;
  std::vector<Frame> burst(burst_size);
  while (true) {
    const auto filled = source.read(burst);
    if (!filled) reading.error = filled.error().message;
    if (!filled || *filled == 0) break;
    for (const Frame& frame : std::span(burst).first(*filled)) {
      reading.frames.push_back({text_of(frame.bytes), to_unix_ns(frame.time),
                                static_cast<unsigned>(frame.link), frame.interface});
    }
  }
  CHECK(source.read(burst) == 0U);  // the end stays the end, also after an error
  return reading;
}

inline Reading read_all(const Octets& file) {
  auto source = open_capture_bytes(file, "day.pcap");
  if (!source) return {{}, source.error().message};
  return read_all(**source);
}

inline std::string error_of(const Octets& file) {
  return read_all(file).error;
}

inline Octets first_of(const Octets& file, std::size_t size) {
  return {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)};
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace koegura::capture::test
