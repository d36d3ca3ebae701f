// sip_fields CAPTURE: what parse_sip reads in each datagram of a capture, for the comparison with
// another reader (tests/scenarios/differential_test.py). One line a datagram:
//
//   "!" defect
//   Call-ID TAB From TAB its URI TAB its tag TAB To TAB … TAB CSeq TAB method TAB status
//
// with every text in hex digits, as nobody knows what is in it.
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "capture/accounting.h"
#include "capture/capture_file.h"
#include "capture/decapsulation.h"
#include "capture/sip_message.h"

namespace {

using namespace koegura::capture;

std::string hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 0xFU];
  }
  return result;
}

std::string address(std::string_view value, const SipNameAddr& read) {
  return hex(value) + "\t" + hex(read.uri) + "\t" + hex(read.tag()) + "\t";
}

std::string line(Bytes payload) {
  const auto message = parse_sip(payload);
  if (!message) return "!" + std::string(id_of(message.error()));
  return hex(message->call_id) + "\t" + address(message->header("From"), message->from) +
         address(message->header("To"), message->to) + std::to_string(message->cseq) + "\t" +
         hex(message->method) + "\t" + std::to_string(message->status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: sip_fields CAPTURE\n", stderr);
    return 2;
  }
  const auto source = open_capture_file(argv[1]);
  if (!source) {
    std::fprintf(stderr, "%s\n", source.error().message.c_str());
    return 1;
  }
  Accounting accounting;
  const auto decapsulation = Decapsulation::create({}, accounting);
  std::array<Frame, 64> burst;
  while (true) {
    const auto filled = (*source)->read(burst);
    if (!filled) {
      std::fprintf(stderr, "%s\n", filled.error().message.c_str());
      return 1;
    }
    if (*filled == 0) return 0;
    for (const Frame& frame : std::span(burst).first(*filled)) {
      Packet packet;
      if (decapsulation->on_frame(frame, packet)) std::puts(line(packet.payload).c_str());
    }
  }
}
