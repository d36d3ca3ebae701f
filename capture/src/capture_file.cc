#include "capture/capture_file.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "byte_stream.h"
#include "frame_reader.h"
#include "window.h"
#include "wire.h"

namespace koegura::capture {

namespace {

class CaptureFile final : public PacketSource {
 public:
  CaptureFile(std::string name, DecodedStream stream)
      : name_(std::move(name)), window_(std::move(stream)) {}

  [[nodiscard]] Result<void> open();

  Result<std::size_t> read(std::span<Frame> burst) override {
    if (ended_) return std::size_t{0};
    auto filled = reader_->read(burst);
    if (filled) return filled;
    ended_ = true;
    return tl::make_unexpected(std::move(filled.error()).in(name_));
  }
  SourceProgress progress() const override { return window_.progress(); }
  std::string name() const override { return name_; }

 private:
  std::string name_;
  Window window_;
  std::unique_ptr<FrameReader> reader_;
  bool ended_ = false;
};

struct Lookalike {
  std::uint32_t magic;  // first four bytes
  std::string_view advice;
};

constexpr Lookalike kLookalikes[] = {
    {0xFD377A58, "it is xz; unxz it first"},
    {0x425A6839, "it is bzip2; bunzip2 it first"},
    {0x04224D18, "it is lz4; unlz4 it first"},
    {0x504B0304, "it is a zip archive; unzip it first"},
    {0x736E6F6F, "it is a snoop file; convert it with editcap -F pcapng"},
    {0x1A45DFA3, "it is Matroska, perhaps a call of the archive"},
};

Error not_a_capture(Bytes head) {
  std::string message = "is not a capture file: ";
  const std::uint32_t magic = head.size() < 4 ? 0 : load_be32(head.data());
  for (const Lookalike& lookalike : kLookalikes) {
    if (lookalike.magic == magic) return Error{message + std::string(lookalike.advice)};
  }
  message += "it begins with";
  for (const std::byte byte : head.first(std::min<std::size_t>(head.size(), 4))) {
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), " %02x", std::to_integer<unsigned>(byte));
    message += hex.data();
  }
  return Error{message + "; koegura reads pcap and pcapng, plain or compressed by gzip or zstd"};
}

Result<void> CaptureFile::open() {
  const auto there = window_.fill(4);
  if (!there) return tl::make_unexpected(there.error());
  const Bytes head = window_.rest();
  if (head.empty()) return failure("is empty");
  if (!*there) return tl::make_unexpected(not_a_capture(head));
  const std::uint32_t magic = load_be32(head.data());
  if (!is_pcap_magic(magic) && !is_pcapng_magic(magic)) {
    return tl::make_unexpected(not_a_capture(head));
  }
  auto reader = is_pcap_magic(magic) ? open_pcap(window_) : open_pcapng(window_);
  if (!reader) return tl::make_unexpected(reader.error());
  reader_ = std::move(*reader);
  return {};
}

Result<std::unique_ptr<PacketSource>> open_stream(const std::string& name,
                                                  std::unique_ptr<ByteStream> raw) {
  auto stream = decompress_if_needed(std::move(raw));
  if (!stream) return tl::make_unexpected(std::move(stream.error()).in(name));
  auto file = std::make_unique<CaptureFile>(name, std::move(*stream));
  auto opened = file->open();
  if (!opened) return tl::make_unexpected(std::move(opened.error()).in(name));
  return file;
}

}  // namespace

LinkType link_type_of(std::uint16_t number) {
  constexpr std::uint16_t kDltRawBsd = 12;
  constexpr std::uint16_t kDltRawOpenBsd = 14;
  if (number == kDltRawBsd || number == kDltRawOpenBsd) return LinkType::kRaw;
  return static_cast<LinkType>(number);
}

bool is_known(LinkType link) {
  switch (link) {
    case LinkType::kNull:
    case LinkType::kEthernet:
    case LinkType::kRaw:
    case LinkType::kLoop:
    case LinkType::kLinuxSll:
    case LinkType::kIpv4:
    case LinkType::kIpv6:
    case LinkType::kLinuxSll2:
      return true;
  }
  return false;
}

Result<std::unique_ptr<PacketSource>> open_capture_file(const std::string& path) {
  const std::string name = path == "-" ? "standard input" : path;
  auto raw = open_file_stream(path);
  if (!raw) return tl::make_unexpected(std::move(raw.error()).in(name));
  return open_stream(name, std::move(*raw));
}

Result<std::unique_ptr<PacketSource>> open_capture_bytes(Bytes bytes, const std::string& name) {
  return open_stream(name, make_memory_stream(bytes));
}

}  // namespace koegura::capture
