#include "fax_tiff.h"

#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <utility>

namespace koegura::decode {

// What libtiff takes for a file.
struct FaxTiff::File {
  std::vector<std::byte> bytes;
  std::size_t at = 0;
  TIFF* tiff = nullptr;
};

namespace {

// Libraries do not log: what fails is told by what a call returns.
int say_nothing(TIFF* /*tiff*/, void* /*user*/, const char* /*module*/, const char* /*format*/,
                va_list /*values*/) {
  return 1;
}

struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

template <typename File>
tmsize_t read_file(thandle_t handle, void* to, tmsize_t size) {
  auto& file = *static_cast<File*>(handle);
  const std::size_t left = file.bytes.size() - std::min(file.at, file.bytes.size());
  const std::size_t count = std::min(left, static_cast<std::size_t>(size));
  if (count != 0) std::memcpy(to, file.bytes.data() + file.at, count);
  file.at += count;
  return static_cast<tmsize_t>(count);
}

template <typename File>
tmsize_t write_file(thandle_t handle, void* from, tmsize_t size) {
  auto& file = *static_cast<File*>(handle);
  const auto count = static_cast<std::size_t>(size);
  if (file.at + count > file.bytes.size()) file.bytes.resize(file.at + count);
  if (count != 0) std::memcpy(file.bytes.data() + file.at, from, count);
  file.at += count;
  return size;
}

template <typename File>
toff_t seek_file(thandle_t handle, toff_t offset, int whence) {
  auto& file = *static_cast<File*>(handle);
  if (whence == SEEK_SET) file.at = offset;
  if (whence == SEEK_CUR) file.at += offset;
  if (whence == SEEK_END) file.at = file.bytes.size() + offset;
  return file.at;
}

template <typename File>
toff_t size_of_file(thandle_t handle) {
  return static_cast<File*>(handle)->bytes.size();
}

int close_file(thandle_t /*handle*/) {
  return 0;
}

void describe(TIFF* tiff, const FaxImage& image, const FaxFormat& format, std::uint32_t number) {
  TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, format.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, image.rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX4);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  TIFFSetField(tiff, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, image.rows);
  TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
  TIFFSetField(tiff, TIFFTAG_XRESOLUTION, static_cast<double>(format.x_dpi));
  TIFFSetField(tiff, TIFFTAG_YRESOLUTION, static_cast<double>(format.y_dpi));
  TIFFSetField(tiff, TIFFTAG_PAGENUMBER, number, 0);  // of how many is not known yet
}

}  // namespace

FaxTiff::FaxTiff() : file_(std::make_unique<File>()) {}

FaxTiff::~FaxTiff() {
  if (file_->tiff != nullptr) TIFFClose(file_->tiff);
}

bool FaxTiff::add(const FaxImage& image, const FaxFormat& format) {
  if (file_->bytes.size() + image.pixels.size() / 2 > kMaxBytes) return false;
  if (file_->tiff == nullptr) {
    const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), say_nothing, nullptr);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), say_nothing, nullptr);
    // Little-endian, whatever the machine is: the same call gives the same file.
    file_->tiff = TIFFClientOpenExt("fax.tiff", "wl", file_.get(), read_file<File>,
                                    write_file<File>, seek_file<File>, close_file,
                                    size_of_file<File>, nullptr, nullptr, options.get());
    if (file_->tiff == nullptr) return false;
  }
  describe(file_->tiff, image, format, pages_);
  // libtiff's interface does not promise to leave the pixels as they are.
  std::vector<std::uint8_t> pixels = image.pixels;
  const tmsize_t wrote =
      TIFFWriteEncodedStrip(file_->tiff, 0, pixels.data(), static_cast<tmsize_t>(pixels.size()));
  if (wrote < 0 || TIFFWriteDirectory(file_->tiff) == 0) return false;
  ++pages_;
  return true;
}

std::vector<std::byte> FaxTiff::take() {
  if (file_->tiff != nullptr) TIFFClose(std::exchange(file_->tiff, nullptr));
  if (pages_ == 0) return {};
  return std::move(file_->bytes);
}

}  // namespace koegura::decode
