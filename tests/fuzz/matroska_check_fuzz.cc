// The check of an archived call's file on any bytes, and what reads call.json out of it: they end,
// and say where. Input: the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "decode/matroska.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("call", MFD_CLOEXEC);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const auto checked = koegura::decode::check_matroska(path);
  if (!checked && checked.error().message.find("offset ") == std::string::npos) std::abort();
  const auto json = koegura::decode::read_attachment(path, "call.json");
  if (json && json->bytes.size() > size) std::abort();
  if (!json && json.error().message.find(path) != 0) std::abort();
  ::close(file);
  return 0;
}
