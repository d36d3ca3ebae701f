#include "file_text.h"

#include <iconv.h>

#include <algorithm>

#include "utf8.h"

namespace koegura::store {

namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

bool is_utf16(std::string_view bytes) {
  return bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
}

std::size_t line_at(std::string_view bytes, std::size_t offset) {
  const auto before = bytes.substr(0, offset);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

tl::expected<std::string, EncodingFault> from_shift_jis(std::string_view bytes) {
  const iconv_t converter = iconv_open("UTF-8", "CP932");
  if (converter == reinterpret_cast<iconv_t>(-1)) {
    return tl::make_unexpected(EncodingFault{
        0, "is not UTF-8, and this system cannot convert Shift_JIS: save it as UTF-8"});
  }
  std::string text(bytes.size() * 3, '\0');    // one byte of CP932 is at most three of UTF-8
  char* in = const_cast<char*>(bytes.data());  // iconv does not write through it
  char* out = text.data();
  std::size_t in_left = bytes.size();
  std::size_t out_left = text.size();
  const std::size_t status = iconv(converter, &in, &in_left, &out, &out_left);
  iconv_close(converter);
  if (status == static_cast<std::size_t>(-1)) {
    return tl::make_unexpected(EncodingFault{line_at(bytes, bytes.size() - in_left),
                                             "neither UTF-8 nor Shift_JIS: save the file as \"CSV "
                                             "UTF-8\""});
  }
  text.resize(text.size() - out_left);
  return text;
}

}  // namespace

tl::expected<std::string, EncodingFault> file_text(std::string_view bytes) {
  if (is_utf16(bytes)) {
    return tl::make_unexpected(EncodingFault{0, "is UTF-16: save it as \"CSV UTF-8\""});
  }
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());
  if (is_utf8(bytes)) return std::string(bytes);
  return from_shift_jis(bytes);
}

}  // namespace koegura::store
