#include "wav_file.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace koegura::traffic {
namespace {

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

// The body of the first chunk of that name, cut at the file's end; empty if there is none.
std::string_view chunk(std::string_view file, std::string_view name) {
  constexpr std::size_t kHeader = 8;
  std::size_t at = 12;
  while (at + kHeader <= file.size()) {
    const std::size_t size = little_endian(file.substr(at + 4, 4));
    if (file.substr(at, 4) == name) return file.substr(at + kHeader, size);
    at += kHeader + size + size % 2;  // chunks stand on even offsets
  }
  return {};
}

}  // namespace

Result<std::vector<std::int16_t>> read_wav(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::string bytes(error ? 0 : size, '\0');
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream.read(bytes.data(), static_cast<std::streamsize>(size))) {
    return failure("cannot read " + path);
  }
  const std::string_view file(bytes);
  if (!file.starts_with("RIFF") || file.size() < 12 || file.substr(8, 4) != "WAVE") {
    return failure(path + " is not a WAV file");
  }
  const std::string_view format = chunk(file, "fmt ");
  if (format.size() < 16) return failure(path + " has no format chunk");
  const std::uint32_t encoding = little_endian(format.substr(0, 2));
  const std::uint32_t channels = little_endian(format.substr(2, 2));
  const std::uint32_t rate = little_endian(format.substr(4, 4));
  const std::uint32_t bits = little_endian(format.substr(14, 2));
  if (encoding != 1 || channels != 1 || rate != 8000 || bits != 16) {
    return failure(path + " is not PCM of 8000 Hz, 16 bits, one channel (it is format " +
                   std::to_string(encoding) + ", " + std::to_string(rate) + " Hz, " +
                   std::to_string(bits) + " bits, " + std::to_string(channels) + " channels)");
  }
  const std::string_view data = chunk(file, "data");
  if (data.size() < 2) return failure(path + " holds no samples");
  std::vector<std::int16_t> samples(data.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(little_endian(data.substr(2 * i, 2)));
  }
  return samples;
}

}  // namespace koegura::traffic
