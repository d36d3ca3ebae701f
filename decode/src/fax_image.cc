#include "fax_image.h"

#include <spandsp.h>

// It makes macros of functions of <cmath>.
#undef lrint
#undef lrintf
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "t30_frame.h"

namespace koegura::decode {
namespace {

constexpr double kMetresPerInch = 0.0254;
constexpr std::uint32_t kPixelsPerByte = 8;

struct FreeReceiver {
  void operator()(t4_rx_state_t* state) const { t4_rx_free(state); }
};
using Receiver = std::unique_ptr<t4_rx_state_t, FreeReceiver>;

int encoding_of(FaxCompression compression) {
  switch (compression) {
    case FaxCompression::kMh:
      return T4_COMPRESSION_ITU_T4_1D;
    case FaxCompression::kMr:
      return T4_COMPRESSION_ITU_T4_2D;
    case FaxCompression::kMmr:
      return T4_COMPRESSION_ITU_T6;
    case FaxCompression::kOther:
      break;
  }
  return T4_COMPRESSION_NONE;
}

std::uint32_t row_limit(const FaxImage& image) {
  return std::min(kMaxPageRows, static_cast<std::uint32_t>(kMaxImageBytes / image.row_bytes));
}

// spandsp's row handler, called for all rows as the page ends.
int take_row(void* user, const std::uint8_t* row, std::size_t size) {
  FaxImage& image = *static_cast<FaxImage*>(user);
  if (size != image.row_bytes) return 0;  // its end
  if (image.rows == row_limit(image)) {
    image.cut = true;
    return -1;
  }
  image.pixels.insert(image.pixels.end(), row, row + size);
  ++image.rows;
  return 0;
}

// spandsp's receiver wants a file's name to write its own TIFF to, also where rows are taken from
// it. It truncates that file, and as it ends it removes it, since no page was written: so it must
// be the name of nothing that anybody else has. Of memory without a name, removing fails and does
// no harm.
class Scratch {
 public:
  Scratch() : fd_(memfd_create("fax", MFD_CLOEXEC)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

Receiver make_receiver(const FaxFormat& format, const Scratch& scratch, FaxImage& image) {
  if (!scratch.is_open()) return nullptr;
  Receiver receiver(t4_rx_init(nullptr, scratch.path().c_str(), T4_COMPRESSION_ITU_T6));
  if (!receiver) return receiver;
  const auto per_metre = [](std::uint32_t dpi) { return static_cast<int>(dpi / kMetresPerInch); };
  t4_rx_set_row_write_handler(receiver.get(), take_row, &image);
  t4_rx_set_rx_encoding(receiver.get(), encoding_of(format.compression));
  t4_rx_set_image_width(receiver.get(), static_cast<int>(format.width));
  t4_rx_set_x_resolution(receiver.get(), per_metre(format.x_dpi));
  t4_rx_set_y_resolution(receiver.get(), per_metre(format.y_dpi));
  return receiver;
}

t4_stats_t statistics_of(t4_rx_state_t* receiver) {
  t4_stats_t statistics{};
  t4_rx_get_transfer_statistics(receiver, &statistics);
  return statistics;
}

// True: the page is at its end, or long enough. spandsp holds the rows until then, however many
// they are, and a byte of T.6 may say eight.
bool put(t4_rx_state_t* receiver, FaxImage& image, Bytes octets) {
  constexpr std::size_t kBetweenLooks = 64;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (t4_rx_put_byte(receiver, reversed_bits(octets[i])) != 0) return true;
    if (i % kBetweenLooks != 0) continue;
    const int rows = statistics_of(receiver).length;
    image.cut = rows > 0 && static_cast<std::uint32_t>(rows) >= row_limit(image);
    if (image.cut) return true;
  }
  return false;
}

}  // namespace

FaxImage decode_fax_image(const FaxPageData& page, const FaxFormat& format) {
  FaxImage image;
  image.row_bytes = (format.width + kPixelsPerByte - 1) / kPixelsPerByte;
  if (format.compression == FaxCompression::kOther || page.octets().empty()) return image;
  const Scratch scratch;  // outlives the receiver
  const Receiver receiver = make_receiver(format, scratch, image);
  if (!receiver || t4_rx_start_page(receiver.get()) != 0) return image;
  // In T.6 each row is told by the one before: nothing behind a gap means anything.
  const bool ends_at_gap = format.compression == FaxCompression::kMmr && !page.gaps().empty();
  const std::size_t end = ends_at_gap ? page.gaps().front() : page.octets().size();
  const bool over = put(receiver.get(), image, page.octets().first(end));
  // Without its own end a last row of T.4 is known by the next one's beginning.
  constexpr std::array kEndOfLine = {std::byte{0x00}, std::byte{0x01}};
  if (!over && format.compression != FaxCompression::kMmr) {
    static_cast<void>(put(receiver.get(), image, kEndOfLine));
  }
  t4_rx_end_page(receiver.get());
  const t4_stats_t statistics = statistics_of(receiver.get());
  image.bad_rows =
      std::min(static_cast<std::uint32_t>(std::max(statistics.bad_rows, 0)), image.rows);
  image.cut = image.cut || ends_at_gap || page.is_cut();
  return image;
}

}  // namespace koegura::decode
